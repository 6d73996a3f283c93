"""``dockgen new``."""

import os
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dockgen.cli import LEFT
from dockgen.cli.arguments import complete_starter, pairs
from dockgen.errors import ProjectError, UsageError

if TYPE_CHECKING:
    from dockgen.project import Project
    from dockgen.questions import Question
    from dockgen.source import Source
    from dockgen.teamfile import Team


class Folder(click.Path):
    """A path that isn't empty: a shell's variable without a value is no way to say "."."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The path."""
        if value == "":
            self.fail("it is empty", param, ctx)
        return super().convert(value, param, ctx)


# Questions whose choices differ by language.
_OF_ONE_LANGUAGE = ("framework", "package_manager")

# What stands for an answer that is free, where it isn't VALUE.
_METAVARS = {"bool": "[yes|no]"}

# Where the context keeps the starter that was opened to read its questions.
_ORIGIN = "dockgen.origin"
# Where it keeps what was told on the way, for the report.
_WARNINGS = "dockgen.warnings"


class NewCommand(click.Command):
    """``dockgen new``: its flags for the questions are read from copier.yml, the one place.

    With ``--starter`` it is the starter's copier.yml, so that its own questions are flags, too.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Open the starter that is named, because its questions are flags to be parsed."""
        name = _value_of("--starter", args)
        if name and not ctx.resilient_parsing:
            ctx.meta[_ORIGIN] = _open(
                ctx, name, trusted="--trust" in args, offline="--offline" in args
            )
        return super().parse_args(ctx, args)

    def get_help(self, ctx: click.Context) -> str:
        """The help, with a starter's words as a terminal may have them."""
        from dockgen import report

        return report.spelt(super().get_help(ctx))

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """The questions' flags first, then the command's own options."""
        own = super().get_params(ctx)
        taken = {option for parameter in own for option in parameter.opts}
        return [*self.params[:1], *_question_flags(ctx.meta.get(_ORIGIN), taken), *own[1:]]


def _value_of(option: str, args: list[str]) -> str | None:
    """What stands behind an option, before anything is parsed."""
    for word, following in zip_longest(args, args[1:]):
        if word == "--":
            return None
        if word == option:
            return following
        if word.startswith(f"{option}="):
            return word.partition("=")[2]
    return None


def _open(ctx: click.Context, name: str, *, trusted: bool, offline: bool) -> "Source | None":
    """The registered starter of that name, open until the command ends; None for dockgen's own."""
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
        # A starter's question may be called like an option: --data answers it.
        if question.flag not in taken
    ]


