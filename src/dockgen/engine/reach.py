"""Reach a port that the engine publishes: on this machine, on another one, or through ssh."""

import functools
import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

from dockgen.engine import command
from dockgen.errors import ProjectError

HERE = "127.0.0.1"
# The variables with which docker's client finds its engine.
_VARIABLES = ("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG")
# How long ssh may take to end, in seconds, and its exit code if it connected to nothing.
_END_SECONDS = 5.0
_NOT_PASSED_ON = 255


class UnreachedError(ProjectError):
    """A port on another machine can't be reached; something may listen there all the same."""


@dataclass(frozen=True)
class Place:
    """Where the engine is.

    ``machine`` is another machine's name or address, or "" for this one. ``login`` has the ssh
    arguments to get there, and is empty if the engine is reached without ssh.
    """

    machine: str = ""
    login: tuple[str, ...] = ()

    @property
    def publishes_at(self) -> str:
        """The address to publish at; "" is all addresses, because TCP is the only way there."""
        return "" if self.machine and not self.login else HERE


def place() -> Place:
    """Return where docker's engine is."""
    return _place(tuple(os.environ.get(name) for name in _VARIABLES))


@functools.cache
def _place(variables: tuple[str | None, ...]) -> Place:
    del variables  # they determine docker's answer
    words = ("context", "inspect", "--format={{.Endpoints.docker.Host}}")
    return read(command.run(*words, errors_apart=True).stdout.strip())


def read(address: str) -> Place:
    """Return where the engine of an address is, such as ``tcp://build.example:2376``."""
    parts = urlsplit(address)
    host = parts.hostname or ""
    if parts.scheme == "ssh":
        user = (f"-l{parts.username}",) if parts.username else ()
        port = (f"-p{parts.port}",) if parts.port else ()
        return Place(host, (*user, *port, "--", host))
    is_here = host in ("localhost", "::1") or host.startswith("127.")
    return Place(host if parts.scheme in ("tcp", "http", "https") and not is_here else "")


@contextmanager
def connected(port: int, deadline: float) -> Iterator[socket.socket]:
    """Connect to a port that the engine publishes; the connection is closed at the end.

    Args:
        port: the port on the engine's machine.
        deadline: for the connection and for each answer, in seconds.

    Raises:
        UnreachedError: the engine is on another machine, and can't be reached.
        OSError: it is on this one, and nothing accepts the connection.
    """
    where = place()
    if where.login:
        with _passed_on(where, port, deadline) as end:
            yield end
        return
    try:
        made = socket.create_connection((where.machine or HERE, port), deadline)
    except OSError as error:
        if not where.machine:
            raise
        raise _unreached(where, error.strerror or str(error)) from error
    with made:
        yield made


@contextmanager
def _passed_on(where: Place, port: int, deadline: float) -> Iterator[socket.socket]:
    """Connect through ssh, with the user's own keys and settings, as docker does."""
    ours, its = socket.socketpair()
    ours.settimeout(deadline)
    words = ["ssh", "-T", "-oBatchMode=yes", f"-W{HERE}:{port}", *where.login]
    with ours, its:  # once both are closed, ssh ends by itself
        process = subprocess.Popen(
            words,
            stdin=its.fileno(),
            stdout=its.fileno(),
            stderr=subprocess.DEVNULL,
            process_group=0,
        )
        its.close()
        try:
            yield ours
        except OSError as error:
            ours.close()
            if _ended(process) == _NOT_PASSED_ON:
                raise _unreached(where, "ssh doesn't pass it on") from error
            raise
        finally:
            ours.close()
            _ended(process)


def _ended(process: "subprocess.Popen[bytes]") -> int:
    """Wait until ssh has ended: with its connection, or else by force."""
    try:
        return process.wait(_END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


def _unreached(where: Place, reason: str) -> UnreachedError:
    return UnreachedError(
        f"the ports of {where.machine} can't be reached from here: {reason}",
        "reach the engine by ssh: DOCKER_HOST=ssh://USER@HOST",
    )
