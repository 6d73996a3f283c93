"""The table at the end of a run."""

import os
import subprocess
import sys
from pathlib import Path

from tests.conftest import ROOT

TESTS = """\
import subprocess
import sys

import pytest


@pytest.fixture(scope="module")
def busy() -> None:
    code = "import time\\nwhile time.process_time() < 0.2: pass"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("number", range(3))
def test_it(busy: None, number: int) -> None:
    assert number != 1
"""


def test_a_row_for_each_group(tmp_path: Path) -> None:
    """A folder, a file of images, and all; fixtures and programs count; each test does so once."""
    for file in ("tests/one/test_a.py", "tests/one/test_b.py", "tests/images/test_c.py"):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text(TESTS)
    own = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "tests.costs", "-n", "2", "--rootdir", tmp_path],
        cwd=tmp_path,
        env=own | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    rows = [line.split() for line in done.stdout.splitlines()]
    table = {row[0]: [float(cell) for cell in row[1:]] for row in rows[rows.index(HEAD) + 1 :][:3]}
    assert {name: row[0] for name, row in table.items()} == {
        "one": 6,
        "images/test_c.py": 3,
        "all": 9,
    }
    for name, modules in (("one", 2), ("images/test_c.py", 1), ("all", 3)):
        assert min(table[name][1:]) >= 0.2 * modules, table


HEAD = ["group", "tests", "seconds", "processor"]
