"""Lock files: which updates require new ones, and the command for that."""

import json
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Run
from tests.integration.update.conftest import commit, edit, git

COMMAND = "docker build --no-cache --target lock --output . ."


@pytest.fixture
def make(inline: Run, tmp_path: Path) -> Callable[..., Path]:
    """Make a committed project of a package manager; one of uv's gets a lock file that is ours."""
    folders = os.environ["PATH"].split(os.pathsep)
    without_uv = os.pathsep.join(path for path in folders if not Path(path, "uv").exists())

    def made(manager: str, *options: str) -> Path:
        node = manager in {"npm", "pnpm", "yarn"}
        language = "go" if manager == "go" else "node" if node else "python"
        done = inline(
            *("new", "my-app", "--language", language, "--flavor", "slim"),
            *("--package-manager", manager, *options),
            environment={"PATH": without_uv},
        )
        assert done.returncode == 0, done.stderr
        if manager == "uv":
            (tmp_path / "my-app/uv.lock").write_text("version = 1\n")
        git("init", "--quiet", cwd=tmp_path / "my-app")
        commit(tmp_path / "my-app")
        return tmp_path / "my-app"

    return made


def test_an_update_to_uv_asks_for_one(
    inline: Run, make: Callable[..., Path], tmp_path: Path
) -> None:
    """An update writes what the templates hold; the next command writes the lock file."""
    make("pip")
    done = inline("update", "--data", "package_manager=uv", "my-app")
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "my-app/requirements.txt").exists()
    assert f"Next:\n  cd my-app\n  {COMMAND}\n  git diff\n" in done.stdout


@pytest.mark.parametrize(
    ("manager", "answer"),
    [
        ("uv", "name=other"),
        ("uv", "language_version=3.13"),
        ("uv", "package_index=https://mirror.acme.example/simple"),
        ("poetry", "language_version=3.13"),
        ("uv", "framework=flask"),
        ("pip", "framework=flask"),
        ("poetry", "kind=worker"),
        ("uv", "package_manager=poetry"),
        ("npm", "package_manager=yarn"),
        ("pnpm", "framework=fastify"),
        ("yarn", "kind=job"),
    ],
)
def test_an_answer_that_a_lock_file_depends_on_asks_for_a_new_one(
    inline: Run, make: Callable[..., Path], manager: str, answer: str
) -> None:
    """First of all, before the project is looked at and checked."""
    # Workers and jobs have no framework.
    make(manager, *(("--framework", "stdlib") if answer.startswith("kind=") else ()))
    done = inline("update", "--data", answer, "my-app")
    assert done.returncode == 0, done.stderr
    assert f"Next:\n  cd my-app\n  {COMMAND}\n  git diff\n" in done.stdout


@pytest.mark.parametrize(
    ("manager", "answer"),
    [
        ("uv", "port=9000"),
        ("uv", "flavor=alpine"),
        ("pip", "language_version=3.13"),
        ("pip", "package_index=https://mirror.acme.example/simple"),
        ("poetry", "name=other"),
        ("npm", "language_version=22"),
        ("go", "kind=worker"),
    ],
)
def test_any_other_answer_asks_for_none(
    inline: Run, make: Callable[..., Path], manager: str, answer: str
) -> None:
    """The lock file stays right."""
    make(manager)
    done = inline("update", "--data", answer, "my-app")
    assert done.returncode == 0, done.stderr
    assert "Next:\n  cd my-app\n  git diff\n" in done.stdout


def test_a_team_s_answer_asks_for_one_too(
    inline: Run, make: Callable[..., Path], tmp_path: Path
) -> None:
    """With the options that the team's answers bring, also for programs and in a fleet."""
    make("uv")
    (tmp_path / "acme.toml").write_text(
        '[locked]\npackage_index = "https://mirror.acme.example/simple"\nbuild_ca = true\n'
    )
    option = "--secret id=ca-certificates,src=/etc/ssl/certs/ca-certificates.crt"
    command = f"docker build --no-cache --target lock --output . {option} ."
    update = ("update", "--team", "acme.toml")
    (dry,) = json.loads(inline(*update, "--dry-run", "--json", "my-app").stdout)["projects"]
    assert dry["lock_command"] == command
    done = inline(*update, "--all", ".")
    assert f"\nlock cd my-app && {command}\n" in done.stdout, done.stderr
    commit(tmp_path / "my-app")
    (again,) = json.loads(inline(*update, "--json", "my-app").stdout)["projects"]
    assert (again["result"], again["lock_command"]) == ("up to date", None)


