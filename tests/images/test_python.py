"""What the interpreter can do in the Python images, and what stops a build."""

import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from dockgen import engine
from dockgen.engine import BuildError, Container, RunOptions
from dockgen.matrix import Cell, Flavor, Language
from tests.images import inside, python_facts
from tests.images.conftest import cells, sampled

CELLS = cells(Language.PYTHON)
SCRATCH = [param for param in CELLS if param.id == "python-scratch"]
NOT_SCRATCH = [param for param in CELLS if param.id != "python-scratch"]

# Where each flavor's Python comes from.
TOOLCHAIN = {
    Flavor.SLIM: "python:3.14-slim-trixie",
    Flavor.ALPINE: "python:3.14-alpine3.24",
    Flavor.SCRATCH: "python:3.14-slim-trixie",
}

# The image under test with the facts in it. Its service gives way to a server with a certificate
# of an authority of its own, which the second container asks.
DOCKERFILE = f"""\
FROM {{toolchain}} AS modules
COPY python_facts.py /facts/
RUN python /facts/python_facts.py modules >/facts/modules.txt

{inside.CERTIFICATES}
FROM {{image}}
COPY --from=modules --chmod=0555 /facts/ /facts/
COPY --from=certificates --chmod=0555 /facts/ /facts/
HEALTHCHECK --start-period=60s --start-interval=0.5s --timeout=3s \
  CMD ["python", "-c", "import socket; socket.create_connection(('127.0.0.1', \
{python_facts.SERVER_PORT}))"]
CMD ["python", "-m", "http.server", "{python_facts.SERVER_PORT}", "--directory", "/facts", \
  "--tls-cert", "/facts/server.pem", "--tls-key", "/facts/server.key"]
"""


@pytest.fixture(scope="session", params=CELLS)
def python_cell(request: pytest.FixtureRequest) -> Cell:
    """The cell under test."""
    chosen: Cell = request.param
    return chosen


@pytest.fixture(scope="session")
def python_image(
    python_cell: Cell,
    rendered_project: Callable[[Cell], Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[str]:
    """The cell's image with the facts in it."""
    with engine.temporary_image(rendered_project(python_cell)) as image:
        context = tmp_path_factory.mktemp("facts")
        toolchain = TOOLCHAIN[python_cell.flavor]
        (context / "Dockerfile").write_text(DOCKERFILE.format(toolchain=toolchain, image=image))
        shutil.copy(python_facts.__file__, context)
        with engine.temporary_image(context) as tag:
            yield tag


@pytest.fixture(scope="session")
def python(python_image: str) -> Iterator[Container]:
    """A container of that image, as compose.yaml would start it, beside the server."""
    with inside.beside_a_server(python_image) as container:
        yield container


def ask(container: Container, name: str) -> str:
    """Run a fact in a container, and return what it prints."""
    return container.execute("python", "/facts/python_facts.py", name)


def test_facts_hold(python: Container) -> None:
    """Each docstring in python_facts.py says what holds in the image; what is no fact doesn't."""
    found = inside.broken(partial(ask, python), [*python_facts.FACTS, "no_fact"])
    assert "KeyError: 'no_fact'" in found.pop("no_fact")
    assert found == {}


def test_temporary_files_need_no_mount(python_image: str) -> None:
    """/tmp is part of the image, where no tmpfs hides it."""
    with engine.run(python_image, RunOptions(read_only=False)) as container:
        ask(container, "temporary_files")


@pytest.mark.parametrize("python_cell", SCRATCH, indirect=True)
def test_has_no_library_that_nothing_loads(python: Container) -> None:
    """Each library is loaded by the interpreter or by a package."""
    assert ask(python, "libraries").split() == []


# Where the Dockerfile picks what runs.
PICK = "RUN --mount=type=bind,from=base"


@pytest.mark.parametrize("python_cell", sampled(Language.PYTHON))
@pytest.mark.parametrize("library", ["libsqlite3.so.0", "libgcc_s"])
def test_a_missing_library_stops_the_build(
    library: str, python_cell: Cell, rendered_project: Callable[[Cell], Path], tmp_path: Path
) -> None:
    """The interpreter's sqlite3 needs one of them, pydantic-core the other."""
    copy = shutil.copytree(rendered_project(python_cell), tmp_path / "copy")
    replace(copy, PICK, f"RUN find / -xdev -name '{library}*' -delete\n{PICK}")
    with pytest.raises(BuildError) as caught:
        engine.build(copy)
    assert f" needs {library}" in caught.value.log


@pytest.mark.parametrize("python_cell", NOT_SCRATCH)
def test_a_base_of_another_release_stops_the_build(
    python_cell: Cell, rendered_project: Callable[[Cell], Path], tmp_path: Path
) -> None:
    """An interpreter may not run on another C library than it was built with."""
    bases = {Flavor.SLIM: "debian:trixie-slim", Flavor.ALPINE: "alpine:3.24"}
    (other,) = set(bases.values()) - {bases[python_cell.flavor]}
    copy = shutil.copytree(rendered_project(python_cell), tmp_path / "copy")
    replace(copy, f"{bases[python_cell.flavor]} AS base", f"{other} AS base")
    with pytest.raises(BuildError) as caught:
        engine.build(copy)
    assert "the base image is" in caught.value.log


def replace(project: Path, old: str, new: str) -> None:
    """Replace a text in the project's Dockerfile, which has it once."""
    dockerfile = project / "Dockerfile"
    content = dockerfile.read_text()
    assert content.count(old) == 1
    dockerfile.write_text(content.replace(old, new))
