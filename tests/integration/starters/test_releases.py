"""Starters from each release can be updated to the templates of this working copy."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from dockgen import bundle, questions, source
from dockgen.git.tree import File
from dockgen.source import Source
from dockgen.starter import scaffold
from dockgen.starter.scaffold import Settings
from tests.conftest import ROOT
from tests.integration.starters.conftest import Run
from tests.integration.starters.test_bump import content, render
from tests.integration.update.conftest import commit, git

RELEASES = [
    release.version
    for release in bundle.Manifest.read(bundle.DATA / bundle.MANIFEST).releases
    # Those before have no starters.
    if release.version not in {"v0.1.0", "v0.2.0", "v0.3.0"}
]
# A cell of each language, and answers that bring most fragments into its Dockerfile.
CELLS = {"go": "slim", "python": "slim", "node": "alpine"}
ANSWERS = {
    "private_dependencies": "ssh",
    "private_host": "git.example.com",
    "runtime_packages": "[tini]",
    "package_index": "https://mirror.example.com/simple",
}


@pytest.fixture(scope="module")
def origin() -> Iterator[Source]:
    """Dockgen's releases, and the working copy on top of them."""
    with source.own() as own:
        yield own


@pytest.fixture
def files(origin: Source, version: str) -> dict[str, File]:
    """What a release makes of `starter init`."""
    return scaffold.files(origin, Settings("acme", version))


def committed(files: dict[str, File], folder: Path) -> Path:
    """Make a starter with these files, in a repository."""
    scaffold.write(files, folder)
    git("init", "--quiet", "--initial-branch=main", cwd=folder)
    commit(folder, "Start")
    return folder


@pytest.mark.parametrize("version", RELEASES)
def test_an_unedited_starter_becomes_the_new_one(
    run: Run, person: Path, origin: Source, files: dict[str, File]
) -> None:
    """To the byte, without a conflict."""
    acme = committed(files, person / "acme")
    assert run("starter", "bump", acme).code == 0
    wanted = scaffold.files(origin, Settings("acme", origin.manifest.latest.version))
    assert content(acme) == {name: file.content for name, file in wanted.items()}


@pytest.mark.parametrize("version", RELEASES)
def test_a_copy_of_a_dockerfile_renders_the_same(
    run: Run, person: Path, files: dict[str, File], tmp_path: Path
) -> None:
    """It includes files of the release below base/, and uses its variables."""
    own = {
        f"templates/{language}/project/Dockerfile.jinja": files[
            f"base/templates/{language}/{flavor}.Dockerfile.jinja"
        ]
        for language, flavor in CELLS.items()
    }
    acme = committed({**files, **own}, person / "acme")

    def rendered(name: str) -> dict[str, str]:
        return {
            language: (
                render(
                    acme, tmp_path / name / language, language=language, flavor=flavor, **ANSWERS
                )
                / "Dockerfile"
            ).read_text()
            for language, flavor in CELLS.items()
        }

    before = rendered("before")
    run("starter", "bump", acme)
    # Of the files that the team wrote, it takes its own side.
    unmerged = git("diff", "--name-only", "--diff-filter=U", cwd=acme).splitlines()
    assert set(unmerged) <= set(own)
    scaffold.write(own, acme)
    commit(acme)
    assert rendered("after") == before


def test_no_variable_of_a_release_is_gone(origin: Source, tmp_path: Path) -> None:
    """Starters compute by them."""
    now = set(questions.read(ROOT / "copier.yml"))
    for version in RELEASES:
        made = scaffold.files(origin, Settings("acme", version))
        (tmp_path / "copier.yml").write_bytes(made["base/copier.yml"].content)
        assert set(questions.read(tmp_path / "copier.yml")) <= now
