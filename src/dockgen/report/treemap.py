"""A treemap: sizes as rectangles that fill a given one, each as close to a square as possible.

The layout is from Bruls, Huizing and van Wijk, "Squarified Treemaps" (2000).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from dockgen.image.folders import Node

# In units of the drawing, about pixels: the gap between neighbours, the strip with a folder's name,
# the smallest tile with a name, and the smallest that is divided or drawn at all.
_GAP = 1.5
_STRIP = 17.0
_NAMED = (34.0, 15.0)
_DIVIDED = (44.0, 40.0)
_DRAWN = 5.0
# The name of the tile for everything that is too small for a tile of its own.
OTHERS = "smaller ones"


@dataclass(frozen=True)
class Box:
    """A rectangle: its upper left corner, its width and its height."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Tile:
    """A node and its rectangle; ``is_named`` says whether the name fits.

    ``depth`` counts the tiles around it.
    """

    node: Node
    path: str
    depth: int
    box: Box
    is_named: bool


def squarified(sizes: Sequence[float], box: Box) -> list[Box]:
    """Divide a box into one rectangle per size, in proportion.

    Args:
        sizes: above 0, the largest first.
        box: the rectangle to divide.
    """
    boxes: list[Box] = []
    while rest := sizes[len(boxes) :]:
        left = sum(rest)
        side = min(box.width, box.height)
        scale = box.width * box.height / left
        count = 1
        while count < len(rest) and _worst(rest[: count + 1], side, scale) <= _worst(
            rest[:count], side, scale
        ):
            count += 1
        row = rest[:count]
        share = sum(row) / left
        along = 0.0
        for size in row:
            part = size / sum(row)
            if box.width >= box.height:
                boxes.append(
                    Box(box.x, box.y + along, box.width * share, box.height * part)
                )  # fmt: skip
                along += box.height * part
            else:
                boxes.append(Box(box.x + along, box.y, box.width * part, box.height * share))
                along += box.width * part
        if box.width >= box.height:
            done = box.width * share
            box = Box(box.x + done, box.y, box.width - done, box.height)
        else:
            done = box.height * share
            box = Box(box.x, box.y + done, box.width, box.height - done)
    return boxes


def _worst(row: Sequence[float], side: float, scale: float) -> float:
    """Return the worst aspect ratio in a row: a rectangle's longer side by its shorter."""
    total = sum(row) * scale
    if not total * side:  # so small beside the others that no room is left
        return math.inf
    largest, smallest = max(row) * scale, min(row) * scale
    return max(side**2 * largest / total**2, total**2 / (side**2 * smallest))


def tiles(root: Node, box: Box, above: str = "", depth: int = 0) -> list[Tile]:
    """Return the tiles of a folder: itself, then whatever fits inside, outer tiles first."""
    path = root.path(above)
    is_named = box.width >= _NAMED[0] and box.height >= _NAMED[1]
    drawn = [Tile(root, path, depth, box, is_named)]
    if not root.children or box.width < _DIVIDED[0] or box.height < _DIVIDED[1]:
        return drawn
    inner = Box(
        box.x + _GAP, box.y + _STRIP, box.width - 2 * _GAP, box.height - _STRIP - _GAP
    )  # fmt: skip
    parts = [part for part in root.children if part.size_bytes]
    if root.other_bytes > 0:
        parts.append(Node(OTHERS, root.other_bytes, 0, 0))
        parts.sort(key=lambda part: -part.size_bytes)
    places = squarified([float(part.size_bytes) for part in parts], inner)
    for part, place in zip(parts, places, strict=True):
        seen = Box(place.x, place.y, place.width - _GAP, place.height - _GAP)
        if min(seen.width, seen.height) >= _DRAWN:
            drawn += tiles(part, seen, path, depth + 1)
    return drawn
