"""Tests marked `release` are left out of `make test`, unless they are asked for."""

from types import SimpleNamespace
from typing import Any

import pytest

from tests import conftest


@pytest.mark.parametrize(
    ("expression", "arguments", "left"),
    [
        ("", ["tests"], ["usual"]),
        ("", ["tests/integration/update"], ["usual"]),
        ("release or not release", ["tests"], ["usual", "long"]),
        ("", ["tests/integration/update/test_faults.py::test_it"], ["usual", "long"]),
    ],
    ids=["all", "folder", "mark", "name"],
)
def test_it_is_run_where_it_is_asked_for(
    request: pytest.FixtureRequest, expression: str, arguments: list[str], left: list[str]
) -> None:
    """By a mark, as `make test-all` does, or by a test's name."""
    items: list[Any] = [
        SimpleNamespace(name=name, get_closest_marker=marks.get)
        for name, marks in (("usual", {}), ("long", {"release": pytest.mark.release}))
    ]
    deselected: list[Any] = []
    config: Any = SimpleNamespace(
        option=SimpleNamespace(markexpr=expression),
        args=arguments,
        hook=SimpleNamespace(pytest_deselected=lambda items: deselected.extend(items)),
    )
    conftest.pytest_collection_modifyitems(config, items)
    assert [item.name for item in items] == left
    assert [item.name for item in deselected] == [
        name for name in ("usual", "long") if name not in left
    ]
    assert "release" in "".join(request.config.getini("markers"))
