"""The bundle: releases never change, and a working copy adds only itself."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from dockgen import bundle, git
from dockgen.bundle import Manifest
from tests.conftest import ROOT

URL = "https://dockgen.invalid/dockgen.git"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A checkout in small: a questionnaire, a template, and no git repository."""
    root = tmp_path / "root"
    (root / "templates/go").mkdir(parents=True)
    (root / "src/dockgen").mkdir(parents=True)
    (root / "pyproject.toml").write_text(f'[project.urls]\nRepository = "{URL}"\n')
    (root / "copier.yml").write_text("name: {type: str}\n")
    (root / "templates/go/Dockerfile").write_text("FROM scratch\n")
    (root / "README.md").write_text("not part of the template\n")
    return root


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where a bundle may be written."""
    folder = tmp_path / "folder"
    folder.mkdir()
    return folder


def versions(manifest: Manifest) -> list[str]:
    """Return the tags in a manifest, oldest first."""
    return [release.version for release in manifest.releases]


def contents(path: Path, version: str, folder: Path) -> list[str]:
    """Return the files of one version in a bundle."""
    repository = folder / f"read-{version}"
    repository.mkdir()
    git.run("clone", "--quiet", "--branch", version, path.resolve(), ".", cwd=repository)
    return git.run("ls-files", cwd=repository).splitlines()


def test_a_release_holds_the_template_alone(root: Path, folder: Path) -> None:
    """copier.yml and templates/, and nothing else of the repository."""
    bundle.release(root, "v1.0.0", 0)
    path = root / "src/dockgen/data" / bundle.BUNDLE
    assert contents(path, "v1.0.0", folder) == ["copier.yml", "templates/go/Dockerfile"]


def test_python_s_leavings_stay_out(root: Path, folder: Path) -> None:
    """Files that a run of Python or a file manager leaves in templates/ are not shipped."""
    (root / "templates/go/__pycache__").mkdir()
    for leaving in ("__pycache__/x.cpython-311.pyc", "y.pyc", ".DS_Store"):
        (root / "templates/go" / leaving).touch()
    bundle.release(root, "v1.0.0", 0)
    path = root / "src/dockgen/data" / bundle.BUNDLE
    assert contents(path, "v1.0.0", folder) == ["copier.yml", "templates/go/Dockerfile"]


def test_a_template_s_gitignore_is_shipped_and_hides_nothing(root: Path, folder: Path) -> None:
    """The user's .gitignore is a file like any other here."""
    (root / "templates/go/.gitignore").write_text("*\n")
    bundle.release(root, "v1.0.0", 0)
    path = root / "src/dockgen/data" / bundle.BUNDLE
    assert "templates/go/.gitignore" in contents(path, "v1.0.0", folder)


def test_a_release_adds_to_the_earlier_ones(root: Path) -> None:
    """The second release keeps the first one's commit, and is in the bundle with it."""
    first = bundle.release(root, "v1.0.0", 0)
    (root / "templates/go/Dockerfile").write_text("FROM alpine\n")
    second = bundle.release(root, "v1.1.0", 1)
    assert second.releases[:-1] == first.releases
    assert bundle.read_releases(root / "src/dockgen/data" / bundle.BUNDLE) == second.releases
    assert Manifest.read(root / "src/dockgen/data" / bundle.MANIFEST) == second


def test_the_same_release_is_the_same_bytes(root: Path) -> None:
    """A bundle contains nothing of the machine or the time."""
    bundle.release(root, "v1.0.0", 7)
    path = root / "src/dockgen/data" / bundle.BUNDLE
    first = path.read_bytes()
    shutil.rmtree(path.parent)
    bundle.release(root, "v1.0.0", 7)
    assert path.read_bytes() == first


def test_an_unchanged_working_copy_is_the_release(root: Path, folder: Path) -> None:
    """Where nothing changed, the committed bundle itself is used."""
    released = bundle.release(root, "v1.0.0", 0)
    path, manifest = bundle.with_working_copy(root, folder)
    assert path == root / "src/dockgen/data" / bundle.BUNDLE
    assert manifest == released


