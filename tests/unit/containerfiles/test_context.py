"""The files that a build can read, and the Go version that they require."""

from pathlib import Path

import pytest

from dockgen.containerfiles import context
from dockgen.errors import ProjectError


def lay(folder: Path, **files: str) -> Path:
    """Write these files; a double underscore in a name is a slash, a single one a point."""
    for name, text in files.items():
        path = folder / name.replace("__", "/").replace("_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def test_without_an_ignore_file(tmp_path: Path) -> None:
    """All of it, links left out."""
    lay(tmp_path, a="123", deep__er__b="12")
    (tmp_path / "link").symlink_to("a")
    found = context.read(tmp_path)
    assert found == context.Context("", {"a": 3, "deep/er/b": 2})


def test_a_dockerfiles_own_ignore_file_counts_first(tmp_path: Path) -> None:
    """As BuildKit has it."""
    lay(tmp_path, _dockerignore="*", a_Dockerfile_dockerignore="b\n*ignore", a="1", b="1")
    assert context.read(tmp_path).files == {}
    found = context.read(tmp_path, "a.Dockerfile")
    assert (found.ignore_file, set(found.files)) == ("a.Dockerfile.dockerignore", {"a"})


def test_go_lines(tmp_path: Path) -> None:
    """Of each module and workspace that isn't ignored; one that is damaged is the build's."""
    lay(
        tmp_path,
        go_mod="module a\n\ngo 1.25.1 // newest\n",
        sub__go_mod="module b\n",
        bad__go_mod="go 1.x",
        go_work="go\t1.26rc1\r\nuse .\n",
        out__go_mod="go 1.1",
        _dockerignore="out",
    )
    (tmp_path / "pipe").mkdir()
    (tmp_path / "pipe" / "go.mod").symlink_to("/etc/passwd")
    assert context.read(tmp_path).go == {"go.mod": "1.25.1", "go.work": "1.26rc1"}


def test_an_ignore_file_that_leads_out(tmp_path: Path) -> None:
    """It is refused as each file of a project."""
    (tmp_path / ".dockerignore").symlink_to("/etc/passwd")
    with pytest.raises(ProjectError, match="leads out"):
        context.read(tmp_path)
