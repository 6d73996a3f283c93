"""The worker as the image runs it: a process that is probed and stopped."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest


def probe(heartbeat: Path, seconds: float | str) -> int:
    """Run the health check as the image does and return its exit code."""
    command = [sys.executable, "-IS", "app/healthcheck.py"]
    environment = {"HEARTBEAT_FILE": str(heartbeat), "HEARTBEAT_SECONDS": str(seconds)}
    return subprocess.run(command, env=environment, check=False).returncode


@pytest.fixture
def heartbeat(tmp_path: Path) -> Path:
    """Return the path of the heartbeat file."""
    return tmp_path / "heartbeat"


@pytest.fixture
def worker(heartbeat: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Start the worker, wait for its first heartbeat, and leave nothing behind."""
    environment = {**os.environ, "HEARTBEAT_FILE": str(heartbeat)}
    with subprocess.Popen([sys.executable, "-m", "app"], env=environment) as process:
        deadline = time.monotonic() + 30
        while not heartbeat.exists() and time.monotonic() < deadline:
            assert process.poll() is None
            time.sleep(0.05)
        yield process
        process.kill()


def test_health_check_passes(worker: subprocess.Popen[bytes], heartbeat: Path) -> None:
    """A worker that works is healthy."""
    assert probe(heartbeat, 30) == 0


def test_an_empty_setting_is_the_default(worker: subprocess.Popen[bytes], heartbeat: Path) -> None:
    """Like a variable that Compose passes on without a value."""
    assert probe(heartbeat, "") == 0


def test_health_check_fails_without_a_worker(heartbeat: Path) -> None:
    """No heartbeat is unhealthy."""
    assert probe(heartbeat, 30) == 1


def test_health_check_fails_when_the_worker_hangs(
    worker: subprocess.Popen[bytes], heartbeat: Path
) -> None:
    """Its heartbeat goes stale."""
    worker.send_signal(signal.SIGSTOP)
    deadline = time.monotonic() + 30
    while probe(heartbeat, 0.5) == 0:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_sigterm_is_a_clean_stop(worker: subprocess.Popen[bytes]) -> None:
    """`docker stop` ends the worker with exit code 0."""
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(timeout=10) == 0
