"""uv.lock, which no template can hold: `dockgen new` makes it where uv is installed."""

import json
import os
import shutil
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from dockgen import lock
from tests.conftest import Run
from tests.update.conftest import commit, git

COMMAND = "docker build --no-cache --target lock --output . ."


@pytest.fixture
def without_uv() -> str:
    """The PATH of this machine, but for folders that have a uv."""
    folders = os.environ["PATH"].split(os.pathsep)
    return os.pathsep.join(folder for folder in folders if not Path(folder, "uv").exists())


@pytest.fixture
def with_uv(without_uv: str, tmp_path: Path) -> str:
    """The same, and a folder with the uv of our tools and the Python that runs this."""
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools/uv").symlink_to(Path(sys.executable).parent / "uv")
    (tmp_path / "tools/python3").symlink_to(Path(sys.executable).resolve())
    return os.pathsep.join((str(tmp_path / "tools"), without_uv))


# The Python that runs this, which is there: uv downloads none.
OF_THIS_PYTHON = ("--language-version", f"{sys.version_info.major}.{sys.version_info.minor}")


def new(
    dockgen: Run, path: str, *options: str, version: tuple[str, ...] = OF_THIS_PYTHON
) -> tuple[dict[str, Any], str]:
    """Make a project of Python's; what is said on standard output, as JSON, and on standard error.

    uv finds the Python that runs this where a person's uv would, and no other one.
    """
    tools = path.split(os.pathsep)[0]
    done = dockgen(
        *("new", "my-app", "--language", "python", "--flavor", "slim", *version, "--json"),
        *options,
        environment={
            "PATH": path,
            "UV_PYTHON_SEARCH_PATH": tools,
            "UV_PYTHON_INSTALL_DIR": f"{tools}/none",
        },
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout), done.stderr


def test_uv_writes_it(dockgen: Run, with_uv: str, tmp_path: Path) -> None:
    """It locks what pyproject.toml asks for, and the next command is the one that builds."""
    said, complaint = new(dockgen, with_uv, "--package-manager", "uv")
    locked = tomllib.loads((tmp_path / "my-app/uv.lock").read_text())
    names = {package["name"] for package in locked["package"]}
    assert {"my-app", "fastapi", "uvicorn", "pytest"} <= names
    assert "uv.lock" in said["files"]
    assert said["next"] == ["cd my-app", "docker compose up --build --wait"]
    assert complaint == ""


def test_without_uv_the_next_command_makes_it(
    dockgen: Run, without_uv: str, tmp_path: Path
) -> None:
    """The project's own build target does, and its read-me says so, too."""
    said, complaint = new(dockgen, without_uv, "--package-manager", "uv")
    assert not (tmp_path / "my-app/uv.lock").exists()
    assert said["next"] == ["cd my-app", COMMAND, "docker compose up --build --wait"]
    assert COMMAND in (tmp_path / "my-app/README.md").read_text()
    assert complaint == ""


def test_where_uv_fails_the_project_is_made(dockgen: Run, with_uv: str, tmp_path: Path) -> None:
    """An index that doesn't answer is a warning, and the way on is the same as without uv."""
    index = "http://127.0.0.1:9/simple"
    said, complaint = new(dockgen, with_uv, "--package-manager", "uv", "--package-index", index)
    assert complaint.startswith("warning: uv lock failed: ")
    assert complaint.count("\n") == 1
    assert not (tmp_path / "my-app/uv.lock").exists()
    assert said["next"][1] == COMMAND


@pytest.mark.skipif(sys.version_info >= (3, 14), reason="this Python is a new project's default")
def test_without_the_python_of_the_project_uv_says_why(
    dockgen: Run, with_uv: str, tmp_path: Path
) -> None:
    """A new project names the newest Python, and uv locks for none that isn't there."""
    said, complaint = new(dockgen, with_uv, "--package-manager", "uv", version=())
    wanted = f">={said['answers']['language_version']}"
    assert complaint.startswith(
        f"warning: uv lock failed: No interpreter found for Python {wanted}"
    )
    # uv's own words, and dockgen's, in one line.
    assert "(hint: " in complaint
    assert complaint.endswith("the build target lock writes uv.lock, too\n")
    assert complaint.count("\n") == 1
    assert not (tmp_path / "my-app/uv.lock").exists()
    assert said["next"] == ["cd my-app", COMMAND, "docker compose up --build --wait"]


def test_a_dry_run_writes_none(dockgen: Run, with_uv: str, tmp_path: Path) -> None:
    """Nor does it ask an index for anything."""
    said, _ = new(dockgen, with_uv, "--package-manager", "uv", "--dry-run")
    assert "uv.lock" not in said["files"]
    assert not (tmp_path / "my-app").exists()


def test_other_package_managers_have_their_own(dockgen: Run, with_uv: str, tmp_path: Path) -> None:
    """A lock file that is part of the template is there at once."""
    said, _ = new(dockgen, with_uv)
    assert (tmp_path / "my-app/requirements.txt").exists()
    assert not (tmp_path / "my-app/uv.lock").exists()
    assert COMMAND not in said["next"]


def test_a_workspace_above_is_left_alone(dockgen: Run, with_uv: str, tmp_path: Path) -> None:
    """The project is locked by itself: uv would lock a workspace as a whole."""
    manifest = '[tool.uv.workspace]\nmembers = ["**"]\n'
    (tmp_path / "pyproject.toml").write_text(manifest)
    new(dockgen, with_uv, "--package-manager", "uv")
    assert (tmp_path / "my-app" / lock.FILE).exists()
    assert not (tmp_path / lock.FILE).exists()
    assert (tmp_path / "pyproject.toml").read_text() == manifest


def test_an_update_to_uv_says_how_to_make_it(dockgen: Run, without_uv: str, tmp_path: Path) -> None:
    """An update writes what the templates hold; the next command writes the lock file."""
    new(dockgen, without_uv)
    git("init", "--quiet", cwd=tmp_path / "my-app")
    commit(tmp_path / "my-app")
    done = dockgen("update", "--data", "package_manager=uv", "my-app")
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "my-app/requirements.txt").exists()
    assert f"Next:\n  cd my-app\n  {COMMAND}\n  git diff\n" in done.stdout
