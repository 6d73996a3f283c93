"""The layers and folders of an image as the check's page draws them: treemaps that open."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dockgen.image import Image, Layer, anatomy, folders
from dockgen.image.folders import Node
from dockgen.report import treemap, words
from dockgen.report.treemap import Box

# A map is drawn once for wide screens and once for phones; the page shows one of them. The height
# is fixed, and the page stretches the width.
_IMAGE = {"wide": Box(0, 0, 1060, 520), "narrow": Box(0, 0, 330, 480)}
_PART = {"wide": Box(0, 0, 1020, 340), "narrow": Box(0, 0, 300, 360)}
_BORDER = 2.0
# About how wide a letter of a map is, in the map's units.
_LETTER = 6.4
# A layer or folder gets its own map from this share of the image on, unless it is all of it.
_SHOWN = 0.03
# How many colours distinguish the project's layers.
_COLORS = 5


@dataclass(frozen=True)
class Part:
    """A layer: its number from 1, what made it, its folders, and the CSS class of its colour.

    ``anchors`` maps the path of each folder that can be opened to its anchor on the page.
    """

    number: int
    layer: Layer
    made_by: str
    is_base: bool
    root: Node
    kind: str
    share: float
    anchors: Mapping[str, str]


@dataclass(frozen=True)
class Shape:
    """A rectangle of a map: its place, CSS class, label if there is room, and full title.

    ``anchor`` is the anchor on the page that it opens, or "".
    """

    box: Box
    kind: str
    label: str
    title: str
    anchor: str


@dataclass(frozen=True)
class Map:
    """A map: the CSS class of the screens that it is for, its size, and its layers' rectangles.

    The first rectangle of a layer is the layer itself, or the folder that the map shows.
    """

    screen: str
    box: Box
    layers: Sequence[tuple[Part, Sequence[Shape]]]


def parts(image: Image) -> list[Part]:
    """Return the layers of an image, those of the base first."""
    base = image.base_layers or 0
    whole = max(image.unpacked_bytes, 1)
    found = []
    read = zip(image.layers, anatomy.instructions(image), folders.of(image), strict=True)
    for number, (layer, made_by, root) in enumerate(read, 1):
        is_base = number <= base
        kind = "base" if is_base else f"own-{(number - base - 1) % _COLORS}"
        paths = (path for path, _, node in root.walk() if node.children)
        anchors = {
            path: f"layer-{number}-{count}" if count else f"layer-{number}"
            for count, path in enumerate(paths)
        }
        share = layer.unpacked_bytes / whole
        found.append(Part(number, layer, made_by, is_base, root, kind, share, anchors))
    return found


def of_image(found: Sequence[Part]) -> list[Map]:
    """Return the maps of a whole image: each layer that has a size, the largest first."""
    ordered = sorted(
        (part for part in found if part.layer.unpacked_bytes > 0),
        key=lambda part: -part.layer.unpacked_bytes,
    )
    sizes = [float(part.layer.unpacked_bytes) for part in ordered]
    drawn = []
    for screen, box in _IMAGE.items():
        places = zip(ordered, treemap.squarified(sizes, box), strict=True)
        layers = [
            (part, _shapes(part, part.root, "", _inset(place), f"layer-{part.number}"))
            for part, place in places
            if place.width > 2 * _BORDER and place.height > 2 * _BORDER
        ]
        drawn.append(Map(screen, box, layers))
    return drawn


def of_folder(part: Part, node: Node, above: str, whole_bytes: int) -> list[Map]:
    """Return the maps of a layer or folder; none if it shows well enough in a larger map.

    Args:
        part: the layer.
        node: a folder in it, or its root.
        above: the path of the folder that it lies in.
        whole_bytes: the size of the image.
    """
    share = node.size_bytes / max(whole_bytes, 1)
    if len(node.children) < (2 if above else 1) or not _SHOWN <= share < 1 - _SHOWN:
        return []
    return [
        Map(screen, box, [(part, _shapes(part, node, above, box))])
        for screen, box in _PART.items()
    ]  # fmt: skip


def _inset(box: Box) -> Box:
    return Box(
        box.x + _BORDER / 2, box.y + _BORDER / 2, box.width - _BORDER, box.height - _BORDER
    )  # fmt: skip


def _shapes(part: Part, root: Node, above: str, box: Box, anchor: str = "") -> list[Shape]:
    shapes = []
    for tile in treemap.tiles(root, box, above):
        is_layer = tile.node is part.root
        name = f"{part.number} {part.made_by}" if is_layer else tile.node.name
        size = part.layer.unpacked_bytes if is_layer else tile.node.size_bytes
        is_hidden = tile.node.hidden_bytes * 2 > tile.node.size_bytes
        kind = "hidden" if is_hidden else f"{part.kind} {'even' if tile.depth % 2 == 0 else 'odd'}"
        hidden = ", hidden by a later layer" if is_hidden else ""
        path = f"layer {part.number}" if is_layer else tile.path
        shapes.append(
            Shape(
                tile.box,
                kind,
                _fitting(words.plain(name), tile.box) if tile.is_named else "",
                f"{path}: {words.size(size)}{hidden}",
                part.anchors.get(tile.path, "") if tile.depth else anchor,
            )
        )
    return shapes


def _fitting(name: str, box: Box) -> str:
    """Shorten a name to the room in a box; return "" if too little of it would be left."""
    room = int((box.width - 8) / _LETTER)
    if len(name) <= room:
        return name
    return f"{name[: room - 1]}…" if room > 3 else ""
