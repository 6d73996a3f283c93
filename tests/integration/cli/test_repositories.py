"""Projects in repositories: on Windows, below a root, with a default branch of any name."""

import subprocess
from pathlib import Path

import pytest
import yaml

from dockgen.matrix import Cell
from tests.conftest import Make, Render, Run, each_cell, of, tree
from tests.integration.update.conftest import commit, git


@each_cell()
def test_a_checkout_on_windows_has_the_same_bytes(
    rendered_project: Render, tmp_path: Path, cell: Cell
) -> None:
    """Git's default there turns line ends around, and no shell runs such a script."""
    made = rendered_project(cell)
    repository = tmp_path / "repository"
    subprocess.run(["cp", "-r", made, repository], check=True)
    git("init", "--quiet", cwd=repository)
    commit(repository)
    git(
        "clone", "--quiet", "-c", "core.autocrlf=true", repository, tmp_path / "clone", cwd=tmp_path
    )
    clone = {
        name: content
        for name, content in tree(tmp_path / "clone").items()
        if not name.startswith(".git/")
    }
    assert clone == tree(made)


@pytest.mark.parametrize(("ci", "file"), [("github", ".github"), ("gitlab", ".gitlab-ci.yml")])
def test_ci_files_below_the_root_of_a_repository_are_named(
    inline: Run, tmp_path: Path, ci: str, file: str
) -> None:
    """No CI reads them there, and only dockgen reports that."""
    git("init", "--quiet", cwd=tmp_path)
    done = inline("new", "services/api", "--language=go", "--flavor=scratch", f"--ci={ci}")
    assert done.returncode == 0
    assert f"no CI reads services/api/{file}: it belongs to the root" in done.stderr


@pytest.mark.parametrize("ci", ["github", "none"])
def test_other_projects_hear_nothing_of_it(inline: Run, tmp_path: Path, ci: str) -> None:
    """The root of a repository, a folder without one, and a project without CI files."""
    if ci == "none":
        git("init", "--quiet", cwd=tmp_path)
    done = inline("new", "api", "--language=go", "--flavor=scratch", f"--ci={ci}")
    assert (done.returncode, done.stderr) == (0, "")


def test_the_default_branch_is_checked_whatever_its_name(make: Make) -> None:
    """A push to another one is not: that is for pull requests."""
    workflow = make(**of(Cell.parse("go-scratch")), ci="github") / ".github/workflows/ci.yml"
    content = yaml.safe_load(workflow.read_text())
    assert content[True]["push"] == {"branches": ["**"]}
    assert content["jobs"]["check"]["if"].endswith(
        "github.ref_name == github.event.repository.default_branch"
    )
