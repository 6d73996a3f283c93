"""Rules DG201…: what must hold for a running container."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from dockgen.checks.model import Severity, Violation, rule
from dockgen.contract import Contract
from dockgen.matrix import Workload
from dockgen.sockets import Listener

# The value of Seccomp in /proc/<pid>/status when a filter is at work.
_FILTERED = 2
# 128 + SIGKILL.
KILLED = 137
# 128 + SIGTERM: what a program ends with that leaves the signal to the system.
_TERMINATED = 143
_SERVER_ERROR = 500
_MB = 10**6
# How many lines of a log, or changed paths, a message repeats.
_REPEATED = 5


@dataclass(frozen=True)
class Process:
    """A process as /proc/<pid>/status shows it.

    ``uids`` and ``gids`` are its real, effective, saved and file system ones, as numbered inside
    the container; ``capabilities`` its effective set as a bit mask; ``seccomp`` 0 for off, 1 for
    strict, 2 for a filter.
    """

    uids: tuple[int, ...]
    gids: tuple[int, ...]
    capabilities: int
    no_new_privileges: bool
    seccomp: int


@dataclass(frozen=True)
class Ended:
    """How a container ended: the exit code is 137 if it had to be killed after these seconds."""

    exit_code: int
    seconds: float


@dataclass(frozen=True)
class Observation:
    """What was seen of a container, from its start to its stop.

    ``healthy_seconds`` is None when it never turned healthy, ``root_status`` (the HTTP status of
    GET /) when there was no answer, ``process`` when its status could not be read. ``changes`` are
    the paths that differ from the image, as `docker diff` lists them. ``stop_exit_code`` is 137
    when it had to be killed. ``log`` is what the container printed. ``run_seconds`` and
    ``exit_code`` are of a job that came to its end by itself, else None. ``memory_bytes`` is the
    limit that it ran into, None if it had enough.

    ``listening`` are the ports that it listens on, None if that could not be seen; ``ipv6`` says
    whether it could do so by IPv6, and ``exposed`` are the ports that its image names.
    ``kept_open`` says that it was stopped while a client kept a connection to it; ``held_up`` is
    how that went if it didn't stop in time and with 0, and the stop above is another one then,
    without a connection. ``ready_seconds`` is how long a container without a health check took
    until it did what it is for, None if that was not looked at. ``is_reached`` says whether its
    ports can be asked from here: those of an engine on another machine may lie behind a firewall.
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


# What the kernel says of a program that is there, such as one with cgo on scratch.
_NO_LOADER = re.compile(r"^exec \S+: no such file or directory", re.MULTILINE)


@rule(
    "DG201",
    Workload.SERVICE,
    Workload.WORKER,
    fix="see what the service prints: docker compose up --build",
    sources=["CIS Docker 5.27"],
    alike={"hadolint": ["DL3057"]},
    at=["HEALTHCHECK", "ENTRYPOINT", "CMD"],
)
def turns_healthy(seen: Observation, contract: Contract) -> Iterator[Violation]:
    """Turns healthy in time.

    A deployment waits for healthy, and an outage lasts as long as a restart does. The limit is
    the project's own, in dockgen.toml; the time runs from the container's start to the end of its
    first good probe.
    """
    limit = contract.limits.healthy_seconds
    if seen.healthy_seconds is None and seen.ready_seconds is not None:
        return  # it has no health check, which DG102 says
    if seen.memory_bytes is not None and seen.healthy_seconds is None:
        yield _out_of_memory(seen.memory_bytes)
        return
    hint = ""
    if _NO_LOADER.search(seen.log):
        hint = (
            "the loader that the program was built for isn't in the image: build it without a C"
            " library (with Go: CGO_ENABLED=0), or take the slim flavor"
        )
    if seen.healthy_seconds is None:
        yield Violation(f"it didn't turn healthy within {limit:g} s{_last_lines(seen.log)}", hint)
    elif seen.healthy_seconds > limit:
        yield Violation(
            f"it turned healthy after {seen.healthy_seconds:.2f} s, the limit is {limit:g} s",
            hint,
        )


