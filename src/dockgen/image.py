"""A saved image as data: its configuration, layers and files.

Reads what `docker save` writes, in both forms: the docker-archive (manifest.json) and the OCI
layout (index.json), with layers plain, compressed by gzip or, from Python 3.14 on, by zstd. Layers
are streamed, never extracted and never held in memory.
"""

import gzip
import hashlib
import importlib
import io
import posixpath
import stat
import sys
import tarfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from pathlib import Path
from typing import IO, Any

from dockgen import reader
from dockgen.errors import ProjectError, ToolMissingError, unreadable

_CHUNK = 1 << 20
# No description of an image is longer, in bytes.
_LARGEST_JSON = 16_000_000
_NANOSECONDS = 1e9
_HIGHEST_PORT = 65535
# The level that `gzip` uses on its own, and registries mostly receive.
_GZIP_LEVEL = 6
_WHITEOUT = ".wh."
_OPAQUE = ".wh..wh..opq"


class Kind(Enum):
    """What an entry of a layer is.

    A WHITEOUT hides the path of the layers below, an OPAQUE directory hides all that they have in
    it.
    """

    FILE = "file"
    DIRECTORY = "directory"
    SYMBOLIC_LINK = "symbolic link"
    HARD_LINK = "hard link"
    DEVICE = "device"
    FIFO = "fifo"
    WHITEOUT = "whiteout"
    OPAQUE = "opaque directory"


@dataclass(frozen=True)
class File:
    """An entry of a layer.

    ``path`` is absolute, ``size`` the bytes of its content, ``mode`` the permission bits with
    setuid, setgid and sticky, ``target`` where a link points to.
    """

    path: str
    size: int
    mode: int
    uid: int
    gid: int
    kind: Kind
    target: str = ""

    @property
    def is_setuid(self) -> bool:
        """Whether the file runs with the rights of its owner or group, not of who starts it."""
        return self.kind in (Kind.FILE, Kind.HARD_LINK) and bool(
            self.mode & (stat.S_ISUID | stat.S_ISGID)
        )

    @property
    def is_executable(self) -> bool:
        """Whether somebody may start it; a symbolic link counts, for what it points to."""
        return self.kind in (Kind.FILE, Kind.HARD_LINK, Kind.SYMBOLIC_LINK) and bool(
            self.mode & 0o111
        )


@dataclass(frozen=True)
class Layer:
    """A layer of an image.

    ``digest`` is that of the unpacked tar ("sha256:…"), ``unpacked_bytes`` the tar's size,
    ``gzip_bytes`` its size after gzip -6 without a name or time, and ``files`` its entries in
    order.
    """

    digest: str
    unpacked_bytes: int
    gzip_bytes: int
    files: tuple[File, ...]


@dataclass(frozen=True)
class HealthCheck:
    """An image's HEALTHCHECK. Times are in seconds, and 0 where the engine's default holds."""

    test: tuple[str, ...]
    interval_seconds: float = 0.0
    timeout_seconds: float = 0.0
    start_period_seconds: float = 0.0
    start_interval_seconds: float = 0.0
    retries: int = 0


@dataclass(frozen=True)
class Config:
    """What an image says of how to run it. Each is empty or None where the image doesn't.

    ``ports`` are the TCP ports that it exposes, in order, and ``volumes`` the paths that it
    declares.
    """

    user: str = ""
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    health_check: HealthCheck | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    ports: tuple[int, ...] = ()
    volumes: tuple[str, ...] = ()
    working_directory: str = ""
    stop_signal: str = ""


@dataclass(frozen=True)
class Image:
    """A saved image: its configuration and its layers, the base's first.

    ``base_layers`` says how many of them are those of its base, None if the base is unknown.
    """

    config: Config
    layers: tuple[Layer, ...]
    base_layers: int | None = None

    @property
    def unpacked_bytes(self) -> int:
        """The image's size: the sum of its layer tars, in bytes."""
        return sum(layer.unpacked_bytes for layer in self.layers)

    @property
    def gzip_bytes(self) -> int:
        """The sum of its layer tars after gzip -6, in bytes: about what a pull transfers."""
        return sum(layer.gzip_bytes for layer in self.layers)

    @cached_property
    def tree(self) -> Mapping[str, File]:
        """The files that a container sees, by path: the layers laid over each other."""
        tree: dict[str, File] = {}
        for layer in self.layers:
            # A layer's whiteouts are for the layers below, wherever they stand in it.
            for file in layer.files:
                if file.kind in (Kind.WHITEOUT, Kind.OPAQUE):
                    _hide(tree, file)
            for file in layer.files:
                if file.kind in (Kind.WHITEOUT, Kind.OPAQUE):
                    continue
                below = tree.get(file.path)
                if below and below.kind is Kind.DIRECTORY and file.kind is not Kind.DIRECTORY:
                    _remove_below(tree, file.path)
                tree[file.path] = file
        return tree


