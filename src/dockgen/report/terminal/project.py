"""Show on a terminal the projects that were made or updated."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from dockgen import advice
from dockgen.report.console import diff, drawing, in_one_line, named, next_commands, styled
from dockgen.shell import short

if TYPE_CHECKING:
    from rich.console import Console
    from rich.tree import Tree

    from dockgen.create import Created
    from dockgen.threeway import Mode, Outcome
    from dockgen.threeway.merge import Change

_COLORS = {
    "clean": "green",
    "merged": "cyan",
    "conflict": "bold red",
    "deleted": "yellow",
    "yours": "magenta",
}


def created(result: "Created") -> None:
    """Show what was made, how large its image may be, and the next commands."""
    console = drawing()
    kind = f"{result.cell.language} on {result.cell.flavor}"
    kind += f", from {result.starter} {result.template_version}" if result.starter else ""
    verb = "Would create" if result.dry_run else "Created"
    where = named(short(result.directory))
    console.print(f"[bold green]{verb}[/] [bold]{where}[/] ({kind})\n")
    console.print(_tree(result))
    traits = [f"at most [bold]{result.limit_mb:g} MB[/] unpacked"]
    traits += [f"port {result.port}"] if result.port is not None else []
    traits += ["user 65532"]
    traits += ["health check inside"] if result.kind != "job" else []
    console.print(f"\nThe image: {', '.join(traits)}.")
    for note in result.notes:
        console.print(note)
    if result.dry_run:
        console.print("Dry run: nothing was written.")
        return
    next_commands(console, result.next_commands)


def updated(outcome: "Outcome", mode: "Mode", commands: Sequence[str]) -> None:
    """Show what changed, or would change, in one project or starter, and what to type next."""
    console = drawing()
    name = named(outcome.directory.name)
    console.print(f"[bold]{name}[/]: {named(outcome.summary)}", soft_wrap=True)
    plan = outcome.plan
    if plan is None or all(change.status == "unchanged" for change in plan.changes):
        return
    if mode == "dry-run" and plan.diff:
        console.print()
        diff(console, plan.diff)
    console.print()
    _changes(console, plan.changes)
    unchanged = sum(change.status == "unchanged" for change in plan.changes)
    console.print(f"[dim]{unchanged} files unchanged[/]")
    if mode == "dry-run":
        console.print("\nDry run: nothing was written.")
        return
    if plan.conflicts:
        return
    next_commands(console, commands)


def updated_fleet(outcomes: "Sequence[Outcome]", mode: "Mode") -> None:
    """Show one line per project, what failed, and which files are in conflict."""
    from rich.markup import escape

    console = drawing()
    if mode == "dry-run":
        for outcome in outcomes:
            if outcome.plan is not None and outcome.plan.diff:
                console.print(f"[bold]{named(short(outcome.directory))}[/]", soft_wrap=True)
                diff(console, outcome.plan.diff)
    names = [in_one_line(short(outcome.directory)) for outcome in outcomes]
    width = max(map(len, names))
    colors = {"failed": "bold red", "conflicts": "bold red", "behind": "yellow"}
    for name, outcome in zip(names, outcomes, strict=True):
        line = styled(f"{name:<{width}}  ")
        line.append(in_one_line(outcome.summary), style=colors.get(outcome.result, "green"))
        console.print(line, soft_wrap=True)
    for outcome in outcomes:
        for path in outcome.plan.conflicts if outcome.plan else ():
            where = named(short(outcome.directory / path))
            console.print(f"[bold red]conflict[/] {where}", soft_wrap=True)
    for outcome in outcomes:
        if outcome.plan is not None and (command := advice.lock_anew(outcome.plan)):
            console.print(f"[bold yellow]lock[/] {escape(command)}", soft_wrap=True)
    counted = Counter(outcome.result for outcome in outcomes)
    console.print("\n" + ", ".join(f"{number} {result}" for result, number in counted.items()))


def _changes(console: "Console", changes: "Sequence[Change]") -> None:
    """Print a line for each changed file; lines never wrap, so that programs can read them."""
    shown = [change for change in changes if change.status != "unchanged"]
    paths = [in_one_line(change.path) for change in shown]
    width = max(map(len, paths))
    for path, change in zip(paths, shown, strict=True):
        line = styled(f"{change.status:<8}  ", style=_COLORS[change.status])
        line.append(f"{path:<{width}}" if change.note else path, style="default")
        line.append(in_one_line(f"  {change.note}") if change.note else "", style="dim")
        console.print(line, soft_wrap=True)


def _tree(result: "Created") -> "Tree":
    from rich.tree import Tree

    tree = Tree(f"[bold]{named(result.directory.name)}/[/]", guide_style="dim")
    branches: dict[Path, Tree] = {Path(): tree}
    for path in result.files:
        for folder in reversed(path.parents[:-1]):
            if folder not in branches:
                branches[folder] = branches[folder.parent].add(f"{named(folder.name)}/")
        branches[path.parent].add(named(path.name))
    return tree
