"""Read a layer of a saved image: unpack, measure and list it in one pass, within bounds.

Layers are plain tars, or compressed by gzip or zstd. They are streamed, never extracted and never
held in memory.
"""

import gzip
import hashlib
import importlib
import io
import stat
import sys
import zlib
from contextlib import suppress
from typing import IO, Any

from dockgen import credentials
from dockgen.image import File, Kind, Layer, databases, packages
from dockgen.image.packages import Package
from dockgen.image.tarball import (
    BLOCK,
    CHARACTER,
    CHUNK,
    DIRECTORY,
    FIFO,
    FILE,
    HARD_LINK,
    SYMBOLIC_LINK,
    DamagedError,
    Tarball,
)

# gzip's default level, which most layers in registries are compressed with.
GZIP_LEVEL = 6

# Bounds for all layers of an image together: bytes, entries, and bytes of their names.
MOST_BYTES = 64 * 10**9
MOST_FILES = 1_000_000
MOST_NAMES = 200 * 10**6
# How many times a compressed layer may grow if it unpacks to more than a gigabyte. Real layers grow
# about five times, a layer of zeros a thousand times.
MOST_GROWTH = 200
_GROWN = 10**9
# Linux's limit for a path, and the limit for nested folders.
_LONGEST_NAME = 4096
_DEEPEST = 256

_WHITEOUT = ".wh."
_OPAQUE = ".wh..wh..opq"
# Prefix of AUFS's own notes, which no engine turns into files.
_NOTES = ".wh..wh."

_KINDS = {
    FILE: Kind.FILE,
    DIRECTORY: Kind.DIRECTORY,
    SYMBOLIC_LINK: Kind.SYMBOLIC_LINK,
    HARD_LINK: Kind.HARD_LINK,
    FIFO: Kind.FIFO,
    CHARACTER: Kind.DEVICE,
    BLOCK: Kind.DEVICE,
}


class RefusedError(ValueError):
    """The input exceeds what dockgen reads, or isn't what it should be, malicious or not."""


class Allowance:
    """What the layers of one image may still use: bytes, entries, and bytes of their names."""

    def __init__(self) -> None:
        self.bytes = MOST_BYTES
        self.files = MOST_FILES
        self.names = MOST_NAMES


class _Meter(io.RawIOBase):
    """A stream that measures what is read through it: bytes, digest and size after gzip."""

    def __init__(self, stream: IO[bytes], packed_bytes: int, allowance: Allowance) -> None:
        self.stream = stream
        self.packed_bytes = packed_bytes
        self.allowance = allowance
        self.bytes = 0
        self.sha256 = hashlib.sha256()
        self.gzip: zlib._Compress | None = None
        self.gzip_bytes = 0

    def read(self, size: int = -1) -> bytes:
        data = self.stream.read(size)
        self.bytes += len(data)
        self.allowance.bytes -= len(data)
        if self.allowance.bytes < 0:
            raise RefusedError(f"it unpacks to more than {MOST_BYTES / 10**9:g} GB")
        if self.bytes > _GROWN and self.bytes > MOST_GROWTH * self.packed_bytes:
            raise RefusedError(f"a layer unpacks to more than {MOST_GROWTH} times its size")
        self.sha256.update(data)
        if self.gzip:
            self.gzip_bytes += len(self.gzip.compress(data))
        return data

    def finish(self) -> None:
        """Read the rest: a tar's reader stops at the end mark, before the padding."""
        while self.read(CHUNK):
            pass
        if self.gzip:
            self.gzip_bytes += len(self.gzip.flush())


class _Contents:
    """Collects data from files that are read to their end: a digest of each, and packages."""

    def __init__(self) -> None:
        self.digests: dict[str, bytes] = {}
        self.packages: dict[str, tuple[Package, ...]] = {}

    def add(self, path: str, read: bytes, tar: Tarball) -> None:
        """Read the rest of the tar's last entry; ``read`` has the bytes that were read before."""
        digest = hashlib.blake2b(digest_size=16)
        notes = packages.Notes(path)
        part = read or tar.content(CHUNK)
        while part:
            digest.update(part)
            notes.add(part)
            part = tar.content(CHUNK)
        self.digests[path] = digest.digest()
        if found := notes.packages():
            self.packages[path] = found


