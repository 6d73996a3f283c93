"""``dockgen clean``."""

import sys

import click

from dockgen.errors import ProjectError, UsageError


@click.command(short_help="Remove what interrupted runs left in the engine.")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--all", "recent", is_flag=True, help="Also remove what is less than an hour old.")
@click.option("--yes", is_flag=True, help="Don't prompt.")
@click.option("--dry-run", is_flag=True, help="Show what would be removed; remove nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON; needs --yes or --dry-run.")
def clean(names: tuple[str, ...], recent: bool, yes: bool, dry_run: bool, as_json: bool) -> None:
    """Remove the images, containers, networks and volumes that dockgen's runs left behind.

    Each run cleans up after itself, unless it was killed. NAME is an image, container, network or
    volume, or the name of a run. Without NAME, dockgen removes everything that is more than an hour
    old: newer ones may belong to a run in progress. It only removes things with names that dockgen
    generates, and never the build cache.

    \b
    Examples:
      dockgen clean
      dockgen clean --dry-run --json
      dockgen clean --yes
      dockgen clean --yes --all dockgen-check-0123456789ab
    """
    from datetime import UTC, datetime

    from dockgen import engine, report
    from dockgen.cli import LEFT
    from dockgen.engine import leftovers
    from dockgen.report import leftovers as facts
    from dockgen.report.terminal import leftovers as terminal

    on_terminal = sys.stdin.isatty() and sys.stdout.isatty() and not as_json
    if not (yes or dry_run or on_terminal):
        raise UsageError(
            "there is no terminal to prompt on before removing anything",
            "use --yes, or --dry-run",
        )
    engine.require()
    found = leftovers.find()
    chosen = leftovers.chosen(found, names, datetime.now(UTC), recent=recent)
    kept = len(found) - len(chosen) if not names else 0
    results = None
    if not as_json:
        terminal.found(chosen, kept)
    if chosen and not dry_run and (yes or _confirmed(len(chosen))):
        click.get_current_context().meta[LEFT] = lambda: "some of them may still be there"
        with report.progress() as doing:
            results = leftovers.removed(chosen, doing)
    if as_json:
        facts.show(chosen, kept, results)
    elif results is not None:
        terminal.removed(results)
    if failed := {one: reason for one, reason in (results or {}).items() if reason}:
        one, reason = next(iter(failed.items()))
        raise ProjectError(
            f"{len(failed)} of {len(chosen)} can't be removed, for example the {one.kind}"
            f" {one.name}: {reason}",
            "see what uses them: docker ps --all",
        )


def _confirmed(count: int) -> bool:
    import questionary

    from dockgen import report

    report.prepare_prompts()
    words = "Remove it?" if count == 1 else f"Remove these {count}?"
    return bool(questionary.confirm(words, default=False).unsafe_ask())
