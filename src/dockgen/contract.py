"""The contract: what something is held to, wherever that is written down.

A project's comes from its dockgen.toml and its answers file; `project` reads those. The rules in
`checks` know a contract and the facts, and nothing of projects.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date

from dockgen.matrix import Flavor, Workload


@dataclass(frozen=True)
class AllowedGrowth:
    """How much larger than before an image may be: a percentage of that, or bytes."""

    percent: float = 0
    size_bytes: int = 0

    def bytes_of(self, before: int) -> float:
        """The same in bytes, for an image that weighed so many."""
        return self.size_bytes or before * self.percent / 100

    def __str__(self) -> str:
        return f"{self.size_bytes / 10**6:g} MB" if self.size_bytes else f"{self.percent:g} %"


@dataclass(frozen=True)
class Limits:
    """The limits of an image and its container.

    ``size_bytes`` is for the sum of the layer tars, unpacked, and None for no limit; dockgen.toml
    has it in MB of 10^6 bytes. ``healthy_seconds`` is 0 for a job, which has no health check, and
    ``run_seconds``, the time from a job's start to its end, is 0 for everything else.
    ``context_bytes`` is for what a build gets from its folder. ``growth`` is what the image may
    have grown by since a former report, None for any.
    """

    size_bytes: int | None
    healthy_seconds: float
    stop_seconds: float
    run_seconds: float = 0
    context_bytes: int = 100 * 10**6
    growth: AllowedGrowth | None = None


@dataclass(frozen=True)
class Ignored:
    """Why what a rule finds fails nothing, and until when; the last day is one of them."""

    reason: str
    until: date | None = None

    def holds_on(self, day: date) -> bool:
        """Whether it still counts."""
        return self.until is None or day <= self.until


@dataclass(frozen=True)
class Policy:
    """Rules besides the limits: what is required, and what is ignored.

    ``required_labels`` are names, ``allowed_registries`` the first parts of images' full names, and
    ``ignored`` has the reason for each ignored rule's code, and ``selected`` the codes, or what
    codes begin with, of the only rules that are asked; all if it is empty. Each is empty unless
    dockgen.toml or the command line says otherwise.
    """

    required_labels: tuple[str, ...] = ()
    allowed_registries: tuple[str, ...] = ()
    ignored: Mapping[str, Ignored] = field(default_factory=dict)
    selected: tuple[str, ...] = ()


@dataclass(frozen=True)
class Base:
    """What the image's base brings, so that rules don't blame the project for it.

    Each trait says whether it is accepted in the image: a shell, and the distribution's own package
    manager.
    """

    shell: bool = True
    package_manager: bool = True


@dataclass(frozen=True)
class Run:
    """What someone said of how a container is run; None where nothing was said.

    ``port`` is the one that it listens on, ``path`` the page that is asked for, ``service`` the one
    of compose.yaml that is checked, ``environment`` joins the image's own, and ``memory_mb`` is
    what it may use, in MiB. ``timeout_seconds`` is for a build.
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
    """What something is held to.

    ``workload`` is what the program does, and ``port`` the one that a service listens on; None for
    workers and jobs. ``is_ours`` says whether dockgen made it: others' answers are judged less
    strictly where nothing was said of the page to ask for.
    """

    workload: Workload
    port: int | None
    limits: Limits
    policy: Policy = field(default_factory=Policy)
    base: Base = field(default_factory=Base)
    run: Run = field(default_factory=Run)
    is_ours: bool = True

    def settled(self, workload: Workload, port: int | None) -> "Contract":
        """The same of a program that turned out to do this: without the limits of the others."""
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
        """The page that a service is asked for."""
        return self.run.path or "/"


# What each flavor stands on.
BASES = {
    Flavor.SLIM: Base(),
    Flavor.ALPINE: Base(),
    Flavor.SCRATCH: Base(shell=False, package_manager=False),
}
