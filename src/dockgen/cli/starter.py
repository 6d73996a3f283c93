"""``dockgen starter …``."""

import os
from pathlib import Path

import click

from dockgen.cli import LEFT
from dockgen.cli.arguments import complete_starter
from dockgen.errors import CheckFailedError, UsageError
from dockgen.matrix import Language


@click.group(short_help="A team's own starter templates: make, list, use, prove.")
def starter() -> None:
    """Starter templates: a team's own, on top of dockgen's.

    \b
    Examples:
      dockgen starter init acme-starter
      dockgen starter add acme git@git.acme.example:platform/starter.git
      dockgen new --starter acme my-app
      dockgen starter list
    """


@starter.command(short_help="Make the repository of a new starter template.")
@click.argument("directory", type=click.Path(path_type=Path))
@click.option("--name", help="What the starter is called.  [default: the folder's name]")
@click.option(
    "--ci",
    type=click.Choice(["github", "gitlab", "none"]),
    default="github",
    show_default=True,
    help="Which CI tests the starter.",
)
@click.option(
    "--language",
    "languages",
    type=click.Choice([str(language) for language in Language]),
    multiple=True,
    help="Which languages it has; repeatable.  [default: all]",
)
@click.option("--json", "as_json", is_flag=True, help="Report as JSON.")
@click.pass_context
def init(
    ctx: click.Context,
    directory: Path,
    name: str | None,
    ci: str,
    languages: tuple[str, ...],
    as_json: bool,
) -> None:
    """Make a starter template in DIRECTORY: a git repository that extends dockgen's templates.

    It takes everything over from a copy of dockgen's templates, pinned to a version. To change a
    block of a Dockerfile, edit one file; to drop a file, delete it; to add one, write it.
    Questions, choices and limits are in its copier.yml. It is a plain copier template, too, and
    runs no code.

    \b
    Examples:
      dockgen starter init acme-starter
      dockgen starter init acme-starter --language go --language python --ci gitlab
      dockgen starter init platform/starter --name acme
    """
    from dockgen import advice, apply, git, scaffold, source
    from dockgen import starter as repository
    from dockgen.report import json, terminal

    git.require()
    # Not resolved: where a link leads is looked at before anything is written through it.
    target = Path(os.path.abspath(directory))  # noqa: PTH100
    apply.check_target(target)
    called = repository.name_for(target) if name is None else name
    chosen = [Language(language) for language in languages] or list(Language)
    ctx.meta[LEFT] = lambda: apply.left(target)
    with source.own() as origin:
        made = repository.init(origin, target, called, chosen, scaffold.Ci(ci))
    (json.made if as_json else terminal.made)(made, advice.after_init(made))


@starter.command(short_help="Move a starter template to a newer dockgen.")
@click.argument("directory", default=Path(), type=click.Path(path_type=Path), metavar="[DIRECTORY]")
@click.option("--to", metavar="VERSION", help="Move to this release; the newest is the default.")
@click.option("--dry-run", is_flag=True, help="Show each file's change as a diff; write nothing.")
@click.option("--undo", is_flag=True, help="Take the last bump back; twice makes it again.")
@click.option("--json", "as_json", is_flag=True, help="Report as JSON.")
@click.pass_context
def bump(
    ctx: click.Context, directory: Path, to: str | None, dry_run: bool, undo: bool, as_json: bool
) -> None:
    """Merge a newer dockgen into the starter template in DIRECTORY.

    DIRECTORY is the current one if none is given. What you changed stays: your lines and dockgen's
    are merged as git merges them, and files that you deleted stay deleted. Files that dockgen has
    added come with a line that takes them over. The starter must be committed; nothing is committed
    for you. A bump that is cut off leaves it as it was.

    \b
    Examples:
      dockgen starter bump
      dockgen starter bump --dry-run
      dockgen starter bump --to v0.4.0 acme-starter
      dockgen starter bump --undo
    """
    from dockgen import advice, git, report, source
    from dockgen import starter as repository
    from dockgen.report import json, terminal
    from dockgen.threeway import Mode

    if dry_run and undo:
        raise UsageError("--dry-run and --undo exclude each other", "name one of them")
    if undo and to:
        raise UsageError("--undo goes with no other answer", "dockgen starter bump --undo")
    git.require()
    mode = (
        Mode.DRY_RUN if dry_run
        else Mode.UNDO if undo
        else Mode.UPDATE
    )  # fmt: skip
    ctx.meta[LEFT] = lambda: "the starter is as it was, or at the newer dockgen"
    with report.progress() as doing, source.own() as origin:
        doing("Merging")
        outcome = repository.bump(directory.resolve(), origin, to, mode)
    if as_json:
        json.bumped(outcome, mode)
    else:
        plan = outcome.plan
        terminal.updated(outcome, mode, advice.after_bump(plan) if plan else ())
    if problem := repository.problem(outcome, mode):
        raise problem


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
    from dockgen import advice, git, questions, report, source, starters
    from dockgen.report import json, terminal

    git.require()
    registered = starters.check_new(name, url)
    with report.progress() as doing:
        doing(f"Fetching {registered.address}")
        starters.fetch(registered)
    with source.starter(registered) as opened:
        questions.load(opened.questionnaire)  # one that can't be used is told of here
        releases = [release.version for release in opened.manifest.releases]
    starters.add(registered)
    listed = starters.Listed(registered, releases)
    if as_json:
        json.starters([listed])
    else:
        terminal.added(listed, advice.after_add(name))


