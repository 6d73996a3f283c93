"""checkov's rules for Dockerfiles and workflows, on all rendered files."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from dockgen import matrix, template

# With all that it stands on, as of one day. It is not among the requirements, because a hundred
# packages for one test would slow down everybody's `make venv`.
CHECKOV = (
    *(sys.executable, "-m", "uv", "tool", "run", "--no-config", "--exclude-newer=2026-11-21"),
    *("--from=checkov==3.3.30", "checkov"),
)
OPTIONS = (
    # Its rules are in the package: nothing else is asked for.
    *("--skip-download", "--quiet", "--output=json"),
    *("--framework", "dockerfile", "github_actions", "gitlab_ci"),
    # It breaks at a list within a script, which !reference is, and says nothing about the file.
    "--skip-check=CKV_GITLABCI_1",
)

# A hundred packages and half a minute for what rarely changes.
pytestmark = pytest.mark.release

# How long it may take to install and to run, in seconds.
PATIENCE = 600

UNSOUND_DOCKERFILE = """\
FROM debian:latest
USER root
"""
UNSOUND_WORKFLOW = """\
on: push
permissions: write-all
jobs:
  greet:
    runs-on: ubuntu-latest
    steps:
      - run: echo ${{ github.event.issue.title }}
"""


def failed(directory: Path) -> dict[str, set[str]]:
    """Return the rules that something below ``directory`` breaks, by kind of file.

    A kind is named only if a rule of it was looked at.
    """
    done = subprocess.run(
        [*CHECKOV, *OPTIONS, f"--directory={directory}"],
        capture_output=True, text=True, timeout=PATIENCE,
    )  # fmt: skip
    assert "[ERROR]" not in done.stderr, done.stderr
    reports = json.loads(done.stdout)
    return {
        report["check_type"]: {check["check_id"] for check in report["results"]["failed_checks"]}
        for report in (reports if isinstance(reports, list) else [reports])
        if report["summary"]["passed"] + report["summary"]["failed"]
    }


@pytest.fixture
def rendered(tmp_path: Path) -> Path:
    """A project of each cell with GitHub's files, and one with GitLab's."""
    for cell in matrix.ALL:
        answers = {"name": "my-app", "language": cell.language, "flavor": cell.flavor}
        template.render(tmp_path / str(cell), {**answers, "ci": "github"}, ask=())
    template.render(
        tmp_path / "gitlab", {"name": "my-app", "language": "go", "ci": "gitlab"}, ask=()
    )
    return tmp_path


def test_everything_passes_checkov(rendered: Path) -> None:
    """No rule is broken."""
    assert failed(rendered) == {
        "dockerfile": set(),
        "github_actions": set(),
        "gitlab_ci": set(),
    }


def test_checkov_would_find_something(tmp_path: Path) -> None:
    """A base of no version, a root user, no health check, and a workflow that may write all."""
    (tmp_path / "Dockerfile").write_text(UNSOUND_DOCKERFILE)
    (tmp_path / ".github/workflows").mkdir(parents=True)
    (tmp_path / ".github/workflows/ci.yml").write_text(UNSOUND_WORKFLOW)
    assert failed(tmp_path) == {
        "dockerfile": {"CKV_DOCKER_2", "CKV_DOCKER_7", "CKV_DOCKER_8"},
        "github_actions": {"CKV2_GHA_1", "CKV_GHA_2"},
    }
