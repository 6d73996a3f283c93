"""The report: results on the terminal or as JSON. The only module that prints.

rich takes longer to import than all else that a short answer needs, so it is imported where
something is drawn. It leaves colours out off a terminal and with NO_COLOR, whatever
FORCE_COLOR says: many set it for all of a CI's jobs, and a diff in a file is to be applied.
"""

import json
import os
import re
import shlex
import sys
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dockgen.address import masked
from dockgen.errors import DockgenError, ProjectError

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderableType
    from rich.segment import Segment
    from rich.table import Table
    from rich.text import Text
    from rich.tree import Tree

    from dockgen.check import Checked
    from dockgen.fleet import Mode, Outcome
    from dockgen.matrix import Cell, Workload
    from dockgen.merge import Change
    from dockgen.starter import Made
    from dockgen.starters import Starter
    from dockgen.team import Decision, Team
    from dockgen.testing.proof import Proof
    from dockgen.testing.sizes import Sizes

_MB = 10**6
# What a terminal obeys or doesn't show: control sequences and their 8-bit twins, marks that turn
# the direction of text around or take no room, halves of characters. Line break and tab stay.
_OBEYED = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e"
    "\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e0fff]"
)
# Colours of a program whose output is shown.
_COLORS = re.compile(r"\x1b\[[0-9;]*m")
# How many lines of a build's log tell why it failed.
_LOG_LINES = 20


@dataclass(frozen=True)
class NewProject:
    """A project that was made, or that a dry run would make.

    ``starter`` and ``team`` are the names of the starter template and of the team file, "" for
    none. ``limit_mb`` is what its image may weigh: MB of 10^6 bytes, unpacked. ``warnings`` are
    those that standard error has, too.
    """

    directory: Path
    answers: Mapping[str, Any]
    cell: "Cell"
    kind: "Workload"
    port: int | None
    files: Sequence[Path]
    template_version: str
    starter: str
    team: str
    limit_mb: float
    dry_run: bool
    warnings: Sequence[str] = ()

    @property
    def weighs_unknown(self) -> bool:
        """Whether it installs packages, and nobody has said what the image may weigh with them."""
        policy = self.answers.get("policy") or {}
        return bool(self.answers.get("runtime_packages")) and "size_mb" not in policy

    @property
    def next_commands(self) -> tuple[str, ...]:
        """What to type next."""
        from dockgen import lock

        commands = {
            "service": "docker compose up --build --wait",
            "worker": "docker compose up --build --wait",
            "job": "docker compose up --build --exit-code-from app",
        }
        enter = f"cd {_quoted(_short(self.directory))}"
        first: tuple[str, ...] = ()
        if lock.is_missing(self.directory, self.answers):
            first = (lock.command(self.answers),)
        return (enter, *first, commands[self.kind])


def new_project(project: NewProject) -> None:
    """Show what was made, what its image may weigh, and the next commands."""
    console = _console()
    kind = f"{project.cell.language} on {project.cell.flavor}"
    kind += f", from {project.starter} {project.template_version}" if project.starter else ""
    verb = "Would create" if project.dry_run else "Created"
    where = _named(_short(project.directory))
    console.print(f"[bold green]{verb}[/] [bold]{where}[/] ({kind})\n")
    console.print(_tree(project))
    traits = [f"at most [bold]{project.limit_mb:g} MB[/] unpacked"]
    traits += [f"port {project.port}"] if project.port is not None else []
    traits += ["user 65532"]
    traits += ["health check inside"] if project.kind != "job" else []
    console.print(f"\nThe image: {', '.join(traits)}.")
    if project.weighs_unknown:
        console.print(
            "That leaves room for the packages: lower it in dockgen.toml to what dockgen check"
            " measures."
        )
    if project.dry_run:
        console.print("Nothing was written: this was a dry run.")
        return
    _print_next(console, project.next_commands)


def team_counts(team: "Team") -> None:
    """Say that a team file counts, and what it locks and why, before anything is asked."""
    console = _console()
    name = f"{team.name}: " if team.name else ""
    console.print(f"[dim]team file[/] {_named(name + _location(team.location))}", soft_wrap=True)
    for question, lock in team.locked.items():
        reason = f"  ({lock.reason})" if lock.reason else ""
        console.print(
            f"  [dim]locked[/] {question} = {_named(_in_line(lock.value) + reason)}", soft_wrap=True
        )


