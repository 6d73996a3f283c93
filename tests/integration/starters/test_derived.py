"""A team's own template on top of this one: the purpose of the blocks and `template_root`."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from dockgen import matrix
from dockgen import project as projects
from dockgen.matrix import Cell
from tests import derived
from tests.conftest import PLAIN, PlainCopier, Render, answers, each_cell, of, tree
from tests.integration.update.conftest import PERSON, commit, edit, git

Copy = Callable[..., Path]

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


# A team decides what dockgen asks, and says where CI gets dockgen from.
DECIDED = """\
!include base/copier.yml
---
template_root: {type: str, when: false, default: "base/"}
dockgen_source: {type: str, when: false, default: "git+https://git.example.com/dockgen.git@v0.4.0"}
language: {type: str, when: false, default: node}
flavor: {type: str, when: false, default: slim}
port: {type: int, when: false, default: 9000}
ci: {type: str, when: false, default: CI}
"""


def decide(team: Path, ci: str) -> None:
    """Let the team's template compute what dockgen asks."""
    (team / "copier.yml").write_text(DECIDED.replace("CI", ci))


@pytest.fixture
def copy(plain_copier: PlainCopier, team_template: Path, tmp_path: Path) -> Copy:
    """Render with plain copier, as the team's users may; without a cell, by its defaults."""

    def render(cell: Cell | None = None) -> Path:
        return plain_copier(tmp_path / "my-app", of(cell) if cell else {}, team_template)

    return render


@each_cell()
def test_takes_over_what_it_does_not_change(
    copy: Copy, rendered_project: Render, cell: Cell
) -> None:
    """One-line includes give the same files as the vendored template itself."""
    made = tree(copy(cell))
    expected = tree(rendered_project(cell))
    del made[".copier-answers.yml"], expected[".copier-answers.yml"]
    assert made == expected


@each_cell()
def test_every_block_can_be_replaced(team_template: Path, copy: Copy, cell: Cell) -> None:
    """The replaced blocks are in the Dockerfile; what dockgen promises still is, too."""
    derived.override(team_template, cell, OVERRIDES)
    dockerfile = (copy(cell) / "Dockerfile").read_text()
    assert [text for text in OVERRIDES.values() if text not in dockerfile] == []
    for promise in ("USER 65532:65532\n", "EXPOSE 8080\n", "HEALTHCHECK --interval="):
        assert promise in dockerfile


def test_a_block_can_be_added_to(team_template: Path, rendered_project: Render, copy: Copy) -> None:
    """With super() a team adds a line and keeps the rest."""
    cell = matrix.ALL[0]
    derived.override(
        team_template, cell, {"runtime": "{{ super() -}}\nCOPY own.crt /etc/ssl/own.crt"}
    )
    dockerfile = (copy(cell) / "Dockerfile").read_text()
    original = (rendered_project(cell) / "Dockerfile").read_text()
    assert dockerfile.replace("COPY own.crt /etc/ssl/own.crt\n", "") == original


def test_decided_answers_are_recorded(team_template: Path, copy: Copy) -> None:
    """Dockgen finds what it needs in the project, without a prompt."""
    decide(team_template, "none")
    project = copy()
    recorded = answers(project)
    needed = {"name": "my-app", "language": "node", "flavor": "slim", "port": 9000}
    assert {name: recorded[name] for name in needed} == needed
    assert "ci" not in recorded


@pytest.mark.parametrize(
    ("ci", "name"),
    [
        ("github", ".github/workflows/ci.yml"),
        ("github", ".github/workflows/release.yml"),
        ("gitlab", ".gitlab-ci.yml"),
    ],
)
def test_ci_gets_dockgen_from_where_the_team_says(
    team_template: Path, copy: Copy, ci: str, name: str
) -> None:
    """It doesn't come from the team's template, which isn't a Python package."""
    decide(team_template, ci)
    text = (copy() / name).read_text()
    assert 'DOCKGEN: "git+https://git.example.com/dockgen.git@v0.4.0"\n' in text
    assert str(team_template) not in text


def test_decided_answers_can_change(team_template: Path, copy: Copy) -> None:
    """A plain `copier update` takes what the team decides now, not what is recorded."""
    decide(team_template, "none")
    git("init", "--quiet", cwd=team_template)
    commit(team_template)
    git("tag", "v1.0.0", cwd=team_template)
    project = copy()
    loaded = projects.load(project)
    assert (loaded.template_version, str(loaded.cell)) == ("v1.0.0", "node-slim")
    git("init", "--quiet", cwd=project)
    commit(project)
    edit(team_template / "copier.yml", "default: slim", "default: alpine")
    commit(team_template)
    git("tag", "v1.1.0", cwd=team_template)
    subprocess.run(
        [sys.executable, "-m", "copier", "update", "--defaults", project],
        env=PLAIN | PERSON, stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=True,
    )  # fmt: skip
    recorded = answers(project)
    assert (recorded["_commit"], recorded["flavor"], recorded["port"]) == ("v1.1.0", "alpine", 9000)
    assert "alpine:3" in (project / "Dockerfile").read_text()
    assert not list(project.rglob("*.rej"))
