"""The command line: parse, call one function, map errors to exit codes."""

import contextlib
import errno
import importlib
import io
import os
import signal
import sys
from pathlib import Path
from types import FrameType

import click

from dockgen import __version__, signals
from dockgen.errors import DockgenError, Interrupted, ProjectError, UsageError

EXIT_CODES = """\b
Exit codes:
  0    fine
  1    a check found something, a merge conflicts, or a project is behind
  2    invalid command line
  3    an error in a file, folder or repository that you can fix
  4    a required program is missing, too old or doesn't answer
  70   a bug in dockgen
  129  the terminal was closed
  130  Ctrl-C
  143  ended by SIGTERM
       (128 + n for another signal n)
"""


# Key in a command's context: a function that describes what a signal may leave behind.
LEFT = "dockgen.left"
_NOTHING_LEFT = "no files were left behind"

# These errors mean that the machine is out of resources. They aren't bugs in dockgen.
_EXHAUSTED = {
    errno.ENOSPC,
    errno.EDQUOT,
    errno.EFBIG,
    errno.EMFILE,
    errno.ENFILE,
    errno.ENOMEM,
    errno.EAGAIN,
    errno.EIO,
    errno.EROFS,
}


class Terminated(BaseException):
    """A signal asked dockgen to end; unwinds the stack, so that everything is cleaned up."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


# Each command is a module of the same name in this package.
_COMMANDS = (
    "add",
    "check",
    "clean",
    "compare",
    "explain",
    "flatten",
    "new",
    "starter",
    "team",
    "update",
)


class Commands(click.Group):
    """The group of commands. Each command is imported only when it is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands."""
        return sorted([*super().list_commands(ctx), *_COMMANDS])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command of this name, or None."""
        if cmd_name in _COMMANDS:
            module = importlib.import_module(f"dockgen.cli.{cmd_name}")
            command: click.Command = getattr(module, cmd_name)
            return command
        return super().get_command(ctx, cmd_name)

    def invoke(self, ctx: click.Context) -> object:
        """Run a command; on Ctrl-C, click would print an empty line of its own."""
        try:
            Path.cwd()
        except OSError as error:
            raise ProjectError(
                f"the current folder can't be used: {error.strerror}",
                "change to a folder that exists",
            ) from error
        try:
            return super().invoke(ctx)
        except (KeyboardInterrupt, Terminated) as end:
            number = end.number if isinstance(end, Terminated) else signal.SIGINT
            left = ctx.meta[LEFT]() if LEFT in ctx.meta else _NOTHING_LEFT
            raise _ended(number, left) from end


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=EXIT_CODES,
)
@click.version_option(__version__, "-V", "--version", message="dockgen %(version)s")
def dockgen() -> None:
    """Small, hardened, tested container images for Go, Python and Node services.

    \b
    Examples:
      dockgen new my-app
      dockgen new my-app --language go --flavor scratch
      dockgen add --check my-code
      dockgen check my-app
      dockgen update my-app
      dockgen new --help
    """


@dockgen.command(short_help="Print the completion script for a shell.")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the completion script for SHELL.

    \b
    Examples:
      eval "$(dockgen completion bash)"                                 # in ~/.bashrc
      eval "$(dockgen completion zsh)"                                  # in ~/.zshrc
      dockgen completion fish > ~/.config/fish/completions/dockgen.fish
    """
    from click.shell_completion import get_completion_class

    from dockgen import report

    kind = get_completion_class(shell)
    if kind is None:  # click knows every shell in the choice above
        raise AssertionError(shell)
    report.text(kind(dockgen, {}, "dockgen", "_DOCKGEN_COMPLETE").source())


def main(arguments: list[str] | None = None) -> int:
    """Run dockgen, and return its exit code."""
    for number in signals.ENDINGS:
        # Python handles Ctrl-C itself. Ignored signals stay ignored: nohup relies on that.
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _terminate)
    _open_closed_streams()
    for stream in (sys.stdout, sys.stderr):
        # Escape arrows and accents that a terminal can't show, instead of failing with a traceback.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    stdout = sys.stdout
    try:
        dockgen.main(args=arguments, prog_name="dockgen", standalone_mode=False)
        # Flush here, where a full disk can still be reported.
        sys.stdout.flush()
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.exceptions.NoArgsIsHelpError as asked:
        asked.show()  # the help text is longer than an error's line
        return asked.exit_code
    except (BrokenPipeError, SystemExit) as end:
        # The reader of the output is gone, as with `dockgen … | head`. click turns that into an
        # exit, and replaces the stream.
        if isinstance(end, SystemExit) and sys.stdout is stdout:
            raise
        sys.stderr.close()
        _drop_output()
        return 0
    except (Exception, Terminated) as problem:
        return _report(problem)
    return 0


def _report(problem: Exception | Terminated) -> int:
    """Report what went wrong, and return the exit code; call it from an except clause."""
    from dockgen import report  # imported only on errors, to keep the start quick

    code, error = _error(problem)
    details = problem.details if isinstance(problem, DockgenError) else ""
    # If standard error is full, too, only the exit code is left.
    with contextlib.suppress(OSError):
        if error:
            report.error(error)
        else:
            report.bug(details)
    return code


def _error(problem: Exception | Terminated) -> tuple[int, DockgenError | None]:
    """Return the exit code and the error to show, which is None for a bug."""
    if isinstance(problem, click.ClickException):
        context = problem.ctx if isinstance(problem, click.UsageError) else None
        command = context.command_path if context else "dockgen"
        words = problem.format_message().rstrip(".")
        return UsageError.exit_code, UsageError(words, f"{command} --help")
    if isinstance(problem, DockgenError):
        return problem.exit_code, None if problem.details else problem
    if isinstance(problem, Terminated):
        error = _ended(problem.number, _NOTHING_LEFT)
        return error.exit_code, error
    if isinstance(problem, MemoryError) or _is_exhausted(problem):
        _drop_output()
        reason, where = "out of memory", ""
        if isinstance(problem, OSError):
            reason = problem.strerror or str(problem)
            where = f": {problem.filename}" if problem.filename else ""
        return ProjectError.exit_code, ProjectError(
            f"this machine is out of resources: {reason}{where}",
            "free some memory or disk space, and check what was written before you run it again",
        )
    return DockgenError.exit_code, None


def _ended(number: int, left: str) -> Interrupted:
    name = signal.Signals(number).name
    how = "interrupted" if number == signal.SIGINT else f"ended by {name}"
    return Interrupted(f"{how}: {left}", number)


def _is_exhausted(problem: Exception) -> bool:
    # tempfile found no folder to write to, and sets another errno.
    return isinstance(problem, OSError) and (
        problem.errno in _EXHAUSTED or "No usable temporary directory" in str(problem)
    )


def _open_closed_streams() -> None:
    """Open closed streams on /dev/null, so that no other file gets their descriptors."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode))  # noqa: SIM115 - for good


def _drop_output() -> None:
    """Discard buffered output: Python would write it at exit, and fail again."""
    with contextlib.suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _terminate(number: int, _frame: FrameType | None) -> None:
    raise Terminated(number)
