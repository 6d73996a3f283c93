"""``dockgen new``."""

import os
import sys
from functools import partial
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dockgen.cli import LEFT
from dockgen.cli.arguments import complete_starter, pairs

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from dockgen.source import Source
    from dockgen.team.teamfile import Team


class Folder(click.Path):
    """A path that can't be empty: an unset shell variable doesn't mean "."."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the path."""
        if value == "":
            self.fail("it is empty", param, ctx)
        return super().convert(value, param, ctx)


# How free answers are shown in the help, if not as VALUE.
_METAVARS = {"bool": "[yes|no]"}

# Key in the context: the starter that was opened to read its questions.
_ORIGIN = "dockgen.origin"
# Key in the context: warnings so far, for the report.
_WARNINGS = "dockgen.warnings"


class NewCommand(click.Command):
    """``dockgen new``: its flags for the questions come from copier.yml.

    With ``--starter``, they come from the starter's copier.yml, so its own questions are flags,
    too.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Open the starter that --starter names: its questions are needed to parse the flags."""
        name = _value_of("--starter", args)
        if name and not ctx.resilient_parsing:
            ctx.meta[_ORIGIN] = _open(
                ctx, name, trusted="--trust" in args, offline="--offline" in args
            )
        return super().parse_args(ctx, args)

    def get_help(self, ctx: click.Context) -> str:
        """Return the help, with a starter's text made safe for a terminal."""
        from dockgen import report

        return report.spelt(super().get_help(ctx))

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """Return the flags of the questions, then the command's own options."""
        own = super().get_params(ctx)
        taken = {option for parameter in own for option in parameter.opts}
        return [*self.params[:1], *_question_flags(ctx.meta.get(_ORIGIN), taken), *own[1:]]


def _value_of(option: str, args: list[str]) -> str | None:
    """Return the value of an option before anything is parsed."""
    for word, following in zip_longest(args, args[1:]):
        if word == "--":
            return None
        if word == option:
            return following
        if word.startswith(f"{option}="):
            return word.partition("=")[2]
    return None


def _open(ctx: click.Context, name: str, *, trusted: bool, offline: bool) -> "Source | None":
    """Return the registered starter, open until the command ends, or None for dockgen's own."""
    from dockgen import git, report, source, starters

    if name == starters.OWN:
        return None
    git.require()
    registered = starters.find(name)
    if not offline:
        with report.progress() as doing:
            doing(f"Fetching {name}")
            words = source.refresh(registered)
        if words:
            report.warning(words)
            ctx.meta[_WARNINGS] = [words]
    return ctx.with_resource(source.starter(registered, trusted=trusted))


def _question_flags(origin: "Source | None", taken: set[str]) -> list[click.Parameter]:
    from dockgen import questions

    return [
        click.Option(
            [question.flag, question.name],
            help=f"{question.help}"
            + ("" if question.asked else f"  [default: {question.usual or 'empty'}]"),
            metavar=None if question.choices else _METAVARS.get(question.type, "VALUE"),
            type=click.Choice(question.choices) if question.choices else str,
        )
        for question in questions.load(origin.questionnaire if origin else None)
        # A starter's question may have the name of an option; then --data answers it.
        if question.flag not in taken and question.name != questions.OF_ADD
    ]


