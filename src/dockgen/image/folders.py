"""The folders of an image's layers by size: what is large, and what later layers hide."""

import heapq
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from dockgen.image import File, Image, Kind

# Entries below this share of the image are counted together, so that the tree stays small. It
# limits both the entries of each folder and the depth of nested folders.
_LEAST = 0.002
_MOST = 24
_DEEPEST = 10


@dataclass(frozen=True)
class Node:
    """A folder or file of a layer.

    ``name`` is relative to the parent node; it contains slashes if folders hold nothing but one
    another. ``size_bytes`` is the content of the files in it, and ``hidden_bytes`` the part that no
    container sees because a later layer deletes or replaces it. ``children`` are the largest
    entries of a folder, the largest first; the others are only counted.
    """

    name: str
    size_bytes: int
    hidden_bytes: int
    files: int
    children: tuple["Node", ...] = ()

    @property
    def is_folder(self) -> bool:
        """Whether this is a folder; a folder with a single file counts as that file."""
        return self.files > 1 or bool(self.children)

    @property
    def other_bytes(self) -> int:
        """The bytes of a folder's files that aren't in its children."""
        return self.size_bytes - sum(child.size_bytes for child in self.children)

    def path(self, above: str) -> str:
        """Return its path in the layer; ``above`` is the path of its parent, "" for none."""
        return f"{above.rstrip('/')}/{self.name}" if above else self.name

    def walk(self, above: str = "", depth: int = 0) -> Iterator[tuple[str, int, "Node"]]:
        """Yield the node and everything in it, each with its path and its depth."""
        path = self.path(above)
        yield path, depth, self
        for child in self.children:
            yield from child.walk(path, depth + 1)


def of(image: Image) -> list[Node]:
    """Return the root folder of each layer, in the order of the layers."""
    least = max(1, round(image.unpacked_bytes * _LEAST))
    roots = []
    for layer in image.layers:
        files = [file for file in layer.files if file.kind is Kind.FILE]
        roots.append(_node("/", files, image.tree, 1, least, _DEEPEST))
    return roots


def _node(
    name: str, files: Sequence[File], seen: Mapping[str, File], start: int, least: int, levels: int
) -> Node:
    """Return the node of files whose paths are equal up to ``start``."""
    parts: list[Node] = []
    if levels and any("/" in file.path[start - 1 :] for file in files):
        sizes: Counter[str] = Counter()
        for file in files:
            sizes[_head(file, start)] += file.size
        large = {entry for entry in heapq.nlargest(_MOST, sizes, sizes.__getitem__)
                 if sizes[entry] >= least}  # fmt: skip
        groups: dict[str, list[File]] = defaultdict(list)
        for file in files:
            if (entry := _head(file, start)) in large:
                groups[entry].append(file)
        parts = [
            _node(entry, group, seen, start + len(entry) + 1, least, levels - 1)
            for entry, group in groups.items()
        ]
        parts.sort(key=lambda part: (-part.size_bytes, part.name))
        if len(sizes) == 1 and len(parts) == 1 and name != "/":
            (only,) = parts
            return Node(
                f"{name}/{only.name}", only.size_bytes, only.hidden_bytes, only.files,
                only.children,
            )  # fmt: skip
    return Node(
        name,
        sum(file.size for file in files),
        sum(file.size for file in files if seen.get(file.path) is not file),
        len(files),
        tuple(parts),
    )


def _head(file: File, start: int) -> str:
    """Return the first part of a path from ``start`` on."""
    end = file.path.find("/", start)
    return file.path[start:] if end < 0 else file.path[start:end]
