"""An update is all or nothing: faults and kills at its writes, full disks, two at once.

`make test` fails the first and the last write of each kind, `make test-all` every single one.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from dockgen import template, threeway
from dockgen import update as updates
from dockgen.errors import ProjectError
from dockgen.git import gitfolder, worktree
from dockgen.git.worktree import Worktree
from dockgen.threeway import journal
from tests.conftest import PLAIN
from tests.faults import Fault, each, forbidden, full, injected, interrupted, killed, numbers
from tests.integration.update.conftest import (
    PERSON,
    Make,
    Update,
    carrying,
    commit,
    edit,
    git,
    index,
    start,
    state,
)

Prepared = tuple[Worktree, journal.Entry]
Seen = tuple[dict[str, str], str]


@pytest.fixture(scope="module")
def planned(
    site: Path, renderings: dict[object, Path], tmp_path_factory: pytest.TempPathFactory
) -> Prepared:
    """A project, and an update with each kind of change: new, merged, deleted, in conflict.

    Once for all tests: planning takes seconds, and each test works on copies of the project.
    """
    with carrying(site):
        project = start(renderings, "v1.0.0", tmp_path_factory.mktemp("planned") / "my-app")
        edit(project / "compose.yaml", "pids_limit: 64", "pids_limit: 99")
        edit(project / "README.md", "## Limits\n", "## Limits\n\nOurs are lower.\n")
        commit(project)
        place = worktree.find(project)
        with template.offline() as origin:
            plan = updates.plan(place, origin, None, {"ci": "github"})
        kinds = {str(change.status) for change in plan.changes}
        assert kinds >= {"clean", "merged", "deleted", "conflict", "unchanged"}
        return place, threeway.entry(place, plan)


@pytest.fixture
def prepared(released: None, planned: Prepared) -> Prepared:
    """The same, for a dockgen that carries the test history."""
    del released
    return planned


def apply(place: Worktree, entry: journal.Entry) -> None:
    """Make the update in a copy of the project."""
    with journal.locked(place):
        journal.replace(place, entry)


def seen(project: Path) -> Seen:
    """Return everything that an update may change: the files, and the index."""
    return state(project), index(project)


def copy(project: Path, folder: Path) -> Path:
    """Copy the project, to try something on it."""
    target = folder / project.name
    shutil.copytree(project, target, symlinks=True)
    git("status", cwd=target)  # lets the copied index know the copied files
    return target


def copied(place: Worktree, folder: Path) -> Worktree:
    """Return the place in a copy, where git has the same commit."""
    return replace(place, directory=copy(place.directory, folder))


def is_settled(place: Worktree) -> bool:
    """Return whether no journal and no temporary file is left."""
    found = gitfolder.find(place.directory)
    assert found is not None
    folder = found.journal.path
    rests = [
        name for name in ("active", "preparing", "former", "ended") if (folder / name).exists()
    ]
    return not rests and not list(place.directory.rglob("*.tmp"))


@pytest.fixture(scope="module")
def whole(planned: Prepared, tmp_path_factory: pytest.TempPathFactory) -> tuple[Seen, list[str]]:
    """What the update makes of the project when nothing fails, and its writes in their order."""
    place, entry = planned
    trial = copied(place, tmp_path_factory.mktemp("whole"))
    none = Fault(0, killed)
    with journal.locked(trial), injected(none):
        journal.replace(trial, entry)
    assert none.count > 100
    return seen(trial.directory), none.names


@each
@pytest.mark.parametrize(
    ("fail", "lasting"),
    [(full, False), (full, True), (forbidden, False), (interrupted, False)],
    ids=["no-room-once", "no-room-any-more", "not-allowed", "ctrl-c"],
)
def test_a_fault_at_any_write_changes_nothing(
    prepared: Prepared,
    whole: tuple[Seen, list[str]],
    tmp_path: Path,
    fail: Callable[[], None],
    *,
    lasting: bool,
    every: bool,
) -> None:
    """One after the other, each in a copy of its own."""
    place, entry = prepared
    before, (after, writes) = seen(place.directory), whole
    for number in numbers(writes, every=every):
        trial = copied(place, tmp_path / str(number))
        fault = Fault(number, fail, lasting=lasting)
        failed = False
        with journal.locked(trial):
            try:
                with injected(fault):
                    journal.replace(trial, entry)
            except (ProjectError, KeyboardInterrupt):
                failed = True
        assert fault.names[:number] == writes[:number]
        # Past the last rename only tidying up is left, which may fail unseen; and Ctrl-C waits.
        found = seen(trial.directory)
        assert found in (before, after), f"after a fault at write {number}"
        assert found == before or not failed or fail is interrupted, f"at write {number}"
        assert is_settled(trial) or found == after, f"after a fault at write {number}"
        shutil.rmtree(trial.directory)


@each
def test_a_kill_at_any_write_is_mended_by_the_next_command(
    prepared: Prepared, whole: tuple[Seen, list[str]], tmp_path: Path, *, every: bool
) -> None:
    """As before or fully updated; and the update can be made again."""
    place, entry = prepared
    before, (after, writes) = seen(place.directory), whole
    for number in numbers(writes, every=every):
        trial = copied(place, tmp_path / str(number))
        child = os.fork()
        if child == 0:
            with journal.locked(trial), injected(Fault(number, killed)):
                journal.replace(trial, entry)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        assert os.WTERMSIG(status) == signal.SIGKILL
        threeway.require_whole(trial.directory)
        with journal.locked(trial):
            pass
        found = seen(trial.directory)
        assert found in (before, after), f"after a kill at write {number}"
        assert is_settled(trial), f"after a kill at write {number}"
        if found == before:
            apply(trial, entry)
            assert seen(trial.directory) == after, f"again, after a kill at write {number}"
        shutil.rmtree(trial.directory)


@each
def test_a_kill_while_mending_is_mended(
    prepared: Prepared, whole: tuple[Seen, list[str]], tmp_path: Path, *, every: bool
) -> None:
    """The next command is killed, too, at any of its own writes."""
    place, entry = prepared
    before, (after, _) = seen(place.directory), whole
    cut = copied(place, tmp_path / "cut")
    child = os.fork()
    if child == 0:
        with journal.locked(cut), pytest.MonkeyPatch.context() as patches:
            # Every file is replaced, and then it ends.
            patches.setattr(journal, "_keep", lambda *_: killed())
            journal.replace(cut, entry)
        os._exit(0)
    os.waitpid(child, 0)
    assert seen(cut.directory)[0] == after[0]
    none = Fault(0, killed)
    trial = copy(cut.directory, tmp_path / "mended")
    with injected(none):
        threeway.require_whole(trial)
    assert seen(trial) == before
    assert none.count > 10
    for number in numbers(none.names, every=every):
        trial = copy(cut.directory, tmp_path / str(number))
        child = os.fork()
        if child == 0:
            with injected(Fault(number, killed)):
                threeway.require_whole(trial)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        assert os.WTERMSIG(status) == signal.SIGKILL
        threeway.require_whole(trial)
        assert seen(trial) == before, f"after a kill at write {number} of the mending"
        shutil.rmtree(trial)


def test_what_was_written_after_a_kill_stays(prepared: Prepared, tmp_path: Path) -> None:
    """A repair restores what dockgen wrote, and nothing else."""
    place, entry = prepared
    trial = copied(place, tmp_path / "trial")
    child = os.fork()
    if child == 0:
        with journal.locked(trial), pytest.MonkeyPatch.context() as patches:
            patches.setattr(journal, "_keep", lambda *_: killed())
            journal.replace(trial, entry)
        os._exit(0)
    os.waitpid(child, 0)
    (trial.directory / "README.md").write_text("written since\n")
    threeway.require_whole(trial.directory)
    assert (trial.directory / "README.md").read_text() == "written since\n"
    assert git("status", "--short", cwd=trial.directory) == " M README.md\n"


def test_a_locked_index_changes_nothing(prepared: Prepared, tmp_path: Path) -> None:
    """Another git is running, or was killed."""
    place, entry = prepared
    trial = copied(place, tmp_path / "trial")
    before = state(trial.directory)
    (trial.directory / ".git/index.lock").touch()
    with pytest.raises(ProjectError, match=r"index\.lock"):
        apply(trial, entry)
    assert state(trial.directory) == before


def test_an_edit_between_planning_and_writing_changes_nothing(
    prepared: Prepared, tmp_path: Path
) -> None:
    """An editor saves while copier is running."""
    place, entry = prepared
    trial = copied(place, tmp_path / "trial")
    (trial.directory / "README.md").write_text("saved just now\n")
    before = state(trial.directory)
    with pytest.raises(ProjectError, match=r"README\.md"):
        apply(trial, entry)
    assert state(trial.directory) == before


def test_a_second_update_is_refused(make: Make, update: Update) -> None:
    """While the first one is running."""
    project = make()
    with journal.locked(worktree.find(project)):
        done = update(project)
    assert done.code == 3
    assert "another dockgen is running" in done.errors


def dockgen(site: Path, *arguments: str | Path) -> "subprocess.Popen[str]":
    """Start dockgen with the test history as its own process."""
    return subprocess.Popen(
        [sys.executable, "-m", "dockgen", *map(str, arguments)],
        env=PLAIN | PERSON | {"PYTHONPATH": str(site)},
        cwd=site.parent,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_two_at_once_make_one_update(
    make: Make, update: Update, site: Path, tmp_path: Path
) -> None:
    """The second one is refused."""
    project = make()
    whole = copy(project, tmp_path / "whole")
    update(whole)
    both = [dockgen(site, "update", project) for _ in range(2)]
    for process in both:
        process.communicate(timeout=120)
    assert sorted(process.returncode for process in both) == [0, 3]
    assert seen(project) == seen(whole)


def test_a_signal_at_any_time_is_all_or_nothing(make: Make, site: Path, tmp_path: Path) -> None:
    """A real process, ended at several moments between its start and its end."""
    project = make()
    whole = copy(project, tmp_path / "whole")
    began = time.monotonic()
    process = dockgen(site, "update", whole)
    process.communicate(timeout=120)
    seconds = time.monotonic() - began
    states = (seen(project), seen(whole))
    codes = set()
    for number, parts in ((signal.SIGINT, (0.3, 0.9)), (signal.SIGTERM, (0.6, 0.97))):
        for part in parts:
            trial = copy(project, tmp_path / str(part))
            process = dockgen(site, "update", trial)
            try:
                process.communicate(timeout=seconds * part)
            except subprocess.TimeoutExpired:
                process.send_signal(number)
                process.communicate(timeout=120)
            codes.add(process.returncode)
            assert seen(trial) in states
            assert is_settled(worktree.find(trial))
    assert codes & {130, 143}
