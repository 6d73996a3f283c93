"""A journal from an archive, and links in the way, lead nowhere."""

import json
import os
import shlex
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from dockgen import git, threeway
from dockgen.errors import ProjectError
from dockgen.git import gitfolder, worktree
from dockgen.inside import Inside, Saved
from dockgen.threeway import journal
from dockgen.threeway.journal import Entry, Replacement
from tests.conftest import tree
from tests.integration.update.conftest import commit
from tests.integration.update.conftest import git as person_git
from tests.table import table

VICTIM = "the victim's own\n"
EVIL = "from the archive\n"


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Git without a user's settings."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)


def victim(tmp_path: Path) -> Path:
    """The victim's folder: a file in it, and an unpacked archive, ``x/archive``."""
    (tmp_path / "own").write_text(VICTIM)
    archive = tmp_path / "x/archive"
    (archive / "docker").mkdir(parents=True)
    (archive / "docker/own").write_text(VICTIM)
    person_git("init", "--quiet", "--initial-branch=main", cwd=archive)
    commit(archive)
    return tmp_path


home = pytest.fixture(victim)


def place_of(archive: Path) -> Path:
    """Return the journal's folder of a project at a repository's root."""
    found = gitfolder.find(archive)
    assert found is not None
    return found.journal.path


def plant(folder: Path, **facts: object) -> None:
    """Write a journal as dockgen would, to write a new file and to replace one."""
    for part in ("before", "after"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    (folder / "before/0").write_text(EVIL)
    (folder / "before/1").write_text(EVIL)
    (folder / "after/1").write_text(VICTIM)
    record = {
        "format": 1, "token": "aa", "title": "x", "head": "0" * 40,
        "files": ["docker/new", "docker/own"], "existed": [0, 1], "new_folders": [],
        "index_paths": [], "index_before": "", "index_after": "",
    }  # fmt: skip
    (folder / "journal.json").write_text(json.dumps(record | facts))


def outside(home: Path) -> dict[str, object]:
    """Return all of the victim's files except the archive."""
    return {name: kept for name, kept in tree(home).items() if not name.startswith("x/archive/")}


ELSEWHERE = [
    {"files": ["{home}/new", "{home}/own"]},
    {"files": ["../../new", "../../own"]},
    {"files": ["docker/../../../new", "docker/../../../own"]},
    {"files": [".git/hooks/post-checkout", ".GIT/config"]},
    {"files": ["git~1/config", ".git./config"]},
    {"token": "/../../../../own", "files": ["docker/new"], "existed": []},
    {"new_folders": ["../../empty"]},
    {"index_paths": ["../../own"]},
    {"files": "docker", "existed": []},
    {"files": [["docker/new"], 7]},
    {"head": "--output=own"},
]


@table("facts", ELSEWHERE)
def test_a_planted_journal_is_refused(tmp_path: Path, facts: dict[str, object]) -> None:
    """With the folder to remove; nothing is written, in the project neither."""
    home = victim(tmp_path)
    archive = home / "x/archive"
    (home / "empty").mkdir()
    active = place_of(archive) / "active"
    text = json.dumps(facts).replace("{home}", str(home))
    plant(active, **json.loads(text))
    before, project = outside(home), (archive / "docker/own").read_text()
    with pytest.raises(ProjectError) as refused:
        threeway.require_whole(archive)
    assert refused.value.hint.endswith(f"rm -r {shlex.quote(str(active))}")
    assert outside(home) == before
    assert (home / "empty").is_dir()
    assert (archive / "docker/own").read_text() == project
    assert not (archive / "docker/new").exists()


def test_a_planted_journal_follows_no_link(home: Path) -> None:
    """The archive also contains a link: names inside the project may lead out through it."""
    archive = home / "x/archive"
    (home / "empty").mkdir()
    (archive / "link").symlink_to(home)
    names = ["link/new", "link/own"]
    plant(place_of(archive) / "active", files=names, new_folders=["link/empty"])
    before = outside(home)
    with pytest.raises(ProjectError, match="a link or a file is in the place of a folder"):
        threeway.require_whole(archive)
    assert outside(home) == before
    assert (home / "empty").is_dir()


def test_a_planted_journal_about_an_index_needs_a_commit(home: Path) -> None:
    """Without one no update can have been begun there."""
    archive = home / "x/archive"
    (archive / ".git/refs/heads/main").unlink()
    plant(place_of(archive) / "active", files=[], existed=[], index_paths=["docker/own"])
    with pytest.raises(ProjectError, match="has no commit") as refused:
        threeway.require_whole(archive)
    assert refused.value.hint.endswith(f"rm -r {shlex.quote(str(place_of(archive)))}")
    assert (archive / "docker/own").read_text() == VICTIM


def test_a_planted_journal_is_refused_by_undo(home: Path) -> None:
    """As a replacement that was made."""
    archive = home / "x/archive"
    plant(place_of(archive) / "undo", files=["docker/new", "../../own"], existed=[0, 1])
    before = outside(home)
    place = worktree.find(archive)
    with (
        journal.locked(place),
        pytest.raises(ProjectError, match="isn't a record that dockgen wrote"),
    ):
        journal.undo(place)
    assert outside(home) == before


@table("content", [b"", b"[", b"[]", b'{"format": 1}', b"[" * 100_000])
def test_what_is_no_journal_is_refused(tmp_path: Path, content: bytes) -> None:
    """With the folder to remove, not with a traceback."""
    home = victim(tmp_path)
    active = place_of(home / "x/archive") / "active"
    plant(active)
    (active / "journal.json").write_bytes(content)
    with pytest.raises(ProjectError, match="isn't a record that dockgen wrote"):
        threeway.require_whole(home / "x/archive")


def test_a_pipe_for_a_journal_is_not_waited_for(home: Path) -> None:
    """A pipe that is never written to."""
    active = place_of(home / "x/archive") / "active"
    plant(active)
    (active / "journal.json").unlink()
    os.mkfifo(active / "journal.json")
    with pytest.raises(ProjectError):
        threeway.require_whole(home / "x/archive")


@table("link", ["dockgen", "key", "active"])
def test_a_journal_behind_a_link_is_none(tmp_path: Path, link: str) -> None:
    """Git's folder is the project's, what a link leads to may be anything."""
    home = victim(tmp_path)
    archive = home / "x/archive"
    place = place_of(archive)
    moved = {"dockgen": place.parent, "key": place, "active": place / "active"}[link]
    plant(place / "active")
    moved.rename(home / "moved")
    moved.symlink_to(home / "moved")
    before = outside(home)
    if link == "active":
        with pytest.raises(ProjectError):
            threeway.require_whole(archive)
    else:
        threeway.require_whole(archive)
        with pytest.raises(ProjectError), journal.locked(worktree.find(archive)):
            pass
    assert outside(home) == before
    assert not (archive / "docker/new").exists()


def test_a_project_of_one_s_own_is_brought_back(home: Path) -> None:
    """The same journal restores the user's own project."""
    archive = home / "x/archive"
    plant(place_of(archive) / "active")
    (archive / "docker/own").write_text(VICTIM)
    threeway.require_whole(archive)
    assert (archive / "docker/own").read_text() == EVIL
    assert not (place_of(archive) / "active").exists()


def test_no_journal_starts_no_git(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`dockgen check` only looks for one."""

    def started(*_: object, **__: object) -> bytes:
        raise AssertionError("git was started")

    monkeypatch.setattr(git, "ask", started)
    threeway.require_whole(home / "x/archive")
    plant(place_of(home / "x/archive") / "active")
    with pytest.raises(AssertionError):
        threeway.require_whole(home / "x/archive")


def replaced(archive: Path, after: Saved | None) -> None:
    """Make a replacement of the one file."""
    place = worktree.find(archive)
    before = place.folder.look(Inside.of("docker/own"))
    files = [Replacement("docker/own", before, after)]
    with journal.locked(place):
        journal.replace(place, Entry("x", place.head, files, (), b"", b""))


def by_a_link(home: Path) -> None:
    """Move the folder elsewhere, and put a link to it in the project's place."""
    archive = home / "x/archive"
    (home / "elsewhere").mkdir()
    if (archive / "docker").exists():
        for path in (archive / "docker").iterdir():
            path.rename(home / "elsewhere" / path.name)
        (archive / "docker").rmdir()
    (archive / "docker").symlink_to(home / "elsewhere")


@pytest.mark.parametrize("after", [Saved(b"new\n", 0o644), None], ids=["changed", "deleted"])
def test_undo_follows_no_link_that_replaced_a_folder(home: Path, after: Saved | None) -> None:
    """The update changed or deleted a file there; what is at the link's end is another's."""
    archive = home / "x/archive"
    replaced(archive, after)
    by_a_link(home)
    before = outside(home)
    place = worktree.find(archive)
    with pytest.raises(ProjectError), journal.locked(place):
        journal.undo(place)
    assert outside(home) == before


def test_undo_brings_a_folder_back(home: Path) -> None:
    """The update deleted the folder with its last file."""
    archive = home / "x/archive"
    replaced(archive, None)
    assert not (archive / "docker").exists()
    place = worktree.find(archive)
    with journal.locked(place):
        journal.undo(place)
    assert (archive / "docker/own").read_text() == VICTIM


@pytest.mark.parametrize("call", ["write", "rename"])
def test_a_link_that_comes_on_the_way_is_not_followed(
    home: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    """Between two steps of one replacement, someone exchanges the folder."""
    archive = home / "x/archive"
    victim = home / "elsewhere/own"
    real: Callable[..., object] = os.open if call == "write" else os.rename

    def exchanging(*arguments: object, **options: object) -> object:
        name = str(arguments[0])
        if name.startswith(".dockgen-update-") and not (home / "elsewhere").exists():
            (archive / "docker").rename(home / "kept")
            (home / "elsewhere").mkdir()
            victim.write_text(VICTIM)
            (archive / "docker").symlink_to(home / "elsewhere")
        return real(*arguments, **options)

    monkeypatch.setattr(os, "open" if call == "write" else "rename", exchanging)
    with suppress(ProjectError):
        replaced(archive, Saved(b"new\n", 0o644))
    monkeypatch.undo()
    assert [path.name for path in (home / "elsewhere").iterdir()] == ["own"]
    assert victim.read_text() == VICTIM
