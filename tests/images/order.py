"""A pytest plugin: start the groups of tests that take longest first.

By default, pytest-xdist orders groups by their number of tests, and one worker could end with a
long group.
"""

import os
from collections import Counter

import pytest

# Groups of few tests that take minutes each.
LONGEST = ("company", "starter-test", "no-cache", "acme")


def pytest_configure(config: pytest.Config) -> None:
    """Make pytest-xdist keep the order."""
    config.option.loadscopereorder = False


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the long groups first, then groups by number of tests, then tests without a group."""
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
    """Return the group that one worker gets; a test without one is its own group."""
    mark = item.get_closest_marker("xdist_group")
    return str(mark.args[0]) if mark and mark.args else item.nodeid
