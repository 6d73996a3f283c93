"""The loop and the health check, in this process."""

import os
import threading
import time
from pathlib import Path
from queue import SimpleQueue

import pytest

from app.__main__ import loop
from app.healthcheck import check
from app.main import work


@pytest.fixture
def heartbeat(tmp_path: Path) -> Path:
    """Return the path of the heartbeat file."""
    return tmp_path / "heartbeat"


def test_work_does_one_round(caplog: pytest.LogCaptureFixture) -> None:
    """The worker touches the heartbeat."""
    caplog.set_level("INFO")
    work()
    assert caplog.messages == ["worked"]


def test_each_round_is_a_heartbeat(heartbeat: Path) -> None:
    """The worker repeats its rounds until it is stopped, and finishes the last one."""
    stop: SimpleQueue[int] = SimpleQueue()
    rounds = []

    def one() -> None:
        rounds.append(heartbeat.exists())
        if len(rounds) == 3:
            stop.put(0)

    loop(one, heartbeat, stop, pause=0.01)
    assert rounds == [False, True, True]


def test_an_earlier_heartbeat_is_gone(heartbeat: Path) -> None:
    """The heartbeat of an earlier run doesn't count."""
    heartbeat.touch()
    stop: SimpleQueue[int] = SimpleQueue()
    stop.put(0)
    rounds = []
    loop(lambda: rounds.append(heartbeat.exists()), heartbeat, stop, pause=0)
    assert rounds == [False]


def test_a_stop_ends_the_pause(heartbeat: Path) -> None:
    """A stop doesn't wait for the end of a pause."""
    stop: SimpleQueue[int] = SimpleQueue()
    thread = threading.Thread(target=loop, args=(lambda: None, heartbeat, stop, 60), daemon=True)
    thread.start()
    stop.put(0)
    thread.join(timeout=10)
    assert not thread.is_alive()


def test_a_failed_round_is_no_heartbeat(heartbeat: Path) -> None:
    """It ends the worker."""

    def fail() -> None:
        raise RuntimeError("no queue")

    with pytest.raises(RuntimeError, match="no queue"):
        loop(fail, heartbeat, SimpleQueue(), pause=60)
    assert not heartbeat.exists()


def test_a_fresh_heartbeat_is_healthy(heartbeat: Path) -> None:
    """A new heartbeat is healthy."""
    heartbeat.touch()
    assert check(str(heartbeat), oldest=30) == ""


def test_a_stale_heartbeat_is_unhealthy(heartbeat: Path) -> None:
    """An hour-old heartbeat is unhealthy."""
    heartbeat.touch()
    then = time.time() - 3600
    os.utime(heartbeat, (then, then))
    assert check(str(heartbeat), oldest=30) == "the last heartbeat was 3600 seconds ago"


def test_no_heartbeat_is_unhealthy(heartbeat: Path) -> None:
    """The worker hasn't finished its first round, or writes elsewhere."""
    assert check(str(heartbeat), oldest=30).startswith("no heartbeat: ")
