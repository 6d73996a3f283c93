"""Temporary folders in memory."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import memory
from tests.conftest import ROOT


@pytest.fixture
def killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of a process that was killed, deeper than Python can remove."""
    monkeypatch.setattr(memory, "MEMORY", tmp_path)
    code = (
        "import os, pathlib\n"
        "from tests import memory\n"
        f"memory.MEMORY = pathlib.Path({str(tmp_path)!r})\n"
        "with memory.folder(pathlib.Path()) as made:\n"
        "    print(made, flush=True)\n"
        "    os.chdir(made)\n"
        "    for _ in range(1100):\n"
        "        os.mkdir('d')\n"
        "        os.chdir('d')\n"
        "    os.kill(os.getpid(), 9)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    yield Path(done.stdout.strip())
    subprocess.run(["rm", "-rf", "--", *tmp_path.iterdir()], check=True)


def test_what_a_killed_run_has_left_goes(killed: Path) -> None:
    """The folder of a running process stays."""
    assert killed.is_dir()
    with memory.folder(otherwise=Path()) as ours:
        memory.sweep()
        assert not killed.exists()
        assert ours.is_dir()
