"""A pytest plugin: pytest-xdist's workers get the groups of tests that take longest first.

By itself it goes by the number of tests, and would leave a worker with a long group at the end.
"""

import os
from collections import Counter

import pytest

# Groups of few tests that take minutes each.
LONGEST = ("company", "starter-test", "no-cache", "acme")


def pytest_configure(config: pytest.Config) -> None:
    """Let pytest-xdist keep the order."""
    config.option.loadscopereorder = False


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put those first, then groups by their number of tests, then what is in no group."""
    if "PYTEST_XDIST_WORKER" not in os.environ:
        return
    groups = {item: _group(item) for item in items}
    sizes = Counter(groups.values())

    def rank(item: pytest.Item) -> tuple[int, int, str]:
        group = groups[item]
        first = LONGEST.index(group) if group in LONGEST else len(LONGEST)
        return first, -sizes[group], group

    items.sort(key=rank)


def _group(item: pytest.Item) -> str:
    """The group that one worker gets: a test of none is one of its own."""
    mark = item.get_closest_marker("xdist_group")
    return str(mark.args[0]) if mark and mark.args else item.nodeid
