"""The journal: files of a project replaced all together or not at all, and brought back.

Every state before and after is on the disk, and flushed, before the first file is touched. Then
each file is replaced by one rename, and could be put back by one, also on a full disk. An error,
Ctrl-C or a signal puts everything back at once; after a kill or a power cut the next command does,
from the journal. The last replacement that ended well stays, so that it can be undone.

It lies in git's own folder, which is never part of a project or a build context:

    <git folder>/dockgen/<key of the project's path>/
        lock        held by the one command at work
        active/     a replacement that is being made: journal.json, before/0 …, after/0 …
        undo/       the last one that was made
"""

import errno
import fcntl
import json
import os
import secrets
import shutil
import stat
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dockgen import signals
from dockgen.errors import ProjectError
from dockgen.worktree import Worktree

_RECORD = "journal.json"
_FORMAT = 1
# Git's index as it was and as it is to be, in the folder of an entry.
_INDEX_BEFORE = "index-before"
_INDEX = "index"
# What the title of a replacement begins with that takes another one back.
UNDO = "undo of "


@dataclass(frozen=True)
class Saved:
    """A file or link as it is on the disk: its bytes (a link's target), permissions and owner."""

    content: bytes
    permissions: int
    link: bool = False
    owner: tuple[int, int] | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Replacement:
    """One file of the project, before and after; None where there is no file."""

    path: str
    before: Saved | None
    after: Saved | None


@dataclass(frozen=True)
class Entry:
    """A whole replacement: the files, and git's index entries of ``index_paths``.

    ``head`` is the commit that it was made on; ``title`` tells its owner what it was.
    """

    title: str
    head: str
    files: Sequence[Replacement]
    index_paths: Sequence[str]
    index_before: bytes
    index_after: bytes

    def reversed(self, title: str, head: str) -> "Entry":
        """The replacement that takes this one back."""
        files = [Replacement(file.path, file.after, file.before) for file in self.files]
        return Entry(title, head, files, self.index_paths, self.index_after, self.index_before)


def look(path: Path) -> Saved | None:
    """What lies at ``path``; None if nothing does.

    Raises:
        ProjectError: something that is no file.
    """
    try:
        facts = path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    owner = (facts.st_uid, facts.st_gid)
    if stat.S_ISLNK(facts.st_mode):
        return Saved(os.fsencode(path.readlink()), 0o777, link=True, owner=owner)
    if not stat.S_ISREG(facts.st_mode):
        raise ProjectError(
            f"{path} is in the way: the template has a file of that name",
            "move it away, or list the file in: dockgen update --data unmanaged=[…]",
        )
    return Saved(path.read_bytes(), stat.S_IMODE(facts.st_mode), owner=owner)


@contextmanager
def locked(worktree: Worktree) -> Iterator[None]:
    """Keep other commands of dockgen away from the project, and mend what one left half done.

    Raises:
        ProjectError: another one is at work, or git's folder can't be written.
    """
    folder = worktree.git_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _lock(folder / "lock", wait=False):
            _recover(worktree)
            yield
    except BlockingIOError as error:
        raise ProjectError(
            f"another dockgen is at work on {worktree.directory}", "wait until it has ended"
        ) from error
    except OSError as error:
        raise _cannot_write(worktree.directory, error) from error


