"""Fixtures: folders with existing files, and dockgen's container files placed in them."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dockgen import source
from dockgen.add import rendering
from dockgen.add.placing import Choices
from dockgen.source import Source
from dockgen.threeway import Mode, Outcome
from tests import memory
from tests.integration.update import history
from tests.integration.update.conftest import carrying, commit, git

# Existing files: a program, and files that dockgen also writes.
FILES = {
    "app.py": "print('mine')\n",
    "Dockerfile": "FROM python:3.12\nCOPY . .\n",
    ".dockerignore": ".git\ndrafts\n",
}
# A new project's sample app, which a folder with its own program doesn't need.
ANSWERS: Mapping[str, Any] = {
    "name": "mine",
    "language": "python",
    "flavor": "slim",
    "unmanaged": [
        *("app/", "tests/", "README.md", "pyproject.toml", "requirements*.txt", ".editorconfig"),
        *(".gitattributes", ".gitignore", ".env", "logo.png", "SECURITY.md", "NOTES.md"),
    ],
}
# The states of a folder: committed, with edits in other files, without a commit, without git.
WAYS = ("clean", "dirty", "no-commit", "no-git")

Place = Callable[..., Outcome]
Folder = Callable[..., Path]


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder to import the dockgen with the test history from."""
    return history.release(tmp_path_factory.mktemp("history"))


@pytest.fixture
def tmp_path(tmp_path: Path) -> Iterator[Path]:
    """The same, in memory."""
    with memory.folder(otherwise=tmp_path) as made:
        yield made


@pytest.fixture
def carried(site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Make dockgen in this process use the test history, with an empty folder for journals."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "own"))
    with carrying(site):
        yield


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """Make a folder with files, in one of `WAYS`."""

    def made(way: str = "clean", files: Mapping[str, str] = FILES) -> Path:
        directory = tmp_path / "mine"
        for name, content in files.items():
            path = directory / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
        if way != "no-git":
            git("init", "--quiet", "--initial-branch=main", cwd=directory)
        if way in ("clean", "dirty"):
            commit(directory, "Start")
        if way == "dirty":
            (directory / "app.py").write_text("print('not committed')\n")
            (directory / "new.py").write_text("print('not added')\n")
        return directory

    return made


@pytest.fixture
def place(carried: None) -> Place:
    """Place the container files of a release in a folder."""
    del carried

    def placed(
        directory: Path,
        choices: Choices | None = None,
        answers: Mapping[str, Any] = ANSWERS,
        *,
        version: str = history.NEWEST,
        mode: Mode = Mode.UPDATE,
        names: Mapping[str, str] | None = None,
    ) -> Outcome:
        with carrier(version) as origin:
            return rendering.add(directory, origin, answers, choices or Choices(), mode, names)

    return placed


@contextmanager
def carrier(version: str) -> Iterator[Source]:
    """Yield dockgen's own templates, as of that version."""
    with source.own() as origin:
        number = history.VERSIONS.index(version) + 1
        manifest = replace(origin.manifest, releases=origin.manifest.releases[:number])
        yield replace(origin, manifest=manifest)
