"""Many cheap cases of one rule as one test; a failure names its case."""

import functools
import inspect
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest

Test = Callable[..., None]


def table(names: str | Sequence[str], rows: Iterable[Any]) -> Callable[[Test], Test]:
    """Like ``pytest.mark.parametrize``, but a case is a subtest, not a test.

    Each case has its own ``tmp_path``; all other fixtures are shared.
    """
    # A generator has its rows once, and a test may run again.
    cases = [*rows]
    assert cases, "a table without rows proves nothing"
    wanted = [name.strip() for name in names.split(",")] if isinstance(names, str) else [*names]

    def decorate(function: Test) -> Test:
        parameters = inspect.signature(function).parameters.values()
        fixtures = [one for one in parameters if one.name not in wanted]

        @functools.wraps(function)
        def test(subtests: pytest.Subtests, **given: Any) -> None:
            folder: Path | None = given.get("tmp_path")
            for number, row in enumerate(cases):
                case = dict(zip(wanted, [row] if len(wanted) == 1 else row, strict=True))
                if folder is not None:
                    given["tmp_path"] = folder / str(number)
                    given["tmp_path"].mkdir()
                with subtests.test(**case):
                    function(**case, **given)

        own = inspect.Parameter("subtests", inspect.Parameter.KEYWORD_ONLY)
        keywords = [one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in fixtures]
        test.__dict__["__signature__"] = inspect.Signature([own, *keywords])
        return test

    return decorate
