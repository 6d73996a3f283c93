"""Fixtures: projects of the test history, and `dockgen update` on them."""

import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from dockgen import bundle, cli, questions, template
from tests import memory
from tests.conftest import PLAIN
from tests.integration.update import history

# The user's name in git; no other settings apply.
PERSON = {
    "GIT_AUTHOR_NAME": "A. Person",
    "GIT_AUTHOR_EMAIL": "person@example.com",
    "GIT_COMMITTER_NAME": "A. Person",
    "GIT_COMMITTER_EMAIL": "person@example.com",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
}


@dataclass(frozen=True)
class Done:
    """How a command ended, and what it printed."""

    code: int
    output: str
    errors: str


Make = Callable[..., Path]
Update = Callable[..., Done]


def git(*arguments: str | Path, cwd: Path) -> str:
    """Run git as the project's owner."""
    return subprocess.run(
        ["git", *arguments],
        cwd=cwd, env=PLAIN | PERSON, capture_output=True, text=True, timeout=60, check=True,
    ).stdout  # fmt: skip


def commit(project: Path, message: str = "Edit") -> None:
    """Commit everything that isn't ignored."""
    git("add", "--all", cwd=project)
    git("commit", "--quiet", "--allow-empty", "-m", message, cwd=project)


def edit(path: Path, old: str, new: str) -> None:
    """Replace a text, which must be there."""
    text = path.read_text()
    assert old in text, f"{path} has no {old!r}"
    path.write_text(text.replace(old, new))


def state(project: Path) -> dict[str, str]:
    """Return every file and folder except git's own, with a hash of its bytes, mode and kind."""
    found = {}
    for path in sorted(project.rglob("*")):
        name = path.relative_to(project).as_posix()
        if name == ".git" or name.startswith(".git/"):
            continue
        mode = oct(path.lstat().st_mode)
        if path.is_symlink():
            found[name] = f"{mode} → {path.readlink()}"
        elif path.is_file():
            found[name] = f"{mode} {hashlib.sha256(path.read_bytes()).hexdigest()}"
        else:
            found[name] = mode
    return found


def index(project: Path) -> str:
    """Return the content of git's index, conflicts included."""
    return git("ls-files", "--stage", cwd=project)


@pytest.fixture
def tmp_path(tmp_path: Path) -> Iterator[Path]:
    """The same, in memory."""
    with memory.folder(otherwise=tmp_path) as made:
        yield made


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder to import the dockgen with the test history from."""
    return history.release(tmp_path_factory.mktemp("history"))


@contextmanager
def carrying(site: Path) -> Iterator[None]:
    """Make dockgen in this process use the test history, like an installed one."""
    with pytest.MonkeyPatch.context() as patches:
        patches.setattr(bundle, "DATA", site / "dockgen/data")
        patches.setattr(bundle, "checkout", lambda: None)
        for name in [name for name in os.environ if name.startswith("GIT_")]:
            patches.delenv(name)
        for name, value in PERSON.items():
            patches.setenv(name, value)
        questions.load.cache_clear()
        yield
    questions.load.cache_clear()


@pytest.fixture
def released(site: Path) -> Iterator[None]:
    """Make dockgen in this process use the test history."""
    with carrying(site):
        yield


@pytest.fixture(scope="session")
def renderings(tmp_path_factory: pytest.TempPathFactory) -> dict[object, Path]:
    """Projects that were already rendered."""
    return {"folder": tmp_path_factory.mktemp("renderings")}


def start(renderings: dict[object, Path], version: str, directory: Path, **answers: object) -> Path:
    """Make a committed project of a version in ``directory``, with the dockgen of that version."""
    key = (version, directory.name, *sorted(answers.items()))
    if key not in renderings:
        rendering = renderings["folder"] / str(len(renderings)) / directory.name
        given = {"name": "my-app", "language": "python", "flavor": "slim"} | answers
        with template.offline() as origin:
            template.render_version(origin, version, rendering, given)
        renderings[key] = rendering
    shutil.copytree(renderings[key], directory)
    git("init", "--quiet", "--initial-branch=main", cwd=directory)
    commit(directory, "Start")
    return directory


@pytest.fixture
def make(released: None, renderings: dict[object, Path], tmp_path: Path) -> Make:
    """Make a committed project of a version, in ``my-app`` by default."""
    del released

    def made(version: str = "v1.0.0", directory: Path | None = None, **answers: object) -> Path:
        return start(renderings, version, directory or tmp_path / "my-app", **answers)

    return made


@pytest.fixture
def update(own_signals: None, released: None, capfd: pytest.CaptureFixture[str]) -> Update:
    """Run `dockgen update` in this process, without a terminal."""
    del own_signals, released

    def run(*arguments: str | Path) -> Done:
        capfd.readouterr()
        code = cli.main(["update", *map(str, arguments)])
        captured = capfd.readouterr()
        return Done(code, captured.out, captured.err)

    return run