@contextmanager
def _lock(path: Path, *, wait: bool) -> Iterator[None]:
    """Hold a lock file; it is let go when the process ends, however it ends."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        yield
    finally:
        os.close(descriptor)


def is_unfinished(worktree: Worktree) -> bool:
    """Whether an update was cut off, and waits to be taken back."""
    return (worktree.git_folder() / "active").exists()


def replace(worktree: Worktree, entry: Entry) -> None:
    """Make the replacement: all of it, or nothing. To be called inside of `locked`.

    Raises:
        ProjectError: a file changed meanwhile, or something can't be written; all is as before.
    """
    for file in entry.files:
        if look(worktree.directory / file.path) != file.before:
            raise ProjectError(
                f"{worktree.directory / file.path} changed meanwhile; nothing was written",
                "run the same command again",
            )
    folder = worktree.git_folder()
    try:
        # One after the other, where projects share a repository and so its index.
        with _lock(folder.parent / "index", wait=True):
            _replace(worktree, entry, folder)
    except OSError as error:
        raise _cannot_write(worktree.directory, error) from error


def _replace(worktree: Worktree, entry: Entry, folder: Path) -> None:
    active = folder / "active"
    try:
        token = secrets.token_hex(6)
        _write_entry(folder / "preparing", worktree.directory, entry, token)
        (folder / "preparing").rename(active)
        _flush_folder(folder)
        has_index = entry.index_before != entry.index_after
        if has_index:
            with signals.held():
                _stage_index(worktree, active, entry)
        for number, file in enumerate(entry.files):
            _stage(worktree.directory, f"{token}-{number}", file)
        for number, file in enumerate(entry.files):
            _put(worktree.directory, f"{token}-{number}", file)
        if has_index:
            _lock_file(worktree).rename(worktree.index_file())
        for parent in sorted({(worktree.directory / file.path).parent for file in entry.files}):
            if parent.is_dir():
                _flush_folder(parent)
        # From here on it is made: what is left is to keep it for `undo`.
        with signals.held():
            _keep(folder, worktree.directory)
    except BaseException:
        with signals.held():
            if active.exists():
                _take_back(worktree)
            shutil.rmtree(folder / "preparing", ignore_errors=True)
        raise


def last(worktree: Worktree) -> Entry | None:
    """The last replacement that was made here, if any."""
    folder = worktree.git_folder() / "undo"
    if not (folder / _RECORD).exists():
        return None
    record = _read_record(folder)
    return Entry(
        title=record["title"],
        head=record["head"],
        files=[
            Replacement(
                path, look(folder / "before" / str(number)), look(folder / "after" / str(number))
            )
            for number, path in enumerate(record["files"])
        ],
        index_paths=record["index_paths"],
        index_before=os.fsencode(record["index_before"]),
        index_after=os.fsencode(record["index_after"]),
    )


def undo(worktree: Worktree) -> Entry:
    """Take the last replacement back; doing it twice makes it again. Returns what was done.

    Raises:
        ProjectError: there is none, or a file that it wrote has changed since.
    """
    entry = last(worktree)
    if entry is None:
        raise ProjectError(
            f"{worktree.directory}: there is no update to undo",
            "see what has been done there: git log --oneline",
        )
    changed = [
        file.path for file in entry.files if look(worktree.directory / file.path) != file.after
    ]
    if changed:
        raise ProjectError(
            f"{worktree.directory}: changed since the update: {', '.join(changed)}",
            "take single files back with: git checkout -- FILE, or a commit with: git revert",
        )
    title = entry.title.removeprefix(UNDO)
    taken_back = entry.reversed(title if title != entry.title else UNDO + title, entry.head)
    if worktree.head != entry.head:
        # Committed since: git's index has moved on, and only the files are brought back.
        taken_back = Entry(taken_back.title, worktree.head, taken_back.files, (), b"", b"")
    replace(worktree, taken_back)
    return taken_back


def _recover(worktree: Worktree) -> None:
    """Take back what a killed command left half done."""
    folder = worktree.git_folder()
    with signals.held():
        if (folder / "active").exists():
            _take_back(worktree)
        for rest in ("preparing", "ended"):
            shutil.rmtree(folder / rest, ignore_errors=True)
        _tidy(folder, worktree.directory)


def _take_back(worktree: Worktree) -> None:
    """Bring every file back that is still as the active replacement left it."""
    folder = worktree.git_folder()
    active = folder / "active"
    record = _read_record(active)
    directory = worktree.directory
    for number, name in reversed(list(enumerate(record["files"]))):
        path = directory / name
        temporary = _temporary(path, f"{record['token']}-{number}")
        with suppress(FileNotFoundError, NotADirectoryError):
            temporary.unlink()
        before, after = active / "before" / str(number), active / "after" / str(number)
        # A state that is missing here was put back already, by a run that was killed, too. And
        # what the file's owner has written since is theirs.
        if number in record["existed"] and not os.path.lexists(before):
            continue
        if look(path) != look(after) or look(before) == look(after):
            continue
        if number not in record["existed"]:
            path.unlink(missing_ok=True)
            continue
        if not path.parent.is_dir():
            path.parent.mkdir(parents=True)
        try:
            before.rename(path)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            _write(temporary, look(before))
            temporary.rename(path)
    for name in reversed(record["new_folders"]):
        with suppress(OSError):  # somebody put a file into it: it stays
            (directory / name).rmdir()
    if record["index_paths"]:
        _take_back_index(worktree, active, record)
    # Renamed first: half a journal must never be taken for a whole one.
    active.rename(folder / "ended")
    shutil.rmtree(folder / "ended", ignore_errors=True)
    _tidy(folder, directory)


def _stage_index(worktree: Worktree, active: Path, entry: Entry) -> None:
    """Make the new index, and lock git's own with it, as git does: a rename will put it there."""
    index, before, new = worktree.index_file(), active / _INDEX_BEFORE, active / _INDEX
    for copy in (before, new):
        shutil.copyfile(index, copy)
        shutil.copymode(index, copy)
    worktree.write_entries(entry.index_paths, entry.index_after, new)
    try:
        # One step, and the file is known again by its inode.
        os.link(new, _lock_file(worktree))
    except FileExistsError as error:
        raise ProjectError(
            f"{_lock_file(worktree)} exists: another git is at work, or was killed",
            "wait until it has ended, or delete that file",
        ) from error
    if index.read_bytes() != before.read_bytes():
        raise ProjectError(
            f"git's index changed meanwhile; {worktree.directory} is as it was",
            "run the same command again",
        )


