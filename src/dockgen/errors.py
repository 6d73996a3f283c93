"""What can go wrong, one class and one exit code per kind.

Each error says what happened and why; ``hint`` is the next command to type or the thing to do.
Anything that is not a ``DockgenError`` is a bug, and shown as one.
"""

import signal
from pathlib import Path


class DockgenError(Exception):
    """Base of all errors that are shown to the user without a traceback."""

    exit_code: int = 70

    # The hint has a default because pickle, which brings errors of a fleet's processes here, makes
    # an error from its message alone, and adds the rest.
    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        # Of a bug in some of many projects: the tracebacks.
        self.details = ""


class CheckFailedError(DockgenError):
    """A check found something: the tool works, what it looked at doesn't hold.

    What is to be done may stand with each finding, in the report above.
    """

    exit_code = 1


class UsageError(DockgenError):
    """The command line, or an answers file that it names, asks for something impossible."""

    exit_code = 2


class ProjectError(DockgenError):
    """Something on disk is in the way, and the user can fix it."""

    exit_code = 3


class ToolMissingError(DockgenError):
    """A program that the command needs is missing, too old, or doesn't answer."""

    exit_code = 4


class Interrupted(DockgenError):
    """Ctrl-C, or another signal that asked dockgen to end; the message says what it leaves."""

    exit_code = 130

    def __init__(self, message: str, number: int = signal.SIGINT) -> None:
        super().__init__(message, "")
        # As a shell tells of a program that a signal ended.
        self.exit_code = 128 + number


def unreadable(path: Path, error: OSError) -> ProjectError:
    """The error for a file that is there, and that can't be read."""
    import shlex  # not needed where nothing goes wrong, and that has to be quick

    return ProjectError(
        f"{path} can't be read: {error.strerror or error}",
        f"look at its type and its owner: ls -ld {shlex.quote(str(path))}",
    )
