"""The command line: parse, call one function, map errors to exit codes."""

import io
import os
import signal
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import click

from dockgen import __version__
from dockgen.errors import CheckFailedError, DockgenError, Interrupted, ProjectError, UsageError

if TYPE_CHECKING:
    from dockgen.checks import Finding, Observation
    from dockgen.project import Project
    from dockgen.questions import Question

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
    default = question.usual
    return "the newest dockgen knows" if "{{" in default else default or "empty"


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


@dockgen.command(cls=NewCommand, short_help="Start a project: sample app and container files.")
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
        _pairs(data),
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


@dockgen.command(short_help="Build a project's image, and prove what it promises.")
@click.argument("directory", default=Path(), type=click.Path(path_type=Path), metavar="[DIRECTORY]")
@click.option("--image", metavar="NAME", help="Check this image of the project; build none.")
@click.option("--json", "as_json", is_flag=True, help="Report as JSON.")
def check(directory: Path, image: str | None, as_json: bool) -> None:
    """Build the image of the project in DIRECTORY, run it, and hold both to every rule.

    DIRECTORY is the current one if none is given. The container runs as in the compose.yaml that
    dockgen renders: read-only, without capabilities, with little memory. The limits of size and
    time stand in dockgen.toml. What is built and started here is removed in the end; the build
    cache stays.

    \b
    Examples:
      dockgen check
      dockgen check my-app
      dockgen check --image my-app:1.2 my-app
      dockgen check --json my-app
    """
    from dockgen import checks, dockerfile, engine, project, report, update
    from dockgen import image as saved_image

    directory = directory.resolve()
    update.require_whole(directory)
    checked = project.load(directory)
    of_files = checks.check_files(checks.Files(dockerfile.find(directory)), checked)
    engine.require()
    try:
        with report.progress() as doing, ExitStack() as stack:
            if image is None:
                doing("Building the image")
                image = stack.enter_context(engine.temporary_image(checked.directory))
            doing("Reading the image")
            with tempfile.TemporaryDirectory(prefix="dockgen-") as folder:
                saved = Path(folder) / "image.tar"
                engine.save(image, saved)
                read = saved_image.read(saved)
            doing("Watching a container")
            seen, findings = _watch(image, checked)
    except engine.BuildError as error:
        report.end_of_log(error.log)
        raise
    findings = [*of_files, *checks.check_image(read, checked), *findings]
    result = report.CheckedProject(checked, read, seen, findings)
    (report.checked_project_json if as_json else report.checked_project)(result)
    if result.failures:
        codes = sorted({finding.rule for finding in result.failures})
        raise CheckFailedError(
            f"{len(codes)} of {len(checks.RULES)} rules don't hold: {', '.join(codes)}"
        )


def _watch(image: str, project: "Project") -> tuple["Observation | None", list["Finding"]]:
    """What was seen of a container of the image, or None if none can be started; the findings."""
    from dockgen import checks, engine, observe

    with ExitStack() as stack:
        try:
            container = stack.enter_context(engine.run(image, engine.RunOptions(port=project.port)))
        except ProjectError as error:
            return None, [checks.cannot_start(error.message)]
        seen = observe.observe(container, project)
    return seen, checks.check_running(seen, project)


@dockgen.command(short_help="Bring projects to the newest templates; no line of yours is lost.")
@click.argument("directories", nargs=-1, type=click.Path(path_type=Path), metavar="[DIRECTORY]...")
@click.option("--all", "search", is_flag=True, help="Update every project below the directories.")
@click.option("--to", metavar="VERSION", help="Update to this release; the newest is the default.")
@click.option(
    "--data",
    "-d",
    multiple=True,
    metavar="QUESTION=ANSWER",
    help="Change an answer, also within one release; repeatable.",
)
@click.option(
    "--base-images",
    is_flag=True,
    help="Take the template's versions of images and actions, also where you moved them on.",
)
@click.option("--check", "only_check", is_flag=True, help="Say who is behind, exit 1; no change.")
@click.option("--dry-run", is_flag=True, help="Show each file's change as a diff; write nothing.")
@click.option("--undo", is_flag=True, help="Take the last update back; twice makes it again.")
@click.option("--json", "as_json", is_flag=True, help="Report as JSON.")
def update(
    directories: tuple[Path, ...],
    search: bool,
    to: str | None,
    data: tuple[str, ...],
    base_images: bool,
    only_check: bool,
    dry_run: bool,
    undo: bool,
    as_json: bool,
) -> None:
    """Merge the newest templates into the project in each DIRECTORY.

    DIRECTORY is the current one if none is given. It works without a network. What you changed
    stays: your lines and the template's are merged as git merges them, files that you deleted or
    that git doesn't track stay as they are, and versions of base images that you moved on are
    kept. The project must be committed; nothing is committed for you. An update that is cut off
    leaves a project as it was.

    \b
    Examples:
      dockgen update
      dockgen update --dry-run
      dockgen update --check --all ~/src
      dockgen update --to v0.2.0 my-app
      dockgen update --data flavor=scratch my-app
      dockgen update --undo my-app
    """
    from dockgen import fleet, questions, report

    if sum((only_check, dry_run, undo)) > 1:
        raise UsageError("--check, --dry-run and --undo exclude each other", "name one of them")
    if undo and (to or data or base_images):
        raise UsageError("--undo goes with no other answer", "dockgen update --undo")
    given = questions.collect(None, _pairs(data), {})
    projects = fleet.find(directories or (Path(),), search=search)
    mode = (
        fleet.Mode.CHECK if only_check
        else fleet.Mode.DRY_RUN if dry_run
        else fleet.Mode.UNDO if undo
        else fleet.Mode.UPDATE
    )  # fmt: skip
    wish = fleet.Wish(mode, to, given, keep_pins=not base_images)
    try:
        with report.progress() as doing:
            outcomes = fleet.update_all(projects, wish, doing)
    except KeyboardInterrupt as interrupt:
        words = "interrupted: every project is as it was, or fully updated"
        raise Interrupted(words) from interrupt
    alone = not search and len(projects) == 1
    if alone and outcomes[0].error is not None and not as_json:
        raise outcomes[0].error
    if as_json:
        report.updated_json(outcomes, mode)
    elif alone:
        report.updated(outcomes[0], mode)
    else:
        report.updated_fleet(outcomes, mode)
    if problem := fleet.problem(outcomes, mode):
        raise problem


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


def _pairs(data: tuple[str, ...]) -> dict[str, str]:
    pairs = {}
    for pair in data:
        name, equals, value = pair.partition("=")
        if not equals:
            raise UsageError(f"--data {pair!r} has no =", "for example: --data port=9000")
        pairs[name] = value
    return pairs


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


def main(arguments: list[str] | None = None) -> int:
    """Run dockgen, and return its exit code."""
    from dockgen import report

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
    except click.ClickException as problem:
        command = (
            problem.ctx.command_path
            if isinstance(problem, click.UsageError) and problem.ctx
            else "dockgen"
        )
        report.error(UsageError(problem.format_message().rstrip("."), f"{command} --help"))
        return UsageError.exit_code
    except DockgenError as problem:
        report.error(problem)
        return problem.exit_code
    except Terminated as end:
        name = signal.Signals(end.number).name
        report.error(Interrupted(f"ended by {name}: nothing is left behind"))
        return 128 + end.number
    except BrokenPipeError:
        # Whoever read our output has gone, as with `dockgen … | head`.
        sys.stderr.close()
        return 0
    except Exception:
        report.bug()
        return DockgenError.exit_code
    return 0


def _terminate(number: int, _frame: FrameType | None) -> None:
    raise Terminated(number)
