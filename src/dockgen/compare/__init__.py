"""Compare a project on each flavor and as the naive image: build, start and measure in turns."""

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path

from dockgen import check, engine, project, signals
from dockgen.add import failures
from dockgen.check import Checked
from dockgen.compare import flavors, measuring, subjects
from dockgen.compare.flavors import NAIVE, Copy
from dockgen.compare.measuring import Subject, median
from dockgen.containerfiles import dockerfile
from dockgen.engine import BuildError, BuildOptions
from dockgen.errors import ProjectError, UsageError
from dockgen.matrix import Workload
from dockgen.project import Project
from dockgen.targets import target as targets
from dockgen.targets.target import Asked, Target

# How long the sample apps took to build on two processors, cold and after an edit, in seconds: the
# basis of the first estimate.
_USUAL = {"go": (20, 2), "python": (10, 1), "node": (11, 1)}
_USUAL_NAIVE = {"go": (20, 21), "python": (7, 7), "node": (3, 3)}
_START_SECONDS = 3
_CHECK_SECONDS = 12


@dataclass(frozen=True)
class Wanted:
    """What the user asks for.

    ``names`` are flavors and `flavors.NAIVE`, ``rounds`` is how often a rebuild and a start are
    measured, ``edited`` the source file that a rebuild edits (None for the largest one), and
    ``build`` has the other build options. ``trusted`` lets a starter's template run code.
    """

    names: Sequence[str] = flavors.NAMES
    rounds: int = 3
    edited: Path | None = None
    build: BuildOptions = field(default_factory=BuildOptions)
    trusted: bool = False


@dataclass(frozen=True)
class Column:
    """The measurements of one flavor, or of the naive image.

    Times are medians in seconds, or None if there was nothing to measure: `Subject` says what they
    mean. ``checked`` has sizes, layers and findings; ``note`` says what couldn't be measured.
    """

    name: str
    cold_build_seconds: float
    rebuild_seconds: float | None
    answer_seconds: float | None
    healthy_seconds: float | None
    memory_bytes: int | None
    checked: Checked
    note: str = ""


@dataclass(frozen=True)
class Comparison:
    """A project's flavors side by side.

    ``current`` is the project's flavor, ``edited`` the source file that rebuilds edited, relative
    to the build context, and ``left_out`` says why something isn't among the ``columns``.
    """

    project: Project
    columns: Sequence[Column]
    left_out: Mapping[str, str]
    edited: str | None
    rounds: int
    engine: str
    processors: int
    day: date

    @property
    def current(self) -> str:
        """The project's flavor."""
        return str(self.project.cell.flavor)


@dataclass
class _Entry:
    """One of those that take turns; ``note`` is the first problem, or ""."""

    copy: Copy
    subject: Subject
    checked: Checked | None = None
    note: str = ""

    @property
    def goes_on(self) -> bool:
        """Whether there is more to measure: what can't be built can't be started."""
        return bool(self.subject.image or not self.note)


@dataclass(frozen=True)
class _Step:
    """A step for one entry, and how long it usually takes, in seconds."""

    entry: _Entry
    words: str
    seconds: float
    do: Callable[[], None]


