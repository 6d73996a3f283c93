"""The command line: parse, call one function, map errors to exit codes."""

import io
import signal
import sys
from types import FrameType

import click

from dockgen import __version__
from dockgen.cli.check import check
from dockgen.cli.new import new
from dockgen.cli.starter import starter
from dockgen.cli.team import team
from dockgen.cli.update import update
from dockgen.errors import DockgenError, Interrupted, UsageError

EXIT_CODES = """\b
Exit codes:
  0    fine
  1    a check found something, a merge conflicts, or a project is behind
  2    the command line asks for something impossible
  3    something stands in the way that you can mend
  4    a program is missing, too old or doesn't answer
  70   a bug in dockgen
  130  Ctrl-C
"""


class Terminated(BaseException):
    """A signal asked dockgen to end; unwinds the stack, so that everything is cleaned up."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


class Commands(click.Group):
    """The group of commands."""

    def invoke(self, ctx: click.Context) -> object:
        """Run a command; click would answer Ctrl-C with an empty line of its own."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as interrupt:
            raise Interrupted("interrupted: nothing is left behind") from interrupt


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=EXIT_CODES,
)
@click.version_option(__version__, "-V", "--version", message="dockgen %(version)s")
def dockgen() -> None:
    """Small, hardened, proven container images for Go, Python and Node services.

    \b
    Examples:
      dockgen new my-app
      dockgen new my-app --language go --flavor scratch
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
    if kind is None:  # click knows every shell of the choice above
        raise AssertionError(shell)
    report.text(kind(dockgen, {}, "dockgen", "_DOCKGEN_COMPLETE").source())


for command in (check, new, starter, team, update):
    dockgen.add_command(command)


def main(arguments: list[str] | None = None) -> int:
    """Run dockgen, and return its exit code."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _terminate)
    for stream in (sys.stdout, sys.stderr):
        # A terminal that knows no arrows or accents gets them spelt, not a traceback.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        dockgen.main(args=arguments, prog_name="dockgen", standalone_mode=False)
    except click.exceptions.Exit as done:
        return done.exit_code
    except BrokenPipeError:
        # Whoever read our output has gone, as with `dockgen … | head`.
        sys.stderr.close()
        return 0
    except (Exception, Terminated) as problem:
        return _report(problem)
    return 0


def _report(problem: Exception | Terminated) -> int:
    """Tell what went wrong, and return the exit code; from inside of an except clause."""
    from dockgen import report  # not needed where nothing goes wrong, and that has to be quick

    if isinstance(problem, click.ClickException):
        context = problem.ctx if isinstance(problem, click.UsageError) else None
        command = context.command_path if context else "dockgen"
        report.error(UsageError(problem.format_message().rstrip("."), f"{command} --help"))
        return UsageError.exit_code
    if isinstance(problem, DockgenError):
        report.error(problem)
        return problem.exit_code
    if isinstance(problem, Terminated):
        name = signal.Signals(problem.number).name
        report.error(Interrupted(f"ended by {name}: nothing is left behind"))
        return 128 + problem.number
    report.bug()
    return DockgenError.exit_code


def _terminate(number: int, _frame: FrameType | None) -> None:
    raise Terminated(number)
