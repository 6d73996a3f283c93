"""Apply: all of a tree arrives, or nothing changes."""

import errno
import os
import shutil
import tempfile
import threading
from pathlib import Path
from typing import Any

import pytest

from dockgen import apply
from dockgen.errors import ProjectError
from tests.conftest import tree

FILES = {"a.txt": b"a", "folder/b.txt": b"b", "folder/deeper/c.txt": b"c", "z.txt": b"z"}


def make(directory: Path) -> Path:
    """Write FILES below ``directory``."""
    for name, content in FILES.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return directory


def put(target: Path) -> None:
    """Stage FILES and place them, as `dockgen new` does."""
    with apply.staging(target) as folder:
        apply.place(make(folder / "staged"), target)


@pytest.mark.parametrize("path", ["new", "one/two/three"], ids=["missing", "missing-parents"])
def test_a_missing_target_appears(tmp_path: Path, path: str) -> None:
    """A target that doesn't exist is made, with its parents, and nothing else is left."""
    put(tmp_path / path)
    assert tree(tmp_path) == {f"{path}/{name}": content for name, content in FILES.items()}
    assert [entry.name for entry in tmp_path.iterdir()] == [Path(path).parts[0]]


def test_an_empty_target_is_kept_and_filled(tmp_path: Path) -> None:
    """An existing folder stays the same folder, since a shell may be in it."""
    target = tmp_path / "here"
    target.mkdir()
    before = target.stat().st_ino
    put(target)
    assert tree(target) == FILES
    assert target.stat().st_ino == before


def test_modes_arrive(tmp_path: Path) -> None:
    """A file that can be run still can be."""
    with apply.staging(tmp_path / "new") as folder:
        staged = make(folder / "staged")
        (staged / "a.txt").chmod(0o755)
        apply.place(staged, tmp_path / "new")
    assert (tmp_path / "new/a.txt").stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize("existing", [True, False], ids=["empty-target", "missing-target"])
@pytest.mark.parametrize(
    "fault",
    [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt(), SystemExit()],
    ids=["full-disk", "interrupt", "exit"],
)
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_fault_at_any_rename_leaves_the_target_as_it_was(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    existing: bool,
    fault: BaseException,
    after: bool,
) -> None:
    """The loop breaks the first rename, the second one and so on, until a run goes through."""
    genuine = os.rename
    for breaking in range(1, 20):
        target = tmp_path / str(breaking) / "target"
        target.parent.mkdir()
        if existing:
            target.mkdir()
        calls = 0

        def rename(*paths: Any, breaking: int = breaking, **folders: Any) -> None:
            nonlocal calls
            calls += 1
            if after or calls != breaking:
                genuine(*paths, **folders)
            if calls == breaking:
                raise fault

        monkeypatch.setattr(os, "rename", rename)
        try:
            put(target)
        except (ProjectError, KeyboardInterrupt, SystemExit):
            whole = not existing and after  # the one rename had been done: all of it is there
            assert tree(target.parent) == (
                {f"target/{name}": content for name, content in FILES.items()} if whole else {}
            )
            assert target.exists() == (existing or whole)
            assert {entry.name for entry in target.parent.iterdir()} <= {"target"}
        else:
            assert tree(target) == FILES
            break
        finally:
            monkeypatch.setattr(os, "rename", genuine)
    assert breaking == (len({name.split("/")[0] for name in FILES}) if existing else 1) + 1


def test_of_two_runs_into_one_empty_folder_one_wins(tmp_path: Path) -> None:
    """The other one is refused, and its files are nowhere."""
    target = tmp_path / "here"
    target.mkdir()
    both_staged = threading.Barrier(2)
    refused: list[ProjectError] = []

    def run(mark: bytes) -> None:
        with apply.staging(target) as folder:
            staged = make(folder / "staged")
            (staged / "a.txt").write_bytes(mark)
            (staged / mark.decode()).write_bytes(mark)
            both_staged.wait(timeout=10)
            try:
                apply.place(staged, target)
            except ProjectError as error:
                refused.append(error)

    threads = [threading.Thread(target=run, args=(mark,)) for mark in (b"first", b"second")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=10)
    winner = (target / "a.txt").read_bytes()
    assert tree(target) == FILES | {"a.txt": winner, winner.decode(): winner}
    assert [str(error) for error in refused] == [
        f"{target} exists and isn't empty: dockgen doesn't overwrite files"
    ]


def test_refuses_a_folder_with_something_in_it(tmp_path: Path) -> None:
    """Even a hidden file counts."""
    (tmp_path / ".hidden").touch()
    with pytest.raises(ProjectError, match="exists and isn't empty"):
        apply.check_target(tmp_path)


def test_refuses_a_file(tmp_path: Path) -> None:
    """A file is no place for a project."""
    (tmp_path / "file").touch()
    with pytest.raises(ProjectError, match="exists and isn't a directory"):
        apply.check_target(tmp_path / "file")


def test_refuses_a_path_below_a_file(tmp_path: Path) -> None:
    """A path that leads through a file is refused, too."""
    (tmp_path / "file").touch()
    with pytest.raises(ProjectError, match=r"isn't a directory, so .* can't be created"):
        apply.check_target(tmp_path / "file/project")


def test_refuses_a_link_to_nothing(tmp_path: Path) -> None:
    """A dangling link may be a mistake; dockgen doesn't guess."""
    (tmp_path / "link").symlink_to("nowhere")
    with pytest.raises(ProjectError, match="is a link to nothing"):
        apply.check_target(tmp_path / "link")


def test_accepts_a_link_to_an_empty_folder(tmp_path: Path) -> None:
    """It is an empty folder by another name."""
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    put(tmp_path / "link")
    assert tree(tmp_path / "real") == FILES
    assert (tmp_path / "link").is_symlink()


def test_staging_says_why_it_can_t_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that can't be written to is named, with the system's reason."""

    def refuse(**_: object) -> str:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(tempfile, "mkdtemp", refuse)
    with (
        pytest.raises(ProjectError, match="Permission denied"),
        apply.staging(tmp_path / "new"),
    ):
        pass


def test_staging_is_removed_after_a_fault(tmp_path: Path) -> None:
    """The folder beside the target is removed, whatever happens inside."""
    with pytest.raises(RuntimeError), apply.staging(tmp_path / "new") as folder:  # noqa: PT012
        make(folder / "staged")
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []


def test_files_are_listed_in_order(tmp_path: Path) -> None:
    """Files only, relative, sorted."""
    make(tmp_path)
    (tmp_path / "empty").mkdir()
    assert [path.as_posix() for path in apply.files(tmp_path)] == sorted(FILES)
    shutil.rmtree(tmp_path / "folder")
    assert [path.as_posix() for path in apply.files(tmp_path)] == ["a.txt", "z.txt"]
