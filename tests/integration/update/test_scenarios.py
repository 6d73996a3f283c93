"""Typical edits of projects, and what an update then does: no line of theirs is lost."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from dockgen import bundle
from tests.conftest import ROOT
from tests.integration.update import history
from tests.integration.update.conftest import Make, Update, commit, edit, git, index, state

ANSWERS = ".copier-answers.yml"
NOTHING_CHANGED = "unchanged"


def status(output: str, path: str) -> str:
    """Return what the report says about a file."""
    for line in output.splitlines():
        words = line.split()
        if words[1:2] == [path]:
            return words[0]
    return NOTHING_CHANGED


def differences(project: Path, fresh: Path) -> set[str]:
    """Return the files in which two projects differ."""
    before, after = state(project), state(fresh)
    return {name for name in {*before, *after} if before.get(name) != after.get(name)}


@pytest.mark.parametrize("version", history.VERSIONS[:-1])
def test_an_untouched_project_becomes_a_new_one(
    make: Make, update: Update, tmp_path: Path, version: str
) -> None:
    """From any release, an update gives what `dockgen new` gives today."""
    project = make(version)
    done = update(project)
    assert done.code == 0, done.errors
    fresh = make(history.NEWEST, tmp_path / "fresh/my-app")
    assert differences(project, fresh) == set()


@pytest.mark.parametrize("to", ["v1.1.0", "1.2.0"])
def test_goes_to_a_named_release(make: Make, update: Update, tmp_path: Path, to: str) -> None:
    """--to names it, with or without the v."""
    project = make("v1.0.0")
    assert update("--to", to, project).code == 0
    fresh = make("v" + to.removeprefix("v"), tmp_path / "fresh/my-app")
    assert differences(project, fresh) == set()


def test_nothing_to_do(make: Make, update: Update) -> None:
    """A project at the newest release stays as it is, and the report says so."""
    project = make(history.NEWEST)
    before = state(project)
    done = update(project)
    assert (done.code, done.output) == (0, "my-app: up to date (v1.3.0)\n")
    assert state(project) == before


def test_git_sees_plain_changes(make: Make, update: Update) -> None:
    """Nothing is committed or staged: that is up to the owner."""
    project = make()
    before = index(project)
    update(project)
    assert index(project) == before
    assert " M Dockerfile" in git("status", "--short", cwd=project)


def test_a_distant_edit_is_merged(make: Make, update: Update) -> None:
    """The owner's line and the template's, both."""
    project = make()
    edit(project / "README.md", "## Limits\n", "## Limits\n\nOurs are lower.\n")
    commit(project)
    done = update(project)
    assert (done.code, status(done.output, "README.md")) == (0, "merged")
    text = (project / "README.md").read_text()
    assert "Ours are lower." in text
    assert "This pulls the newest images" in text


def test_an_edit_of_the_same_line_conflicts(make: Make, update: Update) -> None:
    """Exit code 1, both versions in the file, three stages in the index, and the way on."""
    project = make()
    edit(project / "compose.yaml", "pids_limit: 64", "pids_limit: 99")
    commit(project)
    done = update(project)
    assert (done.code, status(done.output, "compose.yaml")) == (1, "conflict")
    text = (project / "compose.yaml").read_text()
    assert "<<<<<<< before updating\n    pids_limit: 99\n=======\n    pids_limit: 128\n" in text
    assert git("diff", "--name-only", "--diff-filter=U", cwd=project) == "compose.yaml\n"
    stages = [line.split()[2] for line in index(project).splitlines() if "compose.yaml" in line]
    assert stages == ["1", "2", "3"]
    assert "in conflict: compose.yaml" in done.errors
    assert "git add FILE" in done.errors


def test_a_deleted_file_stays_deleted(make: Make, update: Update) -> None:
    """Although the template has a new version of it."""
    project = make()
    (project / "README.md").unlink()
    commit(project)
    done = update(project)
    assert (done.code, status(done.output, "README.md")) == (0, "yours")
    assert not (project / "README.md").exists()


def test_a_deleted_file_does_not_come_back_under_another_name(make: Make, update: Update) -> None:
    """The template renamed what the owner had deleted."""
    project = make("v1.1.0")
    (project / "docker/collect.py").unlink()
    commit(project)
    done = update(project)
    assert status(done.output, "docker/rootfs.py") == "yours"
    assert not (project / "docker/rootfs.py").exists()


def test_a_dropped_file_that_was_edited_stays(make: Make, update: Update) -> None:
    """The template has it no more; the owner has."""
    project = make("v1.1.0")
    edit(project / "NOTES.md", "Read me first.", "Read us first.")
    commit(project)
    done = update(project)
    assert (done.code, status(done.output, "NOTES.md")) == (0, "yours")
    assert "Read us first." in (project / "NOTES.md").read_text()


def test_a_dropped_file_that_was_not_edited_goes(make: Make, update: Update) -> None:
    """It was the template's all along."""
    project = make("v1.1.0")
    done = update(project)
    assert (done.code, status(done.output, "NOTES.md")) == (0, "deleted")
    assert not (project / "NOTES.md").exists()


