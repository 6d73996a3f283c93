"""scripts/make_venv.py: what it needs is asked for before anything is made.

Each test has a checkout in small, with a script of its own, so that nothing of this one is touched.
"""

import ast
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests import memory
from tests.conftest import PLAIN, ROOT

SCRIPT = ROOT / "scripts/make_venv.py"

# What stands in for a machine that the tests don't run on; each is run before the script.
OLD = "sys.version_info = (3, 10, 13, 'final', 0)"
NO_ENSUREPIP = "sys.modules['ensurepip'] = None"
ROOT_USER = "os.geteuid = lambda: 0"
SOMEBODY = "os.geteuid = lambda: 1000"

# The oldest Python that anybody may still type `make` with, by whose grammar the script is read.
OLDEST = (3, 7)

# A project that pip can install without a network: its build backend lies beside it.
PYPROJECT = """\
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
"""
BACKEND = '''\
"""An editable install of nothing but a path."""

import pathlib
import zipfile

FILES = {
    "small.pth": f"{pathlib.Path.cwd()}\\n",
    "small-1.dist-info/METADATA": "Metadata-Version: 2.1\\nName: small\\nVersion: 1\\n",
    "small-1.dist-info/WHEEL": "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
}


def build_editable(folder, config_settings=None, metadata_directory=None):
    record = "".join(f"{name},,\\n" for name in [*FILES, "small-1.dist-info/RECORD"])
    with zipfile.ZipFile(pathlib.Path(folder, "small-1-py3-none-any.whl"), "w") as wheel:
        for name, text in {**FILES, "small-1.dist-info/RECORD": record}.items():
            wheel.writestr(name, text)
    return "small-1-py3-none-any.whl"
'''

# In place of the module that makes environments: one whose Python writes down what it is asked to
# run, and fails where a word of that is the one in REFUSES.
VENV = '''\
"""python -m venv [--clear] DIRECTORY"""

import pathlib
import sys

python = pathlib.Path(sys.argv[-1], "bin/python")
python.parent.mkdir(parents=True)
python.write_text("""#!/bin/sh
echo "$*" >> "$0.log"
for word; do test "$word" != "$REFUSES" || exit 1; done
""")
python.chmod(0o755)
'''


