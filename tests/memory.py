"""A temporary folder in memory, for tests that write a lot.

An update flushes each file and folder that it writes to disk, which would take most of the time of
its tests. In memory, everything else is the same.
"""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

MEMORY = Path("/dev/shm")
# Followed by the process id of its maker, and a suffix from tempfile.
PREFIX = "dockgen-test-"


@contextmanager
def folder(otherwise: Path) -> Iterator[Path]:
    """Yield a new folder that is removed at the end; ``otherwise`` if there is no memory disk."""
    if not os.access(MEMORY, os.W_OK):
        yield otherwise
        return
    with tempfile.TemporaryDirectory(prefix=f"{PREFIX}{os.getpid()}-", dir=MEMORY) as made:
        yield Path(made)


def sweep() -> None:
    """Remove the folders of processes that were killed before they could."""
    for left in MEMORY.glob(f"{PREFIX}[0-9]*-*"):
        maker = Path("/proc", left.name.split("-")[2])
        with suppress(FileNotFoundError):  # another run removes the same
            if maker.exists() or left.stat().st_uid != os.getuid():
                continue
            # Unlike Python's own function, rm handles folders of any depth.
            subprocess.run(["rm", "-rf", "--", left], check=False)
