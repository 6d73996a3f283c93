"""The run over the items, in this process."""

import pytest

from app.__main__ import STOPPED, run
from app.main import items, work


def test_work_deals_with_an_item() -> None:
    """It raises nothing."""
    work(items()[0])


def test_deals_with_all_items() -> None:
    """In their order; that is a success."""
    done: list[int] = []
    assert run(items(), done.append, stop=[]) == 0
    assert done == list(items())


def test_a_stop_finishes_the_item_in_work() -> None:
    """No other item starts, and the exit code says that some are left."""
    stop: list[int] = []
    done: list[int] = []

    def one(item: int) -> None:
        stop.append(0)
        done.append(item)

    assert run([1, 2, 3], one, stop) == STOPPED
    assert done == [1]


def test_a_failed_item_ends_the_job() -> None:
    """Its error is not swallowed."""

    def fail(item: int) -> None:
        raise RuntimeError(f"item {item} is broken")

    with pytest.raises(RuntimeError, match="item 1 is broken"):
        run([1, 2, 3], fail, stop=[])
