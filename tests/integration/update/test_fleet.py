"""Several projects at once, and the reports on one or many."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import PLAIN
from tests.integration.update import history
from tests.integration.update.conftest import PERSON, Make, Update, commit, edit, git, index, state


@pytest.fixture
def fleet(make: Make, tmp_path: Path) -> Path:
    """A folder of four projects: behind, in conflict, with uncommitted work, and up to date."""
    source = tmp_path / "src"
    make("v1.2.0", source / "behind")
    conflict = make("v1.0.0", source / "team/conflict")
    edit(conflict / "compose.yaml", "pids_limit: 64", "pids_limit: 99")
    commit(conflict)
    dirty = make("v1.0.0", source / "dirty")
    edit(dirty / "README.md", "# my-app", "# Our app")
    make(history.NEWEST, source / "new")
    (source / "node_modules/behind").mkdir(parents=True)
    (source / "node_modules/behind/.copier-answers.yml").write_text("no project of anybody's own")
    return source


def test_each_project_is_on_its_own(fleet: Path, update: Update) -> None:
    """One fails, one is in conflict, and the others are updated."""
    done = update("--all", fleet)
    assert done.code == 3, done.output
    assert "debian:trixie-slim" in (fleet / "team/conflict/Dockerfile").read_text(), done.output
    assert (fleet / "behind/SECURITY.md").exists()
    lines = done.output.splitlines()[:4]
    words = {line.split()[0].rpartition("/")[2]: line for line in lines}
    assert "updated (v1.2.0 → v1.3.0)" in words["behind"]
    assert "conflicts (v1.0.0 → v1.3.0)" in words["conflict"]
    assert "failed: " in words["dirty"]
    assert "up to date (v1.3.0)" in words["new"]
    assert "1 of 4 projects failed" in done.errors


def test_names_the_files_in_conflict(fleet: Path, update: Update) -> None:
    """With the project's folder, ready to be opened."""
    done = update("--all", fleet / "team")
    assert done.code == 1
    assert f"conflict {fleet / 'team/conflict/compose.yaml'}" in done.output


def test_named_directories_are_updated(fleet: Path, update: Update) -> None:
    """Without --all they are the projects themselves."""
    assert update(fleet / "behind", fleet / "new").code == 0
    assert (fleet / "behind/SECURITY.md").exists()


def test_check_says_who_is_behind(fleet: Path, update: Update) -> None:
    """Exit code 1, and nothing is written; uncommitted work is no hindrance."""
    before = state(fleet)
    done = update("--check", "--all", fleet)
    assert done.code == 1
    assert done.output.count("behind (") == 3
    assert "3 projects are behind" in done.errors
    assert state(fleet) == before


def test_check_is_content_with_the_newest(make: Make, update: Update) -> None:
    """Exit code 0."""
    done = update("--check", make(history.NEWEST))
    assert (done.code, done.output) == (0, "my-app: up to date (v1.3.0)\n")


def test_check_needs_no_repository(make: Make, update: Update) -> None:
    """As in an image that CI unpacked."""
    project = make()
    (project / ".git").rename(project.parent / "away")
    assert update("--check", project).code == 1


def test_a_dry_run_writes_nothing(make: Make, update: Update) -> None:
    """It writes neither to the project nor to git's folder."""
    project = make()
    before, git_files = state(project), set((project / ".git").rglob("*"))
    done = update("--dry-run", project)
    assert done.code == 0
    assert "nothing was written" in done.output
    assert state(project) == before
    assert set((project / ".git").rglob("*")) == git_files


def test_a_dry_run_s_diff_is_the_update(make: Make, update: Update, tmp_path: Path) -> None:
    """`git apply` makes of it what the update makes."""
    project = make()
    edit(project / "README.md", "## Limits\n", "## Limits\n\nOurs are lower.\n")
    commit(project)
    done = update("--dry-run", "--json", project)
    (report,) = json.loads(done.output)["projects"]
    patch = tmp_path / "update.patch"
    patch.write_text(report["diff"])
    updated = tmp_path / "updated/my-app"
    git("clone", "--quiet", project, updated, cwd=tmp_path)
    update(updated)
    git("apply", "--binary", patch, cwd=project) if "GIT binary" in report["diff"] else None
    names = {line[3:] for line in git("status", "--short", cwd=updated).splitlines()}
    files = {file["path"] for file in report["files"] if file["status"] != "unchanged"}
    assert names <= files


