"""`dockgen clean` without a terminal."""

import pytest

from tests.conftest import Run


@pytest.mark.parametrize("options", [(), ("--json",), ("--all",)])
def test_without_a_terminal_it_wants_to_be_told(inline: Run, options: tuple[str, ...]) -> None:
    """Exit 2, before the engine is asked for anything, and the flags that help."""
    done = inline("clean", *options)
    assert (done.returncode, done.stdout) == (2, "")
    assert "--yes" in done.stderr
    assert "--dry-run" in done.stderr
