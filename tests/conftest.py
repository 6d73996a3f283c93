"""What all tests share: rendering a project, and running dockgen as a user does."""

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from dockgen import matrix, template
from dockgen.matrix import Cell

ROOT = Path(__file__).resolve().parent.parent

# A person's own settings must decide nothing in a test, nor their starters and their team file.
os.environ["XDG_CONFIG_HOME"] = str(Path(__file__).parent / "no-settings")

PLAIN = {
    name: value
    for name, value in os.environ.items()
    if not name.startswith(("GIT_", "COPIER_", "DOCKGEN_")) and name not in {"NO_COLOR"}
}

# Both print what was measured at the end. pytest-xdist's controller loads only this conftest.
pytest_plugins = ["dockgen.testing.plugin", "tests.images.bases"]

Run = Callable[..., "subprocess.CompletedProcess[str]"]
Render = Callable[[Cell], Path]


@pytest.fixture
def dockgen(tmp_path: Path) -> Run:
    """Run dockgen in ``tmp_path`` as its own process, without a terminal."""

    def run(
        *arguments: str, environment: Mapping[str, str] | None = None
    ) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "dockgen", *arguments],
            cwd=tmp_path,
            env=PLAIN | dict(environment or {}),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run


@pytest.fixture(scope="session")
def rendered_project(tmp_path_factory: pytest.TempPathFactory) -> Render:
    """Render a cell's default project, once for all tests that only read or build it."""
    made: dict[Cell, Path] = {}

    def render(cell: Cell) -> Path:
        if cell not in made:
            directory = tmp_path_factory.mktemp(str(cell)) / "my-app"
            answers = {"name": "my-app", "language": cell.language, "flavor": cell.flavor}
            made[cell] = template.render(directory, answers, ask=()).directory
        return made[cell]

    return render


def each_cell() -> pytest.MarkDecorator:
    """Run the test for every cell: ``test_it[python-slim]``."""
    return pytest.mark.parametrize("cell", matrix.ALL, ids=str)


def tree(directory: Path) -> dict[str, bytes]:
    """Every file below ``directory`` with its bytes."""
    return {
        path.relative_to(directory).as_posix(): path.read_bytes()
        for path in sorted(directory.rglob("*"))
        if path.is_file()
    }
