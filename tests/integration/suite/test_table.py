"""Many cases in one test."""

import pytest

from tests.table import table

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


def test_a_generator_gives_its_rows_each_time(subtests: pytest.Subtests) -> None:
    """A test that runs again, such as after a failure of the network, has all of its cases."""
    seen = []
    test = table("number", (number for number in (1, 2)))(lambda number: seen.append(number))
    test(subtests)
    test(subtests)
    assert seen == [1, 2, 1, 2]


def test_no_rows_are_a_mistake() -> None:
    """Such a test would always pass."""
    with pytest.raises(AssertionError, match="proves nothing"):
        table("number", [])
