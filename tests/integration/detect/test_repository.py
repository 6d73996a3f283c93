"""The files that detection reads, and those that it leaves out."""

import os
import subprocess
from pathlib import Path

import pytest

from dockgen.detect import syntax
from dockgen.detect.repository import Repository, join
from dockgen.errors import ProjectError
from tests.table import table


def git(root: Path, *arguments: str) -> None:
    """Run git in a folder."""
    subprocess.run(["git", *arguments], cwd=root, check=True, capture_output=True)


def test_with_git_it_sees_what_git_would_track(tmp_path: Path) -> None:
    """Ignored and deleted files are left out; a package called env is code."""
    git(tmp_path, "init", "-q")
    for name in ("kept.py", "new.py", "gone.py", "secret.env", "env/package.go"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x = 1\n")
    (tmp_path / ".gitignore").write_text("*.env\n")
    git(tmp_path, "add", "kept.py", "gone.py", "env", ".gitignore")
    (tmp_path / "gone.py").unlink()

    repository = Repository(tmp_path)

    assert repository.tracked
    assert repository.files == (".gitignore", "env/package.go", "kept.py", "new.py")


def test_without_git_it_leaves_out_what_tools_make(tmp_path: Path) -> None:
    """A virtual environment is known by its file, not by its name."""
    for name in ("app.py", "node_modules/a.js", "my-env/pyvenv.cfg", "my-env/lib/x.py", "env/y.go"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")

    repository = Repository(tmp_path)

    assert not repository.tracked
    assert repository.files == ("app.py", "env/y.go")


def test_links_pipes_and_huge_files_are_left_out_and_said(tmp_path: Path) -> None:
    """A file that can't be read is skipped, and the rest is read."""
    root = tmp_path / "project"
    root.mkdir()
    (tmp_path / "outside.py").write_text("password = 1\n")
    (root / "out.py").symlink_to("../outside.py")
    (root / ".venv").mkdir()
    (root / ".venv" / "ignored.py").write_text("")
    (root / "ignored.py").symlink_to(".venv/ignored.py")
    (root / "real.py").write_text("y = 2\n")
    (root / "inside.py").symlink_to("real.py")
    os.mkfifo(root / "pipe.py")
    (root / "huge.json").write_bytes(b"[" * 2_000_000)
    (root / "broken.toml").write_text("a = [")
    (root / "latin.py").write_bytes(b"# \xe4\n")

    repository = Repository(root)

    assert repository.text("inside.py") == "y = 2\n"
    assert repository.text("out.py") is None
    assert repository.json("huge.json") is None
    assert repository.toml("broken.toml") == {}
    assert repository.text("latin.py") is None
    assert set(repository.skipped) == {
        *("out.py", "ignored.py", "pipe.py", "huge.json", "broken.toml", "latin.py")
    }


def test_a_tree_deeper_than_any_project_ends(tmp_path: Path) -> None:
    """Deeper than forty folders it looks no further."""
    folder = tmp_path
    for _ in range(60):
        folder = folder / "d"
    folder.mkdir(parents=True)
    (folder / "deep.py").write_text("")

    repository = Repository(tmp_path)

    assert repository.files == ()
    assert list(repository.skipped.values()) == ["it is nested too deeply"]


def test_sources_leave_out_what_is_not_the_applications(tmp_path: Path) -> None:
    """Tests, examples and vendored code; but the folder that is asked for counts."""
    for name in ("app/a.py", "app/tests/b.py", "examples/c.py", "vendor/d.py", "e.go"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")

    repository = Repository(tmp_path)

    assert repository.sources(".", ".py") == ["app/a.py"]
    assert repository.sources("examples", ".py") == ["examples/c.py"]


@table(
    ("folder", "name", "path"),
    [(".", "a", "a"), ("a/b", "../c", "a/c"), ("a", "../../c", ""), (".", "/etc", "")],
)
def test_a_name_leads_nowhere_out(folder: str, name: str, path: str) -> None:
    """A name in a manifest may be meant to lead out of the repository."""
    assert join(folder, name) == path


def test_what_is_no_folder_is_refused(tmp_path: Path) -> None:
    """A name mistyped."""
    with pytest.raises(ProjectError, match="isn't a folder"):
        Repository(tmp_path / "none")


@table(
    ("language", "source", "kind", "value"),
    [
        ("python", b"type A[T] = list[T]\nx = 'one'", "string", "one"),
        ("tsx", b"const a = <div/>; f(`one`)", "template_string", "one"),
        ("typescript", b"const a = <T>f('one')", "string", "one"),
        ("go", b'package main\nvar x = "one"', "interpreted_string_literal", "one"),
        ("python", b"f'{x}'", "string", None),
        ("tsx", b"`a${1}`", "template_string", None),
    ],
)
def test_each_language_is_parsed(language: str, source: bytes, kind: str, value: str) -> None:
    """Versions newer than the Python that runs this are parsed, too."""
    tree = syntax.parse(source, language)

    assert [syntax.string(node) for node in syntax.walk(tree, kind)] == [value]
    assert not tree.has_error
