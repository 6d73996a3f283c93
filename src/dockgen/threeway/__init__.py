"""Turn three states (base, ours, new) into changes, and apply or undo them.

The callers that make the three states know templates, releases or starters; this package doesn't.
"""

import itertools
import os
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from dockgen import git
from dockgen.errors import DockgenError, ProjectError
from dockgen.git import worktree
from dockgen.git.tree import EXECUTABLE, SYMLINK, File, Tree
from dockgen.git.worktree import Worktree
from dockgen.inside import Folder, Inside, Saved
from dockgen.threeway import journal, merge, plain
from dockgen.threeway.journal import Entry, Replacement
from dockgen.threeway.merge import Change, States, Status

# Suffix of the template's version beside a file of the user's that git doesn't track.
OFFERED = ".dockgen-new"
# In the journal, the titles of `dockgen add` begin with this.
ADDED = "add "
_MARKERS = (b"<<<<<<< ", b">>>>>>> ")

_Place = TypeVar("_Place", bound=journal.Place)


class Mode(StrEnum):
    """What to do with a project or starter."""

    UPDATE = "update"
    CHECK = "check"
    DRY_RUN = "dry-run"
    UNDO = "undo"


@dataclass(frozen=True)
class Plan:
    """What to do to a project or starter: each file's change, and all of it as a diff.

    ``before`` and ``after`` are versions of the template. Without ``changes``, there is nothing to
    do. ``lock_command`` writes the project's lock files; it is "" if they are up to date.
    ``at_root`` are files that belong at the root of the repository, by their path there: they
    aren't written.
    """

    directory: Path
    before: str
    after: str
    changes: Sequence[Change]
    diff: str
    lock_command: str = ""
    at_root: Mapping[str, File] = field(default_factory=dict)

    @property
    def conflicts(self) -> list[str]:
        """The files in conflict."""
        return [change.path for change in self.changes if change.status is Status.CONFLICT]

    @property
    def writes(self) -> bool:
        """Whether any file is written or deleted."""
        return any(change.before != change.after for change in self.changes)


@dataclass(frozen=True)
class Outcome:
    """The result for one project or starter.

    ``result`` is "up to date", "updated", "conflicts", "behind", "undone" or "failed"; for a dry
    run, it is what the result would be. ``before`` and ``after`` are versions of the template, or
    "" if unknown.
    """

    directory: Path
    result: str
    before: str = ""
    after: str = ""
    plan: Plan | None = None
    error: DockgenError | None = None
    detail: str = ""

    @property
    def summary(self) -> str:
        """The outcome in one line."""
        if self.error is not None:
            return f"failed: {self.error.message}"
        if self.result == "undone":
            again = not self.detail.startswith(journal.UNDO)
            return f"{'redone' if again else 'undone'} ({self.detail.removeprefix(journal.UNDO)})"
        if self.result == "up to date":
            return f"up to date ({self.before})"
        steps = f"{self.before} → {self.after}" if self.before != self.after else self.before
        return f"{self.result} ({steps})"


def compare(
    place: Worktree,
    repository: Path,
    ours: str,
    states: States,
    versions: tuple[str, str],
    *,
    made: Tree | None = None,
    answers_file: str = "",
    unmanaged: Collection[str] = (),
    keep_pins: bool = True,
) -> Plan:
    """Plan what follows from three states. Nothing in the user's folder is written.

    Args:
        place: the project or starter.
        repository: a repository of dockgen's own that holds ``ours``.
        ours: the git id of the tree that the diff starts from.
        states: the states.
        versions: the template's before and after.
        made: all files of the old template, if there are more than can be merged.
        answers_file: as for `merge.changes`.
        unmanaged: as for `merge.changes`.
        keep_pins: as for `merge.changes`.
    """
    found = merge.changes(states, answers_file, unmanaged=unmanaged, keep_pins=keep_pins)
    found = _spare_untracked(place.directory, found, states.base if made is None else made)
    return Plan(place.directory, *versions, found, diff(repository, ours, found))


