"""`dockgen add --check` on existing repositories."""

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from dockgen.add import existing, trial
from dockgen.detect import survey
from dockgen.detect.repository import Repository

PROJECTS = Path(__file__).resolve().parent.parent / "projects"


def said(name: str) -> dict[str, Any]:
    """Return the content of a repository's answers file."""
    found: dict[str, Any] = yaml.safe_load((PROJECTS / f"{name}.yml").read_text())
    return found


# Those whose answers file says so: they can be built from what a package index has today. With
# `release` they need other images than the templates do, or long, and are left to `make test-all`.
PROVEN = [
    pytest.param(name, marks=[pytest.mark.release] if proven == "release" else [])
    for name in sorted(path.stem for path in PROJECTS.glob("*.yml"))
    if (proven := said(name).get("proven"))
]


@pytest.mark.parametrize("name", PROVEN)
@pytest.mark.usefixtures("container_engine")
def test_is_built_healthy_and_hardened(name: str, tmp_path: Path) -> None:
    """Without a word of anybody's: each rule holds for the image and for a container of it."""
    folder = shutil.copytree(PROJECTS / name, tmp_path / name)
    repository = Repository(folder)
    detected = survey.look(repository, {})
    assert detected.conflicts == ()
    answers = existing.answers(repository, detected, name, None)
    tried = trial.run(repository, existing.folder(detected), answers, lambda _words: None)

    assert tried.result is not None, tried.log
    checked = tried.result.checked
    assert [finding.message for finding in checked.failures] == []
    assert tried.placeholders == said(name).get("placeholders", [])
    # What was there is as it was, and the trial left nothing of its own.
    assert sorted(path for path in folder.rglob("*") if path.is_file()) == sorted(
        folder / path for path in repository.files
    )


@pytest.mark.parametrize("flavor", ["scratch", pytest.param("alpine", marks=pytest.mark.release)])
@pytest.mark.usefixtures("container_engine")
def test_cgo_runs_without_a_c_library(flavor: str, tmp_path: Path) -> None:
    """It is in the program: linked statically."""
    folder = shutil.copytree(PROJECTS / "go-cgo-square", tmp_path / "go-cgo-square")
    repository = Repository(folder)
    answers = existing.answers(repository, survey.look(repository, {}), "square", flavor)
    tried = trial.run(repository, ".", answers, lambda _words: None)

    assert tried.result is not None, tried.log
    assert [finding.message for finding in tried.result.checked.failures] == []
