"""``dockgen check``."""

from collections.abc import Sequence
from pathlib import Path

import click

from dockgen.errors import CheckFailedError, UsageError

# The formats, as dockgen.result has them; not imported here, since a help text needs nothing else.
FORMATS = ("text", "json", "markdown", "sarif", "junit", "gitlab", "github")


@click.command(short_help="Build a project's image, and prove what it promises.")
@click.argument("directory", default=Path(), type=click.Path(path_type=Path), metavar="[DIRECTORY]")
@click.option("--image", metavar="NAME", help="Check this image of the project; build none.")
@click.option(
    "--trust", is_flag=True, help="Let compose.yaml reach beyond DIRECTORY: mounts, devices, …"
)
@click.option(
    "--format",
    "shown",
    type=click.Choice(FORMATS),
    help="How to report on standard output.  [default: text]",
)
@click.option(
    "--output",
    "outputs",
    multiple=True,
    metavar="FORMAT=FILE",
    help="Write the report to FILE, too; repeatable.",
)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
def check(
    directory: Path,
    image: str | None,
    trust: bool,
    shown: str | None,
    outputs: tuple[str, ...],
    as_json: bool,
) -> None:
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
      dockgen check --format github --output sarif=dockgen.sarif
    """
    from dockgen import cause, engine, gitfolder, output, project, report, result, threeway
    from dockgen import check as checking
    from dockgen.report import formats

    form = result.Format(_format(shown, as_json=as_json))
    files = _files(outputs)
    directory = directory.resolve()
    threeway.require_whole(directory)
    loaded = project.load(directory)
    try:
        with report.progress() as doing:
            checked = checking.check(loaded, image, doing, trusted=trust)
    except engine.BuildError as error:
        report.end_of_log(error.log)
        raise
    root = gitfolder.find(directory)
    found = result.of(checked, cause.sources(directory), root.prefix if root else "")
    for name, path in files:
        output.write(path, formats.rendered(found, result.Format(name)))
    formats.show(found, form)
    if checked.failures:
        codes = sorted({finding.rule for finding in checked.failures})
        raise CheckFailedError(
            f"{len(codes)} of {len(checked.rules)} rules don't hold: {', '.join(codes)}"
        )


def _format(shown: str | None, *, as_json: bool) -> str:
    if as_json and shown not in (None, "json"):
        raise UsageError(f"--json and --format {shown} exclude each other", "name one of them")
    return "json" if as_json else shown or "text"


def _files(outputs: Sequence[str]) -> list[tuple[str, Path]]:
    """What --output says: formats and files.

    Raises:
        UsageError: one names no format and file, or two name the same file.
    """
    files = []
    for entry in outputs:
        name, _, path = entry.partition("=")
        if name not in FORMATS or not path:
            raise UsageError(
                f"--output {entry!r} is not FORMAT=FILE",
                f"for example: --output sarif=dockgen.sarif  (formats: {', '.join(FORMATS)})",
            )
        files.append((name, Path(path)))
    if len({path.resolve() for _, path in files}) < len(files):
        raise UsageError("two of --output name the same file", "name another one")
    return files
