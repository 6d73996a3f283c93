"""Git settings in a folder: dockgen starts git there, and git runs nothing of the folder's."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from dockgen import git, template
from dockgen.errors import ProjectError
from dockgen.git import gitfolder, worktree
from dockgen.project import ANSWERS
from tests.conftest import PLAIN, Released, Run
from tests.integration.update.conftest import PERSON, commit
from tests.integration.update.conftest import git as person_git
from tests.table import table


@pytest.fixture(autouse=True)
def person(monkeypatch: pytest.MonkeyPatch) -> None:
    """Someone without settings of their own."""
    for name, value in PERSON.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def marker(tmp_path: Path) -> Path:
    """What a program of the folder's would write."""
    return tmp_path / "ran"


@pytest.fixture
def project(tmp_path: Path, released_project: Released) -> Path:
    """A committed project of an older release."""
    directory = tmp_path / "x/my-app"
    shutil.copytree(released_project("v0.6.0", "python", "slim"), directory)
    person_git("init", "--quiet", "--initial-branch=main", cwd=directory)
    commit(directory)
    return directory


def bare(folder: Path, marker: Path, *, common: bool) -> None:
    """Make a folder of plain files what git takes for a repository, which runs a program."""
    person_git("init", "--quiet", "made", cwd=folder)
    commit(folder / "made", "x")
    git_folder = folder / "made/.git"
    (git_folder / "config").write_text(
        "[core]\n\trepositoryformatversion = 0\n\tbare = false\n\tworktree = .\n"
        f"\tfsmonitor = \"echo > '{marker}'; false\"\n"
    )
    if common:
        (folder / "kept").mkdir()
        for name in ("objects", "refs"):
            (git_folder / name).rename(folder / "kept" / name)
        (git_folder / "config").rename(folder / "kept/config")
        (folder / "commondir").write_text(f"{folder / 'kept'}\n")
        names = ["HEAD", "index"]
    else:
        names = ["HEAD", "index", "config", "objects", "refs"]
    for name in names:
        (git_folder / name).rename(folder / name)
    shutil.rmtree(folder / "made")


@pytest.mark.parametrize("common", [False, True], ids=["whole", "commondir"])
@pytest.mark.parametrize("how", ["--dry-run", "--undo", "--check", ""])
def test_a_folder_that_looks_like_a_repository_is_none(
    project: Path, marker: Path, inline: Run, how: str, *, common: bool
) -> None:
    """It came with a clone, as plain files; git is never started in it."""
    bare(project, marker, common=common)
    (project / ".git").rename(project.parent / ".git")
    done = inline("update", *filter(None, [how]), "--all", project.parent)
    assert not marker.exists()
    if how != "--check":
        assert done.returncode == 3
        assert "looks like a bare git repository" in done.stdout + done.stderr


def test_such_a_folder_below_is_no_trouble(project: Path, marker: Path, inline: Run) -> None:
    """As a test's data, where the project itself has a repository."""
    (project / "data").mkdir()
    bare(project / "data", marker, common=False)
    commit(project)
    assert inline("update", project).returncode == 0
    assert not marker.exists()


def test_hooks_and_monitors_of_a_project_never_run(
    project: Path, marker: Path, inline: Run
) -> None:
    """Under `update`, which writes git's index where there is a conflict; and under `--undo`."""
    for hook in ("post-index-change", "reference-transaction", "post-checkout", "pre-commit"):
        path = project / ".git/hooks" / hook
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\necho > '{marker}'\n")
        path.chmod(0o755)
    dockerfile = project / "Dockerfile"
    dockerfile.write_text(dockerfile.read_text().replace("EXPOSE 8080", "EXPOSE 8080/tcp"))
    commit(project)
    person_git("config", "core.fsmonitor", f"echo > '{marker}'; false", cwd=project)
    marker.unlink()  # the person's own commands run them
    done = inline("update", "--data", "port=9090", project)
    assert done.returncode == 1
    assert "in conflict" in done.stderr
    assert inline("update", "--undo", project).returncode == 0
    assert not marker.exists()


@pytest.fixture
def promisor(project: Path, marker: Path) -> Path:
    """The project, where git would fetch a missing object by a program of the folder's."""
    tree = person_git("rev-parse", "HEAD:", cwd=project).strip()
    (project / f".git/objects/{tree[:2]}/{tree[2:]}").unlink()
    with (project / ".git/config").open("a") as file:
        file.write(
            "[extensions]\n\tpartialClone = origin\n"
            '[protocol "file"]\n\tallow = always\n[protocol "ext"]\n\tallow = always\n'
            f'[remote "origin"]\n\turl = {project}/.git\n\tpromisor = true\n'
            f"\tuploadpack = \"echo > '{marker}'; git-upload-pack\"\n"
        )
    return project


