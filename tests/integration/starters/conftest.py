"""Fixtures: starters of the test history, and dockgen run as a user does."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dockgen import bundle, cli, questions
from tests.integration.starters import history
from tests.integration.update.conftest import PERSON, Done

Run = Callable[..., Done]


@pytest.fixture
def person(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Set up a user with settings, caches and a folder of their own; return that folder."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    folders = {
        "XDG_CONFIG_HOME": str(tmp_path / "settings"),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
    }
    for name, value in (PERSON | folders).items():
        monkeypatch.setenv(name, value)
    (tmp_path / "src").mkdir()
    monkeypatch.chdir(tmp_path / "src")
    return tmp_path / "src"


@pytest.fixture
def run(own_signals: None, person: Path, capfd: pytest.CaptureFixture[str]) -> Run:
    """Run dockgen in this process, without a terminal."""
    del own_signals, person

    def started(*arguments: str | Path) -> Done:
        capfd.readouterr()
        code = cli.main([*map(str, arguments)])
        captured = capfd.readouterr()
        return Done(code, captured.out, captured.err)

    return started


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data of a dockgen with the test history."""
    return history.release(tmp_path_factory.mktemp("releases"))


@pytest.fixture
def released(data: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Make dockgen in this process use the test history, like an installed one."""
    monkeypatch.setattr(bundle, "DATA", data)
    monkeypatch.setattr(bundle, "checkout", lambda: None)
    questions.load.cache_clear()
    yield
    questions.load.cache_clear()
