"""``dockgen add``."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from dockgen.errors import UsageError

if TYPE_CHECKING:
    from dockgen.detect.model import Conflict, Detected
    from dockgen.detect.repository import Repository

_Command = TypeVar("_Command", bound=Callable[..., Any])


def _flags(command: _Command) -> _Command:
    """A flag for each answer, as `detect.model` has them."""
    from dockgen.detect.model import TOPICS, Many

    for topic in reversed(TOPICS):
        many = topic.many is Many.ALL
        metavar = {int: "PORT", bool: "[yes|no]", tuple: "COMMAND"}.get(topic.takes, "VALUE")
        option = click.option(
            topic.flag,
            topic.name,
            multiple=many,
            metavar=metavar,
            help=f"{topic.help[0].upper()}{topic.help[1:]}{'; repeatable' if many else ''}.",
        )
        command = option(command)
    return command


@click.command(short_help="Look at an existing repository: what its container image needs.")
@click.argument("directory", default=Path(), type=click.Path(path_type=Path), metavar="[DIRECTORY]")
@click.option(
    "--explain", is_flag=True, help="Show each answer, where it was read, and stop there."
)
@click.option("--json", "as_json", is_flag=True, help="Report as JSON; never asks.")
@_flags
def add(directory: Path, explain: bool, as_json: bool, **flags: Any) -> None:
    """Look at the repository in DIRECTORY, and say what its container image needs.

    DIRECTORY is the current one if none is given. dockgen reads what git tracks and runs nothing of
    it: no code, no package manager, no compiler. Each answer comes with the file and line that it
    was read from; where two of them disagree, you are asked, or the flag decides.

    So far it only looks: --explain is required.

    \b
    Examples:
      dockgen add --explain
      dockgen add --explain --json my-app
      dockgen add --explain --path services/api
      dockgen add --explain --package-manager uv --port 8000
    """
    from dockgen.detect import given, survey
    from dockgen.detect.model import BY_NAME, Many
    from dockgen.detect.repository import Repository
    from dockgen.report import json as programs
    from dockgen.report import terminal

    if not explain:
        raise UsageError(
            "dockgen add can only look at a repository yet, and writes no files",
            "see what it finds: dockgen add --explain",
        )
    said: dict[str, Any] = {}
    for name, words in flags.items():
        topic = BY_NAME[name]
        if topic.many is Many.ALL and words:
            said[name] = tuple(given.parse(topic, word) for word in words)
        elif topic.many is not Many.ALL and words is not None:
            said[name] = given.parse(topic, words)
    asks = sys.stdin.isatty() and sys.stdout.isatty() and not as_json
    repository = Repository(directory)
    detected = survey.look(repository, said)
    while asks and detected.conflicts:
        said = _asked(repository, said, detected)
        detected = survey.look(repository, said)
    (programs.detected if as_json else terminal.detected)(detected)
    if detected.conflicts:
        raise undecided(detected.conflicts)


def _asked(repository: "Repository", said: dict[str, Any], detected: "Detected") -> dict[str, Any]:
    """What the user said, and their answer to the first conflict."""
    import questionary

    from dockgen import report
    from dockgen.detect import given
    from dockgen.report.terminal.detected import seen

    del repository
    conflict = detected.conflicts[0]
    choices = [
        questionary.Choice(
            report.spelt(f"{given.spelled(conflict.topic, signal.value)}  ({seen(signal)})"),
            signal.value[0] if conflict.topic.many == "version" else signal.value,
        )
        for signal in conflict.signals
    ]
    report.prepare_prompts()
    chosen = questionary.select(f"Which {conflict.topic.label}?", choices).unsafe_ask()
    return {**said, conflict.topic.name: chosen}


def undecided(conflicts: "tuple[Conflict, ...]") -> UsageError:
    """The error for signals that disagree: both, and the flag that decides."""
    from dockgen.detect import given
    from dockgen.report.terminal.detected import seen

    lines = []
    hints = []
    for conflict in conflicts:
        named = [given.spelled(conflict.topic, signal.value) for signal in conflict.signals]
        told = ", ".join(
            f"{value} ({seen(signal)})"
            for value, signal in zip(named, conflict.signals, strict=True)
        )
        lines.append(f"the {conflict.topic.label} is undecided: {told}")
        hints.append(f"{conflict.topic.flag} {_quoted(named[0])}")
    return UsageError("; ".join(lines), f"say which, for example: dockgen add {' '.join(hints)}")


def _quoted(words: str) -> str:
    import shlex

    return shlex.quote(words)
