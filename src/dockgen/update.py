"""The update of one project: what it would do, and doing it.

copier works in a clone of its own; the user's folder is only read until all is known.
"""

import itertools
import os
import tempfile
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml
from packaging.version import Version
from pathspec import GitIgnoreSpec

from dockgen import (
    git,
    gitfolder,
    journal,
    lock,
    merge,
    project,
    source,
    template,
    tree,
    worktree,
)
from dockgen.bundle import Manifest
from dockgen.errors import ProjectError, UsageError
from dockgen.inside import Folder, Inside, Saved
from dockgen.journal import Entry, Replacement
from dockgen.merge import Change, States, Status
from dockgen.project import ANSWERS
from dockgen.source import Source
from dockgen.tree import EXECUTABLE, SYMLINK, File
from dockgen.worktree import Worktree

# Beside a file of the user's that git doesn't track: the template's version of it.
OFFERED = ".dockgen-new"
_MARKERS = (b"<<<<<<< ", b">>>>>>> ")


@dataclass(frozen=True)
class Plan:
    """What an update does to a project: each file's change, and all of it as a diff.

    ``before`` and ``after`` are versions of the template. Without ``changes`` there is nothing to
    do. ``lock_command`` writes the project's lock files anew, and is "" where they are as they
    should be.
    """

    directory: Path
    before: str
    after: str
    changes: Sequence[Change]
    diff: str
    lock_command: str = ""

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
        manifest: the releases of its template.
        to: a release; None for the newest.

    Raises:
        ProjectError: the project is of a version that isn't at hand.
        UsageError: there is no release ``to``, or it is older than the project's.
    """
    recorded = project.recorded(directory)
    after = target(manifest, to)
    releases = [release.version for release in manifest.releases]
    if recorded.version not in releases:
        raise unknown_release(
            f"{directory} is at {recorded.version} of the templates",
            recorded.version,
            releases,
            brings="this dockgen",
            mend=f"set _commit in {ANSWERS} to the release before it ({{nearest}}), commit, "
            "and update",
        )
    if releases.index(after) < releases.index(recorded.version):
        raise UsageError(
            f"{directory} is at {recorded.version}, newer than {after}: there is no way back",
            "take an update back with: dockgen update --undo",
        )
    return recorded.version, after


def target(manifest: Manifest, to: str | None) -> str:
    """The release to go to: ``to``, with or without its v, or the newest.

    Raises:
        UsageError: there is no release ``to``.
    """
    releases = [release.version for release in manifest.releases]
    wanted = releases[-1] if to is None else to if to.startswith("v") else f"v{to}"
    if wanted not in releases:
        raise UsageError(
            f"there is no release {wanted} of the templates in this dockgen",
            f"releases: {', '.join(releases)}",
        )
    return wanted


def unknown_release(
    words: str, version: str, releases: Sequence[str], *, brings: str, mend: str
) -> ProjectError:
    """The error for something that stands on a version that isn't at hand.

    Args:
        words: what stands on which version.
        version: that version.
        releases: those at hand, oldest first.
        brings: who brings them.
        mend: what to do if it is no release; ``{nearest}`` in it is the release before it.
    """
    try:
        found = Version(version)
        if found > Version(releases[-1]):
            return ProjectError(
                f"{words}, {brings} brings {releases[-1]}",
                "get a newer dockgen: git pull in its clone, then pipx install --force .",
            )
        older = [release for release in releases if Version(release) <= found]
    except ValueError:  # InvalidVersion, and numbers of too many digits
        older = []
    nearest = older[-1] if older else releases[0]
    return ProjectError(f"{words}, which is no release", mend.format(nearest=nearest))


def is_behind(manifest: Manifest, before: str, after: str) -> bool:
    """Whether the templates of two versions differ; a release may change the program alone."""
    trees = {release.version: release.tree for release in manifest.releases}
    return trees[before] != trees[after]


def plan(
    place: Worktree,
    origin: Source,
    to: str | None,
    data: Mapping[str, Any],
    *,
    keep_pins: bool = True,
) -> Plan:
    """Find out what an update does, within `template.found`. Nothing of the user's is written.

    Args:
        place: the project.
        origin: its template.
        to: the release to update to; None for the newest.
        data: answers that change.
        keep_pins: whether base image versions that the user moved on are kept.

    Raises:
        ProjectError: the project's state doesn't allow an update.
        UsageError: an answer is not allowed, or ``to`` is no release to update to.
    """
    manifest = origin.manifest
    before, after = versions(place.directory, manifest, to)
    place.require_settled()
    place.require_clean()
    if place.object_format() != "sha1":
        raise ProjectError(
            f"{place.directory} is in a repository with {place.object_format()} object names, "
            "which copier can't merge in",
            "keep it in a repository made with: git init --object-format=sha1",
        )
    recorded = project.recorded(place.directory)
    data = {name: value for name, value in data.items() if recorded.answers.get(name) != value}
    if not data and not is_behind(manifest, before, after):
        return Plan(place.directory, before, after, (), "")
    with tempfile.TemporaryDirectory(prefix="dockgen-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        base, new = (folder / part / place.directory.name for part in ("base", "new"))
        # What a template computes is no answer, whoever wrote it into the file.
        old = _without(recorded.answers, source.computed(origin, before))
        template.render_version(origin, before, base, old)
        try:
            kept = _without(old, source.computed(origin, after))
            template.render_version(origin, after, new, {**kept, **data}, exists=True)
        except UsageError as error:
            raise UsageError(
                f"{place.directory}: {error.message}",
                "choose an answer with: dockgen update --data QUESTION=ANSWER DIRECTORY",
            ) from error
        clone = scratch_repository(place, folder / "ours" / place.directory.name)
        repository = clone / ".git"
        base_id, new_id = tree.store(repository, base), tree.store(repository, new)
        rendered, theirs = tree.read(repository, base_id), tree.read(repository, new_id)
        own_renames = tree.renames(repository, base_id, place.tree)
        ours_id = _check_out(clone, place, {*rendered, *theirs, *own_renames.values()})
        ours = tree.read(repository, ours_id)
        if ANSWERS not in ours or ours[ANSWERS].mode == SYMLINK:
            raise ProjectError(
                f"{place.directory / ANSWERS} isn't committed as a file, and an update is a merge",
                f"git add --force {ANSWERS} && git commit",
            )
        _require_room(place, theirs)
        _require_merged(place.directory, ours, theirs)
        asked = _without(project.recorded(new).answers, source.computed(origin, after))
        _complete_answers(clone, manifest.url, old, asked)
        template.update(origin, after, clone, data)
        # What git ignores was never committed, so that it isn't there says nothing.
        unknown = place.ignored(rendered.keys() - ours.keys())
        states = States(
            base={path: file for path, file in rendered.items() if path not in unknown},
            ours=ours,
            new=theirs,
            merged=tree.read(repository, tree.store(repository, clone)),
            conflicts=_conflicts(clone),
            template_renames=tree.renames(repository, base_id, new_id),
            own_renames=own_renames,
        )
        found = merge.changes(
            states,
            ANSWERS,
            unmanaged=_unmanaged(project.recorded(new).answers, base_paths=rendered),
            keep_pins=keep_pins,
        )
        found = spare_untracked(place.directory, found, rendered)
        planned = Plan(place.directory, before, after, found, diff(repository, ours_id, found))
        answers = project.recorded(new).answers
        if (
            lock.is_missing(place.directory, answers)
            or lock.is_outdated(recorded.answers, answers, data)
            or any(map(lock.is_lock_file, planned.conflicts))
        ):
            return replace(planned, lock_command=lock.command(answers, planned.conflicts))
        return planned


def entry(place: Worktree, planned: Plan) -> Entry:
    """What is to be replaced, for `journal.replace`; of the user's, only objects of git are new.

    Raises:
        ProjectError: a file changed since it was planned for.
    """
    files, stages, hidden = [], b"", place.hidden()
    for change in planned.changes:
        if change.before == change.after and not change.stages:
            continue
        before = place.folder.look(Inside.of(change.path))
        if change.path in hidden:
            raise ProjectError(
                f"{place.directory / change.path} is hidden from git: assume-unchanged, "
                "skip-worktree or a sparse checkout",
                f"git update-index --no-assume-unchanged --no-skip-worktree {change.path}",
            )
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


def _without(answers: Mapping[str, Any], names: Collection[str]) -> dict[str, Any]:
    """The answers to questions; a value that is computed is computed anew, as copier does it."""
    return {name: value for name, value in answers.items() if name not in names}


def scratch_repository(place: Worktree, directory: Path) -> Path:
    """An empty repository that borrows the objects of the project's."""
    directory.mkdir(parents=True)
    git.run("init", "--quiet", "--initial-branch=main", ".", cwd=directory)
    information = directory / ".git" / "info"
    information.mkdir(exist_ok=True)
    # No conversion of line endings or encodings and no filter, whatever .gitattributes says.
    attributes = "* -text -filter -ident -working-tree-encoding\n"
    (information / "attributes").write_text(attributes, encoding="utf-8")
    borrowed = os.fsencode(place.objects().resolve())
    quoted = borrowed.replace(b"\\", b"\\\\").replace(b'"', b'\\"').replace(b"\n", b"\\n")
    (directory / ".git/objects/info/alternates").write_bytes(b'"' + quoted + b'"\n')
    # A link could lead copier out of the clone: here it is a file with the link's target in it.
    git.run("config", "core.symlinks", "false", cwd=directory)
    return directory


