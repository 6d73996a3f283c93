"""``dockgen team …``."""

from pathlib import Path

import click


@click.group(short_help="A team's defaults, locks and limits in one file.")
def team() -> None:
    """The team file dockgen.team.toml: what a team decides for all of its projects.

    \b
    Examples:
      dockgen team show
      dockgen team show --team https://git.acme.example/platform/dockgen.team.toml
    """


@team.command(short_help="Check the team file, and show where each answer comes from.")
@click.argument("directory", default=Path(), type=click.Path(path_type=Path), metavar="[DIRECTORY]")
@click.option("--team", "named", metavar="FILE|URL", help="Look at this team file.")
@click.option("--json", "as_json", is_flag=True, help="Report as JSON.")
def show(directory: Path, named: str | None, as_json: bool) -> None:
    """Show what a new project in DIRECTORY would be asked, and what is decided for it.

    DIRECTORY is the current one if none is given. One team file counts: the one that --team or
    $DOCKGEN_TEAM names, else the nearest dockgen.team.toml in the repository, else the one in the
    user's settings. A mistake in it is exit code 2.

    \b
    Examples:
      dockgen team show
      dockgen team show --team ./dockgen.team.toml
      dockgen team show --json
    """
    from dockgen import questions, report
    from dockgen import team as teams
    from dockgen.report import json, terminal

    known = questions.load()
    found = teams.find(directory, named, known)
    if found and found.warning:
        report.warning(found.warning)
    shown = teams.Shown(found, [teams.decision(question, found) for question in known])
    (json.team if as_json else terminal.team)(shown)