@rule(
    "DG202",
    Workload.SERVICE,
    fix="let it answer GET / with 200, on the port that is published, on 0.0.0.0 or [::]",
    at=["EXPOSE", "ENTRYPOINT", "CMD"],
)
def answers(seen: Observation, contract: Contract) -> Iterator[Violation]:
    """Answers GET /.

    Healthy is what the service says of itself; whether it can be used is seen from outside,
    through the published port. One that listens on 127.0.0.1 is out of reach: inside a container,
    that is the container itself.
    """
    if not seen.is_reached or seen.root_status == 200 or _is_answered(seen, contract):
        return
    asked = f"GET {contract.page}"
    if contract.port is not None:
        asked += f" on port {contract.port}"
    if seen.root_status is not None:
        yield Violation(f"{asked} gives status {seen.root_status}, not 200")
        return
    here = [one for one in seen.listening or () if one.port == contract.port]
    others = ", ".join(str(one) for one in seen.listening or () if not one.is_local)
    if here and all(one.is_local for one in here):
        yield Violation(
            f"{asked} gives no answer: it listens on {here[0]} only, which"
            " can't be reached from outside of the container",
            "let it listen on 0.0.0.0, or on [::] for both families",
        )
    elif others and not here:
        yield Violation(
            f"{asked} gives no answer: it listens on {others}",
            f"let it listen on port {contract.port}; many read it from a variable: PORT",
        )
    else:
        yield Violation(f"{asked} gives no answer, not 200")


