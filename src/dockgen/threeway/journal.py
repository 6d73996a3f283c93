"""The journal: replace files of a project all together or not at all, and restore them.

All states before and after are on disk, and flushed, before the first file is touched. Then each
file is replaced by one rename, and could be restored by one, even on a full disk. After an error,
Ctrl-C or a signal, all files are restored at once; after a kill or a power cut, the next command
restores them from the journal. The last successful replacement is kept, so that it can be undone.

The journal is in git's own folder, which is never part of a project or a build context. For a
folder outside a repository, it is in the user's state folder:

    <git folder>/dockgen/<key of the project's path>/
    ~/.local/state/dockgen/<key of the folder's path>/
        lock        held by the one running command
        active/     a replacement in progress: journal.json, before/0 …, after/0 …
        undo/       the last one that was made
"""

import errno
import fcntl
import os
import secrets
import shlex
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

from dockgen import signals
from dockgen.errors import ProjectError
from dockgen.git.worktree import Worktree
from dockgen.inside import Folder, Inside, Saved
from dockgen.threeway import record
from dockgen.threeway.record import Entry, Record, Replacement

__all__ = [
    "UNDO",
    "Entry",
    "Place",
    "Replacement",
    "is_empty",
    "is_unfinished",
    "last",
    "locked",
    "replace",
    "undo",
]

# git's index before and after, in the folder of an entry.
_INDEX_BEFORE = Inside.of("index-before")
_INDEX = Inside.of("index")
# The states of an entry, as folders of the journal.
_PREPARING, _ACTIVE, _ENDED = map(Inside.of, ("preparing", "active", "ended"))
_UNDO, _FORMER = map(Inside.of, ("undo", "former"))
_LOCK = Inside.of("lock")
# The titles of replacements that undo another one begin with this.
UNDO = "undo of "


class Place(Protocol):
    """A folder whose files are replaced.

    ``head`` is the commit that is checked out, or "" if there is none; ``journal`` is the folder of
    its journal. ``index`` is the worktree with git's index, or None if there is no commit.
    """

    @property
    def directory(self) -> Path: ...  # noqa: D102
    @property
    def folder(self) -> Folder: ...  # noqa: D102
    @property
    def head(self) -> str: ...  # noqa: D102
    @property
    def journal(self) -> Folder: ...  # noqa: D102
    @property
    def index(self) -> Worktree | None: ...  # noqa: D102


@contextmanager
def locked(place: Place) -> Iterator[None]:
    """Lock the project against other dockgen commands, and roll back an unfinished one.

    Raises:
        ProjectError: another one is running, or git's folder can't be written.
    """
    home = place.journal
    try:
        home.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _lock(home, wait=False):
            _recover(place, home)
            yield
    except BlockingIOError as error:
        raise ProjectError(
            f"another dockgen is running on {place.directory}", "wait until it ends"
        ) from error
    except OSError as error:
        raise _cannot_write(place.directory, error) from error


@contextmanager
def _lock(place: Folder, name: Inside = _LOCK, *, wait: bool) -> Iterator[None]:
    """Hold a lock file; it is released when the process ends, however it ends."""
    descriptor = place.open_lock(name)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        yield
    finally:
        os.close(descriptor)


def is_unfinished(home: Folder) -> bool:
    """Return whether a replacement was interrupted, and has to be rolled back."""
    return _has(home, _ACTIVE)


def is_empty(home: Folder) -> bool:
    """Return whether the journal has no replacement, neither finished nor interrupted."""
    return not (_has(home, _ACTIVE) or _has(home, _UNDO))


def _has(home: Folder, name: Inside) -> bool:
    try:
        return home.exists(name)
    except OSError:  # another user's home: what can't be read wasn't written by this user
        return False


def replace(place: Place, entry: Entry) -> None:
    """Make the replacement, all or nothing. Call it within `locked`.

    Raises:
        ProjectError: a file has changed meanwhile, or can't be written; all files are as before.
    """
    home = place.journal
    try:
        for file in entry.files:
            if place.folder.look(Inside.of(file.path)) != file.before:
                raise ProjectError(
                    f"{place.directory / file.path} changed in the meantime; nothing was written",
                    "run the same command again",
                )
        if entry.index_before == entry.index_after:
            _replace(place, entry, home, None)
            return
        index = _index(place)
        # Take turns: projects in the same repository share its index.
        with _lock(Folder(index.git_folder).at("dockgen"), Inside.of("index"), wait=True):
            _replace(place, entry, home, index)
    except OSError as error:
        raise _cannot_write(place.directory, error) from error


