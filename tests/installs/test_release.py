"""scripts/release.py: what keeps a version from being released, and what a release leaves.

Each test has a checkout of its own, with a git repository of its own: releases never change, so
none is tried on the real one.
"""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from dockgen import bundle, matrix
from dockgen.bundle import Manifest
from tests import memory
from tests.conftest import PLAIN, ROOT, tree
from tests.update.conftest import PERSON, commit, edit, git, state

DATA = Path("src/dockgen/data")
OUT = Manifest.read(ROOT / DATA / bundle.MANIFEST).releases
# The version after the newest one.
NEXT = f"{int(OUT[-1].version[1:].partition('.')[0]) + 1}.0.0"

# What a release reads and writes.
WHOLE = ("copier.yml", "examples", "pyproject.toml", "scripts", "src", "templates")

# One cell's example in place of all of them, which take longer than the rest.
ONE_CELL = "from dockgen import matrix; matrix.ALL = matrix.ALL[:1]"


@dataclass(frozen=True)
class Released:
    """A checkout with the release ``NEXT``, and what was printed on the way."""

    checkout: Path
    output: str


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where checkouts may be made that several tests read."""
    with memory.folder(otherwise=tmp_path_factory.mktemp("checkouts")) as made:
        yield made


@pytest.fixture(scope="module")
def small(folder: Path) -> Path:
    """A checkout with one template and no examples, ready to release ``NEXT``."""
    return start(folder / "small", "copier.yml", "scripts", "src", "templates/README.md")


@pytest.fixture
def checkout(small: Path, folder: Path) -> Iterator[Path]:
    """A copy of the small one, to change."""
    yield shutil.copytree(small, folder / "checkout", symlinks=True)
    shutil.rmtree(folder / "checkout")


@pytest.fixture(scope="module")
def released(folder: Path) -> Released:
    """The release itself, once for all tests that only read or copy what it left."""
    checkout = start(folder / "released", *WHOLE)
    done = run(checkout, NEXT, first=ONE_CELL)
    assert done.returncode == 0, done.stderr
    return Released(checkout, done.stdout)


def start(checkout: Path, *parts: str) -> Path:
    """Copy these parts of the working copy, and commit them with what releasing asks for."""
    ignore = shutil.ignore_patterns("__pycache__")
    for part in parts:
        (checkout / part).parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, checkout / part, symlinks=True, ignore=ignore)
        else:
            shutil.copy(ROOT / part, checkout / part)
    prepare(checkout, NEXT)
    git("init", "--quiet", "--initial-branch=main", cwd=checkout)
    commit(checkout, "Start")
    return checkout


def prepare(checkout: Path, version: str) -> None:
    """Write the version and its section of the changelog, as CONTRIBUTING.md asks."""
    says(checkout, version)
    changelog(checkout, f"## {version} (2030-01-31)\n\nProjects: nothing.\n")


def says(checkout: Path, version: str) -> None:
    """Set the version of the package."""
    path = checkout / "src/dockgen/__init__.py"
    old = re.search(r'__version__ = ".+"', path.read_text())
    assert old
    edit(path, old[0], f'__version__ = "{version}"')


def changelog(checkout: Path, sections: str) -> None:
    """Write a changelog of these sections."""
    text = f"# Changelog\n\n{sections}\n## 0.0.1 (2029-12-31)\n\nThe first.\n"
    (checkout / "CHANGELOG.md").write_text(text)


def newest(checkout: Path, version: str) -> None:
    """Let the manifest name this version as the newest release."""
    path = checkout / DATA / bundle.MANIFEST
    manifest = json.loads(path.read_text())
    manifest["releases"][-1]["version"] = f"v{version}"
    path.write_text(json.dumps(manifest))


def run(
    checkout: Path, *versions: str, first: str = "", then: str = "sys.exit(release.main(*words))"
) -> "subprocess.CompletedProcess[str]":
    """Run the script of ``checkout``, or ``first`` and ``then`` with it as a module."""
    script = checkout / "scripts/release.py"
    program = f"import sys; import release; words = sys.argv[1:]\n{first}\n{then}"
    return subprocess.run(
        [sys.executable, *(["-c", program] if first else [script]), *versions],
        cwd=checkout,
        env=PLAIN | PERSON | {
            "PYTHONPATH": f"{checkout / 'src'}:{checkout / 'scripts'}",
            "PYTHONDONTWRITEBYTECODE": "1",
        },
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def obstacle(checkout: Path, version: str) -> str:
    """What ``obstacle()`` finds in this checkout, where nothing is to be released."""
    done = run(checkout, version, first="pass", then="print(release.obstacle(*words), end='')")
    assert done.returncode == 0, done.stderr
    return done.stdout


def refused(checkout: Path, *versions: str) -> str:
    """What the script says as it refuses, with the exit code for that and nothing written."""
    before = state(checkout)
    done = run(checkout, *versions)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("error: ")
    assert state(checkout) == before, "something was written"
    return done.stderr.removeprefix("error: ")


# What is no version, or not this package's.


def test_a_checkout_that_is_ready_has_no_obstacle(checkout: Path) -> None:
    """Version, changelog, an earlier release, all committed: as CONTRIBUTING.md asks."""
    assert obstacle(checkout, NEXT) == ""


@pytest.mark.parametrize("word", [f"v{NEXT}", f"{NEXT}rc1", "newest"])
def test_what_is_no_version_is_refused(checkout: Path, word: str) -> None:
    """Three numbers without a leading v: all else is answered with an example of it."""
    assert refused(checkout, word) == f"{word!r} is not a version: make release VERSION=0.2.0\n"


def test_a_forgotten_version_is_refused(checkout: Path) -> None:
    """`make release` alone gets the same answer."""
    assert refused(checkout) == "'' is not a version: make release VERSION=0.2.0\n"


def test_a_version_that_the_package_does_not_have_is_refused(checkout: Path) -> None:
    """Package and templates have one version: the message names the file and both versions."""
    says(checkout, "0.0.9")
    assert refused(checkout, NEXT) == (
        f"src/dockgen/__init__.py says 0.0.9: set it to {NEXT} first\n"
    )


# The changelog.


@pytest.mark.parametrize(
    "sections",
    [
        pytest.param("", id="none"),
        pytest.param(f"Next is ## {NEXT} (soon).\n", id="a mention"),
        pytest.param(f"## {NEXT}1 (2030-01-31)\n", id="a longer version"),
        pytest.param(f"## 1{NEXT} (2030-01-31)\n", id="another version"),
        pytest.param(f"## {NEXT}\n", id="no date"),
    ],
)
def test_a_version_without_its_section_of_the_changelog_is_refused(
    checkout: Path, sections: str
) -> None:
    """The message shows the heading that is missing."""
    changelog(checkout, sections)
    assert refused(checkout, NEXT) == (
        f"CHANGELOG.md has no section `## {NEXT} (date)`: write it first\n"
    )


def test_a_section_below_another_is_found(checkout: Path) -> None:
    """Notes on what isn't released yet may stand above it."""
    changelog(checkout, f"## Later\n\nMore.\n\n## {NEXT} (2030-01-31)\n\nThis.\n")
    assert obstacle(checkout, NEXT) == ""


