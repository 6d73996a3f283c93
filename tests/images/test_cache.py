"""What a change makes the builder do again, by the builder's own report: never by the clock."""

import secrets
import shutil
from pathlib import Path

import pytest

from dockgen.matrix import Language
from dockgen.project import Project
from tests.images import steps

# A line of the source: the file, and some words in it.
LINE = {
    Language.GO: ("handlers.go", "Hello, world"),
    Language.PYTHON: ("app/main.py", "Hello from FastAPI"),
    Language.NODE: ("src/app.js", "Hello, world"),
}

# What must run again after that, and nothing else: compile and ship, or just ship.
STEPS = {
    Language.GO: ["COPY . .", "RUN --mount", "COPY --from=build"],
    Language.PYTHON: ["COPY --chmod=0555 app/"],
    Language.NODE: ["COPY --chmod=555 src/"],
}

# Files that no image is made of. Go's tests lie beside the source, and are compiled with it.
BESIDE = {
    Language.GO: ["README.md", "compose.yaml", ".git/config"],
    Language.PYTHON: ["README.md", "compose.yaml", ".git/config", "tests/test_main.py"],
    Language.NODE: ["README.md", "compose.yaml", ".git/config", "test/app.test.js"],
}


@pytest.fixture
def built_copy(project: Project, built_image: str, tmp_path: Path) -> Path:
    """A copy of a project whose image was just built: the cache knows all of it."""
    del built_image  # only to be built first
    copy = tmp_path / "copy"
    shutil.copytree(project.directory, copy)
    return copy


def test_nothing_changed_runs_nothing(built_copy: Path) -> None:
    """The same project in another folder is taken from the cache, step by step."""
    assert steps.build(built_copy).run == []


def test_an_edited_line_runs_no_more_than_it_must(built_copy: Path, project: Project) -> None:
    """Dependencies and the root file system stay; the source is compiled or copied anew."""
    name, words = LINE[project.cell.language]
    source = (built_copy / name).read_text()
    assert words in source
    # Never built before, also not by an earlier run of this test.
    (built_copy / name).write_text(source.replace(words, secrets.token_hex()))
    run = steps.build(built_copy).run
    expected = STEPS[project.cell.language]
    assert [step[: len(start)] for step, start in zip(run, expected, strict=True)] == expected


def test_files_beside_the_source_run_nothing(built_copy: Path, project: Project) -> None:
    """The read-me, the tests and git's own files are no part of the image."""
    for name in BESIDE[project.cell.language]:
        path = built_copy / name
        path.parent.mkdir(exist_ok=True)
        path.write_text((path.read_text() if path.exists() else "") + "\n")
    assert steps.build(built_copy).run == []