class Prepared:
    """A comparison that is ready to begin; see `prepare`."""

    def __init__(
        self, found: Project, laid: flavors.Copies, edited: str | None, wanted: Wanted
    ) -> None:
        self._project = found
        self._existing = project.recorded(found.directory).existing
        self._wanted = wanted
        self._left_out = dict(laid.left_out)
        self._edited = edited
        self._entries = [
            _Entry(copy, subjects.of(copy, found, edited, wanted.build)) for copy in laid.made
        ]
        self._images = ExitStack()
        self._caches = measuring.cache_mounts()
        self._steps = [*self._builds(), *self._rebuilds(), *self._starts(), *self._checks()]

    @property
    def names(self) -> Sequence[str]:
        """What is compared."""
        return [entry.copy.name for entry in self._entries]

    @property
    def words(self) -> str:
        """What is about to happen, and how long it takes."""
        words = (
            f"Builds and starts {self._project.name} in turns: {', '.join(self.names)}. This takes"
            f" {spoken(self.seconds)}, and longer for a large program or on a slow network."
        )
        for name, why in self._left_out.items():
            words += f"\n{name} is left out: {why}"
        return words

    @property
    def seconds(self) -> float:
        """How long it takes if the project is like a sample app."""
        return sum(step.seconds for step in self._steps)

    def measure(self, doing: Callable[[str], None]) -> Comparison:
        """Measure them in turns; what is built and started is removed at the end.

        Args:
            doing: called with a few words about the current step, and the remaining time.

        Raises:
            ProjectError: none of them can be built.
            ToolMissingError: the engine went away.
        """
        with self._images:
            doing("Getting the base images")
            for base in self._bases():
                engine.base_layers(base)
            self._run(doing)
        columns = [_column(entry, entry.checked) for entry in self._entries if entry.checked]
        failed = {entry.copy.name: entry.note for entry in self._entries if not entry.checked}
        left_out = {**self._left_out, **failed}
        if not columns:
            reasons = "; ".join(f"{name}: {why}" for name, why in left_out.items())
            raise ProjectError(f"nothing can be compared: {reasons}", "see why: dockgen check")
        return Comparison(
            self._project, columns, left_out, self._edited, self._wanted.rounds,
            engine.require().server, os.cpu_count() or 1, datetime.now(UTC).date(),
        )  # fmt: skip

    def _run(self, doing: Callable[[str], None]) -> None:
        began, usual, whole = time.monotonic(), 0.0, self.seconds
        for step in self._steps:
            entry = step.entry
            if not entry.goes_on:
                whole -= step.seconds
                continue
            # The steps so far show how much slower this project and machine are.
            slower = (time.monotonic() - began) / usual if usual else 1.0
            doing(f"{entry.copy.name}: {step.words}, {spoken((whole - usual) * slower)} left")
            try:
                step.do()
            except ProjectError as error:
                entry.note = entry.note or _reason(error, entry.copy)
            usual += step.seconds

    def _bases(self) -> Iterator[str]:
        """Yield the base images of the builds: pulling them isn't part of a build."""
        names = [
            image.name
            for entry in self._entries
            for image in dockerfile.read(entry.copy.dockerfile).images
        ]
        yield from dict.fromkeys(names)

    def _usual(self, entry: _Entry) -> tuple[float, float]:
        table = _USUAL_NAIVE if entry.copy.name == NAIVE else _USUAL
        return table[self._project.cell.language]

    def _builds(self) -> Iterator[_Step]:
        for entry in self._entries:
            build = partial(measuring.build_cold, entry.subject, self._caches, self._images)
            yield _Step(entry, "cold build", self._usual(entry)[0], build)

    def _rebuilds(self) -> Iterator[_Step]:
        for number in range(1, self._wanted.rounds + 1) if self._edited else ():
            for entry in self._entries:
                words = f"rebuild {number} of {self._wanted.rounds}"
                build = partial(measuring.rebuild, entry.subject, self._caches)
                yield _Step(entry, words, self._usual(entry)[1], build)

    def _starts(self) -> Iterator[_Step]:
        # A job ends by itself, and a program that needs a database can't start without one: the
        # check shows how long these take.
        alone = not (self._existing.get("beside") or self._existing.get("before"))
        is_job = self._project.kind is Workload.JOB
        rounds = self._wanted.rounds if alone and not is_job else 0
        for number in range(1, rounds + 1):
            for entry in self._entries:
                start = partial(measuring.start, entry.subject, memory=number == rounds)
                yield _Step(entry, f"start {number} of {rounds}", _START_SECONDS, start)

    def _checks(self) -> Iterator[_Step]:
        for entry in self._entries:
            yield _Step(entry, "size and rules", _CHECK_SECONDS, partial(self._check, entry))

    def _check(self, entry: _Entry) -> None:
        entry.checked = check.check(self._target(entry), lambda _words: None)

    def _target(self, entry: _Entry) -> Target:
        run = self._project.run
        if entry.copy.name == NAIVE:
            # Nothing in that folder says what the program does.
            run = replace(run, workload=self._project.kind, port=self._project.port)
        asked = Asked(
            image=entry.subject.image, run=run, limit_bytes=entry.copy.limit_bytes, trusted=True
        )
        return targets.find(entry.copy.directory, asked)


@contextmanager
def prepare(directory: Path, wanted: Wanted) -> Iterator[Prepared]:
    """Prepare a comparison of a project's flavors.

    Everything is built in copies, which are removed at the end. The user's files stay as they are.

    Args:
        directory: the project.
        wanted: what the user asks for.

    Raises:
        UsageError: the flavor or the source file doesn't exist.
        ProjectError: it isn't a dockgen project, or it can't be copied.
        ToolMissingError: the engine is missing or too old.
    """
    if unknown := [name for name in wanted.names if name not in flavors.NAMES]:
        raise UsageError(
            f"there is no flavor {unknown[0]}", f"name some of: {','.join(flavors.NAMES)}"
        )
    target = targets.find(directory, Asked())
    found = target.project
    if found is None:
        raise ProjectError(
            f"{directory} isn't a dockgen project", "give it container files: dockgen add"
        )
    engine.require()
    sources = target.sources or found.directory
    with signals.temporary_folder("dockgen-") as folder:
        laid = flavors.lay_out(found, sources, wanted.names, folder, trusted=wanted.trusted)
        edited = subjects.source_file(found, sources, wanted.edited)
        yield Prepared(found, laid, edited, wanted)


def _column(entry: _Entry, checked: Checked) -> Column:
    measured = entry.subject
    healthy = median(measured.healthy_seconds)
    if healthy is None and checked.seen is not None:
        healthy = checked.seen.healthy_seconds
    return Column(
        entry.copy.name,
        measured.cold_build_seconds,
        median(measured.rebuild_seconds),
        median(measured.answer_seconds),
        healthy,
        measured.memory_bytes[-1] if measured.memory_bytes else None,
        checked,
        entry.note,
    )


def _reason(error: ProjectError, copy: Copy) -> str:
    """Return why something failed, without the name of the temporary copy."""
    words = error.message.replace(f"the image of {copy.context}", "it")
    likely = failures.of_build(error.log) if isinstance(error, BuildError) else None
    return f"{words} Most likely {likely.cause}." if likely else words


def spoken(seconds: float) -> str:
    """Format an estimated time: "about 40 s", "about 3 min"."""
    if seconds < 100:
        return f"about {max(10, round(seconds, -1)):.0f} s"
    return f"about {seconds / 60:.0f} min"
