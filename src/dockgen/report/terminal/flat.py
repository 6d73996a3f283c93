"""Show on a terminal the result of `dockgen flatten`."""

from typing import TYPE_CHECKING

from dockgen.report.console import drawing, named

if TYPE_CHECKING:
    from dockgen.image.flat import Flattened

_MB = 10**6


def flattened(made: "Flattened") -> None:
    """Show what a single layer saves and what it costs."""
    console = drawing()
    before = "1 layer" if made.layers == 1 else f"{made.layers} layers"
    console.print(
        f"[bold green]Created[/] [bold]{named(made.tag)}[/] from {named(made.image)}: {before}"
        " became one; the configuration is the same\n",
        soft_wrap=True,
    )
    console.print(
        f"  size:    {made.before_bytes / _MB:.2f} MB before,"
        f" {made.after_bytes / _MB:.2f} MB now, unpacked",
        soft_wrap=True,
    )
    console.print(
        f"  gained:  {made.hidden_bytes / _MB:.2f} MB that later layers hid", soft_wrap=True
    )
    if made.shared_layers:
        images = "another image" if made.shared_by == 1 else f"{made.shared_by} other images"
        count = "1 layer" if made.shared_layers == 1 else f"{made.shared_layers} layers"
        cost = (
            f"{made.shared_bytes / _MB:.2f} MB in {count},"
            f" which it shared with {images} here and no longer shares"
        )
    else:
        cost = "nothing: it shared no layer with another image here"
    console.print(f"  costs:   {cost}", soft_wrap=True)
