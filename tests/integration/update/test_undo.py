"""`dockgen update --undo` restores the state before the last update."""

from pathlib import Path

from tests.integration.update.conftest import Make, Update, commit, edit, git, index, state


def test_brings_back_every_file(make: Make, update: Update) -> None:
    """Changed, deleted and new ones, and the folders they are in."""
    project = make()
    before = state(project)
    assert update("--data", "ci=github", project).code == 0
    assert state(project) != before
    done = update("--undo", project)
    assert (done.code, done.output) == (0, "my-app: undone (v1.0.0 → v1.3.0)\n")
    assert state(project) == before


def test_brings_back_a_conflict_s_index(make: Make, update: Update) -> None:
    """Nothing is in conflict any more, and git sees nothing to do."""
    project = make()
    edit(project / "compose.yaml", "pids_limit: 64", "pids_limit: 99")
    commit(project)
    before = index(project)
    assert update(project).code == 1
    assert update("--undo", project).code == 0
    assert index(project) == before
    assert git("status", "--short", cwd=project) == ""


def test_brings_back_a_file_that_git_does_not_know(make: Make, update: Update) -> None:
    """An ignored file that the update wrote again."""
    project = make("v1.2.0")
    before = (project / ".env").read_bytes()
    update(project)
    assert (project / ".env").read_bytes() != before
    update("--undo", project)
    assert (project / ".env").read_bytes() == before


def test_twice_makes_the_update_again(make: Make, update: Update) -> None:
    """An undo can be undone."""
    project = make()
    update(project)
    after = state(project)
    update("--undo", project)
    done = update("--undo", project)
    assert (done.code, done.output) == (0, "my-app: redone (v1.0.0 → v1.3.0)\n")
    assert state(project) == after


def test_after_a_commit_brings_the_files_back(make: Make, update: Update) -> None:
    """As a change to commit: history is left alone."""
    project = make()
    before = state(project)
    update(project)
    commit(project, "Update")
    assert update("--undo", project).code == 0
    assert state(project) == before
    assert git("log", "--format=%s", cwd=project) == "Update\nStart\n"


def test_what_was_edited_since_is_not_undone(make: Make, update: Update) -> None:
    """The file is named, and nothing is touched."""
    project = make()
    update(project)
    edit(project / "README.md", "# my-app", "# Our app")
    after = state(project)
    done = update("--undo", project)
    assert done.code == 3
    assert "README.md" in done.errors
    assert state(project) == after


def test_without_an_update_there_is_nothing_to_undo(make: Make, update: Update) -> None:
    """The error says so."""
    done = update("--undo", make())
    assert done.code == 3
    assert "nothing to undo" in done.errors


def test_it_lies_in_git_s_own_folder(make: Make, update: Update) -> None:
    """Neither git nor a build context sees it."""
    project: Path = make()
    update(project)
    git("add", "--all", cwd=project)
    assert "dockgen/" not in git("diff", "--cached", "--name-only", cwd=project)
