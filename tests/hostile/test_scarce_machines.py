"""Machines short of resources: no room for what `new` writes, no home for the user.

`make test` fails the first and the last change of each kind, `make test-all` every single one.
"""

import builtins
import errno
import io
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import pytest

from dockgen.cli import main
from tests.conftest import tree
from tests.faults import Fault, each, injected, numbers
from tests.hostile.test_targets import in_shell

# Errors that can be undone. A file that can't even be removed stays.
CHANGES = {"chmod", "folder", "fsync", "link", "rename", "replace", "symlink", "write"}


class Failing(Fault):
    """Fails the change of a number, for one of the reasons that a machine has."""

    def __init__(self, number: int, reason: int) -> None:
        """Raise what Python makes of the reason's number."""

        def fail() -> None:
            raise OSError(reason, os.strerror(reason))

        super().__init__(number, fail)

    def __call__(self, name: str) -> None:
        """Count what changes something; `os.open` is used to look at folders, too."""
        if name in CHANGES:
            super().__call__(name)


@contextmanager
def written(fault: Failing) -> Iterator[None]:
    """Let each file that this process opens and writes pass by ``fault`` first."""
    opened: Callable[..., IO[Any]] = io.open

    def passed(file: Any, mode: str = "r", *arguments: Any, **options: Any) -> IO[Any]:
        # A number is that of a pipe to a program.
        if isinstance(file, int) or not set(mode) & set("wax+"):
            return opened(file, mode, *arguments, **options)
        fault("write")
        stream = opened(file, mode, *arguments, **options)
        write = stream.write

        def passed_on(content: Any) -> int:
            fault("write")
            return write(content)

        stream.write = passed_on  # type: ignore[method-assign]
        return stream

    with injected(fault), pytest.MonkeyPatch.context() as patches:
        mkdir = os.mkdir

        def folder(path: Any, *arguments: Any, **options: Any) -> None:
            # Python makes folders to see whether they exist; then that is what the machine says.
            if not Path(path).exists():
                fault("folder")
            mkdir(path, *arguments, **options)

        patches.setattr(os, "mkdir", folder)
        patches.setattr(io, "open", passed)
        patches.setattr(builtins, "open", passed)
        yield


@pytest.mark.parametrize(
    ("reason", "target"),
    [("ENOSPC", "missing"), ("EDQUOT", "empty"), ("EIO", "below-a-missing-one")],
)
@pytest.mark.filterwarnings("ignore:unclosed scandir:ResourceWarning")  # copier's, cut short
@each
@pytest.mark.usefixtures("from_folder")
def test_a_fault_at_any_change_leaves_nothing(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    reason: str,
    target: str,
    *,
    every: bool,
) -> None:
    """One after the other, after a run that meets none and shows which there are."""
    monkeypatch.chdir(tmp_path)
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    name = {"below-a-missing-one": "above/my-app"}.get(target, "my-app")
    project = tmp_path / name
    if target == "empty":
        project.mkdir()
    before = sorted(tmp_path.rglob("*"))
    none = Failing(0, getattr(errno, reason))
    with written(none):
        assert main(["new", name, "--defaults"]) == 0
    assert capsys.readouterr().err == ""
    assert none.count > 40
    assert (project / "Dockerfile").is_file()
    assert list(temporary.iterdir()) == []
    shutil.rmtree(tmp_path / name.split("/")[0])
    if target == "empty":
        project.mkdir()
    for number in numbers(none.names, every=every):
        fault = Failing(number, getattr(errno, reason))
        with written(fault):
            code = main(["new", name, "--defaults"])
        errors = capsys.readouterr().err
        assert fault.names[:number] == none.names[:number]
        assert code == 3, f"at change {number}: {errors}"
        lines = errors.splitlines()
        assert [line.split(":")[0].strip() for line in lines] == ["error", "try"], number
        assert os.strerror(getattr(errno, reason)) in lines[0], number
        assert ".dockgen-staging-" not in errors, number
        assert sorted(tmp_path.rglob("*")) == before, f"after a fault at change {number}"


@pytest.mark.parametrize("files", [6, 8, 10, 12, 14, 24])
def test_a_ladder_of_open_files(tmp_path: Path, files: int) -> None:
    """With any limit, the result is the whole project or a one-line error."""
    done = in_shell(f"ulimit -n {files}; dockgen new my-app --defaults --json", tmp_path)
    if done.returncode == 0:
        assert done.stderr == ""
        assert set(json.loads(done.stdout)["files"]) == tree(tmp_path / "my-app").keys()
        return
    assert done.returncode == 3, done.stderr
    lines = done.stderr.splitlines()
    assert "Too many open files" in lines[0]
    assert [line.split(":")[0].strip() for line in lines] == ["error", "try"]
    assert ".dockgen-staging-" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_ladder_has_an_end(tmp_path: Path) -> None:
    """A hundred open files are enough, a tenth of what a shell allows by default."""
    done = in_shell("ulimit -n 100; dockgen new my-app --defaults", tmp_path)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_user_without_a_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A container that runs as a number: there are no settings, and none can be written."""
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("pwd.getpwuid", {}.__getitem__)
    monkeypatch.chdir(tmp_path)
    assert main(["new", "my-app", "--defaults"]) == 0
    assert main(["starter", "list"]) == 0
    capsys.readouterr()
    assert main(["starter", "add", "acme", str(tmp_path)]) == 3
    assert "HOME is not set" in capsys.readouterr().err
    assert {path.name for path in tmp_path.iterdir()} == {"my-app"}