def _check_out(clone: Path, place: Worktree, paths: Collection[str]) -> str:
    """Commit these files of the project in the clone, byte for byte; return their tree.

    All others are nothing to the template, and may be many, large and oddly named.
    """
    listed = git.run_bytes("ls-tree", "-r", "-z", "--full-tree", place.tree, cwd=clone)
    entries = [
        line
        for line in listed.split(b"\0")
        if os.fsdecode(line.partition(b"\t")[2]) in paths and not line.startswith(b"160000 ")
    ]
    git.run_bytes(
        "update-index", "-z", "--index-info",
        cwd=clone, stdin=b"".join(entry + b"\0" for entry in entries),
    )  # fmt: skip
    git.run("checkout-index", "--all", "--quiet", cwd=clone)
    _commit(clone)
    return git.run("rev-parse", "HEAD^{tree}", cwd=clone)


def _commit(clone: Path) -> None:
    git.run("commit", "--quiet", "--allow-empty", "--no-verify", "-m", "project", cwd=clone)


def _complete_answers(
    clone: Path, url: str, old_answers: Mapping[str, Any], new_answers: Mapping[str, Any]
) -> None:
    """Give the clone's answers file the template's present address, and younger questions' answers.

    copier renders the old version by the new one's rules of what to exclude, and those may name
    questions that the old answers lack.
    """
    recorded = project.recorded(clone)
    answers = {"_commit": recorded.version, "_src_path": url, **new_answers, **old_answers}
    (clone / ANSWERS).write_text(yaml.safe_dump(answers, allow_unicode=True), encoding="utf-8")
    git.run("add", "--", ANSWERS, cwd=clone)
    _commit(clone)