@pytest.mark.parametrize("how", ["--undo", "--dry-run", "--check", ""])
def test_a_missing_object_is_fetched_from_nowhere(
    promisor: Path, marker: Path, inline: Run, how: str
) -> None:
    """It isn't fetched, whatever protocols the folder's settings allow."""
    inline("update", *filter(None, [how]), promisor)
    assert not marker.exists()


def test_an_older_git_fetches_from_nowhere_either(
    promisor: Path, marker: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that doesn't know GIT_NO_LAZY_FETCH yet."""
    monkeypatch.setattr(git, "_NOWHERE", {"GIT_ALLOW_PROTOCOL": ""})
    with pytest.raises(ProjectError):
        worktree.find(promisor)
    assert not marker.exists()
    # And the set-up is right: git on its own runs the program.
    subprocess.run(
        ["git", "rev-parse", "HEAD:"], cwd=promisor, env=PLAIN | PERSON, capture_output=True,
        check=False,
    )  # fmt: skip
    assert marker.exists()


@table("kind", ["root", "below", "worktree", "submodule", "link"])
def test_git_s_folder_is_found_where_git_finds_it(tmp_path: Path, kind: str) -> None:
    """Of each kind of repository that a project may be in."""
    outer = tmp_path / "outer"
    (outer / "apps/one").mkdir(parents=True)
    (outer / "apps/one/file").touch()
    person_git("init", "--quiet", "--initial-branch=main", cwd=outer)
    commit(outer)
    directory = outer
    if kind == "below":
        directory = outer / "apps/one"
    elif kind == "worktree":
        person_git("worktree", "add", "--quiet", tmp_path / "other", cwd=outer)
        directory = tmp_path / "other/apps"
    elif kind == "submodule":
        allowed = ["-c", "protocol.file.allow=always"]
        person_git(*allowed, "submodule", "--quiet", "add", "./", "library", cwd=outer)
        directory = outer / "library/apps"
    elif kind == "link":
        (tmp_path / "link").symlink_to(outer / "apps")
        directory = tmp_path / "link/one"
    found = gitfolder.find(directory)
    assert found is not None
    asked = person_git("rev-parse", "--absolute-git-dir", "--show-prefix", cwd=directory)
    assert asked.splitlines() == [str(found.path.resolve()), found.prefix]


@table("name", ["HEAD", "config", "index", "packed-refs"])
def test_a_pipe_in_git_s_folder_is_refused(tmp_path: Path, name: str) -> None:
    """Git would wait for it."""
    place = tmp_path / name
    person_git("init", "--quiet", place, cwd=tmp_path)
    assert gitfolder.find(place)
    (place / ".git" / name).unlink(missing_ok=True)
    os.mkfifo(place / ".git" / name)
    with pytest.raises(ProjectError, match=f"{name} is not a file"):
        gitfolder.find(place)


def test_a_broken_git_folder_is_passed_by_as_git_does(tmp_path: Path) -> None:
    """An empty .git makes no repository, and a pipe of that name isn't waited for."""
    (tmp_path / "empty/.git").mkdir(parents=True)
    assert gitfolder.find(tmp_path / "empty") is None
    (tmp_path / "pipe").mkdir()
    os.mkfifo(tmp_path / "pipe/.git")
    assert gitfolder.find(tmp_path / "pipe") is None


def test_a_stranger_s_repository_around_takes_no_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, marker: Path
) -> None:
    """Around the folder that a project is rendered into: copier asks git for a setting there."""
    outer = tmp_path / "outer"
    outer.mkdir()
    person_git("init", "--quiet", cwd=outer)
    with (outer / ".git/config").open("a") as file:
        file.write(f"[core]\n\tfileMode = false\n\tfsmonitor = \"echo > '{marker}'; false\"\n")
    monkeypatch.chdir(outer)
    answers = {"name": "my-app", "language": "go", "flavor": "scratch"}
    asked: list[str] = []
    with template.offline() as origin:
        template.render_version(origin, origin.manifest.latest.version, outer / "my-app", answers)
        asked = [name for name in os.environ if name.startswith("GIT_CEILING")]
    assert not marker.exists()
    assert asked == []  # what copier gets is gone again
    assert ANSWERS in {path.name for path in (outer / "my-app").iterdir()}