def test_a_renamed_file_takes_its_edits_along(make: Make, update: Update) -> None:
    """The template renamed and changed it, the owner edited it: all three."""
    project = make("v1.1.0")
    path = project / "docker/collect.py"
    path.write_text(path.read_text() + "\n# Our own line.\n")
    commit(project)
    done = update(project)
    assert (done.code, status(done.output, "docker/rootfs.py")) == (0, "merged")
    text = (project / "docker/rootfs.py").read_text()
    assert "# Our own line." in text
    assert '    """Compile the named modules' in text
    assert not path.exists()


def test_a_moved_file_gets_the_change(make: Make, update: Update) -> None:
    """The owner moved the compose file; the template's change follows it."""
    project = make("v1.1.0")
    (project / "deploy").mkdir()
    (project / "compose.yaml").rename(project / "deploy/compose.yaml")
    commit(project)
    done = update(project)
    assert (done.code, status(done.output, "deploy/compose.yaml")) == (0, "merged")
    assert "pids_limit: 128" in (project / "deploy/compose.yaml").read_text()
    assert not (project / "compose.yaml").exists()


def test_a_moved_dockerfile_gets_the_new_base(make: Make, update: Update) -> None:
    """Moved and edited, it is still the template's Dockerfile."""
    project = make("v1.0.0")
    (project / "Dockerfile").rename(project / "docker/Dockerfile")
    edit(project / "docker/Dockerfile", "EXPOSE 8080\n", "EXPOSE 8080\nLABEL team=ours\n")
    commit(project)
    assert update("--to", "v1.1.0", project).code == 0
    text = (project / "docker/Dockerfile").read_text()
    assert "debian:trixie-slim" in text
    assert "LABEL team=ours" in text


def test_a_binary_file_that_both_changed_conflicts(make: Make, update: Update) -> None:
    """The owner's stays until they choose; the template's is in the index."""
    project = make("v1.2.0")
    (project / "logo.png").write_bytes(history.PICTURE % 77)
    commit(project)
    done = update(project)
    assert (done.code, status(done.output, "logo.png")) == (1, "conflict")
    assert (project / "logo.png").read_bytes() == history.PICTURE % 77
    git("checkout", "--theirs", "logo.png", cwd=project)
    assert (project / "logo.png").read_bytes() == history.PICTURE % 3


def test_a_binary_file_that_the_owner_kept_is_new(make: Make, update: Update) -> None:
    """Byte for byte."""
    project = make("v1.2.0")
    assert update(project).code == 0
    assert (project / "logo.png").read_bytes() == history.PICTURE % 3


def test_a_secret_in_an_ignored_file_stays(make: Make, update: Update) -> None:
    """Git could not bring it back. The template's version is beside."""
    project = make("v1.2.0")
    (project / ".env").write_text("LOG_LEVEL=debug\nTOKEN=secret\n")
    done = update(project)
    assert (done.code, status(done.output, ".env")) == (0, "yours")
    assert (project / ".env").read_text() == "LOG_LEVEL=debug\nTOKEN=secret\n"
    assert (project / ".env.dockgen-new").read_text() == "LOG_LEVEL=info\nWORKERS=1\n"


def test_an_ignored_file_as_the_template_made_it_is_new(make: Make, update: Update) -> None:
    """It was never edited."""
    project = make("v1.2.0")
    done = update(project)
    assert (done.code, status(done.output, ".env")) == (0, "clean")
    assert (project / ".env").read_text() == "LOG_LEVEL=info\nWORKERS=1\n"


