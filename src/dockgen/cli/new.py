"""``dockgen new``."""

import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dockgen.cli.arguments import pairs
from dockgen.errors import UsageError

if TYPE_CHECKING:
    from dockgen.questions import Question


class NewCommand(click.Command):
    """``dockgen new``: its flags for the questions are read from copier.yml, the one place."""

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """The questions' flags first, then the command's own options."""
        return [*self.params[:1], *_question_flags(), *super().get_params(ctx)[1:]]


def _question_flags() -> list[click.Parameter]:
    from dockgen import questions

    return [
        click.Option(
            [question.flag, question.name],
            help=f"{question.help}"
            + ("" if question.asked else f"  [default: {_shown(question)}]"),
            metavar=None if question.choices else "VALUE",
            type=click.Choice(question.choices) if question.choices else str,
        )
        for question in questions.load()
    ]


def _shown(question: "Question") -> str:
    """A default as the help shows it; one that is computed is described by its outcome."""
    default = str(question.default)
    return "the newest dockgen knows" if "{{" in default else default or "empty"


@click.command(cls=NewCommand, short_help="Start a project: sample app and container files.")
@click.argument("directory", required=False, type=click.Path(path_type=Path))
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
@click.option("--defaults", is_flag=True, help="Ask nothing: take the default of each question.")
@click.option("--ask", is_flag=True, help="Ask every question, also those with a safe default.")
@click.option("--dry-run", is_flag=True, help="Show what would be written, and write nothing.")
@click.option("--json", "as_json", is_flag=True, help="Report as JSON; never asks.")
def new(
    directory: Path | None,
    data: tuple[str, ...],
    answers_file: Path | None,
    defaults: bool,
    ask: bool,
    dry_run: bool,
    as_json: bool,
    **flags: str | None,
) -> None:
    """Start a project in DIRECTORY: a sample app and its container files.

    The project builds, turns healthy and stays under its size limit with nothing but Docker. On a
    terminal, language and flavor are asked; without one nothing ever is.

    \b
    Examples:
      dockgen new my-app
      dockgen new my-app --language go --flavor scratch
      dockgen new my-app --defaults --port 9000 --json
      dockgen new my-app --answers-file team.yml -d registry=mirror.example.com/hub
      dockgen new my-app --defaults --dry-run
    """
    from dockgen import apply, project, questions, report, template

    given = questions.collect(
        answers_file,
        pairs(data),
        {name: value for name, value in flags.items() if value is not None},
    )
    to_ask = _to_ask(directory, set(given), defaults=defaults, ask=ask, as_json=as_json)
    if directory is None and "name" in given:
        directory = Path(str(given["name"]))

    # Not resolved: where a link leads is looked at before anything is written through it.
    target = Path(os.path.abspath(directory)) if directory else None  # noqa: PTH100
    if target is not None:
        apply.check_target(target)
    # A dry run writes to the machine's temporary folder alone; else the tree is rendered on the
    # target's own file system, so that it can be moved into place in one step.
    near = Path(tempfile.gettempdir()) if dry_run else target or Path.cwd()
    with apply.staging(near) as folder:
        staged = folder / (target.name if target else "app")
        rendering = template.render(staged, given, to_ask)
        target = target or Path.cwd() / str(rendering.answers["name"])
        apply.check_target(target)
        made = report.NewProject(
            directory=target,
            answers=rendering.answers,
            files=apply.files(staged),
            template_version=rendering.version,
            limit_mb=project.load(staged).limits.size_bytes / 10**6,
            dry_run=dry_run,
        )
        if not dry_run:
            apply.place(staged, target)
    (report.new_project_json if as_json else report.new_project)(made)


def _to_ask(
    directory: Path | None, given: set[str], *, defaults: bool, ask: bool, as_json: bool
) -> list[str]:
    """The names of the questions to ask on the terminal.

    Raises:
        UsageError: something must be asked, and there is nobody to ask.
    """
    from dockgen import questions

    terminal = sys.stdin.isatty() and sys.stdout.isatty() and not as_json
    if ask and (defaults or not terminal):
        reason = "--defaults was given" if defaults else "there is no terminal to ask on"
        raise UsageError(f"--ask can't ask: {reason}", "give the answers as flags instead")
    # The folder gives the name.
    asked = [
        question
        for question in questions.load()
        if (question.asked or ask)
        and question.name not in given
        and (question.name != "name" or directory is None)
    ]
    if terminal and not defaults:
        return [question.name for question in asked]
    if directory is None and "name" not in given:
        raise UsageError("no DIRECTORY was given", "for example: dockgen new my-app --defaults")
    missing = [] if defaults else asked
    if missing:
        flags = " ".join(f"{question.flag} {'|'.join(question.choices)}" for question in missing)
        raise UsageError(
            f"no {' and no '.join(question.flag for question in missing)} was given, "
            f"and {'--json never asks' if as_json else 'there is no terminal to ask on'}",
            f"add {flags}, or --defaults",
        )
    return []
