"""``dockgen compare``."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from dockgen.cli.arguments import PASSED_ON, named_format
from dockgen.errors import UsageError

if TYPE_CHECKING:
    from dockgen.compare import Wanted

FORMATS = ("text", "json", "markdown")


@click.command(short_help="Compare a project on all flavors, or two images.")
@click.argument("targets", nargs=-1, metavar="[DIRECTORY | A B]")
@click.option(
    "--flavors",
    metavar="NAMES",
    help="Compare only these, for example slim,naive.  [default: slim,alpine,scratch,naive]",
)
@click.option(
    "--rounds",
    type=click.IntRange(1, 100),
    help="Measure rebuilds and starts this often; the median counts.  [default: 3]",
)
@click.option(
    "--edit",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Edit this source file for a rebuild, in a copy.  [default: the largest]",
)
@click.option("--build-arg", "arguments", multiple=True, metavar="NAME=VALUE", help=PASSED_ON)
@click.option("--secret", "secrets", multiple=True, metavar="SPEC", help=PASSED_ON)
@click.option("--ssh", multiple=True, metavar="SPEC", help=PASSED_ON)
@click.option("--trust", is_flag=True, help="Let a starter run its own code, such as tasks.")
@click.option("--platform", metavar="OS/ARCH", help="Compare this platform of saved images.")
@click.option(
    "--image",
    "images",
    multiple=True,
    metavar="NAME",
    help="Compare this image of a saved file with several; give it once, or once per file.",
)
@click.option(
    "--format",
    "shown",
    type=click.Choice(FORMATS),
    help="Report format; text or json for two images.  [default: text]",
)
@click.option("--json", "as_json", is_flag=True, help="Same as --format json.")
def compare(
    targets: tuple[str, ...],
    flavors: str | None,
    rounds: int | None,
    edit: Path | None,
    arguments: tuple[str, ...],
    secrets: tuple[str, ...],
    ssh: tuple[str, ...],
    trust: bool,
    platform: str | None,
    images: tuple[str, ...],
    shown: str | None,
    as_json: bool,
) -> None:
    """Compare a project on all flavors and as a naive image, or two images A and B.

    Builds the project in DIRECTORY, or in the current folder, on each flavor that can work, and
    from a naive Dockerfile with a single stage. They take turns, so that all have the same load.
    The table shows sizes, build times, start, memory and findings. The container files are rendered
    from the project's answers into copies of the project: your edits of the Dockerfile don't count.
    The builds have their own cache mounts. Your build cache isn't pruned.

    A and B are images of the engine, or images saved as a tar or an OCI layout. The report shows
    what differs: configuration, layers, packages and files. Saved images need no engine. No image
    is run.

    \b
    Examples:
      dockgen compare
      dockgen compare my-app --flavors slim,scratch --rounds 1
      dockgen compare --format markdown my-app
      dockgen compare my-app:1.2 my-app:1.3
      dockgen compare --json before.tar after.tar
    """
    form = named_format(shown, as_json=as_json)
    of_project = {
        "--flavors": flavors, "--rounds": rounds, "--edit": edit, "--build-arg": arguments,
        "--secret": secrets, "--ssh": ssh, "--trust": trust,
    }  # fmt: skip
    of_images = {"--platform": platform, "--image": images}
    if len(targets) > 2:
        raise UsageError(
            f"{len(targets)} are too many to compare", "name one project, or two images"
        )
    unfit = of_project if len(targets) == 2 else of_images
    if given := [flag for flag, value in unfit.items() if value]:
        what = "is for a project" if len(targets) == 2 else "is for two images"
        raise UsageError(f"{given[0]} {what}", "leave it out, or see: dockgen compare --help")
    if len(targets) == 2:
        _two(targets, platform, images, form)
        return
    from dockgen.compare import Wanted
    from dockgen.engine import BuildOptions

    names = tuple(flavors.split(",")) if flavors else Wanted.names
    build = BuildOptions(arguments=arguments, secrets=secrets, ssh=ssh)
    wanted = Wanted(names, rounds or Wanted.rounds, edit, build, trust)
    _project(Path(targets[0] if targets else "."), wanted, form)


def _project(directory: Path, wanted: "Wanted", form: str) -> None:
    """Compare a project's flavors."""
    from dockgen import compare as comparing
    from dockgen import report
    from dockgen.report import comparison

    with comparing.prepare(directory, wanted) as prepared:
        report.note(prepared.words)
        with report.progress() as doing:
            found = prepared.measure(doing)
    comparison.show(found, form)


def _two(
    targets: tuple[str, ...], platform: str | None, images: tuple[str, ...], form: str
) -> None:
    """Compare two images."""
    from dockgen import report
    from dockgen.compare import difference
    from dockgen.engine import BuildOptions
    from dockgen.report import difference as facts
    from dockgen.report.terminal import difference as terminal
    from dockgen.targets.target import Asked, find_image

    if form == "markdown":
        raise UsageError(
            "two images are compared as text or JSON", "leave out --format, or: --json"
        )
    if len(images) > 2:
        raise UsageError(
            f"--image is given {len(images)} times",
            "give it once for both images, or once for each",
        )
    chosen = images or (None,)
    build = BuildOptions(platform=platform)
    found = [
        find_image(name, Asked(image=image, build=build))
        for name, image in zip(targets, (chosen[0], chosen[-1]), strict=True)
    ]
    with report.progress() as doing:
        result = difference.between(found, doing)
    if form == "json":
        facts.show(result)
    else:
        terminal.difference(result)
