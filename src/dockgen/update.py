"""The update of one project: what it would do, and doing it.

copier works in a clone of its own; the user's folder is only read until all is known.
"""

import os
import tempfile
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from packaging.version import InvalidVersion, Version
from pathspec import GitIgnoreSpec

from dockgen import git, journal, merge, project, template, tree, worktree
from dockgen.bundle import Manifest
from dockgen.errors import ProjectError, UsageError
from dockgen.journal import Entry, Replacement, Saved
from dockgen.merge import Change, States, Status
from dockgen.project import ANSWERS
from dockgen.tree import EXECUTABLE, SYMLINK, File
from dockgen.worktree import Worktree

# Beside a file of the user's that git doesn't track: the template's version of it.
OFFERED = ".dockgen-new"
_MARKERS = (b"<<<<<<< ", b">>>>>>> ")


@dataclass(frozen=True)
class Plan:
    """What an update does to a project: each file's change, and all of it as a diff.

    ``before`` and ``after`` are versions of the template. Without ``changes`` there is nothing to
    do.
    """

    directory: Path
    before: str
    after: str
    changes: Sequence[Change]
    diff: str

    @property
    def conflicts(self) -> list[str]:
        """The files in conflict."""
        return [change.path for change in self.changes if change.status is Status.CONFLICT]

    @property
    def writes(self) -> bool:
        """Whether a file is written or deleted."""
        return any(change.before != change.after for change in self.changes)


def versions(directory: Path, manifest: Manifest, to: str | None) -> tuple[str, str]:
    """The template's version in the project, and the one to bring it to.

    Args:
        directory: the project.
        manifest: the releases at hand.
        to: a release; None for the newest.

    Raises:
        ProjectError: the project is none of dockgen's, or of a version that isn't at hand.
        UsageError: there is no release ``to``, or it is older than the project's.
    """
    recorded = project.recorded(directory)
    if recorded.url not in (manifest.url, *manifest.former_urls):
        raise ProjectError(
            f"{directory} was made from another template: {recorded.url:.80}",
            f"update it with: copier update {directory}",
        )
    releases = [release.version for release in manifest.releases]
    target = releases[-1] if to is None else to if to.startswith("v") else f"v{to}"
    if target not in releases:
        raise UsageError(
            f"there is no release {target} of the templates in this dockgen",
            f"releases: {', '.join(releases)}",
        )
    if recorded.version not in releases:
        raise _unknown(directory, recorded.version, releases)
    if releases.index(target) < releases.index(recorded.version):
        raise UsageError(
            f"{directory} is at {recorded.version}, newer than {target}: there is no way back",
            "take an update back with: dockgen update --undo",
        )
    return recorded.version, target


def is_behind(manifest: Manifest, before: str, after: str) -> bool:
    """Whether the templates of two versions differ; a release may change the program alone."""
    trees = {release.version: release.tree for release in manifest.releases}
    return trees[before] != trees[after]