@dataclass(frozen=True)
class ShownTeam:
    """A team file, or none, and what is decided about each question."""

    team: "Team | None"
    decisions: "Sequence[Decision]"


def team(shown: ShownTeam) -> None:
    """Show each question with its default or locked value, and where that comes from."""
    console = _console()
    if shown.team is None:
        console.print("There is no team file here: every default is dockgen's own.")
    else:
        name = f"{shown.team.name}: " if shown.team.name else ""
        console.print(f"[bold]{_named(name + _location(shown.team.location))}[/]", soft_wrap=True)
    console.print()
    rows = [("question", "from", "answer", "")]
    for decision in shown.decisions:
        notes = [f"no {choice}: {reason}" for choice, reason in decision.refused.items()]
        if decision.locked:
            notes.insert(0, f"locked: {decision.reason}" if decision.reason else "locked")
        computed = isinstance(decision.value, str) and "{" in decision.value
        rows.append(
            (
                decision.question,
                decision.source if decision.source == "dockgen" else f"[{decision.source}]",
                "(computed)" if computed else _in_one_line(_in_line(decision.value)) or "none",
                f"  ({'; '.join(notes)})" if notes else "",
            )
        )
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    for number, (question, origin, answer, note) in enumerate(rows):
        line = _text(f"{question:<{widths[0]}}  ", style="bold" if number == 0 else "")
        line.append(_spelt(f"{origin:<{widths[1]}}  {answer}"))
        line.append(_spelt(note), style="dim")
        console.print(line, soft_wrap=True)


def team_json(shown: ShownTeam) -> None:
    """The same facts for programs, as one JSON object."""
    facts = {
        "team": shown.team
        and {
            "location": shown.team.location,
            "name": shown.team.name,
            "contact": shown.team.contact,
            "kept_since": shown.team.kept and shown.team.kept.isoformat(),
        },
        "questions": [
            {
                "name": decision.question,
                "value": decision.value,
                "from": decision.source,
                "locked": decision.locked,
                "reason": decision.reason,
                "choices": list(decision.choices),
                "refused": dict(decision.refused),
            }
            for decision in shown.decisions
        ],
    }
    _print_json(facts)


def _location(location: str) -> str:
    """A path as the user would type it, and an address as it is."""
    return location if "://" in location else _short(Path(location))


def _in_line(value: object) -> str:
    """An answer in one line, as a person would write it; certificates are counted."""
    if isinstance(value, str):
        count = value.count("-----BEGIN CERTIFICATE-----")
        return f"{count} certificate{'s' if count > 1 else ''}" if count else value
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {_in_line(entry)}" for name, entry in value.items()) or "none"
    if isinstance(value, list):
        return ", ".join(map(_in_line, value)) or "none"
    return str(value)


def new_project_json(project: NewProject) -> None:
    """The same facts for programs, as one JSON object."""
    facts = {
        "directory": str(project.directory),
        "dry_run": project.dry_run,
        "template_version": project.template_version,
        "starter": project.starter or None,
        "team": project.team or None,
        "warnings": list(project.warnings),
        "answers": dict(project.answers),
        "files": [path.as_posix() for path in project.files],
        "limit_mb": project.limit_mb,
        "next": [] if project.dry_run else list(project.next_commands),
    }
    _print_json(facts)


def prepare_prompts() -> None:
    """Let questions that are asked on the terminal spell out what it would obey.

    prompt_toolkit, which copier asks with, does so for control characters. Of what has no room of
    its own it knows little.
    """
    from prompt_toolkit.layout.screen import Char

    for number in (*range(0x200B, 0x2010), *range(0x2028, 0x202F), *range(0x2060, 0x2070), 0x61C):
        if number not in {0x200C, 0x200D}:  # joiners, as in emoji
            Char.display_mappings[chr(number)] = f"<{number:x}>"


@contextmanager
def progress() -> Iterator[Callable[[str], None]]:
    """Show what is being done while it lasts, on standard error, if that is a terminal.

    Yields the function that takes the words.
    """
    console = _console(stderr=True)
    with console.status("") as status:
        yield lambda words: status.update(_text(f"{words} …"))


def end_of_log(log: str) -> None:
    """The last lines of a build's log, on standard error."""
    console = _console(stderr=True)
    for line in _COLORS.sub("", log).splitlines()[-_LOG_LINES:]:
        console.print(_text(line), soft_wrap=True)


