"""Measure a cell: dockgen's image and the naive one take turns, so that both see the same noise.

dockgen's goes first in each turn, so reading from disk counts against it.
"""

import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from benchmarks import cgroup
from benchmarks.results import Comparison, Figures
from dockgen import check, engine, project, template
from dockgen.compare import flavors, measuring, subjects
from dockgen.compare.flavors import NAIVE
from dockgen.compare.measuring import PATIENCE, Subject, not_well
from dockgen.engine import BuildOptions, HealthTiming, Probe
from dockgen.matrix import Cell

# Probes are counted, not waited for: this many, one per second.
PROBES = 5
PROBE_TIMING = HealthTiming(interval_seconds=1, timeout_seconds=10, retries=3)

# Between two looks at the probes of a service, in seconds.
_PAUSE = 0.01


def measure(cell: Cell, rounds: int, doing: Callable[[str], None]) -> Comparison:
    """Build, edit, start and weigh both images of a cell's default project.

    Args:
        cell: what to measure.
        rounds: how often a rebuild and a start are measured.
        doing: called with the next step.

    Raises:
        BuildError: an image can't be built.
        ProjectError: a service doesn't answer or isn't healthy.
        ToolMissingError: the engine went away.
    """
    with tempfile.TemporaryDirectory(prefix="dockgen-") as name, ExitStack() as images:
        measured = _subjects(cell, Path(name))
        caches = measuring.cache_mounts()
        for subject in measured:
            doing(f"cold build of {subject.name}")
            measuring.build_cold(subject, caches, images)
        for count in range(1, rounds + 1):
            for subject in measured:
                doing(f"rebuild {count} of {rounds} of {subject.name}")
                measuring.rebuild(subject, caches)
        for count in range(1, rounds + 1):
            for subject in measured:
                doing(f"start {count} of {rounds} of {subject.name}")
                measuring.start(subject)
        figures = []
        for subject in measured:
            doing(f"probes of {subject.name}")
            probe_seconds, probe_cpu_seconds = _probes(subject)
            doing(f"size of {subject.name}")
            image = check.read_image(subject.image, secrets=False)
            figures.append(
                Figures(
                    cold_build_seconds=round(subject.cold_build_seconds, 3),
                    rebuild_seconds=_rounded(subject.rebuild_seconds),
                    answer_seconds=_rounded(subject.answer_seconds),
                    healthy_seconds=_rounded(subject.healthy_seconds),
                    probe_seconds=_rounded(probe_seconds),
                    probe_cpu_seconds=probe_cpu_seconds and round(probe_cpu_seconds, 3),
                    unpacked_bytes=image.unpacked_bytes,
                    gzip_bytes=image.gzip_bytes or 0,
                )
            )
        return Comparison(*figures)


def _subjects(cell: Cell, folder: Path) -> list[Subject]:
    """Return the cell's default project, and its naive image."""
    answers = {"name": "my-app", "language": cell.language, "flavor": cell.flavor}
    made = template.render(folder / "made" / "my-app", answers, ask=())
    found = project.load(made.directory)
    laid = flavors.lay_out(found, found.directory, (str(cell.flavor), NAIVE), folder)
    edited = subjects.source_file(found, found.directory)
    return [subjects.of(copy, found, edited, BuildOptions()) for copy in laid.made]


def _probes(subject: Subject) -> tuple[list[float], float | None]:
    """Return the durations of some probes of an idle service, and the processor time of one."""
    with engine.run(subject.image, replace(subject.options, health=PROBE_TIMING)) as container:
        health = container.wait_healthy(PATIENCE)
        if health.status in ("", "none"):
            return [], None
        if health.seconds is None:
            raise not_well(container, "isn't healthy")
        state = container.inspect()
        before = cgroup.cpu_seconds(state)
        first = state.probes[-1].ended
        seen: set[Probe] = set()
        deadline = time.monotonic() + PATIENCE
        while len(seen) < PROBES and time.monotonic() < deadline:
            time.sleep(_PAUSE)
            # The engine remembers the last five.
            seen |= {probe for probe in container.inspect().probes if probe.began > first}
        if len(seen) < PROBES:
            raise not_well(container, f"isn't probed {PROBES} times")
        after = cgroup.cpu_seconds(state)
        seconds = [(probe.ended - probe.began).total_seconds() for probe in seen]
        if before is None or after is None:
            return seconds, None
        return seconds, (after - before) / len(seen)


def _rounded(seconds: list[float]) -> tuple[float, ...]:
    """Round to milliseconds; anything finer is noise."""
    return tuple(round(value, 3) for value in seconds)