def read(saved: Path, base: Sequence[str] | None = None) -> Image:
    """Read an image that `docker save` wrote.

    Args:
        saved: the file.
        base: the digests of its base's layers, if they are known. An image that begins with other
            layers was built on another base, which is unknown.

    Raises:
        ProjectError: the file is missing, damaged or not a saved image, or holds several.
        ToolMissingError: a layer is compressed by zstd, and this Python is older than 3.14.
    """
    try:
        with tarfile.open(saved, "r:") as archive:
            config_path, layer_paths = _manifest(archive)
            facts = _json(archive, config_path)
            layers = tuple(_layer(archive, path) for path in layer_paths)
    except OSError as error:
        raise unreadable(saved, error) from error
    except (tarfile.TarError, ValueError, KeyError, TypeError, EOFError, zlib.error) as error:
        raise ProjectError(
            f"{saved} is not a saved image, or is damaged: {error}.",
            f"save it anew: docker save --output {saved} <image>",
        ) from error
    if [layer.digest for layer in layers] != facts["rootfs"]["diff_ids"]:
        raise ProjectError(
            f"{saved} is damaged: its layers are not those that its configuration names.",
            f"save it anew: docker save --output {saved} <image>",
        )
    known = base is not None and [layer.digest for layer in layers[: len(base)]] == [*base]
    return Image(_config(facts.get("config") or {}), layers, len(base or ()) if known else None)


def _manifest(archive: tarfile.TarFile) -> tuple[str, list[str]]:
    """Return where in the archive the configuration and the layers are."""
    if "manifest.json" in archive.getnames():
        images = _json(archive, "manifest.json")
        if len(images) != 1:
            raise ValueError(f"it holds {len(images)} images, not one")
        return images[0]["Config"], images[0]["Layers"]
    manifest = _json(archive, "index.json")
    # An index may point to another one, which holds an image for each platform.
    while "manifests" in manifest:
        images = [entry for entry in manifest["manifests"] if not _is_attestation(entry)]
        if len(images) != 1:
            raise ValueError(f"it holds {len(images)} images, not one")
        manifest = _json(archive, _blob(images[0]))
    return _blob(manifest["config"]), [_blob(layer) for layer in manifest["layers"]]


def _is_attestation(entry: Mapping[str, Any]) -> bool:
    """Whether it is what BuildKit says about an image (provenance, SBOM), not an image."""
    return "vnd.docker.reference.type" in (entry.get("annotations") or {})


def _blob(descriptor: Mapping[str, Any]) -> str:
    algorithm, _, digest = descriptor["digest"].partition(":")
    return f"blobs/{algorithm}/{digest}"


def _open(archive: tarfile.TarFile, path: str) -> IO[bytes]:
    stream = archive.extractfile(path)
    if stream is None:
        raise ValueError(f"{path} is not a file")
    return stream


def _json(archive: tarfile.TarFile, path: str) -> Any:
    with _open(archive, path) as stream:
        return reader.parse_json(stream.read(_LARGEST_JSON))


class _Meter(io.RawIOBase):
    """A stream that measures what is read through it: bytes, digest and size after gzip."""

    def __init__(self, stream: IO[bytes]) -> None:
        self.stream = stream
        self.bytes = 0
        self.sha256 = hashlib.sha256()
        # Window bits 31: with gzip's header, whose time stays 0.
        self.gzip = zlib.compressobj(_GZIP_LEVEL, zlib.DEFLATED, 31)
        self.gzip_bytes = 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        data = self.stream.read(size)
        self.bytes += len(data)
        self.sha256.update(data)
        self.gzip_bytes += len(self.gzip.compress(data))
        return data

    def finish(self) -> None:
        """Read what is left: a tar reader stops at the end mark, before the padding."""
        while self.read(_CHUNK):
            pass
        self.gzip_bytes += len(self.gzip.flush())


