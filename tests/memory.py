"""A temporary folder in memory, for tests that write much.

An update waits for the disk after each file that it writes and after each folder, which is most of
the time that a test of it would take. What is tried in such a folder is the same.
"""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

MEMORY = Path("/dev/shm")
# Followed by the process that made the folder, and by what tempfile adds.
PREFIX = "dockgen-test-"


@contextmanager
def folder(otherwise: Path) -> Iterator[Path]:
    """Yield a new folder, which goes in the end; ``otherwise`` if there is none in memory."""
    if not os.access(MEMORY, os.W_OK):
        yield otherwise
        return
    with tempfile.TemporaryDirectory(prefix=f"{PREFIX}{os.getpid()}-", dir=MEMORY) as made:
        yield Path(made)


def sweep() -> None:
    """Remove the folders of processes that were killed, which had no time to."""
    for left in MEMORY.glob(f"{PREFIX}[0-9]*-*"):
        maker = Path("/proc", left.name.split("-")[2])
        with suppress(FileNotFoundError):  # another run removes the same
            if maker.exists() or left.stat().st_uid != os.getuid():
                continue
            # Unlike Python's own function, it knows no folder that is too deep.
            subprocess.run(["rm", "-rf", "--", left], check=False)