def test_an_ignored_file_that_the_template_left_alone_stays(make: Make, update: Update) -> None:
    """There is nothing to compare it with."""
    project = make("v1.0.0")
    (project / ".env").write_text("TOKEN=secret\n")
    assert update("--to", "v1.1.0", project).code == 0
    assert (project / ".env").read_text() == "TOKEN=secret\n"
    assert not (project / ".env.dockgen-new").exists()


def test_an_ignored_file_comes_into_a_fresh_clone(
    make: Make, update: Update, tmp_path: Path
) -> None:
    """It wasn't deleted: it was never committed."""
    git("clone", "--quiet", make("v1.2.0"), tmp_path / "clone", cwd=tmp_path)
    assert update(tmp_path / "clone").code == 0
    assert (tmp_path / "clone/.env").read_text() == "LOG_LEVEL=info\nWORKERS=1\n"


@pytest.mark.parametrize("kind", ["ignored", "untracked"])
def test_a_file_of_the_same_name_that_git_does_not_track_stays(
    make: Make, update: Update, kind: str
) -> None:
    """Whether git ignores it or just was never told of it."""
    project = make("v1.2.0")
    if kind == "ignored":
        (project / ".git/info/exclude").write_text("SECURITY.md\n")
    (project / "SECURITY.md").write_text("mine\n")
    done = update(project)
    assert (done.code, status(done.output, "SECURITY.md")) == (0, "yours")
    assert (project / "SECURITY.md").read_text() == "mine\n"
    assert (project / "SECURITY.md.dockgen-new").read_text().startswith("# Security")


def test_a_file_of_the_same_name_conflicts(make: Make, update: Update) -> None:
    """Both made one."""
    project = make("v1.2.0")
    (project / "SECURITY.md").write_text("mine\n")
    commit(project)
    done = update(project)
    assert (done.code, status(done.output, "SECURITY.md")) == (1, "conflict")
    text = (project / "SECURITY.md").read_text()
    assert "mine\n" in text
    assert "# Security\n" in text