@click.command(cls=NewCommand, short_help="Create a project: a sample app and its container files.")
@click.argument("directory", required=False, type=Folder(path_type=Path))
@click.option(
    "--data",
    "-d",
    multiple=True,
    metavar="QUESTION=ANSWER",
    help="Answer any question; repeatable.",
)
@click.option(
    "--answers-file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Read answers from a YAML file; flags and --data override it.",
)
@click.option(
    "--starter",
    metavar="NAME",
    shell_complete=complete_starter,
    help="Use this starter; `dockgen` means dockgen's own templates.",
)
@click.option("--team", metavar="FILE|URL", help="Use this team file.")
@click.option("--trust", is_flag=True, help="Let the starter run its own code, such as tasks.")
@click.option(
    "--offline", is_flag=True, help="Don't fetch the starter: use the last fetched version."
)
@click.option("--defaults", is_flag=True, help="Don't prompt: use the defaults (python, slim).")
@click.option("--ask", is_flag=True, help="Prompt for every question, also those with a default.")
@click.option("--dry-run", is_flag=True, help="Show what would be written; write nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON; never prompt.")
@click.pass_context
def new(
    ctx: click.Context,
    /,
    directory: Path | None,
    data: tuple[str, ...],
    answers_file: Path | None,
    starter: str | None,
    team: str | None,
    trust: bool,
    offline: bool,
    defaults: bool,
    ask: bool,
    dry_run: bool,
    as_json: bool,
    **flags: str | None,
) -> None:
    """Create a project in DIRECTORY: a sample app and its container files.

    The project needs only Docker to build, turn healthy and stay under its size limit. On a
    terminal, dockgen prompts for the language and the flavor, and for the starter if you have
    registered one. Without a terminal, it never prompts. A team file (dockgen.team.toml) sets
    defaults and locks answers: the one in the repository, in your settings, or given with --team.

    \b
    Examples:
      dockgen new my-app
      dockgen new my-app --language go --flavor scratch
      dockgen new my-app --defaults --port 9000 --json
      dockgen new my-app --answers-file answers.yml -d registry=mirror.example.com/hub
      dockgen new my-app --defaults --dry-run
      dockgen new my-app --starter acme
      dockgen new my-app --team https://git.acme.example/platform/dockgen.team.toml
    """
    from dockgen import create, questions
    from dockgen.report import json, terminal

    on_terminal = sys.stdin.isatty() and sys.stdout.isatty() and not as_json
    origin: Source | None = ctx.meta.get(_ORIGIN)
    if starter is None and on_terminal and not defaults:
        origin = _choose(ctx, trusted=trust, offline=offline)
    request = create.Request(
        # Not resolved: symbolic links are checked before anything is written through them.
        directory=Path(os.path.abspath(directory)) if directory else None,  # noqa: PTH100
        answers=questions.collect(
            answers_file,
            pairs(data),
            {name: value for name, value in flags.items() if value is not None},
            origin.questionnaire if origin else None,
        ),
        team=team,
        defaults=defaults,
        ask=ask,
        unable="" if on_terminal else _unable(as_json=as_json),
        dry_run=dry_run,
        warnings=ctx.meta.get(_WARNINGS, ()),
    )
    made = create.create(request, origin, _Listener(ctx, as_json=as_json))
    (json.created if as_json else terminal.created)(made)
    if made.misplaced:
        from dockgen import report

        report.warning(made.misplaced)


def _unable(*, as_json: bool) -> str:
    """Say why dockgen can't prompt."""
    return "--json never prompts" if as_json else "there is no terminal to prompt on"


class _Listener:
    """Reports progress and findings while a project is made."""

    def __init__(self, ctx: click.Context, *, as_json: bool) -> None:
        self._ctx = ctx
        self._as_json = as_json

    def warn(self, words: str) -> None:
        from dockgen import report

        report.warning(words)

    def team(self, counted: "Team") -> None:
        from dockgen.report import terminal

        if not self._as_json:
            terminal.team_counts(counted)

    def asks(self) -> None:
        from dockgen import report

        report.prepare_prompts()

    def goes_to(self, target: Path) -> None:
        from dockgen import apply

        self._ctx.meta[LEFT] = partial(apply.left, target)

    def doing(self) -> "AbstractContextManager[Callable[[str], None]]":
        from dockgen import report

        return report.progress()


def _choose(ctx: click.Context, *, trusted: bool, offline: bool) -> "Source | None":
    """Ask which template to use if there are starters; the first choice is preselected."""
    from dockgen import report, starters

    registered = starters.load()
    if not registered:
        return None
    import questionary

    width = max(len(known.name) for known in registered)
    choices = [
        questionary.Choice(f"{known.name:<{width}}  {report.spelt(known.url)}", known.name)
        for known in registered
    ]
    choices.append(questionary.Choice(f"{'dockgen':<{width}}  its own templates", starters.OWN))
    chosen: str = questionary.select("Which template?", choices).unsafe_ask()
    return _open(ctx, chosen, trusted=trusted, offline=offline)
