"""``dockgen team …``."""

from pathlib import Path

import click


@click.group(short_help="Set your team's defaults, locks and limits in one file.")
def team() -> None:
    """The team file dockgen.team.toml: a team's decisions for all of its projects.

    \b
    Examples:
      dockgen team show
      dockgen team show --team https://git.acme.example/platform/dockgen.team.toml
    """


@team.command(short_help="Check the team file and show where each answer comes from.")
@click.argument("directory", default=Path(), type=click.Path(path_type=Path), metavar="[DIRECTORY]")
@click.option("--team", "named", metavar="FILE|URL", help="Check this team file.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show(directory: Path, named: str | None, as_json: bool) -> None:
    """Show which answers a new project in DIRECTORY would get, and where each comes from.

    DIRECTORY defaults to the current directory. dockgen uses one team file: the one that you give
    with --team or $DOCKGEN_TEAM, else the nearest dockgen.team.toml in the repository, else the one
    in your settings. If it has a mistake, the exit code is 2.

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
