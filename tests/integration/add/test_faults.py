"""Placing files is all or nothing: faults and kills at its writes, in git and without.

`make test` fails the first and the last write of each kind, `make test-all` every single one.
"""

import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from dockgen import threeway
from dockgen.add import placing
from dockgen.add.placing import Choices, Rendered
from dockgen.errors import ProjectError
from dockgen.git.tree import EXECUTABLE, File
from dockgen.threeway import Mode, journal, plain
from dockgen.threeway.plain import Plain
from tests.faults import Fault, each, forbidden, full, injected, interrupted, killed, numbers
from tests.integration.add.conftest import Folder
from tests.integration.update.conftest import state

# In a worktree with work in other files, and where the journal can't be in git's folder.
each_way = pytest.mark.parametrize("way", ["dirty", "no-git"])

RENDERED = Rendered(
    render=lambda _unmanaged: {
        ".copier-answers.yml": File(b"_commit: v1.0.0\n", "100644"),
        ".dockerignore": File(b".*\n", "100644"),
        "Dockerfile": File(b"FROM debian:trixie-slim\n", "100644"),
        "compose.yaml": File(b"services: {app: {build: .}}\n", "100644"),
        "docker/libraries/collect.sh": File(b"#!/bin/sh\n", EXECUTABLE),
    },
    version="v1.0.0",
    answers_file=".copier-answers.yml",
)
CHOICES = Choices(replace=["Dockerfile"], merge=[".dockerignore"])


@pytest.fixture(autouse=True)
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where journals of folders without git lie."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "own"))
    return tmp_path / "own/dockgen"


def copied(directory: Path, folder: Path) -> Plain:
    """Copy the folder, to try something on it."""
    shutil.copytree(directory, folder / directory.name, symlinks=True)
    return plain.find(folder / directory.name)


def write(at: Plain, fault: Fault) -> None:
    """Place the files, and meet a fault at one write."""
    with journal.locked(at):
        entry = placing.entry(at, placing.plan(at, RENDERED, CHOICES))
        with injected(fault):
            journal.replace(at, entry)


def write_and_die(at: Plain) -> None:
    """Place the files in a process that is killed once every file is replaced."""
    child = os.fork()
    if child == 0:
        with pytest.MonkeyPatch.context() as patches:
            patches.setattr(journal, "_keep", lambda *_: killed())
            write(at, Fault(0, killed))
        os._exit(0)
    os.waitpid(child, 0)


def is_settled(at: Plain) -> bool:
    """Return whether no half journal and no temporary file is left."""
    halves = ("active", "preparing", "former", "ended")
    left = [name for name in halves if (at.journal.path / name).exists()]
    return not left and not list(at.directory.rglob("*.tmp"))


@each
@each_way
@pytest.mark.parametrize(
    ("fail", "lasting"),
    [(full, False), (full, True), (forbidden, False), (interrupted, False)],
    ids=["no-room-once", "no-room-any-more", "not-allowed", "ctrl-c"],
)
def test_a_fault_at_any_write_changes_nothing(
    folder: Folder,
    tmp_path: Path,
    way: str,
    fail: Callable[[], None],
    *,
    lasting: bool,
    every: bool,
) -> None:
    """One after the other, each in a copy of its own."""
    mine = folder(way)
    whole, none = copied(mine, tmp_path / "whole"), Fault(0, killed)
    write(whole, none)
    before, after = state(mine), state(whole.directory)
    assert none.count > 40
    assert {name for name in after if after[name] != before.get(name)} == {
        *(".copier-answers.yml", ".dockerignore", "Dockerfile", "compose.yaml", "docker"),
        *("docker/libraries", "docker/libraries/collect.sh"),
    }
    for number in numbers(none.names, every=every):
        trial, failed = copied(mine, tmp_path / str(number)), False
        try:
            write(trial, Fault(number, fail, lasting=lasting))
        except (ProjectError, KeyboardInterrupt):
            failed = True
        found = state(trial.directory)
        assert found in (before, after), f"after a fault at write {number}"
        assert found == before or not failed or fail is interrupted, f"at write {number}"
        assert is_settled(trial) or found == after, f"after a fault at write {number}"


