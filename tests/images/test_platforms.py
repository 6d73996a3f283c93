"""Other platforms: Go cross-compiles, the others are built on them."""

import json
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from dockgen.matrix import Cell, Flavor, Language
from dockgen.project import Project
from tests.images import steps
from tests.images.conftest import sampled
from tests.images.steps import Steps


@dataclass(frozen=True)
class Processor:
    """A kind of processor: as `uname` calls it, as Docker does, and by its number in ELF."""

    machine: str
    platform: str
    number: int


AMD64 = Processor("x86_64", "linux/amd64", 62)
ARM64 = Processor("aarch64", "linux/arm64", 183)

COMPILER = "golang:1.27"
# What the final stages stand on.
BASES = {Flavor.SLIM: "debian:trixie-slim", Flavor.ALPINE: "alpine:3.24"}
# How packages name the C libraries of those.
LIBC = {Flavor.SLIM: "gnu", Flavor.ALPINE: "musl", Flavor.SCRATCH: "gnu"}


def cells(language: Language) -> pytest.MarkDecorator:
    """Run the test for the cells of one language, all but one before a release."""
    chosen = [pytest.param(param.id, marks=param.marks) for param in sampled(language)]
    return pytest.mark.parametrize("case", chosen, indirect=True)


@pytest.fixture(scope="session")
def builder() -> Processor:
    """The processor that the engine runs on."""
    described = subprocess.run(
        ["docker", "info", "--format={{.Architecture}}"],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    return {kind.machine: kind for kind in (AMD64, ARM64)}[described.stdout.strip()]


@pytest.fixture(scope="session")
def other(builder: Processor) -> Processor:
    """A processor that the engine doesn't run on."""
    return ARM64 if builder == AMD64 else AMD64


def cross_build(context: Path, other: Processor, *options: str) -> Steps:
    """Build for the other processor, into the folder ``made`` beside the context."""
    return steps.build(
        context, f"--platform={other.platform}", steps.NAME_PLATFORMS, *options,
        output=f"type=local,dest={context.parent / 'made'}",
    )  # fmt: skip


def base(cell: Cell, directory: Path) -> list[str]:
    """Return the option that puts a folder in place of the base image.

    None of the other processor's may be at hand. All that a build of Go takes of it is its list of
    accounts, and no step runs in it.
    """
    if cell.flavor not in BASES:
        return []
    (directory / "etc").mkdir(parents=True)
    for name in ("passwd", "group"):
        (directory / "etc" / name).write_text("root:x:0:\n")
    return [f"--build-context={BASES[cell.flavor]}={directory}"]


@pytest.fixture
def copy(project: Project, tmp_path: Path) -> Path:
    """A copy of the project."""
    return Path(shutil.copytree(project.directory, tmp_path / "my-app"))


@cells(Language.GO)
def test_go_cross_compiles(
    cell: Cell, copy: Path, builder: Processor, other: Processor, tmp_path: Path
) -> None:
    """All steps run on the builder's own processor, and make a binary for the other."""
    made = cross_build(copy, other, *base(cell, tmp_path / "base"))
    binary = tmp_path / "made" / other.platform.replace("/", "_") / "usr/local/bin/my-app"
    header = binary.read_bytes()[:20]
    assert header[:4] == b"\x7fELF"
    assert int.from_bytes(header[18:20], "little") == other.number
    ran = {platform for step, platform in made.platforms.items() if step.startswith("RUN ")}
    assert ran == {builder.platform}


@pytest.mark.parametrize("case", ["go-scratch"], indirect=True)
@pytest.mark.parametrize("keep", [True, False], ids=["as-it-is", "without-buildplatform"])
def test_buildplatform_is_what_does_it(
    keep: bool, copy: Path, builder: Processor, other: Processor, tmp_path: Path
) -> None:
    """Without it, the compiler would be the other processor's, and run in emulation or not at all.

    No compiler is asked for here: an empty folder takes its place.
    """
    dockerfile = copy / "Dockerfile"
    content = dockerfile.read_text()
    assert content.count(" --platform=$BUILDPLATFORM ") == 1
    if not keep:
        dockerfile.write_text(content.replace(" --platform=$BUILDPLATFORM ", " "))
    (tmp_path / "empty").mkdir()
    stand_in = f"--build-context={COMPILER}={tmp_path / 'empty'}"
    made = cross_build(copy, other, stand_in, "--target=toolchain")
    assert made.platforms == {"WORKDIR /src": builder.platform if keep else other.platform}


def install(requirements: Path, target: Path, libc: str) -> "subprocess.CompletedProcess[str]":
    """Install what is locked as an arm64 machine would, wheels only."""
    return subprocess.run(
        [sys.executable, "-m", "uv", "pip", "install", "--no-config", f"--target={target}",
         f"--python-platform=aarch64-unknown-linux-{libc}", "--python-version=3.14",
         "--only-binary=:all:", "--require-hashes", f"--requirement={requirements}"],
        capture_output=True, text=True, timeout=300,
    )  # fmt: skip


@cells(Language.PYTHON)
def test_locked_wheels_are_there_for_arm64(cell: Cell, project: Project, tmp_path: Path) -> None:
    """What is locked on one processor is verified and installed on the other, without compiler."""
    done = install(project.directory / "requirements.txt", tmp_path / "made", LIBC[cell.flavor])
    assert done.returncode == 0, done.stderr
    extensions = [path.name for path in (tmp_path / "made").rglob("*.so")]
    assert extensions == [f"_pydantic_core.cpython-314-aarch64-linux-{LIBC[cell.flavor]}.so"]


@pytest.mark.parametrize("case", ["python-slim"], indirect=True)
def test_a_wheel_that_is_not_locked_would_be_refused(
    cell: Cell, project: Project, tmp_path: Path
) -> None:
    """A lock file with the hash of one wheel alone does for no other machine."""
    locked = (project.directory / "requirements.txt").read_text()
    less, count = re.subn(
        r"(pydantic-core==\S+ \\\n +--hash=\S+)( \\\n +--hash=\S+)+", r"\1", locked
    )
    assert count == 1
    (tmp_path / "requirements.txt").write_text(less)
    done = install(tmp_path / "requirements.txt", tmp_path / "made", LIBC[cell.flavor])
    assert done.returncode == 1
    assert "Hash mismatch for `pydantic-core" in done.stderr


@cells(Language.NODE)
def test_no_locked_package_is_for_one_processor(project: Project) -> None:
    """The sample app of Node is JavaScript alone, so its lock file does on any processor."""
    packages = json.loads((project.directory / "package-lock.json").read_text())["packages"]
    assert len(packages) > 10
    assert [
        name for name, package in packages.items() if {"cpu", "os", "libc"} & set(package)
    ] == []
