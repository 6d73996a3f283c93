"""cgo works on slim only, as docs/how-it-works.md says."""

from pathlib import Path
from typing import Any

import pytest

from dockgen import engine, template
from dockgen.checks import check_running
from dockgen.engine import RunOptions
from dockgen.errors import ProjectError
from dockgen.matrix import Flavor
from dockgen.project import load
from dockgen.targets.observe import observe

# How long a container may take to turn healthy, in seconds.
PATIENCE = 60

pytestmark = pytest.mark.usefixtures("go_library")

# A service that doesn't start if C can't be called: it needs no library but C's own.
PLAIN = """\
package main

// #include <unistd.h>
import "C"

func init() {
	if C.getpid() < 1 {
		panic("no process")
	}
}
"""
WITH_LIBRARY = """\
package main

// #cgo LDFLAGS: -lmagic
// #include <magic.h>
import "C"

func init() {
	if C.magic_version() < 500 {
		panic("no libmagic")
	}
}
"""

# One that calls what is in a file of C beside it.
WITH_FILES = """\
package main

// #include "seven.h"
import "C"

func init() {
	if C.seven() != 7 {
		panic("another number")
	}
}
"""
FILES = {"seven.h": "int seven(void);\n", "seven.c": "int seven(void) { return 7; }\n"}

OFF, ON = "ENV CGO_ENABLED=0\n", "ENV CGO_ENABLED=1\n"
# What the documentation says to add for the headers of a library.
HEADERS = "RUN apt-get update && apt-get install -y --no-install-recommends libmagic-dev\n"


def render(directory: Path, flavor: Flavor, source: str, **answers: Any) -> Path:
    """Make a Go project with a file that needs cgo."""
    given = {"name": "my-app", "language": "go", "flavor": str(flavor), **answers}
    project = template.render(directory / "my-app", given, ask=()).directory
    (project / "needs_c.go").write_text(source)
    return project


def edit(project: Path, line: str, change: str) -> None:
    """Change a line of the Dockerfile."""
    dockerfile = project / "Dockerfile"
    text = dockerfile.read_text()
    assert text.count(line) == 1
    dockerfile.write_text(text.replace(line, change))


def why_it_does_not_start(tag: str) -> str:
    """Return the engine's message: in the log, or as an error at the start."""
    try:
        with engine.run(tag, RunOptions()) as container:
            assert container.wait_healthy(PATIENCE).status != "healthy"
            return container.logs()
    except ProjectError as error:
        return error.message


def test_slim_runs_it_with_files_of_c(tmp_path: Path) -> None:
    """They reach the build without an edit."""
    project = render(tmp_path, Flavor.SLIM, WITH_FILES, cgo=True)
    for name, content in FILES.items():
        (project / name).write_text(content)
    with engine.temporary_image(project) as tag, engine.run(tag, RunOptions()) as container:
        assert container.wait_healthy(PATIENCE).status == "healthy", container.logs()


@pytest.mark.release
def test_slim_runs_it_with_a_library(tmp_path: Path) -> None:
    """Its headers are installed by an edit, and the library itself comes by runtime_packages."""
    packages = "libmagic1t64"
    project = render(tmp_path, Flavor.SLIM, WITH_LIBRARY, cgo=True, runtime_packages=packages)
    edit(project, ON, ON + HEADERS)
    with engine.temporary_image(project) as tag, engine.run(tag, RunOptions()) as container:
        assert container.wait_healthy(PATIENCE).status == "healthy", container.logs()


@pytest.mark.release
def test_slim_needs_the_library(tmp_path: Path) -> None:
    """Without it in runtime_packages the service doesn't start, and says what it misses."""
    project = render(tmp_path, Flavor.SLIM, WITH_LIBRARY, cgo=True)
    edit(project, ON, ON + HEADERS)
    with engine.temporary_image(project) as tag, engine.run(tag, RunOptions()) as container:
        assert container.wait_healthy(PATIENCE).status != "healthy"
        assert "libmagic.so.1: cannot open shared object file" in container.logs()


@pytest.mark.release
@pytest.mark.parametrize("flavor", [Flavor.SCRATCH, Flavor.ALPINE], ids=str)
def test_others_have_no_loader_for_it(tmp_path: Path, flavor: Flavor) -> None:
    """Why they are refused: it builds, and can't be started, for Debian's loader is not there."""
    project = render(tmp_path, flavor, PLAIN)
    edit(project, OFF, ON)
    with engine.temporary_image(project) as tag:
        assert "no such file or directory" in why_it_does_not_start(tag)


def test_check_says_what_is_missing(tmp_path: Path) -> None:
    """With the way on, where the kernel names a file that is there."""
    project = render(tmp_path, Flavor.SCRATCH, PLAIN)
    edit(project, OFF, ON)
    loaded = load(project)
    with (
        engine.temporary_image(project) as tag,
        engine.run(tag, RunOptions(port=loaded.port)) as container,
    ):
        found = check_running(observe(container, loaded.contract), loaded.contract)
    (hint,) = [finding.hint for finding in found if finding.rule == "DG201"]
    assert "CGO_ENABLED=0" in hint
    assert "slim" in hint


def test_without_the_answer_it_does_not_build(tmp_path: Path) -> None:
    """Go leaves files that need cgo out, so what they define is missing."""
    source = PLAIN.replace("func init() {", "func needsC() {")
    project = render(tmp_path, Flavor.SLIM, source)
    main = project / "main.go"
    main.write_text(main.read_text().replace("func main() {", "func main() {\n\tneedsC()", 1))
    with pytest.raises(engine.BuildError, match="undefined: needsC"):
        engine.build(project)
