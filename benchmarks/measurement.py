"""A cell measured: dockgen's image and the naive one take turns, so that both see the same noise.

dockgen's goes first in each turn: what the machine has to read from its disk counts against it.
"""

import datetime
import http.client
import secrets
import shutil
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

from benchmarks import cgroup
from benchmarks.results import Comparison, Figures
from dockgen import engine, project, template
from dockgen import saved as saved_image
from dockgen.engine import Container, HealthTiming, Probe, RunOptions
from dockgen.errors import ProjectError
from dockgen.matrix import Cell, Language

NAIVE = Path(__file__).parent / "naive"

# A line of each sample app's source: its file, and the words in it that an edit replaces.
LINE = {
    Language.GO: ("handlers.go", "Hello, world"),
    Language.PYTHON: ("app/main.py", "Hello from FastAPI"),
    Language.NODE: ("src/app.js", "Hello, world"),
}

# Probes are counted, not waited for: this many, one every second.
PROBES = 5
PROBE_TIMING = HealthTiming(interval_seconds=1, timeout_seconds=10, retries=3)

# What doesn't answer or isn't healthy in this time never will be, in seconds.
_PATIENCE = 60.0
# How long to wait between two requests to a service that doesn't answer yet, in seconds.
_PAUSE = 0.01


@dataclass
class Subject:
    """One of the two: what it is built from, how it is run, and what was measured until now.

    ``line`` is the file of its source that is edited, and the words in it that each edit replaces.
    """

    name: str
    context: Path
    line: tuple[Path, str]
    options: RunOptions
    image: str = ""
    cold_build_seconds: float = 0.0
    rebuild_seconds: list[float] = field(default_factory=list)
    answer_seconds: list[float] = field(default_factory=list)
    healthy_seconds: list[float] = field(default_factory=list)


def measure(cell: Cell, rounds: int, doing: Callable[[str], None]) -> Comparison:
    """Build, edit, start and weigh both images of a cell's default project.

    Args:
        cell: what is measured.
        rounds: how often a rebuild and a start are measured.
        doing: is told what is done next.

    Raises:
        BuildError: an image can't be built.
        ProjectError: a service doesn't answer or isn't healthy.
        ToolMissingError: the engine went away.
    """
    with tempfile.TemporaryDirectory(prefix="dockgen-") as name, ExitStack() as images:
        folder = Path(name)
        subjects = _subjects(cell, folder)
        # Empty for the cold build, and filled by it for the rebuilds; no one else's.
        cache_mounts = secrets.token_hex(6)
        for subject in subjects:
            doing(f"cold build of {subject.name}")
            began = time.monotonic()
            subject.image = images.enter_context(
                engine.temporary_image(subject.context, anew=True, cache_mounts=cache_mounts)
            )
            subject.cold_build_seconds = time.monotonic() - began
        for count in range(1, rounds + 1):
            for subject in subjects:
                doing(f"rebuild {count} of {rounds} of {subject.name}")
                subject.rebuild_seconds.append(_rebuild(subject, cache_mounts))
        for count in range(1, rounds + 1):
            for subject in subjects:
                doing(f"start {count} of {rounds} of {subject.name}")
                _start(subject)
        figures = []
        for subject in subjects:
            doing(f"probes of {subject.name}")
            probe_seconds, probe_cpu_seconds = _probes(subject)
            doing(f"size of {subject.name}")
            saved = folder / "image.tar"
            engine.save(subject.image, saved)
            image = saved_image.read(saved)
            saved.unlink()
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


def _subjects(cell: Cell, folder: Path) -> tuple[Subject, Subject]:
    """The cell's default project, and a copy of it with the naive Dockerfile."""
    answers = {"name": "my-app", "language": cell.language, "flavor": cell.flavor}
    made = project.load(template.render(folder / "my-app", answers, ask=()).directory)
    # Who writes such a Dockerfile has no .dockerignore.
    naive = folder / "naive"
    shutil.copytree(made.directory, naive, ignore=shutil.ignore_patterns(".dockerignore"))
    shutil.copyfile(NAIVE / f"{cell.language}.Dockerfile", naive / "Dockerfile")
    file, words = LINE[cell.language]
    as_compose = RunOptions(port=made.port)
    as_docker_run = replace(as_compose, read_only=False, restricted=False)
    return (
        Subject("dockgen's", made.directory, (made.directory / file, words), as_compose),
        Subject("the naive one", naive, (naive / file, words), as_docker_run),
    )


