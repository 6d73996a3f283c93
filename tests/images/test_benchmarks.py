"""The benchmark on a real engine, without asserting times."""

import json
import subprocess
import sys
from typing import Any

import pytest

from tests.conftest import PLAIN, ROOT

# Two builds from nothing take this long only on a machine that is busy, in seconds.
PATIENCE = 1800

# All of it on one worker, which measures once.
pytestmark = [pytest.mark.xdist_group("benchmarks"), pytest.mark.release]


@pytest.fixture(scope="module")
def measured() -> dict[str, Any]:
    """The results of one cell as JSON: the one whose two images are built the soonest."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--cell=python-scratch", "--rounds=1", "--json"],
        cwd=ROOT,
        env=PLAIN,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    results: dict[str, Any] = json.loads(done.stdout)
    return results


def test_only_the_chosen_cell_is_measured(measured: dict[str, Any]) -> None:
    """Beside when, and on what."""
    assert list(measured) == ["date", "engine", "processors", "bases", "cells"]
    assert list(measured["cells"]) == ["python-scratch"]


def test_both_images_have_the_same_figures(measured: dict[str, Any]) -> None:
    """The naive one has no health check, so there is nothing to measure of one."""
    both = measured["cells"]["python-scratch"]
    counts = {
        name: {key: len(value) for key, value in figures.items() if isinstance(value, list)}
        for name, figures in both.items()
    }
    assert counts == {
        "dockgen": {
            "rebuild_seconds": 1,
            "answer_seconds": 1,
            "healthy_seconds": 1,
            "probe_seconds": 5,
        },
        "naive": {
            "rebuild_seconds": 1,
            "answer_seconds": 1,
            "healthy_seconds": 0,
            "probe_seconds": 0,
        },
    }
    assert list(both["dockgen"]) == list(both["naive"])


def test_our_image_is_the_smaller_one(measured: dict[str, Any]) -> None:
    """Unpacked and compressed; the naive one has all of its base."""
    both = measured["cells"]["python-scratch"]
    for size in ("unpacked_bytes", "gzip_bytes"):
        assert 0 < both["dockgen"][size] < both["naive"][size]
