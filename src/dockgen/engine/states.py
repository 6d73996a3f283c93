"""Parse the engine's states of a container."""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Probe:
    """One probe of a container's health check: its start and end, its result, and its output."""

    began: datetime.datetime
    ended: datetime.datetime
    exit_code: int
    output: str


@dataclass(frozen=True)
class State:
    """The engine's state of a container.

    ``image`` is the image's id, ``pid`` the main process as the engine's host numbers it (0 if
    there is none), ``health`` one of "", "none", "starting", "healthy" and "unhealthy", ``probes``
    the last five, oldest first, and ``ports`` maps a container's port to the host's. ``address`` is
    the container's own IP address, which only the engine's host can reach, or "" without a network.
    ``finished`` means nothing while it runs. ``out_of_memory`` says that the kernel killed one of
    its processes because the container exceeded ``memory_bytes``; 0 is no limit.
    """

    identifier: str
    image: str
    running: bool
    pid: int
    exit_code: int
    started: datetime.datetime
    finished: datetime.datetime
    health: str
    probes: tuple[Probe, ...]
    ports: Mapping[int, int]
    address: str
    read_only: bool
    out_of_memory: bool = False
    memory_bytes: int = 0


@dataclass(frozen=True)
class Health:
    """How a container's health check went.

    ``seconds`` is the time from the container's start to the end of its first successful probe, by
    the engine's clock, or None if it never turned healthy; ``output`` is what its last probe
    printed.
    """

    seconds: float | None
    status: str
    output: str


def read(facts: Mapping[str, Any]) -> State:
    """Parse what `docker inspect` prints about one container."""
    state = facts["State"]
    checked = state.get("Health") or {}
    published = facts["NetworkSettings"].get("Ports") or {}
    return State(
        identifier=facts["Id"],
        image=facts["Image"],
        running=state["Running"],
        pid=state["Pid"],
        exit_code=state["ExitCode"],
        started=datetime.datetime.fromisoformat(state["StartedAt"]),
        finished=datetime.datetime.fromisoformat(state["FinishedAt"]),
        health=checked.get("Status", ""),
        probes=tuple(
            Probe(
                began=datetime.datetime.fromisoformat(probe["Start"]),
                ended=datetime.datetime.fromisoformat(probe["End"]),
                exit_code=probe["ExitCode"],
                output=probe["Output"],
            )
            for probe in checked.get("Log") or ()
        ),
        ports={
            int(port.partition("/")[0]): int(addresses[0]["HostPort"])
            for port, addresses in published.items()
            if addresses
        },
        address=next(
            (network["IPAddress"] for network in facts["NetworkSettings"]["Networks"].values()), ""
        ),
        read_only=facts["HostConfig"]["ReadonlyRootfs"],
        out_of_memory=state.get("OOMKilled", False),
        memory_bytes=facts["HostConfig"].get("Memory", 0),
    )


def health(state: State) -> Health:
    """Return how its health check has gone so far."""
    output = state.probes[-1].output.strip() if state.probes else ""
    good = [probe.ended for probe in state.probes if probe.exit_code == 0]
    if state.health != "healthy" or not good:
        return Health(None, state.health, output)
    return Health((good[0] - state.started).total_seconds(), state.health, output)
