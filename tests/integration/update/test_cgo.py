"""cgo in existing Go projects: added, removed, and refused if there is no C library."""

from pathlib import Path

import pytest

from dockgen import cli
from tests.conftest import Released
from tests.integration.update.conftest import commit
from tests.integration.update.test_releases import committed, files


def test_an_update_from_a_release_brings_and_takes_it(
    released_project: Released, tmp_path: Path
) -> None:
    """Without an answer the Dockerfile is that of a project that never had the question."""
    old = committed(released_project("v0.5.0", "go", "slim"), tmp_path)
    plain = (released_project("newest", "go", "slim") / "Dockerfile").read_text()
    assert "CGO_ENABLED=1" not in plain
    assert cli.main(["update", str(old)]) == 0
    assert (old / "Dockerfile").read_text() == plain
    commit(old)
    assert cli.main(["update", "--data", "cgo=true", str(old)]) == 0
    assert "ENV CGO_ENABLED=1\n" in (old / "Dockerfile").read_text()
    assert "TARGETARCH" not in (old / "Dockerfile").read_text()
    commit(old)
    assert cli.main(["update", "--data", "cgo=false", str(old)]) == 0
    assert (old / "Dockerfile").read_text() == plain


@pytest.mark.parametrize("flavor", ["alpine", "scratch"])
def test_an_update_is_refused_where_it_could_not_start(
    released_project: Released, tmp_path: Path, capsys: pytest.CaptureFixture[str], flavor: str
) -> None:
    """The project stays as it is; with the flavor that has a C library it goes."""
    project = committed(released_project("newest", "go", flavor), tmp_path)
    before = files(project)
    assert cli.main(["update", "--data", "cgo=true", str(project)]) == 2
    printed = capsys.readouterr()
    assert f"{flavor} has" in printed.out + printed.err
    assert "choose slim" in printed.out + printed.err
    assert files(project) == before
    both = ["--data", "cgo=true", "--data", "flavor=slim"]
    assert cli.main(["update", *both, str(project)]) == 0
    assert "golang:1.27-trixie" in (project / "Dockerfile").read_text()
