"""Place dockgen's files in a folder with existing files: each is kept, replaced or merged.

It compares three states: what the last run rendered (nothing, the first time), the folder on disk,
and what is rendered now. An existing file that dockgen didn't make is a clash, about which the user
decides. A kept file is listed in the answer `unmanaged`, so that no update touches it, and
dockgen's version is placed beside it as NAME.dockgen-new.

The folder may be in git or not, and may have uncommitted changes, but not in files that are to be
written. All files are written or none, and it can be undone.
"""

import difflib
import os
import posixpath
import tempfile
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from dockgen import git, threeway
from dockgen.errors import ProjectError, UsageError
from dockgen.git import tree
from dockgen.git.tree import SYMLINK, File, Tree
from dockgen.inside import Inside
from dockgen.threeway import Mode, Outcome, Plan, journal, merge, plain
from dockgen.threeway.journal import Entry, Replacement
from dockgen.threeway.merge import Change, States, Status
from dockgen.threeway.plain import Plain

# Read only at the root of a repository.
_AT_ROOT = (".github/", ".gitlab/", ".gitlab-ci.yml")
# `docker compose` reads the first of these that it finds.
COMPOSE = ("compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml")


class Decision(StrEnum):
    """What to do with an existing file that differs from dockgen's."""

    KEEP = "keep"
    REPLACE = "replace"
    MERGE = "merge"


@dataclass(frozen=True)
class Clash:
    """An existing file that differs from dockgen's.

    ``path`` is dockgen's file, and ``stands`` the existing one, whose name differs only for compose
    files. ``choices`` are the possible decisions, the default first.
    """

    path: str
    stands: str
    ours: File
    new: File
    choices: tuple[Decision, ...]

    @property
    def diff(self) -> str:
        """What replacing it would change, as a diff."""
        before, after = (
            file.content.decode(errors="replace").splitlines(keepends=True)
            for file in (self.ours, self.new)
        )
        lines = difflib.unified_diff(before, after, self.stands, self.path)
        return "".join(line if line.endswith("\n") else f"{line}\n" for line in lines)


@dataclass(frozen=True)
class Choices:
    """Decisions by glob patterns of paths; ``ask`` is called for all other files.

    Without ``ask``, a file that dockgen didn't make is kept; one that it made and someone edited is
    merged, as by an update.
    """

    keep: Sequence[str] = ()
    replace: Sequence[str] = ()
    merge: Sequence[str] = ()
    ask: Callable[[Clash], Decision] | None = None

    def of(self, clash: Clash) -> Decision:
        """Return the decision about one file: by its name, by a pattern if possible, or by asking.

        Raises:
            UsageError: it isn't possible, or there are two.
        """
        paths = {clash.path, clash.stands}
        named = self._given(lambda pattern: pattern in paths)
        matching = self._given(lambda pattern: any(fnmatchcase(path, pattern) for path in paths))
        given = named or matching & {*clash.choices}
        if len(given) > 1:
            raise UsageError(
                f"{clash.stands}: {' and '.join(f'--{one}' for one in sorted(given))} can't be"
                " used together",
                "use only one of them",
            )
        for decision in given:
            if decision not in clash.choices:
                raise UsageError(
                    f"{clash.stands} can't be merged: "
                    + (
                        "two compose files can't be combined"
                        if posixpath.basename(clash.path) in COMPOSE
                        else "it is a link, or not text"
                    ),
                    f"--keep {clash.stands}, or --replace {clash.stands}",
                )
            return decision
        return self.ask(clash) if self.ask else clash.choices[0]

    def takes(self, path: str) -> bool:
        """Return whether a file that was kept so far is now to be replaced or merged."""
        return path in (*self.replace, *self.merge)

    def _given(self, is_meant: Callable[[str], bool]) -> set[Decision]:
        return {
            decision
            for decision, patterns in (
                (Decision.KEEP, self.keep),
                (Decision.REPLACE, self.replace),
                (Decision.MERGE, self.merge),
            )
            if any(map(is_meant, patterns))
        }


@dataclass(frozen=True)
class Rendered:
    """What to place.

    ``render`` makes all files except those that the folder keeps, which it is given; the one at
    ``answers_file`` records them. ``version`` is the template's, and ``unmanaged`` what the folder
    keeps so far. ``base`` is what the last run rendered with the same ``names``, at the version
    ``before``; it is empty the first time. ``names`` maps files to other names, such as
    Dockerfile.dockerignore for .dockerignore if the build context is a parent folder.
    """

    render: Callable[[Sequence[str]], Tree]
    version: str
    answers_file: str
    unmanaged: Sequence[str] = ()
    base: Tree = field(default_factory=dict)
    before: str = ""
    names: Mapping[str, str] = field(default_factory=dict)

    def made(self, unmanaged: Sequence[str]) -> dict[str, File]:
        """Return the files under their final names."""
        files = self.render(unmanaged)
        return {self.names.get(path, path): file for path, file in files.items()}


