"""The documentation matches the code: the output of `make docs` is committed."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from dockgen import cli, questions
from tests.conftest import PLAIN, ROOT


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `make docs` writes now."""
    folder = tmp_path_factory.mktemp("docs")
    done = subprocess.run(
        [sys.executable, "-m", "scripts.write_docs", folder],
        cwd=ROOT, env=PLAIN, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=100,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return folder


def test_is_what_make_docs_writes(written: Path) -> None:
    """Run `make docs` after a change of commands, questions, limits or templates."""
    for name in [
        "README.md",
        "docs/benchmarks.md",
        "docs/proof.md",
        "docs/reference.md",
        "docs/rules.md",
        "docs/settings.md",
        "docs/schemas/dockgen.toml.json",
        "docs/schemas/dockgen.team.toml.json",
        "docs/schemas/starter.toml.json",
        "docs/new.svg",
    ]:
        assert (ROOT / name).read_text() == (written / name).read_text()


def paths(path: str, command: click.Command) -> Iterator[str]:
    """Yield a command and its subcommands, as they are typed."""
    yield path
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            child = command.get_command(context, name)
            assert child is not None, name
            yield from paths(f"{path} {name}", child)


def test_reference_names_every_command_and_question() -> None:
    """Nothing is left out, whatever the generator does."""
    reference = (ROOT / "docs/reference.md").read_text()
    wanted = [f"## {path}\n" for path in paths("dockgen", cli.dockgen)]
    wanted += [
        f"| `{question.name}` | `{question.flag}` |"
        for question in questions.load()
        if question.name != questions.OF_ADD
    ]
    assert [words for words in wanted if words not in reference] == []


PAGES = [
    *(page.name for page in ROOT.glob("*.md")),
    *(f"docs/{page.name}" for page in (ROOT / "docs").glob("*.md")),
    "templates/README.md",
    "testbed/README.md",
]


def anchors(page: Path) -> set[str]:
    """Return the anchors of the page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_links_lead_somewhere() -> None:
    """Every relative link names a file or folder of this repository, and a heading of it."""
    for name in sorted(PAGES):
        page = ROOT / name
        broken = []
        for path, anchor in re.findall(r"\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)", page.read_text()):
            target = page.parent / path if path else page
            if not target.exists() or (anchor and anchor not in anchors(target)):
                broken.append((path, anchor))
        assert broken == []


def test_make_commands_in_the_docs_exist() -> None:
    """Each `make …` that a page tells to type is in the Makefile."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")]
    named = {
        found
        for page in pages
        for found in re.findall(r"(?:^|`)make ([a-z-]+)", page.read_text(), re.M)
    }
    assert named <= targets


def test_ci_runs_the_readme_s_test_command() -> None:
    """CI proves what the README says, by the same words."""
    assert "\nmake test\n" in (ROOT / "README.md").read_text()
    assert (ROOT / ".ci/run").read_text().endswith("\nexec make test\n")
