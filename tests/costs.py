"""A pytest plugin: at the end of a run, what each group of tests has cost.

A group is a folder of tests, and a file of tests/images, which takes most of the time. The seconds
are those that workers spent, so that several workers have more of them than the run. The processor
seconds are those of the tests and of the programs that they started and waited for; what a
container engine computes for them is not among them.
"""

import os
from collections import defaultdict
from collections.abc import Generator, Iterable
from dataclasses import dataclass, field
from pathlib import PurePosixPath

import pytest


@dataclass
class Cost:
    """Of one group."""

    tests: set[str] = field(default_factory=set)
    seconds: float = 0.0
    processor_seconds: float = 0.0


class _Meter:
    """Reads the processor after each phase of a test: a fixture counts where it is first used."""

    def __init__(self) -> None:
        self._before = _processor_seconds()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Give the report what its phase has cost; pytest-xdist hands on all that it has."""
        report = yield
        now = _processor_seconds()
        report.__dict__["processor_seconds"] = now - self._before
        self._before = now
        return report


class _Costs:
    """Adds up the reports; pytest-xdist's controller gets those of its workers."""

    def __init__(self) -> None:
        self._costs: dict[str, Cost] = defaultdict(Cost)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note one phase of a test, of which its subtests are parts."""
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
    """Measure where tests run, and add up where the run's last lines are printed."""
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
    """Of this process and of all that it started and waited for."""
    return sum(os.times()[:4])
