"""A team's own template on top of this one: what the blocks and `template_root` are for."""

import subprocess
import sys
from pathlib import Path

import pytest

from dockgen import matrix
from dockgen.matrix import Cell
from tests import derived
from tests.conftest import PLAIN, Render, each_cell, tree

# The blocks that every Dockerfile has, with what a team might put there.
OVERRIDES = {
    "build_image": "FROM scratch AS toolchain",
    "build": "RUN build",
    "runtime_image": "FROM scratch AS base",
    "runtime": "COPY own /own",
    "labels": 'LABEL org.opencontainers.image.vendor="Acme"',
}


@pytest.fixture
def team_template(tmp_path: Path) -> Path:
    """A template that vendors this one in base/ and takes all its files over."""
    return derived.make(tmp_path / "team")


def copy(team: Path, project: Path, cell: Cell) -> Path:
    """Render with plain copier, as the team's users may."""
    answers = ["--data", f"language={cell.language}", "--data", f"flavor={cell.flavor}"]
    done = subprocess.run(
        [sys.executable, "-m", "copier", "copy", "--defaults", *answers, team, project],
        env=PLAIN, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return project


@each_cell()
def test_takes_over_what_it_does_not_change(
    team_template: Path, rendered_project: Render, tmp_path: Path, cell: Cell
) -> None:
    """One-line includes give the same files as the vendored template itself."""
    made = tree(copy(team_template, tmp_path / "my-app", cell))
    expected = tree(rendered_project(cell))
    del made[".copier-answers.yml"], expected[".copier-answers.yml"]
    assert made == expected


@each_cell()
def test_every_block_can_be_replaced(team_template: Path, tmp_path: Path, cell: Cell) -> None:
    """The replaced blocks are in the Dockerfile; what dockgen promises still is, too."""
    derived.override(team_template, cell, OVERRIDES)
    dockerfile = (copy(team_template, tmp_path / "my-app", cell) / "Dockerfile").read_text()
    assert [text for text in OVERRIDES.values() if text not in dockerfile] == []
    for promise in ("USER 65532:65532\n", "EXPOSE 8080\n", "HEALTHCHECK --interval="):
        assert promise in dockerfile


def test_a_block_can_be_added_to(
    team_template: Path, rendered_project: Render, tmp_path: Path
) -> None:
    """With super() a team adds a line and keeps the rest."""
    cell = matrix.ALL[0]
    derived.override(team_template, cell, {"runtime": "{{ super() -}}\nCOPY own.crt /etc/ssl/own.crt"})
    dockerfile = (copy(team_template, tmp_path / "my-app", cell) / "Dockerfile").read_text()
    original = (rendered_project(cell) / "Dockerfile").read_text()
    assert dockerfile.replace("COPY own.crt /etc/ssl/own.crt\n", "") == original
