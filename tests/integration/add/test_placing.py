"""What happens to each file of a folder in which container files are placed."""

import os
from pathlib import Path

import pytest
import yaml

from dockgen import cli, project
from dockgen.add import rendering
from dockgen.add.placing import Choices, Clash, Decision
from dockgen.errors import ProjectError, UsageError
from dockgen.threeway import Mode, Outcome
from tests.integration.add.conftest import ANSWERS, FILES, WAYS, Folder, Place
from tests.integration.update.conftest import commit, edit, git, state

THEIRS = {".copier-answers.yml": "_commit: 1.0\n_src_path: gh:them/theirs\nname: x\n"}

each_way = pytest.mark.parametrize("way", WAYS)


def became(outcome: Outcome) -> dict[str, str]:
    """Return the status of each file that is written or reported."""
    assert outcome.plan is not None
    return {
        change.path: str(change.status)
        for change in outcome.plan.changes
        if change.before != change.after or change.note
    }


def answers(directory: Path, name: str = ".copier-answers.yml") -> dict[str, object]:
    """Return the content of the answers file."""
    found: dict[str, object] = yaml.safe_load((directory / name).read_text())
    return found


def update(*arguments: str | Path) -> int:
    """Run `dockgen update`."""
    return cli.main(["update", *map(str, arguments)])


def unmanaged(directory: Path) -> list[str]:
    """Return what the folder keeps besides what it was told to keep."""
    named = answers(directory)["unmanaged"]
    assert isinstance(named, list)
    return [path for path in named if path not in ANSWERS["unmanaged"]]


