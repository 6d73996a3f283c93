"""What the tests that look into images share: a server to ask, and a network to find it on.

The facts of each language name the same server, for they run inside the image, on their own.
"""

from dataclasses import dataclass

from dockgen.engine import Container, RunOptions

SERVER = "server.test"
SERVER_PORT = 4443

# A container that doesn't get there in this time never will, in seconds.
PATIENCE = 60

# A build stage that makes /facts: an authority that nobody knows, and a server's certificate of it.
CERTIFICATES = f"""\
FROM python:3.14-slim AS certificates
WORKDIR /facts
RUN openssl req -x509 -newkey rsa:2048 -nodes -days 9999 -keyout authority.key \
      -out authority.pem -subj "/CN=An authority" -addext keyUsage=critical,keyCertSign \
 && openssl req -x509 -newkey rsa:2048 -nodes -days 9999 -keyout server.key -out server.pem \
      -CA authority.pem -CAkey authority.key -subj /CN={SERVER} \
      -addext basicConstraints=critical,CA:FALSE \
      -addext subjectAltName=DNS:{SERVER} \
 && rm authority.key
"""


@dataclass(frozen=True)
class OnNetwork(RunOptions):
    """Options of a container on a network, where ``alias`` is one more name of it."""

    network: str = ""
    alias: str = ""

    def arguments(self) -> list[str]:
        """Return the options as `docker run` takes them."""
        alias = [f"--network-alias={self.alias}"] if self.alias else []
        return [*super().arguments(), f"--network={self.network}", *alias]


def wait_until_served(server: Container) -> None:
    """Wait until the server answers, as its health check tells."""
    health = server.wait_healthy(PATIENCE)
    assert health.status == "healthy", server.logs()
