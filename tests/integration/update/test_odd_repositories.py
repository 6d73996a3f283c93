"""Unusual repositories, settings and users."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import PLAIN
from tests.integration.update.conftest import PERSON, Make, Update, commit, edit, git, index, state

ANSWERS = ".copier-answers.yml"


def run(
    site: Path, *arguments: str | Path, **environment: str
) -> "subprocess.CompletedProcess[str]":
    """Run dockgen with the test history as its own process."""
    return subprocess.run(
        [sys.executable, "-m", "dockgen", *map(str, arguments)],
        env=PLAIN | PERSON | {"PYTHONPATH": str(site)} | environment,
        cwd=site.parent, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120,
        errors="replace",
    )  # fmt: skip


def test_a_hook_s_own_repository_is_left_alone(make: Make, site: Path) -> None:
    """Git names it in a hook's environment, also when it is the project's own."""
    project = make("v1.1.0")
    # A tag of the user's with the name of a release must not be taken for it.
    git("tag", "-a", "-m", "ours", "v1.2.0", cwd=project)
    before, refs = index(project), git("for-each-ref", cwd=project)
    folder = project / ".git"
    done = run(
        site, "update", "--to", "v1.2.0", project,
        GIT_DIR=str(folder), GIT_INDEX_FILE=str(folder / "index"), GIT_WORK_TREE=str(project),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert (index(project), git("for-each-ref", cwd=project)) == (before, refs)
    assert git("log", "--format=%s", cwd=project) == "Start\n"
    assert (project / "docker/rootfs.py").exists()


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The person's own git settings, to be written."""
    path = tmp_path / "gitconfig"
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(path))
    return path


def test_line_endings_of_the_person_s_settings(
    make: Make, update: Update, settings: Path, tmp_path: Path
) -> None:
    """core.autocrlf: the clone has CRLF on the disk, which is no change.

    In a project whose owner deleted .gitattributes, which would decide.
    """
    project = make()
    (project / ".gitattributes").unlink()
    commit(project)
    settings.write_text("[core]\n\tautocrlf = true\n")
    subprocess.run(["git", "clone", "--quiet", project, tmp_path / "clone"], check=True)
    assert b"\r\n" in (tmp_path / "clone/compose.yaml").read_bytes()
    done = update(tmp_path / "clone")
    assert done.code == 0, done.errors
    content = (tmp_path / "clone/compose.yaml").read_bytes()
    assert content.count(b"\n") == content.count(b"\r\n")
    assert b"pids_limit: 128" in content


def test_a_filter_of_the_person_s_settings(make: Make, update: Update, settings: Path) -> None:
    """As that of git-lfs: what is on the disk is not what is committed."""
    settings.write_text('[filter "shout"]\n\tclean = tr A-Z a-z\n\tsmudge = tr a-z A-Z\n')
    project = make()
    (project / ".gitattributes").write_text("NOTES.md filter=shout\ncompose.yaml filter=shout\n")
    subprocess.run(["git", "add", "--all"], cwd=project, check=True)
    subprocess.run(["git", "commit", "-qm", "Shout"], cwd=project, check=True)
    done = update(project)
    assert done.code == 0, done.errors
    assert "PIDS_LIMIT: 128" in (project / "compose.yaml").read_text()


def test_another_conflict_style_is_for_their_own_merges(
    make: Make, update: Update, settings: Path
) -> None:
    """The markers are copier's, whatever merge.conflictStyle says."""
    settings.write_text("[merge]\n\tconflictStyle = diff3\n")
    project = make()
    edit(project / "compose.yaml", "pids_limit: 64", "pids_limit: 99")
    commit(project)
    assert update(project).code == 1
    assert "|||||||" not in (project / "compose.yaml").read_text()


@pytest.mark.parametrize("flag", ["--assume-unchanged", "--skip-worktree"])
def test_edits_that_git_was_told_not_to_see_stay(make: Make, update: Update, flag: str) -> None:
    """The file is named, with the command that shows it to git again."""
    project = make()
    git("update-index", flag, "compose.yaml", cwd=project)
    with (project / "compose.yaml").open("a") as file:
        file.write("# mine\n")
    before = state(project)
    done = update(project)
    assert done.code == 3
    assert "compose.yaml is hidden from git" in done.errors
    assert "--no-assume-unchanged --no-skip-worktree compose.yaml" in done.errors
    assert state(project) == before


