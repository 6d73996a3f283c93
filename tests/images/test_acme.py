"""The example starter examples/starters/acme, which changes something of each kind."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import render_examples

from dockgen.starter import scaffold
from tests.conftest import PLAIN
from tests.images.conftest import in_release

# The cases of its copier.yml, which offers two languages on two flavors, and of its starter.toml.
CASES = ["go-scratch", "go-slim", "payments", "python-scratch", "python-slim"]


@pytest.mark.xdist_group("acme")
@pytest.mark.parametrize("cases", [["payments"], *in_release(CASES)], ids=["one", "all"])
def test_it_holds(cases: list[str], tmp_path: Path) -> None:
    """As its own CI does it: `dockgen starter test`, with the sizes for the next comparison."""
    only = [f"--only={case}" for case in cases] if cases != CASES else []
    acme = scaffold.write(render_examples.acme(), tmp_path / "acme")
    sizes = tmp_path / "sizes.json"
    done = subprocess.run(
        [sys.executable, "-m", "dockgen", "starter", "test", "--json", "--jobs=1",
         f"--sizes={sizes}", *only, acme],
        env=PLAIN, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=1200,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert sorted(json.loads(sizes.read_text())) == cases