@starter.command("list", short_help="The registered starter templates.")
@click.option("--json", "as_json", is_flag=True, help="Report as JSON.")
def list_(as_json: bool) -> None:
    """Show each registered starter: its newest release here, when that was fetched, its address.

    \b
    Examples:
      dockgen starter list
      dockgen starter list --json
    """
    from dockgen import advice, source, starters
    from dockgen.errors import ProjectError
    from dockgen.report import json, terminal

    listed = []
    for registered in starters.load():
        try:
            releases = [release.version for release in source.releases(registered)]
        except ProjectError:
            releases = []
        listed.append(starters.Listed(registered, releases))
    if as_json:
        json.starters(listed)
    else:
        terminal.starters(listed, advice.REGISTER)


@starter.command(short_help="Trust a starter template no more.")
@click.argument("name", shell_complete=complete_starter)
def remove(name: str) -> None:
    """Forget the starter NAME and its releases here; its repository and projects stay.

    \b
    Examples:
      dockgen starter remove acme
    """
    from dockgen import report, starters

    report.text(f"Removed {name}, which was {starters.remove(name).url}")


_DIRECTORY = click.argument(
    "directory", default=Path(), type=click.Path(path_type=Path), metavar="[DIRECTORY]"
)
_TRUST = click.option(
    "--trust", is_flag=True, help="Let the template run code of its own on this machine."
)
_ONLY = click.option(
    "--only", multiple=True, metavar="CASE", help="Only this case, such as go-slim; repeatable."
)
_FILE = click.Path(path_type=Path, dir_okay=False)