@dataclass(frozen=True)
class Machine:
    """A checkout in small, and the folder that is all of the PATH."""

    folder: Path

    @property
    def environment(self) -> Path:
        """What is to be made."""
        return self.folder / "environment"

    @property
    def log(self) -> list[str]:
        """What the environment's Python was asked to run, if it is the stand-in."""
        return (self.environment / "bin/python.log").read_text().splitlines()

    def program(self, name: str, does: str = ":") -> None:
        """Put a program on the PATH that writes down that it was called, and with what."""
        path = self.folder / "bin" / name
        path.write_text(f'#!/bin/sh\necho "$*" >> "$0.log"\n{does}\n')
        path.chmod(0o755)

    def calls(self, name: str) -> list[str]:
        """How a program on the PATH was called."""
        path = self.folder / "bin" / f"{name}.log"
        return path.read_text().splitlines() if path.exists() else []

    def run(
        self, *first: str, stand_in: bool = False, refuses: str = ""
    ) -> "subprocess.CompletedProcess[str]":
        """Make the environment, with the lines of ``first`` before the script."""
        script = self.folder / "checkout/scripts/make_venv.py"
        lines = [
            "import os, runpy, sys",
            *first,
            "runpy.run_path(sys.argv[0], run_name='__main__')",
        ]
        program = "\n".join(["import sys; del sys.argv[0]", *lines])
        plain = {name: PLAIN[name] for name in PLAIN if not name.startswith(("PIP_", "PYTHON"))}
        return subprocess.run(
            [sys.executable, "-c", program, script, self.environment],
            cwd=self.folder,
            env=plain | {
                "PATH": str(self.folder / "bin"),
                "PIP_CONFIG_FILE": "/dev/null",
                "PIP_NO_INDEX": "1",
                "PYTHONPATH": str(self.folder / "stand-in") if stand_in else "",
                "REFUSES": refuses,
            },
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip


def start(folder: Path) -> Machine:
    """A machine with git and nothing else."""
    for name in ("bin", "checkout/scripts", "checkout/requirements", "stand-in"):
        (folder / name).mkdir(parents=True)
    shutil.copy(SCRIPT, folder / "checkout/scripts")
    (folder / "checkout/requirements/dev.txt").touch()
    (folder / "checkout/pyproject.toml").write_text(PYPROJECT)
    (folder / "checkout/backend.py").write_text(BACKEND)
    (folder / "stand-in/venv.py").write_text(VENV)
    machine = Machine(folder)
    machine.program("git")
    return machine


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A machine with git and nothing else."""
    return start(tmp_path)


def refused(machine: Machine, *first: str) -> str:
    """What is said where nothing is made: an error, what to type, and exit code 1."""
    done = machine.run(*first, stand_in=True)
    assert done.returncode == 1
    assert "Setting up" not in done.stdout
    assert not machine.environment.exists(), "something was made"
    return done.stderr


# A Python that is too old.


@pytest.mark.parametrize("version", ["2.7.18", "3.8.20", "3.10.13"])
def test_an_old_python_is_refused(machine: Machine, version: str) -> None:
    """The message has the version that was found, the one that is needed, and how to choose it."""
    numbers = ", ".join(version.split("."))
    assert refused(machine, f"sys.version_info = ({numbers}, 'final', 0)") == (
        f"error: Python {version} is too old: dockgen needs 3.11 or later\n"
        "  try: make PYTHON=python3.13 venv\n"
    )


@pytest.mark.parametrize("version", ["3, 11, 0", "3, 14, 0", "4, 0, 0"])
def test_a_newer_python_will_do(machine: Machine, version: str) -> None:
    """3.11 and later get on to the environment."""
    done = machine.run(f"sys.version_info = ({version}, 'final', 0)", stand_in=True)
    assert done.returncode == 0, done.stderr


def test_an_old_python_can_read_the_script() -> None:
    """Else it would answer with a syntax error instead of the message."""
    ast.parse(SCRIPT.read_text(), feature_version=OLDEST)


def test_a_newer_grammar_would_be_seen() -> None:
    """As one would be that came after the oldest Python."""
    with pytest.raises(SyntaxError):
        ast.parse("if (found := 1): pass", feature_version=OLDEST)


def test_the_python_that_is_asked_for_is_the_package_s(machine: Machine) -> None:
    """pyproject.toml is the one setting; the script can't read it with an old Python."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    asked = re.search(r"dockgen needs (\S+) or later", refused(machine, OLD))
    assert asked
    assert project["requires-python"] == f">={asked[1]}"


# No git.


def test_a_missing_git_is_named(machine: Machine) -> None:
    """The message says what git is for, and what to install."""
    (machine.folder / "bin/git").unlink()
    assert refused(machine) == (
        "error: git is missing: dockgen keeps its templates in git\n  try: apt-get install git\n"
    )


# No ensurepip, which Debian has in a package of its own.

NO_VENV = (
    "error: this Python cannot make virtual environments (no ensurepip)\n"
    "  try: apt-get install python3-venv\n"
)
PACKAGE = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"


def test_a_missing_ensurepip_is_named(machine: Machine) -> None:
    """Without apt-get nothing can be done about it but to say so, even as root."""
    assert refused(machine, NO_ENSUREPIP, ROOT_USER) == NO_VENV


def test_only_root_installs_packages(machine: Machine) -> None:
    """Anybody else is told the command; no apt-get is run that would fail."""
    machine.program("apt-get")
    assert refused(machine, NO_ENSUREPIP, SOMEBODY) == NO_VENV
    assert machine.calls("apt-get") == []


def test_a_package_that_can_not_be_installed_is_named(machine: Machine) -> None:
    """As without a network: apt-get fails, and the command is there to be typed later."""
    machine.program("apt-get", "exit 100")
    assert refused(machine, NO_ENSUREPIP, ROOT_USER) == NO_VENV


def test_root_gets_debian_s_package(machine: Machine) -> None:
    """That of this very Python, without a question, and the environment is made with it."""
    machine.program("apt-get")
    done = machine.run(NO_ENSUREPIP, ROOT_USER, stand_in=True)
    assert done.returncode == 0, done.stderr
    assert machine.calls("apt-get")[-1] == f"-qq install -y --no-install-recommends {PACKAGE}"
    assert machine.environment.is_dir()


def test_no_package_is_installed_that_is_there(machine: Machine) -> None:
    """With ensurepip there is nothing to ask apt-get for."""
    machine.program("apt-get")
    assert machine.run(ROOT_USER, stand_in=True).returncode == 0
    assert machine.calls("apt-get") == []


# What is there already.


@pytest.mark.parametrize(
    "lacks",
    [
        pytest.param(OLD, id="python"),
        pytest.param("os.environ['PATH'] = os.devnull", id="git"),
        pytest.param(f"{NO_ENSUREPIP}; {SOMEBODY}", id="ensurepip"),
    ],
)
def test_an_environment_is_kept_where_none_can_be_made(machine: Machine, lacks: str) -> None:
    """What worked before still does: nothing is cleared before all that is needed was found."""
    (machine.environment / "bin").mkdir(parents=True)
    (machine.environment / "bin/python").write_text("works\n")
    assert machine.run(lacks).returncode == 1
    assert [path.name for path in machine.environment.rglob("*")] == ["bin", "python"]
    assert (machine.environment / "bin/python").read_text() == "works\n"


# The environment.


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """A real environment by the real pip, once, in the place of one that was ready before."""
    with memory.folder(otherwise=tmp_path_factory.mktemp("made")) as folder:
        machine = start(folder)
        machine.environment.mkdir()
        (machine.environment / ".ready").touch()
        done = machine.run()
        assert done.returncode == 0, done.stderr
        yield machine


def test_the_environment_has_the_project(made: Machine) -> None:
    """Its Python imports from the checkout, as an editable install does."""
    done = subprocess.run(
        [made.environment / "bin/python", "-c", "import backend; print(backend.__file__)"],
        cwd=made.folder, env=PLAIN, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert done.stdout.strip() == str(made.folder / "checkout/backend.py")


def test_the_environment_is_made_anew(made: Machine) -> None:
    """Nothing of an earlier one is left, least of all the mark by which make knows it as ready."""
    assert not (made.environment / ".ready").exists()


def test_each_download_is_checked_against_its_hash(machine: Machine) -> None:
    """The lock first, by hashes; then the project itself, for which nothing is downloaded."""
    assert machine.run(stand_in=True).returncode == 0
    assert [re.sub("^.* -q ", "", line) for line in machine.log] == [
        "--require-hashes -r requirements/dev.txt",
        "--no-deps --no-build-isolation --editable .",
    ]


def test_what_python_can_not_make_is_an_error(machine: Machine) -> None:
    """A file is in the way: it stays, and Python says so itself."""
    machine.environment.write_text("mine\n")
    done = machine.run()
    assert done.returncode == 1
    assert done.stderr.endswith(
        "error: Python could not make it (its words are above)\n  try: make venv\n"
    )
    assert machine.environment.read_text() == "mine\n"


@pytest.mark.parametrize("step", ["--require-hashes", "--editable"])
def test_what_pip_can_not_install_is_an_error(machine: Machine, step: str) -> None:
    """Its own words say why; the rest is what to type once that is mended."""
    done = machine.run(stand_in=True, refuses=step)
    assert done.returncode == 1
    assert done.stderr == (
        "error: pip could not install the locked tools (its words are above)\n  try: make venv\n"
    )


def test_nothing_is_installed_after_an_error(machine: Machine) -> None:
    """Where the locked tools can't be had, the project itself isn't built with others."""
    machine.run(stand_in=True, refuses="--require-hashes")
    assert [line for line in machine.log if "--editable" in line] == []
    assert len(machine.log) == 1
