"""Show the rules of a check on a terminal."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dockgen.report.console import drawing, named

if TYPE_CHECKING:
    from dockgen.checks import AnyRule


def rules(listed: "Sequence[AnyRule]") -> None:
    """Print one line per rule."""
    console = drawing()
    for rule in listed:
        console.print(f"[bold]{rule.code}[/]  {named(rule.title)}", soft_wrap=True)


def explained(listed: "Sequence[AnyRule]") -> None:
    """Print everything there is to say about each rule."""
    from rich.markup import escape

    console = drawing()
    for number, rule in enumerate(listed):
        if number:
            console.print()
        console.print(f"[bold]{rule.code}[/]  [bold]{named(rule.title)}[/] ({rule.severity})\n")
        console.print(f"{escape(rule.why)}\n", soft_wrap=True)
        console.print(f"[dim]fix:[/]      {named(rule.fix)}", soft_wrap=True)
        if rule.sources:
            console.print(f"[dim]sources:[/]  {named('; '.join(rule.sources))}", soft_wrap=True)
        alike = "; ".join(f"{tool} {', '.join(codes)}" for tool, codes in rule.alike.items())
        if alike:
            console.print(f"[dim]alike:[/]    {named(alike)}", soft_wrap=True)