def _layer(archive: tarfile.TarFile, path: str) -> Layer:
    with _open(archive, path) as packed, _unpacked(packed) as stream:
        meter = _Meter(stream)
        with tarfile.open(fileobj=meter, mode="r|", bufsize=_CHUNK) as layer:
            files = tuple(_file(member) for member in layer)
        meter.finish()
    return Layer(f"sha256:{meter.sha256.hexdigest()}", meter.bytes, meter.gzip_bytes, files)


def _unpacked(stream: IO[bytes]) -> IO[bytes]:
    """Return the stream's content, unpacked as its first bytes say."""
    magic = stream.read(4)
    stream.seek(0)
    if magic[:2] == b"\x1f\x8b":
        return gzip.GzipFile(fileobj=stream)  # type: ignore[return-value]
    if magic == b"\x28\xb5\x2f\xfd":
        if sys.version_info < (3, 14):
            raise ToolMissingError(
                "a layer is compressed by zstd, which Python reads from 3.14 on.",
                "run dockgen with Python 3.14, or let the engine compress layers by gzip",
            )
        return importlib.import_module("compression.zstd").ZstdFile(stream)
    return stream


def _file(member: tarfile.TarInfo) -> File:
    path = posixpath.normpath("/" + member.name)
    folder, name = posixpath.split(path)
    kind = _kind(member)
    if name == _OPAQUE:
        path, kind = folder, Kind.OPAQUE
    elif name.startswith(_WHITEOUT):
        path, kind = posixpath.join(folder, name.removeprefix(_WHITEOUT)), Kind.WHITEOUT
    return File(
        path, member.size, stat.S_IMODE(member.mode), member.uid, member.gid, kind, member.linkname
    )


def _kind(member: tarfile.TarInfo) -> Kind:
    if member.isdir():
        return Kind.DIRECTORY
    if member.issym():
        return Kind.SYMBOLIC_LINK
    if member.islnk():
        return Kind.HARD_LINK
    if member.isfifo():
        return Kind.FIFO
    if member.isdev():
        return Kind.DEVICE
    return Kind.FILE


def _config(facts: Mapping[str, Any]) -> Config:
    return Config(
        user=facts.get("User") or "",
        entrypoint=tuple(facts.get("Entrypoint") or ()),
        command=tuple(facts.get("Cmd") or ()),
        health_check=_health_check(facts.get("Healthcheck")),
        labels=facts.get("Labels") or {},
        environment=dict(word.split("=", 1) for word in facts.get("Env") or () if "=" in word),
        ports=_ports(facts.get("ExposedPorts") or {}),
        volumes=tuple(sorted(facts.get("Volumes") or {})),
        working_directory=facts.get("WorkingDir") or "",
        stop_signal=facts.get("StopSignal") or "",
    )


def _ports(exposed: Mapping[str, Any]) -> tuple[int, ...]:
    """The TCP ports of what EXPOSE wrote, such as "80/tcp", "8000-8010/tcp" or "53/udp"."""
    found: set[int] = set()
    for words in exposed:
        numbers, _, protocol = words.partition("/")
        first, _, last = numbers.partition("-")
        if protocol in ("", "tcp") and int(last or first) <= _HIGHEST_PORT:
            found.update(range(int(first), int(last or first) + 1))
    return tuple(sorted(found))


def _health_check(facts: Mapping[str, Any] | None) -> HealthCheck | None:
    if not facts:
        return None
    return HealthCheck(
        test=tuple(facts.get("Test") or ()),
        interval_seconds=facts.get("Interval", 0) / _NANOSECONDS,
        timeout_seconds=facts.get("Timeout", 0) / _NANOSECONDS,
        start_period_seconds=facts.get("StartPeriod", 0) / _NANOSECONDS,
        start_interval_seconds=facts.get("StartInterval", 0) / _NANOSECONDS,
        retries=facts.get("Retries", 0),
    )


def _hide(tree: dict[str, File], mark: File) -> None:
    _remove_below(tree, mark.path)
    if mark.kind is Kind.WHITEOUT:
        tree.pop(mark.path, None)


def _remove_below(tree: dict[str, File], folder: str) -> None:
    prefix = folder.rstrip("/") + "/"
    for path in [path for path in tree if path.startswith(prefix)]:
        del tree[path]
