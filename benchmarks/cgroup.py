"""The processor time of a container, from its control group."""

from pathlib import Path

from dockgen.engine import State

_NANOSECONDS = 1e9
_MICROSECONDS = 1e6


def cpu_seconds(state: State, root: Path = Path("/")) -> float | None:
    """Return the seconds of processor time that the container has used, its probes included.

    ``root`` is where /proc and /sys are. None if its control group can't be read: this is not the
    engine's host, or groups are mounted elsewhere.
    """
    try:
        memberships = (root / "proc" / str(state.pid) / "cgroup").read_text().splitlines()
    except OSError:
        return None
    for membership in memberships:
        _, controllers, path = membership.split(":", 2)
        # An engine in a virtual machine has its own process ids: the group's name tells whether
        # this one is the container's.
        if state.identifier not in path:
            continue
        groups = root / "sys/fs/cgroup"
        try:
            if "cpuacct" in controllers.split(","):
                usage = (groups / controllers / path[1:] / "cpuacct.usage").read_text()
                return int(usage) / _NANOSECONDS
            if not controllers:
                statistics = (groups / path[1:] / "cpu.stat").read_text()
                fields = dict(line.split() for line in statistics.splitlines())
                return int(fields["usage_usec"]) / _MICROSECONDS
        except OSError:
            continue
    return None