def test_a_tracked_file_that_is_ignored_is_merged(
    make: Make, update: Update, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rule of the owner's own in their global settings hides it from copier's merge."""
    rules, settings = tmp_path / "ignore", tmp_path / "gitconfig"
    rules.write_text("compose.yaml\n")
    settings.write_text(f"[core]\n\texcludesFile = {rules}\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(settings))
    project = make("v1.1.0")
    edit(project / "compose.yaml", "on-failure:5", "always")
    commit(project)
    done = update(project)
    assert (done.code, status(done.output, "compose.yaml")) == (0, "merged")
    text = (project / "compose.yaml").read_text()
    assert "restart: always" in text
    assert "pids_limit: 128" in text


def test_a_tracked_file_that_the_project_ignores_is_merged(make: Make, update: Update) -> None:
    """The same with a rule in the project's own .gitignore."""
    project = make("v1.1.0")
    edit(project / "compose.yaml", "on-failure:5", "always")
    with (project / ".gitignore").open("a") as rules:
        rules.write("compose.yaml\n")
    commit(project)
    done = update(project)
    assert (done.code, status(done.output, "compose.yaml")) == (0, "merged")
    assert "restart: always" in (project / "compose.yaml").read_text()


def test_lost_answers_are_named(make: Make, update: Update) -> None:
    """With the command that brings the file back."""
    project = make()
    (project / ANSWERS).unlink()
    commit(project)
    done = update(project)
    assert done.code == 3
    assert f"has no {ANSWERS}" in done.errors
    assert "git log" in done.errors


def test_answers_that_were_edited_by_hand_lose_nothing(make: Make, update: Update) -> None:
    """The other files still say what they said, or hold both in a conflict."""
    project = make("v1.2.0")
    edit(project / ANSWERS, "http_port: 8080", "http_port: 9090")
    commit(project)
    done = update(project)
    assert done.code in {0, 1}
    assert "8080" in (project / "compose.yaml").read_text()


def test_words_in_the_answers_file_are_told_of(make: Make, update: Update) -> None:
    """Copier writes that file again; what else stood in it is in the report."""
    project = make("v1.2.0")
    with (project / ANSWERS).open("a") as answers:
        answers.write("# ask Ann before you change this\n")
    commit(project)
    assert "# ask Ann before you change this" in update(project).output


def test_a_renamed_question_keeps_its_answer(make: Make, update: Update) -> None:
    """`http_port` became `port`."""
    project = make("v1.2.0", http_port=9999)
    assert update(project).code == 0
    assert "port: 9999\n" in (project / ANSWERS).read_text()
    assert "9999:9999" in (project / "compose.yaml").read_text().replace(
        "${HOST_PORT:-9999}", "9999"
    )


def test_a_removed_question_goes(make: Make, update: Update) -> None:
    """Its answer is no longer asked for, nor recorded."""
    project = make("v1.0.0", maintainer="ann")
    assert update(project).code == 0
    assert "maintainer" not in (project / ANSWERS).read_text()


def test_an_answer_that_is_no_choice_any_more_is_refused(make: Make, update: Update) -> None:
    """Never silently another one."""
    project = make("v1.2.0")
    edit(project / ANSWERS, "flavor: slim", "flavor: distroless")
    commit(project)
    before = state(project)
    done = update(project)
    assert done.code == 2
    assert "flavor" in done.errors
    assert state(project) == before


@pytest.mark.parametrize("version", ["v1.0.0", history.NEWEST])
def test_an_answer_changes(make: Make, update: Update, tmp_path: Path, version: str) -> None:
    """With an update, and without one."""
    project = make(version)
    done = update("--data", "flavor=scratch", project)
    assert done.code == 0, done.errors
    fresh = make(history.NEWEST, tmp_path / "fresh/my-app", flavor="scratch")
    assert differences(project, fresh) == set()


def test_an_answer_that_switches_files_off_spares_edited_ones(make: Make, update: Update) -> None:
    """The CI's files go, except the one that was edited."""
    project = make(history.NEWEST, ci="github")
    workflow = project / ".github/workflows/ci.yml"
    workflow.write_text(workflow.read_text() + "# our own\n")
    commit(project)
    done = update("--data", "ci=none", project)
    assert (done.code, status(done.output, ".github/workflows/ci.yml")) == (0, "yours")
    assert workflow.exists()
    assert not (project / ".github/dependabot.yml").exists()


def test_uncommitted_work_is_refused(make: Make, update: Update) -> None:
    """The files are named, and nothing is touched."""
    project = make()
    edit(project / "README.md", "# my-app", "# Our app")
    before = state(project)
    done = update(project)
    assert done.code == 3
    assert "README.md" in done.errors
    assert "git stash" in done.errors
    assert state(project) == before


def test_staged_work_is_refused(make: Make, update: Update) -> None:
    """The same for what is in the index only."""
    project = make()
    edit(project / "README.md", "# my-app", "# Our app")
    git("add", "README.md", cwd=project)
    assert update(project).code == 3


def test_a_project_without_git_is_refused(make: Make, update: Update) -> None:
    """With the commands that fix it."""
    project = make()
    shutil.rmtree(project / ".git")
    done = update(project)
    assert done.code == 3
    assert "git init && git add --all && git commit" in done.errors


def test_a_project_without_a_commit_is_refused(make: Make, update: Update) -> None:
    """There is nothing to merge with."""
    project = make()
    shutil.rmtree(project / ".git")
    git("init", "--quiet", cwd=project)
    done = update(project)
    assert done.code == 3
    assert "has no commit" in done.errors


def test_a_merge_in_progress_is_refused(make: Make, update: Update) -> None:
    """It is finished or given up first."""
    project = make()
    git("switch", "--quiet", "--create", "other", cwd=project)
    edit(project / "README.md", "# my-app", "# Other app")
    commit(project)
    git("switch", "--quiet", "main", cwd=project)
    edit(project / "README.md", "# my-app", "# Main app")
    commit(project)
    with pytest.raises(subprocess.CalledProcessError):
        git("merge", "other", cwd=project)
    done = update(project)
    assert done.code == 3
    assert "git merge --abort" in done.errors


def test_conflicts_that_are_not_mended_are_refused(make: Make, update: Update) -> None:
    """A second update on top of the first one's conflicts."""
    project = make()
    edit(project / "compose.yaml", "pids_limit: 64", "pids_limit: 99")
    commit(project)
    update("--to", "v1.2.0", project)
    done = update(project)
    assert done.code == 3
    assert "compose.yaml" in done.errors


def test_conflict_markers_that_were_committed_are_refused(make: Make, update: Update) -> None:
    """They'd be merged as if they were text."""
    project = make()
    edit(project / "compose.yaml", "pids_limit: 64", "pids_limit: 99")
    commit(project)
    update("--to", "v1.2.0", project)
    commit(project, "Oops")
    before = state(project)
    done = update(project)
    assert done.code == 3
    assert "compose.yaml has conflict markers" in done.errors
    assert state(project) == before


def test_a_detached_head_is_fine(make: Make, update: Update) -> None:
    """A commit is checked out; its name doesn't matter."""
    project = make()
    git("checkout", "--quiet", "--detach", cwd=project)
    assert update(project).code == 0


def test_a_linked_worktree_is_fine(make: Make, update: Update, tmp_path: Path) -> None:
    """`git worktree add`."""
    git("worktree", "add", "--quiet", "-b", "next", tmp_path / "next", cwd=make())
    assert update(tmp_path / "next").code == 0
    assert "debian:trixie-slim" in (tmp_path / "next/Dockerfile").read_text()


def test_a_submodule_is_fine(make: Make, update: Update, tmp_path: Path) -> None:
    """The project is one in another repository."""
    above = tmp_path / "above"
    above.mkdir()
    git("init", "--quiet", cwd=above)
    git(
        "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", make(), "service",
        cwd=above,
    )  # fmt: skip
    assert update(above / "service").code == 0
    assert "debian:trixie-slim" in (above / "service/Dockerfile").read_text()


def test_a_project_with_a_submodule_is_fine(make: Make, update: Update, tmp_path: Path) -> None:
    """It keeps it."""
    library = tmp_path / "library"
    library.mkdir()
    git("init", "--quiet", cwd=library)
    commit(library)
    project = make()
    git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", library, cwd=project)
    commit(project)
    assert update(project).code == 0
    assert "160000" in index(project)


def test_a_folder_of_a_monorepo_is_fine(make: Make, update: Update, tmp_path: Path) -> None:
    """Its conflicts are recorded under its path, and what else is uncommitted there stays."""
    above = tmp_path / "mono"
    project = make("v1.0.0", above / "services/my-app")
    shutil.rmtree(project / ".git")
    edit(project / "compose.yaml", "pids_limit: 64", "pids_limit: 99")
    (above / "other.txt").write_text("committed\n")
    git("init", "--quiet", cwd=above)
    commit(above)
    (above / "other.txt").write_text("not committed\n")
    done = update(project)
    assert done.code == 1
    assert "debian:trixie-slim" in (project / "Dockerfile").read_text()
    conflicts = git("diff", "--name-only", "--diff-filter=U", cwd=above)
    assert conflicts == "services/my-app/compose.yaml\n"
    assert (above / "other.txt").read_text() == "not committed\n"


def test_line_endings_of_windows_stay(make: Make, update: Update) -> None:
    """Committed with CRLF, a file stays so, and is merged line by line."""
    project = make()
    (project / ".gitattributes").unlink()
    commit(project)
    path = project / "compose.yaml"
    text = path.read_text().replace("on-failure:5", "always")
    path.write_bytes(text.replace("\n", "\r\n").encode())
    commit(project)
    done = update(project)
    assert (done.code, status(done.output, "compose.yaml")) == (0, "merged")
    content = path.read_bytes()
    assert content.count(b"\n") == content.count(b"\r\n")
    assert b"restart: always\r\n" in content
    assert b"pids_limit: 128\r\n" in content


def test_line_endings_that_git_makes_are_git_s(make: Make, update: Update) -> None:
    """With .gitattributes the disk has CRLF and the commit LF: an update keeps that."""
    project = make()
    (project / ".gitattributes").write_text("*.yaml text eol=crlf\n")
    commit(project)
    (project / "compose.yaml").unlink()
    git("checkout", "--", "compose.yaml", cwd=project)
    assert b"\r\n" in (project / "compose.yaml").read_bytes()
    assert update(project).code == 0
    content = (project / "compose.yaml").read_bytes()
    assert content.count(b"\n") == content.count(b"\r\n")
    assert b"pids_limit: 128\r\n" in content


def test_a_missing_line_break_at_the_end_is_no_conflict(make: Make, update: Update) -> None:
    """The last line lost it, and the template changed that line's neighbours."""
    project = make("v1.1.0")
    edit(project / "NOTES.md", "Read me first.\n", "Read me first.")
    path = project / "docker/collect.py"
    path.write_text(path.read_text().rstrip("\n"))
    commit(project)
    done = update(project)
    assert done.code == 0
    assert not (project / "docker/rootfs.py").read_text().endswith("\n")


def test_an_odd_name_is_fine(make: Make, update: Update) -> None:
    """A file of the owner's with a name that needs quoting."""
    project = make()
    (project / 'naïve "file".txt').write_text("mine\n")
    commit(project)
    assert update(project).code == 0
    assert (project / 'naïve "file".txt').read_text() == "mine\n"


def test_a_failing_hook_is_not_asked(make: Make, update: Update) -> None:
    """Nothing is committed, so no hook of the owner's runs."""
    project = make()
    hook = project / ".git/hooks/pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\ntouch ran\nexit 1\n")
    hook.chmod(0o755)
    assert update(project).code == 0
    assert not (project / "ran").exists()


