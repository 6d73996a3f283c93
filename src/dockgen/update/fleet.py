"""Update any number of projects, each on its own."""

import multiprocessing
import os
import signal
import traceback
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from dockgen import address, git, lock, questions, signals, source, team, template, threeway, update
from dockgen.bundle import Manifest
from dockgen.errors import CheckFailedError, DockgenError, ProjectError
from dockgen.git import worktree
from dockgen.project import recorded
from dockgen.source import Source
from dockgen.starters import Starter
from dockgen.threeway import Mode, Outcome
from dockgen.update import releases


def _nobody(_words: str) -> None:
    """Ignore a warning."""


@dataclass(frozen=True)
class UpdateOptions:
    """What to do with each project.

    ``to`` is the release to update to, or None for the newest; ``data`` are answers to change, as
    text; ``team`` is a team file, if one is given. ``keep_pins`` keeps base image versions that the
    user changed. ``offline`` uses starters as last fetched, ``trusted`` lets them run code, and
    ``warn`` is called if one can't be fetched.
    """

    mode: Mode
    to: str | None = None
    data: Mapping[str, str] = field(default_factory=dict)
    team: str | None = None
    keep_pins: bool = True
    offline: bool = False
    trusted: bool = False
    warn: Callable[[str], None] = _nobody


def update_all(
    directories: Sequence[Path], options: UpdateOptions, doing: Callable[[str], None]
) -> list[Outcome]:
    """Update the projects on all processors; if one fails, the others go on.

    Args:
        directories: the projects.
        options: what to do.
        doing: called with a few words about the current step.

    Raises:
        ToolMissingError: git is missing or too old.
    """
    git.require()
    with ExitStack() as stack:
        jobs = _jobs(directories, options, doing, stack)
        if len(jobs) == 1:
            doing(f"Looking at {directories[0].name}")
            return [_run_one(jobs[0], options)]
        if options.mode is Mode.CHECK:
            return [_isolated(job, options) for job in jobs]
        return _side_by_side(jobs, options, doing)


@dataclass(frozen=True)
class _Job:
    """A project, its template, and the answers to change; or why it can't be updated."""

    directory: Path
    origin: Source | None = None
    data: Mapping[str, Any] = field(default_factory=dict)
    error: DockgenError | None = None


def _jobs(
    directories: Sequence[Path],
    options: UpdateOptions,
    doing: Callable[[str], None],
    stack: ExitStack,
) -> list[_Job]:
    """Find each project's template and its team's decisions; fetch each starter once."""
    if options.mode is Mode.UNDO:
        return [_Job(directory) for directory in directories]  # an undo needs no template
    own = stack.enter_context(source.own())
    opened: dict[Starter | None, Source | DockgenError] = {None: own}

    def job(directory: Path) -> _Job:
        read = recorded(directory)
        registered = source.registered(directory, own.manifest, read.url)
        if registered is not None and registered not in opened:
            doing(f"Fetching {registered.name}")
            opened[registered] = _open(registered, options, stack)
        origin = opened[registered]
        if isinstance(origin, DockgenError):
            raise origin
        if registered is not None:
            # The project keeps the address it knows: ssh for one person, https for another.
            url = address.without_credentials(read.url)
            origin = replace(origin, manifest=replace(origin.manifest, url=url))
        return _Job(directory, origin, _data(directory, origin, options, read.answers))

    jobs: list[_Job] = []
    for directory in directories:
        try:
            jobs.append(job(directory))
        except DockgenError as error:
            jobs.append(_Job(directory, error=error))
        except Exception as error:
            if len(directories) == 1:
                raise
            jobs.append(_Job(directory, error=_bug(error)))
    return jobs


def _data(
    directory: Path, origin: Source, options: UpdateOptions, answers: Mapping[str, Any]
) -> Mapping[str, Any]:
    """Return the given answers, and those that the team file locks."""
    known = questions.load(origin.questionnaire)
    given = questions.collect(None, options.data, {}, origin.questionnaire)
    ours = team.find(directory, options.team, known)
    if ours is None:
        return given
    if ours.warning:
        options.warn(ours.warning)
    # The project's own labels stay beside the team's.
    return ours.answers({**{k: v for k, v in answers.items() if k == "labels"}, **given}, known)


def _open(registered: Starter, options: UpdateOptions, stack: ExitStack) -> Source | DockgenError:
    try:
        if not options.offline and (words := source.refresh(registered)):
            options.warn(words)
        return stack.enter_context(source.starter(registered, trusted=options.trusted))
    except DockgenError as error:
        return error


def _side_by_side(
    jobs: Sequence[_Job],
    options: UpdateOptions,
    doing: Callable[[str], None],
) -> list[Outcome]:
    # copier keeps its settings in the process, so each project gets its own. Spawned, because a
    # fork would copy the locks of the thread that draws the progress.
    pool = ProcessPoolExecutor(
        min(len(jobs), os.cpu_count() or 1),
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_ignore_signals,
    )
    try:
        # All warnings were given above, and the function can't be sent to another process.
        silent = replace(options, warn=_nobody)
        running = [pool.submit(_isolated, job, silent) for job in jobs]
        for number, _ in enumerate(as_completed(running), 1):
            doing(f"{number} of {len(jobs)} projects")
        return [
            _alone(job, silent)
            if isinstance(work.exception(), BrokenProcessPool)
            else work.result()
            for job, work in zip(jobs, running, strict=True)
        ]
    finally:
        # After Ctrl-C, let running updates finish, and start no more.
        pool.shutdown(cancel_futures=True)


