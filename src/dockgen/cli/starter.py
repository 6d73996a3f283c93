"""``dockgen starter …``."""

import os
from pathlib import Path

import click

from dockgen.cli import LEFT
from dockgen.cli.arguments import complete_starter
from dockgen.errors import CheckFailedError, UsageError
from dockgen.matrix import Language


@click.group(short_help="Create, use and test your team's own templates.")
def starter() -> None:
    """Create, use and test starter templates: your team's own, on top of dockgen's.

    \b
    Examples:
      dockgen starter init acme-starter
      dockgen starter add acme git@git.acme.example:platform/starter.git
      dockgen new --starter acme my-app
      dockgen starter list
    """


@starter.command(short_help="Create the repository of a starter template.")
@click.argument("directory", type=click.Path(path_type=Path))
@click.option("--name", help="The name of the starter.  [default: the folder's name]")
@click.option(
    "--ci",
    type=click.Choice(["github", "gitlab", "none"]),
    default="github",
    show_default=True,
    help="The CI that tests the starter.",
)
@click.option(
    "--language",
    "languages",
    type=click.Choice([str(language) for language in Language]),
    multiple=True,
    help="A language of the starter; repeatable.  [default: all]",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def init(
    ctx: click.Context,
    directory: Path,
    name: str | None,
    ci: str,
    languages: tuple[str, ...],
    as_json: bool,
) -> None:
    """Create a starter template in DIRECTORY: a git repository that extends dockgen's templates.

    The starter contains a copy of dockgen's templates, pinned to a version, and extends it. Edit
    one file to change a block of a Dockerfile, delete a file to drop it, or add your own.
    Questions, choices and limits are in copier.yml. It is also a plain copier template, and runs no
    code.

    \b
    Examples:
      dockgen starter init acme-starter
      dockgen starter init acme-starter --language go --language python --ci gitlab
      dockgen starter init platform/starter --name acme
    """
    from dockgen import advice, apply, git, source
    from dockgen import starter as repository
    from dockgen.report import json, terminal
    from dockgen.starter import scaffold

    git.require()
    # Not resolved: symbolic links are checked before anything is written through them.
    target = Path(os.path.abspath(directory))  # noqa: PTH100
    apply.check_target(target)
    called = repository.name_for(target) if name is None else name
    chosen = [Language(language) for language in languages] or list(Language)
    ctx.meta[LEFT] = lambda: apply.left(target)
    with source.own() as origin:
        made = repository.init(origin, target, called, chosen, scaffold.Ci(ci))
    (json.made if as_json else terminal.made)(made, advice.after_init(made))


@starter.command(short_help="Update a starter template to a newer dockgen.")
@click.argument("directory", default=Path(), type=click.Path(path_type=Path), metavar="[DIRECTORY]")
@click.option("--to", metavar="VERSION", help="Update to this release.  [default: the newest]")
@click.option("--dry-run", is_flag=True, help="Show the changes as a diff; write nothing.")
@click.option("--undo", is_flag=True, help="Undo the last bump; run it again to redo.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def bump(
    ctx: click.Context, directory: Path, to: str | None, dry_run: bool, undo: bool, as_json: bool
) -> None:
    """Merge a newer dockgen into the starter template in DIRECTORY.

    DIRECTORY defaults to the current directory. Your changes stay: dockgen merges its changes with
    yours like git does, and files that you deleted stay deleted. For each file that is new in
    dockgen, your starter gets one that includes it. Commit the starter first; dockgen commits
    nothing. If a bump is interrupted, the starter stays as it was.

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
        raise UsageError("--dry-run and --undo can't be used together", "use only one of them")
    if undo and to:
        raise UsageError("--undo can't be used with other options", "dockgen starter bump --undo")
    git.require()
    mode = (
        Mode.DRY_RUN if dry_run
        else Mode.UNDO if undo
        else Mode.UPDATE
    )  # fmt: skip
    ctx.meta[LEFT] = lambda: "the starter is unchanged or fully updated"
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


@starter.command(short_help="Register a starter template and fetch its releases.")
@click.argument("name")
@click.argument("url")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def add(name: str, url: str, as_json: bool) -> None:
    """Register the starter template at URL under NAME.

    URL is an https or ssh URL, a path, or a short form such as gh:acme/starter. `dockgen new
    --starter NAME` then creates projects from its newest release, and `dockgen update` updates
    them. Only register a starter that you trust: it decides what is in your images. It can't run
    code on this machine unless you add --trust.

    The releases are stored on this machine, so that dockgen works offline. Run this command again
    to fetch newer ones.

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
        questions.load(opened.questionnaire)  # report a starter that can't be used now
        releases = [release.version for release in opened.manifest.releases]
    starters.add(registered)
    listed = starters.Listed(registered, releases)
    if as_json:
        json.starters([listed])
    else:
        terminal.added(listed, advice.after_add(name))


@starter.command("list", short_help="List the registered starter templates.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_(as_json: bool) -> None:
    """List each registered starter: its newest release, when it was fetched, and its address.

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


@starter.command(short_help="Remove a registered starter template.")
@click.argument("name", shell_complete=complete_starter)
def remove(name: str) -> None:
    """Remove the starter NAME and its fetched releases. Its repository and its projects stay.

    \b
    Examples:
      dockgen starter remove acme
    """
    from dockgen import report, starters

    report.text(f"Removed {name}: {starters.remove(name).url}")


_DIRECTORY = click.argument(
    "directory", default=Path(), type=click.Path(path_type=Path), metavar="[DIRECTORY]"
)
_TRUST = click.option(
    "--trust", is_flag=True, help="Let the template run its own code on this machine."
)
_ONLY = click.option(
    "--only",
    multiple=True,
    metavar="CASE",
    help="Test only this case, such as go-slim; repeatable.",
)
_FILE = click.Path(path_type=Path, dir_okay=False)


@starter.command(short_help="Render, lint, build, run and measure a starter template.")
@_DIRECTORY
@_ONLY
@click.option(
    "--jobs",
    "-j",
    type=click.IntRange(min=1),
    default=lambda: os.cpu_count() or 1,
    metavar="NUMBER",
    help="How many cases to test at a time.  [default: the number of processors]",
)
@click.option("--no-images", is_flag=True, help="Only render and lint; needs no engine.")
@click.option("--builder", default="", metavar="NAME", help="Build with this buildx builder.")
@click.option("--compare", type=_FILE, metavar="FILE", help="Compare with the sizes in FILE.")
@click.option("--sizes", type=_FILE, metavar="FILE", help="Write the sizes to FILE as JSON.")
@click.option("--markdown", type=_FILE, metavar="FILE", help="Append a table of the sizes to FILE.")
@_TRUST
@click.option("--verbose", "-v", is_flag=True, help="Show the output of pytest.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
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
    """Test the starter template in DIRECTORY with the contracts of dockgen's own templates.

    DIRECTORY defaults to the current directory. Uncommitted changes are tested, too.

    dockgen first renders all cases: each language on each flavor that copier.yml offers, and the
    [[test]] tables of starter.toml. Then pytest builds, runs and measures each case, and runs the
    starter's own tests folder, if there is one. This needs the extra "testing": in a clone of
    dockgen, run pip install '.[testing]'.

    \b
    Examples:
      dockgen starter test
      dockgen starter test --only go-scratch --only python-slim
      dockgen starter test --no-images
      dockgen starter test --sizes sizes.json --compare main/sizes.json
    """
    import tempfile

    from dockgen import cases, engine, output, report, source
    from dockgen.image import sizes as image_sizes
    from dockgen.report import json, terminal
    from dockgen.report import markdown as markdown_report
    from dockgen.testing import proof

    directory = directory.resolve()
    before = image_sizes.read(compare) if compare else None
    proof.require()
    with report.progress() as doing:
        with source.working_copy(directory, trusted=trust) as origin:
            chosen = cases.select(cases.load(directory), only)
            # Render everything first, so that errors show before the first image is built.
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
        words = "1 contract fails" if count == 1 else f"{count} contracts fail"
        raise CheckFailedError(f"{words}: {', '.join(broken)}")


@starter.command(short_help="Render a starter template for docker buildx bake.")
@_DIRECTORY
@click.option(
    "--output",
    required=True,
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="The folder to create.",
)
@_ONLY
@_TRUST
@click.pass_context
def bake(
    ctx: click.Context, directory: Path, output: Path, only: tuple[str, ...], trust: bool
) -> None:
    """Render each case of the starter template in DIRECTORY, and write a docker-bake.hcl.

    You can then build all images with one command, for example on a build farm. The group `default`
    builds the images; the group `test` runs the tests of each project.

    \b
    Examples:
      dockgen starter bake --output made && cd made
      docker buildx bake --builder farm
      docker buildx bake --builder farm test
    """
    from dockgen import advice, apply, cases, report, source
    from dockgen.containerfiles import bake as baking
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
