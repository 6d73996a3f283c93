"""Node's images: what docker/libraries.sh collects, and when it stops the build."""

from pathlib import Path

import pytest

from dockgen import engine, template
from dockgen.engine import BuildError
from dockgen.matrix import Cell

# Any program will do for a native addon: what counts is the library that it can't find.
ADDON = """\
RUN cp /usr/bin/apt-get node_modules/addon.node && rm /usr/lib/*-linux-gnu/libapt-pkg.so.*

"""
BEFORE = "# A seventh of node is symbols"


@pytest.mark.parametrize("cell", ["node-slim", "node-scratch"])
def test_an_addon_without_its_library_stops_the_build(tmp_path: Path, cell: str) -> None:
    """The log names the addon and the library; without that the image would fail when it runs."""
    chosen = Cell.parse(cell)
    answers = {"name": "my-app", "language": chosen.language, "flavor": chosen.flavor}
    project = template.render(tmp_path / "my-app", answers, ask=()).directory
    dockerfile = (project / "Dockerfile").read_text()
    assert BEFORE in dockerfile
    (project / "Dockerfile").write_text(dockerfile.replace(BEFORE, ADDON + BEFORE))
    with pytest.raises(BuildError) as caught:
        engine.build(project)
    assert "node_modules/addon.node needs libapt-pkg.so." in caught.value.log
