"""Faults at writes: a full disk, a file that may not be written, Ctrl-C, a kill."""

import errno
import itertools
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import cast

import pytest

# Everything that writes; counted while a replacement is made.
WRITES = (
    "chmod", "fchmod", "fchown", "fsync", "link", "mkdir", "open", "rename", "replace", "rmdir",
    "symlink", "unlink", "write",
)  # fmt: skip


class Fault:
    """Fails the write of a number, counted from 1, in a way of its own."""

    def __init__(self, number: int, fail: Callable[[], None], *, lasting: bool = False) -> None:
        """Fail one write, or with ``lasting`` all that need room from then on."""
        self.number = number
        self.fail = fail
        self.lasting = lasting
        self.names: list[str] = []

    @property
    def count(self) -> int:
        """How many writes there were."""
        return len(self.names)

    def __call__(self, name: str) -> None:
        """Count a write, and fail it if it is the one."""
        self.names.append(name)
        needs_room = name in {"link", "mkdir", "symlink", "write"}
        if self.count == self.number or (self.lasting and needs_room and self.count > self.number):
            self.fail()


@contextmanager
def injected(fault: Fault) -> Iterator[None]:
    """Let each write of this process pass by ``fault`` first."""

    def passing(name: str, function: Callable[..., object]) -> Callable[..., object]:
        def passed(*arguments: object, **options: object) -> object:
            # To open a folder or a file to read it writes nothing.
            if name != "open" or cast("int", arguments[1]) & (os.O_WRONLY | os.O_RDWR):
                fault(name)
            return function(*arguments, **options)

        return passed

    with pytest.MonkeyPatch.context() as patches:
        for name in WRITES:
            patches.setattr(os, name, passing(name, getattr(os, name)))
        yield


def full() -> None:
    """What a full disk says."""
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def forbidden() -> None:
    """What a file says that may not be written."""
    raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))


def interrupted() -> None:
    """Ctrl-C."""
    signal.raise_signal(signal.SIGINT)


def killed() -> None:
    """What no program can catch."""
    os.kill(os.getpid(), signal.SIGKILL)


def numbers(writes: Sequence[str], *, every: bool) -> list[int]:
    """Which of these writes to fail, counted from 1.

    A kind is what is done after what else: the rename of a file comes after another rename, and
    that of the journal after a fsync.
    """
    kinds = [*itertools.pairwise(["", *writes])]
    if every:
        return [*range(1, len(kinds) + 1)]
    first = {kind: number for number, kind in reversed([*enumerate(kinds, 1)])}
    last = {kind: number for number, kind in enumerate(kinds, 1)}
    return sorted({*first.values(), *last.values()})


# Whether each write is tried, or the first and the last of each kind.
each = pytest.mark.parametrize(
    "every",
    [
        pytest.param(False, id="sample"),
        pytest.param(True, id="all", marks=pytest.mark.release),
    ],
)
