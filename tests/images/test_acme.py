"""examples/starters/acme: the whole matrix of a starter with a difference of each kind, proven."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import render_examples

from dockgen import starter
from tests.conftest import PLAIN

# The cases of its copier.yml, which offers two languages on two flavors, and of its starter.toml.
CASES = ["go-scratch", "go-slim", "payments", "python-scratch", "python-slim"]


@pytest.mark.xdist_group("acme")
def test_the_whole_matrix_holds(tmp_path: Path) -> None:
    """As its own CI does it: `dockgen starter test`, with the sizes for the next comparison."""
    acme = starter.write(render_examples.acme(), tmp_path / "acme")
    sizes = tmp_path / "sizes.json"
    done = subprocess.run(
        [sys.executable, "-m", "dockgen", "starter", "test", "--json", "--jobs=1",
         f"--sizes={sizes}", acme],
        env=PLAIN, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=1200,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert sorted(json.loads(sizes.read_text())) == CASES
