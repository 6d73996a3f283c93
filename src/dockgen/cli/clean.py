"""``dockgen clean``."""

import sys

import click

from dockgen.errors import ProjectError, UsageError


@click.command(short_help="Remove what dockgen's runs have left in the engine.")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--all", "recent", is_flag=True, help="Also what is younger than an hour.")
@click.option("--yes", is_flag=True, help="Don't ask.")
@click.option("--dry-run", is_flag=True, help="Only show what would be removed.")
@click.option("--json", "as_json", is_flag=True, help="Report as JSON; needs --yes or --dry-run.")
def clean(names: tuple[str, ...], recent: bool, yes: bool, dry_run: bool, as_json: bool) -> None:
    """Remove the images, containers, networks and volumes that dockgen's runs have left.

    Each run removes what it made. One that was killed couldn't. NAME is one of these things, or a
    run's name; without one, all are meant that are older than an hour: younger ones may belong to
    a run that hasn't ended. Only what has a name that dockgen makes up is touched, and never the
    build cache, which all builds share.

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
            "there is no terminal to ask on whether to remove anything",
            "say so: --yes, or --dry-run",
        )
    engine.require()
    found = leftovers.find()
    chosen = leftovers.chosen(found, names, datetime.now(UTC), recent=recent)
    kept = len(found) - len(chosen) if not names else 0
    results = None
    if not as_json:
        terminal.found(chosen, kept)
    if chosen and not dry_run and (yes or _confirmed(len(chosen))):
        click.get_current_context().meta[LEFT] = lambda: "what isn't removed yet is still there"
        with report.progress() as doing:
            results = leftovers.removed(chosen, doing)
    if as_json:
        facts.show(chosen, kept, results)
    elif results is not None:
        terminal.removed(results)
    if failed := {one: reason for one, reason in (results or {}).items() if reason}:
        one, reason = next(iter(failed.items()))
        raise ProjectError(
            f"{len(failed)} of {len(chosen)} can't be removed; the {one.kind} {one.name}: {reason}",
            "see what uses it: docker ps --all",
        )


def _confirmed(count: int) -> bool:
    import questionary

    from dockgen import report

    report.prepare_prompts()
    words = "Remove it?" if count == 1 else f"Remove these {count}?"
    return bool(questionary.confirm(words, default=False).unsafe_ask())
