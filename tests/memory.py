"""A temporary folder in memory, for tests that write much.

An update waits for the disk after each file that it writes and after each folder, which is most of
the time that a test of it would take. What is tried in such a folder is the same.
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MEMORY = Path("/dev/shm")


@contextmanager
def folder(otherwise: Path) -> Iterator[Path]:
    """Yield a new folder, which goes in the end; ``otherwise`` where there is none in memory."""
    if not os.access(MEMORY, os.W_OK):
        yield otherwise
        return
    with tempfile.TemporaryDirectory(prefix="dockgen-test-", dir=MEMORY) as made:
        yield Path(made)
