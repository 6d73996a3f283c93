"""``dockgen flatten``."""

import click


@click.command(short_help="Make an image of one layer, with its configuration kept.")
@click.argument("image")
@click.argument("tag")
@click.option("--json", "as_json", is_flag=True, help="Report as JSON.")
def flatten(image: str, tag: str, as_json: bool) -> None:
    """Make an image TAG of one layer with all files and the configuration of IMAGE.

    Entry point, user, environment, labels, health check, ports, volumes and the rest stay, which
    `docker export | docker import` loses. What later layers hid is gone. So are the layers that
    the image shares with others, which were stored and pulled once: the report says what both
    come to. IMAGE stays, and nothing of it is run.

    \b
    Examples:
      dockgen flatten my-app:1.2 my-app:1.2-flat
      dockgen flatten my-app:1.2 my-app:1.2-flat --json
    """
    from dockgen import engine, flat, report
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