class TestWhatIsThere:
    """Files that dockgen has something else for."""

    def test_is_kept_with_dockgens_beside_it(self, folder: Folder, place: Place) -> None:
        """Without a decision, the file isn't touched, and the answers file records that."""
        mine = folder()
        outcome = place(mine)
        assert outcome.result == "added"
        assert became(outcome) == {
            ".copier-answers.yml": "clean",
            ".dockerignore": "yours",
            ".dockerignore.dockgen-new": "clean",
            "Dockerfile": "yours",
            "Dockerfile.dockgen-new": "clean",
            "compose.yaml": "clean",
            "docker/rootfs.py": "clean",
            "dockgen.toml": "clean",
        }
        assert {name: (mine / name).read_text() for name in FILES} == FILES
        assert "HEALTHCHECK" in (mine / "Dockerfile.dockgen-new").read_text()
        assert unmanaged(mine) == [".dockerignore", "Dockerfile"]

    def test_is_replaced(self, folder: Folder, place: Place) -> None:
        """As if it had never been there."""
        mine = folder()
        outcome = place(mine, Choices(replace=["*"]))
        assert became(outcome)["Dockerfile"] == "clean"
        assert "HEALTHCHECK" in (mine / "Dockerfile").read_text()
        assert unmanaged(mine) == []
        assert not list(mine.glob("*.dockgen-new"))

    def test_is_merged(self, folder: Folder, place: Place) -> None:
        """All that either list leaves out stays out, and there's nothing to choose."""
        mine = folder()
        outcome = place(mine, Choices(merge=[".dockerignore"]))
        assert became(outcome)[".dockerignore"] == "merged"
        lines = (mine / ".dockerignore").read_text().splitlines()
        assert {".git", "drafts", "**/.env*"} <= set(lines)
        assert unmanaged(mine) == ["Dockerfile"]

    def test_is_in_conflict_where_lines_exclude_each_other(
        self, folder: Folder, place: Place
    ) -> None:
        """Both Dockerfiles' lines are in the file, as git writes them."""
        mine = folder()
        outcome = place(mine, Choices(merge=["Dockerfile"]))
        assert outcome.result == "conflicts"
        assert outcome.plan is not None
        assert outcome.plan.conflicts == ["Dockerfile"]
        text = (mine / "Dockerfile").read_text()
        assert text.startswith("<<<<<<< yours\nFROM python:3.12\n")
        assert text.endswith(">>>>>>> dockgen's\n")

    def test_is_asked_about_one_by_one(self, folder: Folder, place: Place) -> None:
        """With what it would mean to replace it, and only where no flag has decided."""
        mine, asked = folder(), dict[str, Clash]()

        def ask(clash: Clash) -> Decision:
            asked[clash.path] = clash
            return Decision.REPLACE

        place(mine, Choices(keep=[".dockerignore"], ask=ask))
        assert [*asked] == ["Dockerfile"]
        assert asked["Dockerfile"].diff.startswith("--- Dockerfile\n+++ Dockerfile\n")
        assert "\n-COPY . .\n" in asked["Dockerfile"].diff
        assert "HEALTHCHECK" in (mine / "Dockerfile").read_text()
        assert unmanaged(mine) == [".dockerignore"]

    def test_that_is_the_same_is_no_clash(self, folder: Folder, place: Place) -> None:
        """Someone has copied dockgen's."""
        mine = folder()
        place(mine, Choices(replace=["Dockerfile"], merge=[".dockerignore"]))
        for name in (".copier-answers.yml", "dockgen.toml"):
            (mine / name).unlink()
        commit(mine)
        assert became(place(mine, Choices(keep=[".dockerignore"])))  # it was merged
        assert unmanaged(mine) == [".dockerignore"]

    @pytest.mark.parametrize("name", ["compose.yaml", "docker-compose.yml"])
    def test_a_compose_file_is_never_merged_into(
        self, folder: Folder, place: Place, name: str
    ) -> None:
        """`docker compose up` starts what it started before."""
        mine = folder(files={name: "services: {db: {image: postgres}}\n"})
        with pytest.raises(UsageError, match="can't be merged"):
            place(mine, Choices(merge=[name]))
        outcome = place(mine)
        assert became(outcome)[name] == "yours"
        assert unmanaged(mine) == ["compose.yaml"]
        assert "read_only: true" in (mine / "compose.yaml.dockgen-new").read_text()
        assert (mine / "compose.yaml").exists() is (name == "compose.yaml")

    def test_a_link_is_not_followed(self, folder: Folder, place: Place, tmp_path: Path) -> None:
        """It is kept or replaced, and what it leads to stays."""
        mine = folder(files={"app.py": ""})
        (tmp_path / "shared").write_text("FROM scratch\n")
        (mine / "Dockerfile").symlink_to("../shared")
        commit(mine)
        place(mine)
        assert (mine / "Dockerfile").is_symlink()
        place(mine, Choices(replace=["Dockerfile"]))
        assert "HEALTHCHECK" in (mine / "Dockerfile").read_text()
        assert not (mine / "Dockerfile").is_symlink()
        assert (tmp_path / "shared").read_text() == "FROM scratch\n"

    def test_a_decision_about_nothing_is_refused(self, folder: Folder, place: Place) -> None:
        """A misspelt name must not end in a file that is kept."""
        mine = folder()
        before = state(mine)
        with pytest.raises(
            UsageError, match="--replace Dokerfile: dockgen doesn't write this"
        ) as caught:
            place(mine, Choices(replace=["Dokerfile"]))
        assert caught.value.hint == "files to decide on: .dockerignore, Dockerfile"
        with pytest.raises(UsageError, match="can't be used together"):
            place(mine, Choices(keep=["Dockerfile"], replace=["Dockerfile"]))
        assert state(mine) == before

    def test_a_name_wins_over_a_pattern(self, folder: Folder, place: Place) -> None:
        """And a pattern has no effect on files for which the decision isn't possible."""
        mine = folder(files={**FILES, "docker-compose.yml": "services: {}\n"})
        outcome = place(mine, Choices(merge=["*"], replace=["Dockerfile"]))
        became_of = became(outcome)
        assert became_of["Dockerfile"] == "clean"
        assert became_of[".dockerignore"] == "merged"
        assert became_of["docker-compose.yml"] == "yours"

    def test_a_decision_about_a_file_that_is_not_there_does_no_harm(
        self, folder: Folder, place: Place
    ) -> None:
        """A script gives the same flags wherever it runs."""
        mine = folder(files={"app.py": ""})
        assert place(mine, Choices(replace=["Dockerfile"])).result == "added"


