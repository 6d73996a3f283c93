"""``dockgen check``."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import click

from dockgen.cli.arguments import complete_rule, pairs
from dockgen.errors import CheckFailedError, UsageError

# The formats, as dockgen.result has them; not imported here, since a help text needs nothing else.
FORMATS = ("text", "json", "markdown", "sarif", "junit", "gitlab", "github", "html")

# As dockgen.matrix has them; a help text needs nothing else from there.
WORKLOADS = ("service", "worker", "job")
PASSED_ON = "Passed on to docker build; repeatable."
_HIGHEST = 10**6


class _Number(click.ParamType[Any]):
    """A number above 0, such as 6.9."""

    name = "number"

    def read(self, value: object) -> Decimal:
        try:
            number = Decimal(str(value))
        except InvalidOperation:
            number = Decimal(0)
        if not number.is_finite() or not 0 < number <= _HIGHEST:
            self.fail(f"{value!s:.40} is no number above 0 and up to {_HIGHEST}")
        return number


class Seconds(_Number):
    """A time."""

    def convert(self, value: object, param: object, ctx: object) -> float:
        """In seconds."""
        del param, ctx
        return float(self.read(value))


class Megabytes(_Number):
    """A size in MB of 10^6 bytes."""

    def convert(self, value: object, param: object, ctx: object) -> int:
        """In bytes, exactly."""
        del param, ctx
        return int(self.read(value) * 10**6)


@click.command(short_help="Hold a project, a Dockerfile or an image to every rule.")
@click.argument("target", required=False, type=click.Path(path_type=Path), metavar="[TARGET]")
@click.option("--image", metavar="NAME", help="Check this image; build none.")
@click.option("--file", type=click.Path(path_type=Path), help="Build by this Dockerfile.")
@click.option("--target", "stage", metavar="STAGE", help="Build this stage of the Dockerfile.")
@click.option("--build-arg", "arguments", multiple=True, metavar="NAME=VALUE", help=PASSED_ON)
@click.option("--secret", "secrets", multiple=True, metavar="SPEC", help=PASSED_ON)
@click.option("--ssh", multiple=True, metavar="SPEC", help=PASSED_ON)
@click.option("--platform", metavar="OS/ARCH", help="Build for it, or read the image for it.")
@click.option("--builder", metavar="NAME", help="Build with this one of `docker buildx ls`.")
@click.option("--timeout", type=Seconds(), metavar="SECONDS", help="How long a build may take.")
@click.option("--workload", type=click.Choice(WORKLOADS), help="What the program does.")
@click.option("--port", type=click.IntRange(1, 65535), help="The port that it listens on.")
@click.option("--path", "page", metavar="PATH", help="The page that has to answer with 200.")
@click.option("--service", metavar="NAME", help="Check this service of compose.yaml.")
@click.option(
    "--env", "environment", multiple=True, metavar="NAME=VALUE", help="A variable for it."
)
@click.option("--memory", type=click.IntRange(min=6), metavar="MIB", help="What it may use.")
@click.option("--max-size", type=Megabytes(), metavar="MB", help="How large the image may be.")
@click.option("--no-gzip", is_flag=True, help="Leave out its size after gzip: quicker.")
@click.option("--no-secrets", is_flag=True, help="Don't look into files for secrets: quicker.")
@click.option("--layers", is_flag=True, help="Show each layer, too: text and JSON.")
@click.option("--trust", is_flag=True, help="Let compose.yaml reach beyond its folder.")
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
@click.option(
    "--select",
    multiple=True,
    metavar="CODE",
    shell_complete=complete_rule,
    help="Ask only these rules, such as DG105 or DG1; repeatable.",
)
@click.option(
    "--ignore",
    multiple=True,
    metavar="CODE=REASON",
    help="Let what this rule finds fail nothing; repeatable.",
)
@click.option(
    "--baseline",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Say what has changed since this report, which --json wrote.",
)
@click.option("--max-growth", metavar="5%|2MB", help="How much larger than then the image may be.")
@click.option(
    "--update-limits", is_flag=True, help="Write what is measured and a margin into dockgen.toml."
)
def check(
    target: Path | None,
    image: str | None,
    file: Path | None,
    stage: str | None,
    arguments: tuple[str, ...],
    secrets: tuple[str, ...],
    ssh: tuple[str, ...],
    platform: str | None,
    builder: str | None,
    timeout: float | None,
    workload: str | None,
    port: int | None,
    page: str | None,
    service: str | None,
    environment: tuple[str, ...],
    memory: int | None,
    max_size: int | None,
    no_gzip: bool,
    no_secrets: bool,
    layers: bool,
    trust: bool,
    shown: str | None,
    outputs: tuple[str, ...],
    as_json: bool,
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    baseline: Path | None,
    max_growth: str | None,
    update_limits: bool,
) -> None:
    """Hold TARGET to every rule: its Dockerfile, its image and a container of it.

    TARGET is a project that dockgen made, another folder with a Dockerfile or compose.yaml, or an
    image that was saved as a tar or an OCI layout. It is the current folder if none is given; for
    an image that the engine has, there is --image. A saved image needs no engine, and isn't run.

    A project runs by its compose.yaml, and its limits stand in dockgen.toml. Any other program is
    first run read-only, without capabilities and with little memory, then with what it needs. What
    is built and started here is removed in the end; the build cache stays.

    \b
    Examples:
      dockgen check
      dockgen check my-app
      dockgen check --image my-app:1.2
      dockgen check ./other --port 8080 --env DATABASE_URL=sqlite:// --max-size 50
      dockgen check image.tar
      dockgen check image.tar --layers
      dockgen check --format github --output sarif=dockgen.sarif
      dockgen check --output html=report.html
      dockgen check --baseline main.json --max-growth 5%
      dockgen check --select DG1 --ignore "DG105=until the next release"
      dockgen check --update-limits
    """
    from dockgen import (
        anatomy,
        cause,
        choice,
        engine,
        gitfolder,
        limits,
        output,
        report,
        result,
        threeway,
    )
    from dockgen import baseline as baselines
    from dockgen import check as checking
    from dockgen import target as targets
    from dockgen.contract import Run
    from dockgen.matrix import Workload
    from dockgen.report import formats

    form = result.Format(_format(shown, as_json=as_json))
    files = _files(outputs)
    wanted = choice.read(select, ignore, max_growth)
    if max_growth is not None and baseline is None:
        raise UsageError("--max-growth needs something to compare with", "add --baseline FILE")
    former = baselines.read(baseline) if baseline else None
    asked = targets.Asked(
        image=image,
        build=engine.BuildOptions(file, stage, arguments, secrets, ssh, platform),
        run=Run(
            Workload(workload) if workload else None, port, page, service,
            pairs(environment, "--env", "PORT=8080"), memory, timeout,
        ),
        limit_bytes=max_size,
        gzip_sizes=not no_gzip,
        secrets=not no_secrets,
        trusted=trust,
    )  # fmt: skip
    threeway.require_whole((target or Path()).resolve())
    checked_target = targets.find(target, asked)
    try:
        with engine.with_builder(builder), report.progress() as doing:
            checked = checking.check(checked_target, doing)
    except engine.BuildError as error:
        report.end_of_log(error.log)
        raise
    checked = choice.held(checked, wanted, former)
    directory, prefix, sources = checked.directory, "", cause.Sources()
    if update_limits:
        if directory is None:
            raise UsageError("an image alone has no dockgen.toml", "name its folder, too")
        checked, _ = limits.update(directory, checked)
    if directory is not None:
        root = gitfolder.find(directory)
        prefix = root.prefix if root else ""
        sources = cause.sources(directory, name=checked_target.dockerfile_name)
    found = result.of(checked, sources, prefix, former)
    if layers:
        found = replace(found, anatomy=anatomy.of(checked.image))
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
