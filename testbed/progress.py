"""Print progress, and run programs under a progress line."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from .errors import TestbedError

HEARTBEAT_SECONDS = 30
LOG_LINES_SHOWN = 25
# For downloads from Debian, PyPI or npm. A build doesn't repeat finished steps.
TRIES = 3

# Set when the run ends: programs in other threads are then terminated, too.
stopping = threading.Event()

_started = time.monotonic()


def say(line: str) -> None:
    """Print one line on standard error, after the seconds since the start."""
    elapsed = time.monotonic() - _started
    sys.stderr.write(f"testbed {elapsed:4.0f}s  {line}\n")
    sys.stderr.flush()


@contextmanager
def step(title: str) -> Iterator[None]:
    """Say that a step begins, and how many seconds it took."""
    say(f"{title} …")
    began = time.monotonic()
    yield
    say(f"{title}: done in {time.monotonic() - began:.0f} s")


def run(
    title: str,
    command: Sequence[str],
    log: Path,
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    hint: str = "",
    tries: int = 1,
) -> None:
    """Run a program under a progress line, and append its output to `log`.

    A download gets several `tries`, so that a network failure of a minute doesn't end the run.

    Raises TestbedError with the end of the log when the program fails or the run is being ended.
    """
    for left in reversed(range(tries)):
        code = _run(title, command, log, env, cwd)
        if code == 0:
            return
        for line in tail(log):
            say(f"  | {line}")
        if left:
            say(f"{title}: failed, and is tried again, as a network may have been the reason")
    raise TestbedError(
        f"{title}: `{command[0]}` ended with exit code {code}", hint or f"the whole log: less {log}"
    )


def _run(
    title: str, command: Sequence[str], log: Path, env: Mapping[str, str] | None, cwd: Path | None
) -> int:
    """Run it once, and return its exit code."""
    if stopping.is_set():
        raise TestbedError(f"{title}: not begun, because the run is being ended")
    log.parent.mkdir(parents=True, exist_ok=True)
    say(f"{title} …")
    began = time.monotonic()
    with log.open("ab") as output:
        process = subprocess.Popen(
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=dict(os.environ if env is None else env),
            cwd=cwd,
        )
        try:
            _wait(title, process, began)
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait()
    if stopping.is_set():
        raise TestbedError(f"{title}: ended before it was finished")
    if process.returncode == 0:
        say(f"{title}: done in {time.monotonic() - began:.0f} s")
    return process.returncode


def _wait(title: str, process: subprocess.Popen[bytes], began: float) -> None:
    heartbeat = began + HEARTBEAT_SECONDS
    while not stopping.is_set():
        try:
            process.wait(timeout=0.5)
            return
        except subprocess.TimeoutExpired:
            now = time.monotonic()
            if now >= heartbeat:
                say(f"{title}: {now - began:.0f} s so far")
                heartbeat = now + HEARTBEAT_SECONDS


def tail(log: Path, lines: int = LOG_LINES_SHOWN) -> list[str]:
    """Return the last lines of a log file; none if it doesn't exist."""
    if not log.exists():
        return []
    return log.read_text(errors="replace").splitlines()[-lines:]
