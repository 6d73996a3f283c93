"""The next commands to type after each command."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dockgen.shell import quoted, short

if TYPE_CHECKING:
    from dockgen.add import Addition
    from dockgen.matrix import Workload
    from dockgen.starter import Made
    from dockgen.threeway import Plan

# How to register a starter, if there is none.
REGISTER = "dockgen starter add NAME URL"

_COMMIT = "git add --all . && git commit"
_START = {
    "service": "docker compose up --build --wait",
    "worker": "docker compose up --build --wait",
    "job": "docker compose up --build --exit-code-from app",
}


def after_new(
    directory: Path, written: Path, answers: Mapping[str, Any], kind: "Workload"
) -> tuple[str, ...]:
    """Return the commands to start a new project; ``written`` is where its files are right now."""
    from dockgen import lock

    first = (lock.command(answers),) if lock.is_missing(written, answers) else ()
    return (f"cd {quoted(short(directory))}", *first, _START[kind])


def after_update(plan: "Plan") -> tuple[str, ...]:
    """Return the commands to review an update, prove it and commit it."""
    lock = (plan.lock_command,) if plan.lock_command else ()
    return (*_enter(plan.directory), *lock, "git diff", "dockgen check", _COMMIT)


def after_addition(made: "Addition") -> tuple[str, ...]:
    """Return the commands to start and commit the container files of a repository."""
    if made.outcome is None or made.outcome.plan is None:
        return ()
    kept = [change.path for change in made.outcome.plan.changes if change.status == "yours"]
    if "Dockerfile" in kept:  # compose would build the Dockerfile that was there before
        files = " ".join(f"--replace {quoted(path)}" for path in kept)
        return (*_enter(made.directory), "diff Dockerfile*", f"dockgen add {files}")
    required = made.answers["existing"].get("required") or ()
    settings = tuple(f"echo {name}=VALUE >>.env" for name in required)
    proof = () if made.trials else ("dockgen check",)
    start = _START[str(made.answers["kind"])]
    return (*_enter(made.directory), *settings, start, *proof, *_commit(made.outcome.plan))


def _commit(plan: "Plan") -> tuple[str, ...]:
    """Return the command that commits only the written files; nothing without git."""
    from dockgen.git import gitfolder
    from dockgen.threeway import OFFERED

    if gitfolder.find(plan.directory) is None:
        return ()
    written = [
        change.path
        for change in plan.changes
        if change.after not in (None, change.before) and not change.path.endswith(OFFERED)
    ]
    return (f"git add {' '.join(map(quoted, written))} && git commit",)


def after_bump(plan: "Plan") -> tuple[str, ...]:
    """Return the same commands for a starter after a bump."""
    return (*_enter(plan.directory), "git diff", "dockgen starter test", _COMMIT)


def lock_anew(plan: "Plan") -> str:
    """Return the command to update the lock files of one of many projects, or ""."""
    enter = f"cd {quoted(short(plan.directory))}"
    return f"{enter} && {plan.lock_command}" if plan.lock_command else ""


def after_init(made: "Made") -> tuple[str, ...]:
    """Return the commands to edit a new starter, test it, publish it and use it."""
    release = "git tag --annotate v1.0.0 --message v1.0.0"
    return (
        f"cd {quoted(short(made.directory))}",
        *(() if made.committed else (f'git add --all . && git commit --message "{made.message}"',)),
        f"$EDITOR templates/{made.settings.languages[0]}/project/Dockerfile.jinja",
        "dockgen starter test",
        f"git add --all && git commit && {release}",
        *(() if made.inside else ("git remote add origin URL",)),
        "git push --follow-tags origin main",
        f"dockgen starter add {made.settings.name} URL",
    )


def after_add(starter: str) -> tuple[str, ...]:
    """Return the command to use a starter."""
    return (f"dockgen new --starter {starter} my-app",)


def after_bake(directory: Path) -> tuple[str, ...]:
    """Return the command to build what was written for bake."""
    return (f"cd {quoted(short(directory))} && docker buildx bake",)


def _enter(directory: Path) -> Sequence[str]:
    folder = short(directory)
    return [] if folder == "." else [f"cd {quoted(folder)}"]
