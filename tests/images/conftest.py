"""Images under test: one build and one running container per cell, shared by all its tests.

The fixtures come from `dockgen.testing.plugin`, which starters' tests use, too.
"""

import fcntl
import os
import pickle
import secrets
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from _pytest.mark import ParameterSet

from dockgen import engine, matrix
from dockgen.errors import ToolMissingError
from dockgen.image import Layer, layer
from dockgen.image import saved as saved_image
from dockgen.image.layer import Allowance
from dockgen.image.store import Store
from dockgen.matrix import Cell, Language
from dockgen.project import Project
from tests.images import steps

Measure = Callable[[Store, str, Allowance, bool, bool, bool], Layer]

# Each language and each flavor once, for tests that hardly depend on the combination.
SAMPLE = ("go-scratch", "python-slim", "node-alpine")


def cells(language: Language | None = None) -> list[ParameterSet]:
    """Return parameters for the cells of a language, or for all of them.

    pytest-xdist gives all tests of a group to one worker.
    """
    return [
        pytest.param(cell, id=str(cell), marks=pytest.mark.xdist_group(str(cell)))
        for cell in matrix.ALL
        if language in (None, cell.language)
    ]


def in_release(*values: object, **more: Any) -> list[ParameterSet]:
    """Return parameters for a release only: a tuple per case if there are several names."""
    return [
        pytest.param(
            *(value if isinstance(value, tuple) else (value,)), marks=pytest.mark.release, **more
        )
        for value in values
    ]


def sampled(language: Language | None = None) -> list[ParameterSet]:
    """Like `cells`, but only the sample runs outside a release."""
    return [
        param
        if param.id in SAMPLE
        else pytest.param(*param.values, id=param.id, marks=[*param.marks, pytest.mark.release])
        for param in cells(language)
    ]


# For a test that uses ``case``.
sampled_cases = pytest.mark.parametrize(
    "case",
    [pytest.param(param.id, id=param.id, marks=param.marks) for param in sampled()],
    indirect=True,
)


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder shared by all workers of this run."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@pytest.fixture(scope="session")
def go_library(rendered_project: Callable[[Cell], Path], shared: Path) -> None:
    """Compile Go's standard library in one worker while others wait: two would compile it twice."""
    with (shared / "go-library").open("a") as done:
        fcntl.flock(done, fcntl.LOCK_EX)
        if not done.tell():
            engine.build(rendered_project(Cell.parse("go-scratch")))
            done.write("compiled\n")


@pytest.fixture(scope="session")
def project(project: Project, request: pytest.FixtureRequest) -> Project:
    """The project of `dockgen.testing.plugin`, with what all projects of its language need."""
    if project.cell.language is Language.GO:
        request.getfixturevalue("go_library")
    return project


@pytest.fixture(scope="session", autouse=True)
def container_engine() -> None:
    """Fail, and never skip, if no engine answers: otherwise nothing is tested."""
    try:
        engine.require()
    except ToolMissingError as error:
        pytest.fail(
            f"{error.message} Bring one up and run all tests with: make test", pytrace=False
        )


@pytest.fixture(scope="session", autouse=True)
def layers(shared: Path) -> Iterator[Measure]:
    """Measure a layer once per run, not for each image that has it: gzip takes seconds for a base.

    An engine names a layer's file after its digest. The yielded function always measures.
    """
    measure = saved_image.read_layer

    def measure_once(
        store: Store,
        path: str,
        allowance: Allowance,
        gzip_sizes: bool,
        secrets: bool,
        contents: bool,
    ) -> Layer:
        if contents or not path.startswith("blobs/sha256/"):
            return measure(store, path, allowance, gzip_sizes, secrets, contents)
        kept = shared / f"{path.rpartition('/')[2]}-{layer.GZIP_LEVEL}"
        if not kept.exists():
            own = kept.with_suffix(f".{os.getpid()}")
            own.write_bytes(
                pickle.dumps(measure(store, path, allowance, gzip_sizes, secrets, False))
            )
            own.rename(kept)
        found: Layer = pickle.loads(kept.read_bytes())  # noqa: S301 - our own
        return found

    with pytest.MonkeyPatch.context() as patches:
        patches.setattr(saved_image, "read_layer", measure_once)
        yield measure


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
    """The project, with every step in the build cache.

    The builder may lose track of what it built for two tests at the same time. A second build of
    the same folder fixes that, and otherwise does nothing. It looks no further than the image, so a
    build with an edited line does the same for the steps below.
    """
    del built_image  # build it first
    steps.build(project.directory)
    copy = tmp_path_factory.mktemp("edited") / "copy"
    shutil.copytree(project.directory, copy)
    # Never built before, not even by an earlier run.
    steps.edit_source(copy, line, secrets.token_hex())
    steps.build(copy)
    return project


@pytest.fixture(scope="session")
def cell(project: Project) -> Cell:
    """The cell under test; each case of dockgen's own templates is one."""
    return project.cell