def plan(
    place: Worktree,
    manifest: Manifest,
    to: str | None,
    data: Mapping[str, Any],
    *,
    keep_pins: bool = True,
) -> Plan:
    """Find out what an update does, within `template.offline`. Nothing of the user's is written.

    Args:
        place: the project.
        manifest: the releases at hand.
        to: the release to update to; None for the newest.
        data: answers that change.
        keep_pins: whether base image versions that the user moved on are kept.

    Raises:
        ProjectError: the project's state doesn't allow an update.
        UsageError: an answer is not allowed, or ``to`` is no release to update to.
    """
    before, after = versions(place.directory, manifest, to)
    place.require_settled()
    place.require_clean()
    recorded = project.recorded(place.directory)
    data = {name: value for name, value in data.items() if recorded.answers.get(name) != value}
    if not data and not is_behind(manifest, before, after):
        return Plan(place.directory, before, after, (), "")
    with tempfile.TemporaryDirectory(prefix="dockgen-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        base, new = (folder / part / place.directory.name for part in ("base", "new"))
        template.render_version(manifest, before, base, recorded.answers)
        try:
            template.render_version(manifest, after, new, {**recorded.answers, **data})
        except UsageError as error:
            raise UsageError(
                f"{place.directory}: {error.message}",
                "choose an answer with: dockgen update --data QUESTION=ANSWER",
            ) from error
        clone = _clone(place, folder / "ours" / place.directory.name)
        repository = clone / ".git"
        ours_id = git.run("rev-parse", "HEAD^{tree}", cwd=clone)
        base_id, new_id = tree.store(repository, base), tree.store(repository, new)
        ours, theirs = tree.read(repository, ours_id), tree.read(repository, new_id)
        _require_room(place.directory, ours, theirs)
        _require_merged(place.directory, ours, theirs)
        _complete_answers(clone, manifest.url, project.recorded(new).answers)
        template.update(after, clone, data)
        rendered = tree.read(repository, base_id)
        # What git ignores was never committed, so that it isn't there says nothing.
        unknown = place.ignored(rendered.keys() - ours.keys())
        states = States(
            base={path: file for path, file in rendered.items() if path not in unknown},
            ours=ours,
            new=theirs,
            merged=tree.read(repository, tree.store(repository, clone)),
            conflicts=_conflicts(clone),
            template_renames=tree.renames(repository, base_id, new_id),
            own_renames=tree.renames(repository, base_id, ours_id),
        )
        found = merge.changes(
            states,
            ANSWERS,
            unmanaged=_unmanaged(project.recorded(new).answers, base_paths=rendered),
            keep_pins=keep_pins,
        )
        found = _spare_untracked(place.directory, found, rendered)
        return Plan(place.directory, before, after, found, _diff(repository, ours_id, found))


def entry(place: Worktree, planned: Plan) -> Entry:
    """What is to be replaced, for `journal.replace`; of the user's, only objects of git are new.

    Raises:
        ProjectError: a file changed since it was planned for.
    """
    files, stages = [], b""
    for change in planned.changes:
        if change.before == change.after and not change.stages:
            continue
        before = journal.look(place.directory / change.path)
        # What was planned was planned for the committed file.
        if (before is None) != (change.before is None):
            raise ProjectError(
                f"{place.directory / change.path} changed meanwhile; nothing was written",
                "run the same command again",
            )
        files.append(Replacement(change.path, before, _saved(place, change, before)))
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


def _unknown(directory: Path, version: str, releases: Sequence[str]) -> ProjectError:
    newest = releases[-1]
    try:
        found = Version(version)
        if found > Version(newest):
            return ProjectError(
                f"{directory} is at {version} of the templates, this dockgen brings {newest}",
                "get a newer dockgen, for example with: pip install --upgrade dockgen",
            )
        older = [release for release in releases if Version(release) <= found]
    except InvalidVersion:
        older = []
    nearest = older[-1] if older else releases[0]
    return ProjectError(
        f"{directory} is at {version} of the templates, which is no release",
        f"set _commit in {ANSWERS} to the release before it ({nearest}), commit, and update",
    )


def _clone(place: Worktree, directory: Path) -> Path:
    """A repository of one commit: the project as it is committed, byte for byte as git has it."""
    directory.mkdir(parents=True)
    form = f"--object-format={place.object_format()}"
    git.run("init", "--quiet", form, "--initial-branch=main", ".", cwd=directory)
    information = directory / ".git" / "info"
    information.mkdir(exist_ok=True)
    # No conversion of line endings and no filter, whatever .gitattributes says.
    (information / "attributes").write_text("* -text -filter -ident\n", encoding="utf-8")
    borrowed = directory / ".git/objects/info/alternates"
    borrowed.write_bytes(os.fsencode(place.objects().resolve()) + b"\n")
    # A link could lead copier out of the clone: here it is a file with the link's target in it.
    git.run("config", "core.symlinks", "false", cwd=directory)
    listed = git.run_bytes("ls-tree", "-r", "-z", "--full-tree", place.tree, cwd=directory)
    entries = [line for line in listed.split(b"\0") if line and not line.startswith(b"160000 ")]
    git.run_bytes(
        "update-index", "-z", "--index-info",
        cwd=directory, stdin=b"".join(entry + b"\0" for entry in entries),
    )  # fmt: skip
    git.run("checkout-index", "--all", "--quiet", cwd=directory)
    return _commit(directory)


def _commit(clone: Path) -> Path:
    git.run("commit", "--quiet", "--allow-empty", "--no-verify", "-m", "project", cwd=clone)
    return clone


def _complete_answers(clone: Path, url: str, new_answers: Mapping[str, Any]) -> None:
    """Give the clone's answers file the template's present address, and younger questions' answers.

    copier renders the old version by the new one's rules of what to exclude, and those may name
    questions that the old answers lack.
    """
    path = clone / ANSWERS
    lines = [
        f"_src_path: {url}" if line.startswith("_src_path:") else line
        for line in path.read_text(encoding="utf-8").splitlines()
    ]
    known = project.recorded(clone).answers
    missing = {name: value for name, value in new_answers.items() if name not in known}
    added = yaml.safe_dump(missing, allow_unicode=True) if missing else ""
    path.write_text("\n".join([*lines, added]), encoding="utf-8")
    git.run("add", "--", ANSWERS, cwd=clone)
    _commit(clone)


def _unmanaged(answers: Mapping[str, Any], base_paths: Collection[str]) -> list[str]:
    """The template's files that the project keeps to itself, by the rules of .gitignore."""
    rules = GitIgnoreSpec.from_lines(f"/{path}" for path in answers.get("unmanaged") or ())
    return list(rules.match_files(base_paths))


def _require_room(directory: Path, ours: tree.Tree, new: tree.Tree) -> None:
    """Make sure that no file lies where the template has a folder, nor the other way round."""
    for path in new:
        for parent in map(str, Path(path).parents[:-1]):
            place = directory / parent
            if parent in ours or place.is_symlink() or (place.exists() and not place.is_dir()):
                raise ProjectError(
                    f"{place} is in the way: the template has a folder of that name",
                    "move it away, or list the template's files of that folder in: "
                    "dockgen update --data unmanaged=[…]",
                )
        if (directory / path).is_dir() and not (directory / path).is_symlink():
            raise ProjectError(
                f"{directory / path} is in the way: the template has a file of that name",
                f"move it away, or: dockgen update --data 'unmanaged=[{path}]'",
            )


def _require_merged(directory: Path, ours: tree.Tree, new: tree.Tree) -> None:
    """Make sure that no conflict was committed as it was."""
    for path in sorted(new.keys() & ours.keys()):
        lines = ours[path].content.splitlines()
        if all(any(line.startswith(mark) for line in lines) for mark in _MARKERS):
            raise ProjectError(
                f"{directory / path} holds the conflict markers of an unfinished merge",
                "choose one side of each, remove the markers, and commit",
            )


def _conflicts(clone: Path) -> set[str]:
    listed = git.run_bytes("ls-files", "--unmerged", "-z", cwd=clone)
    return {os.fsdecode(line.partition(b"\t")[2]) for line in listed.split(b"\0") if line}


def _spare_untracked(
    directory: Path, changes: Sequence[Change], base: tree.Tree
) -> tuple[Change, ...]:
    """Put the template's version beside a file that git doesn't know, and could not bring back."""
    result = []
    for change in changes:
        on_disk = journal.look(directory / change.path) if change.before is None else None
        offered = change.after or change.offered
        if on_disk is None or offered is None:
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
        beside = change.path + OFFERED
        words = f"git doesn't track it; the template's version is in {beside}"
        result.append(Change(change.path, Status.YOURS, None, None, words))
        result.append(_beside(directory, beside, offered))
    return tuple(result)


def _beside(directory: Path, path: str, offered: File) -> Change:
    earlier = journal.look(directory / path)
    before = File(earlier.content, offered.mode) if earlier else None
    return Change(path, Status.CLEAN, before, offered, "to compare, and to delete")


def _saved(place: Worktree, change: Change, before: Saved | None) -> Saved | None:
    """The file that is to lie on the disk."""
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
            # As git does it: who may read may also run, or nobody may.
            permissions &= 0o666
            permissions |= (permissions & 0o444) >> 2 if file.mode == EXECUTABLE else 0
    content = place.smudged(change.path, file)
    return Saved(content, permissions, owner=before.owner if before else None)


def _diff(repository: Path, before: str, changes: Sequence[Change]) -> str:
    """What the update does, as git shows it."""
    index = {"GIT_DIR": str(repository), "GIT_INDEX_FILE": str(repository / "dockgen-diff.index")}
    git.run("read-tree", before, cwd=repository, environment=index)
    for change in changes:
        if change.before == change.after:
            continue
        if change.after is None:
            lines = b"0 " + b"0" * len(before)
        else:
            blob = git.run_bytes(
                "hash-object", "-w", "--no-filters", "--stdin",
                cwd=repository, stdin=change.after.content,
            )  # fmt: skip
            lines = f"{change.after.mode} ".encode() + blob.strip()
        git.run_bytes(
            "update-index", "-z", "--index-info",
            cwd=repository, environment=index,
            stdin=lines + b"\t" + os.fsencode(change.path) + b"\0",
        )  # fmt: skip
    shown = git.run_bytes("diff", "--cached", "-M", before, cwd=repository, environment=index)
    return shown.decode(errors="replace")


def require_whole(directory: Path) -> None:
    """Take back what a killed update left half done in ``directory``, if anything.

    Raises:
        ProjectError: an update is at work on it.
    """
    try:
        place = worktree.find(directory)
    except (ProjectError, OSError):
        return  # in no repository, so no update was ever begun
    if journal.is_unfinished(place):
        with journal.locked(place):
            pass


def undo(place: Worktree) -> str:
    """Take the last update back; return what it was. To be called inside of `journal.locked`.

    Raises:
        ProjectError: there is none, or a file that it wrote has changed since.
    """
    return journal.undo(place).title