def _unmanaged(answers: Mapping[str, Any], base_paths: Collection[str]) -> list[str]:
    """The template's files that the project keeps to itself, by the rules of .gitignore."""
    rules = GitIgnoreSpec.from_lines(f"/{path}" for path in answers.get("unmanaged") or ())
    return list(rules.match_files(base_paths))


def _require_room(place: Worktree, new: tree.Tree) -> None:
    """Make sure that no file lies where the template has a folder, nor the other way round."""
    submodules = place.submodules()
    for path in new:
        if folder := obstacle(place, path, submodules):
            parent = folder.relative_to(place.directory)
            raise ProjectError(
                f"{folder} is in the way: the template has a folder of that name",
                f"move it away, or: dockgen update --data 'unmanaged=[{parent}]' DIRECTORY",
            )
        if (place.directory / path).is_dir() and not (place.directory / path).is_symlink():
            raise ProjectError(
                f"{place.directory / path} is in the way: the template has a file of that name",
                f"move it away, or: dockgen update --data 'unmanaged=[{path}]' DIRECTORY",
            )


def obstacle(place: Worktree, path: str, submodules: Collection[str]) -> Path | None:
    """The file, link or repository that lies where ``path`` needs a folder; None if there is none.

    Args:
        place: the project or starter.
        path: of a file to write, relative to its directory.
        submodules: the paths of its submodules, relative to it as well.
    """
    for parent in map(str, Path(path).parents[:-1]):
        folder = place.directory / parent
        is_other = folder.is_symlink() or (folder.exists() and not folder.is_dir())
        if is_other or parent in submodules:
            return folder
    return None


