"""All errors for users: one class and one exit code per kind.

Each error says what happened and why; ``hint`` is the next command to type or the thing to do.
Anything else than a ``DockgenError`` is a bug, and shown as one.
"""

import signal
from pathlib import Path


class DockgenError(Exception):
    """Base of all errors that are shown to the user without a traceback."""

    exit_code: int = 70

    # The hint has a default for pickle, which brings errors from a fleet's processes: it makes an
    # error from its message alone, and then sets the rest.
    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        # Tracebacks, if a bug hit some of many projects.
        self.details = ""


class CheckFailedError(DockgenError):
    """A check found something: dockgen works, but a rule or contract fails.

    The report may already say what to do about each finding.
    """

    exit_code = 1


class UsageError(DockgenError):
    """The command line, or an answers file that it names, is invalid."""

    exit_code = 2


class ProjectError(DockgenError):
    """Something on disk is in the way, and the user can fix it."""

    exit_code = 3


class ToolMissingError(DockgenError):
    """A program that the command needs is missing, too old, or doesn't answer."""

    exit_code = 4


class Interrupted(DockgenError):
    """Ctrl-C or another signal ended dockgen; the message says what is left behind."""

    exit_code = 130

    def __init__(self, message: str, number: int = signal.SIGINT) -> None:
        super().__init__(message, "")
        # As a shell reports a program that a signal ended.
        self.exit_code = 128 + number


def unreadable(path: Path, error: OSError) -> ProjectError:
    """Return the error for a file that exists but can't be read."""
    import shlex  # imported only on errors, to keep the start quick

    return ProjectError(
        f"{path} can't be read: {error.strerror or error}",
        f"look at its type and its owner: ls -ld {shlex.quote(str(path))}",
    )
