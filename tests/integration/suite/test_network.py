"""Reruns after a network failure, and after nothing else."""

import os
import subprocess
import sys
from pathlib import Path

from dockgen.engine import BuildError
from tests import network
from tests.conftest import ROOT


def caused(by: Exception) -> Exception:
    """Return an error that another one caused."""
    error = RuntimeError("the project isn't there")
    error.__cause__ = by
    return error


def test_the_network_is_to_blame() -> None:
    """The symptom may be anywhere in the error."""
    for error in [
        AssertionError("YN0001: Error: write ECANCELED Canceled because of SSL destruction"),
        AssertionError("Temporary failure resolving 'debian'\nassert 1 == 0"),
        AssertionError("after connection broken by 'NameResolutionError(\"HTTPSConnection(…"),
        AssertionError("Could not find a version that satisfies uv (from versions: none)"),
        BuildError("it can't be built", "hint", "net/http: TLS handshake timeout"),
        BuildError("it can't be built", "hint", "All attempts to connect to a.example failed."),
        subprocess.CalledProcessError(1, ["uv", "lock"], stderr="502 Bad Gateway"),
        caused(BuildError("it can't be built", "hint", "npm error code ETIMEDOUT")),
    ]:
        assert network.is_to_blame(error)


def test_the_network_is_not_to_blame() -> None:
    """A server's "not found", and a refusal by a test's own server, are findings."""
    for error in [
        None,
        AssertionError("assert ['RUN apt-get update'] == []"),
        BuildError("it can't be built", "hint", "404 Not Found"),
        AssertionError("connect ECONNREFUSED 127.0.0.1:8080"),
    ]:
        assert not network.is_to_blame(error)


TESTS = """\
from pathlib import Path

import pytest

FIRST = Path("first")


@pytest.fixture(scope="session")
def shared() -> str:
    if not FIRST.exists():
        FIRST.touch()
        raise RuntimeError("read ECONNRESET")
    return "shared"


def test_once(shared: str) -> None:
    assert shared == "shared"


def test_always() -> None:
    raise AssertionError("read ECONNRESET")


def test_other() -> None:
    raise AssertionError("something else")
"""


def test_only_what_a_network_failed_is_run_again(tmp_path: Path) -> None:
    """A fixture that all tests share is made again; what fails three times has failed."""
    (tmp_path / "test_it.py").write_text(TESTS)
    own = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "tests.network", "-n", "2"],
        cwd=tmp_path,
        env=own | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "2 failed, 1 passed, 3 rerun" in done.stdout, done.stdout + done.stderr
    assert "RERUN test_it.py::test_once" in done.stdout
    assert done.stdout.count("RERUN") == 3
    assert "RERUN test_it.py::test_other" not in done.stdout