def read(
    packed: IO[bytes],
    packed_bytes: int,
    allowance: Allowance,
    *,
    gzip_size: bool = True,
    secrets: bool = True,
    contents: bool = False,
) -> Layer:
    """Read a layer.

    Args:
        packed: the layer, as it is stored.
        packed_bytes: its stored size in bytes.
        allowance: what it may still use; what it uses is subtracted.
        gzip_size: whether to measure its size after gzip, which takes most of the time.
        secrets: whether to look into small files for secrets.
        contents: whether to collect a digest of each file, and the packages that it names.

    Raises:
        RefusedError: it exceeds what dockgen reads, or has a name that leads out of the image.
        ValueError, EOFError, OSError, zlib.error: it is damaged.
    """
    with unpacked(packed) as stream:
        meter = _Meter(stream, packed_bytes, allowance)
        if gzip_size:
            # Window bits of 31 write gzip's header, whose time stays 0.
            meter.gzip = zlib.compressobj(GZIP_LEVEL, zlib.DEFLATED, 31)
        files: list[File] = []
        held: dict[str, str] = {}
        accounts: dict[str, int] = {}
        libraries: dict[str, frozenset[str]] = {}
        noted = _Contents()
        tar = Tarball(meter)
        for entry in tar:
            allowance.files -= 1
            allowance.names -= len(entry.name) + len(entry.target)
            if allowance.files < 0 or allowance.names < 0:
                raise RefusedError(f"it has more than {MOST_FILES:,} files, or very long names")
            path = _path(entry.name)
            kind = _KINDS.get(entry.kind, Kind.FILE)
            if _WHITEOUT in path:
                marked = _marked(path)
                if marked is None:
                    continue
                path, kind = marked[0], marked[1] or kind
            start = b""
            if kind is Kind.FILE and databases.lists_files(path):
                start = tar.content(databases.LARGEST)
                libraries[path] = databases.libraries(path, start)
            elif kind is Kind.FILE and entry.size <= credentials.LARGEST:
                if path == "/etc/passwd":
                    start = tar.content(credentials.LARGEST)
                    accounts = _accounts(start)
                elif secrets and credentials.is_worth_reading(path, entry.size):
                    start = tar.content(credentials.LARGEST)
                    what = credentials.in_file(path, start)
                    held |= {path: what} if what else {}
            if contents and kind is Kind.FILE:
                noted.add(path, start, tar)
            files.append(
                File(
                    path, entry.size, stat.S_IMODE(entry.mode), entry.uid, entry.gid, kind,
                    entry.target,
                )
            )  # fmt: skip
        meter.finish()
    size = meter.gzip_bytes if meter.gzip else None
    digest = f"sha256:{meter.sha256.hexdigest()}"
    return Layer(
        digest, meter.bytes, size, tuple(files), held, accounts, libraries, noted.digests,
        noted.packages,
    )  # fmt: skip


def _accounts(passwd: bytes) -> dict[str, int]:
    """Return the numbers of the users in an /etc/passwd, by name."""
    lines = (line.split(":") for line in passwd.decode("utf-8", "replace").splitlines())
    return {parts[0]: int(parts[2]) for parts in lines if len(parts) > 2 and parts[2].isdecimal()}


def unpacked(stream: IO[bytes]) -> IO[bytes]:
    """Decompress a stream according to its first bytes."""
    magic = stream.read(4)
    stream.seek(0)
    if magic[:2] == b"\x1f\x8b":
        return gzip.GzipFile(fileobj=stream)  # type: ignore[return-value]
    if magic == b"\x28\xb5\x2f\xfd":
        return _unzstd(stream)
    return stream


def _unzstd(stream: IO[bytes]) -> IO[bytes]:
    if sys.version_info >= (3, 14):
        zstd: Any = importlib.import_module("compression.zstd")
    else:
        from backports import zstd

    class Unpacked(zstd.ZstdFile):
        """Raises Python's own errors for damaged files."""

        def read(self, size: int | None = -1) -> bytes:
            try:
                return bytes(super().read(size))
            except zstd.ZstdError as error:
                raise DamagedError(f"a layer can't be unpacked: {error}") from error

    found: IO[bytes] = Unpacked(stream)  # type: ignore[assignment]
    return found


def _path(name: str) -> str:
    """Return an entry's absolute path, as an engine would derive it from the name."""
    path = "/" + name
    if "//" in path or "/." in path or path.endswith("/") or "\0" in path:
        parts: list[str] = []
        for part in name.split("/"):
            if part == ".." and (parts or name.startswith("/")):
                with suppress(IndexError):
                    parts.pop()
            elif part == "..":
                raise RefusedError(f"a layer has a path outside of the image: {name:.200}")
            elif part not in ("", "."):
                parts.append(part)
        path = "/" + "/".join(parts)
        if "\0" in path:
            raise RefusedError("a layer has an invalid file name")
    if len(path) > _LONGEST_NAME or path.count("/") > _DEEPEST:
        raise RefusedError(f"a layer has a name that is too long: {path:.60}…")
    return path


def _marked(path: str) -> tuple[str, Kind | None] | None:
    """Return the path and kind that a whiteout's name stands for; the kind is None for plain files.

    Returns None for entries that aren't part of the image.
    """
    folder, _, name = path.rpartition("/")
    if name == _OPAQUE:
        return folder or "/", Kind.OPAQUE
    if name.startswith(_NOTES):
        return None
    if not name.startswith(_WHITEOUT):
        return path, None
    hidden = name.removeprefix(_WHITEOUT)
    if hidden in ("", ".", ".."):
        raise RefusedError(f"a layer has a whiteout without a file name: {path:.200}")
    return f"{folder}/{hidden}", Kind.WHITEOUT
