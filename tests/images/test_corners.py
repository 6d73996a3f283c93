"""Special cases: local Go modules, and compiled TypeScript."""

import json
import re
from pathlib import Path

import pytest

from dockgen import engine, template
from dockgen.engine import RunOptions

PATIENCE = 60
PORT = 8080

LIBRARY = 'package lib\n\n// Name is for the log.\nfunc Name() string { return "from lib" }\n'
USES_IT = """\
package main

import (
	"log/slog"

	"example.com/lib"
)

func init() { slog.Info(lib.Name()) }
"""
TOOL = """\
package main

import (
	"fmt"

	"github.com/google/uuid"
)

func main() { fmt.Println(uuid.New()) }
"""


@pytest.fixture
def go(tmp_path: Path) -> Path:
    """A Go project."""
    answers = {"name": "my-app", "language": "go", "flavor": "scratch"}
    return template.render(tmp_path / "my-app", answers, ask=()).directory


def write(project: Path, files: dict[str, str]) -> None:
    """Write files, and the folders that they are in."""
    for name, text in files.items():
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text(text)


@pytest.mark.xdist_group("go")
@pytest.mark.parametrize("way", ["replace", "go.work"])
def test_a_module_in_a_subfolder_is_found(go: Path, way: str) -> None:
    """By a line of go.mod, or by a workspace."""
    version = re.search(r"^go (\S+)$", (go / "go.mod").read_text(), re.MULTILINE)
    assert version
    files = {"lib/go.mod": "module example.com/lib\n\ngo 1.24\n", "lib/lib.go": LIBRARY}
    write(go, {**files, "use.go": USES_IT})
    if way == "replace":
        with (go / "go.mod").open("a") as manifest:
            manifest.write("\nrequire example.com/lib v0.0.0\n\n")
            manifest.write("replace example.com/lib => ./lib\n")
    else:
        write(go, {"go.work": f"go {version[1]}\n\nuse (\n\t.\n\t./lib\n)\n"})
    with (
        engine.temporary_image(go) as image,
        engine.run(image, RunOptions(port=PORT)) as container,
    ):
        assert container.wait_healthy(PATIENCE).status == "healthy"
        assert "from lib" in container.logs()


@pytest.mark.xdist_group("go")
def test_a_module_of_tools_stays_apart(go: Path) -> None:
    """The tests don't build it, and the lock target writes none of its packages into go.mod."""
    manifest = (
        "module example.com/my-app/tools\n\ngo 1.24\n\nrequire github.com/google/uuid v1.6.0\n"
    )
    write(go, {"tools/go.mod": manifest, "tools/main.go": TOOL})
    before = (go / "go.mod").read_text()
    engine.build(go, target="test")
    engine.build(go, target="lock", output=go)
    assert (go / "go.mod").read_text() == before


def test_typescript_is_compiled_as_the_read_me_says(tmp_path: Path) -> None:
    """With an enum, which Node doesn't strip: in the tests and in the image."""
    answers = {"name": "my-app", "language": "node", "flavor": "alpine"}
    project = template.render(tmp_path / "my-app", answers, ask=()).directory
    section = (project / "README.md").read_text().partition("\n## TypeScript\n")[2]
    section = section.partition("\n## ")[0]
    blocks = dict(re.findall(r"^```(\w+)\n(.*?)^```$", section, re.MULTILINE | re.DOTALL))
    (project / "tsconfig.json").write_text(blocks["json"])
    dockerfile = project / "Dockerfile"
    text = dockerfile.read_text()
    tests = "# Runs the tests"
    assert text.count(tests) == 1
    above, found, below = text.partition(tests)
    assert below.count("src/ src/") == 2
    below = below.replace("COPY src/ src/", "COPY --from=compiled /app/dist/ src/").replace(
        "COPY --chmod=555 src/ src/", "COPY --from=compiled --chmod=555 /app/dist/ src/"
    )
    dockerfile.write_text(f"{above}{blocks['dockerfile']}\n{found}{below}")
    app = (project / "src/app.js").read_text()
    (project / "src/app.js").unlink()
    words = "message: 'Hello, world'"
    assert words in app
    app = app.replace(
        "export const name", "enum Words { Hello = 'Hello, world' }\n\nexport const name"
    )
    app = app.replace(words, "message: Words.Hello").replace("_request,", "_request: any,")
    (project / "src/app.ts").write_text(app.replace("response)", "response: any)"))
    manifest = json.loads((project / "package.json").read_text())
    manifest["devDependencies"] = {"typescript": "^5.9.0", "@types/express": "^5.0.0"}
    (project / "package.json").write_text(json.dumps(manifest, indent=2))
    engine.build(project, target="lock", output=project)
    engine.build(project, target="test")
    with (
        engine.temporary_image(project) as image,
        engine.run(image, RunOptions(port=PORT)) as container,
    ):
        assert container.wait_healthy(PATIENCE).status == "healthy"
        assert b"Hello, world" in container.get("/", PORT).body


@pytest.mark.release
def test_code_of_a_package_is_compiled_as_the_read_me_says(tmp_path: Path) -> None:
    """By node-gyp, with the headers of the image; the program and its libraries get along."""
    answers = {"name": "my-app", "language": "node", "flavor": "scratch", "package_manager": "npm"}
    project = template.render(tmp_path / "my-app", answers, ask=()).directory
    section = (project / "README.md").read_text().partition("install scripts\n")[2]
    section = section.partition("\n## ")[0]
    blocks = dict(re.findall(r"^```(\w+)\n(.*?)^```$", section, re.MULTILINE | re.DOTALL))
    dockerfile = project / "Dockerfile"
    above, stage, below = dockerfile.read_text().partition(" AS toolchain\n")
    dockerfile.write_text(f"{above}{stage}{blocks['dockerfile']}{below}")
    manifest = json.loads((project / "package.json").read_text())
    allowed = json.loads("{" + blocks["json"].replace("better-sqlite3", "fs-ext") + "}")
    manifest |= {"dependencies": {**manifest["dependencies"], "fs-ext": "^2.1.1"}, **allowed}
    (project / "package.json").write_text(json.dumps(manifest, indent=2))
    app = project / "src/app.js"
    uses = "import { constants } from 'fs-ext';\n\nconsole.log('flock', constants.LOCK_EX);\n"
    app.write_text(uses + app.read_text())
    engine.build(project, target="lock", output=project)
    with (
        engine.temporary_image(project) as image,
        engine.run(image, RunOptions(port=PORT)) as container,
    ):
        assert container.wait_healthy(PATIENCE).status == "healthy"
        assert "flock 2" in container.logs()
