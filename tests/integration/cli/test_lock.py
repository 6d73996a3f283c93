"""Lock files: who writes uv.lock, and with which command."""

import json
import os
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from dockgen import lock
from tests.conftest import Run

COMMAND = "docker build --no-cache --target lock --output . ."


@pytest.fixture
def without_uv() -> str:
    """The PATH of this machine, except folders that have a uv."""
    folders = os.environ["PATH"].split(os.pathsep)
    return os.pathsep.join(folder for folder in folders if not Path(folder, "uv").exists())


@pytest.fixture
def with_uv(without_uv: str, tmp_path: Path) -> str:
    """The same, and a folder with the uv of our tools and the Python that runs this."""
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools/uv").symlink_to(Path(sys.executable).parent / "uv")
    (tmp_path / "tools/python3").symlink_to(Path(sys.executable).resolve())
    return os.pathsep.join((str(tmp_path / "tools"), without_uv))


# The Python that runs this, which is there.
OF_THIS_PYTHON = ("--language-version", f"{sys.version_info.major}.{sys.version_info.minor}")


def new(
    inline: Run, path: str, *options: str, version: tuple[str, ...] = OF_THIS_PYTHON
) -> tuple[dict[str, Any], str]:
    """Make a project of Python's; what is said on standard output, as JSON, and on standard error.

    uv finds the Python that runs this where a person's uv would, and no other one; it may download
    none.
    """
    tools = path.split(os.pathsep)[0]
    done = inline(
        *("new", "my-app", "--language", "python", "--flavor", "slim", *version, "--json"),
        *options,
        environment={
            "PATH": path,
            "UV_PYTHON_DOWNLOADS": "never",
            "UV_PYTHON_SEARCH_PATH": tools,
            "UV_PYTHON_INSTALL_DIR": f"{tools}/none",
        },
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout), done.stderr


def test_uv_writes_it(inline: Run, with_uv: str, tmp_path: Path) -> None:
    """It locks what pyproject.toml asks for, and the next command is the one that builds."""
    said, complaint = new(inline, with_uv, "--package-manager", "uv")
    locked = tomllib.loads((tmp_path / "my-app/uv.lock").read_text())
    names = {package["name"] for package in locked["package"]}
    assert {"my-app", "fastapi", "uvicorn", "pytest"} <= names
    assert "uv.lock" in said["files"]
    assert said["next"] == ["cd my-app", "docker compose up --build --wait"]
    assert complaint == ""


def test_without_uv_the_next_command_makes_it(inline: Run, without_uv: str, tmp_path: Path) -> None:
    """The project's own build target does, and its read-me says so, too."""
    said, complaint = new(inline, without_uv, "--package-manager", "uv")
    assert not (tmp_path / "my-app/uv.lock").exists()
    assert said["next"] == ["cd my-app", COMMAND, "docker compose up --build --wait"]
    assert COMMAND in (tmp_path / "my-app/README.md").read_text()
    assert complaint == ""


def test_where_uv_fails_the_project_is_made(inline: Run, with_uv: str, tmp_path: Path) -> None:
    """An index that doesn't answer is a warning, and the way on is the same as without uv."""
    index = "http://127.0.0.1:9/simple"
    said, complaint = new(inline, with_uv, "--package-manager", "uv", "--package-index", index)
    assert complaint.startswith("warning: uv lock failed: ")
    assert complaint.count("\n") == 1
    assert not (tmp_path / "my-app/uv.lock").exists()
    assert said["next"][1] == COMMAND


@pytest.mark.skipif(sys.version_info >= (3, 14), reason="this Python is a new project's default")
def test_without_the_python_of_the_project_uv_says_why(
    inline: Run, with_uv: str, tmp_path: Path
) -> None:
    """A new project names the newest Python, and uv locks for none that it can't have."""
    said, complaint = new(inline, with_uv, "--package-manager", "uv", version=())
    wanted = f">={said['answers']['language_version']}"
    assert complaint.startswith(
        f"warning: uv lock failed: No interpreter found for Python {wanted}"
    )
    # uv's own words, and dockgen's, in one line.
    assert "(hint: " in complaint
    assert complaint.endswith("use the target lock\n")
    assert complaint.count("\n") == 1
    assert not (tmp_path / "my-app/uv.lock").exists()
    assert said["next"] == ["cd my-app", COMMAND, "docker compose up --build --wait"]