def test_a_changed_working_copy_comes_on_top(root: Path, folder: Path) -> None:
    """It gets a version of its own, after the release, whose commit stays what it was."""
    released = bundle.release(root, "v1.0.0", 0)
    (root / "templates/go/Dockerfile").write_text("FROM alpine\n")
    path, manifest = bundle.with_working_copy(root, folder)
    assert manifest.releases[:-1] == released.releases
    assert manifest.latest.version == f"v1.0.0.post1.dev0+g{manifest.latest.tree[:12]}"
    assert bundle.read_releases(path) == manifest.releases


def test_a_working_copy_before_the_first_release(root: Path, folder: Path) -> None:
    """A checkout without any release renders too."""
    _, manifest = bundle.with_working_copy(root, folder)
    assert manifest.latest.version.startswith("v0.0.0.post1.dev0+g")


def test_two_working_copies_never_share_a_version(root: Path, folder: Path) -> None:
    """The version is made from the content: another content, another version; and back again."""
    seen: list[str] = []
    for content in ("one", "two", "one"):
        (root / "templates/go/Dockerfile").write_text(content)
        place = folder / str(len(seen))
        place.mkdir()
        seen.append(bundle.with_working_copy(root, place)[1].latest.version)
    assert seen[0] == seen[2]
    assert seen[0] != seen[1]


def test_the_address_is_read_from_the_project_s_metadata(root: Path, folder: Path) -> None:
    """One setting; addresses that it had before stay known."""
    with (root / "pyproject.toml").open("a") as file:
        file.write('[tool.dockgen]\nformer-urls = ["https://old.invalid/x.git"]\n')
    _, manifest = bundle.with_working_copy(root, folder)
    assert (manifest.url, manifest.former_urls) == (URL, ("https://old.invalid/x.git",))


# The committed bundle itself.

COMMITTED = ROOT / "src/dockgen/data"


def test_the_committed_bundle_is_what_its_manifest_says() -> None:
    """Every release, its commit and its tree, read from the bundle's objects."""
    manifest = Manifest.read(COMMITTED / bundle.MANIFEST)
    assert bundle.read_releases(COMMITTED / bundle.BUNDLE) == manifest.releases


def test_the_committed_manifest_has_the_address_of_the_project() -> None:
    """[project.urls] is the one setting; the manifest repeats it for installed copies."""
    assert Manifest.read(COMMITTED / bundle.MANIFEST).url == bundle.settings(ROOT).url


# The id of its commit holds those of all before it: enough where there is no history.
KNOWN = bundle.Release(
    "v0.6.0",
    "d8940c8193cd24347031aac33e4866a3d95855da",
    "129afc9b357a986b2ef09da863c93f7233994121",
)


def test_the_releases_so_far_are_there() -> None:
    """As they were when the newest of them was written down here, archives and all."""
    assert KNOWN in bundle.read_releases(COMMITTED / bundle.BUNDLE)


def test_no_release_ever_changed() -> None:
    """All releases of earlier commits are still there, unchanged.

    A shallow clone sees less of that history; a release's commit contains the ids of all before it,
    so even the newest manifest pins them.
    """
    path = f"src/dockgen/data/{bundle.MANIFEST}"
    log = subprocess.run(
        ["git", "log", "--format=%H", "--", path], cwd=ROOT, capture_output=True, text=True
    )
    now = Manifest.read(ROOT / path).releases
    for commit in log.stdout.split():
        shown = subprocess.run(
            ["git", "show", f"{commit}:{path}"], cwd=ROOT, capture_output=True, text=True
        )
        if shown.returncode == 0:
            then = tuple(bundle.Release(**row) for row in json.loads(shown.stdout)["releases"])
            assert now[: len(then)] == then


def test_the_working_copy_adds_at_most_itself_to_the_committed_bundle(tmp_path: Path) -> None:
    """Rebuilding from this checkout keeps every release, and adds one version or none."""
    released = Manifest.read(COMMITTED / bundle.MANIFEST).releases
    _, manifest = bundle.with_working_copy(ROOT, tmp_path)
    assert manifest.releases[: len(released)] == released
    assert len(manifest.releases) <= len(released) + 1


def test_the_committed_bundle_is_small() -> None:
    """A bundle of text stays in the kilobytes: a mistake shows as megabytes."""
    assert (COMMITTED / bundle.BUNDLE).stat().st_size < 500_000
