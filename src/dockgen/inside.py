"""Paths inside a folder, by names from others, and no way out of that folder.

Such names come from git's trees, from a journal in a downloaded repository, or from a template. A
name is checked when it becomes an `Inside`, and each folder on the path when it is used: folders
are opened one after the other, and links are never followed.
"""

import errno
import os
import re
import shutil
import stat
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from dockgen.errors import ProjectError

# Folders on the way are only passed through; if the system allows it, they may be unreadable.
_STEP = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_CLOEXEC
_FILE = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
# HFS+ ignores these characters in names; from git's utf8.c.
_INVISIBLE = re.compile("[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]")
# On NTFS: another stream of the same folder, and trailing dots and spaces, which it drops.
_NTFS_END = re.compile(r"[ .]*(:.*)?\Z", re.DOTALL)
_GIT = {".git", "git~1"}


class OutsideError(ProjectError):
    """A name leads out of its folder, or into git's own."""


@dataclass(frozen=True, order=True)
class Inside:
    """A path inside a folder: relative, without ``..``, and never git's own folder."""

    parts: tuple[str, ...]

    @classmethod
    def of(cls, name: str | bytes | Path) -> "Inside":
        """Check a name.

        Raises:
            OutsideError: it leads elsewhere, or into ``.git`` in any spelling.
        """
        text = os.fsdecode(name)
        parts = tuple(text.split("/"))
        if text.startswith("/"):
            raise _outside(text, "it is absolute")
        if "\0" in text or "" in parts or "." in parts or ".." in parts:
            raise _outside(text, "it has an empty part, a dot or two of them for a folder's name")
        if any(is_git(part) for part in parts):
            raise _outside(text, "it names git's own folder")
        return cls(parts)

    def __str__(self) -> str:
        """Return the path as git writes it, with slashes."""
        return "/".join(self.parts)

    @property
    def parents(self) -> "list[Inside]":
        """The parent folders, the outermost first."""
        return [Inside(self.parts[:number]) for number in range(1, len(self.parts))]

    def beside(self, name: str) -> "Inside":
        """Return another file in the same folder."""
        return Inside.of("/".join((*self.parts[:-1], name)))


def _outside(name: str, reason: str) -> OutsideError:
    return OutsideError(
        f"{name!r:.200} can't be the name of a file here: {reason}",
        "check where it comes from before you use it: it may be malicious",
    )


def is_git(name: str) -> bool:
    """Return whether a file system may take one part of a path for ``.git``, in any spelling.

    The rules are those of git's fsck for HFS+ and NTFS; they apply on every system, because
    projects are copied.
    """
    seen = _INVISIBLE.sub("", unicodedata.normalize("NFC", name)).casefold()
    return any(_NTFS_END.sub("", part) in _GIT for part in seen.split("\\"))


def is_repository(names: set[str]) -> bool:
    """Return whether git may take a folder with these entries for a repository, bare or not."""
    lower = {name.casefold() for name in names}
    return "head" in lower and ("commondir" in lower or {"objects", "refs"} <= lower)


