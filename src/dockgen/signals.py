"""Delay signals that end dockgen while something must not be left half done."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# Signals that end a program by default, and that another process sends.
ENDINGS = (
    signal.SIGINT,
    signal.SIGTERM,
    signal.SIGHUP,
    signal.SIGQUIT,
    signal.SIGALRM,
    signal.SIGUSR1,
    signal.SIGUSR2,
    signal.SIGXCPU,
)


@contextmanager
def held() -> Iterator[None]:
    """Delay Ctrl-C and similar signals until the end of the block."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread handles signals
        return
    caught: list[int] = []
    before = {
        number: signal.signal(number, lambda number, _frame: caught.append(number))
        for number in ENDINGS
        if signal.getsignal(number) is not signal.SIG_IGN
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        if caught:
            signal.raise_signal(caught[0])


@contextmanager
def temporary_folder(prefix: str, near: Path | None = None) -> Iterator[Path]:
    """Yield a temporary folder that no signal leaves behind.

    Args:
        prefix: the beginning of its name.
        near: its parent folder; None for the system's temporary folder.

    Raises:
        OSError: it can't be made.
    """
    import shutil  # both are too slow to import at each command's start
    import tempfile

    folder = None
    try:
        # A signal has to wait until the folder to remove is known.
        with held():
            folder = Path(tempfile.mkdtemp(prefix=prefix, dir=near))
        yield folder
    finally:
        with held():
            if folder:
                shutil.rmtree(folder, ignore_errors=True)