def place(
    directory: Path, rendered: Callable[[], Rendered], choices: Choices, mode: Mode
) -> Outcome:
    """Place files in a folder, all or nothing; a dry run only plans.

    Args:
        directory: the folder.
        rendered: returns what to place, while no other dockgen runs there.
        choices: what to do with existing files.
        mode: to UPDATE or DRY_RUN.

    Raises:
        UsageError: a decision isn't possible, or is about a file that isn't dockgen's.
        ProjectError: something is in the way, or can't be written.
    """
    threeway.require_whole(directory)
    found = plain.find(directory)
    outcome = threeway.carry_out(found, mode, lambda at: plan(at, rendered(), choices), entry)
    words = {"updated": "added", "would update": "would add"}
    return replace(outcome, result=words.get(outcome.result, outcome.result))


def undo(directory: Path) -> Outcome:
    """Undo the last `place` in a folder; a second undo makes it again.

    Raises:
        ProjectError: the last change there was another one, or a file has changed since.
    """
    threeway.require_whole(directory)
    found = plain.find(directory)
    with journal.locked(found):
        made = journal.last(found)
        if made is None or not made.title.removeprefix(journal.UNDO).startswith(threeway.ADDED):
            raise ProjectError(
                f"{directory}: nothing to undo: dockgen add wasn't the last command here",
                "dockgen update --undo" if made else "see what was done: git log --oneline",
            )
        return Outcome(directory, "undone", detail=journal.undo(found).title)


def plan(at: Plain, rendered: Rendered, choices: Choices) -> Plan:
    """Plan what to do with each file. Nothing is written.

    Raises:
        UsageError: a decision isn't possible, or is about a file that isn't dockgen's.
        ProjectError: something is in the way.
    """
    unmanaged = [path for path in rendered.unmanaged if not choices.takes(path)]
    new, at_root = _apart(at, rendered.made(unmanaged))
    _require_room(at, new)
    ours = {path: file for path in {*rendered.base, *new} if (file := at.look(path)) is not None}
    decided = {
        path: (clash, choices.of(clash))
        for path, clash in _clashes(at, rendered, ours, new).items()
    }
    _require_known(choices, [clash for clash, _ in decided.values()], new)
    kept = [path for path, (_, decision) in decided.items() if decision is Decision.KEEP]
    if kept:
        new, at_root = _apart(at, rendered.made([*unmanaged, *kept]))
    states = States(
        base={path: file for path, file in rendered.base.items() if path not in decided},
        ours={path: file for path, file in ours.items() if path not in decided},
        new={path: file for path, file in new.items() if path not in decided},
    )
    changes = {change.path: change for change in merge.changes(states, "")}
    if (answers := new.get(rendered.answers_file)) is not None:
        changes[rendered.answers_file] = _taken(
            rendered.answers_file, ours.get(rendered.answers_file), answers
        )
    for clash, decision in decided.values():
        for change in _carried_out(at, clash, decision, rendered.base.get(clash.path)):
            changes[change.path] = change
    written = {path: change for path, change in changes.items() if change.before != change.after}
    _require_no_work(at, written, rendered.base)
    for path in at.ignored([path for path, change in written.items() if change.before is None]):
        words = "ignored by git; to commit it: git add --force"
        changes[path] = replace(changes[path], note=changes[path].note or words)
    ordered = tuple(changes[path] for path in sorted(changes))
    before = rendered.before or rendered.version
    return Plan(at.directory, before, rendered.version, ordered, _diff(ordered), at_root=at_root)


def _apart(at: Plain, files: Tree) -> tuple[dict[str, File], dict[str, File]]:
    """Return the files of the folder, and those that belong at the root of its repository."""
    root = _AT_ROOT if at.around is not None and at.around.prefix else ()
    return (
        {path: file for path, file in files.items() if not path.startswith(root)},
        {path: file for path, file in files.items() if path.startswith(root)},
    )


def _clashes(at: Plain, rendered: Rendered, ours: Tree, new: Tree) -> dict[str, Clash]:
    """Return the files that differ on both sides, except those that only dockgen changed."""
    found = {}
    for path, file in new.items():
        if path == rendered.answers_file:
            continue
        base, stands = rendered.base.get(path), path
        there = ours.get(path)
        if there is None and base is None:
            stands, there = _other_compose_file(at, path)
        if there is None or base in (there, file) or (there == file and stands == path):
            continue
        found[path] = Clash(path, stands, there, file, _possible(path, base, there, file))
    return found


def _other_compose_file(at: Plain, path: str) -> tuple[str, File | None]:
    """Return a compose file of another name, which dockgen's would replace."""
    folder, name = posixpath.split(path)
    for other in COMPOSE if name in COMPOSE else ():
        stands = posixpath.join(folder, other)
        if (there := at.look(stands)) is not None:
            return stands, there
    return path, None


def _possible(path: str, base: File | None, ours: File, new: File) -> tuple[Decision, ...]:
    is_text = SYMLINK not in (ours.mode, new.mode) and b"\0" not in ours.content + new.content
    if not is_text:
        return Decision.KEEP, Decision.REPLACE
    if base is not None:
        return Decision.MERGE, Decision.KEEP, Decision.REPLACE
    if posixpath.basename(path) in COMPOSE:
        return Decision.KEEP, Decision.REPLACE
    return Decision.KEEP, Decision.REPLACE, Decision.MERGE


