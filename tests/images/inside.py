"""Helpers to test inside images: a server to ask, and a network to reach it.

Each language's facts name the same server: they run on their own, inside the image.
"""

import secrets
import subprocess
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from dockgen import engine
from dockgen.engine import Container, RunOptions
from dockgen.errors import ProjectError

SERVER = "server.test"
SERVER_PORT = 4443

# A container that isn't ready after this time never will be, in seconds.
PATIENCE = 60

# A build stage that makes /facts: an unknown certificate authority, and a server's certificate from
# it.
CERTIFICATES = f"""\
FROM python:3.14-slim-trixie AS certificates
WORKDIR /facts
RUN openssl req -x509 -newkey rsa:2048 -nodes -days 9999 -keyout authority.key \
      -out authority.pem -subj "/CN=An authority" -addext keyUsage=critical,keyCertSign \
 && openssl req -x509 -newkey rsa:2048 -nodes -days 9999 -keyout server.key -out server.pem \
      -CA authority.pem -CAkey authority.key -subj /CN={SERVER} \
      -addext basicConstraints=critical,CA:FALSE \
      -addext subjectAltName=DNS:{SERVER} \
 && rm authority.key
"""


def broken(ask: Callable[[str], object], facts: Iterable[str]) -> dict[str, str]:
    """Ask a container for each fact, and return the messages of those that fail."""
    found = {}
    for name in facts:
        try:
            ask(name)
        except ProjectError as error:
            found[name] = error.message
    return found


@dataclass(frozen=True)
class OnNetwork(RunOptions):
    """Options of a container on a network, where it has ``alias`` as another name."""

    network: str = ""
    alias: str = ""

    def arguments(self) -> list[str]:
        """Return the options as `docker run` takes them."""
        alias = [f"--network-alias={self.alias}"] if self.alias else []
        return [*super().arguments(), f"--network={self.network}", *alias]


@contextmanager
def beside_a_server(image: str) -> Iterator[Container]:
    """Start two containers of the image, as compose.yaml would, on a network of their own.

    Yields the one that asks. The other one is `SERVER`; its health check shows when it serves.
    """
    network = f"dockgen-test-{secrets.token_hex(6)}"
    command = ["docker", "network"]
    subprocess.run([*command, "create", network], capture_output=True, timeout=PATIENCE, check=True)
    try:
        with (
            engine.run(image, OnNetwork(network=network, alias=SERVER)) as server,
            engine.run(image, OnNetwork(network=network)) as container,
        ):
            assert server.wait_healthy(PATIENCE).status == "healthy", server.logs()
            yield container
    finally:
        subprocess.run([*command, "rm", network], capture_output=True, timeout=PATIENCE, check=True)
