"""The folder outside the checkout for the engine, its data and the base images."""

import fcntl
import hashlib
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .progress import say


@dataclass(frozen=True)
class Cache:
    """The paths in the cache. Each cache has one private engine, with a name made from the path."""

    root: Path

    @property
    def name(self) -> str:
        """`dg-` and 8 hex digits: short enough for a network interface (15 characters)."""
        return "dg-" + hashlib.sha256(str(self.root).encode()).hexdigest()[:8]

    @property
    def runtime(self) -> Path:
        """The folder of sockets, process ids and mounts.

        It doesn't survive a reboot, and its path is short: a socket's has at most 107 characters.
        """
        return Path("/run/dockgen-testbed") / self.name

    @property
    def programs(self) -> Path:
        """The unpacked packages of the engine."""
        return self.root / "engine"

    @property
    def data(self) -> Path:
        """The engine's data root."""
        return self.root / "data"

    @property
    def client(self) -> Path:
        """The client's configuration (DOCKER_CONFIG), with its plugins."""
        return self.root / "client"

    @property
    def bases(self) -> Path:
        """Base images as saved tarballs, by the hash of their recipe."""
        return self.root / "bases"

    @property
    def logs(self) -> Path:
        """What the engine and the builds print."""
        return self.root / "logs"

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the cache's lock; print a line while another process holds it."""
        self.root.mkdir(parents=True, exist_ok=True)
        with (self.root / "lock").open("w") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                say(f"waiting for another run that uses {self.root} …")
                fcntl.flock(handle, fcntl.LOCK_EX)
            yield


def from_environment(environment: Mapping[str, str] = os.environ) -> Cache:
    """Return $DOCKGEN_TESTBED_CACHE, or dockgen-testbed in the user's cache folder."""
    if chosen := environment.get("DOCKGEN_TESTBED_CACHE"):
        return Cache(Path(chosen).expanduser().resolve())
    if home := environment.get("XDG_CACHE_HOME"):
        return Cache((Path(home) / "dockgen-testbed").resolve())
    return Cache((Path.home() / ".cache" / "dockgen-testbed").resolve())