class TestWhatIsInTheWay:
    """It is named, and nothing is written."""

    def test_a_link_where_a_folder_has_to_be(
        self, folder: Folder, place: Place, tmp_path: Path
    ) -> None:
        """It leads out of the folder."""
        mine = folder()
        (tmp_path / "elsewhere").mkdir()
        (mine / "docker").symlink_to("../elsewhere")
        with pytest.raises(ProjectError, match="docker is in the way"):
            place(mine)
        assert not list((tmp_path / "elsewhere").iterdir())
        assert not (mine / "dockgen.toml").exists()

    @pytest.mark.parametrize("way", ["clean", "no-git"])
    def test_another_repository(self, folder: Folder, place: Place, way: str) -> None:
        """A submodule, or a clone in the folder."""
        mine = folder(way)
        (mine / "docker").mkdir()
        (mine / "docker/.git").write_text("gitdir: ../.git/modules/docker\n")
        with pytest.raises(ProjectError, match="docker is in the way"):
            place(mine)

    def test_a_folder_of_a_files_name(self, folder: Folder, place: Place) -> None:
        """Such as one with a Dockerfile for each stage."""
        mine = folder(files={"Dockerfile/base": "FROM scratch\n"})
        with pytest.raises(ProjectError, match="Dockerfile is in the way"):
            place(mine)

    def test_a_pipe(self, folder: Folder, place: Place) -> None:
        """A reader would wait forever."""
        mine = folder(files={"app.py": ""})
        os.mkfifo(mine / "Dockerfile")
        with pytest.raises(ProjectError, match="Dockerfile is in the way"):
            place(mine)

    def test_a_file_that_is_far_too_large(self, folder: Folder, place: Place) -> None:
        """It isn't read into memory, whatever is decided about it."""
        mine = folder(files={"app.py": ""})
        with (mine / "Dockerfile").open("wb") as stream:
            stream.truncate(2_000_000_000)
        with pytest.raises(ProjectError, match="Dockerfile is larger than 1 MB"):
            place(mine, Choices(keep=["*"]))

    @pytest.mark.parametrize("kind", ["pipe", "link"])
    def test_an_answers_file_that_is_none(
        self, folder: Folder, place: Place, tmp_path: Path, kind: str
    ) -> None:
        """It came with the repository, and leads out of it, or never ends."""
        mine = folder(files={"app.py": ""})
        (tmp_path / "outside.yml").write_text("_commit: v1.0.0\n")
        if kind == "pipe":
            os.mkfifo(mine / ".copier-answers.dockgen.yml")
        else:
            (mine / ".copier-answers.dockgen.yml").symlink_to("../outside.yml")
        before = state(mine)
        with pytest.raises(ProjectError, match=r"\.copier-answers\.dockgen\.yml"):
            place(mine)
        assert state(mine) == before
        assert (tmp_path / "outside.yml").read_text() == "_commit: v1.0.0\n"


