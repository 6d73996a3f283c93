"""The contract: what something is held to, wherever that is written down.

A project's comes from its dockgen.toml and its answers file; `project` reads those. The rules in
`checks` know a contract and the facts, and nothing of projects.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from dockgen.matrix import Flavor, Workload


@dataclass(frozen=True)
class Limits:
    """What an image and its container are held to.

    ``size_bytes`` is for the sum of the layer tars, unpacked, and None for no limit; dockgen.toml
    has it in MB of 10^6 bytes. ``healthy_seconds`` is 0 for a job, which has no health check, and
    ``run_seconds``, the time from a job's start to its end, is 0 for everything else.
    ``context_bytes`` is for what a build gets from its folder.
    """

    size_bytes: int | None
    healthy_seconds: float
    stop_seconds: float
    run_seconds: float = 0
    context_bytes: int = 100 * 10**6


@dataclass(frozen=True)
class Policy:
    """What is required besides the limits, and what isn't.

    ``required_labels`` are names, ``allowed_registries`` the first parts of images' full names, and
    ``ignored`` has the reason for each ignored rule's code. Each is empty unless dockgen.toml says
    otherwise.
    """

    required_labels: tuple[str, ...] = ()
    allowed_registries: tuple[str, ...] = ()
    ignored: Mapping[str, str] = field(default_factory=dict)


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
    """What somebody said of how a container is run; None where nothing was said.

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