def test_a_base_image_in_a_file_with_crlf_is_nobody_s_move(make: Make, update: Update) -> None:
    """Line endings are no version, where the project has none of its own choice."""
    project = make()
    (project / ".gitattributes").unlink()
    commit(project)
    path = project / "Dockerfile"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    commit(project)
    assert update(project).code == 0
    assert b"FROM debian:trixie-slim AS base\r\n" in path.read_bytes()


def test_a_link_where_the_template_renames_a_file_stays(make: Make, update: Update) -> None:
    """The template's file comes under its new name."""
    project = make("v1.1.0")
    (project / "shared").mkdir()
    (project / "docker/collect.py").rename(project / "shared/ours.py")
    edit(project / "shared/ours.py", "import", "import os as own\nimport")
    (project / "docker/collect.py").symlink_to("../shared/ours.py")
    commit(project)
    done = update(project)
    assert done.code == 0, done.errors
    assert (project / "docker/collect.py").is_symlink()
    assert (project / "docker/rootfs.py").is_file()
    assert "import os as own" in (project / "shared/ours.py").read_text()


def test_a_name_that_is_no_text_is_fine(make: Make, update: Update) -> None:
    """A file of the owner's, which is nothing to the template."""
    project = make()
    name = os.fsencode(project) + b"/caf\xe9.txt"
    Path(os.fsdecode(name)).write_text("mine\n")
    commit(project)
    assert update(project).code == 0
    assert Path(os.fsdecode(name)).read_text() == "mine\n"


def test_another_encoding_on_the_disk_stays(make: Make, update: Update) -> None:
    """working-tree-encoding in .gitattributes."""
    project = make()
    (project / ".gitattributes").write_text("README.md text working-tree-encoding=UTF-16\n")
    text = (project / "README.md").read_text()
    (project / "README.md").write_text(text, encoding="utf-16")
    commit(project)
    done = update(project)
    assert done.code == 0, done.errors
    assert "This pulls the newest images" in (project / "README.md").read_text(encoding="utf-16")


def test_a_path_with_a_line_break_is_fine(make: Make, update: Update, tmp_path: Path) -> None:
    """It is odd, and it is allowed."""
    project = make("v1.0.0", tmp_path / 'odd\n"place"/my-app')
    assert update(project).code == 0
    assert "debian:trixie-slim" in (project / "Dockerfile").read_text()


@pytest.mark.parametrize("kind", ["json", "other-keys"])
def test_answers_in_another_form_are_fine(make: Make, update: Update, kind: str) -> None:
    """YAML has more than one, and keys need not be text."""
    project = make("v1.1.0")
    path = project / ANSWERS
    if kind == "json":
        import yaml

        path.write_text(json.dumps(yaml.safe_load(path.read_text())))
    else:
        path.write_text(path.read_text() + "1: mine\n")
    commit(project)
    done = update(project)
    assert done.code == 0, done.errors
    assert "_commit: v1.3.0" in path.read_text()


def test_answers_that_are_not_committed_are_named(make: Make, update: Update) -> None:
    """With the command that commits them."""
    project = make()
    git("rm", "--quiet", "--cached", ANSWERS, cwd=project)
    git("commit", "--quiet", "-m", "Forget", cwd=project)
    done = update(project)
    assert done.code == 3
    assert f"git add --force {ANSWERS}" in done.errors


def test_object_names_that_copier_cannot_merge_are_named(
    make: Make, update: Update, tmp_path: Path
) -> None:
    """A repository with sha256."""
    project = tmp_path / "new/my-app"
    made = make()
    git("init", "--quiet", "--object-format=sha256", project, cwd=tmp_path)
    for path in made.iterdir():
        if path.name != ".git":
            path.rename(project / path.name)
    commit(project)
    done = update(project)
    assert done.code == 3
    assert "sha256 object names" in done.errors


