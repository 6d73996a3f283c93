"""`dockgen compare` on a real engine: two flavors and the naive image, and two images.

Times are noise: none of them is asserted.
"""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import PLAIN, tree
from tests.integration.cli.test_prompts import Terminal

# Three builds from nothing take this long only on a machine that is busy, in seconds.
PATIENCE = 1800
FLAVORS = ("alpine", "scratch", "naive")

# All of it on one worker, which measures once.
pytestmark = pytest.mark.xdist_group("compare")


def dockgen(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run dockgen, without a terminal."""
    command = [sys.executable, "-m", "dockgen", *arguments]
    return subprocess.run(
        command, cwd=folder, env=PLAIN, input="", capture_output=True, text=True,
        timeout=PATIENCE, check=False,
    )  # fmt: skip


@pytest.fixture(scope="module")
def mine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small project whose Dockerfile somebody has broken by hand."""
    folder = tmp_path_factory.mktemp("mine")
    words = ("--language=python", "--framework=stdlib", "--flavor=alpine", "--defaults")
    done = dockgen(folder, "new", "my-app", *words)
    assert done.returncode == 0, done.stderr
    (folder / "my-app/Dockerfile").write_text("FROM nowhere\n")
    return folder / "my-app"


@pytest.fixture(scope="module")
def compared(mine: Path) -> tuple[dict[str, Any], str]:
    """What a comparison says to a program, and what a person saw on the terminal meanwhile."""
    before = tree(mine)
    words = ("compare", "my-app", f"--flavors={','.join(FLAVORS)}", "--rounds=1", "--json")
    command = shlex.join([sys.executable, "-m", "dockgen", *words])
    code = f"import os; os.execvp('sh', ['sh', '-c', {command + ' >out.json'!r}])"
    terminal = Terminal(mine.parent, python=("-c", code))
    terminal.process.timeout = PATIENCE
    assert terminal.end() == 0, terminal.text[-2000:]
    assert tree(mine) == before
    facts: dict[str, Any] = json.loads((mine.parent / "out.json").read_text())
    return facts, terminal.text


def test_each_flavor_is_measured_beside_the_naive_image(
    compared: tuple[dict[str, Any], str],
) -> None:
    """All figures but a health check that the naive image hasn't; a hand edit doesn't count."""
    facts, _ = compared
    assert (facts["flavor"], facts["edited"]) == ("alpine", "app/server.py")
    columns = {column["name"]: column for column in facts["columns"]}
    assert tuple(columns) == FLAVORS
    assert facts["left_out"] == {}
    for name, column in columns.items():
        for figure in ("cold_build_seconds", "rebuild_seconds", "answer_seconds", "memory_bytes"):
            assert column[figure] > 0, (name, figure)
        assert column["note"] is None
        assert (column["healthy_seconds"] is None) is (name == "naive")
    for size in ("unpacked_bytes", "gzip_bytes"):
        assert columns["alpine"][size] < columns["naive"][size]
    ours, naive = ({f["rule"] for f in columns[name]["findings"]} for name in ("alpine", "naive"))
    assert ours == set()
    assert {"DG101", "DG102"} <= naive


def test_a_person_sees_how_long_it_takes_and_what_is_done(
    compared: tuple[dict[str, Any], str],
) -> None:
    """Before it begins, and in turns."""
    _, shown = compared
    assert re.match(
        r"Builds and starts my-app in turns: alpine, scratch, naive\. This takes about \d+ (s|min)",
        shown,
    )
    steps = [
        f"{name}: {what}, about"
        for what in ("cold build", "rebuild 1 of 1", "start 1 of 1", "size and rules")
        for name in FLAVORS
    ]
    places = [shown.find(step) for step in steps]
    assert -1 not in places, steps
    assert places == sorted(places)


def test_two_images_of_the_engine(tmp_path: Path) -> None:
    """With their shared layers, packages and files."""
    done = dockgen(tmp_path, "compare", "python:3.14-slim-trixie", "debian:trixie-slim", "--json")
    assert done.returncode == 0, done.stderr
    facts = json.loads(done.stdout)
    assert len(facts["layers"]["shared"]) >= 1
    gone = {(one["system"], one["name"]) for one in facts["packages"] if not one["after"]}
    assert ("python", "pip") in gone
    removed = [one for one in facts["files"]["changes"] if one["change"] == "removed"]
    assert removed[0]["path"].startswith("/usr/local/lib/libpython3")


def test_a_missing_image_is_named(tmp_path: Path) -> None:
    """Exit 3."""
    done = dockgen(tmp_path, "compare", "dockgen-test:nobody-made-it", "debian:trixie-slim")
    assert (done.returncode, done.stdout) == (3, "")
    assert "dockgen-test:nobody-made-it" in done.stderr
