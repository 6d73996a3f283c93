"""A pytest plugin: at the end of a run, print what each group of tests has cost.

A group is a folder of tests, or a file of tests/images, which takes most of the time. The seconds
are summed over all workers, so they exceed the run's own. The processor seconds are those of the
tests and of the programs that they started and waited for, without the work of the container
engine.
"""

import os
from collections import defaultdict
from collections.abc import Generator, Iterable
from dataclasses import dataclass, field
from pathlib import PurePosixPath

import pytest


@dataclass
class Cost:
    """The cost of one group."""

    tests: set[str] = field(default_factory=set)
    seconds: float = 0.0
    processor_seconds: float = 0.0


class _Meter:
    """Measures processor time after each phase of a test: a fixture counts at its first use."""

    def __init__(self) -> None:
        self._before = _processor_seconds()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Add the cost of a phase to its report, which pytest-xdist passes on."""
        report = yield
        now = _processor_seconds()
        report.__dict__["processor_seconds"] = now - self._before
        self._before = now
        return report


class _Costs:
    """Adds up the reports; pytest-xdist's controller gets its workers' reports."""

    def __init__(self) -> None:
        self._costs: dict[str, Cost] = defaultdict(Cost)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Add one phase of a test; its subtests are parts of it."""
        if isinstance(report, pytest.SubtestReport):
            return
        cost = self._costs[_group(report.nodeid)]
        cost.tests.add(report.nodeid)
        cost.seconds += report.duration
        cost.processor_seconds += report.__dict__.get("processor_seconds", 0.0)

    @pytest.hookimpl(trylast=True)
    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the table, the most expensive group first."""
        if not self._costs:
            return
        rows = sorted(self._costs.items(), key=lambda row: row[1].seconds, reverse=True)
        terminalreporter.section("what each group of tests has cost")
        terminalreporter.write_line(f"{'group':<32}{'tests':>7}{'seconds':>11}{'processor':>11}")
        for name, cost in [*rows, ("all", _sum(cost for _, cost in rows))]:
            terminalreporter.write_line(
                f"{name:<32}{len(cost.tests):>7}{cost.seconds:>11.1f}{cost.processor_seconds:>11.1f}"
            )


def pytest_configure(config: pytest.Config) -> None:
    """Measure where tests run, and add up in the process that prints the summary."""
    config.pluginmanager.register(_Meter(), "dockgen-meter")
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(_Costs(), "dockgen-costs")


def _group(nodeid: str) -> str:
    path = PurePosixPath(nodeid.partition("::")[0])
    folder = PurePosixPath(*path.parent.parts[:3])
    return str(path if "images" in path.parts else folder).removeprefix("tests/")


def _sum(costs: Iterable[Cost]) -> Cost:
    total = Cost()
    for cost in costs:
        total.tests |= cost.tests
        total.seconds += cost.seconds
        total.processor_seconds += cost.processor_seconds
    return total


def _processor_seconds() -> float:
    """Return the processor time of this process and of all processes that it waited for."""
    return sum(os.times()[:4])
