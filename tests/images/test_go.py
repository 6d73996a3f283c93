"""What a service can do in the Go images."""

import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from dockgen import engine, template
from dockgen.engine import Container, RunOptions
from dockgen.matrix import Cell, Flavor, Language
from tests.images import inside
from tests.images.conftest import cells

SOURCE = Path(__file__).with_name("go_facts.go")
FACTS = re.findall(
    r'^\t"([a-z0-9-]+)": func', SOURCE.read_text().partition("\nvar others")[0], re.MULTILINE
)

# Time zones come with Debian alone; for the others, the README names this line.
TIME_ZONES = 'package main\n\nimport _ "time/tzdata"\n'
WITHOUT_TIME_ZONES = {Flavor.ALPINE, Flavor.SCRATCH}

# The project's own image, with the facts compiled in, and what the server in them needs.
DOCKERFILE = f"""\
{inside.CERTIFICATES}
FROM {{image}}
COPY --from=certificates --chmod=0555 /facts/ /facts/
HEALTHCHECK --start-period=60s --start-interval=0.5s --timeout=3s \\
  CMD ["/usr/local/bin/my-app", "fact", "server-listens"]
"""


@pytest.fixture(scope="session", params=cells(Language.GO))
def go_cell(request: pytest.FixtureRequest) -> Cell:
    """The cell under test."""
    chosen: Cell = request.param
    return chosen


@pytest.fixture(scope="session")
def go_image(
    go_library: None,
    go_cell: Cell,
    rendered_project: Callable[[Cell], Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[str]:
    """The cell's image with the facts in it."""
    del go_library  # has to be there first
    project = shutil.copytree(rendered_project(go_cell), tmp_path_factory.mktemp("go") / "my-app")
    shutil.copy(SOURCE, project)
    if go_cell.flavor in WITHOUT_TIME_ZONES:
        (project / "time_zones.go").write_text(TIME_ZONES)
    with engine.temporary_image(project) as image:
        context = tmp_path_factory.mktemp("facts")
        (context / "Dockerfile").write_text(DOCKERFILE.format(image=image))
        with engine.temporary_image(context) as tag:
            yield tag


@pytest.fixture(scope="session")
def go(go_image: str) -> Iterator[Container]:
    """A container of that image, as compose.yaml would start it, beside the server."""
    with inside.beside_a_server(go_image) as container:
        yield container


def ask(container: Container, name: str) -> None:
    """Run a fact in a container."""
    container.execute("/usr/local/bin/my-app", "fact", name)


def test_facts_hold(go: Container, go_cell: Cell) -> None:
    """Each function in go_facts.go says what holds in the image; one says what doesn't.

    Debian has the database of time zones, the other flavors what the import compiles in.
    """
    found = inside.broken(partial(ask, go), [*FACTS, "that-fails", "time-zone-database"])
    assert found.pop("that-fails") == "docker exec failed: 6 instead of 7"
    if go_cell.flavor in WITHOUT_TIME_ZONES:
        assert "no such file or directory" in found.pop("time-zone-database")
    assert found == {}


def test_temporary_files_need_no_mount(go_image: str) -> None:
    """/tmp is part of the image, where no tmpfs hides it."""
    with engine.run(go_image, RunOptions(read_only=False)) as container:
        ask(container, "temporary-files")


# The folder, made in the build stage as on a machine that has Go.
VENDORED = """
FROM toolchain AS vendor
COPY . .
RUN go mod vendor

FROM scratch AS vendored
COPY --from=vendor /src/vendor/ /vendor/
"""


@pytest.mark.release
def test_a_vendor_folder_builds(tmp_path: Path) -> None:
    """With the list of its modules, and with the assembly that some of them have."""
    answers = {"name": "my-app", "language": "go", "flavor": "scratch"}
    project = template.render(tmp_path / "my-app", answers, ask=()).directory
    (project / "cpu.go").write_text('package main\n\nimport _ "golang.org/x/sys/cpu"\n')
    dockerfile = project / "Dockerfile"
    text = dockerfile.read_text()
    dockerfile.write_text(text + VENDORED)
    for target in ("lock", "vendored"):
        subprocess.run(
            ["docker", "build", f"--target={target}", "--output=.", "."],
            cwd=project, capture_output=True, timeout=300, check=True,
        )  # fmt: skip
    assert "golang.org/x/sys" in (project / "vendor/modules.txt").read_text()
    assert list((project / "vendor").rglob("*.s"))
    dockerfile.write_text(text)
    engine.build(project)
