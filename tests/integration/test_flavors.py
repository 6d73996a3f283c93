"""A project laid out on each flavor: rendered container files in copies, and nothing else."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from dockgen import project
from dockgen.compare import flavors, subjects
from dockgen.compare.flavors import Copies
from dockgen.matrix import Cell
from dockgen.project import Project
from tests.conftest import Render, Run, tree

LayOut = Callable[..., Copies]


@pytest.fixture
def mine(rendered_project: Render, tmp_path: Path) -> Path:
    """A Go project on slim that its owner has worked on."""
    folder = shutil.copytree(rendered_project(Cell.parse("go-slim")), tmp_path / "my-app")
    with (folder / "Dockerfile").open("a") as file:
        file.write("# a hand edit\n")
    with (folder / "handlers.go").open("a") as file:
        file.write("// their work\n")
    with (folder / "dockgen.toml").open("a") as file:
        file.write('[rules.ignored]\nDG103 = "their reason"\n')
    (folder / "own.txt").write_text("own\n")
    return folder


@pytest.fixture
def laid(tmp_path: Path) -> LayOut:
    """Lay a project out in a folder of its own."""

    def lay_out(found: Project, *names: str, sources: Path | None = None) -> Copies:
        into = tmp_path / "laid"
        into.mkdir()
        return flavors.lay_out(found, sources or found.directory, names or flavors.NAMES, into)

    return lay_out


def test_each_flavor_has_its_own_container_files(mine: Path, laid: LayOut) -> None:
    """Rendered from the answers, so a hand edit doesn't count; the owner's work does."""
    before = tree(mine)
    made = {copy.name: copy for copy in laid(project.load(mine)).made}
    assert list(made) == ["slim", "alpine", "scratch", "naive"]
    assert tree(mine) == before
    texts = {name: copy.dockerfile.read_text() for name, copy in made.items()}
    assert len(set(texts.values())) == 4
    for name, copy in made.items():
        assert "hand edit" not in texts[name]
        assert "their work" in (copy.directory / "handlers.go").read_text()
        assert (copy.directory / "own.txt").exists()
        assert copy.context == copy.directory
    for name in ("slim", "alpine", "scratch"):
        found = project.load(made[name].directory)
        assert str(found.cell) == f"go-{name}"
        assert "DG103" in found.policy.ignored
    limits = {name: copy.limit_bytes for name, copy in made.items()}
    assert limits == {"slim": 88_500_000, "alpine": 17_000_000, "scratch": 8_000_000, "naive": None}


def test_only_what_is_asked_for(mine: Path, laid: LayOut) -> None:
    """The naive one needs none of the flavors."""
    assert [copy.name for copy in laid(project.load(mine), "naive").made] == ["naive"]


def test_a_flavor_that_the_answers_exclude_is_left_out(
    inline: Run, laid: LayOut, tmp_path: Path
) -> None:
    """With the reason that `dockgen new` gives."""
    assert inline("new", "with-c", "--language=go", "--cgo=yes", "--defaults").returncode == 0
    found = laid(project.load(tmp_path / "with-c"))
    assert [copy.name for copy in found.made] == ["slim", "naive"]
    assert list(found.left_out) == ["alpine", "scratch"]
    assert "scratch has none: choose slim" in found.left_out["scratch"]


def test_a_naive_image_that_one_stage_cannot_make_is_left_out(
    inline: Run, laid: LayOut, tmp_path: Path
) -> None:
    """With the reason."""
    done = inline("new", "site", "--language=node", "--framework=vite", "--defaults")
    assert done.returncode == 0
    found = laid(project.load(tmp_path / "site"))
    assert [copy.name for copy in found.made] == ["slim", "alpine"]
    assert "two stages" in found.left_out["naive"]


def test_an_added_project_has_its_whole_build_context(
    inline: Run, laid: LayOut, tmp_path: Path
) -> None:
    """Flavors that the code can't run on are left out, and the parent folder is copied, too."""
    root = shutil.copytree(Path(__file__).parent.parent / "projects/go-monorepo", tmp_path / "mono")
    subprocess.run(["git", "init", "--quiet", root], check=True)
    folder = root / "services/api"
    done = inline("add", root, "--path=services/api")
    assert done.returncode == 0, done.stderr
    (root / "ignored").mkdir()
    (root / "ignored/secret").write_text("x")
    (root / ".gitignore").write_text("ignored/\n")
    found = laid(project.load(folder), sources=root)
    assert [copy.name for copy in found.made] == list(flavors.NAMES)
    for copy in found.made:
        assert copy.directory == copy.context / "services/api"
        assert (copy.context / "common").is_dir()
        assert not (copy.context / "ignored").exists()
    edited = subjects.source_file(project.load(folder), root)
    assert edited is not None
    assert edited.startswith("services/api/")


def test_an_edit_is_of_what_the_program_is_made_of(rendered_project: Render) -> None:
    """No test, and no file of dockgen's own."""
    for cell, name in (
        ("go-slim", "main.go"), ("python-slim", "app/__main__.py"), ("node-slim", "src/serve.js")
    ):  # fmt: skip
        folder = rendered_project(Cell.parse(cell))
        assert subjects.source_file(project.load(folder), folder) == name


def test_a_flavor_that_the_code_is_against_is_left_out(
    inline: Run, laid: LayOut, tmp_path: Path
) -> None:
    """With the reason that `dockgen add` gives: nothing is built that can't work."""
    root = shutil.copytree(Path(__file__).parent.parent / "projects/node-job", tmp_path / "job")
    done = inline("add", root)
    assert done.returncode == 0, done.stderr
    found = laid(project.load(root))
    assert [copy.name for copy in found.made] == ["slim", "alpine", "naive"]
    refused = inline("add", root, "--flavor=scratch").stderr
    assert found.left_out["scratch"] in " ".join(refused.split())
