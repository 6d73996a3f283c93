"""Keep unit tests pure."""

import subprocess
from collections.abc import Iterator
from typing import Any, NoReturn

import pytest


@pytest.fixture(scope="package", autouse=True)
def no_program() -> Iterator[None]:
    """Forbid starting programs: tests that do are in tests/integration."""

    def refused(*arguments: Any, **options: Any) -> NoReturn:
        del options
        pytest.fail(f"started by a unit test: {arguments[0]}")

    with pytest.MonkeyPatch.context() as patches:
        patches.setattr(subprocess, "Popen", refused)
        yield