@each
@each_way
def test_a_kill_at_any_write_is_mended_by_the_next_command(
    folder: Folder, tmp_path: Path, way: str, *, every: bool
) -> None:
    """As before or as placed; and what was done can be done again, and taken back."""
    mine = folder(way)
    whole, none = copied(mine, tmp_path / "whole"), Fault(0, killed)
    write(whole, none)
    before, after = state(mine), state(whole.directory)
    for number in numbers(none.names, every=every):
        trial = copied(mine, tmp_path / str(number))
        child = os.fork()
        if child == 0:
            write(trial, Fault(number, killed))
            os._exit(0)
        _, status = os.waitpid(child, 0)
        assert os.WTERMSIG(status) == signal.SIGKILL
        threeway.require_whole(trial.directory)
        with journal.locked(trial):  # ends what was only to be tidied up
            pass
        assert state(trial.directory) in (before, after), f"after a kill at write {number}"
        if state(trial.directory) == before:
            placing.place(trial.directory, lambda: RENDERED, CHOICES, Mode.UPDATE)
            assert state(trial.directory) == after, f"again, after a kill at write {number}"
        assert is_settled(trial), f"after a kill at write {number}"
        placing.undo(trial.directory)
        assert state(trial.directory) == before, f"undone, after a kill at write {number}"


def test_what_is_placed_is_found_out_after_mending(folder: Folder, tmp_path: Path) -> None:
    """It is planned again after an interrupted run was rolled back."""
    trial = copied(folder(), tmp_path / "trial")
    write_and_die(trial)

    def rendered() -> Rendered:
        assert not (trial.directory / ".copier-answers.yml").exists()
        return RENDERED

    assert (trial.directory / ".copier-answers.yml").exists()
    placing.place(trial.directory, rendered, CHOICES, Mode.DRY_RUN)


@each_way
def test_what_was_written_after_a_kill_stays(folder: Folder, tmp_path: Path, way: str) -> None:
    """A repair restores what dockgen wrote, and nothing else."""
    trial = copied(folder(way), tmp_path / "trial")
    write_and_die(trial)
    assert (trial.directory / "compose.yaml").exists()
    (trial.directory / "Dockerfile").write_text("FROM scratch\n")
    threeway.require_whole(trial.directory)
    assert (trial.directory / "Dockerfile").read_text() == "FROM scratch\n"
    assert not (trial.directory / "compose.yaml").exists()


@each_way
def test_an_edit_between_planning_and_writing_changes_nothing(folder: Folder, way: str) -> None:
    """An editor saves while someone is asked."""
    mine = folder(way)
    at = plain.find(mine)
    planned = placing.plan(at, RENDERED, CHOICES)
    (mine / "Dockerfile").write_text("FROM saved:just-now\n")
    before = state(mine)
    with pytest.raises(ProjectError, match="Dockerfile changed in the meantime"):
        placing.entry(at, planned)
    assert state(mine) == before


@each_way
def test_two_at_once_are_refused(folder: Folder, way: str) -> None:
    """While the first one is running."""
    mine = folder(way)
    with (
        journal.locked(plain.find(mine)),
        pytest.raises(ProjectError, match="another dockgen is running"),
    ):
        placing.place(mine, lambda: RENDERED, CHOICES, Mode.UPDATE)


def test_a_journal_elsewhere_is_for_its_owner_alone(folder: Folder, own: Path) -> None:
    """It contains what was in the files."""
    placing.place(folder("no-git"), lambda: RENDERED, CHOICES, Mode.UPDATE)
    assert own.stat().st_mode & 0o077 == 0
