"""`dockgen clean` on a real engine: it removes what runs left, and nothing else.

Other tests use the same engine at the same time, so it is told which run's leftovers are meant.
"""

import json
import secrets
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import PLAIN
from tests.integration.cli.test_prompts import ENTER, Terminal

PATIENCE = 120
PROJECT = "com.docker.compose.project"


def docker(*arguments: str) -> str:
    """Return docker's output."""
    done = subprocess.run(
        ["docker", *arguments],
        input="",
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=True,
    )
    return done.stdout


def clean(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run `dockgen clean`, without a terminal."""
    command = [sys.executable, "-m", "dockgen", "clean", *arguments]
    return subprocess.run(
        command, env=PLAIN, input="", capture_output=True, text=True, timeout=PATIENCE, check=False
    )


@pytest.fixture
def run() -> Iterator[str]:
    """A run that was killed: its image, container, network and volume, beside things of the user's.

    Those are called mine-… and share the image.
    """
    name = f"dockgen-check-{secrets.token_hex(6)}"
    label = f"--label={PROJECT}={name}"
    try:
        docker("import", "--change=CMD /x", "/dev/null", f"{name}-app:latest")
        docker("tag", f"{name}-app:latest", f"mine-{name}:1")
        docker("network", "create", label, f"{name}_default")
        docker("volume", "create", label, f"{name}_data")
        docker("volume", "create", f"mine-{name}")
        docker("create", label, f"--name={name}-app-1", f"{name}-app")
        docker("create", f"--name=mine-{name}", f"mine-{name}:1")
        yield name
    finally:
        for words in (("rm", "--force"), ("network", "rm"), ("volume", "rm"), ("image", "rm")):
            for own in (f"{name}-app-1", f"{name}_default", f"{name}_data", f"{name}-app",
                        f"mine-{name}", f"mine-{name}:1"):  # fmt: skip
                subprocess.run(
                    ["docker", *words, own], capture_output=True, timeout=PATIENCE, check=False
                )


def there(run: str) -> set[str]:
    """Return everything with the run's name in its own."""
    names = docker("ps", "--all", "--format={{.Names}}").split()
    names += docker("network", "ls", "--format={{.Name}}").split()
    names += docker("volume", "ls", "--format={{.Name}}").split()
    names += docker("image", "ls", "--format={{.Repository}}:{{.Tag}}").split()
    return {name for name in names if run in name}


def test_what_a_killed_run_left_goes_and_nothing_else(run: str) -> None:
    """All kinds, told in JSON; what the user named stays, also where it is the same image."""
    before = there(run)
    shown = json.loads(clean("--dry-run", "--json", run).stdout)["left"]
    assert [one["kind"] for one in shown] == ["container", "network", "volume", "image"]
    assert not any(one["removed"] for one in shown)
    assert there(run) == before

    done = clean("--yes", "--json", run)
    assert done.returncode == 0, done.stderr
    assert all(one["removed"] for one in json.loads(done.stdout)["left"])
    assert there(run) == {f"mine-{run}", f"mine-{run}:1"}


def test_what_is_in_use_is_named(run: str) -> None:
    """Exit 3 with the engine's reason, and the rest is gone."""
    docker("create", f"--name=mine-{run}-2", f"--volume={run}_data:/data", f"mine-{run}:1")
    try:
        done = clean("--yes", run)
        assert done.returncode == 3
        assert f"1 of 4 can't be removed, for example the volume {run}_data" in done.stderr
        assert f"{run}_data" in there(run)
        assert f"{run}-app-1" not in there(run)
    finally:
        docker("rm", f"mine-{run}-2")


def test_it_asks_first(run: str, tmp_path: Path) -> None:
    """The entries are shown with their sizes; unless you answer yes, they stay."""
    before = there(run)
    terminal = Terminal(tmp_path, "clean", run)
    terminal.see(f"{run}-app:latest")
    terminal.see("4 in all, at most")
    terminal.see("Remove these 4?")
    terminal.press(ENTER)
    assert terminal.end() == 0
    assert there(run) == before