# What is out already.


@pytest.mark.parametrize(
    ("out", "wanted"),
    [("0.5.0", "0.5.0"), ("0.5.0", "0.4.9"), ("0.10.0", "0.9.0")],
)
def test_a_version_that_is_out_or_older_is_refused(checkout: Path, out: str, wanted: str) -> None:
    """Releases never change, and none comes before another afterwards."""
    prepare(checkout, wanted)
    newest(checkout, out)
    assert refused(checkout, wanted) == f"v{out} is out already, and releases never change\n"


@pytest.mark.parametrize(("out", "wanted"), [("0.5.0", "0.5.1"), ("0.9.0", "0.10.0")])
def test_a_newer_version_has_no_obstacle(checkout: Path, out: str, wanted: str) -> None:
    """Versions are compared as numbers: 0.10.0 comes after 0.9.0."""
    prepare(checkout, wanted)
    newest(checkout, out)
    assert obstacle(checkout, wanted) == ""


def test_the_first_version_has_no_obstacle(checkout: Path) -> None:
    """Before the first release there is neither a bundle nor a manifest."""
    shutil.rmtree(checkout / DATA)
    assert obstacle(checkout, NEXT) == ""


# What isn't committed.


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        pytest.param("copier.yml", " M copier.yml", id="questions"),
        pytest.param("templates/README.md", " M templates/README.md", id="a template"),
        pytest.param("templates/new.jinja", "?? templates/new.jinja", id="a new template"),
    ],
)
def test_a_template_that_is_not_committed_is_refused(checkout: Path, name: str, shown: str) -> None:
    """What is released is in the history: the message lists what isn't."""
    with (checkout / name).open("a") as file:
        file.write("# Edited.\n")
    assert refused(checkout, NEXT) == f"commit these first:\n{shown}\n\n"


def test_a_deleted_template_that_is_not_committed_is_refused(checkout: Path) -> None:
    """A file that is gone is a change like any other."""
    (checkout / "templates/README.md").unlink()
    assert refused(checkout, NEXT) == "commit these first:\n D templates/README.md\n\n"


def test_a_template_that_git_was_told_not_to_show_is_refused(checkout: Path) -> None:
    """The bundle would hold it."""
    git("config", "status.showUntrackedFiles", "no", cwd=checkout)
    (checkout / "templates/new.jinja").touch()
    assert refused(checkout, NEXT) == "commit these first:\n?? templates/new.jinja\n\n"


