"""Private files in a project's folder stay out of the build."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from dockgen import engine
from dockgen.matrix import Language
from dockgen.project import Project
from tests.images.conftest import sampled_cases

SECRETS = (
    ".env", ".env.local", ".git/config", ".netrc", ".npmrc", ".pypirc", "app.log", "dist/bundle",
    "dump.sql", "id_rsa", "node_modules/secret/index", "server.key", "server.pem", "vendor.tar",
)  # fmt: skip

# The folder of the source: what is there is nearest to being copied along.
SOURCE = {Language.GO: ".", Language.PYTHON: "app", Language.NODE: "src"}

# Shows what reaches the builder, through the project's own .dockerignore.
PROBE = "FROM scratch\nCOPY . /\n"


@pytest.fixture
def littered(project: Project, tmp_path: Path) -> Path:
    """A copy of the project with secrets in its folder and beside its source."""
    copy = tmp_path / "copy"
    shutil.copytree(project.directory, copy)
    source = copy / SOURCE[project.cell.language]
    for path in (*(copy / name for name in SECRETS), source / ".env", source / "server.key"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("canary")
    return copy


@sampled_cases
def test_no_secret_reaches_the_build_context(
    littered: Path, project: Project, tmp_path: Path
) -> None:
    """Only what .dockerignore names gets to the builder.

    The project's own tests are named there, because the `test` target runs them; the image is
    built without them, which test_cache.py shows. A Node project's own .npmrc is read for its
    settings; with a token in it the build stops, which test_own_packages.py shows.
    """
    (tmp_path / "probe.Dockerfile").write_text(PROBE)
    seen = tmp_path / "seen"
    subprocess.run(
        ["docker", "build", "--quiet", f"--file={tmp_path}/probe.Dockerfile",
         f"--output=type=local,dest={seen}", littered],
        capture_output=True, timeout=60, check=True,
    )  # fmt: skip
    files = [path for path in seen.rglob("*") if path.is_file()]
    assert files
    settings = [Path(".npmrc")] if project.cell.language is Language.NODE else []
    found = [path.relative_to(seen) for path in files if path.read_bytes() == b"canary"]
    assert found == settings


@sampled_cases
def test_no_secret_reaches_a_layer_or_the_history(littered: Path, built_image: str) -> None:
    """The image has the very layers and history that it has without them."""

    def contents(image: str) -> tuple[object, object]:
        inspected = subprocess.run(
            ["docker", "image", "inspect", image], capture_output=True, text=True, check=True
        )
        history = subprocess.run(
            ["docker", "history", "--no-trunc", "--format={{.CreatedBy}}", image],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        return json.loads(inspected.stdout)[0]["RootFS"], history.stdout

    with engine.temporary_image(littered) as tag:
        assert contents(tag) == contents(built_image)
