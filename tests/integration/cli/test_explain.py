"""`dockgen explain`, and what `dockgen check` refuses before it reads anything."""

import json

from dockgen import checks
from tests.conftest import Run
from tests.table import table


def test_a_rule_is_explained(inline: Run) -> None:
    """What, why, how, who else, and by which other code."""
    done = inline("explain", "DG101")
    assert done.returncode == 0
    for words in (
        "Runs as a numeric, non-root user",
        "Kubernetes",
        "USER 65532:65532",
        "CIS Docker 4.1",
    ):
        assert words in done.stdout
    assert "hadolint DL3002" in done.stdout


def test_another_tool_s_code_is_known(inline: Run) -> None:
    """In whatever case, and for each rule that it belongs to, once."""
    done = inline("explain", "dl3057", "DG102", "--json")
    assert [rule["code"] for rule in json.loads(done.stdout)["rules"]] == ["DG102", "DG201"]


def test_all_are_listed(inline: Run) -> None:
    """A line for each."""
    assert len(inline("explain").stdout.splitlines()) == len(checks.RULES)


def test_an_unknown_rule_is_named(inline: Run) -> None:
    """With a way to see the others."""
    done = inline("explain", "DG999")
    assert done.returncode == 2
    assert "DG999" in done.stderr
    assert "dockgen explain" in done.stderr


@table(
    ("options", "words"),
    [
        (["--output", "sarif"], "is not FORMAT=FILE"),
        (["--output", "pdf=x"], "is not FORMAT=FILE"),
        (["--output", "json=x", "--output", "sarif=./x"], "has the same file twice"),
        (["--json", "--format", "sarif"], "can't be used together"),
        (["--max-growth", "5%"], "needs a report to compare with"),
        (["--baseline", "missing.json"], "missing.json can't be read"),
        (["--ignore", "DG101"], "needs a reason"),
    ],
)
def test_a_check_that_can_t_be(inline: Run, options: list[str], words: str) -> None:
    """A mistake on the command line is reported before anything is built."""
    done = inline("check", *options)
    assert done.returncode == 2
    assert words in done.stderr
