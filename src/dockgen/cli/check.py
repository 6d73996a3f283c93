"""``dockgen check``."""

from pathlib import Path

import click

from dockgen.errors import CheckFailedError


@click.command(short_help="Build a project's image, and prove what it promises.")
@click.argument("directory", default=Path(), type=click.Path(path_type=Path), metavar="[DIRECTORY]")
@click.option("--image", metavar="NAME", help="Check this image of the project; build none.")
@click.option(
    "--trust", is_flag=True, help="Let compose.yaml reach beyond DIRECTORY: mounts, devices, …"
)
@click.option("--json", "as_json", is_flag=True, help="Report as JSON.")
def check(directory: Path, image: str | None, trust: bool, as_json: bool) -> None:
    """Hold the project in DIRECTORY to every rule: its Dockerfile, its image and a container.

    DIRECTORY is the current one if none is given. The container runs as in the compose.yaml that
    dockgen renders: read-only, without capabilities, with little memory. The limits of size and
    time stand in dockgen.toml. What is built and started here is removed in the end; the build
    cache stays.

    \b
    Examples:
      dockgen check
      dockgen check my-app
      dockgen check --image my-app:1.2 my-app
      dockgen check --json my-app
    """
    from dockgen import check as checking
    from dockgen import engine, project, report, update
    from dockgen.report import json, terminal

    directory = directory.resolve()
    update.require_whole(directory)
    loaded = project.load(directory)
    try:
        with report.progress() as doing:
            checked = checking.check(loaded, image, doing, trusted=trust)
    except engine.BuildError as error:
        report.end_of_log(error.log)
        raise
    (json.checked if as_json else terminal.checked)(checked)
    if checked.failures:
        codes = sorted({finding.rule for finding in checked.failures})
        raise CheckFailedError(
            f"{len(codes)} of {len(checked.rules)} rules don't hold: {', '.join(codes)}"
        )