def test_a_dry_run_shows_it(inline: Run, with_uv: str, tmp_path: Path) -> None:
    """It writes none, and asks no index for anything."""
    index = "http://127.0.0.1:9/simple"
    asked = ("--package-manager", "uv", "--package-index", index)
    said, complaint = new(inline, with_uv, *asked, "--dry-run")
    assert complaint == ""
    assert "uv.lock" in said["files"]
    assert not (tmp_path / "my-app").exists()


def test_other_package_managers_have_their_own(inline: Run, with_uv: str, tmp_path: Path) -> None:
    """A lock file that is part of the template is there at once."""
    said, _ = new(inline, with_uv)
    assert (tmp_path / "my-app/requirements.txt").exists()
    assert not (tmp_path / "my-app/uv.lock").exists()
    assert COMMAND not in said["next"]


def test_a_workspace_above_is_left_alone(inline: Run, with_uv: str, tmp_path: Path) -> None:
    """The project is locked by itself: uv would lock a workspace as a whole."""
    manifest = '[tool.uv.workspace]\nmembers = ["**"]\n'
    (tmp_path / "pyproject.toml").write_text(manifest)
    new(inline, with_uv, "--package-manager", "uv")
    assert (tmp_path / "my-app" / lock.FILE).exists()
    assert not (tmp_path / lock.FILE).exists()
    assert (tmp_path / "pyproject.toml").read_text() == manifest


# The answers that give builds options, each with those options as the read-me has them.
OPTIONS = [
    ((), ""),
    (("private_dependencies=token",), "--secret id=netrc,src=$HOME/.netrc"),
    (
        ("private_dependencies=ssh",),
        "--ssh default --secret id=known_hosts,src=$HOME/.ssh/known_hosts",
    ),
    (("build_ca=true",), "--secret id=ca-certificates,src=/etc/ssl/certs/ca-certificates.crt"),
    (
        ("private_dependencies=ssh", "build_ca=true"),
        "--ssh default --secret id=known_hosts,src=$HOME/.ssh/known_hosts"
        " --secret id=ca-certificates,src=/etc/ssl/certs/ca-certificates.crt",
    ),
]


def data(answers: tuple[str, ...]) -> list[str]:
    """Return the answers as options, with the host that private packages need."""
    private = any(answer.startswith("private_dependencies") for answer in answers)
    given = (*answers, "private_host=git.acme.example") if private else answers
    return [word for answer in given for word in ("--data", answer)]


@pytest.mark.parametrize(("answers", "options"), OPTIONS)
def test_the_command_has_the_options_of_the_project_s_builds(
    inline: Run, without_uv: str, tmp_path: Path, answers: tuple[str, ...], options: str
) -> None:
    """Those of its read-me, and no other ones."""
    said, _ = new(inline, without_uv, "--package-manager", "uv", *data(answers))
    words = f"{options} " if options else ""
    assert said["next"][1] == f"docker build --no-cache --target lock --output . {words}."
    readme = (tmp_path / "my-app/README.md").read_text()
    for option in options.replace(" --secret id=ca", "\n--secret id=ca").splitlines():
        assert f"docker build {option} .\n" in readme


@pytest.mark.parametrize(
    ("manager", "file"),
    [("npm", "npmrc,src=$HOME/.npmrc"), ("pnpm", "npmrc,src=$HOME/.npmrc"),
     ("yarn", "yarnrc,src=$HOME/.yarnrc.yml"), ("poetry", "netrc,src=$HOME/.netrc")],
)  # fmt: skip
def test_each_package_manager_reads_its_own_token(
    inline: Run, tmp_path: Path, manager: str, file: str
) -> None:
    """As the read-me has it."""
    language = "python" if manager == "poetry" else "node"
    answers = {
        "language": language,
        "flavor": "slim",
        "package_manager": manager,
        "private_dependencies": "token",
        "private_host": "git.acme.example",
    }
    given = [word for pair in answers.items() for word in ("--data", "=".join(pair))]
    assert inline("new", "my-app", *given).returncode == 0
    option = f"--secret id={file}"
    assert lock.command(answers) == f"docker build --no-cache --target lock --output . {option} ."
    assert f"docker build {option} .\n" in (tmp_path / "my-app/README.md").read_text()