def checked_project(checked: "Checked") -> None:
    """Show the sizes and times beside their limits, each rule, and what to do about findings."""
    console = _console()
    cell = checked.project and checked.project.cell
    kind = f"{cell.language} on {cell.flavor}" if cell else str(checked.contract.workload)
    console.print(f"[bold]{_named(checked.name)}[/] ({kind})\n")
    console.print(_measures(checked))
    console.print()
    console.print(_rules(checked))
    for finding in checked.findings:
        ignored = checked.ignored(finding.rule)
        color = "bold red" if ignored is None else "yellow"
        console.print()
        console.print(f"[{color}]{finding.rule}[/] {_named(finding.message)}", soft_wrap=True)
        if ignored is None:
            console.print(f"  [dim]try:[/] {_named(finding.hint)}", soft_wrap=True)
        else:
            console.print(f"  [dim]ignored:[/] {_named(ignored)}", soft_wrap=True)


def checked_project_json(checked: "Checked") -> None:
    """The same facts for programs, as one JSON object; what could not be seen is null."""
    from dockgen import checks

    project, seen, limits = checked.project, checked.seen, checked.contract.limits
    facts = {
        "name": checked.name,
        "directory": checked.directory and str(checked.directory),
        "cell": project and str(project.cell),
        "template_version": project and project.template_version,
        "holds": not checked.failures,
        "size": {
            "unpacked_bytes": checked.image.unpacked_bytes,
            "gzip_bytes": checked.image.gzip_bytes,
            "limit_bytes": limits.size_bytes,
        },
        "kind": checked.contract.workload,
        "healthy": {
            "seconds": seen and seen.healthy_seconds,
            "limit_seconds": limits.healthy_seconds or None,
        },
        "run": {
            "seconds": seen and seen.run_seconds,
            "limit_seconds": limits.run_seconds or None,
        },
        "stop": {
            "seconds": seen.stop_seconds if seen and seen.exit_code is None else None,
            "limit_seconds": limits.stop_seconds,
        },
        "rules": [
            {
                "code": rule.code,
                "title": rule.title,
                "holds": checked.holds(rule.code),
                "ignored": checked.ignored(rule.code),
                "findings": [
                    {
                        "message": finding.message,
                        "hint": finding.hint,
                        "severity": finding.severity,
                        "place": finding.place and asdict(finding.place),
                    }
                    for finding in checked.findings
                    if finding.rule == rule.code
                ],
            }
            for rule in checks.applicable(checked.contract)
        ],
        "left_out": dict(checked.left_out),
        "needs": list(checked.needs),
    }
    _print_json(facts)


_UPDATE_COLORS = {
    "clean": "green",
    "merged": "cyan",
    "conflict": "bold red",
    "deleted": "yellow",
    "yours": "magenta",
}


def updated(outcome: "Outcome", mode: "Mode") -> None:
    """Show what an update did, or would do, to one project, and what to type next."""
    plan = outcome.plan
    first = (plan.lock_command,) if plan is not None and plan.lock_command else ()
    commands = ("git diff", "dockgen check", "git add --all . && git commit")
    _updated(outcome, mode, (*first, *commands))


def bumped(outcome: "Outcome", mode: "Mode") -> None:
    """Show what a bump did, or would do, to a starter, and what to type next."""
    _updated(outcome, mode, ("git diff", "dockgen starter test", "git add --all . && git commit"))


def bumped_json(outcome: "Outcome", mode: "Mode") -> None:
    """The same facts for programs, as one JSON object."""
    _print_json({"mode": str(mode), **_outcome_facts(outcome, mode)})


def _updated(outcome: "Outcome", mode: "Mode", commands: Sequence[str]) -> None:

    console = _console()
    name = _named(outcome.directory.name)
    console.print(f"[bold]{name}[/]: {_named(outcome.summary)}", soft_wrap=True)
    plan = outcome.plan
    if plan is None or not plan.changes:
        return
    if mode == "dry-run" and plan.diff:
        console.print()
        _diff(console, plan.diff)
    console.print()
    _print_changes(console, plan.changes)
    unchanged = sum(change.status == "unchanged" for change in plan.changes)
    console.print(f"[dim]{unchanged} files unchanged[/]")
    if mode == "dry-run":
        console.print("\nNothing was written: this was a dry run.")
        return
    if plan.conflicts:
        return
    folder = _short(outcome.directory)
    first = [] if folder == "." else [f"cd {_quoted(folder)}"]
    _print_next(console, (*first, *commands))


