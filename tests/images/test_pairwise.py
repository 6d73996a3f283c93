"""The engine's own check of the Dockerfiles of the pairwise cover: no warning."""

from dataclasses import replace
from pathlib import Path

import pytest

from dockgen import cases, engine
from dockgen.cases import Case
from tests.pairwise import CASES

# The check looks at the base images, so it gets those that are there.
ELSEWHERE = {"registry", "language_version"}


@pytest.mark.parametrize("case", CASES, indirect=True, ids=lambda case: case.name)
def test_dockerfile_passes_build_check(case: Case, tmp_path: Path) -> None:
    """`docker build --check` reads it as BuildKit does."""
    answers = {name: value for name, value in case.answers.items() if name not in ELSEWHERE}
    project = cases.render(replace(case, answers=answers), tmp_path / "my-app")
    assert engine.build_check(project.directory) == ""