def _require_merged(directory: Path, ours: tree.Tree, new: tree.Tree) -> None:
    """Make sure that no conflict was committed as it was."""
    for path in unfinished(ours, new):
        raise ProjectError(
            f"{directory / path} holds the conflict markers of an unfinished merge",
            "choose one side of each, remove the markers, and commit; if they are no conflict: "
            f"dockgen update --data 'unmanaged=[{path}]' DIRECTORY",
        )


def unfinished(ours: tree.Tree, new: tree.Tree) -> list[str]:
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


def _conflicts(clone: Path) -> set[str]:
    listed = git.run_bytes("ls-files", "--unmerged", "-z", cwd=clone)
    return {os.fsdecode(line.partition(b"\t")[2]) for line in listed.split(b"\0") if line}


def spare_untracked(
    directory: Path, changes: Sequence[Change], base: tree.Tree
) -> tuple[Change, ...]:
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
        beside = _free_name(directory, change.path + OFFERED, offered)
        words = f"git doesn't track it; the template's version is in {beside}"
        result.append(Change(change.path, Status.YOURS, None, None, words))
        if Folder(directory).look(Inside.of(beside)) is None:
            result.append(Change(beside, Status.CLEAN, None, offered, "to compare, and to delete"))
    return tuple(result)


def _free_name(directory: Path, name: str, offered: File) -> str:
    """The name, or one with a number, that nothing has or just what is offered."""
    for number in itertools.count(2):
        found = Folder(directory).look(Inside.of(name))
        if found is None or (found.content == offered.content and not found.link):
            return name
        name = f"{name.partition(OFFERED)[0]}{OFFERED}-{number}"
    raise AssertionError(name)  # counting has no end


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


def diff(repository: Path, before: str, changes: Sequence[Change]) -> str:
    """What the update does, as git shows it."""
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
        ProjectError: an update is at work on it, or what is there can't be taken back.
    """
    try:
        around = gitfolder.find(directory)
    except ProjectError:
        return  # in none that an update would have been begun in
    if around is None or not journal.is_unfinished(around):
        return
    try:
        place = worktree.find(directory)
    except ProjectError as error:
        raise ProjectError(
            f"an update of {directory} was cut off, and can't be taken back: {error.message}",
            f"if you began none here, remove: {journal.folder(around).path}",
        ) from error
    with journal.locked(place):
        pass


def undo(place: Worktree) -> str:
    """Take the last update back; return what it was. To be called inside of `journal.locked`.

    Raises:
        ProjectError: there is none, or a file that it wrote has changed since.
    """
    return journal.undo(place).title
