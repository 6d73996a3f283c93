"""``dockgen add``."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from dockgen.cli.arguments import pairs
from dockgen.errors import UsageError

if TYPE_CHECKING:
    from dockgen.add.placing import Clash, Decision
    from dockgen.detect.model import Conflict, Detected

_Command = TypeVar("_Command", bound=Callable[..., Any])


def _flags(command: _Command) -> _Command:
    """Add a flag for each answer in `detect.model`."""
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


@click.command(short_help="Add tested container files to an existing repository.")
@click.argument("directory", default=Path(), type=click.Path(path_type=Path), metavar="[DIRECTORY]")
@click.option("--explain", is_flag=True, help="Show what was detected and where, and exit.")
@click.option(
    "--check", is_flag=True, help="Build and test the image first; write only files that pass."
)
@click.option(
    "--try-flavors", is_flag=True, help="Use the smallest flavor that passes; implies --check."
)
@click.option("--builder", metavar="NAME", help="Build with this buildx builder.")
@click.option("--flavor", metavar="FLAVOR", help="The base of the image: slim, alpine or scratch.")
@click.option("--name", metavar="NAME", help="The name of the image.  [default: the folder's name]")
@click.option(
    "--data",
    "-d",
    multiple=True,
    metavar="QUESTION=ANSWER",
    help="Answer any question of dockgen new; repeatable.",
)
@click.option("--team", metavar="FILE|URL", help="Use this team file.")
@click.option(
    "--keep", multiple=True, metavar="FILE", help="Keep your version of FILE; repeatable."
)
@click.option(
    "--replace",
    multiple=True,
    metavar="FILE",
    help="Replace FILE with dockgen's version; repeatable.",
)
@click.option(
    "--merge", multiple=True, metavar="FILE", help="Merge both versions of FILE; repeatable."
)
@click.option("--dry-run", is_flag=True, help="Show what would be written; write nothing.")
@click.option("--undo", is_flag=True, help="Undo the last dockgen add.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON; never prompt.")
@_flags
def add(
    directory: Path,
    *,
    explain: bool,
    check: bool,
    try_flavors: bool,
    builder: str | None,
    flavor: str | None,
    name: str | None,
    data: tuple[str, ...],
    team: str | None,
    keep: tuple[str, ...],
    replace: tuple[str, ...],
    merge: tuple[str, ...],
    dry_run: bool,
    undo: bool,
    as_json: bool,
    **flags: Any,
) -> None:
    """Add container files to the repository in DIRECTORY: a Dockerfile, compose.yaml and others.

    DIRECTORY defaults to the current directory. dockgen detects the language, the start command,
    the port and more from the files that git tracks, and runs none of your code. If two of them
    disagree, dockgen prompts you; a flag sets the answer.

    With --check, dockgen first builds the image from a copy of the repository, starts it and checks
    every rule. Your source is never changed. If a file already exists, dockgen keeps yours and
    writes its own as FILE.dockgen-new.

    \b
    Examples:
      dockgen add --explain
      dockgen add --check
      dockgen add --try-flavors my-code
      dockgen add --path services/api --port 8000 --setting LOG_LEVEL=info
      dockgen add --dry-run --replace Dockerfile
      dockgen add --undo
    """
    from dockgen import add, advice, engine, report
    from dockgen.add.placing import Choices
    from dockgen.detect import survey
    from dockgen.detect.repository import Repository
    from dockgen.report import json as programs
    from dockgen.report import terminal

    asks = sys.stdin.isatty() and sys.stdout.isatty() and not as_json
    said = _said(flags)
    if undo:
        _undo(directory / (said.get("path") or "."), as_json=as_json)
        return
    repository = Repository(directory)
    detected = survey.look(repository, said)
    while asks and detected.conflicts:
        said = _asked(said, detected)
        detected = survey.look(repository, said)
    if explain or detected.conflicts:
        (programs.detected if as_json else terminal.detected)(detected)
        if detected.conflicts:
            raise undecided(detected.conflicts)
        return
    choices = Choices(keep, replace, merge, _decide if asks else None)
    if asks and not (check or try_flavors or dry_run):
        check = _offered()
    if builder and not (check or try_flavors):
        raise UsageError("--builder needs a build", "add --check")
    wanted = add.Wanted(
        name, flavor, pairs(data), team, choices, dry_run, check, every_flavor=try_flavors
    )
    with engine.with_builder(builder), report.progress() as doing:
        made = add.find(repository, detected, wanted, doing)
    made = add.write(made, wanted)
    if as_json:
        programs.addition(made)
    else:
        terminal.detected(detected)
        terminal.addition(made, advice.after_addition(made))
    add.require(made)


def _said(flags: dict[str, Any]) -> dict[str, Any]:
    """Return the answers given as flags, by topic."""
    from dockgen.detect import given
    from dockgen.detect.model import BY_NAME, Many

    said: dict[str, Any] = {}
    for name, words in flags.items():
        topic = BY_NAME[name]
        if topic.many is Many.ALL and words:
            said[name] = tuple(given.parse(topic, word) for word in words)
        elif topic.many is not Many.ALL and words is not None:
            said[name] = given.parse(topic, words)
    return said


def _undo(directory: Path, *, as_json: bool) -> None:
    from dockgen.add import rendering
    from dockgen.report import json as programs
    from dockgen.report import terminal
    from dockgen.threeway import Mode

    outcome = rendering.undo(directory.resolve())
    if as_json:
        programs.updated([outcome], Mode.UNDO)
    else:
        terminal.updated(outcome, Mode.UNDO, ())


def _offered() -> bool:
    """Ask whether to prove the files before they are written."""
    import questionary

    from dockgen import report

    report.prepare_prompts()
    words = "Build and test the image before writing files?"
    return bool(questionary.confirm(words).unsafe_ask())


def _decide(clash: "Clash") -> "Decision":
    """Ask what to do with one file; a diff shows what replacing it would change."""
    import questionary

    from dockgen import report
    from dockgen.report import terminal

    terminal.clash(clash)
    report.prepare_prompts()
    words = {"keep": "keep your file", "replace": "use dockgen's file", "merge": "merge both"}
    choices = [questionary.Choice(words[choice], choice) for choice in clash.choices]
    chosen: Decision = questionary.select(
        f"What to do with {report.spelt(clash.stands)}?", choices
    ).unsafe_ask()
    return chosen


def _asked(said: dict[str, Any], detected: "Detected") -> dict[str, Any]:
    """Return the user's answers, with their answer to the first conflict."""
    import questionary

    from dockgen import report
    from dockgen.detect import given
    from dockgen.report.terminal.detected import seen

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
    """Return the error for signals that disagree: it names both, and the flag that decides."""
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
        lines.append(f"can't decide on the {conflict.topic.label}: {told}")
        hints.append(f"{conflict.topic.flag} {_quoted(named[0])}")
    return UsageError("; ".join(lines), f"choose one, for example: dockgen add {' '.join(hints)}")


def _quoted(words: str) -> str:
    import shlex

    return shlex.quote(words)
