"""The report: results on the terminal or as JSON. The only module that prints.

rich takes longer to import than all else that a short answer needs, so it is imported where
something is drawn. It leaves colours out off a terminal and with NO_COLOR.
"""

import json
import shlex
import sys
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dockgen.errors import DockgenError

if TYPE_CHECKING:
    from rich.console import Console
    from rich.tree import Tree


@dataclass(frozen=True)
class NewProject:
    """A project that was made, or that a dry run would make.

    ``limit_mb`` is what its image may weigh: MB of 10^6 bytes, unpacked.
    """

    directory: Path
    answers: Mapping[str, Any]
    files: Sequence[Path]
    template_version: str
    limit_mb: float
    dry_run: bool

    @property
    def next_commands(self) -> tuple[str, str]:
        """What to type next."""
        return (
            f"cd {shlex.quote(_short(self.directory))}",
            "docker compose up --build --wait",
        )


def new_project(project: NewProject) -> None:
    """Show what was made, what its image may weigh, and the next two commands."""
    from rich.markup import escape

    console = _console()
    kind = "{language} on {flavor}".format_map(project.answers)
    verb = "Would create" if project.dry_run else "Created"
    console.print(f"[bold green]{verb}[/] [bold]{escape(_short(project.directory))}[/] ({kind})\n")
    console.print(_tree(project))
    console.print(
        f"\nThe image: at most [bold]{project.limit_mb:g} MB[/] unpacked, "
        f"port {project.answers['port']}, user 65532, health check inside."
    )
    if project.dry_run:
        console.print("Nothing was written: this was a dry run.")
        return
    console.print("\nNext:")
    for command in project.next_commands:
        console.print(f"  [bold cyan]{escape(command)}[/]", soft_wrap=True)


def new_project_json(project: NewProject) -> None:
    """The same facts for programs, as one JSON object."""
    facts = {
        "directory": str(project.directory),
        "dry_run": project.dry_run,
        "template_version": project.template_version,
        "answers": dict(project.answers),
        "files": [path.as_posix() for path in project.files],
        "limit_mb": project.limit_mb,
        "next": [] if project.dry_run else list(project.next_commands),
    }
    print(json.dumps(facts, indent=2))


def text(words: str) -> None:
    """Plain text, as it is."""
    print(words)


def error(problem: DockgenError) -> None:
    """One line of what happened and why, and one of what to do next, on standard error."""
    from rich.markup import escape

    console = _console(stderr=True)
    console.print(f"[bold red]error:[/] {escape(problem.message)}", soft_wrap=True)
    if problem.hint:
        console.print(f"  [dim]try:[/] {escape(problem.hint)}", soft_wrap=True)


def bug() -> None:
    """The traceback of the exception that is being handled, which only a bug can be."""
    traceback.print_exc()
    print("\nThis is a bug in dockgen: please report it with the lines above.", file=sys.stderr)


def _console(*, stderr: bool = False) -> "Console":
    from rich.console import Console

    return Console(file=sys.stderr if stderr else sys.stdout, highlight=False, emoji=False)


def _short(path: Path) -> str:
    """The path as the user would type it from where they stand."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def _tree(project: NewProject) -> "Tree":
    from rich.markup import escape
    from rich.tree import Tree

    tree = Tree(f"[bold]{escape(project.directory.name)}/[/]", guide_style="dim")
    branches: dict[Path, Tree] = {Path(): tree}
    for path in project.files:
        for folder in reversed(path.parents[:-1]):
            if folder not in branches:
                branches[folder] = branches[folder.parent].add(f"{escape(folder.name)}/")
        branches[path.parent].add(escape(path.name))
    return tree
