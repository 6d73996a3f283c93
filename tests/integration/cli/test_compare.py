"""`dockgen compare` of two saved images, which needs no engine."""

import json
from pathlib import Path

import pytest

from tests.conftest import Run
from tests.unit.image.test_saved import docker_archive, entry, tar

NO_ENGINE = {"DOCKER_HOST": "unix:///nowhere.sock", "PATH": "/nowhere"}


@pytest.fixture
def images(tmp_path: Path) -> tuple[Path, Path]:
    """Two of them: the second one has a larger program and another user."""
    base = tar(entry("lib/a", b"a" * 1000))
    history = [{"created_by": "COPY base /"}, {"created_by": "RUN /bin/sh -c make # buildkit"}]
    before = docker_archive(
        tmp_path / "a.tar", base, tar(entry("app", b"1" * 2_000_000)),
        config={"User": "root"}, history=history,
    )  # fmt: skip
    after = docker_archive(
        tmp_path / "b.tar", base, tar(entry("app", b"2" * 3_000_000), entry("[b]x\x1b[1m", b"x")),
        config={"User": "65532"}, history=history,
    )  # fmt: skip
    return before, after


def test_two_tars_need_no_engine(inline: Run, images: tuple[Path, Path]) -> None:
    """Exit 0, with configuration, layers and files; names that a terminal would obey are spelt."""
    done = inline("compare", *images, environment=NO_ENGINE)
    assert (done.returncode, done.stderr) == (0, "")
    for words in (
        "a.tar 2.02 MB → b.tar 3.02 MB: +1.00 MB unpacked",
        "user: root → 65532",
        "layers: 1 shared (0.01 MB)",
        "3.01 MB  RUN make",
        "1 file changed: 2.00 → 3.00 MB",
        "3.00 MB (+1.00)  /app  content",
        "/[b]x\\x1b[1m",
    ):
        assert words in done.stdout
    assert "/lib/a" not in done.stdout


def test_the_same_image_is_told_in_one_line(inline: Run, images: tuple[Path, Path]) -> None:
    """Nothing is listed."""
    done = inline("compare", images[0], images[0], environment=NO_ENGINE)
    assert done.returncode == 0
    assert "They are the same" in done.stdout


def test_programs_get_each_file(inline: Run, images: tuple[Path, Path]) -> None:
    """With both sides of it."""
    done = inline("compare", *images, "--json", environment=NO_ENGINE)
    assert (done.returncode, done.stderr) == (0, "")
    facts = json.loads(done.stdout)
    assert facts["differs"]
    assert facts["settings"] == [{"name": "user", "before": "root", "after": "65532"}]
    (shared,) = facts["layers"]["shared"]
    assert shared.startswith("sha256:")
    assert {one["change"] for one in facts["layers"]["changes"]} == {"added", "removed"}
    changed = facts["files"]["changes"][0]
    assert (changed["path"], changed["what"]) == ("/app", ["content"])
    assert (changed["before"]["bytes"], changed["after"]["bytes"]) == (2_000_000, 3_000_000)
    assert facts["files"]["added"] == {"files": 1, "before_bytes": 0, "after_bytes": 1}


def test_one_of_several_in_a_file(inline: Run, images: tuple[Path, Path]) -> None:
    """Its name decides, once for both or once for each."""
    done = inline("compare", *images, "--image", "app:1", environment=NO_ENGINE)
    assert done.returncode == 0
    done = inline("compare", *images, "--image=app:1", "--image=app:2", environment=NO_ENGINE)
    assert done.returncode == 3
    assert "no image called app:2" in done.stderr
    done = inline("compare", *images, *["--image=app:1"] * 3, environment=NO_ENGINE)
    assert done.returncode == 2


@pytest.mark.parametrize("name", ["missing.tar", "./missing", "/missing"])
def test_a_missing_file_is_no_image_s_name(
    inline: Run, images: tuple[Path, Path], name: str
) -> None:
    """Exit 3, without asking an engine."""
    done = inline("compare", images[0], name, environment=NO_ENGINE)
    assert (done.returncode, done.stdout) == (3, "")
    assert f"{name} can't be read: the file doesn't exist" in done.stderr


def test_an_image_needs_an_engine(inline: Run, images: tuple[Path, Path]) -> None:
    """Exit 4."""
    done = inline("compare", images[0], "my-app:1.2", environment=NO_ENGINE)
    assert (done.returncode, done.stdout) == (4, "")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["a", "b", "c"], "3 are too many to compare"),
        (["a.tar", "b.tar", "--flavors=slim"], "--flavors is for a project"),
        (["--platform=linux/arm64"], "--platform is for two images"),
        (["--json", "--format=markdown"], "can't be used together"),
        (["a.tar", "b.tar", "--format=markdown"], "text or JSON"),
        (["--flavors=slim,mars"], "there is no flavor mars"),
    ],
)
def test_what_does_not_go_together_is_refused(
    inline: Run, images: tuple[Path, Path], arguments: list[str], words: str
) -> None:
    """Exit 2, before anything is read or built."""
    del images
    done = inline("compare", *arguments, environment=NO_ENGINE)
    assert (done.returncode, done.stdout) == (2, "")
    assert words in done.stderr


def test_a_folder_that_is_no_project_is_named(inline: Run, tmp_path: Path) -> None:
    """Exit 3, with the command that makes it one."""
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    done = inline("compare", environment=NO_ENGINE)
    assert done.returncode == 3
    assert "isn't a dockgen project" in done.stderr
    assert "dockgen add" in done.stderr
