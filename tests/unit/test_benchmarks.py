"""The benchmark's figures become ratios and tables, and its file preserves them."""

import datetime
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from benchmarks import cgroup, commands, results, tables
from benchmarks.results import Comparison, Figures, Results
from dockgen import matrix
from dockgen.engine import State
from dockgen.errors import ProjectError
from dockgen.matrix import Cell
from dockgen.report.comparison import number
from tests.table import table

OURS = Figures(
    cold_build_seconds=20.0,
    rebuild_seconds=(9.0, 2.0, 3.0),
    answer_seconds=(0.2, 0.4),
    healthy_seconds=(0.6, 0.61, 0.9),
    probe_seconds=(0.05, 0.07, 0.06),
    probe_cpu_seconds=0.021,
    unpacked_bytes=6_960_000,
    gzip_bytes=2_500_000,
)
NAIVE = Figures(
    cold_build_seconds=30.0,
    rebuild_seconds=(30.0, 12.0, 12.0),
    answer_seconds=(0.3,),
    healthy_seconds=(),
    probe_seconds=(),
    probe_cpu_seconds=None,
    unpacked_bytes=905_000_000,
    gzip_bytes=300_000_000,
)
MEASURED = Results(
    date="2026-11-21",
    engine="28.5.2",
    processors=2,
    bases={"golang:1.27": "stand-in", "debian:trixie-slim": "stand-in"},
    cells={Cell.parse("go-scratch"): Comparison(OURS, NAIVE)},
)


def rows(page: str, cell: str) -> list[list[str]]:
    """Return the columns of the page's table lines about a cell."""
    lines = [line for line in page.splitlines() if line.startswith(f"| {cell} |")]
    return [[column.strip() for column in line.split("|")[2:-1]] for line in lines]


def test_one_slow_round_does_not_count() -> None:
    """The median is shown, not the mean."""
    assert tables.REBUILD.of(OURS) == 3.0


def test_what_was_not_measured_has_no_median() -> None:
    """The median is None, not 0."""
    assert tables.HEALTHY.of(NAIVE) is None


def test_a_ratio_is_the_naive_figure_by_ours() -> None:
    """More than 1 is in our favour."""
    assert tables.ratio(Comparison(OURS, NAIVE), tables.REBUILD) == 4.0


def test_without_a_naive_figure_there_is_no_ratio() -> None:
    """There is nothing to compare."""
    assert tables.ratio(Comparison(OURS, NAIVE), tables.HEALTHY) is None


def test_a_number_has_no_more_digits_than_it_deserves() -> None:
    """About three."""
    for value, text in [
        (None, "-"),
        (0.021, "0.021"),
        (0.614, "0.61"),
        (12.345, "12.3"),
        (905.4, "905"),
    ]:
        assert number(value) == text


def test_a_ratio_is_shown_with_about_two_digits() -> None:
    """Further digits are noise."""
    for value, text in [(None, "-"), (0.684, "0.68x"), (3.33, "3.3x"), (114.2, "114x")]:
        assert tables.times(value) == text


def test_the_readme_has_a_line_for_each_cell() -> None:
    """Those that were not measured show a dash."""
    page = tables.short(MEASURED)
    assert rows(page, "go-scratch") == [
        [
            "**6.96 MB** vs 905 MB (130x)",
            "**3.00 s** vs 12.0 s (4.0x)",
            "**20.0 s** vs 30.0 s (1.5x)",
            "0.61 s",
        ]
    ]
    assert rows(page, "go-slim") == [["-"] * 4]
    assert [str(cell) for cell in matrix.ALL if not rows(page, str(cell))] == []


def test_the_detailed_page_has_every_figure() -> None:
    """Builds, sizes, start and health check."""
    assert rows(tables.detailed(MEASURED), "go-scratch") == [
        ["20.0", "30.0", "1.5x", "3.00", "12.0", "4.0x"],
        ["6.96", "905", "130x", "2.50", "300", "120x"],
        ["0.30", "0.30", "1.0x"],
        ["0.61", "0.060", "0.021"],
    ]