def undo(directory: Path) -> Outcome:
    """Undo the last update or bump of a project or starter.

    Raises:
        ProjectError: there is none, or a file that it wrote has changed since.
    """
    place = worktree.find(directory)
    with journal.locked(place):
        made = journal.last(place)
        if made is not None and made.title.removeprefix(journal.UNDO).startswith(ADDED):
            raise ProjectError(
                f"{directory}: the last command here was dockgen add, not an update",
                "dockgen add --undo",
            )
        return Outcome(directory, "undone", detail=journal.undo(place).title)


def carry_out(
    place: _Place,
    mode: Mode,
    plan: Callable[[_Place], Plan],
    entry: Callable[[_Place, Plan], Entry],
) -> Outcome:
    """Plan and apply changes to a project or starter; a dry run only plans.

    Args:
        place: the project or starter.
        mode: to UPDATE or DRY_RUN.
        plan: makes the plan, while no other dockgen runs there.
        entry: returns what a plan replaces: `entry` for committed files.

    Raises:
        DockgenError: ``plan`` raised it, or a file can't be written.
    """
    if mode is Mode.DRY_RUN:
        planned = plan(place)
        return _outcome(planned, "would update" if planned.writes else "up to date")
    with journal.locked(place):
        # Plan after the lock is held: it may have rolled back an interrupted update.
        planned = plan(place)
        if not planned.writes:
            return _outcome(planned, "up to date")
        journal.replace(place, entry(place, planned))
        return _outcome(planned, "conflicts" if planned.conflicts else "updated")


def _outcome(planned: Plan, result: str) -> Outcome:
    return Outcome(planned.directory, result, planned.before, planned.after, planned)


def entry(place: Worktree, planned: Plan) -> Entry:
    """Return what `journal.replace` has to replace; only git objects are written so far.

    Raises:
        ProjectError: a file has changed since the plan was made.
    """
    files, stages = [], b""
    place.require_seen(change.path for change in planned.changes if _writes(change))
    for change in planned.changes:
        if not _writes(change):
            continue
        before = place.folder.look(Inside.of(change.path))
        # The plan was made for the committed file.
        if (before is None) != (change.before is None):
            raise ProjectError(
                f"{place.directory / change.path} changed in the meantime; nothing was written",
                "run the same command again",
            )
        content = place.smudged(change.path, change.after) if change.after else b""
        files.append(Replacement(change.path, before, saved(change, before, content)))
        stages += place.conflict_entries(change.path, change.stages)
    # The plan was made for committed files: nothing may have changed since.
    place.require_clean()
    return Entry(
        title=f"{planned.before} → {planned.after}",
        head=place.head,
        files=files,
        index_paths=planned.conflicts,
        index_before=place.entries(planned.conflicts),
        index_after=stages,
    )


def _writes(change: Change) -> bool:
    return change.before != change.after or bool(change.stages)


def saved(change: Change, before: Saved | None, content: bytes) -> Saved | None:
    """Return the file to write to disk.

    Args:
        change: what to do to it.
        before: the file on disk.
        content: its bytes, unless it is a link.
    """
    file = change.after
    if file is None:
        return None
    if file.mode == SYMLINK:
        return Saved(file.content, 0o777, link=True, owner=before.owner if before else None)
    if before is None or before.link:
        mask = os.umask(0)
        os.umask(mask)
        permissions = (0o777 if file.mode == EXECUTABLE else 0o666) & ~mask
    else:
        permissions = before.permissions
        if change.before is None or file.mode != change.before.mode:
            # Like git: executable by all who can read it, or not at all.
            permissions &= 0o666
            permissions |= (permissions & 0o444) >> 2 if file.mode == EXECUTABLE else 0
    return Saved(content, permissions, owner=before.owner if before else None)


