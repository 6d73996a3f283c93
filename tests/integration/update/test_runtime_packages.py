"""Packages of the distribution in existing projects: added, removed, and refused."""

from pathlib import Path

import pytest

from dockgen import cli
from dockgen.matrix import Cell
from tests.conftest import Released, Run, tree
from tests.integration.templates.test_packages import step
from tests.integration.templates.test_team_answers import render_cell
from tests.integration.update.conftest import commit, git
from tests.integration.update.test_releases import committed, files


@pytest.mark.parametrize(("language", "flavor"), [("python", "slim"), ("node", "alpine")])
def test_an_update_from_a_release_brings_and_takes_them(
    released_project: Released, tmp_path: Path, language: str, flavor: str
) -> None:
    """Without an answer nothing comes; asked for later they come, and go again."""
    old = committed(released_project("v0.3.0", language, flavor), tmp_path)
    assert cli.main(["update", str(old)]) == 0
    plain = files(released_project("newest", language, flavor))
    assert files(old) == plain
    assert step(old) == ""
    commit(old)
    assert cli.main(["update", "--data", "runtime_packages=ffmpeg", str(old)]) == 0
    assert "        ffmpeg \\\n" in step(old)
    commit(old)
    assert cli.main(["update", "--data", "runtime_packages=[]", str(old)]) == 0
    assert files(old) == plain


def test_an_update_to_scratch_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The project stays as it is."""
    project = render_cell(tmp_path, Cell.parse("python-slim"), runtime_packages="tini")
    git("init", "--quiet", cwd=project)
    commit(project)
    before = tree(project)
    assert cli.main(["update", "--data", "flavor=scratch", str(project)]) != 0
    printed = capsys.readouterr()
    assert "scratch has no package manager" in printed.out + printed.err
    assert {name: text for name, text in tree(project).items() if ".git/" not in name} == {
        name: text for name, text in before.items() if ".git/" not in name
    }


def test_a_new_project_can_t_keep_its_limits_to_itself(inline: Run, tmp_path: Path) -> None:
    """It has none yet; the next step works."""
    done = inline("new", "my-app", "--defaults", "--unmanaged", "[dockgen.toml]")
    assert done.returncode == 2
    assert "a new project needs the limits in it" in done.stderr
    assert not (tmp_path / "my-app").exists()
    assert inline("new", "my-app", "--defaults").returncode == 0
    git("init", "--quiet", cwd=tmp_path / "my-app")
    commit(tmp_path / "my-app")
    later = inline("update", "--data", "unmanaged=[dockgen.toml]", "my-app")
    assert later.returncode == 0, later.stderr
