"""Watch a container from start to stop: the engine's answers become facts for the checks."""

from pathlib import Path

from dockgen.checks.running import Observation, Process
from dockgen.contract import Contract
from dockgen.engine import Container, State
from dockgen.errors import ProjectError
from dockgen.matrix import Workload

# How much longer than its limit a container is watched, in seconds, to tell slow from never.
_PATIENCE = 3.0


def observe(container: Container, contract: Contract) -> Observation:
    """Watch a container that was just started, and stop it.

    Raises:
        ToolMissingError: the engine went away.
    """
    if contract.workload is Workload.JOB:
        return _observe_job(container, contract)
    health = container.wait_healthy(contract.limits.healthy_seconds + _PATIENCE)
    root_status = None if contract.port is None else _root_status(container, contract.port)
    state = container.inspect()
    process = process_of(container, state)
    changes = container.diff()
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
    )


def _lacked(container: Container) -> int | None:
    """The limit of memory that a container ran into, in bytes; None if it had enough."""
    state = container.inspect()
    return state.memory_bytes if state.out_of_memory else None


def _observe_job(container: Container, contract: Contract) -> Observation:
    """Watch a job that was just started to its end, or stop it when its time is over."""
    # Read first of all: a short job may have ended already.
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
    """Return what the kernel says of the container's main process; None when it can't be seen."""
    text = _host_status(state) or _container_status(container)
    return read_status(text) if text else None


def read_status(text: str) -> Process:
    """Read what is in /proc/<pid>/status."""
    fields = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
    return Process(
        uids=tuple(int(number) for number in fields["Uid"].split()),
        gids=tuple(int(number) for number in fields["Gid"].split()),
        capabilities=int(fields["CapEff"], 16),
        no_new_privileges=fields["NoNewPrivs"].strip() == "1",
        seccomp=int(fields["Seccomp"]),
    )


def _root_status(container: Container, port: int) -> int | None:
    try:
        return container.get("/", port).status
    except ProjectError:
        return None


def _host_status(state: State) -> str:
    """Read the status from the host's /proc, or return "" when this is not the engine's host."""
    process = Path("/proc", str(state.pid))
    try:
        # An engine in a virtual machine numbers processes of its own: the control group tells
        # whether this one is the container's. In another user namespace, ids mean other accounts.
        is_ours = state.identifier in (process / "cgroup").read_text()
        same_ids = (process / "uid_map").read_text() == Path("/proc/self/uid_map").read_text()
        return (process / "status").read_text() if is_ours and same_ids else ""
    except OSError:
        return ""


def _container_status(container: Container) -> str:
    """Let the container's own `cat` read the status, or return "" where it has none."""
    try:
        return container.execute("cat", "/proc/1/status")
    except ProjectError:
        return ""