def _carried_out(
    at: Plain, clash: Clash, decision: Decision, base: File | None
) -> tuple[Change, ...]:
    if decision is Decision.KEEP:
        beside = threeway.free_name(at.directory, clash.path + threeway.OFFERED, clash.new)
        words = f"kept; dockgen's version is in {beside}"
        kept = Change(clash.stands, Status.YOURS, clash.ours, clash.ours, words)
        there = at.look(beside)
        status = Status.CLEAN if there is None else Status.UNCHANGED
        return kept, Change(beside, status, there, clash.new, "compare, then delete it")
    # Offered by the run that kept it.
    beside = clash.path + threeway.OFFERED
    offered = at.look(beside)
    rest = [Change(beside, Status.DELETED, offered, None)] if offered == clash.new else []
    if decision is Decision.REPLACE:
        words = "" if clash.stands == clash.path else f"read instead of {clash.stands}"
        before = clash.ours if clash.stands == clash.path else None
        return (Change(clash.path, Status.CLEAN, before, clash.new, words), *rest)
    options: dict[str, Any] = {}
    if base is None:
        # Ignore lists are combined.
        union = clash.path.endswith("ignore")
        options = {"union": union, "labels": ("yours", "nothing", "dockgen's")}
    merged = merge.three_way(clash.path, base, clash.ours, clash.new, **options)
    return (replace(merged, stages={}), *rest)


def _taken(path: str, ours: File | None, new: File) -> Change:
    return Change(path, Status.UNCHANGED if ours == new else Status.CLEAN, ours, new)


def _require_room(at: Plain, new: Collection[str]) -> None:
    """Check that no file is in place of a folder, nor the other way round."""
    for path in new:
        nested = [
            parent.as_posix()
            for parent in Path(path).parents[:-1]
            if os.path.lexists(at.directory / parent / ".git")
        ]
        if folder := threeway.obstacle(at.directory, path, nested):
            raise ProjectError(
                f"{folder} is in the way: dockgen has a folder with that name",
                "move it away, then run the same command again",
            )
        if at.folder.is_folder(Inside.of(path)):
            raise ProjectError(
                f"{at.directory / path} is in the way: dockgen has a file with that name",
                "move it away, then run the same command again",
            )


def _require_known(choices: Choices, clashes: Sequence[Clash], new: Collection[str]) -> None:
    """Check that each decision is about a file of dockgen's, or one in its place."""
    paths = [*new, *(clash.stands for clash in clashes)]
    for decision, patterns in (
        (Decision.KEEP, choices.keep),
        (Decision.REPLACE, choices.replace),
        (Decision.MERGE, choices.merge),
    ):
        for pattern in patterns:
            if not any(fnmatchcase(path, pattern) for path in paths):
                there = ", ".join(dict.fromkeys(clash.stands for clash in clashes))
                raise UsageError(
                    f"--{decision} {pattern}: dockgen doesn't write this file",
                    f"files to decide on: {there}" if there else f"leave --{decision} out",
                )


def _require_no_work(at: Plain, written: Mapping[str, Change], base: Tree) -> None:
    """Check that no changes would be overwritten that git could not restore."""
    if at.index is not None:
        at.index.require_seen(written)
    # A file that is still as dockgen wrote it has no user's changes, committed or not.
    changed = at.changed(
        path for path, change in written.items() if change.before != base.get(path)
    )
    # An uncommitted deletion is a change, too.
    changed |= at.changed(path for path, change in written.items() if change.before is None)
    if changed:
        names = ", ".join(sorted(changed))
        raise ProjectError(
            f"{at.directory} has uncommitted changes in files that dockgen would write: {names}",
            "commit them, stash them (git stash), or keep the file: --keep FILE",
        )


def _diff(changes: Sequence[Change]) -> str:
    """Return the changes as a git diff."""
    with tempfile.TemporaryDirectory(prefix="dockgen-", ignore_cleanup_errors=True) as name:
        repository = Path(name)
        git.run("init", "--quiet", "--bare", ".", cwd=repository)
        before = {change.path: change.before for change in changes if change.before is not None}
        return threeway.diff(repository, tree.make(repository, before), changes)


def entry(at: Plain, planned: Plan) -> Entry:
    """Return what `journal.replace` has to replace.

    Raises:
        ProjectError: a file has changed since the plan was made.
    """
    files = []
    for change in planned.changes:
        if change.before == change.after:
            continue
        if at.look(change.path) != change.before:
            raise ProjectError(
                f"{at.directory / change.path} changed in the meantime; nothing was written",
                "run the same command again",
            )
        before = at.folder.look(Inside.of(change.path))
        content = change.after.content if change.after else b""
        files.append(Replacement(change.path, before, threeway.saved(change, before, content)))
    return Entry(f"{threeway.ADDED}{planned.after}", at.head, files, (), b"", b"")
