"""A project that was edited and then updated still builds, turns healthy and passes all rules."""

import pytest

from dockgen import cli
from tests.integration.update.conftest import (  # noqa: F401 - fixtures that stand on one another
    Make,
    Update,
    commit,
    make,
    released,
    renderings,
    site,
    update,
)
from tests.integration.update.edits import kept, ten_edits

# What the newest release stands on, so that it is at hand; its owner got there first.
BASE = "debian:trixie-slim"


@pytest.mark.xdist_group("python-slim")
def test_an_edited_project_passes_its_checks_after_an_update(
    make: Make,  # noqa: F811
    update: Update,  # noqa: F811
    capfd: pytest.CaptureFixture[str],
) -> None:
    """From the first test release to the newest, with ten edits; then `dockgen check`."""
    project = make("v1.0.0", ci="github")
    ten_edits(project, BASE)
    commit(project)
    done = update(project)
    assert done.code == 0, done.output + done.errors
    assert all(kept(project, BASE).values())
    assert cli.main(["check", str(project)]) == 0, capfd.readouterr().out