@dataclass(frozen=True)
class Saved:
    """A file or link on disk: its bytes (for a link, its target), permissions and owner."""

    content: bytes
    permissions: int
    link: bool = False
    owner: tuple[int, int] | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Folder:
    """A folder: ``root`` is the user's own path to it; no part of ``base`` is a link.

    Methods raise OSError if the disk refuses, and NotADirectoryError if a link, or anything else
    that isn't a folder, is on the way.
    """

    root: Path
    base: tuple[str, ...] = ()

    def at(self, *names: str) -> "Folder":
        """Return a folder inside this one; it may not exist."""
        return Folder(self.root, (*self.base, *Inside.of("/".join(names)).parts))

    @property
    def path(self) -> Path:
        """Its path, for messages and for git."""
        return self.root.joinpath(*self.base)

    @contextmanager
    def _opened(self, parts: tuple[str, ...] = (), *, make: bool = False) -> Iterator[int]:
        """Open a folder in this one without following links; yield its descriptor."""
        descriptor = os.open(self.root, _STEP)
        try:
            for number, part in enumerate(steps := (*self.base, *parts), 1):
                try:
                    inner = _enter(part, descriptor, make=make)
                except OSError as error:
                    if error.errno not in (errno.ELOOP, errno.ENOTDIR):
                        raise
                    # Something else is in place of the project's folder.
                    place = self.root.joinpath(*steps[:number])
                    words = "a link or a file is in the place of a folder"
                    raise NotADirectoryError(errno.ENOTDIR, words, str(place)) from error
                os.close(descriptor)
                descriptor = inner
            yield descriptor
        finally:
            os.close(descriptor)

    def make(self) -> None:
        """Make the folder and its parents if they don't exist."""
        with self._opened(make=True):
            pass

    def look(self, path: Inside) -> Saved | None:
        """Return what is at ``path``; None if nothing is, or if a parent folder is missing.

        Raises:
            ProjectError: it isn't a file.
        """
        name = path.parts[-1]
        try:
            with self._opened(path.parts[:-1]) as folder:
                facts = os.lstat(name, dir_fd=folder)
                owner = (facts.st_uid, facts.st_gid)
                if stat.S_ISLNK(facts.st_mode):
                    target = os.readlink(os.fsencode(name), dir_fd=folder)
                    return Saved(target, 0o777, link=True, owner=owner)
                if not stat.S_ISREG(facts.st_mode):
                    raise ProjectError(
                        f"{self.path / str(path)} is in the way: the template has a file with"
                        " that name",
                        "move it away, or list the file in: dockgen update --data unmanaged=[…]",
                    )
                descriptor = os.open(name, os.O_RDONLY | _FILE, dir_fd=folder)
        except (FileNotFoundError, NotADirectoryError):
            return None
        with os.fdopen(descriptor, "rb") as stream:
            return Saved(stream.read(), stat.S_IMODE(facts.st_mode), owner=owner)

    def read(self, path: Inside, limit: int) -> bytes:
        """Return the bytes of a regular file.

        Raises:
            OSError: there is none, or it has more bytes than ``limit``.
        """
        with self._opened(path.parts[:-1]) as folder:
            descriptor = os.open(path.parts[-1], os.O_RDONLY | _FILE, dir_fd=folder)
        with os.fdopen(descriptor, "rb") as stream:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise OSError(errno.EINVAL, "not a regular file", str(self.path / str(path)))
            content = stream.read(limit + 1)
        if len(content) > limit:
            raise OSError(errno.EFBIG, os.strerror(errno.EFBIG), str(self.path / str(path)))
        return content

    def exists(self, path: Inside) -> bool:
        """Return whether anything is at ``path``, even a broken link."""
        return self.facts(path) is not None

    def is_folder(self, path: Inside) -> bool:
        """Return whether a folder, and not a link to one, is at ``path``."""
        facts = self.facts(path)
        return facts is not None and stat.S_ISDIR(facts.st_mode)

    def facts(self, path: Inside) -> os.stat_result | None:
        """Return the stat result of ``path``; None if it or a parent folder doesn't exist."""
        try:
            with self._opened(path.parts[:-1]) as folder:
                return os.lstat(path.parts[-1], dir_fd=folder)
        except (FileNotFoundError, NotADirectoryError):
            return None

    def entries(self) -> list[str]:
        """Return the names of the folder's entries."""
        with self._opened() as folder:
            readable = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=folder)
        try:
            return [entry.name for entry in os.scandir(readable)]
        finally:
            os.close(readable)

    def write(self, path: Inside, saved: Saved, *, flush: bool = False) -> None:
        """Write a state to ``path``, over what is there, such as the rest of an earlier try.

        Parent folders are made. With ``flush``, a file is on disk at the end.
        """
        name = path.parts[-1]
        with self._opened(path.parts[:-1], make=True) as folder:
            with suppress(FileNotFoundError):
                os.unlink(name, dir_fd=folder)
            if saved.link:
                os.symlink(saved.content, os.fsencode(name), dir_fd=folder)
                return
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _FILE
            descriptor = os.open(name, flags, 0o600, dir_fd=folder)
            try:
                view = memoryview(saved.content)
                while view:
                    view = view[os.write(descriptor, view) :]
                if saved.owner is not None and saved.owner != (os.geteuid(), os.getegid()):
                    with suppress(PermissionError):
                        os.fchown(descriptor, *saved.owner)
                os.fchmod(descriptor, saved.permissions)
                if flush:
                    os.fsync(descriptor)
            finally:
                os.close(descriptor)

    def open_lock(self, path: Inside) -> int:
        """Return the descriptor of a file to lock; make the file if needed."""
        with self._opened(path.parts[:-1], make=True) as folder:
            flags = os.O_RDWR | os.O_CREAT | _FILE
            return os.open(path.parts[-1], flags, 0o666, dir_fd=folder)

    def rename(self, path: Inside, target: Inside, into: "Folder | None" = None) -> None:
        """Move a file or folder, here or to another folder, by one rename."""
        with (
            self._opened(path.parts[:-1]) as source,
            (into or self)._opened(target.parts[:-1]) as folder,
        ):
            os.rename(path.parts[-1], target.parts[-1], src_dir_fd=source, dst_dir_fd=folder)

    def link(self, path: Inside, target: Path) -> None:
        """Make a hard link outside this folder, at a path that dockgen chose."""
        with self._opened(path.parts[:-1]) as source:
            os.link(path.parts[-1], target, src_dir_fd=source, follow_symlinks=False)

    def unlink(self, path: Inside) -> None:
        """Remove a file or link, if it is there."""
        with suppress(FileNotFoundError), self._opened(path.parts[:-1]) as folder:
            os.unlink(path.parts[-1], dir_fd=folder)

    def rmdir(self, path: Inside) -> None:
        """Remove an empty folder."""
        with self._opened(path.parts[:-1]) as folder:
            os.rmdir(path.parts[-1], dir_fd=folder)

    def remove(self, path: Inside) -> None:
        """Remove a folder with its content, or what is in its place, as far as possible."""
        with suppress(OSError), self._opened(path.parts[:-1]) as folder:
            name = path.parts[-1]
            if stat.S_ISDIR(os.lstat(name, dir_fd=folder).st_mode):
                shutil.rmtree(name, ignore_errors=True, dir_fd=folder)
            else:
                os.unlink(name, dir_fd=folder)

    def flush(self) -> None:
        """Flush the folder's entries to disk."""
        with self._opened() as folder:
            readable = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=folder)
        try:
            os.fsync(readable)
        finally:
            os.close(readable)


def _enter(name: str, folder: int, *, make: bool) -> int:
    """Return the descriptor of a folder inside an open one."""
    try:
        return os.open(name, _STEP | os.O_NOFOLLOW, dir_fd=folder)
    except FileNotFoundError:
        if not make:
            raise
    with suppress(FileExistsError):
        os.mkdir(name, dir_fd=folder)
    return os.open(name, _STEP | os.O_NOFOLLOW, dir_fd=folder)
