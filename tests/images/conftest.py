"""Images under test: one build and one running container per cell, shared by all its tests.

The fixtures are those of `dockgen.testing.plugin`, which starters' tests stand on, too.
"""

import secrets
import shutil
import tarfile
from collections.abc import Iterator

import pytest

from dockgen import engine, matrix
from dockgen import image as saved_image
from dockgen.errors import ToolMissingError
from dockgen.image import Layer
from dockgen.matrix import Cell
from dockgen.project import Project
from tests.images import steps

# For fixtures with a project of their own. pytest-xdist gives all tests of a group to one worker.
CELLS = [
    pytest.param(cell, id=str(cell), marks=pytest.mark.xdist_group(str(cell)))
    for cell in matrix.ALL
]


@pytest.hookimpl(trylast=True)
def pytest_itemcollected(item: pytest.Item) -> None:
    """Leave all of Go to one worker: two that begin together would compile its library twice."""
    group = item.get_closest_marker("xdist_group")
    if group is not None and group.args[0].startswith("go-"):
        # In the place of the other one: pytest-xdist makes a group of two of each pair of marks.
        item.own_markers.remove(group)
        item.add_marker(pytest.mark.xdist_group("go"))


@pytest.fixture(scope="session", autouse=True)
def container_engine() -> None:
    """Fail, and never skip, where no engine answers: images that nobody built prove nothing."""
    try:
        engine.require()
    except ToolMissingError as error:
        pytest.fail(
            f"{error.message} Bring one up and run all tests with: make test", pytrace=False
        )


@pytest.fixture(scope="session", autouse=True)
def layers() -> Iterator[None]:
    """Measure a layer once, and not for each image that has it: gzip takes seconds for a base's.

    An engine names the file of a layer after its digest.
    """
    measure = saved_image._layer
    known: dict[tuple[str, int], Layer] = {}

    def measure_once(archive: tarfile.TarFile, path: str) -> Layer:
        if not path.startswith("blobs/sha256/"):
            return measure(archive, path)
        key = (path, saved_image._GZIP_LEVEL)
        if key not in known:
            known[key] = measure(archive, path)
        return known[key]

    with pytest.MonkeyPatch.context() as patches:
        patches.setattr(saved_image, "_layer", measure_once)
        yield


@pytest.fixture(scope="session")
def line(project: Project) -> tuple[str, str]:
    """A line of the source: the file, and some words in it."""
    return steps.LINE[project.cell.language]


@pytest.fixture(scope="session")
def cached(
    project: Project,
    built_image: str,
    line: tuple[str, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Project:
    """The project, every step of which the build cache knows.

    The builder may not find again what it built for two tests at the same time. A second build of
    the same folder, which has nothing to do otherwise, makes up for that. It looks no further than
    for the image, so a build with an edited line does the same for the steps below.
    """
    del built_image  # to be built first
    steps.build(project.directory)
    copy = tmp_path_factory.mktemp("edited") / "copy"
    shutil.copytree(project.directory, copy)
    # Never built before, also not by an earlier run.
    steps.edit_source(copy, line, secrets.token_hex())
    steps.build(copy)
    return project


@pytest.fixture(scope="session")
def cell(project: Project) -> Cell:
    """The cell under test; each case of dockgen's own templates is one."""
    return project.cell
