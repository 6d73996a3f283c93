"""Add container files to an existing repository, and prove them if asked.

This is what `dockgen add` does after detection.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from dockgen import questions, source
from dockgen import team as teams
from dockgen.add import existing, failures, rendering, trial
from dockgen.add.placing import Choices
from dockgen.add.trial import Trial
from dockgen.detect.model import Detected
from dockgen.detect.repository import Repository
from dockgen.errors import CheckFailedError, ProjectError, UsageError
from dockgen.git import gitfolder
from dockgen.threeway import Mode, Outcome

# The flavors, from the smallest image to the largest.
SMALLEST_FIRST = ("scratch", "alpine", "slim")
# How often a flavor is tried: a program stops at the first folder that it can't write to.
_TRIALS = 4


@dataclass(frozen=True)
class Wanted:
    """What the user asks for besides what is detected.

    ``name`` and ``flavor`` are None for the defaults; ``data`` answers questions of the template.
    ``proven`` says that files are written only after they are proven, and ``every_flavor`` that the
    smallest flavor that passes is used.
    """

    name: str | None = None
    flavor: str | None = None
    data: Mapping[str, str] = field(default_factory=dict)
    team: str | None = None
    choices: Choices = field(default_factory=Choices)
    dry_run: bool = False
    proven: bool = False
    every_flavor: bool = False


@dataclass(frozen=True)
class Addition:
    """What was found and done. ``outcome`` is None if a trial failed: nothing was written."""

    directory: Path
    detected: Detected
    answers: Mapping[str, Any]
    trials: Sequence[Trial] = ()
    outcome: Outcome | None = None


def find(
    repository: Repository, detected: Detected, wanted: Wanted, doing: Callable[[str], None]
) -> Addition:
    """Find the answers for a repository, and prove the container files if asked.

    Args:
        repository: the repository.
        detected: what is known of it, without conflicts.
        wanted: what else the user asks for.
        doing: called with a few words about the current step.

    Raises:
        UsageError: an answer isn't possible.
        ProjectError: `dockgen new` made the folder.
        ToolMissingError: a trial needs an engine.
    """
    directory = _directory(repository, detected)
    rendering.require_added(directory)
    made = Addition(directory, detected, answers(repository, detected, wanted))
    if wanted.every_flavor:
        made = _smallest(repository, made, wanted, doing)
    elif wanted.proven:
        made = _tried(repository, made, doing)
    return made


def write(made: Addition, wanted: Wanted) -> Addition:
    """Write the files into the repository, unless their trial failed.

    Raises:
        UsageError: a decision isn't possible.
        ProjectError: something is in the way.
    """
    if made.trials and not made.trials[-1].holds:
        return made
    mode = Mode.DRY_RUN if wanted.dry_run else Mode.UPDATE
    with source.own() as origin:
        outcome = rendering.add(made.directory, origin, made.answers, wanted.choices, mode)
    return replace(made, outcome=outcome)


def answers(repository: Repository, detected: Detected, wanted: Wanted) -> dict[str, Any]:
    """Return the answers to the template's questions, including a team's decisions."""
    known, directory = questions.load(None), _directory(repository, detected)
    name = wanted.name or existing.usual_name(directory)
    told = existing.answers(repository, detected, name, wanted.flavor)
    told |= questions.collect(None, wanted.data, {})
    ours = teams.find(directory, wanted.team, known)
    told = ours.answers(told, known) if ours else told
    around = gitfolder.find(directory) if told.get("ci", "none") != "none" else None
    if around and around.prefix:  # CI starts at the root
        told["existing"]["place"] = around.prefix.rstrip("/")
    return told


def _directory(repository: Repository, detected: Detected) -> Path:
    return repository.root.resolve() / existing.folder(detected)


def _smallest(
    repository: Repository, made: Addition, wanted: Wanted, doing: Callable[[str], None]
) -> Addition:
    """Try the flavors, the smallest first; the last trial is that of the one that passes."""
    trials: list[Trial] = []
    for flavor in SMALLEST_FIRST:
        try:
            told = answers(repository, made.detected, replace(wanted, flavor=flavor))
        except UsageError as error:
            trials.append(Trial(flavor, error=error.message))
            continue

        def say(words: str, flavor: str = flavor) -> None:
            doing(f"{flavor}: {words}")

        made = _tried(repository, replace(made, answers=told), say)
        trials += made.trials
        if trials[-1].holds:
            break
    return replace(made, trials=tuple(trials))


def _tried(repository: Repository, made: Addition, doing: Callable[[str], None]) -> Addition:
    """Try the files, and once more with what turned out to be needed.

    That is each folder that the program writes to, and a check of the port alone, if the health
    route was a guess, and answers something else.
    """
    trials: list[Trial] = []
    answers = dict(made.answers)
    for _ in range(_TRIALS):
        trials.append(trial.run(repository, existing.folder(made.detected), answers, doing))
        folder = failures.writable(trials[-1].likely)
        more = existing.with_volume(answers, folder) if folder else None
        if failures.is_no_route(trials[-1].likely):
            more = existing.without_route(answers, made.detected)
        if trials[-1].holds or more is None:
            break
        answers = more
    return replace(made, answers=answers, trials=tuple(trials))


def require(made: Addition) -> None:
    """Check that the request was fulfilled.

    Raises:
        ProjectError: the image can't be built.
        CheckFailedError: a rule fails, or a merge conflicts.
    """
    if made.outcome is not None:
        conflicts = made.outcome.plan.conflicts if made.outcome.plan else []
        if conflicts:
            raise CheckFailedError(f"{len(conflicts)} files have conflicts: {', '.join(conflicts)}")
        return
    last = made.trials[-1]
    fix = last.likely.fix if last.likely else "check its output"
    if last.result is None:
        raise ProjectError(
            f"nothing was written: {last.error}"
            + (f" Most likely {last.likely.cause}." if last.likely else ""),
            f"dockgen add --check {fix}" if fix.startswith("-") else fix,
        )
    checked = last.result.checked
    codes = sorted({finding.rule for finding in checked.failures})
    cause = f"; most likely {last.likely.cause}: try {fix}" if last.likely else ""
    raise CheckFailedError(
        f"nothing was written, because {len(codes)} of {len(checked.rules)} rules fail: "
        f"{', '.join(codes)}{cause}"
    )
