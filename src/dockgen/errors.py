"""What can go wrong, one class and one exit code per kind.

Each error says what happened and why; ``hint`` is the next command to type or the thing to do.
Anything that is not a ``DockgenError`` is a bug, and shown as one.
"""


class DockgenError(Exception):
    """Base of all errors that are shown to the user without a traceback."""

    exit_code: int = 70

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class CheckFailedError(DockgenError):
    """A check found something: the tool works, what it looked at doesn't hold."""

    exit_code = 1


class UsageError(DockgenError):
    """The command line, or an answers file that it names, asks for something impossible."""

    exit_code = 2


class ProjectError(DockgenError):
    """Something on disk stands in the way, and the user can mend it."""

    exit_code = 3


class ToolMissingError(DockgenError):
    """A program that the command needs is missing, too old, or doesn't answer."""

    exit_code = 4


class Interrupted(DockgenError):
    """Ctrl-C."""

    exit_code = 130
