"""dive, which also says how much of an image is wasted, on the same saved images."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from dockgen import engine, template
from dockgen.image import anatomy, saved

# A minute to compile it, for what rarely changes.
pytestmark = [pytest.mark.release, pytest.mark.xdist_group("dive")]

PATIENCE = 300
DIVE = """\
FROM golang:1.27
RUN --mount=type=cache,target=/root/.cache/go-build \
    --mount=type=cache,target=/go/pkg/mod \
    CGO_ENABLED=0 go install github.com/wagoodman/dive@v0.13.1
"""
# Files that are replaced and removed, folders that are removed, one of which is made again, and one
# file that a link still shows.
WASTEFUL = r"""
FROM alpine:3.24
RUN mkdir -p /a/b /c && for one in a/1 a/2 a/b/3 a/b/4 c/5 c/6; do \
    head -c 300000 /dev/urandom >/$one; done && ln /c/6 /linked
RUN head -c 1000 /dev/urandom >/a/1 && rm /a/2 && rm -r /a/b && rm /c/5 && rm /c/6
RUN mkdir -p /a/b && head -c 500000 /dev/urandom >/a/b/3 && head -c 400000 /dev/urandom >/a/1
RUN rm -r /a
"""


@pytest.fixture(scope="module")
def dive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An image with dive in it."""
    folder = tmp_path_factory.mktemp("dive")
    (folder / "Dockerfile").write_text(DIVE)
    with engine.temporary_image(folder) as image:
        yield image


def run(dive: str, archive: Path, command: str) -> "subprocess.CompletedProcess[bytes]":
    """Run a command beside dive, with a saved image that $IMAGE names."""
    with archive.open("rb") as stream:
        return subprocess.run(
            ["docker", "run", "--rm", "--interactive", "--network=none",
             "--env=IMAGE=docker-archive:///tmp/saved.tar", dive,
             "sh", "-c", f"cat >/tmp/saved.tar && {command}"],
            stdin=stream, stdout=subprocess.PIPE, timeout=PATIENCE, check=False,
        )  # fmt: skip


def efficiency(dive: str, archive: Path) -> float:
    """Return dive's efficiency, from 0 to 1."""
    done = run(dive, archive, "dive --json /tmp/facts $IMAGE >&2 && cat /tmp/facts")
    assert done.returncode == 0
    found: float = json.loads(done.stdout)["image"]["efficiencyScore"]
    return found


def test_its_efficiency_is_computed_alike(dive: str, tmp_path: Path) -> None:
    """Of an image in which much is hidden, in all the ways that there are."""
    (tmp_path / "Dockerfile").write_text(WASTEFUL)
    archive = tmp_path / "saved.tar"
    with engine.temporary_image(tmp_path) as image:
        engine.save(image, archive)
    theirs = efficiency(dive, archive)
    assert anatomy.of(saved.read(archive)).dive == pytest.approx(theirs, abs=1e-6)
    assert theirs < 0.9
    assert run(dive, archive, "dive --ci $IMAGE").returncode == 1


def test_go_on_slim_fails_its_gate(dive: str, tmp_path: Path) -> None:
    """As docs/check.md says: setuid files of the base count as waste of what is above it."""
    answers = {"name": "my-app", "language": "go", "flavor": "slim"}
    directory = template.render(tmp_path / "my-app", answers, ask=()).directory
    archive = tmp_path / "saved.tar"
    with engine.temporary_image(directory) as image:
        engine.save(image, archive)
    found = anatomy.of(saved.read(archive, gzip_sizes=False, secrets=False))
    theirs = efficiency(dive, archive)
    assert found.dive == pytest.approx(theirs, abs=1e-6)
    assert theirs > 0.99
    above = sum(part.layer.unpacked_bytes for part in found.parts[1:])
    assert found.hidden_bytes / above == pytest.approx(0.108, abs=0.01)
    assert run(dive, archive, "dive --ci $IMAGE").returncode == 1
    looser = "dive --ci --highestUserWastedPercent=0.15 $IMAGE"
    assert run(dive, archive, looser).returncode == 0
