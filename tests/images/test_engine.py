"""How dockgen uses the engine, and that it cleans up."""

import secrets
from pathlib import Path

import pytest

from dockgen import engine
from dockgen.engine import BuildError, Container, RunOptions, command
from dockgen.errors import ProjectError
from dockgen.image import Image
from dockgen.image import saved as saved_image
from tests.images.conftest import Measure


@pytest.fixture
def context(tmp_path: Path) -> Path:
    """The smallest image there is: one file."""
    (tmp_path / "Dockerfile").write_text('FROM scratch\nCOPY Dockerfile /\nCMD ["/nothing"]\n')
    return tmp_path


def test_the_engine_is_new_enough() -> None:
    """This machine's engine is one that dockgen accepts."""
    version = engine.require()
    assert int(version.server.split(".")[0]) >= command.MINIMUM


def test_a_saved_image_is_read(context: Path, tmp_path: Path) -> None:
    """image.saved reads what this engine saves."""
    saved = tmp_path / "image.tar"
    with engine.temporary_image(context) as tag:
        engine.save(tag, saved)
    image = saved_image.read(saved)
    assert list(image.tree) == ["/Dockerfile"]
    assert image.config.command == ("/nothing",)


@pytest.mark.parametrize("case", ["go-scratch", "python-alpine", "node-scratch"], indirect=True)
def test_an_image_is_read_the_same_without_a_memory(
    built_image: str,
    image: Image,
    layers: Measure,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As users' images are: these tests measure a layer that they know only once."""
    monkeypatch.setattr(saved_image, "read_layer", layers)
    saved = tmp_path / "image.tar"
    engine.save(built_image, saved)
    assert saved_image.read(saved).layers == image.layers


def test_a_temporary_image_is_gone(context: Path, tmp_path: Path) -> None:
    """Both the tag and the image are removed."""
    with engine.temporary_image(context) as tag:
        pass
    with pytest.raises(ProjectError, match="docker save failed"):
        engine.save(tag, tmp_path / "image.tar")


def test_cache_mounts_of_a_new_name_are_empty(context: Path) -> None:
    """They are empty even if another build filled those of that path; used names keep theirs."""
    step = "FROM debian:trixie-slim\nRUN --mount=type=cache,target=/mounted"
    name = secrets.token_hex(6)
    (context / "Dockerfile").write_text(f"{step} mkdir /mounted/{name}\n")
    engine.build(context, no_cache=True, cache_mounts=name)
    (context / "Dockerfile").write_text(f"{step} test -d /mounted/{name}\n")
    with pytest.raises(BuildError, match=f"test -d /mounted/{name}"):
        engine.build(context, cache_mounts=f"{name}-other")
    engine.build(context, cache_mounts=name)


def test_a_failed_build_says_why(context: Path) -> None:
    """The engine's own reason is in the message."""
    (context / "Dockerfile").write_text("FROM scratch\nCOPY nowhere /\n")
    with pytest.raises(BuildError, match='"/nowhere": not found'):
        engine.build(context)


def test_a_missing_image_is_named() -> None:
    """It isn't silently pulled."""
    with (
        pytest.raises(ProjectError, match="docker run failed"),
        engine.run("sha256:" + 64 * "0", RunOptions()),
    ):
        pytest.fail("there is no such image")


def test_a_command_that_cannot_be_started_is_named(context: Path) -> None:
    """Its container, which the engine has made already, is gone."""
    with (
        engine.temporary_image(context) as tag,
        pytest.raises(ProjectError, match=r"docker run failed: .*/nothing"),
        engine.run(tag, RunOptions()),
    ):
        pytest.fail("there is no such command")


def test_removing_twice_is_no_error() -> None:
    """A missing image is fine."""
    Container("dockgen-test-nobody-made-it").remove()
