"""``dockgen update``."""

from pathlib import Path

import click

from dockgen.cli import LEFT
from dockgen.cli.arguments import pairs
from dockgen.errors import UsageError


@click.command(short_help="Bring projects to the newest templates; no line of yours is lost.")
@click.argument("directories", nargs=-1, type=click.Path(path_type=Path), metavar="[DIRECTORY]...")
@click.option("--all", "search", is_flag=True, help="Update every project below the directories.")
@click.option("--to", metavar="VERSION", help="Update to this release; the newest is the default.")
@click.option(
    "--data",
    "-d",
    multiple=True,
    metavar="QUESTION=ANSWER",
    help="Change an answer, also within one release; repeatable.",
)
@click.option(
    "--base-images",
    is_flag=True,
    help="Take the template's versions of images and actions, also where you moved them on.",
)
@click.option("--team", metavar="FILE|URL", help="Take the team's decisions from this file.")
@click.option("--trust", is_flag=True, help="Let a starter run code of its own, such as tasks.")
@click.option("--offline", is_flag=True, help="Take starters as they were last fetched.")
@click.option("--check", "only_check", is_flag=True, help="Say who is behind, exit 1; no change.")
@click.option("--dry-run", is_flag=True, help="Show each file's change as a diff; write nothing.")
@click.option("--undo", is_flag=True, help="Take the last update back; twice makes it again.")
@click.option("--json", "as_json", is_flag=True, help="Report as JSON.")
@click.pass_context
def update(
    ctx: click.Context,
    /,
    directories: tuple[Path, ...],
    search: bool,
    to: str | None,
    data: tuple[str, ...],
    base_images: bool,
    team: str | None,
    trust: bool,
    offline: bool,
    only_check: bool,
    dry_run: bool,
    undo: bool,
    as_json: bool,
) -> None:
    """Merge the newest templates into the project in each DIRECTORY.

    DIRECTORY is the current one if none is given. It works without a network. What you changed
    stays: your lines and the template's are merged as git merges them, files that you deleted or
    that git doesn't track stay as they are, and versions of base images that you moved on are
    kept. The project must be committed; nothing is committed for you. An update that is cut off
    leaves a project as it was.

    A project of a starter template follows that starter, if it is registered here. What a team file
    locks is brought into the project, too.

    \b
    Examples:
      dockgen update
      dockgen update --dry-run
      dockgen update --check --all ~/src
      dockgen update --to v0.2.0 my-app
      dockgen update --data flavor=scratch my-app
      dockgen update --undo my-app
    """
    from dockgen import advice, fleet, projects, report
    from dockgen.report import json, terminal
    from dockgen.threeway import Mode

    if sum((only_check, dry_run, undo)) > 1:
        raise UsageError("--check, --dry-run and --undo exclude each other", "name one of them")
    if undo and (to or data or base_images):
        raise UsageError("--undo goes with no other answer", "dockgen update --undo")
    warnings: list[str] = []

    def warn(words: str) -> None:
        if words not in warnings:
            warnings.append(words)
            report.warning(words)

    found = projects.find(directories or (Path(),), search=search, warn=warn)
    mode = (
        Mode.CHECK if only_check
        else Mode.DRY_RUN if dry_run
        else Mode.UNDO if undo
        else Mode.UPDATE
    )  # fmt: skip
    options = fleet.UpdateOptions(
        mode,
        to,
        pairs(data),
        team=team,
        keep_pins=not base_images,
        offline=offline,
        trusted=trust,
        warn=warn,
    )
    ctx.meta[LEFT] = lambda: "every project is as it was, or fully updated"
    with report.progress() as doing:
        outcomes = fleet.update_all(found, options, doing)
    alone = not search and len(found) == 1
    if alone and outcomes[0].error is not None and not as_json:
        raise outcomes[0].error
    if as_json:
        json.updated(outcomes, mode, warnings)
    elif alone:
        plan = outcomes[0].plan
        terminal.updated(outcomes[0], mode, advice.after_update(plan) if plan else ())
    else:
        terminal.updated_fleet(outcomes, mode)
    if problem := fleet.problem(outcomes, mode):
        raise problem
