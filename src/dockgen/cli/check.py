"""``dockgen check``."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from dockgen.errors import CheckFailedError, ProjectError

if TYPE_CHECKING:
    from dockgen.checks import Finding, Observation
    from dockgen.project import Project


@click.command(short_help="Build a project's image, and prove what it promises.")
@click.argument("directory", default=Path(), type=click.Path(path_type=Path), metavar="[DIRECTORY]")
@click.option("--image", metavar="NAME", help="Check this image of the project; build none.")
@click.option("--json", "as_json", is_flag=True, help="Report as JSON.")
def check(directory: Path, image: str | None, as_json: bool) -> None:
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
    import tempfile
    from contextlib import ExitStack

    from dockgen import checks, dockerfile, engine, project, report, update
    from dockgen import image as saved_image

    directory = directory.resolve()
    update.require_whole(directory)
    checked = project.load(directory)
    found = dockerfile.find(directory)
    of_files = checks.check_files(checks.Files(found), checked)
    engine.require()
    try:
        with report.progress() as doing, ExitStack() as stack:
            if image is None:
                doing("Building the image")
                image = stack.enter_context(engine.temporary_image(checked.directory))
            doing("Reading the image")
            with tempfile.TemporaryDirectory(prefix="dockgen-") as folder:
                saved = Path(folder) / "image.tar"
                engine.save(image, saved)
                base = engine.base_layers(found.base if found else None)
                read = saved_image.read(saved, base)
            doing("Watching a container")
            seen, findings = _watch(image, checked)
    except engine.BuildError as error:
        report.end_of_log(error.log)
        raise
    findings = [*of_files, *checks.check_image(read, checked), *findings]
    result = report.CheckedProject(checked, read, seen, findings)
    (report.checked_project_json if as_json else report.checked_project)(result)
    if result.failures:
        codes = sorted({finding.rule for finding in result.failures})
        of = len(checks.applicable(checked))
        raise CheckFailedError(f"{len(codes)} of {of} rules don't hold: {', '.join(codes)}")


def _watch(image: str, project: "Project") -> tuple["Observation | None", list["Finding"]]:
    """What was seen of a container of the image, or None if none can be started; the findings."""
    from contextlib import ExitStack

    from dockgen import checks, engine, observe

    with ExitStack() as stack:
        try:
            container = stack.enter_context(engine.run(image, engine.RunOptions(port=project.port)))
        except ProjectError as error:
            return None, [checks.cannot_start(error.message, project)]
        seen = observe.observe(container, project)
    return seen, checks.check_running(seen, project)
