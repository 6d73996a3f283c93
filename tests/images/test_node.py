"""What node can do in the Node images, and what stops a build."""

import json
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from dockgen import engine
from dockgen.engine import BuildError, Container, RunOptions
from dockgen.matrix import Cell, Language
from tests.images import inside
from tests.images.conftest import cells, sampled

CELLS = cells(Language.NODE)
SCRATCH = [param for param in CELLS if param.id == "node-scratch"]

SOURCE = Path(__file__).with_name("node_facts.mjs")
FACTS = re.findall(r"^fact\('([a-z0-9-]+)'", SOURCE.read_text(), re.MULTILINE)

# A package with a native addon: it brings builds for each platform along.
ADDON = ("bcrypt", "6.0.0")

# The image under test with the facts in it. Its service gives way to a server with a certificate
# of an authority of its own, which the second container asks.
DOCKERFILE = f"""\
{inside.CERTIFICATES}
FROM {{image}}
COPY --chmod=0555 {SOURCE.name} /facts/
COPY --from=certificates --chmod=0555 /facts/ /facts/
HEALTHCHECK --start-period=60s --start-interval=0.5s --timeout=3s \\
  CMD ["node", "-e", "net.connect({inside.SERVER_PORT}).on('connect', () => process.exit())"]
ENTRYPOINT ["node", "/facts/{SOURCE.name}", "serve"]
"""


@pytest.fixture(scope="session", params=CELLS)
def node_cell(request: pytest.FixtureRequest) -> Cell:
    """The cell under test."""
    chosen: Cell = request.param
    return chosen


@pytest.fixture(scope="session")
def with_addon(
    node_cell: Cell,
    rendered_project: Callable[[Cell], Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """The cell's project with one more dependency, locked as the project's README says."""
    name, version = ADDON
    project = tmp_path_factory.mktemp("addon") / "my-app"
    shutil.copytree(rendered_project(node_cell), project)
    manifest = json.loads((project / "package.json").read_text())
    manifest["dependencies"][name] = version
    (project / "package.json").write_text(json.dumps(manifest, indent=2))
    subprocess.run(
        ["docker", "build", "--no-cache-filter=resolve", "--target=lock", "--output=.", "."],
        cwd=project, capture_output=True, timeout=300, check=True,
    )  # fmt: skip
    return project


@pytest.fixture(scope="session")
def node_image(with_addon: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The cell's image with the facts in it."""
    with engine.temporary_image(with_addon) as image:
        context = tmp_path_factory.mktemp("facts")
        (context / "Dockerfile").write_text(DOCKERFILE.format(image=image))
        shutil.copy(SOURCE, context)
        with engine.temporary_image(context) as tag:
            yield tag


@pytest.fixture(scope="session")
def node(node_image: str) -> Iterator[Container]:
    """A container of that image, as compose.yaml would start it, beside the server."""
    with inside.beside_a_server(node_image) as container:
        yield container


def ask(container: Container, name: str) -> str:
    """Run a fact in a container, and return what it prints."""
    return container.execute("node", f"/facts/{SOURCE.name}", name)


def test_facts_hold(node: Container) -> None:
    """Each function in node_facts.mjs says what holds in the image; one says what doesn't."""
    found = inside.broken(partial(ask, node), [*FACTS, "fail"])
    assert "6 !== 7" in found.pop("fail")
    assert found == {}


def test_temporary_files_need_no_mount(node_image: str) -> None:
    """/tmp is part of the image, where no tmpfs hides it."""
    with engine.run(node_image, RunOptions(read_only=False)) as container:
        ask(container, "temporary-files")


@pytest.mark.parametrize("node_cell", SCRATCH, indirect=True)
def test_has_no_library_that_nothing_loads(node: Container) -> None:
    """Each library is loaded by node or by an addon."""
    assert ask(node, "libraries").split() == []


# The addon asks for a library under another name, of the same length, which no one has.
WANTING = """\
RUN node -e "const lost = (text) => text.replaceAll('libstdc++', 'libgone++'); \\
    for (const file of fs.globSync('node_modules/bcrypt/prebuilds/linux-*/*.node')) \\
        fs.writeFileSync(file, lost(fs.readFileSync(file, 'latin1')), 'latin1')"

"""
BEFORE = "# Strips debug symbols"


@pytest.mark.parametrize("node_cell", sampled(Language.NODE), indirect=True)
def test_an_addon_without_its_library_stops_the_build(with_addon: Path, tmp_path: Path) -> None:
    """The log names the addon and the library; without that the image would fail when it runs."""
    copy = shutil.copytree(with_addon, tmp_path / "copy")
    dockerfile = (copy / "Dockerfile").read_text()
    assert dockerfile.count(BEFORE) == 1
    (copy / "Dockerfile").write_text(dockerfile.replace(BEFORE, WANTING + BEFORE))
    with pytest.raises(BuildError) as caught:
        engine.build(copy)
    assert re.search(r"node_modules/bcrypt/\S+\.node needs libgone\+\+\.so\.6: ", caught.value.log)
