"""Signals that end dockgen: made to wait while something must not be left half done."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# Those that end a program which doesn't catch them, and that someone else sends it.
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
    """Let Ctrl-C and its like wait until the end of the block, and take effect then."""
    if threading.current_thread() is not threading.main_thread():
        yield  # signals are never handled in another thread
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
    """A temporary folder that no signal leaves behind.

    Args:
        prefix: what its name begins with.
        near: the folder that it is made in; None for the machine's own for such.

    Raises:
        OSError: it can't be made.
    """
    import shutil  # for each command's start, these two cost too much
    import tempfile

    folder = None
    try:
        # A signal waits until it is known what is to be removed.
        with held():
            folder = Path(tempfile.mkdtemp(prefix=prefix, dir=near))
        yield folder
    finally:
        with held():
            if folder:
                shutil.rmtree(folder, ignore_errors=True)
