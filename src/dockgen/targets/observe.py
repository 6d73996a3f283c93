"""Watch a container from start to stop: the engine's answers become facts for the checks."""

import time
from pathlib import Path

from dockgen import engine
from dockgen.checks.running import Ended, Observation, Process
from dockgen.contract import Contract
from dockgen.engine import Container, State, Stopped
from dockgen.errors import ProjectError
from dockgen.matrix import Workload
from dockgen.targets import sockets

# How much longer than its limit a container is watched, in seconds, to tell slow from never.
_PATIENCE = 3.0
# Between two looks at a container, in seconds.
_PAUSE = 0.2


def observe(container: Container, contract: Contract) -> Observation:
    """Watch a container that was just started, and stop it.

    Raises:
        ToolMissingError: the engine went away.
    """
    if contract.workload is Workload.JOB:
        return _observe_job(container, contract)
    health = container.wait_healthy(contract.limits.healthy_seconds + _PATIENCE)
    root_status, is_reached = _status(container, contract)
    state = container.inspect()
    process = process_of(container, state)
    tables = listeners_of(container, state)
    changes = container.diff()
    stopped, kept_open = _stopped(container, contract, answers=root_status is not None)
    held_up = None
    if kept_open and not _is_in_time(stopped, contract):
        # Does the connection keep it from stopping, or does it never stop?
        held_up = Ended(stopped.exit_code, stopped.seconds)
        _start_again(container, contract)
        stopped = container.stop(contract.limits.stop_seconds + _PATIENCE)
    return Observation(
        healthy_seconds=health.seconds,
        root_status=root_status,
        process=process,
        read_only=state.read_only,
        changes=changes,
        stop_exit_code=stopped.exit_code,
        stop_seconds=stopped.seconds,
        log=container.logs(),
        memory_bytes=_lacked(container),
        listening=None if tables is None else sockets.listeners(*tables),
        ipv6=tables is not None and len(tables) > 1,
        exposed=container.exposed_ports(),
        kept_open=kept_open,
        held_up=held_up,
        is_reached=is_reached,
        ended_early=not state.running,
        is_unchecked=health.status in ("", "none"),
    )


def _stopped(container: Container, contract: Contract, *, answers: bool) -> tuple[Stopped, bool]:
    """Stop a container with an open connection; return the result, and whether one was open."""
    patience = contract.limits.stop_seconds + _PATIENCE
    if contract.port is None or not answers:
        return container.stop(patience), False
    with container.connection(contract.port) as is_open:
        return container.stop(patience), is_open


def _start_again(container: Container, contract: Contract) -> None:
    """Start a stopped container again, and wait until it answers or time is up."""
    end = time.monotonic() + contract.limits.healthy_seconds + _PATIENCE
    container.start()
    container.wait_healthy(contract.limits.healthy_seconds + _PATIENCE)
    while contract.port is not None and _status(container, contract) == (None, True):
        if time.monotonic() >= end or not container.inspect().running:
            return
        time.sleep(_PAUSE)


def _is_in_time(stopped: Stopped, contract: Contract) -> bool:
    return stopped.exit_code == 0 and stopped.seconds <= contract.limits.stop_seconds


def _lacked(container: Container) -> int | None:
    """Return the memory limit that a container exceeded, in bytes; None if it had enough."""
    state = container.inspect()
    return state.memory_bytes if state.out_of_memory else None


def _observe_job(container: Container, contract: Contract) -> Observation:
    """Watch a job that was just started until it ends, or stop it when its time is up."""
    # Read this first: a short job may soon be gone.
    process = process_of(container, container.inspect())
    state = container.wait_ended(contract.limits.run_seconds + _PATIENCE)
    changes = container.diff()
    has_ended = not state.running
    stopped = None if has_ended else container.stop(contract.limits.stop_seconds + _PATIENCE)
    return Observation(
        healthy_seconds=None,
        root_status=None,
        process=process,
        read_only=state.read_only,
        changes=changes,
        stop_exit_code=stopped.exit_code if stopped else state.exit_code,
        stop_seconds=stopped.seconds if stopped else 0,
        log=container.logs(),
        run_seconds=(state.finished - state.started).total_seconds() if has_ended else None,
        exit_code=state.exit_code if has_ended else None,
        memory_bytes=_lacked(container),
    )


def process_of(container: Container, state: State) -> Process | None:
    """Return the kernel's status of the container's main process; None if it can't be read."""
    name = "status"
    text = _host_file(container, state, name) or _container_file(container, state, name)
    return read_status(text) if text else None


def listeners_of(container: Container, state: State) -> tuple[str, ...] | None:
    """Return the kernel's tables of the container's TCP sockets; None if they can't be read."""
    for read in (_host_file, _container_file):
        if table := read(container, state, "net/tcp"):
            return tuple(text for text in (table, read(container, state, "net/tcp6")) if text)
    return None


def read_status(text: str) -> Process:
    """Parse /proc/<pid>/status."""
    fields = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
    return Process(
        uids=tuple(int(number) for number in fields["Uid"].split()),
        gids=tuple(int(number) for number in fields["Gid"].split()),
        capabilities=int(fields["CapEff"], 16),
        no_new_privileges=fields["NoNewPrivs"].strip() == "1",
        seccomp=int(fields["Seccomp"]),
    )


def listening(container: Container, state: State) -> tuple[sockets.Listener, ...]:
    """Return a container's listening sockets; none if they can't be seen."""
    return sockets.listeners(*(listeners_of(container, state) or ()))


def _status(container: Container, contract: Contract) -> tuple[int | None, bool]:
    """Return the HTTP status of the contract's page, or None, and whether its port is reachable."""
    if contract.port is None:
        return None, True
    try:
        return container.get(contract.page, contract.port).status, True
    except engine.UnreachedError:
        return None, False
    except ProjectError:
        return None, True


def _host_file(_container: Container, state: State, name: str) -> str:
    """Read a file of the host's /proc/<pid>; return "" if the engine is on another host."""
    process = Path("/proc", str(state.pid))
    try:
        # An engine in a virtual machine has its own process ids: the control group tells whether
        # this process is the container's. In another user namespace, ids mean other accounts.
        is_ours = state.identifier in (process / "cgroup").read_text()
        same_ids = (process / "uid_map").read_text() == Path("/proc/self/uid_map").read_text()
        return (process / name).read_text() if is_ours and same_ids else ""
    except OSError:
        return ""


def _container_file(container: Container, _state: State, name: str) -> str:
    """Read a file of /proc/1 with the container's own `cat`; return "" if it has none."""
    try:
        return container.execute("cat", f"/proc/1/{name}")
    except ProjectError:
        return ""