def _replace(place: Place, entry: Entry, home: Folder, index: Worktree | None) -> None:
    project = place.folder
    active = home.at("active")
    paths = [Inside.of(file.path) for file in entry.files]
    try:
        token = secrets.token_hex(6)
        home.remove(_PREPARING)
        record.write(home.at("preparing"), project, entry, token)
        home.rename(_PREPARING, _ACTIVE)
        home.flush()
        if index is not None:
            with signals.held():
                _stage_index(index, active, entry)
        # This loop does everything that needs disk space: each new state is written beside its
        # file.
        for number, (path, file) in enumerate(zip(paths, entry.files, strict=True)):
            if file.after is not None:
                project.write(_temporary(path, token, number), file.after, flush=True)
        for number, (path, file) in enumerate(zip(paths, entry.files, strict=True)):
            if file.after is not None:
                project.rename(_temporary(path, token, number), path)
            else:
                project.unlink(path)
        if index is not None:
            _lock_file(index).rename(index.index_file())
        for parent in sorted({path.parts[:-1] for path in paths}):
            if not parent or project.is_folder(Inside(parent)):
                Folder(project.root, parent).flush()
        # The replacement is complete: what remains is to keep it for `undo`.
        with signals.held():
            _keep(home, project)
    except BaseException:
        with signals.held():
            if home.exists(_ACTIVE):
                _take_back(place, home)
            home.remove(_PREPARING)
        raise


def last(place: Place) -> Entry | None:
    """Return the last replacement that was made here, or None.

    Raises:
        ProjectError: there is something else in its place.
    """
    made = place.journal.at("undo")
    return record.entry(made) if made.exists(record.NAME) else None


def undo(place: Place) -> Entry:
    """Undo the last replacement, and return what was done; a second undo makes it again.

    Raises:
        ProjectError: there is none, or a file that it wrote has changed since.
    """
    entry = last(place)
    if entry is None:
        raise ProjectError(
            f"{place.directory}: nothing to undo",
            "see what was done there: git log --oneline",
        )
    changed = [
        file.path for file in entry.files if place.folder.look(Inside.of(file.path)) != file.after
    ]
    if changed:
        raise ProjectError(
            f"{place.directory}: changed since the update: {', '.join(changed)}",
            "restore a file: git checkout -- FILE, or revert a commit: git revert",
        )
    title = entry.title.removeprefix(UNDO)
    taken_back = entry.reversed(title if title != entry.title else UNDO + title, entry.head)
    if place.head != entry.head:
        # There is a newer commit, so git's index has moved on: restore only the files.
        taken_back = Entry(taken_back.title, place.head, taken_back.files, (), b"", b"")
    replace(place, taken_back)
    return taken_back


def _recover(place: Place, home: Folder) -> None:
    """Roll back what an interrupted command left half done."""
    with signals.held():
        if home.exists(_ACTIVE):
            _take_back(place, home)
        for rest in (_PREPARING, _ENDED):
            home.remove(rest)
        _tidy(home, place.folder)


def _take_back(place: Place, home: Folder) -> None:
    """Restore each file that is still as the active replacement left it."""
    project, active = place.folder, home.at("active")
    made = record.read(active)
    for number, path in reversed(list(enumerate(made.files))):
        temporary = _temporary(path, made.token, number)
        with suppress(NotADirectoryError):
            project.unlink(temporary)
        before, after = record.before(number), record.after(number)
        # If a state is missing here, an interrupted run has already restored it. Later changes by
        # the owner stay.
        if number in made.existed and not active.exists(before):
            continue
        was, wrote = active.look(before), active.look(after)
        if project.look(path) != wrote or was == wrote:
            continue
        if was is None:
            project.unlink(path)
            continue
        if path.parents:
            project.at(*path.parts[:-1]).make()
        try:
            active.rename(before, path, project)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            project.write(temporary, was, flush=True)
            project.rename(temporary, path)
    for path in reversed(made.new_folders):
        with suppress(OSError):  # someone put a file into it, so it stays
            project.rmdir(path)
    if made.index_paths:
        _take_back_index(_index(place), active, made)
    # Rename first, so that half a journal is never taken for a whole one.
    home.rename(_ACTIVE, _ENDED)
    home.remove(_ENDED)
    _tidy(home, project)


