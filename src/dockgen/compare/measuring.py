"""Time builds and starts. Those compared take turns, so that all see the same load.

A cold build has cache mounts of its own, which are empty at first. So it neither uses nor empties
the caches of other builds.
"""

import datetime
import http.client
import secrets
import statistics
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from dockgen import engine
from dockgen.engine import BuildOptions, Container, RunOptions
from dockgen.errors import ProjectError

# What doesn't answer or isn't healthy after this time never will be, in seconds.
PATIENCE = 60.0
# Between two requests to a service that doesn't answer yet, in seconds.
_PAUSE = 0.01
# A line of source that changes what is compiled, by a file's suffix.
_LINES = {".go": '\nvar dockgenEdit{0} = "{0}"\n', ".py": "\n# {0}\n"}
_OTHER_LINE = "\n// {0}\n"


@dataclass
class Subject:
    """Something to build and start, and its measurements so far.

    ``context`` is its build context, ``edited`` the source file that a rebuild edits, or None, and
    ``page`` the page to request until it answers. Times are in seconds: a rebuild is `docker build`
    after an edit; answer is the time from the container's start to its first response below 500,
    and healthy the time to the end of its first successful probe.
    """

    name: str
    context: Path
    edited: Path | None
    options: RunOptions
    build: BuildOptions = field(default_factory=BuildOptions)
    page: str = "/"
    image: str = ""
    cold_build_seconds: float = 0.0
    rebuild_seconds: list[float] = field(default_factory=list)
    answer_seconds: list[float] = field(default_factory=list)
    healthy_seconds: list[float] = field(default_factory=list)
    memory_bytes: list[int] = field(default_factory=list)


def cache_mounts() -> str:
    """Return a unique name for a set of cache mounts."""
    return secrets.token_hex(6)


def build_cold(subject: Subject, caches: str, images: ExitStack) -> None:
    """Build an image with only its base images cached; the exit stack removes it.

    Raises:
        BuildError: it can't be built.
    """
    began = time.monotonic()
    subject.image = images.enter_context(
        engine.temporary_image(
            subject.context, options=subject.build, no_cache=True, cache_mounts=caches
        )
    )
    subject.cold_build_seconds = time.monotonic() - began


def rebuild(subject: Subject, caches: str) -> None:
    """Build it after editing a line in a way that no build has seen before.

    Raises:
        BuildError: it can't be built.
    """
    if subject.edited is None:
        return
    original = subject.edited.read_bytes()
    line = _LINES.get(subject.edited.suffix, _OTHER_LINE).format(secrets.token_hex(8))
    subject.edited.write_bytes(original + line.encode())
    try:
        began = time.monotonic()
        with engine.temporary_image(subject.context, options=subject.build, cache_mounts=caches):
            subject.rebuild_seconds.append(time.monotonic() - began)
    finally:
        subject.edited.write_bytes(original)


def start(subject: Subject, *, memory: bool = False) -> None:
    """Start a container, and record when it answers and, with a health check, is healthy.

    Args:
        subject: what to start; it must be built.
        memory: whether to record its memory at that time.

    Raises:
        ProjectError: it can't be started, doesn't answer or isn't healthy.
    """
    with engine.run(subject.image, subject.options) as container:
        # Another machine adds network time, and has another clock.
        if subject.options.port is not None and not engine.place().machine:
            subject.answer_seconds.append(_until_answer(container, subject.page))
        health = container.wait_healthy(PATIENCE)
        if health.seconds is not None:
            subject.healthy_seconds.append(health.seconds)
        elif health.status not in ("", "none"):
            raise not_well(container, "isn't healthy")
        if memory:
            subject.memory_bytes.append(container.memory())


def _until_answer(container: Container, page: str) -> float:
    """Return the seconds from the container's start to its first answer.

    The start is by the engine's clock and the answer by this machine's, which must be the same.
    """
    state = container.inspect()
    deadline = time.monotonic() + PATIENCE
    for port in state.ports.values():
        while time.monotonic() < deadline:
            connection = http.client.HTTPConnection(engine.HERE, port, timeout=PATIENCE)
            try:
                connection.request("GET", page)
                if connection.getresponse().status < http.HTTPStatus.INTERNAL_SERVER_ERROR:
                    now = datetime.datetime.now(datetime.UTC)
                    return (now - state.started).total_seconds()
            # The engine accepts connections to a published port before the service does.
            except (OSError, http.client.HTTPException):
                pass
            finally:
                connection.close()
            time.sleep(_PAUSE)
    raise not_well(container, "gives no answer")


def not_well(container: Container, what: str) -> ProjectError:
    """Return the error for a container that isn't well, with the end of its output."""
    lines = container.logs().strip().splitlines() or ["nothing"]
    return ProjectError(
        f"a container {what} within {PATIENCE:g} s of its start; it last printed: {lines[-1]}",
        "see what it says: dockgen check",
    )


def median(values: Sequence[float]) -> float | None:
    """Return the median, or None if nothing was measured."""
    return statistics.median(values) if values else None