@rule(
    "DG203",
    fix="write in the last stage: USER 65532:65532",
    sources=["CIS Docker 4.1", "OWASP Docker rule 2", "Kubernetes' restricted profile"],
    at=["user", "USER"],
)
def process_is_not_root(seen: Observation, _contract: Contract) -> Iterator[Violation]:
    """Its process is not root.

    What the image says can be overruled, by compose.yaml or by the program itself: what counts
    is the process. All of its four user and group ids are looked at.
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
    fix="write in compose.yaml: cap_drop: [ALL]",
    sources=["CIS Docker 5.4", "OWASP Docker rule 3", "Kubernetes' restricted profile"],
    at=["cap_add", "privileged", "cap_drop"],
)
def has_no_capability(seen: Observation, _contract: Contract) -> Iterator[Violation]:
    """Has no capability.

    Capabilities are root's rights, cut into pieces. A service that listens on a port above
    1024 needs none.
    """
    if seen.process is None:
        yield from _unseen(seen)
    elif seen.process.capabilities:
        yield Violation(f"its effective capabilities are {seen.process.capabilities:#x}, not 0")


@rule(
    "DG205",
    fix="write in compose.yaml: security_opt: [no-new-privileges:true]",
    sources=["CIS Docker 5.26", "OWASP Docker rule 4", "Kubernetes' allowPrivilegeEscalation"],
    at=["security_opt", "privileged"],
)
def cannot_gain_privileges(seen: Observation, _contract: Contract) -> Iterator[Violation]:
    """Can't gain privileges.

    With no-new-privileges, a setuid file or one with capabilities gives nothing to those
    who start it.
    """
    if seen.process is None:
        yield from _unseen(seen)
    elif not seen.process.no_new_privileges:
        yield Violation("its process may gain privileges")


@rule(
    "DG206",
    fix="leave seccomp=unconfined out of compose.yaml, and look at: docker info",
    sources=["CIS Docker 5.22", "OWASP Docker rule 6", "Kubernetes' restricted profile"],
    at=["security_opt", "privileged"],
)
def is_filtered(seen: Observation, _contract: Contract) -> Iterator[Violation]:
    """Runs behind a system call filter.

    The engine's default seccomp profile keeps the rarely used system calls away from the
    service, where most of the kernel's weaknesses are.
    """
    if seen.process is None:
        yield from _unseen(seen)
    elif seen.process.seccomp != _FILTERED:
        yield Violation("no seccomp filter is at work")


@rule(
    "DG207",
    fix="write in compose.yaml: read_only: true, and below tmpfs: /tmp",
    sources=["CIS Docker 5.13", "OWASP Docker rule 8"],
    at=["read_only"],
)
def leaves_root_alone(seen: Observation, _contract: Contract) -> Iterator[Violation]:
    """Changes nothing in its root file system.

    What can't be written can't be replaced by an intruder, and a container that keeps nothing
    in itself can be thrown away at any time.
    """
    if not seen.read_only:
        yield Violation("its root file system is writable")
    if seen.changes:
        changed = ", ".join(seen.changes[:_REPEATED])
        yield Violation(
            f"{len(seen.changes)} paths differ from the image: {changed}",
            "write to /tmp, or mount a volume for what must stay",
        )


@rule(
    "DG208",
    fix="handle SIGTERM: finish the open requests, then exit with 0",
    sources=["twelve-factor app, IX. Disposability"],
    alike={"hadolint": ["DL3025"]},
    at=["STOPSIGNAL", "ENTRYPOINT", "CMD"],
)
def stops(seen: Observation, contract: Contract) -> Iterator[Violation]:
    """Stops when it is told to.

    Each deployment stops the old containers. One that doesn't listen to SIGTERM is killed
    after ten seconds, with the requests that it was serving; one that ends with another code than
    0 looks like a crash. A program that dockgen didn't make is only warned of if the signal itself
    ends it. A job that is stopped before its end may end with any code. The limit is the project's
    own, in dockgen.toml.
    """
    limit = contract.limits.stop_seconds
    is_job = contract.workload is Workload.JOB
    if is_job and seen.exit_code is not None:
        return  # it ended before anybody stopped it
    if seen.memory_bytes is not None:
        if seen.healthy_seconds is not None:  # else DG201 says so
            yield _out_of_memory(seen.memory_bytes)
        return
    if seen.stop_exit_code == KILLED:
        yield Violation(f"it had to be killed, {seen.stop_seconds:.2f} s after SIGTERM")
    elif seen.stop_exit_code == _TERMINATED and not contract.is_ours and not is_job:
        yield Violation(
            f"SIGTERM ended it at once (exit code {_TERMINATED}): open requests are cut off",
            severity=Severity.WARNING,
        )
    elif seen.stop_exit_code != 0 and not is_job:
        yield Violation(
            f"it ended with exit code {seen.stop_exit_code}, not 0{_last_lines(seen.log)}"
        )
    elif seen.stop_seconds > limit:
        yield Violation(f"it took {seen.stop_seconds:.2f} s to stop, the limit is {limit:g} s")


@rule(
    "DG209",
    Workload.JOB,
    fix="see what it prints: docker compose up --build --exit-code-from app",
    sources=["Kubernetes, Jobs", "systemd.service, Type=oneshot"],
    at=["ENTRYPOINT", "CMD"],
)
def runs_to_its_end(seen: Observation, contract: Contract) -> Iterator[Violation]:
    """Runs to its end.

    A job has no health: whether it did its work is told by its exit code, and 0 is the one that
    schedulers take for done. The limit is the project's own, limits.run_seconds in dockgen.toml.
    """
    limit = contract.limits.run_seconds
    if seen.memory_bytes is not None:
        yield _out_of_memory(seen.memory_bytes)
        return
    if seen.exit_code is None or seen.run_seconds is None:
        yield Violation(
            f"it still ran after {limit:g} s", "raise limits.run_seconds in dockgen.toml"
        )
    elif seen.exit_code != 0:
        yield Violation(f"it ended with exit code {seen.exit_code}, not 0{_last_lines(seen.log)}")
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
    """Whether something answers where no page was named: it may have none, or speak no HTTP."""
    if contract.is_ours or contract.run.path is not None:
        return False
    if seen.root_status is not None:
        return seen.root_status < _SERVER_ERROR
    return any(one.port == contract.port for one in seen.listening or () if not one.is_local)


def _out_of_memory(limit_bytes: int) -> Violation:
    """A container that was killed for its memory didn't ignore SIGTERM, and isn't slow."""
    limit = f" of {limit_bytes / _MB:.0f} MB" if limit_bytes else ""
    return Violation(
        f"it ran out of memory: it needs more than its limit{limit}",
        "let it use less, or raise mem_limit in compose.yaml; files in a tmpfs count, too",
    )


def _unseen(seen: Observation) -> Iterator[Violation]:
    """What can't be seen is not taken for good, unless there was nothing to see: DG201 says so."""
    if seen.healthy_seconds is not None:
        yield Violation(
            "the state of its process can't be read, neither on this host nor in the container",
            "run dockgen on the engine's own host",
        )


def _numbers(numbers: tuple[int, ...]) -> str:
    return ", ".join(map(str, numbers))


def _last_lines(log: str) -> str:
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    return f"; it last printed: {' | '.join(lines[-_REPEATED:])}" if lines else ""