def test_a_submodule_s_own_changes_are_its_own(make: Make, update: Update, tmp_path: Path) -> None:
    """They could not be committed here."""
    library = tmp_path / "library"
    library.mkdir()
    git("init", "--quiet", cwd=library)
    (library / "file").write_text("one\n")
    commit(library)
    project = make()
    git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", library, cwd=project)
    commit(project)
    (project / "library/file").write_text("two\n")
    assert update(project).code == 0
    assert (project / "library/file").read_text() == "two\n"


def test_a_submodule_in_the_place_of_a_folder_is_in_the_way(
    make: Make, update: Update, tmp_path: Path
) -> None:
    """Nothing is written into another repository."""
    library = tmp_path / "library"
    library.mkdir()
    git("init", "--quiet", cwd=library)
    commit(library)
    project = make("v1.1.0")
    git("rm", "-r", "--quiet", "docker", cwd=project)
    add = ["submodule", "--quiet", "add", str(library), "docker"]
    git("-c", "protocol.file.allow=always", *add, cwd=project)
    commit(project)
    done = update(project)
    assert done.code == 3
    assert "docker is in the way" in done.errors


def test_what_is_in_the_way_may_be_unmanaged(make: Make, update: Update) -> None:
    """The hint's own command is a way on."""
    project = make("v1.1.0")
    git("rm", "-r", "--quiet", "docker", cwd=project)
    (project / "docker").write_text("mine\n")
    commit(project)
    assert "'unmanaged=[docker]'" in update(project).errors
    done = update("--data", "unmanaged=[docker]", project)
    assert done.code == 0, done.errors
    assert (project / "docker").read_text() == "mine\n"


def test_a_terminal_without_arrows_gets_them_spelt(make: Make, site: Path) -> None:
    """After an update that was made, nothing is worse than a traceback."""
    done = run(site, "update", make(), LC_ALL="C", PYTHONIOENCODING="ascii")
    assert done.returncode == 0, done.stderr
    assert "v1.0.0 \\u2192 v1.3.0" in done.stdout


def test_the_same_rename_on_both_sides_is_merged(make: Make, update: Update) -> None:
    """The owner gave the file the template's new name before the template did."""
    project = make("v1.1.0")
    git("mv", "docker/collect.py", "docker/rootfs.py", cwd=project)
    with (project / "docker/rootfs.py").open("a") as file:
        file.write("# mine\n")
    edit(project / "Dockerfile", "collect.py", "rootfs.py")
    commit(project)
    done = update(project)
    assert done.code == 0, done.output + done.errors
    text = (project / "docker/rootfs.py").read_text()
    assert "# mine" in text
    assert '    """Compile the named modules' in text


def test_a_name_that_the_template_takes_later_conflicts(make: Make, update: Update) -> None:
    """The owner moved the read-me to it: both are in the file, and nothing is dropped unsaid."""
    project = make("v1.2.0")
    git("mv", "README.md", "SECURITY.md", cwd=project)
    commit(project)
    done = update(project)
    assert done.code == 1
    text = (project / "SECURITY.md").read_text()
    assert "# my-app" in text
    assert "Tell us." in text


def test_an_older_offer_is_not_overwritten(make: Make, update: Update) -> None:
    """It may hold someone's notes."""
    project = make("v1.2.0")
    (project / "SECURITY.md").write_text("mine\n")
    (project / "SECURITY.md.dockgen-new").write_text("notes\n")
    assert update(project).code == 0
    assert (project / "SECURITY.md.dockgen-new").read_text() == "notes\n"
    assert (project / "SECURITY.md.dockgen-new-2").read_text().startswith("# Security")


def test_a_file_that_only_looks_like_a_conflict_is_named(make: Make, update: Update) -> None:
    """With the way on for someone who writes about merges."""
    project = make("v1.1.0")
    with (project / "README.md").open("a") as file:
        file.write("\n<<<<<<< ours\n=======\n>>>>>>> theirs\n")
    commit(project)
    assert "'unmanaged=[README.md]'" in update(project).errors
    assert update("--data", "unmanaged=[README.md]", project).code == 0
