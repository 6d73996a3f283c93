"""The files of a saved image by name: in a tar, or in a folder.

The names come from untrusted manifests. None leads out of the tar or the folder.
"""

import io
import posixpath
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Protocol

from dockgen import reader
from dockgen.image import tarball
from dockgen.image.layer import MOST_BYTES, RefusedError, unpacked
from dockgen.image.tarball import CHUNK, DamagedError, Tarball

# No JSON file that describes an image is longer, in bytes.
_LARGEST_JSON = 16_000_000
# A tar with many images has some hundred thousand files, and each may be a layer.
_MOST_FILES = 200_000
# How many links may form a chain: `docker save` before 25 links layers that occur twice.
_MOST_LINKS = 8
_DIGEST = re.compile(r"(sha256|sha512):([0-9a-f]{32,128})")


class Store(Protocol):
    """What the reader of a saved image needs."""

    name: str

    def has(self, path: str) -> bool:
        """Return whether there is a file of this name."""

    def content(self, path: str) -> bytes:
        """Return the content of a descriptive file."""

    def open(self, path: str) -> IO[bytes]:
        """Open a file for reading and seeking."""

    def blob(self, digest: str) -> str:
        """Return the name of the file with this digest."""


def is_folder(directory: Path) -> bool:
    """Return whether a folder is a saved image: an OCI layout, or skopeo's `dir:`."""
    if (directory / "index.json").is_file():
        return (directory / "oci-layout").is_file() or (directory / "blobs").is_dir()
    return (directory / "manifest.json").is_file() and (
        (directory / "version").is_file() or (directory / "blobs").is_dir()
    )


class Folder:
    """A folder. Its files are regular, and no link leads out of it."""

    def __init__(self, directory: Path) -> None:
        self.name = str(directory)
        self._directory = directory
        self._has_blobs = (directory / "blobs").is_dir()

    def has(self, path: str) -> bool:
        """Return whether there is a file of this name."""
        return (self._directory / _inner(path)).is_file()

    def content(self, path: str) -> bytes:
        """Return the content of a descriptive file."""
        with self.open(path) as stream:
            return _bounded(stream, path)

    def open(self, path: str) -> IO[bytes]:
        """Open a file for reading and seeking."""
        try:
            return reader.opened(self._directory / _inner(path), inside=self._directory)
        except (FileNotFoundError, NotADirectoryError) as error:
            raise DamagedError(f"it has no {path:.100}") from error

    def blob(self, digest: str) -> str:
        """Return the name of the file with this digest."""
        name = _blob(digest)
        return name if self._has_blobs else name.rpartition("/")[2]


class Tar:
    """A tar of which only the headers have been read so far."""

    def __init__(self, stream: IO[bytes], name: str) -> None:
        self.name = name
        self._stream = stream
        self._files: dict[str, tuple[int, int]] = {}
        self._links: dict[str, str] = {}
        self._twice: set[str] = set()
        size = stream.seek(0, 2)
        stream.seek(0)
        for entry in Tarball(stream, skips=True):
            if len(self._files) + len(self._links) > _MOST_FILES:
                raise RefusedError(f"it has more than {_MOST_FILES:,} files")
            if entry.start + entry.stored > size:
                raise DamagedError("it ends early")
            path = posixpath.normpath(entry.name)
            if entry.kind == tarball.FILE:
                if path in self._files or path in self._links:
                    self._twice.add(path)
                self._files[path] = (entry.start, entry.stored)
            elif entry.kind in (tarball.SYMBOLIC_LINK, tarball.HARD_LINK):
                hard = entry.kind == tarball.HARD_LINK
                folder = "" if hard else posixpath.dirname(path)
                self._links[path] = posixpath.normpath(posixpath.join(folder, entry.target))

    @classmethod
    @contextmanager
    def unpacked(cls, stream: IO[bytes], name: str) -> Iterator["Tar"]:
        """Yield the tar in a file; a compressed one is unpacked to a temporary file first.

        Raises:
            RefusedError: it unpacks to far too much.
            ValueError: it isn't a tar.
        """
        with stream, unpacked(stream) as plain:
            if plain is stream:
                yield cls(stream, name)
                return
            with tempfile.TemporaryFile(prefix="dockgen-") as whole:
                while data := plain.read(CHUNK):
                    if whole.tell() + len(data) > MOST_BYTES:
                        raise RefusedError(f"it unpacks to more than {MOST_BYTES / 10**9:g} GB")
                    whole.write(data)
                yield cls(whole, name)

    def has(self, path: str) -> bool:
        """Return whether there is a file of this name."""
        return self._found(path) in self._files

    def content(self, path: str) -> bytes:
        """Return the content of a descriptive file."""
        if self._found(path) in self._twice:
            raise RefusedError(f"it has {path:.100} twice")
        with self.open(path) as stream:
            return _bounded(stream, path)

    def open(self, path: str) -> IO[bytes]:
        """Open a file for reading and seeking."""
        found = self._files.get(self._found(path))
        if found is None:
            raise DamagedError(f"it has no {path:.100}")
        return _Section(self._stream, *found)  # type: ignore[return-value]

    def blob(self, digest: str) -> str:
        """Return the name of the file with this digest."""
        return _blob(digest)

    def _found(self, path: str) -> str:
        path = posixpath.normpath(path)
        for _ in range(_MOST_LINKS):
            if path not in self._links:
                break
            path = self._links[path]
        return path


class _Section(io.RawIOBase):
    """A section of a file as a file of its own."""

    def __init__(self, stream: IO[bytes], start: int, size: int) -> None:
        self._stream, self._start, self._size = stream, start, size
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = 0) -> int:
        start = (0, self._position, self._size)[whence]
        self._position = max(0, start + offset)
        return self._position

    def read(self, size: int = -1) -> bytes:
        left = max(0, self._size - self._position)
        size = left if size < 0 else min(size, left)
        if not size:
            return b""
        self._stream.seek(self._start + self._position)
        data = self._stream.read(size)
        if not data:
            raise DamagedError("it ends early")
        self._position += len(data)
        return data


def _bounded(stream: IO[bytes], path: str) -> bytes:
    parts, size = [], 0
    while data := stream.read(CHUNK):
        parts.append(data)
        size += len(data)
        if size > _LARGEST_JSON:
            raise RefusedError(f"{path:.100} is larger than {_LARGEST_JSON / 10**6:g} MB")
    return b"".join(parts)


def _blob(digest: str) -> str:
    found = _DIGEST.fullmatch(digest)
    if not found:
        raise ValueError(f"{digest!s:.80} isn't a digest")
    return f"blobs/{found[1]}/{found[2]}"


def _inner(path: str) -> str:
    """Turn an untrusted name from a manifest into a path below a folder."""
    parts = Path(path).parts
    if not parts or Path(path).is_absolute() or ".." in parts or "\0" in path:
        raise RefusedError(f"it refers to a file outside of it: {path:.100}")
    return path