def test_a_tag_that_is_there_is_an_obstacle(checkout: Path) -> None:
    """Before the bundle is written: the release could not be tagged."""
    git("tag", f"v{NEXT}", cwd=checkout)
    assert refused(checkout, NEXT) == f"the tag v{NEXT} is there already\n"


def test_a_template_that_is_only_staged_is_refused(checkout: Path) -> None:
    """Added isn't committed."""
    (checkout / "templates/new.jinja").touch()
    git("add", "--all", cwd=checkout)
    assert refused(checkout, NEXT) == "commit these first:\nA  templates/new.jinja\n\n"


@pytest.mark.parametrize("name", ["CHANGELOG.md", "src/dockgen/__init__.py", "notes.md"])
def test_all_else_may_wait_for_the_release_s_commit(checkout: Path, name: str) -> None:
    """The version and the changelog are written for the release, and committed with it."""
    with (checkout / name).open("a") as file:
        file.write("# Edited.\n")
    assert obstacle(checkout, NEXT) == ""


# The release itself.


def test_a_release_comes_after_the_earlier_ones(released: Released) -> None:
    """The manifest has one more, under the version's tag, and those before it unchanged."""
    releases = Manifest.read(released.checkout / DATA / bundle.MANIFEST).releases
    assert releases[:-1] == OUT
    assert releases[-1].version == f"v{NEXT}"


def test_the_bundle_holds_what_the_manifest_says(released: Released) -> None:
    """Both were written."""
    releases = Manifest.read(released.checkout / DATA / bundle.MANIFEST).releases
    assert bundle.read_releases(released.checkout / DATA / bundle.BUNDLE) == releases


def test_a_release_holds_the_committed_templates(released: Released, tmp_path: Path) -> None:
    """Every file of templates/, and the questions, with the bytes that they have here."""
    path = released.checkout / DATA / bundle.BUNDLE
    git("clone", "--quiet", "--branch", f"v{NEXT}", path, tmp_path / "clone", cwd=tmp_path)
    assert tree(tmp_path / "clone/templates") == tree(released.checkout / "templates")
    questions = (tmp_path / "clone/copier.yml").read_bytes()
    assert questions == (released.checkout / "copier.yml").read_bytes()


@pytest.mark.parametrize(
    ("name", "line"),
    [
        (f"{matrix.ALL[0]}/.copier-answers.yml", f"_commit: v{NEXT}"),
        ("starters/acme/starter.toml", f'base = "v{NEXT}"'),
    ],
    ids=["project", "starter"],
)
def test_the_examples_are_rendered_under_the_new_version(
    released: Released, name: str, line: str
) -> None:
    """Not under one of a working copy, as they are between releases."""
    assert line in (released.checkout / "examples" / name).read_text().splitlines()


def test_a_release_writes_nothing_else(released: Released) -> None:
    """Only the bundle, its manifest and the examples are there to be committed."""
    names = git("diff", "--name-only", "HEAD", cwd=released.checkout).splitlines()
    names += git("ls-files", "--others", cwd=released.checkout).splitlines()
    others = [name for name in names if not name.startswith("examples/")]
    assert others == [f"{DATA}/{bundle.BUNDLE}", f"{DATA}/{bundle.MANIFEST}"]


def test_a_release_says_what_the_bundle_holds(released: Released) -> None:
    """Every version, the new one last."""
    versions = ", ".join([release.version for release in OUT] + [f"v{NEXT}"])
    assert released.output.splitlines()[0] == f"The bundle holds {versions}."


@pytest.fixture(scope="module")
def followed(released: Released, folder: Path) -> Path:
    """A copy of the released checkout in which the commands under "Next" were run."""
    checkout = shutil.copytree(released.checkout, folder / "followed", symlinks=True)
    for line in released.output.splitlines():
        if line.startswith("  "):
            shell = ["sh", "-c", line]
            subprocess.run(
                shell, cwd=checkout, env=PLAIN | PERSON, capture_output=True, timeout=60, check=True
            )
    return checkout


def test_the_commands_that_are_named_commit_all(followed: Path) -> None:
    """Nothing of the release is left over."""
    assert git("status", "--porcelain", cwd=followed) == ""
    assert git("log", "-1", "--format=%s", cwd=followed) == f"Release {NEXT}\n"


def test_the_commands_that_are_named_tag_that_commit(followed: Path) -> None:
    """Annotated, and the only tag there, since copier takes the version from it."""
    assert git("tag", "--points-at", "HEAD", cwd=followed) == f"v{NEXT}\n"
    assert git("cat-file", "-t", f"v{NEXT}", cwd=followed) == "tag\n"


def test_a_release_is_not_repeated(followed: Path) -> None:
    """The same command once more is refused, and changes nothing."""
    assert refused(followed, NEXT) == f"v{NEXT} is out already, and releases never change\n"
