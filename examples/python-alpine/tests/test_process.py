"""The service as the image runs it: a process that is probed and stopped."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest


def probe(port: int) -> int:
    """Run the health check as the image does and return its exit code."""
    command = [sys.executable, "-IS", "app/healthcheck.py"]
    return subprocess.run(command, env={"PORT": str(port)}, check=False).returncode


@pytest.fixture
def port() -> int:
    """Return a free port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture
def service(port: int) -> Iterator[subprocess.Popen[bytes]]:
    """Start the service, wait until it is healthy, and leave nothing behind."""
    environment = {**os.environ, "PORT": str(port)}
    with subprocess.Popen([sys.executable, "-m", "app"], env=environment) as process:
        deadline = time.monotonic() + 30
        while probe(port) != 0 and time.monotonic() < deadline:
            assert process.poll() is None
        yield process
        process.kill()


def test_health_check_passes(service: subprocess.Popen[bytes], port: int) -> None:
    """A service that responds is healthy."""
    assert probe(port) == 0


def test_health_check_fails_without_a_service(port: int) -> None:
    """A free port is unhealthy."""
    assert probe(port) == 1


def test_sigterm_is_a_clean_stop(service: subprocess.Popen[bytes]) -> None:
    """`docker stop` ends the service with exit code 0."""
    service.send_signal(signal.SIGTERM)
    assert service.wait(timeout=10) == 0
