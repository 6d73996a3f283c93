"""``dockgen starter …``."""

import click

from dockgen.cli.arguments import complete_starter


@click.group(short_help="A team's own starter templates: make, list, use, prove.")
def starter() -> None:
    """Starter templates: a team's own, on top of dockgen's.

    \b
    Examples:
      dockgen starter add acme git@git.acme.example:platform/starter.git
      dockgen new --starter acme my-app
      dockgen starter list
    """


@starter.command(short_help="Trust a starter template, and fetch its releases.")
@click.argument("name")
@click.argument("url")
@click.option("--json", "as_json", is_flag=True, help="Report as JSON.")
def add(name: str, url: str, as_json: bool) -> None:
    """Register the starter template at URL under NAME.

    URL is whatever git takes: https, ssh, a path, or gh:acme/starter. From now on `dockgen new
    --starter NAME` makes projects from its newest release, and `dockgen update` follows it. Only
    register what you trust: its projects' images are what it makes them. It can't run code on this
    machine unless you type --trust as well. The releases are kept here, for work without a
    network; the same command fetches newer ones.

    \b
    Examples:
      dockgen starter add acme git@git.acme.example:platform/starter.git
      dockgen starter add acme https://git.acme.example/platform/starter
      dockgen starter add acme ./acme-starter
    """
    from dockgen import git, questions, registry, report, source

    git.require()
    registered = registry.check_new(name, url)
    with report.progress() as doing:
        doing(f"Fetching {registered.address}")
        registry.fetch(registered)
    with source.starter(registered) as opened:
        questions.load(opened.questionnaire)  # one that can't be used is told of here
        releases = [release.version for release in opened.manifest.releases]
    registry.add(registered)
    listed = report.ListedStarter(registered, releases)
    (report.starters_json if as_json else report.added_starter)([listed])


@starter.command("list", short_help="The registered starter templates.")
@click.option("--json", "as_json", is_flag=True, help="Report as JSON.")
def list_(as_json: bool) -> None:
    """Show each registered starter: its newest release here, when that was fetched, its address.

    \b
    Examples:
      dockgen starter list
      dockgen starter list --json
    """
    from dockgen import registry, report, source
    from dockgen.errors import ProjectError

    listed = []
    for registered in registry.load():
        try:
            with source.starter(registered) as opened:
                releases = [release.version for release in opened.manifest.releases]
        except ProjectError:
            releases = []
        listed.append(report.ListedStarter(registered, releases))
    (report.starters_json if as_json else report.starters)(listed)


@starter.command(short_help="Trust a starter template no more.")
@click.argument("name", shell_complete=complete_starter)
def remove(name: str) -> None:
    """Forget the starter NAME and its releases here; its repository and projects stay.

    \b
    Examples:
      dockgen starter remove acme
    """
    from dockgen import registry, report

    report.text(f"Removed {name}, which was {registry.remove(name).url}")
