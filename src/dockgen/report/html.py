"""The renderer for HTML: one page that needs no network and no script.

page.html has its structure and page.css its looks. Whatever is put into the page passes `plain` and
is escaped, whoever wrote it, and the page's own policy lets a browser load and run nothing.
"""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dockgen import __version__, anatomy, folders
from dockgen.check import Verdict
from dockgen.checks import AnyRule
from dockgen.folders import Node
from dockgen.image import Image, Layer
from dockgen.report import treemap, words
from dockgen.report.treemap import Box
from dockgen.result import Found, Result

if TYPE_CHECKING:
    from jinja2 import Template

_FILES = Path(__file__).parent
_MB = 10**6
# The two widths that a map is drawn for, of which the page shows one: a screen's and a telephone's.
_WIDE, _NARROW = Box(0, 0, 1060, 520), Box(0, 0, 360, 480)
_WIDE_LAYER, _NARROW_LAYER = Box(0, 0, 1020, 340), Box(0, 0, 330, 360)
_BORDER = 2.0
# About how wide a letter of a map is, in its units.
_LETTER = 6.4
# A layer has a map of its own if it is this share of the image, and isn't all of it.
_SHOWN = 0.03
# How many findings of one rule are told.
_MOST = 50
_VERDICTS = (
    (Verdict.FINDING, "rule fails", "rules fail"),
    (Verdict.WARNING, "warns", "warn"),
    (Verdict.INFO, "remark", "remarks"),
    (Verdict.IGNORED, "ignored", "ignored"),
    (Verdict.NOT_ASKED, "not asked", "not asked"),
    (Verdict.BASE_UNKNOWN, "not asked: base unknown", "not asked: base unknown"),
    (Verdict.HOLDS, "holds", "hold"),
)
# How many colours tell the layers of the project from each other.
_COLORS = 5


@dataclass(frozen=True)
class Shape:
    """A rectangle of a map: its place, a class for its colour, its name if it has room, and all."""

    box: Box
    kind: str
    label: str
    title: str


@dataclass(frozen=True)
class Part:
    """A layer: its number from 1, what made it, its folders, and the class for its colour."""

    number: int
    layer: Layer
    made_by: str
    is_base: bool
    root: Node
    kind: str
    share: float


def checked(result: Result) -> str:
    """The whole page."""
    image, contract = result.checked.image, result.checked.contract
    parts = _parts(image)
    style = (_FILES / "page.css").read_text(encoding="utf-8")
    return _page().render(
        result=result,
        checked=result.checked,
        image=image,
        limits=contract.limits,
        whole=words.whole(result),
        since=words.since(result),
        gone=sorted(set(result.since.gone)) if result.since else [],
        counts=_counts(result),
        measures=words.measures(result.checked),
        scale=_scale(result),
        groups=_groups(result),
        left_out=_left_out(result),
        parts=parts,
        hidden=sum(part.root.hidden_bytes for part in parts),
        maps=[(name, box, _overview(parts, box)) for name, box in _sizes(_WIDE, _NARROW)],
        layer_maps=_layer_maps,
        most=_MOST,
        style=style,
        style_hash=base64.b64encode(hashlib.sha256(style.encode()).digest()).decode(),
        version=__version__,
    )


@cache
def _page() -> "Template":
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(_FILES),
        autoescape=True,
        finalize=_finalized,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"size": _size, "paragraphs": _paragraphs}
    return environment.get_template("page.html")


def _finalized(value: Any) -> Any:
    """Each value that the page shows, in one line and spelt out; jinja escapes it after that."""
    return words.plain(value) if type(value) is str else value


def _size(size: int) -> str:
    if 0 < size < _MB / 10:
        return f"{size / 1000:.1f} kB"
    return f"{size / _MB:.2f} MB" if size else "0 MB"


def _paragraphs(text: str) -> list[str]:
    return [" ".join(paragraph.split()) for paragraph in text.split("\n\n")]