@click.command(cls=NewCommand, short_help="Start a project: sample app and container files.")
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
    help="Read answers from a YAML file; flags and --data win over it.",
)
@click.option(
    "--starter",
    metavar="NAME",
    shell_complete=complete_starter,
    help="Use this starter; dockgen for dockgen's own.",
)
@click.option("--team", metavar="FILE|URL", help="Take the team's decisions from this file.")
@click.option("--trust", is_flag=True, help="Let the starter run code of its own, such as tasks.")
@click.option("--offline", is_flag=True, help="Take the starter as it was last fetched.")
@click.option("--defaults", is_flag=True, help="Ask nothing: take each default (python, slim).")
@click.option("--ask", is_flag=True, help="Ask every question, also those with a safe default.")
@click.option("--dry-run", is_flag=True, help="Show what would be written, and write nothing.")
@click.option("--json", "as_json", is_flag=True, help="Report as JSON; never asks.")
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
    """Start a project in DIRECTORY: a sample app and its container files.

    The project builds, turns healthy and stays under its size limit with nothing but Docker. On a
    terminal, language and flavor are asked; without one nothing ever is. Registered starters are
    offered there, too. A team file (dockgen.team.toml) in the repository, in the user's settings or
    named by --team sets defaults, and locks what is not to be chosen.

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
    import tempfile

    from dockgen import advice, apply, create, questions, report, template
    from dockgen import team as teams
    from dockgen.report import json, terminal

    on_terminal = sys.stdin.isatty() and sys.stdout.isatty() and not as_json
    origin: Source | None = ctx.meta.get(_ORIGIN)
    if starter is None and on_terminal and not defaults:
        origin = _choose(ctx, trusted=trust, offline=offline)
    questionnaire = origin.questionnaire if origin else None
    known = questions.load(questionnaire)
    given = questions.collect(
        answers_file,
        pairs(data),
        {name: value for name, value in flags.items() if value is not None},
        questionnaire,
    )
    # Not resolved: where a link leads is looked at before anything is written through it.
    target = Path(os.path.abspath(directory)) if directory else None  # noqa: PTH100
    if target is not None:
        apply.check_target(target)
    ours = teams.find(directory or Path(), team, known)
    answers = ours.answers(given, known) if ours else given
    warnings = [ours.warning] if ours and ours.warning else []
    for words in warnings:
        report.warning(words)
    if ours and not as_json:
        terminal.team_counts(ours)
    to_ask = _to_ask(
        [question for question in known if question.name not in answers],
        directory,
        given=set(given),
        team=ours,
        defaults=defaults,
        ask=ask,
        terminal=on_terminal,
        as_json=as_json,
    )
    # A dry run writes to the machine's temporary folder alone; else the tree is rendered on the
    # target's own file system, so that it can be moved into place in one step.
    near = Path(tempfile.gettempdir()) if dry_run else target or Path.cwd()
    with apply.staging(near) as folder:
        staged = folder / (target.name if target else "app")
        hidden, settled = _decided(ours) if ours else ({}, {})
        told = {**answers, **hidden}
        if to_ask:
            report.prepare_prompts()
        rendering = template.render(
            staged, told, to_ask, origin, settled, target=target or Path.cwd()
        )
        target = target or Path.cwd() / str(rendering.answers["name"])
        apply.check_target(target)
        ctx.meta[LEFT] = partial(apply.left, target)
        loaded = _load(staged, origin)
        trusted = origin is None or origin.trusted
        _lock(staged, rendering.answers, dry_run=dry_run, trusted=trusted)
        made = create.Created(
            directory=target,
            answers=rendering.answers,
            cell=loaded.cell,
            kind=loaded.kind,
            port=loaded.port,
            files=apply.files(staged),
            template_version=rendering.version,
            starter=origin.name if origin else "",
            team=ours.location if ours else "",
            limit_mb=(loaded.limits.size_bytes or 0) / 10**6,
            dry_run=dry_run,
            warnings=[*ctx.meta.get(_WARNINGS, ()), *warnings],
            next_commands=advice.after_new(target, staged, rendering.answers, loaded.kind),
        )
        if not dry_run:
            apply.place(staged, target)
    (json.created if as_json else terminal.created)(made)
    if (ci := rendering.answers.get("ci", "none")) != "none":
        _warn_below_root(target, str(ci))


def _warn_below_root(target: Path, ci: str) -> None:
    """Say that a project below the root of its repository has CI files where nobody reads them."""
    from dockgen import report

    for root in target.resolve().parents:
        if (root / ".git").exists():
            files = {"github": ".github", "gitlab": ".gitlab-ci.yml"}[ci]
            report.warning(
                f"no CI reads {target.resolve().relative_to(root) / files}: it belongs to the root "
                f"of the repository, {root}, and docs/ci.md says what to change in it"
            )
            return


def _decided(team: "Team") -> tuple[dict[str, Any], dict[str, Any]]:
    """What the questionnaire is told of a team's decisions, and the defaults that hold as they are.

    A default that belongs to one language is told: the questionnaire takes it where it fits.
    """
    told = {name: team.defaults[name] for name in _OF_ONE_LANGUAGE if name in team.defaults}
    hidden = {"unavailable": team.refused, "preferred": told}
    settled = {name: value for name, value in team.defaults.items() if name not in told}
    return {name: value for name, value in hidden.items() if value}, settled


def _lock(staged: Path, answers: Mapping[str, Any], *, dry_run: bool, trusted: bool) -> None:
    """Make the lock file that the template can't hold, as far as this machine can.

    A dry run asks no index: that uv is there is reason enough to show the file.
    """
    from dockgen import lock, report

    uv = lock.find_uv() if lock.is_missing(staged, answers) else None
    if uv is None:
        return
    if dry_run:
        (staged / lock.FILE).touch()
        return
    with report.progress() as doing:
        doing(f"Writing {lock.FILE} with uv")
        problem = lock.write(staged, uv, answers, trusted=trusted)
    if problem:
        report.warning(f"{problem}; the build target lock writes {lock.FILE}, too")


def _choose(ctx: click.Context, *, trusted: bool, offline: bool) -> "Source | None":
    """Ask which template to use, if there is a starter to choose; the first one is preselected."""
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


def _load(staged: Path, origin: "Source | None") -> "Project":
    from dockgen import project

    try:
        return project.load(staged)
    except ProjectError as error:
        if origin is None:
            raise _refused(staged, error) from error
        raise ProjectError(
            f"what {origin.name} makes is no dockgen project: {error.message}",
            f"tell those who keep {origin.manifest.url}",
        ) from error


def _refused(staged: Path, error: ProjectError) -> UsageError:
    """The error for an answer that only shows to be wrong in what was made from it."""
    from dockgen import project, settings

    if not (staged / project.ANSWERS).is_file():
        return UsageError(
            f"unmanaged: not {project.ANSWERS}: without the answers in it no update is possible",
            "name the other files one by one",
        )
    if not (staged / settings.FILE).is_file():
        return UsageError(
            f"unmanaged: not {settings.FILE}, because a new project has no limits of its own yet",
            f"leave it out here, and then: dockgen update --data 'unmanaged=[{settings.FILE}]'",
        )
    return UsageError(f"policy: {error.message}", "read docs/team.md")


def _to_ask(
    unanswered: "Sequence[Question]",
    directory: Path | None,
    *,
    given: set[str],
    team: "Team | None",
    defaults: bool,
    ask: bool,
    terminal: bool,
    as_json: bool,
) -> list[str]:
    """The names of the questions to ask on the terminal.

    Raises:
        UsageError: something must be asked, and there is nobody to ask.
    """
    if ask and (defaults or not terminal):
        reason = "--defaults was given" if defaults else "there is no terminal to ask on"
        raise UsageError(f"--ask can't ask: {reason}", "give the answers as flags instead")
    # The folder gives the name.
    asked = [
        question
        for question in unanswered
        if (question.asked or ask) and (question.name != "name" or directory is None)
    ]
    if terminal and not defaults:
        return [question.name for question in asked]
    if directory is None and "name" not in given:
        raise UsageError("no DIRECTORY was given", "for example: dockgen new my-app --defaults")
    # What the team has a default for needs no answer of anybody's.
    settled = team.defaults if team else {}
    missing = [] if defaults else [question for question in asked if question.name not in settled]
    if missing:
        refused = team.refused if team else {}
        flags = " ".join(_flag(question, refused.get(question.name, {})) for question in missing)
        raise UsageError(
            f"no {' and no '.join(question.flag for question in missing)} was given, "
            f"and {'--json never asks' if as_json else 'there is no terminal to ask on'}",
            f"add {flags}, or --defaults",
        )
    return []


def _flag(question: "Question", refused: Mapping[str, str]) -> str:
    """A question's flag with what can be chosen: ``--flavor slim|scratch``."""
    choices = [choice for choice in question.choices if choice not in refused]
    return f"{question.flag} {'|'.join(choices) or 'VALUE'}"
