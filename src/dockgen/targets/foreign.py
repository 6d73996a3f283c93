"""Run an image that dockgen didn't make: find out what it does, and how hardened it can run.

It is first run as hardened as dockgen's own. If that fails, it is run without hardening, and then
with each part of the hardening that it supports. The parts that are missing in the end show what it
needs.
"""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, replace

from dockgen import checks, engine
from dockgen.checks import Finding, Observation
from dockgen.contract import Contract
from dockgen.engine import Container, HealthTiming, RunOptions
from dockgen.errors import ProjectError
from dockgen.image import Config, HealthCheck
from dockgen.matrix import Workload
from dockgen.targets import needs, observe
from dockgen.targets.sockets import Listener

# Between two looks at a container, in seconds.
_PAUSE = 0.2
# A program that neither listens nor ends within this time is a worker, in seconds.
_SETTLED = 5.0
# How many of the exposed ports are published.
_PUBLISHED = 8
# Probe often, to measure its start and not its interval: DG103 checks that.
_OFTEN_SECONDS = 1.0

_HARDENED = RunOptions()
# The parts of the hardening, in the order in which they are tried again.
_PARTS: dict[str, Callable[[RunOptions], RunOptions]] = {
    "capabilities": lambda options: replace(options, restricted=True),
    "root": lambda options: replace(options, read_only=True),
    "memory": lambda options: replace(options, memory_mb=_HARDENED.memory_mb, pids=_HARDENED.pids),
}


# What to do about rights that it needs.
_INSTEAD = dict.fromkeys(
    ("DG204", "DG205"),
    "do what it needs them for in the Dockerfile, such as chown, and set a USER",
)
_WORDS = {"capabilities": "capabilities", "root": "to write", "memory": "more memory"}


@dataclass(frozen=True)
class Watched:
    """What was seen of a container.

    ``contract`` has what it turned out to do, ``seen`` is None if none could be started, and
    ``needs`` lists what the hardened run doesn't provide.
    """

    contract: Contract
    seen: Observation | None
    findings: tuple[Finding, ...]
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Attempt:
    """One run; ``works`` says whether it did its job."""

    contract: Contract
    seen: Observation
    works: bool


@dataclass(frozen=True)
class _Settled:
    """What a container turned out to do, and after how many seconds that was known."""

    workload: Workload
    port: int | None
    seconds: float | None


def watch(image: str, config: Config, contract: Contract, doing: Callable[[str], None]) -> Watched:
    """Run a container as hardened as possible, and watch it.

    Args:
        image: its name.
        config: the image's configuration.
        contract: its contract, as far as it is known.
        doing: called with a few words about the current step.

    Raises:
        ToolMissingError: the engine went away.
    """
    options = _options(config, contract)
    doing("Watching a hardened container")
    try:
        first = _attempt(image, config, options, contract)
        if first.works:
            return _watched(first, (), (), config)
        doing("Watching a plain container")
        memory = contract.run.memory_mb
        plain = replace(options, restricted=False, read_only=False, memory_mb=memory, pids=None)
        best = _attempt(image, config, plain, contract)
        if not best.works:
            return _watched(first, (), (first.seen.log, best.seen.log), config, best.seen)
        relaxed, logs = [], [first.seen.log]
        for part, harden in _PARTS.items():
            if part == "memory" and memory is not None:
                continue
            doing(f"Checking if it needs {_WORDS[part]}")
            tried = _attempt(image, config, harden(plain), contract)
            if tried.works:
                plain, best = harden(plain), tried
            else:
                relaxed.append(part)
                logs.append(tried.seen.log)
        return _watched(best, tuple(relaxed), tuple(logs), config)
    except ProjectError as error:
        again = f"docker run {image}"
        return _unstarted(error, contract, again)


def watch_composed(
    start: AbstractContextManager[Container], config: Config, contract: Contract
) -> Watched:
    """Watch the container that a compose file starts, with the options in that file.

    ``start`` is a context manager that runs it; the ports of ``config`` are published.

    Raises:
        ToolMissingError: the engine went away.
    """
    with ExitStack() as stack:
        try:
            container = stack.enter_context(start)
        except ProjectError as error:
            return _unstarted(error, contract, "docker compose up --build")
        settled = _settle(container, config, contract)
        found = contract.settled(settled.workload, settled.port)
        attempt = _Attempt(found, _seen(container, found, settled), works=True)
    logs = () if _works(attempt, config) else (attempt.seen.log,)
    return _watched(attempt, (), logs, config)


