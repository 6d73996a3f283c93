"""The contract: the limits and rules for something, wherever they are written down.

A project's contract comes from its dockgen.toml and its answers file, which `project` reads. The
rules in `checks` know only a contract and the facts, and nothing about projects.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date

from dockgen.matrix import Flavor, Workload


@dataclass(frozen=True)
class AllowedGrowth:
    """How much an image may grow: a percentage of its former size, or bytes."""

    percent: float = 0
    size_bytes: int = 0

    def bytes_of(self, before: int) -> float:
        """Return the growth in bytes, for an image of this former size."""
        return self.size_bytes or before * self.percent / 100

    def __str__(self) -> str:
        return f"{self.size_bytes / 10**6:g} MB" if self.size_bytes else f"{self.percent:g} %"


@dataclass(frozen=True)
class Limits:
    """The limits of an image and its container.

    ``size_bytes`` limits the sum of the unpacked layer tars; None is no limit. dockgen.toml has it
    in MB of 10^6 bytes. ``healthy_seconds`` is 0 for a job, which has no health check, and
    ``run_seconds``, the time from a job's start to its end, is 0 for everything else.
    ``context_bytes`` limits the files that a build gets from its folder. ``growth`` is how much the
    image may have grown since a former report; None for any amount.
    """

    size_bytes: int | None
    healthy_seconds: float
    stop_seconds: float
    run_seconds: float = 0
    context_bytes: int = 100 * 10**6
    growth: AllowedGrowth | None = None


@dataclass(frozen=True)
class Ignored:
    """Why a rule is ignored, and the last day on which it is."""

    reason: str
    until: date | None = None

    def holds_on(self, day: date) -> bool:
        """Return whether the rule is still ignored on a day."""
        return self.until is None or day <= self.until


@dataclass(frozen=True)
class Policy:
    """Rules besides the limits: what is required, and what is ignored.

    ``required_labels`` are names, ``allowed_registries`` the first parts of images' full names,
    ``ignored`` maps the codes of ignored rules to the reasons, and ``selected`` has the codes, or
    prefixes of codes, of the only rules to ask; if it is empty, all are asked. Each is empty unless
    dockgen.toml or the command line says otherwise.
    """

    required_labels: tuple[str, ...] = ()
    allowed_registries: tuple[str, ...] = ()
    ignored: Mapping[str, Ignored] = field(default_factory=dict)
    selected: tuple[str, ...] = ()


@dataclass(frozen=True)
class Base:
    """What the image's base contains, so that rules don't blame the project for it.

    Each field says whether the image may contain it: a shell, and the distribution's own package
    manager.
    """

    shell: bool = True
    package_manager: bool = True


@dataclass(frozen=True)
class Run:
    """Options for running a container; None if not given.

    ``port`` is the port that it listens on, ``path`` the page to request, and ``service`` the
    service of compose.yaml to check. ``environment`` is added to the image's own, and ``memory_mb``
    is the memory limit in MiB. ``timeout_seconds`` is for a build.
    """

    workload: Workload | None = None
    port: int | None = None
    path: str | None = None
    service: str | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    memory_mb: int | None = None
    timeout_seconds: float | None = None


@dataclass(frozen=True)
class Contract:
    """The limits and rules for something.

    ``workload`` is what the program does, and ``port`` the one that a service listens on; None for
    workers and jobs. ``is_ours`` says whether dockgen made it: for other programs, the answer is
    judged less strictly if no page was given.
    """

    workload: Workload
    port: int | None
    limits: Limits
    policy: Policy = field(default_factory=Policy)
    base: Base = field(default_factory=Base)
    run: Run = field(default_factory=Run)
    is_ours: bool = True

    def settled(self, workload: Workload, port: int | None) -> "Contract":
        """Return the contract of a program that turned out to do this: only its own limits."""
        is_job = workload is Workload.JOB
        limits = replace(
            self.limits,
            healthy_seconds=0 if is_job else self.limits.healthy_seconds,
            run_seconds=self.limits.run_seconds if is_job else 0,
        )
        is_service = workload is Workload.SERVICE
        return replace(self, workload=workload, port=port if is_service else None, limits=limits)

    @property
    def page(self) -> str:
        """The page to request from a service."""
        return self.run.path or "/"


# What the base of each flavor contains.
BASES = {
    Flavor.SLIM: Base(),
    Flavor.ALPINE: Base(),
    Flavor.SCRATCH: Base(shell=False, package_manager=False),
}
