"""A comparison in each format, and the announcement before it begins."""

import datetime
import json
from pathlib import Path

import pytest

from dockgen import checks, compare
from dockgen.check import Checked
from dockgen.checks import Observation
from dockgen.compare import Column, Comparison
from dockgen.contract import Contract, Limits
from dockgen.image import Config, Image, Layer
from dockgen.matrix import Cell, Workload
from dockgen.project import Project
from dockgen.report import comparison
from tests.table import table

MB = 10**6
CONTRACT = Contract(Workload.SERVICE, 8080, Limits(None, 10, 2))


def checked(megabytes: float, *, gzip: bool = True, user: str = "65532:65532") -> Checked:
    """Return an image of two layers, with findings about its user."""
    half = int(megabytes * MB / 2)
    layers = tuple(Layer(f"sha256:{name}", half, half // 2 if gzip else None, ()) for name in "ab")
    image = Image(Config(user=user), layers)
    found = [one for one in checks.check_image(image, CONTRACT) if one.rule == "DG101"]
    seen = Observation(0.6, 200, None, True, (), 0, 0.5)
    return Checked("my-app", None, None, CONTRACT, image, seen, found)


@pytest.fixture
def found() -> Comparison:
    """A project on scratch, beside the naive image; alpine was left out."""
    columns = (
        Column("scratch", 20.04, 2.0, 0.2, 0.61, 12 * 1024**2, checked(6.96)),
        Column("naive", 19.2, 21.7, None, None, None, checked(795, user="root"),
               "a container gives [no] answer"),
    )  # fmt: skip
    mine = Project(Path("/p"), "my-app", Cell.parse("go-scratch"), "v1", 8080, CONTRACT.limits)
    left_out = {"alpine": "cgo links with `Debian`"}
    day = datetime.date(2026, 11, 28)
    return Comparison(mine, columns, left_out, "main.go", 3, "28.5.2", 2, day)


def lines(text: str) -> list[list[str]]:
    """Return the cells of the lines, however they are drawn."""
    return [line.replace("|", " ").split() for line in text.splitlines()]


@pytest.mark.parametrize("form", ["text", "markdown"])
def test_the_table_has_a_column_for_each(
    found: Comparison, capsys: pytest.CaptureFixture[str], form: str
) -> None:
    """Missing measurements show a dash, and lines without any are left out."""
    comparison.show(found, form)
    shown = capsys.readouterr().out
    assert [line for line in lines(shown) if line[-2:] == ["(now)", "naive"]] == [
        ["scratch", "(now)", "naive"]
    ]
    for row in (
        "unpacked MB 6.96 795", "gzip MB 3.48 398", "layers 2 2", "cold build s 20.0 19.2",
        "rebuild s 2.00 21.7", "first answer s 0.20 -", "start to healthy s 0.61 -",
        "memory MiB 12.0 -", "findings 0 1",
    ):  # fmt: skip
        assert row.split() in lines(shown)
    assert "start to end" not in shown
    for words in (
        "naive: DG101", "naive: a container gives [no] answer",
        "alpine is left out: cgo links with `Debian`", "an edit of main.go; medians of 3 rounds",
        "edits of the Dockerfile don't count", "Docker Engine 28.5.2, 2 processors",
    ):  # fmt: skip
        assert words in shown


def test_words_of_others_are_code_in_markdown(
    found: Comparison, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing in them becomes markup."""
    comparison.show(found, "markdown")
    shown = capsys.readouterr().out
    assert "- `` alpine is left out: cgo links with `Debian` ``" in shown


def test_programs_get_bytes_and_seconds(
    found: Comparison, capsys: pytest.CaptureFixture[str]
) -> None:
    """They get null for what wasn't measured."""
    comparison.show(found, "json")
    facts = json.loads(capsys.readouterr().out)
    assert (facts["flavor"], facts["language"], facts["edited"]) == ("scratch", "go", "main.go")
    assert facts["left_out"] == {"alpine": "cgo links with `Debian`"}
    ours, naive = facts["columns"]
    assert (ours["name"], ours["unpacked_bytes"], ours["layers"]) == ("scratch", 6_960_000, 2)
    assert (ours["rebuild_seconds"], ours["healthy_seconds"]) == (2.0, 0.61)
    assert ours["findings"] == []
    assert naive["memory_bytes"] is None
    assert [finding["rule"] for finding in naive["findings"]] == ["DG101"]


@table(("seconds", "words"), [(3, "about 10 s"), (41, "about 40 s"), (150, "about 2 min")])
def test_a_time_that_nobody_knows_well_is_round(seconds: float, words: str) -> None:
    """It is no promise."""
    assert compare.spoken(seconds) == words
