"""Which rules count in one run, and how much an image may have grown."""

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from dockgen.check import Checked, Verdict
from dockgen.checks import Finding, Observation, Severity
from dockgen.contract import Contract, Ignored, Limits, Policy
from dockgen.errors import UsageError
from dockgen.image import Config, Image, Layer
from dockgen.matrix import Workload
from dockgen.report import formats
from dockgen.verdict import baseline, cause, choice, result
from dockgen.verdict.result import Format
from tests.table import table

MB = 10**6
USER = Finding("DG101", "the image runs as the user 'root'", "USER 65532:65532")
SLOW = Finding("DG201", "it turned healthy after 12.50 s, the limit is 10 s", "")


def made(*findings: Finding, sizes: tuple[int, ...] = (5, 5), day: date | None = None) -> Checked:
    """Return what was checked, with layers of so many MB."""
    layers = tuple(Layer(f"sha256:{n}-{mb}", mb * MB, MB, ()) for n, mb in enumerate(sizes))
    seen = Observation(0.5, 200, None, True, (), 0, 0.25)
    policy = Policy(ignored={"DG101": Ignored("for now", date(2030, 1, 31))})
    contract = Contract(Workload.SERVICE, 8080, Limits(20 * MB, 10, 2), policy)
    return Checked(
        "my-app", None, None, contract, Image(Config(), layers), seen, findings,
        day=day or date(2030, 1, 31),
    )  # fmt: skip


def codes(checked: Checked) -> list[str]:
    """Return the rules that are asked."""
    return [rule.code for rule in checked.rules]


def test_a_selection_asks_only_those() -> None:
    """Whole codes or what they begin with; several between commas."""
    held = choice.held(made(USER, SLOW), choice.read(["DG101,DG20"], [], None), None)
    assert codes(held) == ["DG101", *(f"DG20{number}" for number in range(1, 9))]
    assert held.findings == [USER, SLOW]
    held = choice.held(made(USER, SLOW), choice.read(["DG105"], [], None), None)
    assert (codes(held), held.findings) == (["DG105"], [])


@table(
    ("select", "ignore", "growth", "words"),
    [
        (["DG9"], [], None, "unknown rule"),
        ([""], [], None, "unknown rule"),
        ([], ["DG999=x"], None, "unknown rule"),
        ([], ["DG101"], None, "needs a reason"),
        ([], ["DG101= "], None, "needs a reason"),
        ([], [], "5", "neither a percentage nor a size"),
        ([], [], "-5%", "neither a percentage nor a size"),
    ],
)
def test_a_mistake_is_named(
    select: list[str], ignore: list[str], growth: str | None, words: str
) -> None:
    """Before anything is built."""
    with pytest.raises(UsageError, match=words):
        choice.read(select, ignore, growth)


def test_an_ignored_rule_fails_nothing() -> None:
    """On the command line as in dockgen.toml."""
    held = choice.held(made(SLOW), choice.read([], ["DG201=a slow disk = here"], None), None)
    assert (held.failures, held.ignored("DG201")) == ([], "a slow disk = here")
    assert held.verdict("DG201") is Verdict.IGNORED


def test_an_expired_reason_counts_no_more(tmp_path: Path) -> None:
    """The last day is one of those on which it does."""
    assert made(USER).failures == []
    over = made(USER, day=date(2030, 2, 1))
    assert over.failures == [USER]
    found = result.of(over, cause.sources(tmp_path))
    for form in (Format.TEXT, Format.MARKDOWN, Format.SARIF, Format.GITHUB):
        assert "ignored until 2030-01-31: for now" in formats.rendered(found, form)


@pytest.fixture
def former(tmp_path: Path) -> baseline.Baseline:
    """A report of 10 MB and two findings, written and read."""
    (tmp_path / "former").mkdir()
    warning = replace(USER, rule="DG103", severity=Severity.WARNING)
    found = result.of(made(SLOW, warning), cause.sources(tmp_path / "former"))
    (tmp_path / "former.json").write_text(formats.rendered(found, Format.JSON))
    return baseline.read(tmp_path / "former.json")


def test_what_has_changed(former: baseline.Baseline, tmp_path: Path) -> None:
    """Bytes, layers and findings; the same finding with other figures isn't new."""
    slower = replace(SLOW, message="it turned healthy after 30 s, the limit is 10 s")
    checked = made(slower, USER, sizes=(5, 6, 1))
    found = result.of(checked, cause.sources(tmp_path), "", former)
    assert found.since
    assert (found.since.added, found.since.removed, found.since.gone) == (2, 1, ("DG103",))
    assert [one.is_new for one in found.found] == [False, True]
    assert "+2.00 MB (+20.0 %); 2 layers added, 1 gone; 1 new finding, 1 gone" in (
        formats.rendered(found, Format.MARKDOWN)
    )
    facts = json.loads(formats.rendered(found, Format.JSON))
    assert facts["since"]["unpacked_bytes"] == 10 * MB
    log = json.loads(formats.rendered(found, Format.SARIF))
    states = [one["baselineState"] for one in log["runs"][0]["results"]]
    assert states == ["unchanged", "new"]


@table(
    ("sizes", "growth", "found"),
    [
        ((5, 5), "0%", []),
        ((5, 6), "10%", []),
        ((5, 6), "9.9%", ["DG301"]),
        ((5, 6), "1MB", []),
        ((5, 6), "999 kB", ["DG301"]),
        ((5, 1), "0MB", []),
        ((5, 60), None, []),
    ],
)
def test_growth(
    former: baseline.Baseline, sizes: tuple[int, ...], growth: str | None, found: list[str]
) -> None:
    """At most so much; the largest new layer is its place."""
    held = choice.held(made(sizes=sizes), choice.read([], [], growth), former)
    assert [finding.rule for finding in held.findings] == found
    assert ("DG301" in codes(held)) == (growth is not None)
    if found:
        (finding,) = held.findings
        assert finding.place
        assert finding.place.layer == "sha256:1-6"
        assert "by 1.00 MB (10.0 %) to 11.00 MB" in finding.message


def test_a_report_of_an_older_dockgen(tmp_path: Path) -> None:
    """It doesn't mention layers and places."""
    (tmp_path / "old.json").write_text(
        '{"size": {"unpacked_bytes": 1000000, "gzip_bytes": 1}, "rules": [{"code": "DG101",'
        ' "findings": [{"message": "the image runs as the user \'root\'", "hint": "x"}]}]}'
    )
    old = baseline.read(tmp_path / "old.json")
    found = result.of(made(USER), cause.sources(tmp_path), "", old)
    assert [one.is_new for one in found.found] == [False]
    assert found.since
    assert found.since.added is None


@table(
    "content",
    [
        None,
        "{",
        "[]",
        '{"size": {}}',
        '{"size": 1, "rules": []}',
        '{"size": {"unpacked_bytes": Infinity}}',
    ],
)
def test_another_file_is_no_report(tmp_path: Path, content: str | None) -> None:
    """A mistake on the command line."""
    if content is not None:
        (tmp_path / "x.json").write_text(content)
    with pytest.raises(UsageError, match=r"x\.json"):
        baseline.read(tmp_path / "x.json")