def updated_fleet(outcomes: "Sequence[Outcome]", mode: "Mode") -> None:
    """Show one line for each project, what failed, and which files are in conflict."""
    from rich.markup import escape

    console = _console()
    if mode == "dry-run":
        for outcome in outcomes:
            if outcome.plan is not None and outcome.plan.diff:
                console.print(f"[bold]{_named(_short(outcome.directory))}[/]", soft_wrap=True)
                _diff(console, outcome.plan.diff)
    names = [_in_one_line(_short(outcome.directory)) for outcome in outcomes]
    width = max(map(len, names))
    colors = {"failed": "bold red", "conflicts": "bold red", "behind": "yellow"}
    for name, outcome in zip(names, outcomes, strict=True):
        line = _text(f"{name:<{width}}  ")
        line.append(_in_one_line(outcome.summary), style=colors.get(outcome.result, "green"))
        console.print(line, soft_wrap=True)
    for outcome in outcomes:
        for path in outcome.plan.conflicts if outcome.plan else ():
            where = _named(_short(outcome.directory / path))
            console.print(f"[bold red]conflict[/] {where}", soft_wrap=True)
    for outcome in outcomes:
        if outcome.plan is not None and outcome.plan.lock_command:
            enter = f"cd {_quoted(_short(outcome.directory))}"
            words = escape(f"{enter} && {outcome.plan.lock_command}")
            console.print(f"[bold yellow]lock[/] {words}", soft_wrap=True)
    counted = Counter(outcome.result for outcome in outcomes)
    console.print("\n" + ", ".join(f"{number} {result}" for result, number in counted.items()))


def updated_json(outcomes: "Sequence[Outcome]", mode: "Mode", warnings: Sequence[str] = ()) -> None:
    """The same facts for programs, as one JSON object with an entry for each project."""
    facts = {
        "mode": str(mode),
        "warnings": list(warnings),
        "projects": [
            _outcome_facts(outcome, mode)
            | {"lock_command": (outcome.plan and outcome.plan.lock_command) or None}
            for outcome in outcomes
        ],
    }
    _print_json(facts)


def _outcome_facts(outcome: "Outcome", mode: "Mode") -> dict[str, Any]:
    return {
        "directory": str(outcome.directory),
        "result": outcome.result,
        "from": outcome.before or None,
        "to": outcome.after or None,
        "error": outcome.error and {"message": outcome.error.message, "hint": outcome.error.hint},
        "files": [
            {"path": change.path, "status": str(change.status), "note": change.note}
            for change in (outcome.plan.changes if outcome.plan else ())
        ],
        **({"diff": outcome.plan.diff} if outcome.plan and mode == "dry-run" else {}),
    }


# What there is to see in a new starter, and what it is for.
_STARTER_PARTS = {
    "README.md": "how to go on from here",
    "copier.yml": "the questions: dockgen's, and yours",
    "starter.toml": "the version of dockgen, and tests of yours",
    "templates/": "a line for each file of a project: edit it, delete it, or add another",
    "base/": "dockgen's own templates, not to be edited",
    ".github/workflows/ci.yml": "tests each pull request",
    ".gitlab-ci.yml": "tests each merge request",
}


def made_starter(made: "Made") -> None:
    """Show what is in a new starter, and the commands to go on with."""
    console = _console()
    settings = made.settings
    kind = f"{', '.join(settings.languages)} on dockgen {settings.base}"
    console.print(
        f"[bold green]Created[/] [bold]{_named(_short(made.directory))}[/] ({kind})\n",
        soft_wrap=True,
    )
    names = [path.as_posix() for path in made.files]
    parts = {
        part: words
        for part, words in _STARTER_PARTS.items()
        if any(name == part or (part.endswith("/") and name.startswith(part)) for name in names)
    }
    width = max(map(len, parts))
    for part, words in parts.items():
        console.print(f"  {part:<{width}}  [dim]{words}[/]", soft_wrap=True)
    if made.problem:
        warning(f"not committed: {made.problem}")
    _print_next(console, _starter_commands(made))


def made_starter_json(made: "Made") -> None:
    """The same facts for programs, as one JSON object."""
    settings = made.settings
    facts = {
        "directory": str(made.directory),
        "name": settings.name,
        "base": settings.base,
        "languages": list(settings.languages),
        "ci": settings.ci,
        "files": [path.as_posix() for path in made.files],
        "committed": made.committed,
        "problem": made.problem or None,
        "next": list(_starter_commands(made)),
    }
    _print_json(facts)


