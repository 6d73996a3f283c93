"""The start: printing a version or a help text imports only what it needs."""

import subprocess
import sys

import pytest

from tests.conftest import PLAIN, ROOT

# Each takes longer to import than all else that a short answer does; so do the parts of the
# standard library that run programs.
SLOW = {
    "asyncio",
    "copier",
    "jinja2",
    "multiprocessing",
    "plumbum",
    "prompt_toolkit",
    "pydantic",
    "questionary",
    "rich",
    "subprocess",
    "yaml",
}


def imported(*arguments: str, first: str = "") -> set[str]:
    """Return the packages that `python -m dockgen` has imported at its end, after ``first``."""
    program = "\n".join(
        (
            "import atexit, runpy, sys",
            # Written past standard output, where the answer is.
            "atexit.register(lambda: print(*sys.modules, file=sys.stderr))",
            first,
            f"sys.argv = {['dockgen', *arguments]!r}",
            "runpy.run_module('dockgen', run_name='__main__', alter_sys=True)",
        )
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT, env=PLAIN, stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "dockgen" in done.stdout
    return {name.partition(".")[0] for name in done.stderr.split()}


@pytest.mark.parametrize("option", ["--version", "--help"])
def test_a_short_answer_imports_nothing_slow(option: str) -> None:
    """This also holds for `--help`, which imports all commands."""
    assert imported(option) & SLOW == set()


def test_an_import_would_be_seen() -> None:
    """As one at the top of a command's module would be."""
    assert imported("--version", first="import yaml") & SLOW == {"yaml"}
