"""scripts/release.py: what prevents a release, and what a release writes.

Each test has its own checkout with its own git repository: releases never change, so none is made
in the real one.
"""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from dockgen import bundle, matrix
from dockgen.bundle import Manifest
from tests import memory
from tests.conftest import PLAIN, ROOT, tree
from tests.integration.update.conftest import PERSON, commit, edit, git, state

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
    """Return the result of ``obstacle()`` in this checkout, with nothing to release."""
    done = run(checkout, version, first="pass", then="print(release.obstacle(*words), end='')")
    assert done.returncode == 0, done.stderr
    return done.stdout


def append(checkout: Path, name: str) -> None:
    """Edit a file, or make it."""
    with (checkout / name).open("a") as file:
        file.write("# Edited.\n")


def prepared(checkout: Path, wanted: str, out: str) -> None:
    """Let one version be asked for, and another be the newest that is out."""
    prepare(checkout, wanted)
    newest(checkout, out)


def staged(checkout: Path) -> None:
    """Add a template, without a commit."""
    append(checkout, "templates/new.jinja")
    git("add", "--all", cwd=checkout)


def hidden(checkout: Path) -> None:
    """Add a template, and tell git not to show it."""
    git("config", "status.showUntrackedFiles", "no", cwd=checkout)
    append(checkout, "templates/new.jinja")


Change = Callable[[Path], object]
HEADING = f"CHANGELOG.md has no section `## {NEXT} (date)`: write it first\n"
IS_OUT = "v{} is out already, and releases never change\n"


def section(text: str) -> Change:
    """Return a changelog with only this above the first release."""
    return lambda checkout: changelog(checkout, text)


@pytest.mark.parametrize(
    ("change", "wanted", "says"),
    [
        (None, f"v{NEXT}", f"'v{NEXT}' is not a version: make release VERSION=0.2.0\n"),
        (None, f"{NEXT}rc1", f"'{NEXT}rc1' is not a version: make release VERSION=0.2.0\n"),
        (None, "", "'' is not a version: make release VERSION=0.2.0\n"),
        (
            lambda checkout: says(checkout, "0.0.9"),
            *(NEXT, f"src/dockgen/__init__.py says 0.0.9: set it to {NEXT} first\n"),
        ),
        (section(""), NEXT, HEADING),
        (section(f"Next is ## {NEXT} (soon).\n"), NEXT, HEADING),
        (section(f"## {NEXT}1 (2030-01-31)\n"), NEXT, HEADING),
        (section(f"## 1{NEXT} (2030-01-31)\n"), NEXT, HEADING),
        (section(f"## {NEXT}\n"), NEXT, HEADING),
        (lambda checkout: prepared(checkout, "0.5.0", "0.5.0"), "0.5.0", IS_OUT.format("0.5.0")),
        (lambda checkout: prepared(checkout, "0.9.0", "0.10.0"), "0.9.0", IS_OUT.format("0.10.0")),
        (
            lambda checkout: append(checkout, "copier.yml"),
            *(NEXT, "commit these first:\n M copier.yml\n\n"),
        ),
        (
            lambda checkout: append(checkout, "templates/new.jinja"),
            *(NEXT, "commit these first:\n?? templates/new.jinja\n\n"),
        ),
        (
            lambda checkout: (checkout / "templates/README.md").unlink(),
            *(NEXT, "commit these first:\n D templates/README.md\n\n"),
        ),
        (hidden, NEXT, "commit these first:\n?? templates/new.jinja\n\n"),
        (staged, NEXT, "commit these first:\nA  templates/new.jinja\n\n"),
        (
            lambda checkout: git("tag", f"v{NEXT}", cwd=checkout),
            *(NEXT, f"the tag v{NEXT} is there already\n"),
        ),
    ],
)
def test_an_obstacle_is_named(
    checkout: Path, change: Change | None, wanted: str, says: str
) -> None:
    """Nothing is written."""
    if change:
        change(checkout)
    before = state(checkout)
    done = run(checkout, *([wanted] if wanted else []))
    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"error: {says}")
    assert state(checkout) == before