def _index(place: Place) -> Worktree:
    if place.index is None:
        raise ProjectError(
            f"{place.journal.path} is about git's index, but {place.directory} has no commit",
            f"if you ran no update here, delete it: rm -r {shlex.quote(str(place.journal.path))}",
        )
    return place.index


def _stage_index(worktree: Worktree, active: Folder, entry: Entry) -> None:
    """Write the new index, and lock git's own with it as git does: a rename puts it in place."""
    index = worktree.index_file()
    content = index.read_bytes()
    for copy in (_INDEX_BEFORE, _INDEX):
        active.write(copy, Saved(content, stat.S_IMODE(index.stat().st_mode)))
    new = active.path / str(_INDEX)
    worktree.write_entries(entry.index_paths, entry.index_after, new)
    try:
        # A hard link is atomic, and identifies the file by its inode.
        active.link(_INDEX, _lock_file(worktree))
    except FileExistsError as error:
        raise ProjectError(
            f"{_lock_file(worktree)} exists: another git is running, or was killed",
            "wait until it ends, or delete that file",
        ) from error
    if index.read_bytes() != content:
        raise ProjectError(
            f"git's index changed in the meantime; {worktree.directory} is as it was",
            "run the same command again",
        )


def _take_back_index(worktree: Worktree, active: Folder, made: Record) -> None:
    """Restore git's index, by one rename if it wasn't written since."""
    git_folder = Folder(worktree.git_folder)
    index, lock = Inside.of("index"), Inside.of("index.lock")
    new = active.facts(_INDEX)
    if new is not None:
        if _is_same(git_folder.facts(lock), new):
            git_folder.unlink(lock)
        if _is_same(git_folder.facts(index), new) and active.exists(_INDEX_BEFORE):
            active.rename(_INDEX_BEFORE, index, git_folder)
    if worktree.entries(made.index_paths) != made.index_before:
        worktree.write_entries(made.index_paths, made.index_before)


def _is_same(one: os.stat_result | None, other: os.stat_result) -> bool:
    return one is not None and os.path.samestat(one, other)


def _lock_file(worktree: Worktree) -> Path:
    """Return the lock file that keeps other git processes away from the index."""
    index = worktree.index_file()
    return index.with_name(index.name + ".lock")


def _keep(home: Folder, project: Folder) -> None:
    """Turn the active entry into the one to undo; its rename completes the replacement."""
    home.remove(_FORMER)
    if home.exists(_UNDO):
        home.rename(_UNDO, _FORMER)
    else:
        home.at("former").make()
    home.rename(_ACTIVE, _UNDO)
    with suppress(OSError):
        home.flush()
        for name in (_INDEX_BEFORE, _INDEX):
            home.at("undo").unlink(name)
        _tidy(home, project)


def _tidy(home: Folder, project: Folder) -> None:
    """Clean up after a replacement, successful or not; "former" marks that it is due."""
    if not home.exists(_FORMER):
        return
    if home.exists(_UNDO):
        for path in record.read(home.at("undo")).files:
            _remove_empty(project, path)
    elif home.at("former").entries():
        home.rename(_FORMER, _UNDO)
    home.remove(_FORMER)


def _remove_empty(project: Folder, path: Inside) -> None:
    """Remove folders of a path that have become empty, like git."""
    for folder in reversed(path.parents):
        try:
            project.rmdir(folder)
        except FileNotFoundError:
            pass
        except OSError:  # not empty, or not writable
            return


def _temporary(path: Inside, token: str, number: int) -> Inside:
    """Return a unique name beside the file."""
    return path.beside(f".dockgen-update-{token}-{number}.tmp")


def _cannot_write(directory: Path, error: OSError) -> ProjectError:
    return ProjectError(
        f"can't write to {error.filename or directory}: {error.strerror or error}; "
        f"{directory} is as it was",
        "move it away, then run the same command again"
        if isinstance(error, NotADirectoryError)
        else "free some space or make it writable, then run the same command again",
    )