def test_a_dry_run_tells_conflicts(make: Make, update: Update) -> None:
    """By its exit code, too."""
    project = make()
    edit(project / "compose.yaml", "pids_limit: 64", "pids_limit: 99")
    commit(project)
    before = index(project)
    done = update("--dry-run", project)
    assert done.code == 1
    assert "conflict" in done.output
    assert index(project) == before


def test_json_has_every_file(make: Make, update: Update) -> None:
    """For programs: mode, project, versions, and the status of each file."""
    project = make("v1.1.0")
    (project / "README.md").unlink()
    commit(project)
    facts = json.loads(update("--json", project).output)
    assert facts["mode"] == "update"
    (report,) = facts["projects"]
    assert report["directory"] == str(project)
    assert (report["result"], report["from"], report["to"]) == ("updated", "v1.1.0", "v1.3.0")
    statuses = {file["path"]: file["status"] for file in report["files"]}
    assert statuses["compose.yaml"] == "clean"
    assert statuses["NOTES.md"] == "deleted"
    assert statuses["README.md"] == "yours"
    assert statuses["app/main.py"] == "unchanged"
    assert "diff" not in report


def test_json_has_errors(make: Make, update: Update) -> None:
    """Message and hint; the exit code is the error's."""
    project = make()
    edit(project / "README.md", "# my-app", "# Our app")
    done = update("--json", project)
    (report,) = json.loads(done.output)["projects"]
    assert done.code == 3
    assert report["result"] == "failed"
    assert "README.md" in report["error"]["message"]


def test_the_current_directory_is_the_default(
    make: Make, update: Update, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`dockgen update` in a project."""
    project = make()
    monkeypatch.chdir(project)
    assert update().code == 0
    assert "debian:trixie-slim" in (project / "Dockerfile").read_text()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--check", "--dry-run"], "can't be used together"),
        (["--undo", "--to", "v1.1.0"], "--undo can't be used with other options"),
        (["--data", "colour=red"], "unknown question 'colour'"),
    ],
    ids=["two-modes", "undo-to", "unknown-question"],
)
def test_what_cannot_be_meant_is_refused(
    make: Make, update: Update, arguments: list[str], words: str
) -> None:
    """Exit code 2."""
    done = update(*arguments, make())
    assert done.code == 2
    assert words in done.errors


def test_a_folder_without_projects_is_named(update: Update, tmp_path: Path) -> None:
    """--all found nothing."""
    done = update("--all", tmp_path)
    assert done.code == 3
    assert f"no dockgen project below {tmp_path}" in done.errors


def test_a_missing_folder_is_named(update: Update, tmp_path: Path) -> None:
    """A typing mistake."""
    done = update(tmp_path / "none")
    assert done.code == 3
    assert "isn't a directory" in done.errors


def test_a_folder_that_is_no_project_is_named(update: Update, tmp_path: Path) -> None:
    """The error suggests `dockgen new`."""
    done = update(tmp_path)
    assert done.code == 3
    assert "dockgen new" in done.errors


def test_an_installed_dockgen_updates(make: Make, site: Path, tmp_path: Path) -> None:
    """As its own process, from a read-only home without any settings."""
    project = make()
    environment = {name: value for name, value in (PLAIN | PERSON).items() if name != "HOME"}
    done = subprocess.run(
        [sys.executable, "-m", "dockgen", "update", project],
        env=environment | {"PYTHONPATH": str(site), "XDG_CACHE_HOME": os.devnull},
        cwd=tmp_path, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert (project / "SECURITY.md").exists()
