"""``dockgen check``."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import click

from dockgen.cli.arguments import PASSED_ON, complete_rule, named_format, pairs
from dockgen.errors import CheckFailedError, UsageError

# The formats of dockgen.verdict.result, repeated: a help text needs nothing else of that module.
FORMATS = ("text", "json", "markdown", "sarif", "junit", "gitlab", "github", "html")

# Repeated from dockgen.matrix, for the same reason.
WORKLOADS = ("service", "worker", "job")
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
            self.fail(f"{value!s:.40} isn't a number above 0 and up to {_HIGHEST}")
        return number


class Seconds(_Number):
    """A time in seconds."""

    def convert(self, value: object, param: object, ctx: object) -> float:
        """Return it in seconds."""
        del param, ctx
        return float(self.read(value))


class Megabytes(_Number):
    """A size in MB of 10^6 bytes."""

    def convert(self, value: object, param: object, ctx: object) -> int:
        """Return it in bytes, exactly."""
        del param, ctx
        return int(self.read(value) * 10**6)


@click.command(short_help="Check a project, a Dockerfile or an image.")
@click.argument("target", required=False, type=click.Path(path_type=Path), metavar="[TARGET]")
@click.option("--image", metavar="NAME", help="Check this image of the engine; don't build.")
@click.option("--file", type=click.Path(path_type=Path), help="Build this Dockerfile.")
@click.option("--target", "stage", metavar="STAGE", help="Build this stage of the Dockerfile.")
@click.option("--build-arg", "arguments", multiple=True, metavar="NAME=VALUE", help=PASSED_ON)
@click.option("--secret", "secrets", multiple=True, metavar="SPEC", help=PASSED_ON)
@click.option("--ssh", multiple=True, metavar="SPEC", help=PASSED_ON)
@click.option("--platform", metavar="OS/ARCH", help="Build, or read, the image for this platform.")
@click.option("--builder", metavar="NAME", help="Build with this buildx builder.")
@click.option(
    "--timeout", type=Seconds(), metavar="SECONDS", help="The longest time that a build may take."
)
@click.option("--workload", type=click.Choice(WORKLOADS), help="The kind of the program.")
@click.option("--port", type=click.IntRange(1, 65535), help="The port that the program listens on.")
@click.option("--path", "page", metavar="PATH", help="The page that must answer with 200.")
@click.option("--service", metavar="NAME", help="Check this service of compose.yaml.")
@click.option(
    "--env",
    "environment",
    multiple=True,
    metavar="NAME=VALUE",
    help="Set this variable; repeatable.",
)
@click.option(
    "--memory",
    type=click.IntRange(min=6),
    metavar="MIB",
    help="The memory that the container gets.",
)
@click.option("--max-size", type=Megabytes(), metavar="MB", help="The largest size of the image.")
@click.option("--no-gzip", is_flag=True, help="Don't measure the gzipped size: faster.")
@click.option("--no-secrets", is_flag=True, help="Don't search the files for secrets: faster.")
@click.option("--layers", is_flag=True, help="Show each layer, too (text and JSON).")
@click.option("--trust", is_flag=True, help="Allow compose.yaml to use more than its own folder.")
@click.option(
    "--format",
    "shown",
    type=click.Choice(FORMATS),
    help="The format of the report on standard output.  [default: text]",
)
@click.option(
    "--output",
    "outputs",
    multiple=True,
    metavar="FORMAT=FILE",
    help="Also write a report to FILE; repeatable.",
)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.option(
    "--select",
    multiple=True,
    metavar="CODE",
    shell_complete=complete_rule,
    help="Check only these rules, such as DG105 or DG1; repeatable.",
)
@click.option(
    "--ignore",
    multiple=True,
    metavar="CODE=REASON",
    help="Don't fail because of this rule; repeatable.",
)
@click.option(
    "--baseline",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Compare with this report, which --json wrote.",
)
@click.option(
    "--max-growth", metavar="5%|2MB", help="How much the image may grow since --baseline."
)
@click.option(
    "--update-limits",
    is_flag=True,
    help="Set the limits in dockgen.toml to the measured values plus a margin.",
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
    """Build and run TARGET, and check its Dockerfile, its image and its container.

    TARGET is a dockgen project, any other folder with a Dockerfile or compose.yaml, or an image
    saved as a tar or an OCI layout. It defaults to the current directory. To check an image of the
    engine, use --image. A saved image needs no engine, and isn't run.

    dockgen starts a project with its compose.yaml, and reads its limits from dockgen.toml. It
    starts any other program with a read-only root, without capabilities and with little memory. If
    that fails, it starts the program with what it needs, and reports that. At the end, it removes
    what it built and started, except the build cache.

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
    from dockgen import check as checking
    from dockgen import engine, output, report, threeway
    from dockgen.contract import Run
    from dockgen.git import gitfolder
    from dockgen.image import anatomy
    from dockgen.matrix import Workload
    from dockgen.report import formats
    from dockgen.targets import target as targets
    from dockgen.verdict import baseline as baselines
    from dockgen.verdict import cause, choice, limits, result

    form = result.Format(named_format(shown, as_json=as_json))
    files = _files(outputs)
    wanted = choice.read(select, ignore, max_growth)
    if max_growth is not None and baseline is None:
        raise UsageError("--max-growth needs a report to compare with", "add --baseline FILE")
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
            raise UsageError(
                "--update-limits needs a folder with a dockgen.toml",
                "add the folder: dockgen check FOLDER --update-limits",
            )
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
            f"{len(codes)} of {len(checked.rules)} rules fail: {', '.join(codes)}"
        )


def _files(outputs: Sequence[str]) -> list[tuple[str, Path]]:
    """Parse the values of --output into formats and files.

    Raises:
        UsageError: one isn't FORMAT=FILE, or two name the same file.
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
        raise UsageError("--output has the same file twice", "use another file name")
    return files
