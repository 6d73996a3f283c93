"""Create a project: from answers to a folder, all or nothing."""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from dockgen import advice, apply, lock, project, questions, settings, template
from dockgen import team as teams
from dockgen.errors import ProjectError, UsageError
from dockgen.matrix import Cell, Workload
from dockgen.project import Project
from dockgen.questions import Question
from dockgen.source import Source
from dockgen.team.teamfile import Team

# Questions whose choices depend on the language.
_OF_ONE_LANGUAGE = ("framework", "package_manager")


@dataclass(frozen=True)
class Request:
    """What to make.

    ``directory`` is None if the answer to `name` gives it. ``answers`` are the given ones; ``team``
    is a team file, if one is given. ``defaults`` asks nothing, ``ask`` asks everything, and
    ``unable`` says why nothing can be asked, or is "". ``warnings`` are those already shown.
    """

    directory: Path | None
    answers: Mapping[str, Any]
    team: str | None = None
    defaults: bool = False
    ask: bool = False
    unable: str = ""
    dry_run: bool = False
    warnings: Sequence[str] = ()


class Listener(Protocol):
    """Is called as the creation proceeds."""

    def warn(self, words: str) -> None:
        """Show a warning before everything else."""

    def team(self, counted: Team) -> None:
        """A team file applies."""

    def asks(self) -> None:
        """Questions follow, on the terminal."""

    def goes_to(self, target: Path) -> None:
        """The folder is known, and will be written."""

    def doing(self) -> AbstractContextManager[Callable[[str], None]]:
        """Something takes time; the yielded function takes the current step."""


@dataclass(frozen=True)
class Created:
    """A project that was made, or that a dry run would make.

    ``starter`` and ``team`` are the names of the starter template and the team file, or "".
    ``limit_mb`` is the size limit of its image in MB of 10^6 bytes, unpacked. ``warnings`` are also
    on standard error, and ``next_commands`` is what to type next. ``misplaced`` says that no CI
    reads its files there, or is "".
    """

    directory: Path
    answers: Mapping[str, Any]
    cell: Cell
    kind: Workload
    port: int | None
    files: Sequence[Path]
    template_version: str
    starter: str
    team: str
    limit_mb: float
    dry_run: bool
    warnings: Sequence[str] = ()
    next_commands: Sequence[str] = ()
    misplaced: str = ""

    @property
    def notes(self) -> tuple[str, ...]:
        """Further notes for the user."""
        policy = self.answers.get("policy") or {}
        if not self.answers.get("runtime_packages") or "size_mb" in policy:
            return ()
        # The size limit doesn't include these packages yet.
        return (
            "This limit leaves room for your packages: lower it in dockgen.toml to what dockgen"
            " check measures.",
        )


def create(request: Request, origin: Source | None, listener: Listener) -> Created:
    """Make a project, all or nothing; a dry run writes nothing.

    Args:
        request: what to make.
        origin: the template; None for dockgen's own.
        listener: is called on the way.

    Raises:
        UsageError: an answer isn't allowed, or is missing and can't be asked for.
        ProjectError: something is in the way, or can't be written.
        Interrupted: Ctrl-C or Ctrl-D while asking.
    """
    target, warnings = request.directory, list(request.warnings)
    known = questions.load(origin.questionnaire if origin else None)
    if target is not None:
        apply.check_target(target)
    ours = teams.find(target or Path(), request.team, known)
    answers = ours.answers(request.answers, known) if ours else request.answers
    if ours and ours.warning:
        warnings.append(ours.warning)
        listener.warn(ours.warning)
    if ours:
        listener.team(ours)
    told = {*answers, questions.OF_ADD}
    unanswered = [question for question in known if question.name not in told]
    to_ask = _to_ask(unanswered, request, ours)
    # A dry run writes only to the system's temporary folder. Otherwise the tree is rendered on the
    # target's own file system, so that one rename moves it into place.
    near = Path(tempfile.gettempdir()) if request.dry_run else target or Path.cwd()
    with apply.staging(near) as folder:
        staged = folder / (target.name if target else "app")
        hidden, settled = _decided(ours) if ours else ({}, {})
        if to_ask:
            listener.asks()
        rendering = template.render(
            staged, {**answers, **hidden}, to_ask, origin, settled, target=target or Path.cwd()
        )
        target = target or Path.cwd() / str(rendering.answers["name"])
        apply.check_target(target)
        listener.goes_to(target)
        loaded = _load(staged, origin)
        _lock(staged, rendering.answers, origin, request, listener)
        made = Created(
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
            dry_run=request.dry_run,
            warnings=warnings,
            next_commands=advice.after_new(target, staged, rendering.answers, loaded.kind),
        )
        if not request.dry_run:
            apply.place(staged, target)
    return replace(made, misplaced=_misplaced(target, str(made.answers.get("ci", "none"))))


