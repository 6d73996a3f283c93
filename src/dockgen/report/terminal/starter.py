"""Show on a terminal the starters that were made, registered or tested."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from dockgen.report.console import drawing, named, next_commands, warning
from dockgen.shell import short

if TYPE_CHECKING:
    from dockgen.starter import Made
    from dockgen.starters import Listed
    from dockgen.testing.proof import Proven


def made(result: "Made", commands: Sequence[str]) -> None:
    """Show what is in a new starter, and the next commands."""
    console = drawing()
    settings = result.settings
    kind = f"{', '.join(settings.languages)} on dockgen {settings.base}"
    console.print(
        f"[bold green]Created[/] [bold]{named(short(result.directory))}[/] ({kind})\n",
        soft_wrap=True,
    )
    parts = result.parts
    width = max(map(len, parts))
    for part, words in parts.items():
        console.print(f"  {part:<{width}}  [dim]{words}[/]", soft_wrap=True)
    if result.problem:
        warning(f"not committed: {result.problem}")
    next_commands(console, commands)


def added(listed: "Listed", commands: Sequence[str]) -> None:
    """Say what was registered, and the next commands."""
    from rich.markup import escape

    console = drawing()
    name, count = listed.starter.name, len(listed.releases)
    number = "1 release" if count == 1 else f"{count} releases"
    console.print(
        f"[bold green]Registered[/] [bold]{name}[/] at {listed.releases[-1]} ({number}): "
        f"{escape(listed.starter.url)}",
        soft_wrap=True,
    )
    next_commands(console, commands)


def starters(listed: "Sequence[Listed]", register: str) -> None:
    """Print one line per starter; ``register`` is the command that registers one."""
    console = drawing()
    if not listed:
        console.print(f"No starter is registered. Register one: {register}")
        return
    rows = [("starter", "newest", "fetched", "address")]
    for entry in listed:
        fetched = entry.starter.fetched
        newest = entry.releases[-1] if entry.releases else "-"
        day = f"{fetched:%Y-%m-%d}" if fetched else "never"
        rows.append((entry.starter.name, newest, day, entry.starter.url))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for number, row in enumerate(rows):
        cells = (f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True))
        style = "bold" if number == 0 else None
        # Lines never wrap, so that an address can be copied and programs can read them.
        console.print("  ".join(cells).rstrip(), style=style, markup=False, soft_wrap=True)


def proven(result: "Proven") -> None:
    """Show what is broken and why, then the table of sizes."""
    from rich.markup import escape
    from rich.table import Table

    from dockgen.image import sizes

    console = drawing()
    proof = result.proof
    for broken in proof.broken:
        first, *others = broken.contracts
        also = f", and {len(others)} more" if others else ""
        case = f"{broken.case}: " if broken.case else ""
        console.print(f"[bold red]{case}[/]{escape(first)}{also}", soft_wrap=True)
        for line in broken.message.splitlines():
            console.print(f"  {escape(line)}", soft_wrap=True)
    for contract, reason in proof.skipped.items():
        console.print(f"[yellow]not asked[/] {escape(contract)}: {escape(reason)}", soft_wrap=True)
    if proof.broken or proof.skipped:
        console.print()
    if proof.sizes:
        compared = result.before is not None
        table = Table(box=None, padding=(0, 2, 0, 0))
        first, *others = sizes.head(compared=compared)
        table.add_column(first)
        for title in others:
            table.add_column(title, justify="right")
        for row in sizes.rows(proof.sizes, result.before):
            table.add_row(*sizes.cells(row, compared=compared))
        console.print(table, soft_wrap=True)
        console.print()
    number = "1 case" if len(result.cases) == 1 else f"{len(result.cases)} cases"
    console.print(f"{number}, {proof.held} contracts pass")


def baked(directory: Path, cases: Sequence[str], commands: Sequence[str]) -> None:
    """Say what was written for bake, and show the next commands."""
    console = drawing()
    number = "1 case" if len(cases) == 1 else f"{len(cases)} cases"
    console.print(
        f"[bold green]Wrote[/] {number} to [bold]{named(short(directory))}[/]",
        soft_wrap=True,
    )
    next_commands(console, commands)
