"""An image as data: its configuration, layers and files, as `saved` reads them."""

import posixpath
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property

from dockgen.image.packages import Package


class Kind(Enum):
    """The kind of an entry in a layer.

    A WHITEOUT hides its path in the layers below; an OPAQUE directory hides everything that they
    have in it.
    """

    FILE = "file"
    DIRECTORY = "directory"
    SYMBOLIC_LINK = "symbolic link"
    HARD_LINK = "hard link"
    DEVICE = "device"
    FIFO = "fifo"
    WHITEOUT = "whiteout"
    OPAQUE = "opaque directory"


@dataclass(frozen=True, slots=True)
class File:
    """An entry of a layer.

    ``path`` is absolute, ``size`` is the length of its content in bytes, ``mode`` has the
    permission bits with setuid, setgid and sticky, and ``target`` is where a link points.
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
        """Whether the file runs with the rights of its owner or group rather than the caller's."""
        return self.kind in (Kind.FILE, Kind.HARD_LINK) and bool(
            self.mode & (stat.S_ISUID | stat.S_ISGID)
        )

    @property
    def is_executable(self) -> bool:
        """Whether anyone may execute it; a symbolic link counts, as its target may be."""
        return self.kind in (Kind.FILE, Kind.HARD_LINK, Kind.SYMBOLIC_LINK) and bool(
            self.mode & 0o111
        )


@dataclass(frozen=True)
class Layer:
    """A layer of an image.

    ``digest`` is the digest of the unpacked tar ("sha256:…"), ``unpacked_bytes`` the size of the
    tar, ``gzip_bytes`` its size after gzip -6 without a name or time (None if it wasn't measured),
    and ``files`` its entries in order. ``secrets`` maps files with a secret to a description that
    doesn't repeat it. ``accounts`` maps users to their numbers if the layer has an /etc/passwd.
    ``libraries`` maps the path of each package database in the layer to the shared libraries that
    it lists; see `databases`. ``contents`` maps paths to a digest of each file's content, and
    ``packages`` has the packages that a file names; both are empty unless asked for.
    """

    digest: str
    unpacked_bytes: int
    gzip_bytes: int | None
    files: tuple[File, ...]
    secrets: Mapping[str, str] = field(default_factory=dict)
    accounts: Mapping[str, int] = field(default_factory=dict)
    libraries: Mapping[str, frozenset[str]] = field(default_factory=dict)
    contents: Mapping[str, bytes] = field(default_factory=dict)
    packages: Mapping[str, tuple[Package, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class HealthCheck:
    """An image's HEALTHCHECK. Times are in seconds; 0 stands for the engine's default."""

    test: tuple[str, ...]
    interval_seconds: float = 0.0
    timeout_seconds: float = 0.0
    start_period_seconds: float = 0.0
    start_interval_seconds: float = 0.0
    retries: int = 0


@dataclass(frozen=True)
class Config:
    """How to run an image. Each value is empty or None if the image doesn't set it.

    ``ports`` are the exposed TCP ports, in order, and ``volumes`` the declared paths.
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
class Step:
    """A step of an image's history: its text, and the digest of the layer that it made, if any."""

    words: str
    layer: str | None = None


@dataclass(frozen=True)
class Image:
    """A saved image: its configuration and its layers, those of the base first.

    ``base_layers`` is how many of them come from its base (None if the base is unknown), and
    ``platform`` what it runs on, such as "linux/amd64". ``history`` has the steps that made it, in
    order; it is empty if it isn't known.
    """

    config: Config
    layers: tuple[Layer, ...]
    base_layers: int | None = None
    platform: str = ""
    history: tuple[Step, ...] = ()

    @property
    def unpacked_bytes(self) -> int:
        """The image's size: the sum of its unpacked layer tars, in bytes."""
        return sum(layer.unpacked_bytes for layer in self.layers)

    @property
    def gzip_bytes(self) -> int | None:
        """The sum of its layer tars after gzip -6, in bytes: about what a pull transfers.

        None if it wasn't measured.
        """
        sizes = [layer.gzip_bytes for layer in self.layers if layer.gzip_bytes is not None]
        return sum(sizes) if len(sizes) == len(self.layers) else None

    @cached_property
    def tree(self) -> Mapping[str, File]:
        """The files that a container sees, by path: the layers stacked."""
        tree: dict[str, File] = {}
        for layer in self.layers:
            _lay(tree, layer)
        return tree

    def hidden(self, layer: Layer) -> list[File]:
        """Return the files of a layer that later layers hide from containers.

        A file that a container still sees through a hard link in the same layer isn't hidden.
        """
        linked = {
            posixpath.normpath(f"/{file.target.lstrip('/')}")
            for file in layer.files
            if file.kind is Kind.HARD_LINK and self.tree.get(file.path) is file
        }
        return [
            file
            for file in layer.files
            if file.kind is Kind.FILE
            and self.tree.get(file.path) is not file
            and file.path not in linked
        ]


def _lay(tree: dict[str, File], layer: Layer) -> None:
    """Stack a layer on those below, looking at each entry once.

    Whiteouts apply to the layers below, wherever they come in the layer. If a file replaces a
    folder, everything that was in the folder is gone, too.
    """
    gone: set[str] = set()
    emptied: set[str] = set()
    for file in layer.files:
        if file.kind is Kind.WHITEOUT:
            gone.add(file.path)
        elif file.kind is Kind.OPAQUE:
            emptied.add(file.path)
        elif file.kind is not Kind.DIRECTORY:
            below = tree.get(file.path)
            if below and below.kind is Kind.DIRECTORY:
                emptied.add(file.path)
    if gone or emptied:
        known: dict[str, bool] = {}
        emptied |= gone
        for path in [path for path in tree if path in gone or _is_below(path, emptied, known)]:
            del tree[path]
    for file in layer.files:
        if file.kind is not Kind.WHITEOUT and file.kind is not Kind.OPAQUE:
            tree[file.path] = file


def _is_below(path: str, folders: set[str], known: dict[str, bool]) -> bool:
    """Return whether a path is in one of the folders; ``known`` caches results for other paths."""
    asked: list[str] = []
    found = False
    while path != "/":
        path = path.rpartition("/")[0] or "/"
        if path in folders:
            found = True
            break
        if path in known:
            found = known[path]
            break
        asked.append(path)
    known.update(dict.fromkeys(asked, found))
    return found