def _starter_commands(made: "Made") -> tuple[str, ...]:
    name = made.settings.name
    release = "git tag --annotate v1.0.0 --message v1.0.0"
    return (
        f"cd {_quoted(_short(made.directory))}",
        *(() if made.committed else (f'git add --all . && git commit --message "{made.message}"',)),
        f"$EDITOR templates/{made.settings.languages[0]}/project/Dockerfile.jinja",
        "dockgen starter test",
        f"git add --all && git commit && {release}",
        *(() if made.inside else ("git remote add origin URL",)),
        "git push --follow-tags origin main",
        f"dockgen starter add {name} URL",
    )


@dataclass(frozen=True)
class ListedStarter:
    """A registered starter template, and its releases on this machine, oldest first."""

    starter: "Starter"
    releases: Sequence[str]


def added_starter(listed: Sequence[ListedStarter]) -> None:
    """Say what was registered, and the next command."""
    from rich.markup import escape

    console = _console()
    (added,) = listed
    name, count = added.starter.name, len(added.releases)
    number = "1 release" if count == 1 else f"{count} releases"
    console.print(
        f"[bold green]Registered[/] [bold]{name}[/] at {added.releases[-1]} ({number}): "
        f"{escape(added.starter.url)}",
        soft_wrap=True,
    )
    _print_next(console, (f"dockgen new --starter {name} my-app",))


def starters(listed: Sequence[ListedStarter]) -> None:
    """A line for each registered starter."""
    console = _console()
    if not listed:
        console.print("No starter is registered. To register one: dockgen starter add NAME URL")
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
        # Never folded, so that an address can be copied and a program can read it.
        console.print("  ".join(cells).rstrip(), style=style, markup=False, soft_wrap=True)


def starters_json(listed: Sequence[ListedStarter]) -> None:
    """The same facts for programs, as one JSON object."""
    facts = [
        {
            "name": entry.starter.name,
            "url": entry.starter.url,
            "releases": list(entry.releases),
            "fetched": entry.starter.fetched and entry.starter.fetched.isoformat(),
        }
        for entry in listed
    ]
    _print_json({"starters": facts})


@dataclass(frozen=True)
class ProvenStarter:
    """A starter template that was held to its contracts: its cases, and what was found.

    ``before`` has the sizes of another run, None if there is nothing to compare with.
    """

    directory: Path
    cases: Sequence[str]
    proof: "Proof"
    before: "Sizes | None"


def proven_starter(proven: ProvenStarter) -> None:
    """Show what is broken and why, then the table of sizes."""
    from rich.markup import escape
    from rich.table import Table

    from dockgen.testing import sizes

    console = _console()
    proof = proven.proof
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
        compared = proven.before is not None
        table = Table(box=None, padding=(0, 2, 0, 0))
        first, *others = sizes.head(compared=compared)
        table.add_column(first)
        for title in others:
            table.add_column(title, justify="right")
        for row in sizes.rows(proof.sizes, proven.before):
            table.add_row(*sizes.cells(row, compared=compared))
        console.print(table, soft_wrap=True)
        console.print()
    number = "1 case" if len(proven.cases) == 1 else f"{len(proven.cases)} cases"
    console.print(f"{number}, {proof.held} contracts hold")


def proven_starter_json(proven: ProvenStarter) -> None:
    """The same facts for programs, as one JSON object."""
    proof, before = proven.proof, proven.before or {}
    facts = {
        "directory": str(proven.directory),
        "holds": not proof.broken,
        "held": proof.held,
        "cases": [
            {
                "case": case,
                "holds": all(broken.case != case for broken in proof.broken),
                "size": asdict(proof.sizes[case]) if case in proof.sizes else None,
                "before": asdict(before[case]) if case in before else None,
            }
            for case in proven.cases
        ],
        "broken": [
            {
                "case": broken.case or None,
                "contracts": list(broken.contracts),
                "message": broken.message,
            }
            for broken in proof.broken
        ],
        "skipped": dict(proof.skipped),
    }
    _print_json(facts)


