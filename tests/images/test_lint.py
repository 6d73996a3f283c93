"""The builder's own linter on every rendered Dockerfile."""

import subprocess
from pathlib import Path

import pytest

from dockgen.project import Project


def check(context: Path) -> "subprocess.CompletedProcess[str]":
    """Run `docker build --check`, which ends with 1 on any warning."""
    described = subprocess.run(["docker", "build", "--help"], capture_output=True, text=True)
    if "--check" not in described.stdout:
        pytest.skip("docker build --check came with buildx 0.15")
    return subprocess.run(
        ["docker", "build", "--check", "."], cwd=context, capture_output=True, text=True, timeout=60
    )


def test_dockerfile_passes_build_check(project: Project) -> None:
    """No warning at all."""
    done = check(project.directory)
    assert done.returncode == 0, done.stdout
    assert "no warnings found" in done.stdout


def test_build_check_would_find_something(tmp_path: Path) -> None:
    """A stage whose `as` is in another case than its FROM is a warning."""
    (tmp_path / "Dockerfile").write_text("FROM scratch as base\nCOPY . /\n")
    done = check(tmp_path)
    assert done.returncode == 1
    assert "FromAsCasing" in done.stdout
