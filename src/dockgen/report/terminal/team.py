"""Show on a terminal what a team has decided."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from dockgen.report.console import drawing, in_one_line, named, spelt, styled
from dockgen.shell import short

if TYPE_CHECKING:
    from dockgen.team import Shown
    from dockgen.team.teamfile import Team


def team_counts(counted: "Team") -> None:
    """Say which team file applies, and what it locks and why, before any question."""
    console = drawing()
    name = f"{counted.name}: " if counted.name else ""
    console.print(f"[dim]team file[/] {named(name + _location(counted.location))}", soft_wrap=True)
    for question, lock in counted.locked.items():
        reason = f"  ({lock.reason})" if lock.reason else ""
        console.print(
            f"  [dim]locked[/] {question} = {named(_in_line(lock.value) + reason)}", soft_wrap=True
        )


def team(shown: "Shown") -> None:
    """Show each question with its default or locked value, and the source of that value."""
    console = drawing()
    if shown.team is None:
        console.print("No team file applies here: all defaults are dockgen's own.")
    else:
        name = f"{shown.team.name}: " if shown.team.name else ""
        console.print(f"[bold]{named(name + _location(shown.team.location))}[/]", soft_wrap=True)
    console.print()
    rows = [("question", "from", "answer", "")]
    for decision in shown.decisions:
        notes = [f"no {choice}: {reason}" for choice, reason in decision.refused.items()]
        if decision.locked:
            notes.insert(0, f"locked: {decision.reason}" if decision.reason else "locked")
        rows.append(
            (
                decision.question,
                decision.source if decision.source == "dockgen" else f"[{decision.source}]",
                "(computed)"
                if decision.is_computed
                else in_one_line(_in_line(decision.value)) or "none",
                f"  ({'; '.join(notes)})" if notes else "",
            )
        )
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    for number, (question, origin, answer, note) in enumerate(rows):
        line = styled(f"{question:<{widths[0]}}  ", style="bold" if number == 0 else "")
        line.append(spelt(f"{origin:<{widths[1]}}  {answer}"))
        line.append(spelt(note), style="dim")
        console.print(line, soft_wrap=True)


def _location(location: str) -> str:
    """Return a path as the user would type it, and an address unchanged."""
    return location if "://" in location else short(Path(location))


def _in_line(value: object) -> str:
    """Return an answer in one line, as a person would write it; certificates are only counted."""
    if isinstance(value, str):
        count = value.count("-----BEGIN CERTIFICATE-----")
        return f"{count} certificate{'s' if count > 1 else ''}" if count else value
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {_in_line(entry)}" for name, entry in value.items()) or "none"
    if isinstance(value, list):
        return ", ".join(map(_in_line, value)) or "none"
    return str(value)