def test_works_inside_of_a_hook(
    make: Make, update: Update, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A hook of another repository names that one in the environment."""
    other = tmp_path / "other"
    other.mkdir()
    git("init", "--quiet", cwd=other)
    project = make()
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other / ".git/index"))
    assert update(project).code == 0
    assert not (other / ".git/index").exists()


def test_there_is_no_way_back(make: Make, update: Update) -> None:
    """A downgrade is refused; --undo is named."""
    done = update("--to", "v1.1.0", make("v1.2.0"))
    assert done.code == 2
    assert "--undo" in done.errors


def test_a_version_that_does_not_exist_is_refused(make: Make, update: Update) -> None:
    """The releases are named."""
    done = update("--to", "v1.9.0", make())
    assert done.code == 2
    assert "v1.0.0, v1.1.0, v1.2.0, v1.3.0" in done.errors


def test_a_newer_template_than_this_dockgen_is_refused(make: Make, update: Update) -> None:
    """Someone else in the team has a newer dockgen."""
    project = make(history.NEWEST)
    edit(project / ANSWERS, "_commit: v1.3.0", "_commit: v2.0.0")
    commit(project)
    done = update(project)
    assert done.code == 3
    assert "the newest in this dockgen is v1.3.0" in done.errors
    assert "get a newer dockgen: git pull in its clone" in done.errors


@pytest.mark.parametrize("version", ["v1.1.0.post1.dev0+g0123456789ab", "main"])
def test_a_version_that_is_no_release_is_refused(make: Make, update: Update, version: str) -> None:
    """It was rendered from a checkout between releases, or by hand."""
    project = make("v1.1.0")
    edit(project / ANSWERS, "_commit: v1.1.0", f"_commit: {version}")
    commit(project)
    done = update(project)
    assert done.code == 3
    assert "which isn't a release" in done.errors


def test_another_template_is_refused(make: Make, update: Update) -> None:
    """The answers file can't send dockgen to another address."""
    project = make()
    edit(project / ANSWERS, "https://dockgen.invalid/dockgen.git", "https://example.com/evil.git")
    commit(project)
    done = update(project)
    assert done.code == 3
    assert "a template that isn't registered here: https://example.com/evil.git" in done.errors


def test_a_former_address_is_known(
    make: Make, update: Update, site: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A project from before the template's move gets the address of today."""
    project = make()
    data = tmp_path / "data"
    shutil.copytree(site / "dockgen/data", data)
    edit(
        data / "templates.json", '"former_urls": []', '"former_urls": ["https://old.invalid/x.git"]'
    )
    monkeypatch.setattr(bundle, "DATA", data)
    edit(project / ANSWERS, "https://dockgen.invalid/dockgen.git", "https://old.invalid/x.git")
    commit(project)
    assert update(project).code == 0
    assert "_src_path: https://dockgen.invalid/dockgen.git" in (project / ANSWERS).read_text()


@pytest.mark.parametrize("kind", ["file", "link"])
def test_something_in_the_way_of_a_folder_is_named(
    make: Make, update: Update, tmp_path: Path, kind: str
) -> None:
    """Above all a link, which would lead out of the project."""
    project = make("v1.1.0")
    shutil.rmtree(project / "docker")
    outside = tmp_path / "outside"
    outside.mkdir()
    if kind == "file":
        (project / "docker").write_text("mine\n")
    else:
        (project / "docker").symlink_to(outside)
    commit(project)
    before = state(project)
    done = update(project)
    assert done.code == 3
    assert "docker is in the way" in done.errors
    assert state(project) == before
    assert list(outside.iterdir()) == []


def test_a_link_in_the_place_of_a_file_stays(make: Make, update: Update, tmp_path: Path) -> None:
    """Its target is never written."""
    project = make()
    outside = tmp_path / "compose.yaml"
    (project / "compose.yaml").rename(outside)
    (project / "compose.yaml").symlink_to(outside)
    commit(project)
    before = outside.read_bytes()
    done = update(project)
    assert (done.code, status(done.output, "compose.yaml")) == (0, "yours")
    assert (project / "compose.yaml").is_symlink()
    assert outside.read_bytes() == before


def test_permissions_stay(make: Make, update: Update) -> None:
    """A file that only its owner may read is not opened to others."""
    project = make()
    (project / "compose.yaml").chmod(0o600)
    assert update(project).code == 0
    assert (project / "compose.yaml").stat().st_mode & 0o777 == 0o600


def test_a_file_that_was_made_executable_stays_so(make: Make, update: Update) -> None:
    """A mode is an edit, too."""
    project = make()
    (project / "docker/collect.py").chmod(0o755)
    commit(project)
    assert update(project).code == 0
    assert os.access(project / "docker/rootfs.py", os.X_OK)


def test_own_files_are_not_touched(make: Make, update: Update) -> None:
    """Their times don't change either."""
    project = make()
    own = project / "app/own.py"
    own.write_text("pass\n")
    commit(project)
    before = own.stat()
    update(project)
    assert (own.stat().st_mtime_ns, own.stat().st_ino) == (before.st_mtime_ns, before.st_ino)


def test_unmanaged_files_are_left_alone(make: Make, update: Update) -> None:
    """The answer names files that the project keeps to itself."""
    project = make("v1.0.0")
    assert update("--to", "v1.1.0", "--data", "unmanaged=[compose.yaml]", project).code == 0
    commit(project)
    before = (project / "compose.yaml").read_bytes()
    assert update(project).code == 0
    assert (project / "compose.yaml").read_bytes() == before


@pytest.mark.parametrize(
    "moved",
    [
        "debian:forky-slim",
        "debian:bookworm-slim@sha256:" + "ab" * 32,
        "mirror.example.com/debian:12",
    ],
)
class TestBases:
    """Base images that Renovate or the owner has moved on."""

    def test_are_kept(self, make: Make, update: Update, moved: str) -> None:
        """The template moved to another one, too: no conflict, and no change back."""
        project = make("v1.0.0")
        edit(project / "Dockerfile", "FROM debian:bookworm-slim AS", f"FROM {moved} AS")
        commit(project)
        done = update(project)
        assert done.code == 0, done.errors
        assert f"FROM {moved} AS base" in (project / "Dockerfile").read_text()

    def test_are_the_template_s_when_asked_for(
        self, make: Make, update: Update, moved: str
    ) -> None:
        """--base-images."""
        project = make("v1.0.0")
        edit(project / "Dockerfile", "FROM debian:bookworm-slim AS", f"FROM {moved} AS")
        commit(project)
        done = update("--base-images", project)
        assert done.code == 0, done.errors
        assert "FROM debian:trixie-slim AS base" in (project / "Dockerfile").read_text()


def test_bases_that_nobody_moved_are_the_template_s(make: Make, update: Update) -> None:
    """An update is how a new Debian release comes."""
    project = make("v1.0.0")
    assert update(project).code == 0
    assert "FROM debian:trixie-slim AS base" in (project / "Dockerfile").read_text()


def test_the_history_is_the_working_copy_s(make: Make) -> None:
    """The newest test release renders the examples that are committed, and its four own files."""
    project = make(history.NEWEST)
    own = {"SECURITY.md", "logo.png", ".env", ANSWERS}
    assert differences(project, ROOT / "examples/python-slim") <= own