def test_what_is_no_obstacle(checkout: Path) -> None:
    """As CONTRIBUTING.md asks; what is not for the bundle may wait for the release's commit."""
    assert obstacle(checkout, NEXT) == ""
    changelog(checkout, f"## Later\n\nMore.\n\n## {NEXT} (2030-01-31)\n\nThis.\n")
    append(checkout, "src/dockgen/__init__.py")
    append(checkout, "notes.md")
    assert obstacle(checkout, NEXT) == ""
    # Versions are compared as numbers.
    prepared(checkout, "0.10.0", "0.9.0")
    assert obstacle(checkout, "0.10.0") == ""
    # Before the first release there is neither a bundle nor a manifest.
    shutil.rmtree(checkout / DATA)
    assert obstacle(checkout, "0.10.0") == ""


def test_a_release_comes_after_the_earlier_ones(released: Released) -> None:
    """Those before it are unchanged; the bundle, the manifest and the output say the same."""
    releases = Manifest.read(released.checkout / DATA / bundle.MANIFEST).releases
    assert releases[:-1] == OUT
    assert releases[-1].version == f"v{NEXT}"
    assert bundle.read_releases(released.checkout / DATA / bundle.BUNDLE) == releases
    versions = ", ".join(release.version for release in releases)
    assert released.output.splitlines()[0] == f"The bundle holds {versions}."


def test_a_release_holds_the_committed_templates(released: Released, tmp_path: Path) -> None:
    """Every file of templates/, and the questions, with the bytes that they have here."""
    path = released.checkout / DATA / bundle.BUNDLE
    git("clone", "--quiet", "--branch", f"v{NEXT}", path, tmp_path / "clone", cwd=tmp_path)
    assert tree(tmp_path / "clone/templates") == tree(released.checkout / "templates")
    questions = (tmp_path / "clone/copier.yml").read_bytes()
    assert questions == (released.checkout / "copier.yml").read_bytes()


def test_a_release_writes_the_bundle_and_the_examples(released: Released) -> None:
    """The examples under the new version; all that is there to be committed is these."""
    for name, line in (
        (f"{matrix.ALL[0]}/.copier-answers.yml", f"_commit: v{NEXT}"),
        ("starters/acme/starter.toml", f'base = "v{NEXT}"'),
    ):
        assert line in (released.checkout / "examples" / name).read_text().splitlines()
    names = git("diff", "--name-only", "HEAD", cwd=released.checkout).splitlines()
    names += git("ls-files", "--others", cwd=released.checkout).splitlines()
    others = [name for name in names if not name.startswith("examples/")]
    assert others == [f"{DATA}/{bundle.BUNDLE}", f"{DATA}/{bundle.MANIFEST}"]


def test_the_commands_that_are_named_commit_and_tag(released: Released, tmp_path: Path) -> None:
    """All of it, with an annotated tag and no other; the release is not repeated then."""
    checkout = shutil.copytree(released.checkout, tmp_path / "followed", symlinks=True)
    for line in released.output.splitlines():
        if line.startswith("  "):
            subprocess.run(["sh", "-c", line], cwd=checkout, env=PLAIN | PERSON, check=True)
    assert git("status", "--porcelain", cwd=checkout) == ""
    assert git("log", "-1", "--format=%s", cwd=checkout) == f"Release {NEXT}\n"
    assert git("tag", "--points-at", "HEAD", cwd=checkout) == f"v{NEXT}\n"
    assert git("cat-file", "-t", f"v{NEXT}", cwd=checkout) == "tag\n"
    again = run(checkout, NEXT)
    assert (again.returncode, again.stderr) == (1, f"error: {IS_OUT.format(NEXT)}")
