"""An image layer by layer: what made each, what is large in it, and what later layers hide."""

import heapq
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dockgen.image import File, Image, Kind, Layer, folders
from dockgen.image.folders import Node

# How many files are named per layer.
_NAMED = 5
# How many paths are visited at most to count as dive does: no ordinary image needs more.
_MOST_PATHS = 20_000_000
# What builders put before an instruction, and the shell that they run it with.
_NOP = re.compile(r"^/bin/sh -c #\(nop\)\s*")
_SHELL = re.compile(r"^(?:RUN )?/bin/sh -c ")
# The values of build arguments, which may be secrets, before the command that used them.
_ARGUMENTS = re.compile(r"^(?:RUN )?\|\d+ .*? (?=/bin/sh -c )|^(?:RUN )?\|\d+ .*", re.DOTALL)


@dataclass(frozen=True)
class Part:
    """A layer of an image.

    ``instruction`` is the Dockerfile's instruction that made it, or "" if the image doesn't say.
    ``is_base`` says whether it comes from the base; it is None if the base is unknown. ``root`` is
    the folder with all its files, and ``largest`` has the largest files. ``hidden_bytes`` and
    ``hidden_files`` count what no container sees, and ``hidden`` has the largest hidden files.
    """

    layer: Layer
    instruction: str
    is_base: bool | None
    root: Node
    largest: tuple[File, ...]
    hidden_bytes: int
    hidden_files: int
    hidden: tuple[File, ...]


@dataclass(frozen=True)
class Anatomy:
    """The layers of an image, those of the base first.

    ``file_bytes`` is the size of all files in all layers, and ``dive`` the efficiency from 0 to 1
    that dive would report; None if counting would take too long.
    """

    parts: tuple[Part, ...]
    file_bytes: int
    dive: float | None

    @property
    def hidden_bytes(self) -> int:
        """Bytes that no container sees, in all layers."""
        return sum(part.hidden_bytes for part in self.parts)

    @property
    def own_hidden_bytes(self) -> int | None:
        """Bytes that no container sees above the base's layers; None if the base is unknown."""
        if any(part.is_base is None for part in self.parts):
            return None
        return sum(part.hidden_bytes for part in self.parts if not part.is_base)

    @property
    def seen_share(self) -> float:
        """The share of all bytes that containers see, from 0 to 1."""
        return 1 - self.hidden_bytes / self.file_bytes if self.file_bytes else 1.0


def of(image: Image) -> Anatomy:
    """Look at an image layer by layer."""
    parts = []
    whole = zip(image.layers, instructions(image), folders.of(image), strict=True)
    for number, (layer, words, root) in enumerate(whole):
        hidden = image.hidden(layer)
        is_base = None if image.base_layers is None else number < image.base_layers
        parts.append(
            Part(
                layer,
                words,
                is_base,
                root,
                _largest(layer.files),
                sum(file.size for file in hidden),
                len(hidden),
                _largest(hidden),
            )
        )
    file_bytes = sum(
        file.size for layer in image.layers for file in layer.files if file.kind is Kind.FILE
    )
    return Anatomy(tuple(parts), file_bytes, _as_dive_counts(image.layers))


def instructions(image: Image) -> list[str]:
    """Return the Dockerfile's instruction that made each layer; "" if it isn't known."""
    steps = [instruction(step.words) for step in image.history if step.layer is not None]
    return steps or [""] * len(image.layers)


def instruction(words: str) -> str:
    """Return a step's text as in the Dockerfile, without the values of build arguments."""
    found = _ARGUMENTS.sub("RUN ", words.strip(), count=1).removesuffix("# buildkit")
    found = _NOP.sub("", found.replace("RUN /bin/sh", "/bin/sh", 1))
    return " ".join(_SHELL.sub("RUN ", found).split())


def _largest(files: Sequence[File]) -> tuple[File, ...]:
    found = (file for file in files if file.kind is Kind.FILE and file.size)
    return tuple(heapq.nlargest(_NAMED, found, key=lambda file: file.size))


def _as_dive_counts(layers: Sequence[Layer]) -> float | None:
    """Divide the smallest size that each path ever had by all sizes that it had.

    A removed file counts with 0. A removed folder counts with all its content on both sides, so
    dive sees no loss there. https://github.com/wagoodman/dive/blob/main/dive/filetree/efficiency.go
    """
    smallest: dict[str, int] = {}
    all_bytes = 0
    below: dict[str, int] = {}
    left = _MOST_PATHS
    for layer in layers:
        removed = {file.path for file in layer.files if file.kind is Kind.WHITEOUT}
        if removed:
            left -= sum(path.count("/") for path in below)
            if left < 0:
                return None
        gone = _sizes(removed, below) if removed else {}
        for file in layer.files:
            if file.kind in (Kind.DIRECTORY, Kind.OPAQUE):
                continue
            size = gone.get(file.path, 0) if file.kind is Kind.WHITEOUT else file.size
            smallest[file.path] = min(size, smallest.get(file.path, size))
            all_bytes += size
        if gone:
            below = {
                path: size
                for path, size in below.items()
                if path not in removed and removed.isdisjoint(_above(path))
            }
        else:
            for path in removed:
                below.pop(path, None)
        below |= {file.path: file.size for file in layer.files if file.kind is Kind.FILE}
    return sum(smallest.values()) / all_bytes if all_bytes else 1.0


def _sizes(removed: set[str], files: Mapping[str, int]) -> dict[str, int]:
    """Return the bytes in each of these folders; empty folders are left out."""
    found: dict[str, int] = {}
    for path, size in files.items():
        for folder in _above(path):
            if folder in removed:
                found[folder] = found.get(folder, 0) + size
    return found


def _above(path: str) -> list[str]:
    """Return the parent folders of a path, the innermost first."""
    found = []
    while path != "/" and (path := path.rpartition("/")[0] or "/") != "/":
        found.append(path)
    return found