def _to_ask(unanswered: Sequence[Question], request: Request, team: Team | None) -> list[str]:
    """Return the names of the questions to ask on the terminal.

    Raises:
        UsageError: a question has no answer, and dockgen can't ask it here.
    """
    if request.ask and (request.defaults or request.unable):
        reason = "--defaults was given" if request.defaults else "there is no terminal to prompt on"
        raise UsageError(f"--ask can't prompt: {reason}", "pass the answers as flags instead")
    # The folder determines the name.
    asked = [
        question
        for question in unanswered
        if (question.asked or request.ask)
        and (question.name != "name" or request.directory is None)
    ]
    if not request.unable and not request.defaults:
        return [question.name for question in asked]
    if request.directory is None and "name" not in request.answers:
        raise UsageError("DIRECTORY is missing", "for example: dockgen new my-app --defaults")
    # A default of the team's is an answer.
    settled = team.defaults if team else {}
    missing = [question for question in asked if question.name not in settled]
    if missing and not request.defaults:
        refused = team.refused if team else {}
        flags = " ".join(_flag(question, refused.get(question.name, {})) for question in missing)
        raise UsageError(
            f"no {' and no '.join(question.flag for question in missing)} was given, "
            f"and {request.unable}",
            f"add {flags}, or --defaults",
        )
    return []


def _flag(question: Question, refused: Mapping[str, str]) -> str:
    """Return a question's flag with its choices: ``--flavor slim|scratch``."""
    choices = [choice for choice in question.choices if choice not in refused]
    return f"{question.flag} {'|'.join(choices) or 'VALUE'}"


def _decided(team: Team) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a team's decisions for the questionnaire, and the defaults that apply directly.

    Defaults for one language go to the questionnaire, which uses them if they fit.
    """
    told = {name: team.defaults[name] for name in _OF_ONE_LANGUAGE if name in team.defaults}
    hidden = {"unavailable": team.refused, "preferred": told}
    settled = {name: value for name, value in team.defaults.items() if name not in told}
    return {name: value for name, value in hidden.items() if value}, settled


def _lock(
    staged: Path,
    answers: Mapping[str, Any],
    origin: Source | None,
    request: Request,
    listener: Listener,
) -> None:
    """Make the lock file that a template can't contain, if this machine can.

    A dry run doesn't ask a package index: if uv is installed, it shows the file.
    """
    uv = lock.find_uv() if lock.is_missing(staged, answers) else None
    if uv is None:
        return
    if request.dry_run:
        (staged / lock.FILE).touch()
        return
    with listener.doing() as doing:
        doing(f"Writing {lock.FILE} with uv")
        trusted = origin is None or origin.trusted
        problem = lock.write(staged, uv, answers, trusted=trusted)
    if problem:
        listener.warn(f"{problem}; to write {lock.FILE} in a build instead, use the target lock")


def _load(staged: Path, origin: Source | None) -> Project:
    try:
        return project.load(staged)
    except ProjectError as error:
        if origin is None:
            raise _refused(staged, error) from error
        raise ProjectError(
            f"{origin.name} doesn't render a dockgen project: {error.message}",
            f"report it to the maintainers of {origin.manifest.url}",
        ) from error


def _refused(staged: Path, error: ProjectError) -> UsageError:
    """Return the error for an answer that turned out to be wrong only in the rendered files."""
    if not (staged / project.ANSWERS).is_file():
        return UsageError(
            f"unmanaged: it can't contain {project.ANSWERS}: updates need the answers in it",
            "list the other files one by one",
        )
    if not (staged / settings.FILE).is_file():
        return UsageError(
            f"unmanaged: it can't contain {settings.FILE} yet: a new project needs the limits"
            " in it",
            "leave it out, and after this command run: dockgen update --data"
            f" 'unmanaged=[{settings.FILE}]'",
        )
    return UsageError(f"policy: {error.message}", "read docs/team.md")


def _misplaced(target: Path, ci: str) -> str:
    """Warn if a project below the root of its repository has CI files, which no CI reads there."""
    files = {"github": ".github", "gitlab": ".gitlab-ci.yml"}.get(ci)
    if files is None:
        return ""
    roots = (root for root in target.resolve().parents if (root / ".git").exists())
    if (root := next(roots, None)) is None:
        return ""
    return (
        f"no CI reads {target.resolve().relative_to(root) / files}: it belongs to the root "
        f"of the repository, {root}, and docs/ci.md says what to change in it"
    )
