"""However dockgen was installed, it makes the same projects, offline."""

import os
import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from dockgen import template
from dockgen.matrix import Cell
from tests.conftest import PLAIN, ROOT, Render, each_cell, tree

UV = ROOT / ".venv/bin/uv"
MODULE: list[str | Path] = [sys.executable, "-m", "dockgen"]
AUTHOR = ["-c", "user.name=test", "-c", "user.email=test@localhost"]
OFFLINE = ["unshare", "--net", *([] if os.geteuid() == 0 else ["--map-root-user"])]


def sh(*command: str | Path, cwd: Path, **environment: str) -> str:
    """Run a command that must succeed."""
    done = subprocess.run(
        command, cwd=cwd, env=PLAIN | environment, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=240,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def render(program: list[str | Path], folder: Path, cell: Cell, **environment: str) -> Path:
    """Make a cell's default project with one installation, without any network."""
    flags = ["--language", cell.language, "--flavor", cell.flavor]
    sh(*OFFLINE, *program, "new", "my-app", *flags, cwd=folder, **environment)
    return folder / "my-app"


@pytest.fixture
def old_project(tmp_path: Path) -> Path:
    """A committed project of the first release: Go on scratch."""
    directory = tmp_path / "old/my-app"
    answers = {"name": "my-app", "language": "go", "flavor": "scratch"}
    with template.offline() as origin:
        template.render_version(origin, origin.manifest.releases[0].version, directory, answers)
    sh("git", "init", "--quiet", cwd=directory)
    sh("git", "add", "--all", cwd=directory)
    sh("git", *AUTHOR, "commit", "--quiet", "--message", "Start", cwd=directory)
    return directory


def updated(program: list[str | Path], project: Path, **environment: str) -> dict[str, bytes]:
    """Update a project with one installation, without any network; return its files.

    It is told what is the default for a new project alone.
    """
    data = ("--data", "compose_name=yes")
    sh(*OFFLINE, *program, "update", *data, project, cwd=project.parent, **environment)
    return {name: data for name, data in tree(project).items() if not name.startswith(".git/")}


@pytest.fixture(scope="session")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clean clone of what is in the working copy, committed or not, with a history."""
    clone = tmp_path_factory.mktemp("clone") / "dockgen"
    sh("git", "clone", "--quiet", ROOT, clone, cwd=ROOT)
    kinds = ["--modified", "--deleted", "--others", "--exclude-standard"]
    changed = sh("git", "ls-files", "-z", *kinds, cwd=ROOT)
    for name in filter(None, changed.split("\0")):
        (clone / name).parent.mkdir(parents=True, exist_ok=True)
        (clone / name).unlink(missing_ok=True)
        if (ROOT / name).is_file():
            (clone / name).write_bytes((ROOT / name).read_bytes())
            (clone / name).chmod((ROOT / name).stat().st_mode)
    sh("git", "add", "--all", cwd=clone)
    sh("git", *AUTHOR, "commit", "--quiet", "--allow-empty", "--message", "all", cwd=clone)
    return clone


@pytest.fixture(scope="session")
def wheel(clone: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a clone as a release builds it."""
    dist = tmp_path_factory.mktemp("wheel")
    sh(sys.executable, "-m", "build", "--no-isolation", "--wheel", "--outdir", dist, cwd=clone)
    (path,) = dist.glob("*.whl")
    return path


@pytest.fixture(scope="session")
def clean_venv(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new virtual environment with the wheel and what it needs, and nothing else."""
    venv = tmp_path_factory.mktemp("venv") / "venv"
    sh(UV, "venv", "--quiet", "--python", sys.executable, venv, cwd=wheel.parent)
    sh(UV, "pip", "install", "--quiet", "--python", venv / "bin/python", wheel, cwd=wheel.parent)
    return venv


@each_cell()
def test_wheel_in_a_clean_environment(
    clean_venv: Path, rendered_project: Render, tmp_path: Path, cell: Cell
) -> None:
    """`pip install` of the wheel, then no network: the same projects."""
    made = render([clean_venv / "bin/dockgen"], tmp_path, cell)
    assert tree(made) == tree(rendered_project(cell))


def test_the_first_command_of_the_read_me(
    clone: Path, rendered_project: Render, tmp_path: Path
) -> None:
    """As it is there, in a clone that is set up: CI sets one up from nothing each time."""
    checkout = tmp_path / "dockgen"
    sh("git", "clone", "--quiet", clone, checkout, cwd=tmp_path)
    programs = checkout / ".venv/bin"
    programs.mkdir(parents=True)
    (programs / "dockgen").symlink_to(Path(sys.executable).with_name("dockgen"))
    (checkout / ".venv/.ready").touch()
    (line,) = re.findall(r"^make new .*$", (ROOT / "README.md").read_text(), re.MULTILINE)
    sh("sh", "-c", line, cwd=checkout)
    assert tree(tmp_path / "my-app") == tree(rendered_project(Cell.parse("python-slim")))


def test_wheel_needs_no_writable_home(
    clean_venv: Path, rendered_project: Render, old_project: Path, tmp_path: Path
) -> None:
    """A container's user often has none."""
    cell = Cell.parse("go-scratch")
    program: list[str | Path] = [clean_venv / "bin/dockgen"]
    made = render(program, tmp_path, cell, HOME="/nonexistent")
    assert tree(made) == tree(rendered_project(cell))
    assert updated(program, old_project, HOME="/nonexistent") == tree(made)


def unpacked(wheel: Path, folder: Path) -> dict[str, str]:
    """Put a wheel's content first on Python's path: the same code, without another install."""
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return {"PYTHONPATH": str(folder)}


def test_wheel_from_the_sdist(
    clone: Path,
    rendered_project: Render,
    old_project: Path,
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """An sdist contains all that a wheel is built from."""
    dist = tmp_path_factory.mktemp("sdist")
    build = [sys.executable, "-m", "build", "--no-isolation"]
    sh(*build, "--sdist", "--outdir", dist, cwd=clone)
    (sdist,) = dist.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        archive.extractall(dist, filter="data")
    (source,) = [path for path in dist.iterdir() if path.is_dir()]
    sh(*build, "--wheel", "--outdir", dist, cwd=source)
    (wheel,) = dist.glob("*.whl")
    python_path = unpacked(wheel, dist / "unpacked")
    cell = Cell.parse("go-scratch")
    made = render(MODULE, tmp_path, cell, **python_path)
    assert tree(made) == tree(rendered_project(cell))
    assert updated(MODULE, old_project, **python_path) == tree(made)


def test_from_git(clone: Path, rendered_project: Render, old_project: Path, tmp_path: Path) -> None:
    """`pip install git+…`: built from a clone of one commit, by a tool that we don't start."""
    site = tmp_path / "site"
    wanted = f"dockgen @ git+{clone.as_uri()}"
    sh(UV, "pip", "install", "--quiet", "--no-deps", "--target", site, wanted, cwd=tmp_path)
    cell = Cell.parse("go-scratch")
    made = render(MODULE, tmp_path, cell, PYTHONPATH=str(site))
    assert tree(made) == tree(rendered_project(cell))
    assert updated(MODULE, old_project, PYTHONPATH=str(site)) == tree(made)


def test_shallow_clone(
    clone: Path, rendered_project: Render, old_project: Path, tmp_path: Path
) -> None:
    """One commit and no tags are enough."""
    shallow = tmp_path / "shallow"
    sh("git", "clone", "--quiet", "--depth=1", "--no-tags", clone.as_uri(), shallow, cwd=tmp_path)
    cell = Cell.parse("go-scratch")
    python_path = str(shallow / "src")
    made = render(MODULE, tmp_path, cell, PYTHONPATH=python_path)
    assert tree(made) == tree(rendered_project(cell))
    assert updated(MODULE, old_project, PYTHONPATH=python_path) == tree(made)


def test_unpacked_archive(
    clone: Path, rendered_project: Render, old_project: Path, tmp_path: Path
) -> None:
    """A source archive without any git history works like a checkout."""
    sh("git", "archive", "--output", tmp_path / "archive.tar", "HEAD", cwd=clone)
    with tarfile.open(tmp_path / "archive.tar") as archive:
        archive.extractall(tmp_path / "archive", filter="data")
    cell = Cell.parse("go-scratch")
    python_path = str(tmp_path / "archive/src")
    made = render(MODULE, tmp_path, cell, PYTHONPATH=python_path)
    assert tree(made) == tree(rendered_project(cell))
    assert updated(MODULE, old_project, PYTHONPATH=python_path) == tree(made)


def test_editable_install_renders_the_working_copy(
    clone: Path, old_project: Path, tmp_path: Path
) -> None:
    """An edit of a template shows at once, under a version of its own."""
    edited = tmp_path / "edited"
    sh("git", "clone", "--quiet", clone, edited, cwd=tmp_path)
    readme = next((edited / "templates/go/project").glob("README.md*"))
    readme.write_text(readme.read_text() + "\nEdited.\n")
    cell = Cell.parse("go-scratch")
    python_path = str(edited / "src")
    made = render(MODULE, tmp_path, cell, PYTHONPATH=python_path)
    assert updated(MODULE, old_project, PYTHONPATH=python_path) == tree(made)
    assert (made / "README.md").read_text().endswith("\nEdited.\n")
    assert ".post1.dev0+g" in (made / ".copier-answers.yml").read_text()


def test_wheel_carries_no_template_twice(wheel: Path) -> None:
    """The bundle, its manifest and the questions are all the data there is."""
    with zipfile.ZipFile(wheel) as archive:
        data = [name for name in archive.namelist() if "/data/" in name]
    assert sorted(data) == [
        "dockgen/data/copier.yml",
        "dockgen/data/templates.bundle",
        "dockgen/data/templates.json",
        *(f"dockgen/data/templates/{name}/language.yml" for name in ("go", "node", "python")),
    ]