def _rebuild(subject: Subject, cache_mounts: str) -> float:
    """The seconds that a build takes after an edit that no build has seen before."""
    file, words = subject.line
    original = file.read_text(encoding="utf-8")
    if words not in original:
        raise ProjectError(
            f"no line of {file.name} says {words!r} any more, so it can't be edited.",
            "name another one in LINE of benchmarks/measurement.py",
        )
    file.write_text(original.replace(words, secrets.token_hex()), encoding="utf-8")
    try:
        began = time.monotonic()
        with engine.temporary_image(subject.context, cache_mounts=cache_mounts):
            return time.monotonic() - began
    finally:
        file.write_text(original, encoding="utf-8")


def _start(subject: Subject) -> None:
    """Start a container, and note when it answers and, if it has a health check, is healthy."""
    with engine.run(subject.image, subject.options) as container:
        subject.answer_seconds.append(_until_answer(container))
        health = container.wait_healthy(_PATIENCE)
        if health.seconds is not None:
            subject.healthy_seconds.append(health.seconds)
        elif health.status not in ("", "none"):
            raise _not_well(container, "isn't healthy")


def _until_answer(container: Container) -> float:
    """The seconds from the container's start to its first answer with status 200.

    The start is by the engine's clock and the answer by this machine's, which should be one.
    """
    state = container.inspect()
    deadline = time.monotonic() + _PATIENCE
    for port in state.ports.values():
        while time.monotonic() < deadline:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_PATIENCE)
            try:
                connection.request("GET", "/healthz")
                if connection.getresponse().status == http.HTTPStatus.OK:
                    now = datetime.datetime.now(datetime.UTC)
                    return (now - state.started).total_seconds()
            # The engine takes connections to a published port before the service does.
            except (OSError, http.client.HTTPException):
                pass
            finally:
                connection.close()
            time.sleep(_PAUSE)
    raise _not_well(container, "gives no answer")


def _probes(subject: Subject) -> tuple[list[float], float | None]:
    """How long each of some probes of an idle service took, and the processor time of one."""
    with engine.run(subject.image, replace(subject.options, health=PROBE_TIMING)) as container:
        health = container.wait_healthy(_PATIENCE)
        if health.status in ("", "none"):
            return [], None
        if health.seconds is None:
            raise _not_well(container, "isn't healthy")
        state = container.inspect()
        before = cgroup.cpu_seconds(state)
        first = state.probes[-1].ended
        seen: set[Probe] = set()
        deadline = time.monotonic() + _PATIENCE
        while len(seen) < PROBES and time.monotonic() < deadline:
            time.sleep(_PAUSE)
            # The engine remembers the last five.
            seen |= {probe for probe in container.inspect().probes if probe.began > first}
        if len(seen) < PROBES:
            raise _not_well(container, f"isn't probed {PROBES} times")
        after = cgroup.cpu_seconds(state)
        seconds = [(probe.ended - probe.began).total_seconds() for probe in seen]
        if before is None or after is None:
            return seconds, None
        return seconds, (after - before) / len(seen)


def _not_well(container: Container, what: str) -> ProjectError:
    lines = container.logs().strip().splitlines() or ["nothing"]
    return ProjectError(
        f"a container {what} within {_PATIENCE:g} s of its start; it printed at last: {lines[-1]}",
        "measure this cell alone, on a machine that does nothing else: --cell",
    )


def _rounded(seconds: list[float]) -> tuple[float, ...]:
    """To milliseconds: what is below is noise."""
    return tuple(round(value, 3) for value in seconds)
