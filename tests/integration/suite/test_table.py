"""Many cases in one test."""

import pytest

pytest_plugins = ["pytester"]

TESTS = """\
from tests.table import table


@table("number, words", [(1, "one"), (2, "two"), (3, "three")])
def test_it(number, words, tmp_path):
    (tmp_path / "a").touch(exist_ok=False)
    assert number != 2
"""


def test_a_failure_names_its_case(pytester: pytest.Pytester) -> None:
    """It alone fails: each case has a folder of its own."""
    pytester.makepyfile(TESTS)
    done = pytester.runpytest_inprocess("-p", "no:cacheprovider")
    done.assert_outcomes(failed=2)
    done.stdout.fnmatch_lines(["SUBFAILED(number=2, words=*two*"])