def _counts(result: Result) -> list[tuple[str, str]]:
    """How many rules got each verdict, with what to say of it; the worst first."""
    verdicts = [result.checked.verdict(rule.code) for rule in result.checked.rules]
    return [
        (str(verdict), f"{number} {one if number == 1 else several}")
        for verdict, one, several in _VERDICTS
        if (number := verdicts.count(verdict))
    ]


def _groups(result: Result) -> list[tuple[AnyRule, str, list[Found]]]:
    """The rules that found something, with their verdict: first what fails."""
    groups = []
    for verdict, _, _ in _VERDICTS:
        for rule in result.checked.rules:
            found = [one for one in result.found if one.rule.code == rule.code]
            if found and result.checked.verdict(rule.code) is verdict:
                groups.append((rule, str(verdict), found))
    return groups


def _left_out(result: Result) -> dict[str, list[str]]:
    """The reasons why rules weren't asked, each with their codes."""
    reasons: dict[str, list[str]] = {}
    for code, reason in result.checked.left_out.items():
        reasons.setdefault(reason, []).append(code)
    return reasons


def _scale(result: Result) -> dict[str, float | None]:
    """The size, its limit and the one before, on a scale up to the largest of them: 1000."""
    size = result.checked.image.unpacked_bytes
    limit = result.checked.contract.limits.size_bytes
    before = result.since.before.unpacked_bytes if result.since else None
    end = max(size, limit or 0, before or 0, 1)
    return {
        "now": 1000 * size / end,
        "limit": None if limit is None else 1000 * limit / end,
        "before": None if before is None else 1000 * before / end,
    }


def _parts(image: Image) -> list[Part]:
    steps = [step.words for step in image.history if step.layer is not None]
    base = image.base_layers or 0
    whole = max(image.unpacked_bytes, 1)
    parts = []
    for number, (layer, root) in enumerate(zip(image.layers, folders.of(image), strict=True), 1):
        is_base = number <= base
        kind = "base" if is_base else f"own-{(number - base - 1) % _COLORS}"
        share = layer.unpacked_bytes / whole
        instruction = anatomy.instruction(steps[number - 1]) if steps else ""
        parts.append(Part(number, layer, instruction, is_base, root, kind, share))
    return parts


def _sizes(wide: Box, narrow: Box) -> list[tuple[str, Box]]:
    return [("wide", wide), ("narrow", narrow)]


def _overview(parts: Sequence[Part], box: Box) -> list[tuple[Part, list[Shape]]]:
    """The shapes of each layer that has a size, the largest first."""
    ordered = sorted(
        (part for part in parts if part.layer.unpacked_bytes > 0),
        key=lambda part: -part.layer.unpacked_bytes,
    )
    boxes = treemap.squarified([float(part.layer.unpacked_bytes) for part in ordered], box)
    return [
        (part, _shapes(part, _inset(place)))
        for part, place in zip(ordered, boxes, strict=True)
        if place.width > 2 * _BORDER and place.height > 2 * _BORDER
    ]


def _inset(box: Box) -> Box:
    return Box(
        box.x + _BORDER / 2, box.y + _BORDER / 2, box.width - _BORDER, box.height - _BORDER
    )  # fmt: skip


def _layer_maps(part: Part) -> list[tuple[str, Box, list[Shape]]]:
    """The maps of one layer, for the two widths; none of one that shows in the whole image's."""
    if not part.root.children or not _SHOWN <= part.share < 1 - _SHOWN:
        return []
    return [
        (name, box, _shapes(part, box)) for name, box in _sizes(_WIDE_LAYER, _NARROW_LAYER)
    ]  # fmt: skip


def _shapes(part: Part, box: Box) -> list[Shape]:
    shapes = []
    for tile in treemap.tiles(part.root, box):
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
                f"{path}: {_size(size)}{hidden}",
            )
        )
    return shapes


def _fitting(name: str, box: Box) -> str:
    """As much of a name as has room in a box; "" if that says nothing."""
    room = int((box.width - 8) / _LETTER)
    if len(name) <= room:
        return name
    return f"{name[: room - 1]}…" if room > 3 else ""
