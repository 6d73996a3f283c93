"""Show on a terminal what differs between two images."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dockgen.report.console import drawing, named

if TYPE_CHECKING:
    from rich.console import Console

    from dockgen.compare.difference import Difference, FileChange, PackageChange

_MB = 10**6
# How many lines are shown of packages, and of each kind of change to files.
_MOST = 15
# Words and instructions are cut here, in characters.
_WIDTH = 100
_STYLES = {"added": "green", "removed": "red", "changed": "yellow"}
_MARKS = {"added": "+", "removed": "-", "changed": "~"}


def difference(found: "Difference") -> None:
    """Show what differs, from the whole image to single files, the largest first."""
    console = drawing()
    before, after = found.unpacked_bytes
    console.print(
        f"[bold]{named(found.names[0])}[/] {before / _MB:.2f} MB → "
        f"[bold]{named(found.names[1])}[/] {after / _MB:.2f} MB: "
        f"[bold]{(after - before) / _MB:+.2f} MB[/] unpacked",
        soft_wrap=True,
    )
    if found.is_none:
        console.print("\nThey are the same: configuration, layers, packages and files.")
        return
    if found.settings:
        console.print("\n[bold]configuration[/]")
        for one in found.settings:
            words = " → ".join(_cut(word) if word else "(none)" for word in (one.before, one.after))
            console.print(f"  {named(one.name)}: {words}", soft_wrap=True)
    _layers(found, console)
    _packages(found.packages, console)
    _files(found, console)


def _layers(found: "Difference", console: "Console") -> None:
    shared = sum(layer.unpacked_bytes for layer in found.shared_layers)
    console.print(f"\n[bold]layers[/]: {len(found.shared_layers)} shared ({shared / _MB:.2f} MB)")
    for one in found.layers:
        size = f"{one.layer.unpacked_bytes / _MB:9.2f} MB"
        _line(one.change, f"{size}  {_cut(one.instruction)}", console)


def _packages(changes: "Sequence[PackageChange]", console: "Console") -> None:
    if not changes:
        return
    counts = ", ".join(
        f"{sum(one.change == change for one in changes)} {change}" for change in _MARKS
    )
    console.print(f"\n[bold]packages[/]: {counts}")
    # A new version says more than packages that come and go with a base image.
    ordered = sorted(changes, key=lambda one: one.change != "changed")
    for one in ordered[:_MOST]:
        versions = " → ".join(
            _cut(", ".join(versions)) for versions in (one.before, one.after) if versions
        )
        _line(one.change, f"{one.system:6}  {named(one.name)} {versions}", console)
    _more(len(changes), console)


def _files(found: "Difference", console: "Console") -> None:
    if not found.files:
        return
    console.print("\n[bold]files[/]")
    for change in dict.fromkeys(one.change for one in found.files):
        tally = found.tally(change)
        sizes = {
            "added": f"{tally.after_bytes / _MB:.2f} MB",
            "removed": f"{tally.before_bytes / _MB:.2f} MB",
            "changed": f"{tally.before_bytes / _MB:.2f} → {tally.after_bytes / _MB:.2f} MB",
        }[change]
        files = "1 file" if tally.files == 1 else f"{tally.files} files"
        console.print(f"  {files} {change}: {sizes}")
        shown = [one for one in found.files if one.change is change]
        for one in shown[:_MOST]:
            _file(one, console)
        _more(len(shown), console)


def _file(one: "FileChange", console: "Console") -> None:
    sizes = [file.size for file in (one.before, one.after) if file]
    size = f"{sizes[-1] / _MB:9.2f} MB"
    what = f"  [dim]{', '.join(one.what)}[/]" if one.what else ""
    grown = f" ({(sizes[1] - sizes[0]) / _MB:+.2f})" if len(sizes) > 1 else ""
    _line(one.change, f"{size}{grown}  {named(one.path)}{what}", console)


def _line(change: str, words: str, console: "Console") -> None:
    console.print(f"  [{_STYLES[change]}]{_MARKS[change]}[/] {words}", soft_wrap=True)


def _more(count: int, console: "Console") -> None:
    if count > _MOST:
        console.print(f"    [dim]… and {count - _MOST} more: --json has all[/]")


def _cut(words: str) -> str:
    return named(words if len(words) <= _WIDTH else f"{words[: _WIDTH - 1]}…")