@starter.command(short_help="Render, lint, build, run and measure all of a starter's cases.")
@_DIRECTORY
@_ONLY
@click.option(
    "--jobs",
    "-j",
    type=click.IntRange(min=1),
    default=lambda: os.cpu_count() or 1,
    metavar="NUMBER",
    help="How many cases are proven at a time; as many as there are processors by default.",
)
@click.option("--no-images", is_flag=True, help="Only render and lint: needs no engine.")
@click.option("--builder", default="", metavar="NAME", help="Build with this buildx builder.")
@click.option("--compare", type=_FILE, metavar="FILE", help="Show the difference to these sizes.")
@click.option("--sizes", type=_FILE, metavar="FILE", help="Write the sizes to FILE, as JSON.")
@click.option("--markdown", type=_FILE, metavar="FILE", help="Append the table to FILE.")
@_TRUST
@click.option("--verbose", "-v", is_flag=True, help="Show all that pytest printed.")
@click.option("--json", "as_json", is_flag=True, help="Report as JSON.")
def test(
    directory: Path,
    only: tuple[str, ...],
    jobs: int,
    no_images: bool,
    builder: str,
    compare: Path | None,
    sizes: Path | None,
    markdown: Path | None,
    trust: bool,
    verbose: bool,
    as_json: bool,
) -> None:
    """Hold the starter template in DIRECTORY to the contracts that dockgen's own are held to.

    DIRECTORY is the current one if none is given, and is taken as it lies there, committed or not.
    All cases are rendered first: each language on each flavor that copier.yml offers, and the
    [[test]] tables of starter.toml. Then pytest builds, runs and measures each of them, and runs
    the starter's own tests folder, if it has one. It needs the extra "testing", which
    pip install '.[testing]' installs in a clone of dockgen.

    \b
    Examples:
      dockgen starter test
      dockgen starter test --only go-scratch --only python-slim
      dockgen starter test --no-images
      dockgen starter test --sizes sizes.json --compare main/sizes.json
    """
    import tempfile

    from dockgen import cases, engine, output, report, source
    from dockgen import sizes as image_sizes
    from dockgen.report import json, terminal
    from dockgen.report import markdown as markdown_report
    from dockgen.testing import proof

    directory = directory.resolve()
    before = image_sizes.read(compare) if compare else None
    proof.require()
    with report.progress() as doing:
        with source.working_copy(directory, trusted=trust) as origin:
            chosen = cases.select(cases.load(directory), only)
            # Whatever can't be rendered is told of before the first image is built.
            with tempfile.TemporaryDirectory(prefix="dockgen-") as folder:
                for case in chosen:
                    doing(f"Rendering {case.name}")
                    cases.render(case, Path(folder) / case.name / "my-app", origin)
        if not no_images:
            engine.require()
            if builder:
                engine.require_builder(builder)
        doing("Starting the tests")
        proven = proof.run(
            directory,
            cases=only,
            jobs=jobs,
            builder=builder,
            trusted=trust,
            images=not no_images,
            tell=doing,
        )
    if sizes:
        output.write(sizes, image_sizes.dump(proven.sizes))
    if markdown:
        output.write(markdown, markdown_report.sizes_table(proven.sizes, before), append=True)
    if verbose:
        report.log(proven.log)
    result = proof.Proven(directory, [case.name for case in chosen], proven, before)
    (json.proven if as_json else terminal.proven)(result)
    if proven.broken:
        broken = sorted({found.case or "the starter's own tests" for found in proven.broken})
        count = sum(len(found.contracts) for found in proven.broken)
        words = "1 contract doesn't hold" if count == 1 else f"{count} contracts don't hold"
        raise CheckFailedError(f"{words}: {', '.join(broken)}")


@starter.command(short_help="Write all of a starter's cases for docker buildx bake.")
@_DIRECTORY
@click.option(
    "--output",
    required=True,
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="The new folder.",
)
@_ONLY
@_TRUST
@click.pass_context
def bake(
    ctx: click.Context, directory: Path, output: Path, only: tuple[str, ...], trust: bool
) -> None:
    """Render each case of the starter template in DIRECTORY, with a docker-bake.hcl beside them.

    One command then builds them all, for example on a build farm. The group `default` has the
    images, the group `test` runs each project's own tests.

    \b
    Examples:
      dockgen starter bake --output made && cd made
      docker buildx bake --builder farm
      docker buildx bake --builder farm test
    """
    from dockgen import advice, apply, cases, report, source
    from dockgen import bake as baking
    from dockgen.report import terminal

    directory, output = directory.resolve(), Path(os.path.abspath(output))  # noqa: PTH100
    apply.check_target(output)
    ctx.meta[LEFT] = lambda: apply.left(output)
    with (
        report.progress() as doing,
        source.working_copy(directory, trusted=trust) as origin,
        apply.staging(output) as folder,
    ):
        chosen = cases.select(cases.load(directory), only)
        staged = folder / output.name
        staged.mkdir()
        for case in chosen:
            doing(f"Rendering {case.name}")
            cases.render(case, staged / case.name, origin)
        names = [case.name for case in chosen]
        content = baking.definition(baking.image_name(directory.name), names)
        (staged / baking.FILE).write_text(content, encoding="utf-8")
        apply.place(staged, output)
    terminal.baked(output, names, advice.after_bake(output))