def _spare_untracked(directory: Path, changes: Sequence[Change], base: Tree) -> tuple[Change, ...]:
    """Don't overwrite untracked files, which git could not restore; write the template's beside."""
    result = []
    for change in changes:
        offered = change.after or change.offered
        if change.before is not None or offered is None:
            result.append(change)
            continue
        on_disk = Folder(directory).look(Inside.of(change.path))
        if on_disk is None:
            result.append(change)
            continue
        made = base.get(change.path)
        is_same = not on_disk.link and on_disk.content == offered.content
        if is_same or offered == made:
            result.append(Change(change.path, Status.UNCHANGED, None, None))
            continue
        if made is not None and not on_disk.link and on_disk.content == made.content:
            result.append(Change(change.path, Status.CLEAN, made, offered))
            continue
        beside = free_name(directory, change.path + OFFERED, offered)
        words = f"not tracked by git; the template's version is in {beside}"
        result.append(Change(change.path, Status.YOURS, None, None, words))
        if Folder(directory).look(Inside.of(beside)) is None:
            result.append(Change(beside, Status.CLEAN, None, offered, "compare, then delete it"))
    return tuple(result)


def free_name(directory: Path, name: str, offered: File) -> str:
    """Return the name, or one with a number, that is free or already has the offered content."""
    for number in itertools.count(2):
        found = Folder(directory).look(Inside.of(name))
        if found is None or (found.content == offered.content and not found.link):
            return name
        name = f"{name.partition(OFFERED)[0]}{OFFERED}-{number}"
    raise AssertionError(name)  # the counter never ends


def obstacle(directory: Path, path: str, submodules: Collection[str]) -> Path | None:
    """Return the file, link or repository in place of a parent folder of ``path``, or None.

    Args:
        directory: the project or starter.
        path: the file to write, relative to its directory.
        submodules: the paths of its submodules, relative to it as well.
    """
    for parent in map(str, Path(path).parents[:-1]):
        folder = directory / parent
        is_other = folder.is_symlink() or (folder.exists() and not folder.is_dir())
        if is_other or parent in submodules:
            return folder
    return None


def unfinished(ours: Tree, new: Tree) -> list[str]:
    """Return the template's files with conflict markers that don't come from the template."""
    return [
        path
        for path in sorted(new.keys() & ours.keys())
        if ours[path] != new[path]
        and all(
            any(line.startswith(mark) for line in ours[path].content.splitlines())
            for mark in _MARKERS
        )
    ]


def diff(repository: Path, before: str, changes: Sequence[Change]) -> str:
    """Return the changes as a git diff."""
    index = {"GIT_INDEX_FILE": str(repository / "dockgen-diff.index")}
    git.run("read-tree", before, repository=repository, environment=index)
    for change in changes:
        if change.before == change.after:
            continue
        if change.after is None:
            lines = b"0 " + b"0" * len(before)
        else:
            blob = git.run_bytes(
                "hash-object", "-w", "--no-filters", "--stdin",
                repository=repository, stdin=change.after.content,
            )  # fmt: skip
            lines = f"{change.after.mode} ".encode() + blob.strip()
        git.run_bytes(
            "update-index", "-z", "--index-info",
            repository=repository, environment=index,
            stdin=lines + b"\t" + os.fsencode(change.path) + b"\0",
        )  # fmt: skip
    shown = git.run_bytes(
        "diff", "--cached", "-M", before, repository=repository, environment=index
    )
    return shown.decode(errors="replace")


def require_whole(directory: Path) -> None:
    """Roll back an interrupted update in ``directory``, if there is one.

    git is started only if there is one: the git settings of a downloaded project may start
    programs.

    Raises:
        ProjectError: an update is running on it, or its files can't be restored.
    """
    try:
        home = plain.journal_of(directory)
    except ProjectError:
        return  # no update would have begun in such a folder
    if not journal.is_unfinished(home):
        return
    try:
        place = plain.find(directory)
    except ProjectError as error:
        raise ProjectError(
            f"an update of {directory} was interrupted, and can't be undone: {error.message}",
            f"if you started none here, delete it: rm -r {home.path}",
        ) from error
    with journal.locked(place):
        pass
