"""``dockgen flatten``."""

import click


@click.command(short_help="Squash an image into one layer; keep its configuration.")
@click.argument("image")
@click.argument("tag")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def flatten(image: str, tag: str, as_json: bool) -> None:
    """Squash IMAGE into one layer and tag the result as TAG.

    Unlike `docker export | docker import`, this keeps the configuration: entry point, user,
    environment, labels, health check, ports and volumes. Files that later layers hide no longer
    take up space. But the new image shares no layers with other images: the report shows the gain
    and the cost. IMAGE itself isn't changed or run.

    \b
    Examples:
      dockgen flatten my-app:1.2 my-app:1.2-flat
      dockgen flatten my-app:1.2 my-app:1.2-flat --json
    """
    from dockgen import engine, report
    from dockgen.image import flat
    from dockgen.report import flat as facts
    from dockgen.report.terminal import flat as terminal

    try:
        with report.progress() as doing:
            made = flat.flatten(image, tag, doing)
    except engine.BuildError as error:
        report.end_of_log(error.log)
        raise
    if as_json:
        facts.show(made)
    else:
        terminal.flattened(made)
