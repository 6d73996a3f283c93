"""`dockgen starter bump`: dockgen's changes and the team's are merged."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from dockgen import bundle, source, starter
from dockgen.git.tree import File
from dockgen.inside import Folder
from dockgen.starter import scaffold
from dockgen.starter.scaffold import Settings
from tests.conftest import PLAIN
from tests.integration.starters import history
from tests.integration.starters.conftest import Run
from tests.integration.update.conftest import commit, edit, git, index, state

GO, PYTHON, NODE = (f"templates/{name}/project" for name in ("go", "python", "node"))
DOCKERFILE = f"{PYTHON}/Dockerfile.jinja"
OWN_BLOCK = "\n{% block labels %}\nLABEL org.opencontainers.image.vendor=Acme\n{% endblock %}\n"

Make = Callable[[], Path]


@pytest.fixture(scope="session")
def scaffolds(data: Path) -> dict[str, dict[str, File]]:
    """What each release makes."""
    manifest = bundle.Manifest.read(data / bundle.MANIFEST)
    origin = source.Source("", data / bundle.BUNDLE, manifest, data / bundle.QUESTIONNAIRE)
    return {
        version: scaffold.files(origin, Settings("acme", version)) for version in history.VERSIONS
    }


@pytest.fixture
def acme(released: None, person: Path, scaffolds: dict[str, dict[str, File]]) -> Path:
    """A starter of the older release, committed."""
    del released
    folder = scaffold.write(scaffolds[history.OLD], person / "acme")
    git("init", "--quiet", "--initial-branch=main", cwd=folder)
    commit(folder, "Start")
    return folder


def content(folder: Path) -> dict[str, bytes]:
    """Every file but git's own."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and ".git" not in path.relative_to(folder).parts[:1]
    }


