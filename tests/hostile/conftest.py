"""Projects in a tenth of the time: from a folder, without git."""

import itertools
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dockgen import questions, template
from dockgen.bundle import Manifest
from dockgen.errors import UsageError
from dockgen.source import Source
from tests.conftest import ROOT

Make = Callable[..., Path]


@pytest.fixture(scope="session")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Source:
    """The working copy's templates. A plain folder has no versions, which copier needs git for."""
    folder = tmp_path_factory.mktemp("templates")
    shutil.copy(ROOT / "copier.yml", folder)
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "templates", folder / "templates", ignore=ignore)
    return Source("", folder, Manifest(str(folder), (), ()), folder / "copier.yml")


@pytest.fixture(scope="session")
def make(origin: Source, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Make]:
    """Render a project with these answers; nothing is left of it where an answer is refused."""
    folder = tmp_path_factory.mktemp("made")
    numbers = itertools.count()

    def render(**answers: Any) -> Path:
        directory = folder / str(next(numbers)) / "project"
        try:
            template.render_version(origin, "HEAD", directory, {"name": "my-app", **answers})
        except UsageError:
            assert not directory.exists(), "something was written"
            raise
        return directory

    yield render
    assert not [*folder.rglob("canary"), *ROOT.glob("canary")], "a command ran"


@pytest.fixture(scope="session")
def given(make: Make) -> Make:
    """Render a project with answers as somebody types them: all of them are text."""

    def render(**answers: str) -> Path:
        return make(**questions.collect(None, {}, answers))

    return render