def _take_back_index(worktree: Worktree, active: Path, record: Mapping[str, Any]) -> None:
    """Bring git's index back, by one rename if nobody has written it since."""
    index, new, lock = worktree.index_file(), active / _INDEX, _lock_file(worktree)
    if new.exists() and lock.exists() and lock.samefile(new):
        lock.unlink()
    before = active / _INDEX_BEFORE
    if new.exists() and index.samefile(new) and before.exists():
        before.rename(index)
    entries = os.fsencode(record["index_before"])
    if worktree.entries(record["index_paths"]) != entries:
        worktree.write_entries(record["index_paths"], entries)


def _lock_file(worktree: Worktree) -> Path:
    """What keeps other gits away from the index."""
    index = worktree.index_file()
    return index.with_name(index.name + ".lock")


def _keep(folder: Path, directory: Path) -> None:
    """Turn the active entry into the one that can be undone: with its rename, all is made."""
    shutil.rmtree(folder / "former", ignore_errors=True)
    if (folder / "undo").exists():
        (folder / "undo").rename(folder / "former")
    else:
        (folder / "former").mkdir()
    (folder / "active").rename(folder / "undo")
    with suppress(OSError):
        _flush_folder(folder)
        for name in (_INDEX_BEFORE, _INDEX):
            (folder / "undo" / name).unlink(missing_ok=True)
        _tidy(folder, directory)


def _tidy(folder: Path, directory: Path) -> None:
    """End what is left after a replacement was made, or was not: "former" says that it is due."""
    if not (folder / "former").exists():
        return
    if (folder / "undo").exists():
        for name in _read_record(folder / "undo")["files"]:
            _remove_empty(directory, Path(name).parent)
    elif any((folder / "former").iterdir()):
        (folder / "former").rename(folder / "undo")
    shutil.rmtree(folder / "former", ignore_errors=True)


def _remove_empty(directory: Path, folder: Path) -> None:
    """Remove a folder in which no file is left, and those around it, as git does it."""
    while folder != Path():
        try:
            (directory / folder).rmdir()
        except FileNotFoundError:
            pass
        except OSError:  # not empty, or not to be written: it stays
            return
        folder = folder.parent


def _stage(directory: Path, mark: str, file: Replacement) -> None:
    """Write a file's new state beside it: all that needs room on the disk."""
    path = directory / file.path
    path.parent.mkdir(parents=True, exist_ok=True)
    _write(_temporary(path, mark), file.after)


def _put(directory: Path, mark: str, file: Replacement) -> None:
    """Replace one file by its new state."""
    path = directory / file.path
    if file.after is not None:
        _temporary(path, mark).rename(path)
    else:
        path.unlink(missing_ok=True)


def _temporary(path: Path, mark: str) -> Path:
    """A name beside the file that nobody else has."""
    return path.parent / f".dockgen-update-{mark}.tmp"


def _write(path: Path, saved: Saved | None) -> None:
    """Write a state to ``path``, where nothing may be left of an earlier try."""
    with suppress(FileNotFoundError):
        path.unlink()
    if saved is None:
        return
    if saved.link:
        path.symlink_to(os.fsdecode(saved.content))
        return
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        view = memoryview(saved.content)
        while view:
            view = view[os.write(descriptor, view) :]
        if saved.owner is not None and saved.owner != (os.geteuid(), os.getegid()):
            with suppress(PermissionError):
                os.fchown(descriptor, *saved.owner)
        os.fchmod(descriptor, saved.permissions)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write_entry(folder: Path, directory: Path, entry: Entry, token: str) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    for part in (folder, folder / "before", folder / "after"):
        part.mkdir()
    for number, file in enumerate(entry.files):
        _write(folder / "before" / str(number), file.before)
        _write(folder / "after" / str(number), file.after)
    missing = {
        parent
        for file in entry.files
        if file.after is not None
        for parent in Path(file.path).parents[:-1]
        if not (directory / parent).exists()
    }
    record = {
        "format": _FORMAT,
        "token": token,
        "title": entry.title,
        "head": entry.head,
        "files": [file.path for file in entry.files],
        "existed": [number for number, file in enumerate(entry.files) if file.before is not None],
        "new_folders": sorted(map(str, missing)),
        "index_paths": list(entry.index_paths),
        "index_before": os.fsdecode(entry.index_before),
        "index_after": os.fsdecode(entry.index_after),
    }
    _write(folder / _RECORD, Saved(json.dumps(record, indent=1).encode(), 0o600))
    for part in (folder / "before", folder / "after", folder):
        _flush_folder(part)


def _read_record(folder: Path) -> dict[str, Any]:
    record: dict[str, Any] = json.loads((folder / _RECORD).read_bytes())
    if record["format"] != _FORMAT:
        raise ProjectError(
            f"{folder} was written by another version of dockgen", "use that version to undo"
        )
    return record


def _cannot_write(directory: Path, error: OSError) -> ProjectError:
    return ProjectError(
        f"can't write to {error.filename or directory}: {error.strerror or error}; "
        f"{directory} is as it was",
        "make room or make it writable, then run the same command again",
    )