def baked(directory: Path, cases: Sequence[str]) -> None:
    """Say what was written for bake, and the next command."""
    console = _console()
    number = "1 case" if len(cases) == 1 else f"{len(cases)} cases"
    console.print(
        f"[bold green]Wrote[/] {number} to [bold]{_named(_short(directory))}[/]",
        soft_wrap=True,
    )
    _print_next(console, (f"cd {_quoted(_short(directory))} && docker buildx bake",))


def write(path: Path, content: str, *, append: bool = False) -> None:
    """Write a report to a file, in place of what it holds or after that.

    Raises:
        ProjectError: it can't be written.
    """
    try:
        with path.open("a" if append else "w", encoding="utf-8") as stream:
            stream.write(content)
    except OSError as error:
        raise ProjectError(
            f"can't write {path}: {error.strerror}", "name a file in a folder that exists"
        ) from error


def log(words: str) -> None:
    """A program's whole output, on standard error."""
    print(_spelt(_COLORS.sub("", words)), file=sys.stderr)


def warning(words: str) -> None:
    """One line on standard error about something that didn't work but was not needed."""
    console = _console(stderr=True)
    words = _named(words)
    console.print(f"[bold yellow]warning:[/] {words}", soft_wrap=True)


def text(words: str) -> None:
    """Plain text."""
    print(_spelt(words))


def error(problem: DockgenError) -> None:
    """One line of what happened and why, and one of what to do next, on standard error."""
    console = _console(stderr=True)
    message, hint = _named(problem.message), _named(problem.hint)
    console.print(f"[bold red]error:[/] {message}", soft_wrap=True)
    if hint:
        console.print(f"  [dim]try:[/] {hint}", soft_wrap=True)


def bug(details: str = "") -> None:
    """The traceback of the exception that is being handled, which only a bug can be.

    ``details`` are others' tracebacks in its place.
    """
    print(_spelt(details or traceback.format_exc()), file=sys.stderr)
    print("This is a bug in dockgen: please report it with the lines above.", file=sys.stderr)


def spelt(words: str) -> str:
    """Words of somebody else's as they may reach a terminal.

    What a terminal would obey is spelt out, and credentials in addresses are left out.
    """
    return _spelt(words)


def _spelt(words: str) -> str:
    if words.isascii() and words.isprintable() and "://" not in words:
        return words
    spelled = _OBEYED.sub(
        lambda found: found[0].encode("unicode_escape", "surrogatepass").decode(), words
    )
    return masked(spelled)


def _text(words: str, style: str = "") -> "Text":
    """Text that is drawn as it is: nothing in it is markup."""
    from rich.text import Text

    return Text(_spelt(words), style=style)


def _quoted(name: str) -> str:
    """A name as a shell takes it, with what a terminal would obey spelt in bash's and zsh's way."""
    if name.isprintable():
        return shlex.quote(name)
    spelled = (
        char
        if char.isprintable() and char not in "\\'"
        else "".join(f"\\x{byte:02x}" for byte in os.fsencode(char))
        for char in name
    )
    return f"$'{''.join(spelled)}'"


def _in_one_line(words: str) -> str:
    """Words with what a terminal would obey, such as the line break in a folder's name, spelt."""
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape", "surrogatepass").decode()
        for char in words
    )


def _console(*, stderr: bool = False) -> "Console":
    from rich.console import Console
    from rich.segment import Segment

    class Plain(Console):
        """Spells out what a terminal would obey, in all that is drawn.

        It leaves a reader that has gone to the command line, as `print` does.
        """

        def render_str(self, text: str, **options: Any) -> "Text":
            # rich drops a few of them without a word, so they are spelt before it sees them.
            return super().render_str(_spelt(text), **options)

        def render(
            self, renderable: "RenderableType", options: "ConsoleOptions | None" = None
        ) -> "Iterable[Segment]":
            for text, style, control in super().render(renderable, options):
                yield Segment(text if control else _spelt(text), style, control)

        def on_broken_pipe(self) -> None:
            raise BrokenPipeError

    stream = sys.stderr if stderr else sys.stdout
    return Plain(file=stream, force_terminal=stream.isatty(), highlight=False, emoji=False)


def _print_json(facts: Mapping[Any, Any]) -> None:
    """Facts as one JSON object, in ASCII; addresses in it are without credentials."""
    words = json.dumps(_for_json(facts), indent=2, default=str)
    print(words.replace("\x7f", "\\u007f"))


