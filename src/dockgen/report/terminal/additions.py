"""Show on a terminal what was added to a repository: trials, files and next commands."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dockgen.report import console as consoles
from dockgen.report.console import drawing, named
from dockgen.report.terminal import check, project
from dockgen.threeway import Mode

if TYPE_CHECKING:
    from dockgen.add import Addition
    from dockgen.add.placing import Clash
    from dockgen.add.trial import Trial


def addition(made: "Addition", commands: Sequence[str]) -> None:
    """Show each trial, and what became of the files."""
    console = drawing()
    for tried in made.trials:
        console.print()
        _trial(tried)
    if made.outcome is not None:
        console.print()
        mode = Mode.DRY_RUN if made.outcome.result.startswith("would") else Mode.UPDATE
        project.updated(made.outcome, mode, commands)
        for path, file in (made.outcome.plan.at_root if made.outcome.plan else {}).items():
            words = f"not written: {path} (GitHub reads it only at the root of the repository)"
            console.print(f"\n[yellow]{named(words)}[/]\n", soft_wrap=True)
            consoles.text(file.content.decode(errors="replace"))


def _trial(tried: "Trial") -> None:
    console = drawing()
    if tried.result is not None:
        check.checked(tried.result)
    else:
        if tried.log:
            consoles.end_of_log(tried.log)
        console.print(f"[bold red]{tried.flavor}[/] {named(tried.error)}", soft_wrap=True)
    if tried.likely is not None:
        words = f"most likely {tried.likely.cause}; try {tried.likely.fix}"
        console.print(f"  [yellow]{named(words)}[/]", soft_wrap=True)
    if tried.placeholders:
        words = (
            "set to a placeholder in the test, because they have no value:"
            f" {', '.join(tried.placeholders)}"
        )
        console.print(f"  [dim]{named(words)}[/]", soft_wrap=True)
    if tried.result is not None and tried.unstarted:
        words = (
            f"not started in the test: {', '.join(tried.unstarted)};"
            f" try it: docker compose up --build {' '.join(tried.unstarted)}"
        )
        console.print(f"  [dim]{named(words)}[/]", soft_wrap=True)


def clash(found: "Clash") -> None:
    """Show what taking dockgen's version of the file would change."""
    console = drawing()
    console.print()
    consoles.diff(console, found.diff)
