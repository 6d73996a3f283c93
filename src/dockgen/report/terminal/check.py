"""Show on a terminal what `dockgen check` found."""

import io
from typing import TYPE_CHECKING

from dockgen.report.console import drawing, named
from dockgen.report.terminal import layers
from dockgen.report.words import measures, since

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from dockgen.check import Checked
    from dockgen.verdict.result import Result

_MB = 10**6
_COLORS = {"ok": "green", "finding": "bold red", "error": "bold red", "warning": "yellow"}


def checked(result: "Result") -> None:
    """Show sizes and times beside their limits, each rule, and what to do about findings."""
    _draw(result, drawing())


def text(result: "Result") -> str:
    """Return the same as text, for a file."""
    file = io.StringIO()
    _draw(result, drawing(file))
    return file.getvalue()


def _draw(result: "Result", console: "Console") -> None:
    checked = result.checked
    cell = checked.project and checked.project.cell
    kind = f"{cell.language} on {cell.flavor}" if cell else str(checked.contract.workload)
    console.print(f"[bold]{named(checked.name)}[/] ({kind})\n")
    console.print(_measures(checked))
    console.print()
    if words := since(result):
        console.print(f"{words}\n", soft_wrap=True)
    if result.anatomy:
        layers.draw(result.anatomy, console)
        console.print()
    console.print(_rules(checked))
    if checked.needs:
        console.print(f"\nIt {named('; '.join(checked.needs))}.", soft_wrap=True)
    for reason in dict.fromkeys(checked.left_out.values()):
        codes = [code for code, other in checked.left_out.items() if other == reason]
        console.print(f"\nNot checked, because {reason}: {', '.join(codes)}", soft_wrap=True)
    for found in result.found:
        finding, ignored = found.finding, found.ignored
        color = _COLORS.get(finding.severity, "cyan") if ignored is None else "dim"
        new = "new: " if found.is_new else ""
        console.print()
        console.print(f"[{color}]{finding.rule}[/] {new}{named(finding.message)}", soft_wrap=True)
        if found.expired:
            console.print(f"  {named(found.expired)}", soft_wrap=True)
        if ignored is None:
            console.print(f"  [dim]try:[/] {named(finding.hint)}", soft_wrap=True)
        else:
            console.print(f"  [dim]ignored:[/] {named(ignored)}", soft_wrap=True)


def _measures(result: "Checked") -> "Table":
    from rich.table import Table

    packed = result.image.gzip_bytes
    notes = ["" if packed is None else f"{packed / _MB:.2f} MB gzipped"]
    table = Table(box=None, padding=(0, 2, 0, 0))
    table.add_column("")
    for title in ("measured", "limit"):
        table.add_column(title, justify="right")
    table.add_column("")
    for one in measures(result):
        table.add_row(one.name, one.measured, one.limit, *notes)
        notes = []
    return table


def _rules(result: "Checked") -> "Table":
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    for rule in result.rules:
        verdict = result.verdict(rule.code)
        table.add_row(rule.code, rule.title, f"[{_COLORS.get(verdict, 'dim')}]{verdict}[/]")
    return table