def _alone(job: _Job, options: UpdateOptions) -> Outcome:
    """Retry a project whose process was killed, for example for its memory, or whose pool broke."""
    with ProcessPoolExecutor(
        1, mp_context=multiprocessing.get_context("spawn"), initializer=_ignore_signals
    ) as pool:
        try:
            return pool.submit(_isolated, job, options).result()
        except BrokenProcessPool:
            error = ProjectError(
                f"{job.directory}: the system killed the process that updated it",
                "check the free memory, then run dockgen update for this project alone",
            )
            return Outcome(job.directory, "failed", error=error)


def _ignore_signals() -> None:
    for number in signals.ENDINGS:
        signal.signal(number, signal.SIG_IGN)


def _isolated(job: _Job, options: UpdateOptions) -> Outcome:
    """Update one of many projects: even a bug in dockgen stops none of the others."""
    try:
        return _run_one(job, options)
    except Exception as error:
        return Outcome(job.directory, "failed", error=_bug(error))


def _bug(error: Exception) -> DockgenError:
    """Return the error for one project; it carries the traceback for the end."""
    if isinstance(error, MemoryError):
        return ProjectError("this machine is out of memory", "dockgen update")
    last = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{Path(last.filename).name}:{last.lineno}"
    words = f"a bug in dockgen: {type(error).__name__}: {error} ({where})"
    bug = DockgenError(words, "run dockgen update for this project alone")
    bug.details = "".join(traceback.format_exception(error))
    return bug


def _run_one(job: _Job, options: UpdateOptions) -> Outcome:
    try:
        if options.mode is Mode.UNDO:
            recorded(job.directory)  # report a folder that isn't a project first
            return threeway.undo(job.directory)
        if job.error is not None:
            raise job.error
        if job.origin is None:  # only an undo has none
            raise AssertionError(job)
        if options.mode is Mode.CHECK:
            return _checked(job, job.origin.manifest, options)
        origin = job.origin
        with template.found(origin):
            return threeway.carry_out(
                worktree.find(job.directory),
                options.mode,
                lambda place: update.plan(
                    place, origin, options.to, job.data, keep_pins=options.keep_pins
                ),
                threeway.entry,
            )
    except DockgenError as error:
        return Outcome(job.directory, "failed", error=error)


def problem(outcomes: Sequence[Outcome], mode: Mode) -> DockgenError | None:
    """Return the error that the command ends with, or None."""
    failed = [outcome for outcome in outcomes if outcome.error is not None]
    if failed:
        bugs = [found.error.details for found in failed if found.error and found.error.details]
        if bugs:
            # The first few are enough: they are often the same.
            bug = DockgenError(f"{len(bugs)} of {len(outcomes)} projects hit a bug")
            bug.details = "\n".join(dict.fromkeys(bugs[:3]))
            return bug
        codes = {outcome.error.exit_code: outcome.error for outcome in failed if outcome.error}
        words = f"{len(failed)} of {len(outcomes)} projects failed"
        kind = type(next(iter(codes.values()))) if len(codes) == 1 else ProjectError
        hint = failed[0].error.hint if len(failed) == 1 and failed[0].error else ""
        return kind(words, hint)
    if mode is Mode.CHECK:
        behind = [outcome for outcome in outcomes if outcome.result == "behind"]
        words = "1 project is" if len(behind) == 1 else f"{len(behind)} projects are"
        return CheckFailedError(f"{words} behind", "dockgen update") if behind else None
    conflicts = [
        path if len(outcomes) == 1 else f"{outcome.directory.name}/{path}"
        for outcome in outcomes
        for path in (outcome.plan.conflicts if outcome.plan else ())
    ]
    if not conflicts:
        return None
    words = f"in conflict: {', '.join(conflicts[:5])}"
    words += f" and {len(conflicts) - 5} more" if len(conflicts) > 5 else ""
    if mode is Mode.DRY_RUN:
        return CheckFailedError(words, "update anyway, and resolve each: dockgen update")
    after = "then: git add FILE; or undo: dockgen update --undo DIRECTORY"
    return CheckFailedError(words, f"{_to_choose(outcomes)} {after}")


def _to_choose(outcomes: Sequence[Outcome]) -> str:
    """Say how to resolve the files in conflict; lock files are written again instead."""
    plans = [outcome.plan for outcome in outcomes if outcome.plan and outcome.plan.conflicts]
    commands = [plan.lock_command for plan in plans if plan.lock_command]
    if not commands:
        return "resolve each,"
    paths = [path for plan in plans for path in plan.conflicts]
    choose = "" if all(map(lock.is_lock_file, paths)) else "resolve each except lock files, then "
    if len(outcomes) > 1:
        return f"{choose}run each project's lock command,"
    return f"{choose}write the lock file again: {commands[0]};"


def _checked(job: _Job, manifest: Manifest, options: UpdateOptions) -> Outcome:
    before, after = update.versions(job.directory, manifest, options.to)
    answers = recorded(job.directory).answers
    differs = any(answers.get(name) != value for name, value in job.data.items())
    behind = differs or releases.is_behind(manifest, before, after)
    return Outcome(job.directory, "behind" if behind else "up to date", before, after)