def test_tables_say_what_the_images_stand_on() -> None:
    """A stand-in is never taken for the official image."""
    for bases, words in [
        ({"a": "stand-in"}, "on stand-ins of the official base images"),
        ({"a": "official"}, "on the official base images"),
        ({"a": "stand-in", "b": "official"}, "on official base images and stand-ins"),
        ({}, "on the base images that were there"),
    ]:
        assert words in tables.origin(replace(MEASURED, bases=bases))


def test_the_terminal_shows_both_and_their_ratio() -> None:
    """In three lines, which fit into the usual width."""
    console = Console(width=80)
    with console.capture() as captured:
        console.print(tables.terminal(MEASURED))
    lines = [line.split() for line in captured.get().splitlines()]
    assert ["go-scratch", "dockgen", "20.0", "3.00", "0.30", "6.96", "2.50"] in [
        line[:7] for line in lines
    ]
    assert ["naive", "30.0", "12.0", "0.30", "905", "300", "-", "-", "-"] in lines
    assert ["ratio", "1.5x", "4.0x", "1.0x", "130x", "120x"] in lines


def test_results_are_read_as_they_were_written(tmp_path: Path) -> None:
    """The file preserves every value."""
    file = tmp_path / "results.json"
    file.write_text(MEASURED.to_json())
    assert results.load(file) == MEASURED


@table("content", ["", "{}", '{"cells": {"go-mars": {}}}'])
def test_a_file_without_results_is_named(tmp_path: Path, content: str) -> None:
    """With the command that makes a new one."""
    file = tmp_path / "results.json"
    file.write_text(content)
    with pytest.raises(ProjectError, match=r"results\.json holds no results") as caught:
        results.load(file)
    assert "make benchmark" in caught.value.hint


def test_the_committed_results_can_be_read() -> None:
    """They are of cells that exist."""
    assert set(results.load().cells) <= set(matrix.ALL)


@pytest.mark.parametrize(("figure", "limit"), [("help", 6.0), ("version", 6.0), ("new", 1.1)])
def test_published_commands_are_as_quick_as_promised(figure: str, limit: float) -> None:
    """Times as long as `python -c pass` and as copier: the saved figures are the published ones."""
    saved = commands.load()
    assert saved is not None
    assert getattr(saved, figure) <= limit, (
        "make benchmark-commands ARGS=--save, or make it quicker"
    )


def container(root: Path, membership: str) -> State:
    """Return a container whose main process is in this control group."""
    process = root / "proc/4711"
    process.mkdir(parents=True)
    (process / "cgroup").write_text(membership)
    return State(
        identifier="c0ffee", image="", running=True, pid=4711, exit_code=0,
        started=datetime.datetime.now(datetime.UTC), finished=datetime.datetime.max,
        health="healthy", probes=(), ports={}, address="", read_only=True,
    )  # fmt: skip


def test_processor_time_from_control_groups_of_version_2(tmp_path: Path) -> None:
    """It is in microseconds, among other statistics."""
    group = tmp_path / "sys/fs/cgroup/system.slice/docker-c0ffee.scope"
    group.mkdir(parents=True)
    (group / "cpu.stat").write_text("usage_usec 1500000\nuser_usec 1000000\n")
    state = container(tmp_path, "0::/system.slice/docker-c0ffee.scope\n")
    assert cgroup.cpu_seconds(state, tmp_path) == 1.5


def test_processor_time_from_control_groups_of_version_1(tmp_path: Path) -> None:
    """It is in nanoseconds, in a file of its own."""
    group = tmp_path / "sys/fs/cgroup/cpu,cpuacct/docker/c0ffee"
    group.mkdir(parents=True)
    (group / "cpuacct.usage").write_text("1500000000\n")
    state = container(tmp_path, "4:cpu,cpuacct:/docker/c0ffee\n3:pids:/docker/c0ffee\n0::/\n")
    assert cgroup.cpu_seconds(state, tmp_path) == 1.5


def test_processor_time_of_another_process_is_not_taken_for_it(tmp_path: Path) -> None:
    """An engine in a virtual machine numbers processes of its own."""
    assert cgroup.cpu_seconds(container(tmp_path, "0::/user.slice\n"), tmp_path) is None
