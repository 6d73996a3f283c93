"""Images under test: one build and one running container per cell, shared by all its tests.

The fixtures are those of `dockgen.testing.plugin`, which starters' tests stand on, too.
"""

import pytest

from dockgen import engine, matrix
from dockgen.errors import ToolMissingError
from dockgen.matrix import Cell
from dockgen.project import Project

# For fixtures with a project of their own. pytest-xdist gives all tests of a group to one worker.
CELLS = [
    pytest.param(cell, id=str(cell), marks=pytest.mark.xdist_group(str(cell)))
    for cell in matrix.ALL
]


@pytest.fixture(scope="session", autouse=True)
def container_engine() -> None:
    """Fail, and never skip, where no engine answers: images that nobody built prove nothing."""
    try:
        engine.require()
    except ToolMissingError as error:
        pytest.fail(
            f"{error.message} Bring one up and run all tests with: make test", pytrace=False
        )


@pytest.fixture(scope="session")
def cell(project: Project) -> Cell:
    """The cell under test; each case of dockgen's own templates is one."""
    return project.cell