class TestAnyFolder:
    """In git or not, committed or not."""

    @each_way
    def test_files_are_placed_and_taken_back(self, folder: Folder, place: Place, way: str) -> None:
        """A second undo places them again."""
        mine = folder(way)
        before = state(mine)
        assert place(mine, Choices(replace=["Dockerfile"])).summary == "added (v1.3.0)"
        after = state(mine)
        assert {name: after[name] for name in before if name not in FILES} == {
            name: before[name] for name in before if name not in FILES
        }
        assert after["Dockerfile"] != before["Dockerfile"]
        assert rendering.undo(mine).summary == "undone (add v1.3.0)"
        assert state(mine) == before
        assert rendering.undo(mine).summary == "redone (add v1.3.0)"
        assert state(mine) == after

    @each_way
    def test_a_dry_run_writes_nothing(
        self, folder: Folder, place: Place, tmp_path: Path, way: str
    ) -> None:
        """It shows all that would be written."""
        mine = folder(way)
        before = state(tmp_path)
        outcome = place(mine, mode=Mode.DRY_RUN)
        assert outcome.result == "would add"
        assert outcome.plan is not None
        assert "+++ b/compose.yaml" in outcome.plan.diff
        assert state(tmp_path) == before

    def test_work_that_would_be_written_over_is_refused(self, folder: Folder, place: Place) -> None:
        """Git couldn't bring it back."""
        mine = folder()
        edit(mine / "Dockerfile", "COPY . .", "COPY app.py .")
        before = state(mine)
        with pytest.raises(ProjectError, match=r"uncommitted changes .*: Dockerfile$"):
            place(mine, Choices(replace=["Dockerfile"]))
        assert state(mine) == before
        assert place(mine, Choices(keep=["Dockerfile"])).result == "added"

    def test_a_deleted_file_is_such_work(self, folder: Folder, place: Place) -> None:
        """It would come back as another one."""
        mine = folder()
        (mine / "Dockerfile").unlink()
        with pytest.raises(ProjectError, match=r"uncommitted changes .*: Dockerfile$"):
            place(mine)

    def test_a_file_that_git_does_not_look_at_is_refused(
        self, folder: Folder, place: Place
    ) -> None:
        """Of a sparse checkout, or one that git was told to leave alone."""
        mine = folder()
        git("update-index", "--assume-unchanged", "Dockerfile", cwd=mine)
        with pytest.raises(ProjectError, match="hidden from git"):
            place(mine, Choices(replace=["Dockerfile"]))

    def test_a_file_that_git_ignores_is_told_of(self, folder: Folder, place: Place) -> None:
        """It would never be committed, and no update would know it."""
        mine = folder(files={".gitignore": "docker/\n"})
        outcome = place(mine)
        assert outcome.plan is not None
        notes = {change.path: change.note for change in outcome.plan.changes if change.note}
        assert notes == {"docker/rootfs.py": "ignored by git; to commit it: git add --force"}

    def test_below_the_root_of_a_repository(self, folder: Folder, place: Place) -> None:
        """A monorepo: the ignore file has the Dockerfile's name, and no file is written above."""
        root = folder(files={"services/api/app.py": "", "README.md": "# All\n"})
        mine = root / "services/api"
        place(mine, names=rendering.IN_MONOREPO)
        assert {path.name for path in root.iterdir()} == {".git", "README.md", "services"}
        assert (mine / "Dockerfile.dockerignore").is_file()
        assert not (mine / ".dockerignore").exists()
        assert place(mine, answers={}, names=rendering.IN_MONOREPO).result == "up to date"

    def test_workflows_belong_to_the_root_of_the_repository(
        self, folder: Folder, place: Place
    ) -> None:
        """No CI reads them elsewhere, and what is there is the whole repository's."""
        root, told = folder(files={"services/api/app.py": ""}), {**ANSWERS, "ci": "github"}
        made = place(root / "services/api", answers=told)
        assert made.plan is not None
        assert ".github/workflows/ci.yml" in made.plan.at_root
        assert not (root / "services/api/.github").exists()
        alone = place(root, answers=told, mode=Mode.DRY_RUN)
        assert ".github/workflows/ci.yml" in became(alone)

    def test_after_git_init_it_can_be_taken_back(self, folder: Folder, place: Place) -> None:
        """The journal of a folder without git is elsewhere."""
        mine = folder("no-git")
        before = state(mine)
        place(mine)
        git("init", "--quiet", cwd=mine)
        commit(mine, "Start")
        rendering.undo(mine)
        assert state(mine) == before

    def test_without_git_a_journal_needs_a_home_folder(
        self, folder: Folder, place: Place, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A user of a container, whom no file names, has none. In git there is room for it."""
        mine = folder("no-git")
        monkeypatch.delenv("XDG_STATE_HOME")
        monkeypatch.delenv("HOME")
        monkeypatch.setattr("pwd.getpwuid", {}.__getitem__)
        with pytest.raises(ProjectError, match="no home folder"):
            place(mine)
        git("init", "--quiet", cwd=mine)
        assert place(mine).result == "added"

    def test_a_journal_that_cannot_be_written_is_told_of(
        self, folder: Folder, place: Place, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Nothing is written without a journal."""
        mine = folder("no-git")
        before = state(mine)
        monkeypatch.setenv("XDG_STATE_HOME", "/proc/none")
        with pytest.raises(ProjectError, match="can't write to /proc/none"):
            place(mine)
        assert state(mine) == before


class TestAgain:
    """Run once more, it proposes what has changed since, and nothing else."""

    @each_way
    def test_nothing_changed(self, folder: Folder, place: Place, way: str) -> None:
        """Not even a journal is written."""
        mine = folder(way)
        place(mine)
        before = state(mine)
        outcome = place(mine, answers={})
        assert (outcome.result, outcome.summary) == ("up to date", "up to date (v1.3.0)")
        assert state(mine) == before

    @each_way
    def test_an_answer_changed(self, folder: Folder, place: Place, way: str) -> None:
        """Only files that it is in are written, although none of them is committed."""
        mine = folder(way, files={"app.py": ""})
        place(mine)
        outcome = place(mine, answers={"port": 9000})
        assert became(outcome) == {
            ".copier-answers.yml": "clean",
            "Dockerfile": "clean",
            "compose.yaml": "clean",
        }
        assert answers(mine)["port"] == 9000

    def test_what_was_edited_is_merged(self, folder: Folder, place: Place) -> None:
        """As by an update: their lines stay."""
        mine = folder(files={"app.py": ""})
        place(mine)
        edit(mine / "compose.yaml", "pids_limit: 128", "pids_limit: 99")
        commit(mine)
        outcome = place(mine, answers={"port": 9000})
        assert became(outcome)["compose.yaml"] == "merged"
        text = (mine / "compose.yaml").read_text()
        assert "pids_limit: 99" in text
        assert "9000" in text

    def test_what_was_kept_can_be_replaced(self, folder: Folder, place: Place) -> None:
        """Named by its flag; it is dockgen's from then on, and what lay beside it goes."""
        mine = folder()
        place(mine)
        commit(mine)
        outcome = place(mine, Choices(replace=["Dockerfile"]), answers={})
        assert became(outcome) == {
            ".copier-answers.yml": "clean",
            "Dockerfile": "clean",
            "Dockerfile.dockgen-new": "deleted",
        }
        assert unmanaged(mine) == [".dockerignore"]

    def test_a_newer_release(self, folder: Folder, place: Place) -> None:
        """The one that this dockgen carries."""
        mine = folder(files={"app.py": ""})
        place(mine, version="v1.1.0")
        commit(mine)
        outcome = place(mine, answers={})
        assert outcome.summary == "added (v1.1.0 → v1.3.0)"
        assert answers(mine)["_commit"] == "v1.3.0"

    def test_what_is_no_list_of_paths_is_refused(self, folder: Folder, place: Place) -> None:
        """A word is no list of its letters."""
        with pytest.raises(UsageError, match="unmanaged: a list of paths"):
            place(folder(), answers={**ANSWERS, "unmanaged": "Dockerfile"})


class TestAnotherTemplate:
    """A repository that was made from one of its own."""

    def test_has_an_answers_file_of_its_own(self, folder: Folder, place: Place) -> None:
        """Theirs stays, and ours is found by its name."""
        mine = folder(files=THEIRS)
        place(mine)
        assert (mine / ".copier-answers.yml").read_text() == THEIRS[".copier-answers.yml"]
        assert answers(mine, ".copier-answers.dockgen.yml")["name"] == "mine"
        assert project.load(mine).name == "mine"
        assert place(mine, answers={}).result == "up to date"

    def test_is_updated(self, folder: Folder, place: Place) -> None:
        """Ours only, alone or among all below a folder."""
        mine = folder(files=THEIRS)
        place(mine, version="v1.0.0")
        commit(mine)
        assert update("--check", "--all", mine.parent) == 1
        assert update(mine) == 0
        assert answers(mine, ".copier-answers.dockgen.yml")["_commit"] == "v1.3.0"
        assert (mine / ".copier-answers.yml").read_text() == THEIRS[".copier-answers.yml"]


class TestUpdate:
    """`dockgen update` works from then on."""

    @pytest.mark.usefixtures("own_signals")
    def test_the_first_one_has_no_conflict(self, folder: Folder, place: Place) -> None:
        """Kept files stay as they are, and placed ones are updated to the newer release."""
        mine = folder(files={**FILES, "docker-compose.yml": "services: {}\n"})
        place(mine, version="v1.0.0")
        commit(mine)
        before = state(mine)
        assert update(mine) == 0
        after = state(mine)
        changed = {name for name in {*before, *after} if before.get(name) != after.get(name)}
        assert changed == {".copier-answers.yml", "docker/collect.py", "docker/rootfs.py"}

    def test_what_was_merged_is_merged_on(self, folder: Folder, place: Place) -> None:
        """Their lines stay in the file."""
        mine = folder()
        place(mine, Choices(merge=[".dockerignore"], replace=["Dockerfile"]), version="v1.0.0")
        commit(mine)
        assert update(mine) == 0
        assert "drafts" in (mine / ".dockerignore").read_text().splitlines()
        assert "trixie" in (mine / "Dockerfile").read_text()

    def test_a_renamed_ignore_file_is_followed(self, folder: Folder, place: Place) -> None:
        """No .dockerignore comes back beside it."""
        mine = folder(files={"app.py": ""})
        place(mine, version="v1.0.0", names=rendering.IN_MONOREPO)
        commit(mine)
        assert update(mine) == 0
        assert not (mine / ".dockerignore").exists()

    def test_neither_takes_back_what_the_other_did(
        self, folder: Folder, place: Place, capfd: pytest.CaptureFixture[str]
    ) -> None:
        """Each says which command does."""
        mine = folder()
        place(mine, version="v1.0.0")
        commit(mine)
        assert update("--undo", mine) == 3
        assert "dockgen add --undo" in capfd.readouterr().err
        update(mine)
        with pytest.raises(ProjectError) as caught:
            rendering.undo(mine)
        assert caught.value.hint == "dockgen update --undo"
