"""Images under test: one build and one running container per cell, shared by all its tests."""

import os
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from pytest_docker import Services

from dockgen import engine, matrix
from dockgen import image as saved_image
from dockgen import project as projects
from dockgen.checks import Observation
from dockgen.engine import Container, Health, Response
from dockgen.errors import ToolMissingError
from dockgen.image import Image
from dockgen.matrix import Cell
from dockgen.observe import observe
from dockgen.project import Project

# A container that doesn't come up in this time never will, in seconds.
PATIENCE = 60

# pytest-xdist gives all tests of a group to one worker: each cell is built once.
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


@pytest.fixture(scope="session", params=CELLS)
def cell(request: pytest.FixtureRequest) -> Cell:
    """The cell under test."""
    chosen: Cell = request.param
    return chosen


@pytest.fixture(scope="session")
def project(cell: Cell, rendered_project: Callable[[Cell], Path]) -> Project:
    """The cell's project, as `dockgen new` makes it."""
    return projects.load(rendered_project(cell))


@pytest.fixture(scope="session")
def docker_compose_file(
    project: Project, docker_compose_project_name: str, tmp_path_factory: pytest.TempPathFactory
) -> list[str]:
    """The project's own compose.yaml as it is, and a name for the image that no other run has."""
    own_name = tmp_path_factory.mktemp("compose") / "image.yaml"
    own_name.write_text(f"services: {{app: {{image: {docker_compose_project_name}}}}}\n")
    return [str(project.directory / "compose.yaml"), str(own_name)]


@pytest.fixture(scope="session")
def docker_compose_project_name(cell: Cell) -> Iterator[str]:
    """A name that no other run has; whatever compose made under it is gone in the end."""
    name = f"dockgen-test-{cell}-{os.getpid()}"
    yield name
    subprocess.run(
        ["docker", "compose", "--project-name", name, "down", "--volumes", "--rmi=all"],
        capture_output=True,
        timeout=PATIENCE,
        check=True,
    )


@pytest.fixture(scope="session")
def docker_setup() -> Iterator[list[str]]:
    """The README's own command, at a free port of this machine."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("HOST_PORT", "0")
        yield [f"up --build --wait --wait-timeout {PATIENCE}"]


@pytest.fixture(scope="session")
def docker_cleanup() -> list[str]:
    """Nothing: docker_compose_project_name cleans up, also when the setup failed."""
    return []


@pytest.fixture(scope="session")
def service(docker_services: Services, project: Project) -> Container:
    """The project's container, as `docker compose up --build --wait` started it."""
    port = docker_services.port_for("app", project.port)
    listed = subprocess.run(
        ["docker", "ps", "--quiet", "--no-trunc", f"--filter=publish={port}"],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=True,
    )
    (identifier,) = listed.stdout.split()
    return Container(identifier)


@pytest.fixture(scope="session")
def first_health(service: Container) -> Health:
    """How the container turned healthy, read before its engine forgets: it keeps five probes."""
    return service.wait_healthy(PATIENCE)


@pytest.fixture(scope="session")
def built_image(service: Container, first_health: Health) -> str:
    """The id of the image that the container was made from."""
    del first_health  # to be read first, as long builds may follow
    return service.inspect().image


@pytest.fixture(scope="session")
def image(built_image: str, tmp_path_factory: pytest.TempPathFactory) -> Image:
    """The image as data."""
    saved = tmp_path_factory.mktemp("saved") / "image.tar"
    engine.save(built_image, saved)
    try:
        return saved_image.read(saved)
    finally:
        saved.unlink()


@pytest.fixture(scope="session")
def healthz(service: Container, project: Project) -> Response:
    """The answer to GET /healthz, asked before the container is stopped."""
    return service.get("/healthz", port=project.port)


@pytest.fixture(scope="session")
def seen(
    service: Container, first_health: Health, project: Project, healthz: Response
) -> Observation:
    """What was seen of the container, from its start to its stop."""
    del healthz  # to be asked first, because watching ends with a stop
    return replace(observe(service, project), healthy_seconds=first_health.seconds)
