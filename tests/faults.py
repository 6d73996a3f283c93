"""Faults at writes: a full disk, a write-protected file, Ctrl-C, a kill."""

import errno
import itertools
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import cast

import pytest

# Everything that writes; counted during a replacement.
WRITES = (
    "chmod", "fchmod", "fchown", "fsync", "link", "mkdir", "open", "rename", "replace", "rmdir",
    "symlink", "unlink", "write",
)  # fmt: skip


class Fault:
    """Makes the write with a given number, counted from 1, fail in a given way."""

    def __init__(self, number: int, fail: Callable[[], None], *, lasting: bool = False) -> None:
        """Fail one write, or with ``lasting`` all later ones that need disk space."""
        self.number = number
        self.fail = fail
        self.lasting = lasting
        self.names: list[str] = []

    @property
    def count(self) -> int:
        """The number of writes so far."""
        return len(self.names)

    def __call__(self, name: str) -> None:
        """Count a write, and fail it if its number is reached."""
        self.names.append(name)
        needs_room = name in {"link", "mkdir", "symlink", "write"}
        if self.count == self.number or (self.lasting and needs_room and self.count > self.number):
            self.fail()


@contextmanager
def injected(fault: Fault) -> Iterator[None]:
    """Call ``fault`` before each write of this process."""

    def passing(name: str, function: Callable[..., object]) -> Callable[..., object]:
        def passed(*arguments: object, **options: object) -> object:
            # Opening a file or folder for reading writes nothing.
            if name != "open" or cast("int", arguments[1]) & (os.O_WRONLY | os.O_RDWR):
                fault(name)
            return function(*arguments, **options)

        return passed

    with pytest.MonkeyPatch.context() as patches:
        for name in WRITES:
            patches.setattr(os, name, passing(name, getattr(os, name)))
        yield


def full() -> None:
    """Raise the error of a full disk."""
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def forbidden() -> None:
    """Raise the error of a write-protected file."""
    raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))


def interrupted() -> None:
    """Ctrl-C."""
    signal.raise_signal(signal.SIGINT)


def killed() -> None:
    """End the process in a way that no program can catch."""
    os.kill(os.getpid(), signal.SIGKILL)


def numbers(writes: Sequence[str], *, every: bool) -> list[int]:
    """Choose which of these writes to fail, counted from 1.

    A write's kind includes the operation before it: the rename of a file follows another rename,
    and that of the journal follows an fsync.
    """
    kinds = [*itertools.pairwise(["", *writes])]
    if every:
        return [*range(1, len(kinds) + 1)]
    first = {kind: number for number, kind in reversed([*enumerate(kinds, 1)])}
    last = {kind: number for number, kind in enumerate(kinds, 1)}
    return sorted({*first.values(), *last.values()})


# Try every write, or only the first and the last of each kind.
each = pytest.mark.parametrize(
    "every",
    [
        pytest.param(False, id="sample"),
        pytest.param(True, id="all", marks=pytest.mark.release),
    ],
)
