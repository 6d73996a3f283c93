"""Three ways: base, ours and new become changes, and those are applied, or undone.

What makes the three states knows templates, releases or starters; nothing in here does.
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

# Beside a file of the user's that git doesn't track: the template's version of it.
OFFERED = ".dockgen-new"
# What the title of `dockgen add` begins with, in the journal.
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
    """What is done to a project or starter: each file's change, and all of it as a diff.

    ``before`` and ``after`` are versions of the template. Without ``changes`` there is nothing to
    do. ``lock_command`` writes the project's lock files, and is "" where they are as they
    should be. ``at_root`` are files that belong to the root of the repository, further up, by their
    path there: they aren't written.
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
        """Whether a file is written or deleted."""
        return any(change.before != change.after for change in self.changes)


@dataclass(frozen=True)
class Outcome:
    """What became of a project or starter.

    ``result`` is "up to date", "updated", "conflicts", "behind", "undone" or "failed", and of a dry
    run what it would be; ``before`` and ``after`` are versions of the template, "" if unknown.
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
        """The outcome in a line."""
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
    """What follows from three states, as a plan. Nothing of the user's is written.

    Args:
        place: the project or starter.
        repository: a repository of dockgen's own that holds ``ours``.
        ours: git's name of the tree that the diff starts from.
        states: the states.
        versions: the template's before and after.
        made: all that the old template makes, if that is more than what can be merged.
        answers_file: as for `merge.changes`.
        unmanaged: the same.
        keep_pins: the same.
    """
    found = merge.changes(states, answers_file, unmanaged=unmanaged, keep_pins=keep_pins)
    found = _spare_untracked(place.directory, found, states.base if made is None else made)
    return Plan(place.directory, *versions, found, diff(repository, ours, found))


def undo(directory: Path) -> Outcome:
    """Take the last update or bump of a project or starter back.

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
    """Do what is planned for a project or starter; a dry run only plans.

    Args:
        place: the project or starter.
        mode: to UPDATE or DRY_RUN.
        plan: makes the plan, when no other dockgen is running there.
        entry: says what is replaced for a plan: `entry` for committed files.

    Raises:
        DockgenError: what ``plan`` raises, or a file can't be written.
    """
    if mode is Mode.DRY_RUN:
        planned = plan(place)
        return _outcome(planned, "would update" if planned.writes else "up to date")
    with journal.locked(place):
        # A killed update was taken back just now, so all is read afresh.
        planned = plan(place)
        if not planned.writes:
            return _outcome(planned, "up to date")
        journal.replace(place, entry(place, planned))
        return _outcome(planned, "conflicts" if planned.conflicts else "updated")


def _outcome(planned: Plan, result: str) -> Outcome:
    return Outcome(planned.directory, result, planned.before, planned.after, planned)


def entry(place: Worktree, planned: Plan) -> Entry:
    """What is to be replaced, for `journal.replace`; of the user's, only objects of git are new.

    Raises:
        ProjectError: a file changed since it was planned for.
    """
    files, stages = [], b""
    place.require_seen(change.path for change in planned.changes if _writes(change))
    for change in planned.changes:
        if not _writes(change):
            continue
        before = place.folder.look(Inside.of(change.path))
        # What was planned was planned for the committed file.
        if (before is None) != (change.before is None):
            raise ProjectError(
                f"{place.directory / change.path} changed in the meantime; nothing was written",
                "run the same command again",
            )
        content = place.smudged(change.path, change.after) if change.after else b""
        files.append(Replacement(change.path, before, saved(change, before, content)))
        stages += place.conflict_entries(change.path, change.stages)
    # Committed files are what was planned for: nothing may have changed since.
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
    """The file that is to be on the disk.

    Args:
        change: what is done to it.
        before: what is there.
        content: its bytes, if it isn't a link.
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
            # Like git: executable for all who can read it, or for none.
            permissions &= 0o666
            permissions |= (permissions & 0o444) >> 2 if file.mode == EXECUTABLE else 0
    return Saved(content, permissions, owner=before.owner if before else None)


def _spare_untracked(directory: Path, changes: Sequence[Change], base: Tree) -> tuple[Change, ...]:
    """Put the template's version beside a file that git doesn't know, and could not bring back."""
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
    """The name, or one with a number, that nothing has or just what is offered."""
    for number in itertools.count(2):
        found = Folder(directory).look(Inside.of(name))
        if found is None or (found.content == offered.content and not found.link):
            return name
        name = f"{name.partition(OFFERED)[0]}{OFFERED}-{number}"
    raise AssertionError(name)  # counting has no end


def obstacle(directory: Path, path: str, submodules: Collection[str]) -> Path | None:
    """The file, link or repository in place of a folder of ``path``; None if there is none.

    Args:
        directory: the project or starter.
        path: of a file to write, relative to its directory.
        submodules: the paths of its submodules, relative to it as well.
    """
    for parent in map(str, Path(path).parents[:-1]):
        folder = directory / parent
        is_other = folder.is_symlink() or (folder.exists() and not folder.is_dir())
        if is_other or parent in submodules:
            return folder
    return None


def unfinished(ours: Tree, new: Tree) -> list[str]:
    """The template's files that hold conflict markers which the template doesn't have."""
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
    """What the changes do, as git shows it."""
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
    """Take back what a killed update left half done in ``directory``, if anything.

    git is only started if there is something: a project that was downloaded may come with settings
    of git that start programs.

    Raises:
        ProjectError: an update is running on it, or what is there can't be taken back.
    """
    try:
        home = plain.journal_of(directory)
    except ProjectError:
        return  # in none that an update would have been begun in
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
