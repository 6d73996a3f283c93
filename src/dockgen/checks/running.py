"""Rules DG201…: what must hold for a running container."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from dockgen.checks import printed
from dockgen.checks.model import Severity, Violation, rule
from dockgen.contract import Contract
from dockgen.matrix import Workload
from dockgen.targets.sockets import Listener

# The value of Seccomp in /proc/<pid>/status with a filter.
_FILTERED = 2
# 128 + SIGKILL.
KILLED = 137
# 128 + SIGTERM: the exit code of a program with the default signal handler.
_TERMINATED = 143
_SERVER_ERROR = 500
_MB = 10**6
# How many log lines or changed paths a message repeats.
_REPEATED = 5


@dataclass(frozen=True)
class Process:
    """A process as /proc/<pid>/status shows it.

    ``uids`` and ``gids`` are its real, effective, saved and file system ids, as numbered inside the
    container; ``capabilities`` is its effective set as a bit mask; ``seccomp`` is 0 for off, 1 for
    strict, 2 for a filter.
    """

    uids: tuple[int, ...]
    gids: tuple[int, ...]
    capabilities: int
    no_new_privileges: bool
    seccomp: int


@dataclass(frozen=True)
class Ended:
    """How a container ended: its exit code (137 if it was killed), and after how many seconds."""

    exit_code: int
    seconds: float


@dataclass(frozen=True)
class Observation:
    """What was seen of a container, from its start to its stop.

    ``healthy_seconds`` is None if it never turned healthy, ``root_status`` (the HTTP status of GET
    /) if there was no answer, and ``process`` if its status could not be read. ``changes`` are the
    paths that differ from the image, as `docker diff` lists them. ``stop_exit_code`` is 137 if it
    had to be killed. ``log`` is what the container printed. ``run_seconds`` and ``exit_code`` are
    set only for a job that ended by itself. ``memory_bytes`` is the limit that it exceeded, None if
    it had enough.

    ``listening`` are the ports that it listens on, None if unknown; ``ipv6`` says whether IPv6 was
    available to it, and ``exposed`` are the ports in its image. ``kept_open`` says that it was
    stopped while a client kept a connection open. If it then didn't stop in time and with 0,
    ``held_up`` is how that went, and the stop above is a second one without a connection.
    ``ready_seconds`` is how long a container without a health check took until it did its job; None
    if that wasn't measured. ``is_reached`` says whether its ports can be reached from here: those
    of an engine on another machine may be behind a firewall. ``ended_early`` says that it had ended
    before it was stopped, and ``is_unchecked`` that it ran without a health check.
    """

    healthy_seconds: float | None
    root_status: int | None
    process: Process | None
    read_only: bool
    changes: tuple[str, ...]
    stop_exit_code: int
    stop_seconds: float
    log: str = ""
    run_seconds: float | None = None
    exit_code: int | None = None
    memory_bytes: int | None = None
    listening: tuple[Listener, ...] | None = None
    ipv6: bool = False
    exposed: tuple[int, ...] = ()
    kept_open: bool = False
    held_up: Ended | None = None
    ready_seconds: float | None = None
    is_reached: bool = True
    ended_early: bool = False
    is_unchecked: bool = False

    @property
    def never_worked(self) -> bool:
        """Whether it ended by itself before it was healthy, or did its job."""
        return self.ended_early and (self.healthy_seconds, self.ready_seconds) == (None, None)


# The kernel says this of a program without its loader, such as one with cgo on scratch.
_NO_LOADER = re.compile(r"^exec \S+: no such file or directory", re.MULTILINE)


@rule(
    "DG201",
    Workload.SERVICE,
    Workload.WORKER,
    fix="see its output: docker compose up --build, or docker run with the image",
    sources=["CIS Docker 5.27"],
    alike={"hadolint": ["DL3057"]},
    at=["HEALTHCHECK", "ENTRYPOINT", "CMD"],
)
def turns_healthy(seen: Observation, contract: Contract) -> Iterator[Violation]:
    """Turns healthy in time.

    Deployments wait until the container is healthy, and an outage lasts as long as a restart. Set
    the limit in dockgen.toml. The time runs from the start of the container to the end of the first
    successful probe.
    """
    limit = contract.limits.healthy_seconds
    if seen.is_unchecked and seen.ready_seconds is not None:
        return  # it has no health check, which DG102 reports
    if seen.memory_bytes is not None and seen.healthy_seconds is None:
        yield _out_of_memory(seen.memory_bytes)
        return
    hint = ""
    if _NO_LOADER.search(seen.log):
        hint = (
            "the loader that the program was built for isn't in the image: build it without a C"
            " library (with Go: CGO_ENABLED=0), or use the slim flavor"
        )
    if seen.never_worked:
        ended = f"it ended with exit code {seen.stop_exit_code} before it was healthy"
        yield Violation(f"{ended}{printed.last(seen.log)}", hint)
    elif seen.is_unchecked and contract.is_ours:
        yield Violation(
            "it has no health check: the Dockerfile has none, or compose.yaml disables it",
            "see what is set: docker compose config",
        )
    elif seen.healthy_seconds is None:
        yield Violation(f"it didn't turn healthy within {limit:g} s{printed.last(seen.log)}", hint)
    elif seen.healthy_seconds > limit:
        yield Violation(
            f"it turned healthy after {seen.healthy_seconds:.2f} s, the limit is {limit:g} s",
            hint,
        )


@rule(
    "DG202",
    Workload.SERVICE,
    fix="answer GET / with 200 on the published port, on 0.0.0.0 or [::]",
    at=["EXPOSE", "ENTRYPOINT", "CMD"],
)
def answers(seen: Observation, contract: Contract) -> Iterator[Violation]:
    """Answers GET /.

    The health check runs inside the container. This rule sends a request from outside, to the
    published port. A service that listens on 127.0.0.1 can only be reached from inside its
    container.
    """
    if not seen.is_reached or seen.root_status == 200 or _is_answered(seen, contract):
        return
    asked = f"GET {contract.page}"
    if contract.port is not None:
        asked += f" on port {contract.port}"
    if seen.root_status is not None:
        yield Violation(f"{asked} returns status {seen.root_status}, not 200")
        return
    here = [one for one in seen.listening or () if one.port == contract.port]
    others = ", ".join(str(one) for one in seen.listening or () if not one.is_local)
    if here and all(one.is_local for one in here):
        yield Violation(
            f"{asked} gets no answer: it listens on {here[0]} only, which can't be reached from"
            " outside the container",
            "listen on 0.0.0.0, or on [::] for IPv4 and IPv6",
        )
    elif others and not here:
        yield Violation(
            f"{asked} gets no answer: it listens on {others}",
            f"listen on port {contract.port}; many programs read it from the variable PORT",
        )
    else:
        yield Violation(f"{asked} gets no answer")


@rule(
    "DG203",
    fix="add to the last stage: USER 65532:65532",
    sources=["CIS Docker 4.1", "OWASP Docker rule 2", "Kubernetes' restricted profile"],
    at=["user", "USER"],
)
def process_is_not_root(seen: Observation, _contract: Contract) -> Iterator[Violation]:
    """Doesn't run as root.

    compose.yaml or the program itself can override the user of the image, so this rule looks at the
    running process: at all four of its user IDs and group IDs.
    """
    if seen.process is None:
        yield from _unseen(seen)
    elif 0 in seen.process.uids or 0 in seen.process.gids:
        yield Violation(
            f"it runs with the user ids {_numbers(seen.process.uids)} and the group ids "
            f"{_numbers(seen.process.gids)}; 0 is root"
        )


@rule(
    "DG204",
    fix="add to compose.yaml: cap_drop: [ALL]",
    sources=["CIS Docker 5.4", "OWASP Docker rule 3", "Kubernetes' restricted profile"],
    at=["cap_add", "privileged", "cap_drop"],
)
def has_no_capability(seen: Observation, _contract: Contract) -> Iterator[Violation]:
    """Has no capabilities.

    Each capability is a part of root's rights. A service that listens on a port above 1023 needs
    none.
    """
    if seen.process is None:
        yield from _unseen(seen)
    elif seen.process.capabilities:
        yield Violation(f"its effective capabilities are {seen.process.capabilities:#x}, not 0")


@rule(
    "DG205",
    fix="add to compose.yaml: security_opt: [no-new-privileges:true]",
    sources=["CIS Docker 5.26", "OWASP Docker rule 4", "Kubernetes' allowPrivilegeEscalation"],
    at=["security_opt", "privileged"],
)
def cannot_gain_privileges(seen: Observation, _contract: Contract) -> Iterator[Violation]:
    """Can't gain privileges.

    With no-new-privileges, setuid files and files with capabilities don't give the process more
    rights.
    """
    if seen.process is None:
        yield from _unseen(seen)
    elif not seen.process.no_new_privileges:
        yield Violation("its process can gain privileges")


@rule(
    "DG206",
    fix="remove seccomp=unconfined from compose.yaml, and check: docker info",
    sources=["CIS Docker 5.22", "OWASP Docker rule 6", "Kubernetes' restricted profile"],
    at=["security_opt", "privileged"],
)
def is_filtered(seen: Observation, _contract: Contract) -> Iterator[Violation]:
    """Runs with a seccomp filter.

    The default seccomp profile of the engine blocks rarely used system calls, which have most of
    the kernel's vulnerabilities.
    """
    if seen.process is None:
        yield from _unseen(seen)
    elif seen.process.seccomp != _FILTERED:
        yield Violation("no seccomp filter is active")


@rule(
    "DG207",
    fix="add to compose.yaml: read_only: true, and tmpfs: [/tmp]",
    sources=["CIS Docker 5.13", "OWASP Docker rule 8"],
    at=["read_only"],
)
def leaves_root_alone(seen: Observation, _contract: Contract) -> Iterator[Violation]:
    """Doesn't write to its root file system.

    If the root file system is read-only, an attacker can't change the program, and you can replace
    the container at any time without losing data.
    """
    if not seen.read_only:
        yield Violation("its root file system is writable")
    if seen.changes:
        changed = ", ".join(seen.changes[:_REPEATED])
        yield Violation(
            f"{len(seen.changes)} paths differ from the image: {changed}",
            "write to /tmp, or mount a volume for data",
        )


@rule(
    "DG208",
    fix="handle SIGTERM: finish the open requests, then exit with 0",
    sources=["twelve-factor app, IX. Disposability"],
    alike={"hadolint": ["DL3025"]},
    at=["STOPSIGNAL", "ENTRYPOINT", "CMD"],
)
def stops(seen: Observation, contract: Contract) -> Iterator[Violation]:
    """Stops on SIGTERM.

    Each deployment stops the old containers. If a program ignores SIGTERM, the engine kills it
    after ten seconds, with the requests that it is serving. An exit code other than 0 looks like a
    crash. If the program isn't from dockgen, an exit because of the signal itself is only a
    warning. A job may end with any code when it is stopped. Set the time limit in dockgen.toml.
    """
    limit = contract.limits.stop_seconds
    is_job = contract.workload is Workload.JOB
    if is_job and seen.exit_code is not None:
        return  # it ended before anybody stopped it
    if seen.never_worked:
        return  # DG201 reports it
    if seen.memory_bytes is not None:
        if seen.healthy_seconds is not None:  # otherwise DG201 reports it
            yield _out_of_memory(seen.memory_bytes)
        return
    if seen.stop_exit_code == KILLED:
        yield Violation(f"it had to be killed, {seen.stop_seconds:.2f} s after SIGTERM")
    elif seen.stop_exit_code == _TERMINATED and not contract.is_ours and not is_job:
        yield Violation(
            f"SIGTERM ended it immediately (exit code {_TERMINATED}): open requests are cut off",
            severity=Severity.WARNING,
        )
    elif seen.stop_exit_code != 0 and not is_job:
        yield Violation(
            f"it ended with exit code {seen.stop_exit_code}, not 0{printed.last(seen.log)}"
        )
    elif seen.stop_seconds > limit:
        yield Violation(f"it took {seen.stop_seconds:.2f} s to stop, the limit is {limit:g} s")


@rule(
    "DG209",
    Workload.JOB,
    fix="see its output: docker compose up --build --exit-code-from app",
    sources=["Kubernetes, Jobs", "systemd.service, Type=oneshot"],
    at=["ENTRYPOINT", "CMD"],
)
def runs_to_its_end(seen: Observation, contract: Contract) -> Iterator[Violation]:
    """Runs to completion.

    A job has no health check: its exit code says whether it succeeded, and schedulers expect 0. Set
    the time limit in limits.run_seconds in dockgen.toml.
    """
    limit = contract.limits.run_seconds
    if seen.memory_bytes is not None:
        yield _out_of_memory(seen.memory_bytes)
        return
    if seen.exit_code is None or seen.run_seconds is None:
        yield Violation(
            f"it was still running after {limit:g} s", "raise limits.run_seconds in dockgen.toml"
        )
    elif seen.exit_code != 0:
        yield Violation(f"it ended with exit code {seen.exit_code}, not 0{printed.last(seen.log)}")
    elif seen.run_seconds > limit:
        yield Violation(f"it ran for {seen.run_seconds:.2f} s, the limit is {limit:g} s")


RULES = (
    turns_healthy,
    answers,
    process_is_not_root,
    has_no_capability,
    cannot_gain_privileges,
    is_filtered,
    leaves_root_alone,
    stops,
    runs_to_its_end,
)


def _is_answered(seen: Observation, contract: Contract) -> bool:
    """Return whether a service answers at all: if no page was given, it may not speak HTTP."""
    if contract.is_ours or contract.run.path is not None:
        return False
    if seen.root_status is not None:
        return seen.root_status < _SERVER_ERROR
    return any(one.port == contract.port for one in seen.listening or () if not one.is_local)


def _out_of_memory(limit_bytes: int) -> Violation:
    """Report a container that ran out of memory: it didn't ignore SIGTERM, and isn't slow."""
    limit = f" of {limit_bytes / _MB:.0f} MB" if limit_bytes else ""
    return Violation(
        f"it ran out of memory: it needs more than its limit{limit}",
        "use less memory, or raise mem_limit in compose.yaml; files in a tmpfs count, too",
    )


def _unseen(seen: Observation) -> Iterator[Violation]:
    """Report what can't be seen, unless there was nothing to see: DG201 reports that."""
    if seen.healthy_seconds is not None:
        yield Violation(
            "the state of its process can't be read, neither on this host nor in the container",
            "run dockgen on the host of the engine",
        )


def _numbers(numbers: tuple[int, ...]) -> str:
    return ", ".join(map(str, numbers))
