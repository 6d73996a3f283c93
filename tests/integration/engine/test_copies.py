"""What a compose file mounts for writing is copied for a run."""

import os
from pathlib import Path

import pytest

from dockgen.engine import compose
from dockgen.errors import ProjectError


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give files away")
def test_a_copy_has_the_owners(tmp_path: Path) -> None:
    """The program runs as one of them, and writes."""
    source = tmp_path / "data"
    (source / "deep").mkdir(parents=True)
    (source / "deep/file").write_text("x")
    for path in (source / "deep/file", source / "deep", source):
        os.chown(path, 65532, 65532)
        path.chmod(0o700)
    compose._copied(source, tmp_path / "copy")
    for name in ("copy", "copy/deep", "copy/deep/file"):
        found = (tmp_path / name).stat()
        assert (found.st_uid, found.st_gid, found.st_mode & 0o777) == (65532, 65532, 0o700)


def test_what_can_t_be_copied_is_named(tmp_path: Path) -> None:
    """The folder of a database often belongs to another user: an error, and what to do."""
    source = tmp_path / "data"
    source.mkdir()
    (tmp_path / "copy").write_text("in the way")
    with pytest.raises(ProjectError, match="data, which can't be copied for a run") as caught:
        compose._copied(source, tmp_path / "copy")
    assert "named volume" in caught.value.hint
