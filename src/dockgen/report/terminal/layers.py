"""Show an image layer by layer on a terminal."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dockgen.report.console import named

if TYPE_CHECKING:
    from rich.console import Console

    from dockgen.image import File
    from dockgen.image.anatomy import Anatomy, Part

_MB = 10**6
# Instructions are cut here, in characters.
_WIDTH = 120
# A folder gets a line if it has this share of its layer and isn't nested too deep.
_SHARE = 0.05
_DEEPEST = 5
# Files smaller than this get no line, in bytes.
_SMALL = 10_000


def draw(anatomy: "Anatomy", console: "Console") -> None:
    """Draw each layer, and the files hidden in all of them."""
    for number, part in enumerate(anatomy.parts, 1):
        _part(part, f"layer {number} of {len(anatomy.parts)}", console)
    percent = 100 * (1 - anatomy.seen_share)
    own = anatomy.own_hidden_bytes
    above = "" if own is None else f", {own / _MB:.2f} MB of it above the base"
    dive = "" if anatomy.dive is None else f"; dive's efficiency: {100 * anatomy.dive:.1f} %"
    console.print(
        f"later layers hide {anatomy.hidden_bytes / _MB:.2f} MB of the"
        f" {anatomy.file_bytes / _MB:.2f} MB in files ({percent:.1f} %){above}{dive}",
        soft_wrap=True,
    )


def _part(part: "Part", name: str, console: "Console") -> None:
    layer = part.layer
    gzip = "" if layer.gzip_bytes is None else f" ({layer.gzip_bytes / _MB:.2f} MB gzipped)"
    base = ", the base's" if part.is_base else ""
    console.print(f"[bold]{name}[/]{base}: {layer.unpacked_bytes / _MB:.2f} MB{gzip}")
    if part.instruction:
        cut = part.instruction
        cut = cut if len(cut) <= _WIDTH else f"{cut[: _WIDTH - 1]}…"
        console.print(f"  [cyan]{named(cut)}[/]", soft_wrap=True)
    least = _SHARE * part.root.size_bytes
    for _, depth, node in part.root.walk():
        if node.is_folder and 0 < depth <= _DEEPEST and node.size_bytes >= least:
            size = f"{node.size_bytes / _MB:9.2f} MB"
            console.print(f"  {size}  {'  ' * (depth - 1)}{named(node.name)}/", soft_wrap=True)
    _files(part.largest, "dim", console)
    if part.hidden_bytes:
        files = "one file" if part.hidden_files == 1 else f"{part.hidden_files} files"
        console.print(
            f"  [yellow]{part.hidden_bytes / _MB:.2f} MB in {files} hidden by later layers[/]"
        )
        _files(part.hidden, "yellow", console)


def _files(files: "Sequence[File]", style: str, console: "Console") -> None:
    for file in files:
        if file.size >= _SMALL:
            size = f"{file.size / _MB:9.2f} MB"
            console.print(f"  [{style}]{size}  {named(file.path)}[/]", soft_wrap=True)