def test_an_older_project_s_new_questions_ask_for_none(
    inline: Run, make: Callable[..., Path]
) -> None:
    """Their answers are recorded, and describe the project as it was; given ones count."""
    project = make("pip")
    answers = (project / ".copier-answers.yml").read_text()
    without = re.sub(r"^(kind|framework|package_manager): .*\n", "", answers, flags=re.MULTILINE)
    (project / ".copier-answers.yml").write_text(without)
    commit(project)
    done = inline("update", "--data", "port=9000", "my-app")
    assert "package_manager: pip" in (project / ".copier-answers.yml").read_text(), done.stderr
    assert COMMAND not in done.stdout
    git("reset", "--quiet", "--hard", cwd=project)
    done = inline("update", "--data", "framework=flask", "my-app")
    assert COMMAND in done.stdout


def conflicting(project: Path, name: str, old: str, new: str) -> None:
    """Edit the line of a file that the next update changes, too, and commit it."""
    edit(project / name, old, new)
    commit(project)


def test_a_lock_file_in_conflict_is_written_anew(inline: Run, make: Callable[..., Path]) -> None:
    """Neither side is right, so there is nothing to choose; its manifest has to be chosen first."""
    project = make("pip")
    pinned = next(
        line for line in (project / "requirements.txt").read_text().splitlines() if "==" in line
    )
    conflicting(project, "requirements.txt", pinned, pinned.replace("==", "==0."))
    conflicting(project, "pyproject.toml", '"fastapi>=', '"our-own",\n  "fastapi>=')
    done = inline("update", "--data", "framework=flask", "my-app")
    assert done.returncode == 1
    anew = f"git checkout --ours requirements.txt && {COMMAND}"
    assert "in conflict: pyproject.toml, requirements.txt" in done.stderr
    assert (
        f"try: resolve each except lock files, then write the lock file again: {anew};"
        " then: git add FILE; or undo: dockgen update --undo DIRECTORY\n"
    ) in done.stderr
    # What the hint begins with works: the file is the user's, without a marker.
    git("checkout", "--ours", "requirements.txt", cwd=project)
    assert "<<<<<<<" not in (project / "requirements.txt").read_text()


def test_a_lock_file_alone_in_conflict_leaves_nothing_to_choose(
    inline: Run, make: Callable[..., Path], tmp_path: Path
) -> None:
    """For programs, too; in a fleet each project has its own command."""
    project = make("npm")
    pattern = re.compile(r'"version": "(\d[^"]*)"')
    versions = pattern.findall((project / "package-lock.json").read_text())
    conflicting(project, "package-lock.json", f'"version": "{versions[-1]}"', '"version": "0.0.1"')
    anew = f"git checkout --ours package-lock.json && {COMMAND}"
    update = ("update", "--data", "framework=fastify")
    done = inline(*update, "--json", "my-app")
    assert json.loads(done.stdout)["projects"][0]["lock_command"] == anew, done.stderr
    assert f"try: write the lock file again: {anew}; then: git add FILE; or" in done.stderr
    assert inline("update", "--undo", "my-app").returncode == 0
    (tmp_path / "other").mkdir()
    done = inline(*update, "my-app", "other")
    assert f"\nlock cd my-app && {anew}\n" in done.stdout


def test_another_file_in_conflict_is_to_be_chosen(inline: Run, make: Callable[..., Path]) -> None:
    """No lock file is spoken of where none is concerned."""
    project = make("pip")
    conflicting(project, "Dockerfile", "EXPOSE 8080", "EXPOSE 8081")
    done = inline("update", "--data", "port=9000", "my-app")
    assert done.returncode == 1, done.stdout
    assert "try: resolve each, then: git add FILE; or undo" in done.stderr
    assert "--target lock" not in done.stderr
