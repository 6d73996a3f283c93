"""``dockgen update``."""

from pathlib import Path

import click

from dockgen.cli import LEFT
from dockgen.cli.arguments import pairs
from dockgen.errors import UsageError


@click.command(short_help="Update projects to the newest templates; keep your edits.")
@click.argument("directories", nargs=-1, type=click.Path(path_type=Path), metavar="[DIRECTORY]...")
@click.option("--all", "search", is_flag=True, help="Update every project below the directories.")
@click.option("--to", metavar="VERSION", help="Update to this release.  [default: the newest]")
@click.option(
    "--data",
    "-d",
    multiple=True,
    metavar="QUESTION=ANSWER",
    help="Change an answer; repeatable.",
)
@click.option(
    "--base-images",
    is_flag=True,
    help="Use the template's versions of images and actions, even if you changed them.",
)
@click.option("--team", metavar="FILE|URL", help="Use this team file.")
@click.option("--trust", is_flag=True, help="Let a starter run its own code, such as tasks.")
@click.option(
    "--offline", is_flag=True, help="Don't fetch starters: use the last fetched versions."
)
@click.option(
    "--check", "only_check", is_flag=True, help="List projects that are behind; exit with 1 if any."
)
@click.option("--dry-run", is_flag=True, help="Show the changes as a diff; write nothing.")
@click.option("--undo", is_flag=True, help="Undo the last update; run it again to redo.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
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

    DIRECTORY defaults to the current directory. No network is needed. Your changes stay: dockgen
    merges the template's changes with yours like git does. Files that you deleted stay deleted,
    files that git doesn't track aren't touched, and versions of base images that you changed are
    kept. Commit the project first; dockgen commits nothing. If an update is interrupted, the
    project stays as it was.

    A project from a starter template is updated from that starter, if you have registered it.
    Answers that a team file locks are applied, too.

    \b
    Examples:
      dockgen update
      dockgen update --dry-run
      dockgen update --check --all ~/src
      dockgen update --to v0.2.0 my-app
      dockgen update --data flavor=scratch my-app
      dockgen update --undo my-app
    """
    from dockgen import advice, projects, report
    from dockgen.report import json, terminal
    from dockgen.threeway import Mode
    from dockgen.update import fleet

    if sum((only_check, dry_run, undo)) > 1:
        raise UsageError(
            "--check, --dry-run and --undo can't be used together", "use only one of them"
        )
    if undo and (to or data or base_images):
        raise UsageError("--undo can't be used with other options", "dockgen update --undo")
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
    ctx.meta[LEFT] = lambda: "each project is unchanged or fully updated"
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