def render(folder: Path, project: Path, **answers: str) -> Path:
    """Render a project of the starter as it is there, with plain copier."""
    data = [word for pair in answers.items() for word in ("--data", "=".join(pair))]
    done = subprocess.run(
        [sys.executable, "-m", "copier", "copy", "--defaults", *data, "--vcs-ref", "HEAD",
         folder, project],
        env=PLAIN, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return project


def test_an_unedited_starter_becomes_the_new_one(
    run: Run, acme: Path, scaffolds: dict[str, dict[str, File]]
) -> None:
    """To the byte, with executable bits; and nothing is committed."""
    head = git("rev-parse", "HEAD", cwd=acme)
    done = run("starter", "bump", acme)
    assert done.code == 0
    wanted = scaffolds[history.NEW]
    assert content(acme) == {name: file.content for name, file in wanted.items()}
    assert os.access(acme / GO / "run.sh.jinja", os.X_OK)
    assert git("rev-parse", "HEAD", cwd=acme) == head
    assert starter.load(acme).base == history.NEW
    assert f"{history.OLD} → {history.NEW}" in done.output


def test_next_commands_are_shown(run: Run, acme: Path) -> None:
    """Look at it, prove it, commit it."""
    output = run("starter", "bump", acme).output
    assert output.endswith(
        "Next:\n  cd acme\n  git diff\n  dockgen starter test\n  git add --all . && git commit\n"
    )


def test_an_override_is_kept(run: Run, acme: Path, tmp_path: Path) -> None:
    """The team's block stays, dockgen's other words reach the stub, and its steps the project."""
    with (acme / DOCKERFILE).open("a") as stream:
        stream.write(OWN_BLOCK)
    commit(acme)
    assert run("starter", "bump", acme).code == 0
    text = (acme / DOCKERFILE).read_text()
    assert text.endswith(OWN_BLOCK)
    assert "a LABEL of yours" in text
    project = render(acme, tmp_path / "my-app", language="python", flavor="slim")
    dockerfile = (project / "Dockerfile").read_text()
    assert "# The base of it" in dockerfile
    assert "LABEL org.opencontainers.image.vendor=Acme\n" in dockerfile


def test_a_new_file_gets_a_stub(run: Run, acme: Path, tmp_path: Path) -> None:
    """So that projects have it."""
    assert run("starter", "bump", acme).code == 0
    project = render(acme, tmp_path / "my-app", language="go", flavor="scratch")
    assert (project / "SECURITY.md").read_text() == "# Security\n\nTell us.\n"
    assert (project / "logo.png").read_bytes() == history.PICTURE
    assert not (project / "NOTES.md").exists()


def test_a_deleted_stub_stays_deleted(run: Run, acme: Path) -> None:
    """This holds even if dockgen changed it."""
    (acme / PYTHON / ".editorconfig.jinja").unlink()
    (acme / DOCKERFILE).unlink()
    commit(acme)
    done = run("starter", "bump", acme)
    assert done.code == 0
    assert not (acme / PYTHON / ".editorconfig.jinja").exists()
    assert not (acme / DOCKERFILE).exists()
    assert "deleted by you" in done.output


@pytest.mark.parametrize("is_base_gone", [False, True], ids=["stubs", "stubs and base"])
def test_a_dropped_language_stays_dropped(run: Run, acme: Path, is_base_gone: bool) -> None:
    """Its new files get no stubs, and nothing new comes into a copy that is gone."""
    git("rm", "-r", "--quiet", "templates/node", cwd=acme)
    if is_base_gone:
        git("rm", "-r", "--quiet", "base/templates/node", cwd=acme)
    commit(acme)
    done = run("starter", "bump", acme)
    assert done.code == 0
    assert not (acme / "templates/node").exists()
    assert (acme / "base/templates/node/project/EXTRA.md").exists() is not is_base_gone
    assert "templates/node" not in done.output or not is_base_gone


def test_a_renamed_file_takes_the_override_along(run: Run, acme: Path) -> None:
    """A stub that the team has edited gets the name that dockgen's file has now."""
    edit(acme / GO / "handlers.go.jinja", "{% include", "// Ours.\n{% include")
    commit(acme)
    done = run("starter", "bump", acme)
    assert not (acme / GO / "handlers.go.jinja").exists()
    # The line below the team's has changed, so both are there to choose from.
    assert done.code == 1
    text = (acme / GO / "routes.go.jinja").read_text()
    assert "// Ours." in text
    assert f"base/{GO}/routes.go.jinja" in text


def test_a_stub_of_a_vanished_file_goes(run: Run, acme: Path) -> None:
    """One that the team wrote in its place stays, and is reported."""
    assert run("starter", "bump", acme).code == 0
    assert not (acme / GO / "NOTES.md.jinja").exists()
    assert run("starter", "bump", "--undo", acme).code == 0
    (acme / GO / "NOTES.md.jinja").write_text("# Our notes\n")
    commit(acme)
    done = run("starter", "bump", acme)
    assert (acme / GO / "NOTES.md.jinja").read_text() == "# Our notes\n"
    assert "edited by you; no longer in the template" in done.output


def test_the_team_s_own_files_are_left_alone(run: Run, acme: Path) -> None:
    """Questions, files and settings."""
    (acme / GO / "CODEOWNERS").write_text("* @acme/platform\n")
    with (acme / "copier.yml").open("a") as stream:
        stream.write("\nowner: {type: str, default: platform}\n")
    with (acme / "starter.toml").open("a") as stream:
        stream.write('\n[[test]]\nname = "a"\nanswers = {}\n')
    commit(acme)
    assert run("starter", "bump", acme).code == 0
    assert (acme / GO / "CODEOWNERS").read_text() == "* @acme/platform\n"
    assert (acme / "copier.yml").read_text().endswith("owner: {type: str, default: platform}\n")
    assert f"@{history.NEW}" in (acme / "copier.yml").read_text()
    assert (acme / "starter.toml").read_text().endswith("answers = {}\n")
    assert starter.load(acme).base == history.NEW


def test_an_edit_in_base_is_merged(run: Run, acme: Path) -> None:
    """It shouldn't be there, and is not lost."""
    path = acme / "base/templates/python/slim.Dockerfile.jinja"
    path.write_text(path.read_text() + "# Ours.\n")
    commit(acme)
    assert run("starter", "bump", acme).code == 0
    assert "# The base of it" in path.read_text()
    assert path.read_text().endswith("# Ours.\n")


@pytest.fixture
def conflicting(acme: Path) -> Path:
    """The starter, whose team has changed a line that dockgen changed, too."""
    edit(acme / "README.md", "A starter template for", "Our template for")
    commit(acme)
    return acme


def test_a_conflict_is_git_s(run: Run, conflicting: Path) -> None:
    """Exit code 1, both versions in the file, and three in the index."""
    done = run("starter", "bump", conflicting)
    assert done.code == 1
    assert "in conflict: README.md" in done.errors
    assert "dockgen starter bump --undo" in done.errors
    text = (conflicting / "README.md").read_text()
    assert "Our template for" in text
    assert "A template for" in text
    assert text.count("<<<<<<< ") == 1
    stages = git("ls-files", "--unmerged", cwd=conflicting).splitlines()
    assert [line.split()[2] for line in stages] == ["1", "2", "3"]
    assert starter.load(conflicting).base == history.NEW


def test_an_unfinished_merge_is_refused(run: Run, conflicting: Path) -> None:
    """Before the conflict is settled, and when it was committed as it was."""
    assert run("starter", "bump", conflicting).code == 1
    assert run("starter", "bump", conflicting).code == 3
    commit(conflicting)
    edit(conflicting / "starter.toml", history.NEW, history.OLD)
    commit(conflicting)
    done = run("starter", "bump", conflicting)
    assert done.code == 3
    assert "conflict markers" in done.errors


def test_undo_brings_everything_back(run: Run, conflicting: Path) -> None:
    """Files, modes and git's index; twice makes it again."""
    before = state(conflicting), index(conflicting)
    assert run("starter", "bump", conflicting).code == 1
    after = state(conflicting), index(conflicting)
    assert run("starter", "bump", "--undo", conflicting).code == 0
    assert (state(conflicting), index(conflicting)) == before
    assert run("starter", "bump", "--undo", conflicting).code == 0
    assert (state(conflicting), index(conflicting)) == after


def test_a_conflict_in_starter_toml_can_be_undone(run: Run, acme: Path) -> None:
    """Although the file can't be read meanwhile."""
    edit(acme / "starter.toml", f'base = "{history.OLD}"', f'base = "{history.OLD}"  # Pinned.')
    commit(acme)
    before = state(acme), index(acme)
    assert run("starter", "bump", acme).code == 1
    done = run("starter", "bump", acme)
    assert done.code == 3
    assert "starter.toml has conflict markers" in done.errors
    assert run("starter", "bump", "--undo", acme).code == 0
    assert (state(acme), index(acme)) == before


def test_undo_without_a_bump_says_so(run: Run, acme: Path) -> None:
    """There is nothing to take back."""
    done = run("starter", "bump", "--undo", acme)
    assert done.code == 3
    assert "nothing to undo" in done.errors


def test_uncommitted_changes_are_refused(run: Run, acme: Path) -> None:
    """They would be mixed up with dockgen's."""
    (acme / "README.md").write_text("mine\n")
    before = state(acme)
    done = run("starter", "bump", acme)
    assert done.code == 3
    assert "uncommitted changes: README.md" in done.errors
    assert state(acme) == before


def test_an_untracked_file_is_spared(run: Run, acme: Path) -> None:
    """Git could not bring it back, so dockgen's is beside it."""
    (acme / GO / "SECURITY.md.jinja").write_text("mine\n")
    done = run("starter", "bump", acme)
    assert done.code == 0
    assert (acme / GO / "SECURITY.md.jinja").read_text() == "mine\n"
    assert (acme / GO / "SECURITY.md.jinja.dockgen-new").exists()


def test_a_dry_run_writes_nothing(run: Run, acme: Path) -> None:
    """It shows the diff, which can be applied."""
    before = state(acme), index(acme)
    done = run("starter", "bump", "--dry-run", acme)
    assert done.code == 0
    assert f'+base = "{history.NEW}"' in done.output
    assert "nothing was written" in done.output
    assert (state(acme), index(acme)) == before


def test_a_dry_run_tells_of_conflicts(run: Run, conflicting: Path) -> None:
    """With the exit code that the bump would have."""
    before = state(conflicting)
    assert run("starter", "bump", "--dry-run", conflicting).code == 1
    assert state(conflicting) == before


def test_a_second_bump_has_nothing_to_do(run: Run, acme: Path) -> None:
    """It says so."""
    assert run("starter", "bump", acme).code == 0
    commit(acme)
    before = state(acme)
    done = run("starter", "bump", acme)
    assert done.code == 0
    assert f"up to date ({history.NEW})" in done.output
    assert state(acme) == before


def test_the_current_folder_is_the_default(
    run: Run, acme: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As with other commands."""
    monkeypatch.chdir(acme)
    assert run("starter", "bump").code == 0
    assert starter.load(acme).base == history.NEW


def test_it_may_be_a_folder_of_a_repository(
    released: None, run: Run, person: Path, scaffolds: dict[str, dict[str, File]]
) -> None:
    """Only that folder counts."""
    del released
    folder = scaffold.write(scaffolds[history.OLD], person / "platform/starters/acme")
    (person / "platform/README.md").write_text("# Platform\n")
    git("init", "--quiet", cwd=person / "platform")
    commit(person / "platform")
    (person / "platform/README.md").write_text("# Not committed\n")
    assert run("starter", "bump", folder).code == 0
    wanted = scaffolds[history.NEW]
    assert content(folder) == {name: file.content for name, file in wanted.items()}


@pytest.mark.parametrize(
    ("base", "code", "words"),
    [
        ("v9.0.0", 3, "get a newer dockgen"),
        ("v1.0.5", 3, "which isn't a release"),
        ("main", 3, "which isn't a release"),
    ],
)
def test_an_unknown_base_is_named(run: Run, acme: Path, base: str, code: int, words: str) -> None:
    """With what to do."""
    edit(acme / "starter.toml", f'base = "{history.OLD}"', f'base = "{base}"')
    commit(acme)
    done = run("starter", "bump", acme)
    assert done.code == code
    assert words in done.errors


def test_there_is_no_way_back_and_no_unknown_release(run: Run, acme: Path) -> None:
    """Both are exit code 2."""
    done = run("starter", "bump", "--to", "v8.0.0", acme)
    assert done.code == 2
    assert "this dockgen doesn't have the templates v8.0.0" in done.errors
    assert run("starter", "bump", "--to", history.NEW, acme).code == 0
    commit(acme)
    done = run("starter", "bump", "--to", "1.0.0", acme)
    assert done.code == 2
    assert "can't go back" in done.errors


def test_what_is_no_starter_is_refused(run: Run, person: Path) -> None:
    """With the command that makes one."""
    done = run("starter", "bump", person)
    assert done.code == 3
    assert "dockgen starter init" in done.errors


def test_a_link_in_the_way_is_refused(run: Run, acme: Path, tmp_path: Path) -> None:
    """Nothing is written through it."""
    git("rm", "-r", "--quiet", "base/templates/shared", cwd=acme)
    (tmp_path / "elsewhere").mkdir()
    (acme / "base/templates/shared").symlink_to(tmp_path / "elsewhere")
    commit(acme)
    done = run("starter", "bump", acme)
    assert done.code == 3
    assert "base/templates/shared is in the way" in done.errors
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_failed_write_leaves_everything_as_it_was(
    run: Run, acme: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All or nothing, as with an update."""
    before = state(acme)

    def fail(*_: object, **_more: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Folder, "write", fail)
    done = run("starter", "bump", acme)
    assert done.code == 3
    assert "No space left" in done.errors
    assert state(acme) == before


def test_json_names_every_file(run: Run, conflicting: Path) -> None:
    """With what becomes of it."""
    done = run("starter", "bump", "--json", conflicting)
    assert done.code == 1
    facts = json.loads(done.output)
    assert (facts["result"], facts["from"], facts["to"]) == (
        "conflicts", history.OLD, history.NEW,
    )  # fmt: skip
    statuses = {file["path"]: file["status"] for file in facts["files"]}
    assert statuses["README.md"] == "conflict"
    assert statuses[f"{GO}/SECURITY.md.jinja"] == "clean"
    assert statuses[f"{GO}/NOTES.md.jinja"] == "deleted"
