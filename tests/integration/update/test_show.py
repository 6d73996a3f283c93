"""A project of the first release with ten edits is updated to the newest, and keeps them all."""

from tests.integration.update.conftest import Make, Update, commit
from tests.integration.update.edits import DIGEST, kept, ten_edits


def test_every_edit_is_kept(make: Make, update: Update) -> None:
    """The template's changes are merged around them, without a conflict."""
    project = make("v1.0.0", ci="github")
    base = f"debian:bookworm-slim@{DIGEST}"
    ten_edits(project, base)
    commit(project)
    assert all(kept(project, base).values())
    done = update(project)
    assert done.code == 0, done.output + done.errors
    assert [edit for edit, there in kept(project, base).items() if not there] == []
    assert "pids_limit: 128" in (project / "compose.yaml").read_text()
    assert "docker/rootfs.py" in (project / "Dockerfile").read_text()
    assert "This pulls the newest images" in (project / "README.md").read_text()
