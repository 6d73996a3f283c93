"""Show on a terminal what dockgen's runs left in the engine."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from dockgen.report.console import drawing, named

if TYPE_CHECKING:
    from dockgen.engine.leftovers import Leftover

_MB = 10**6


def found(chosen: "Sequence[Leftover]", kept: int) -> None:
    """Show what is chosen, with sizes, and how much is kept because it is young."""
    console = drawing()
    for one in chosen:
        size = "" if one.size_bytes is None else f"{one.size_bytes / _MB:.2f} MB"
        running = "  [yellow]running[/]" if one.running else ""
        console.print(
            f"{one.kind:<9}  {one.made:%Y-%m-%d %H:%M}  {size:>11}  {named(one.name)}{running}",
            soft_wrap=True,
        )
    if not chosen:
        console.print("Nothing to remove.")
    else:
        # Entries of one image share all its layers, so count each image once; images share some
        # layers too.
        sizes = {one.identifier: one.size_bytes or 0 for one in chosen}
        console.print(f"\n{len(chosen)} in all, at most {sum(sizes.values()) / _MB:.2f} MB")
    if kept:
        console.print(
            f"{kept} less than an hour old may belong to a run in progress: see --all",
            soft_wrap=True,
        )


def removed(results: "Mapping[Leftover, str]") -> None:
    """Say how many were removed."""
    count = sum(not reason for reason in results.values())
    drawing().print(f"[bold green]Removed[/] {count}")