def _unstarted(error: ProjectError, contract: Contract, again: str) -> Watched:
    found = checks.cannot_start(error.message, contract, again)
    return Watched(contract.settled(contract.workload, contract.port), None, (found,))


def _options(config: Config, contract: Contract) -> RunOptions:
    check = config.health_check
    often = None
    if check and check.test[:1] not in ((), ("NONE",)) and not check.start_interval_seconds:
        often = HealthTiming(_OFTEN_SECONDS, check.timeout_seconds or 30, max(check.retries, 60))
    return RunOptions(
        port=contract.run.port or contract.port,
        more_ports=config.ports[:_PUBLISHED],
        health=often,
        environment=contract.run.environment,
        memory_mb=contract.run.memory_mb or _HARDENED.memory_mb,
    )


def _attempt(image: str, config: Config, options: RunOptions, contract: Contract) -> _Attempt:
    for _ in range(2):
        with engine.run(image, options) as container:
            settled = _settle(container, config, contract)
            found = contract.settled(settled.workload, settled.port)
            published = (options.port, *options.more_ports)
            if found.port is None or found.port in published:
                seen = _seen(container, found, settled)
                break
        # It listens on an unexpected port: run it again, and publish that port.
        options = replace(options, port=found.port)
    attempt = _Attempt(found, seen, works=False)
    return replace(attempt, works=_works(attempt, config))


def _settle(container: Container, config: Config, contract: Contract) -> _Settled:
    """Wait until it is clear what the container does, or time is up."""
    run = contract.run
    expected = run.port or next(iter(config.ports), None)
    began = time.monotonic()
    patience = contract.limits.healthy_seconds
    checked = _has_check(config.health_check)
    asked = run.workload
    while True:
        state = container.inspect()
        waited = time.monotonic() - began
        if not state.running:
            ends_well = state.exit_code == 0 and not (expected or checked)
            kind = asked or (Workload.JOB if ends_well else contract.workload)
            return _Settled(kind, expected, None)
        if asked is Workload.JOB:
            return _Settled(asked, None, None)
        listening = observe.listening(container, state)
        port = _chosen([run.port] if run.port else config.ports, listening)
        if asked is not Workload.WORKER and port is not None:
            return _Settled(Workload.SERVICE, port, waited)
        if asked is Workload.WORKER and (checked or waited >= _SETTLED):
            return _Settled(asked, None, waited)
        if asked is None and not expected and waited >= _SETTLED:
            return _Settled(Workload.WORKER, None, waited)
        # A port may answer even if its socket can't be seen.
        if waited >= patience or (checked and state.health == "healthy"):
            kind = asked or (Workload.SERVICE if expected else Workload.WORKER)
            return _Settled(kind, expected, None if not checked else waited)
        time.sleep(_PAUSE)


def _chosen(known: "tuple[int, ...] | list[int]", listening: "tuple[Listener, ...]") -> int | None:
    """Return the first of the known ports that something listens on, or None."""
    there = [one.port for one in listening if not one.is_local]
    found = [port for port in known if port in there]
    return next(iter(found if known else there), None)


def _seen(container: Container, contract: Contract, settled: _Settled) -> Observation:
    seen = observe.observe(container, contract)
    return replace(seen, ready_seconds=settled.seconds)


def _works(attempt: _Attempt, config: Config) -> bool:
    seen, contract = attempt.seen, attempt.contract
    if contract.workload is Workload.JOB:
        return seen.exit_code == 0
    if seen.memory_bytes is not None:
        return False
    if _has_check(config.health_check):
        return seen.healthy_seconds is not None
    if contract.workload is Workload.WORKER:
        return seen.ready_seconds is not None
    return seen.ready_seconds is not None and checks.is_answered(seen, contract)


def _has_check(check: HealthCheck | None) -> bool:
    return check is not None and check.test[:1] not in ((), ("NONE",))


def _watched(
    attempt: _Attempt,
    relaxed: tuple[str, ...],
    logs: tuple[str, ...],
    config: Config,
    plainly: Observation | None = None,
) -> Watched:
    found = tuple(
        replace(one, hint=_INSTEAD.get(one.rule, one.hint)) if "capabilities" in relaxed else one
        for one in checks.check_running(attempt.seen, attempt.contract)
    )
    wanted: tuple[str, ...] = ()
    if relaxed or logs:
        wanted = needs.of(plainly or attempt.seen, relaxed, logs, config.ports)
    return Watched(attempt.contract, attempt.seen, found, wanted)
