"""Processes that the test bed started, found by their id in a later run."""

import contextlib
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

END_SECONDS = 30


def alive(pid: int, argument: str) -> int | None:
    """Return `pid` if it is alive and has this argument: the id may have been reused."""
    try:
        line = Path(f"/proc/{pid}/cmdline").read_bytes()
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return None
    return pid if argument.encode() in line and state != "Z" else None


def recorded(file: Path, argument: str) -> int | None:
    """Return the process whose id is in a file, if it is alive and has this argument."""
    return alive(int(file.read_text()), argument) if file.exists() else None


def end(look: Callable[[], int | None]) -> None:
    """Terminate the process that `look` finds, and kill it if it doesn't end."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        pid = look()
        if pid is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
        deadline = time.monotonic() + END_SECONDS
        while look() is not None and time.monotonic() < deadline:
            time.sleep(0.1)