def _for_json(value: Any, key: str = "") -> Any:
    """A value with names that are text, as answers may have others."""
    if isinstance(value, Mapping):
        return {str(name): _for_json(inner, str(name)) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_for_json(inner, key) for inner in value]
    # A diff is to be applied.
    return masked(value) if isinstance(value, str) and key != "diff" else value


def _named(words: str) -> str:
    """Words of somebody else's as a part of one line with markup."""
    from rich.markup import escape

    return escape(_in_one_line(words))


def _short(path: Path) -> str:
    """The path as the user would type it from where they stand."""
    here = Path.cwd()
    typed = str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
    return f"./{typed}" if typed.startswith("-") else typed


def _print_next(console: "Console", commands: Sequence[str]) -> None:
    from rich.markup import escape

    console.print("\nNext:")
    for command in commands:
        console.print(f"  [bold cyan]{escape(command)}[/]", soft_wrap=True)


def _print_changes(console: "Console", changes: "Sequence[Change]") -> None:
    """A line for each file that isn't as it was; never folded, so that programs can read it."""
    shown = [change for change in changes if change.status != "unchanged"]
    paths = [_in_one_line(change.path) for change in shown]
    width = max(map(len, paths))
    for path, change in zip(paths, shown, strict=True):
        line = _text(f"{change.status:<8}  ", style=_UPDATE_COLORS[change.status])
        line.append(f"{path:<{width}}" if change.note else path, style="default")
        line.append(_in_one_line(f"  {change.note}") if change.note else "", style="dim")
        console.print(line, soft_wrap=True)


def _diff(console: "Console", diff: str) -> None:
    """A diff: in colours on a terminal, else byte for byte, so that it can be applied."""
    from rich.syntax import Syntax

    if not console.is_terminal:
        print(diff, end="")
    elif console.no_color:
        console.print(_text(diff.removesuffix("\n")), soft_wrap=True)
    else:
        spelled = _spelt(diff)
        console.print(Syntax(spelled, "diff", theme="ansi_dark", background_color="default"))


def _measures(checked: "Checked") -> "Table":
    from rich.table import Table

    limits, image, seen = checked.contract.limits, checked.image, checked.seen
    table = Table(box=None, padding=(0, 2, 0, 0))
    table.add_column("")
    for title in ("measured", "limit"):
        table.add_column(title, justify="right")
    table.add_column("")
    table.add_row(
        "size unpacked",
        f"{image.unpacked_bytes / _MB:.2f} MB",
        "none" if limits.size_bytes is None else f"{limits.size_bytes / _MB:g} MB",
        f"{image.gzip_bytes / _MB:.2f} MB gzipped",
    )
    if limits.run_seconds:
        ran = seen and _seconds(seen.run_seconds)
        table.add_row("time to its end", ran or "-", f"{limits.run_seconds:g} s")
    else:
        healthy = seen and _seconds(seen.healthy_seconds)
        table.add_row("time to healthy", healthy or "-", f"{limits.healthy_seconds:g} s")
    # A job that came to its end by itself was not stopped.
    stopped = seen and (f"{seen.stop_seconds:.2f} s" if seen.exit_code is None else "-")
    table.add_row("time to stop", stopped or "-", f"{limits.stop_seconds:g} s")
    return table


def _seconds(seconds: float | None) -> str:
    return "never" if seconds is None else f"{seconds:.2f} s"


def _rules(checked: "Checked") -> "Table":
    from rich.table import Table

    from dockgen import checks

    words = {True: "[green]ok[/]", False: "[bold red]finding[/]", None: "[dim]not asked[/]"}
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    for rule in checks.applicable(checked.contract):
        word = words[checked.holds(rule.code)]
        if checked.holds(rule.code) is False and checked.ignored(rule.code) is not None:
            word = "[yellow]ignored[/]"
        elif checked.holds(rule.code) is None and rule.code in checks.OF_BASE:
            word = "[dim]base unknown[/]"
        table.add_row(rule.code, rule.title, word)
    return table


def _tree(project: NewProject) -> "Tree":
    from rich.tree import Tree

    tree = Tree(f"[bold]{_named(project.directory.name)}/[/]", guide_style="dim")
    branches: dict[Path, Tree] = {Path(): tree}
    for path in project.files:
        for folder in reversed(path.parents[:-1]):
            if folder not in branches:
                branches[folder] = branches[folder.parent].add(f"{_named(folder.name)}/")
        branches[path.parent].add(_named(path.name))
    return tree
