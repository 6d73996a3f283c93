"""Every release in the committed bundle can be updated to the templates of this working copy."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from dockgen import bundle, cli
from dockgen.bundle import Manifest
from tests.conftest import PLAIN, Released, tree
from tests.integration.update.conftest import PERSON, commit, git

RELEASES = [release.version for release in Manifest.read(bundle.DATA / bundle.MANIFEST).releases]
# The cells of the first release.
CELLS = [("go", "scratch"), ("python", "slim"), ("node", "alpine")]


def committed(rendering: Path, folder: Path) -> Path:
    """Make a committed copy of a project, in a folder of the same name."""
    directory = folder / rendering.name
    shutil.copytree(rendering, directory)
    git("init", "--quiet", cwd=directory)
    commit(directory)
    return directory


def files(directory: Path) -> dict[str, bytes]:
    """Return all files except git's own."""
    return {
        name: content for name, content in tree(directory).items() if not name.startswith(".git/")
    }


@pytest.fixture
def old(
    released_project: Released, tmp_path: Path, version: str, language: str, flavor: str
) -> Path:
    """A committed project of a release."""
    return committed(released_project(version, language, flavor), tmp_path)


@pytest.fixture
def newest(released_project: Released, language: str, flavor: str) -> dict[str, bytes]:
    """The files of a project of this working copy."""
    return files(released_project("newest", language, flavor))


def releases(sample: Callable[[int, int], bool]) -> pytest.MarkDecorator:
    """Run the test for each release and each cell: for a sample of them at each change.

    Which ones, the number of the release and that of the cell tell.
    """
    return pytest.mark.parametrize(
        ("version", "language", "flavor"),
        [
            pytest.param(
                *(version, language, flavor),
                marks=() if sample(release, cell) else pytest.mark.release,
            )
            for release, version in enumerate(RELEASES)
            for cell, (language, flavor) in enumerate(CELLS)
        ],
    )


@releases(lambda release, cell: release == 0 or release % len(CELLS) == cell)
def test_an_untouched_project_becomes_what_is_new(old: Path, newest: dict[str, bytes]) -> None:
    """It becomes what `dockgen new` makes today."""
    assert cli.main(["update", str(old)]) == 0
    assert files(old) == newest


@releases(lambda release, cell: release == 0 or (release, cell) == (len(RELEASES) - 1, 1))
def test_it_does_by_plain_copier_too(old: Path, newest: dict[str, bytes], tmp_path: Path) -> None:
    """`copier update`: also where a question is younger than the project."""
    with bundle.provide() as (path, manifest):
        settings = tmp_path / "gitconfig"
        rules = f'[url "{path}"]\n\tinsteadOf = {manifest.url}\n'
        settings.write_text(rules + '[protocol "file"]\n\tallow = always\n')
        subprocess.run(
            [
                sys.executable, "-m", "copier", "update", "--defaults",
                f"--vcs-ref={manifest.latest.version}", old,
            ],
            env=PLAIN | PERSON | {
                "GIT_CONFIG_GLOBAL": str(settings), "COPIER_CACHE_DIR": str(tmp_path / "cache"),
            },
            stdin=subprocess.DEVNULL, capture_output=True, timeout=120, check=True,
        )  # fmt: skip
    assert files(old) == newest


CERTIFICATE = f"-----BEGIN CERTIFICATE-----\n{'MIIB' * 16}\n-----END CERTIFICATE-----\n"


@pytest.mark.parametrize(("language", "flavor"), CELLS)
def test_a_team_s_answers_can_come_later_and_go(
    released_project: Released, tmp_path: Path, language: str, flavor: str
) -> None:
    """An update with them gives what a new project gets; without them, all of it is gone."""
    answers = {
        "labels": "{vendor: Acme}",
        "ca_certificates": CERTIFICATE,
        "policy": "{size_mb: 300, ignored_rules: {DG103: slow on purpose}}",
    }
    old = committed(released_project("v0.3.0", language, flavor), tmp_path)
    given = [f"--data={name}={value}" for name, value in answers.items()]
    assert cli.main(["update", *given, str(old)]) == 0
    assert files(old)["docker/ca-certificates.crt"] == CERTIFICATE.encode()
    assert b'LABEL vendor="Acme"\n' in files(old)["Dockerfile"]
    assert b"size_mb = 300\n" in files(old)["dockgen.toml"]
    commit(old)
    none = ["--data=labels={}", "--data=ca_certificates=", "--data=policy={}"]
    assert cli.main(["update", *none, str(old)]) == 0
    assert files(old) == files(released_project("newest", language, flavor))


@pytest.mark.parametrize("private", ["ssh", "token"])
@pytest.mark.parametrize(("language", "flavor"), CELLS)
def test_private_packages_can_come_later_and_go(
    released_project: Released, tmp_path: Path, language: str, flavor: str, private: str
) -> None:
    """Without them a project is what it was; an unattended update never brings them."""
    old = committed(released_project("v0.3.0", language, flavor), tmp_path)
    host = "git.acme.example"
    answers = {"private_dependencies": private, "private_host": host, "build_ca": "true"}
    given = [f"--data={name}={value}" for name, value in answers.items()]
    assert cli.main(["update", *given, str(old)]) == 0
    name = {"ssh": "known_hosts", "token": "npmrc" if language == "node" else "netrc"}[private]
    assert f"--mount=type=secret,id={name}," in (old / "Dockerfile").read_text()
    commit(old)
    assert cli.main(["update", str(old)]) == 0
    assert f"--mount=type=secret,id={name}," in (old / "Dockerfile").read_text()
    none = ["--data=private_dependencies=none", "--data=private_host=", "--data=build_ca=false"]
    assert cli.main(["update", *none, str(old)]) == 0
    assert files(old) == files(released_project("newest", language, flavor))
