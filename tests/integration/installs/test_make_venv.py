"""scripts/make_venv.sh: it checks its requirements before it makes anything.

`make venv` has made the environment of these tests. Here, programs that only record their calls
stand for a machine with something missing.
"""

import os
import shutil
import subprocess
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.conftest import ROOT

# Is it new enough, does it have ensurepip, which package would have it; and an environment, whose
# programs are as this one.
PYTHON = """\
case "$*" in
*"3, 11"*) exit "$OLD" ;;
*package*|*"%d.%d"*) echo python3.11-venv ;;
*"import ensurepip"*) exit "$NO_ENSUREPIP" ;;
*"-m venv"*)
  mkdir -p environment/bin
  cp "$0" environment/bin/python
  cp "$0" environment/bin/uv
  ;;
esac
case "$*" in *"$REFUSED"*) exit 1 ;; esac
"""

PIP = "python -m pip --disable-pip-version-check install"
NO_VENV = """\
error: this Python cannot make virtual environments (no ensurepip)
  try: apt-get install python3-venv
"""


@dataclass
class Machine:
    """A folder with all the programs that there are, and what the stand-ins among them do."""

    folder: Path
    settings: dict[str, str] = field(
        default_factory=lambda: {
            "OLD": "0",
            "NO_ENSUREPIP": "0",
            "REFUSED": "nothing",
            "USER_ID": "1",
        }
    )

    def program(self, name: str, does: str = "") -> None:
        """Add one that writes down how it was called."""
        path = self.folder / "bin" / name
        path.write_text(f'#!/bin/sh\necho "{name} $*" >>calls\n{does}')
        path.chmod(0o755)

    def run(self, **settings: str) -> tuple[int, str]:
        """Make the environment: exit code and errors."""
        done = subprocess.run(
            ["/bin/sh", ROOT / "scripts/make_venv.sh", "python", "environment"],
            cwd=self.folder,
            env={**self.settings, **settings, "PATH": str(self.folder / "bin")},
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        return done.returncode, done.stderr

    @property
    def calls(self) -> list[str]:
        """What was run, except questions to Python and git."""
        lines = (self.folder / "calls").read_text().splitlines()
        return [line for line in lines if " -c " not in line and not line.startswith("id")]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """One that lacks nothing."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "requirements").mkdir()
    (tmp_path / "requirements/dev.txt").write_text(
        "a==1 \\\n  --hash=x\nuv==2 \\\n  --hash=y\nz==3\n"
    )
    machine = Machine(tmp_path)
    machine.program("python", PYTHON)
    machine.program("git")
    machine.program("id", 'echo "$USER_ID"')
    for name in ("mkdir", "cp", "sed"):
        (tmp_path / "bin" / name).symlink_to(shutil.which(name) or name)
    return machine


def test_each_download_is_checked_against_its_hash(machine: Machine) -> None:
    """First uv, then all that is locked, and then the project itself."""
    assert machine.run() == (0, "")
    assert machine.calls == [
        "python -m venv --clear environment",
        f"{PIP} -q --require-hashes -r environment/uv.txt",
        "python pip sync -q --require-hashes requirements/dev.txt",
        "python pip install -q --no-deps --no-build-isolation --editable .",
    ]
    assert (machine.folder / "environment/uv.txt").read_text() == "uv==2 \\\n  --hash=y\n"


@pytest.mark.parametrize("refused", ["venv", "-m pip", "pip sync", "--editable"])
def test_nothing_follows_what_has_failed(machine: Machine, refused: str) -> None:
    """Python, pip and uv say themselves what is wrong."""
    assert machine.run(REFUSED=refused) == (1, "")
    assert refused in machine.calls[-1]


@pytest.mark.parametrize(
    ("lacks", "errors"),
    [
        pytest.param(
            {"OLD": "1"},
            "error: python is not Python 3.11 or later, which dockgen needs\n"
            "  try: make PYTHON=python3.13 venv\n",
            id="python",
        ),
        pytest.param(
            {"git": ""},
            "error: git is missing: dockgen keeps its templates in git\n"
            "  try: apt-get install git\n",
            id="git",
        ),
        pytest.param({"NO_ENSUREPIP": "1"}, NO_VENV, id="ensurepip"),
        pytest.param({"NO_ENSUREPIP": "1", "USER_ID": "0", "REFUSED": "-y"}, NO_VENV, id="package"),
    ],
)
def test_what_is_missing_is_named(machine: Machine, lacks: dict[str, str], errors: str) -> None:
    """Nothing is made; only root is offered a package, and hears if that fails."""
    machine.program("apt-get", 'case "$*" in *"$REFUSED"*) exit 100 ;; esac')
    if "git" in lacks:
        (machine.folder / "bin/git").unlink()
    assert machine.run(**lacks) == (1, errors)
    assert not (machine.folder / "environment").exists()
    assert [line.split()[0] for line in machine.calls] == ["apt-get"] * (2 * ("REFUSED" in lacks))


def test_root_gets_debian_s_package(machine: Machine) -> None:
    """It matches this Python, is installed without a question, and makes the environment."""
    machine.program("apt-get")
    assert machine.run(NO_ENSUREPIP="1", USER_ID="0") == (0, "")
    package = "apt-get -qq install -y --no-install-recommends python3.11-venv"
    assert machine.calls[:2] == ["apt-get -qq update", package]
    assert (machine.folder / "environment").is_dir()


def test_root_without_apt_is_told(machine: Machine) -> None:
    """It is no Debian."""
    assert machine.run(NO_ENSUREPIP="1", USER_ID="0") == (1, NO_VENV)


def test_the_python_that_is_asked_for_is_the_package_s() -> None:
    """pyproject.toml is the one setting; the script can't read it with an old Python."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    needed = project["requires-python"].removeprefix(">=")
    script = (ROOT / "scripts/make_venv.sh").read_text()
    assert f"Python {needed} or later" in script
    assert f"< ({needed.replace('.', ', ')})" in script


def test_an_old_python_is_too_old(tmp_path: Path) -> None:
    """By its own version."""
    script = (ROOT / "scripts/make_venv.sh").read_text()
    (question,) = [line.split("'")[1] for line in script.splitlines() if "sys.exit(" in line]
    for version, code in (((3, 10, 13), 1), ((3, 11, 0), 0), ((4, 0, 0), 0)):
        program = f"import sys; sys.version_info = {version}; {question}"
        done = subprocess.run(["python3", "-c", program], cwd=tmp_path, env=os.environ)
        assert done.returncode == code
