"""``dockgen compare``."""

import click

from dockgen.errors import UsageError


@click.command(short_help="Show what differs between two images.")
@click.argument("first", metavar="A")
@click.argument("second", metavar="B")
@click.option("--platform", metavar="OS/ARCH", help="Compare this platform of saved images.")
@click.option(
    "--image",
    "images",
    multiple=True,
    metavar="NAME",
    help="Compare this image of a saved file with several; give it once, or once per file.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON, with each file.")
def compare(
    first: str, second: str, platform: str | None, images: tuple[str, ...], as_json: bool
) -> None:
    """Show what differs between two images A and B: configuration, layers, packages and files.

    A and B are images of the engine, or images saved as a tar or an OCI layout. Saved images need
    no engine. No image is run.

    \b
    Examples:
      dockgen compare my-app:1.2 my-app:1.3
      dockgen compare before.tar after.tar
      dockgen compare --json my-app:1.2 image.tar
    """
    from dockgen import difference, report
    from dockgen.engine import BuildOptions
    from dockgen.report import difference as facts
    from dockgen.report.terminal import difference as terminal
    from dockgen.target import Asked, find_image

    if len(images) > 2:
        raise UsageError(
            f"--image is given {len(images)} times",
            "give it once for both images, or once for each",
        )
    chosen = images or (None,)
    build = BuildOptions(platform=platform)
    targets = [
        find_image(name, Asked(image=image, build=build))
        for name, image in zip((first, second), (chosen[0], chosen[-1]), strict=True)
    ]
    with report.progress() as doing:
        found = difference.between(targets, doing)
    if as_json:
        facts.show(found)
    else:
        terminal.difference(found)
