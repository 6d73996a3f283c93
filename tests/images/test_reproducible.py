"""The same source gives the same layers, on any machine and at any time."""

import json
import os
import secrets
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from dockgen import template
from dockgen.matrix import ALL, Language
from dockgen.project import Project
from tests.images import steps
from tests.images.conftest import SAMPLE, in_release
from tests.images.steps import Steps

# Builds that use no cache join each other where they do the same at the same time: a worker does
# them one by one.
CELLS = pytest.mark.parametrize(
    "case",
    [*SAMPLE, *in_release(*(str(cell) for cell in ALL if str(cell) not in SAMPLE))],
    indirect=True,
)

# The name of the caches of builds that begin with none.
OWN = "dockgen-test"

# The time of a commit. What a clone writes is younger, and the builder sets it back to this.
COMMITTED = 1_700_000_000


def clone(
    project: Project, directory: Path, *, words: str = "", age: int = 0, strict: bool = False
) -> Path:
    """Copy the project as git would check it out: some seconds ago, and under a umask."""
    shutil.copytree(project.directory, directory)
    if words:
        steps.edit_source(directory, steps.LINE[project.cell.language], words)
    # Never the time of another test's files: of those the builder may keep what it has, unread.
    time_stamp = time.time() - age
    for path in (directory, *directory.rglob("*")):
        path.chmod((0o700 if strict else 0o775) if path.is_dir() else (0o600 if strict else 0o664))
        os.utime(path, (time_stamp, time_stamp))
    return directory


@dataclass(frozen=True)
class Built:
    """The digests of an image's layers, unpacked, and the steps that made them."""

    layers: list[str]
    steps: Steps


def build(context: Path, destination: Path, *options: str, rewrite: bool = True) -> Built:
    """Build as the documentation says, with time stamps rewritten or as they come."""
    # gzip would take longest of all, and the digests are those of what it packs.
    output = f"type=oci,tar=false,dest={destination},compression=uncompressed"
    output += ",rewrite-timestamp=true" if rewrite else ""
    environment = {"SOURCE_DATE_EPOCH": str(COMMITTED)}
    made = steps.build(
        context, "--provenance=false", *options, output=output, environment=environment
    )

    def read(descriptor: Any) -> Any:
        return json.loads(
            (destination / "blobs" / descriptor["digest"].replace(":", "/")).read_text()
        )

    (manifest,) = json.loads((destination / "index.json").read_text())["manifests"]
    config = read(read(manifest)["config"])
    shutil.rmtree(destination)
    return Built(config["rootfs"]["diff_ids"], made)


def build_anew(context: Path, destination: Path, *, rewrite: bool) -> Built:
    """Build without the cache.

    A step that another test's build takes at this very moment is shared with it, and counts as
    cached: that is tried again.
    """
    for _ in range(3):
        made = build(context, destination, "--no-cache", rewrite=rewrite)
        # An empty folder is the same folder; all else is made again.
        if {step.partition(" ")[0] for step in made.steps.cached} <= {"WORKDIR"}:
            return made
    pytest.fail(f"another build made the same, three times: {made.steps.cached}")


@pytest.fixture(scope="session")
def image_store() -> None:
    """Skip where the engine refuses to rewrite: its older image store has no such output."""
    described = subprocess.run(
        ["docker", "info", "--format={{json .DriverStatus}}"],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    if "io.containerd.snapshotter" not in described.stdout:
        pytest.skip("the engine has no containerd image store")


@CELLS
@pytest.mark.xdist_group("no-cache")
@pytest.mark.usefixtures("image_store")
def test_two_clones_give_the_same_layers(project: Project, tmp_path: Path) -> None:
    """Other folder, other time, other umask, and each step run once more."""
    # Go's Dockerfiles set each time stamp themselves, so any builder will do.
    rewrite = project.cell.language is not Language.GO
    # A source that was never built before: the cache may hold its layers from an older template.
    words = secrets.token_hex()
    one = clone(project, tmp_path / "one", words=words)
    two = clone(project, tmp_path / "elsewhere/two", words=words, age=5000, strict=True)
    # `--no-cache` empties those that the Dockerfile has, also while another build uses them.
    steps.exchange_caches(two, OWN)
    first = build(one, tmp_path / "first", rewrite=rewrite)
    second = build_anew(two, tmp_path / "second", rewrite=rewrite)
    assert second.layers == first.layers


# Flavors copy what they make alike.
@pytest.mark.parametrize(
    "case", ["go-scratch", "python-slim", *in_release("node-slim")], indirect=True
)
@pytest.mark.usefixtures("image_store")
def test_rewriting_is_what_does_it(project: Project, tmp_path: Path) -> None:
    """Without it, a layer tells when its files came to the disk of the builder; not with Go."""
    one = clone(project, tmp_path / "one")
    rewritten = build(one, tmp_path / "rewritten")
    plain = build(one, tmp_path / "plain", rewrite=False)
    same = plain.layers[-1] == rewritten.layers[-1]
    assert same == (project.cell.language is Language.GO)


@pytest.mark.release
@pytest.mark.usefixtures("image_store")
def test_packages_give_the_same_layer(tmp_path: Path) -> None:
    """The distribution's packages, installed once more: no log, no cache and no backup differs."""
    answers = {"name": "my-app", "language": "python", "flavor": "slim"}
    answers["runtime_packages"] = "file openssh-client tini"
    context = template.render(tmp_path / "my-app", answers, ask=()).directory
    first, second = (
        build(context, tmp_path / name, "--no-cache", "--target=base") for name in ("one", "two")
    )
    assert [step for step in first.steps.cached + second.steps.cached if "apt-get" in step] == []
    assert len(first.layers) == 2
    assert second.layers == first.layers
