"""Containers of the engine: run, inspect, wait, stop and remove."""

import http.client
import math
import re
import secrets
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field

from dockgen import reader, signals
from dockgen.engine import command, reach, states
from dockgen.engine.command import ANSWER_SECONDS, LOOK_AT_ENGINE
from dockgen.engine.states import Health, State
from dockgen.errors import ProjectError
from dockgen.image import ports

# Between two looks at a container, in seconds. Each look starts a process, so more of them would
# slow down what they wait for.
_PAUSE = 0.2
# Limits for a container's log, in lines, and for a page, in bytes: both could be endless.
_LINES = 2000
_LARGEST_PAGE = 1_000_000
# Files that engines mount in each container and don't list; podman lists their folders as changed.
_MOUNTED = ("/etc/hostname", "/etc/hosts", "/etc/resolv.conf", "/run/.containerenv", "/run/secrets")


@dataclass(frozen=True)
class HealthTiming:
    """The timing of a health check, which overrides the image's."""

    interval_seconds: float
    timeout_seconds: float
    retries: int


@dataclass(frozen=True)
class RunOptions:
    """How to start a container. The defaults are those of the compose.yaml that dockgen renders.

    ``port`` is the container's port, published at a free one (see `reach.Place`); ``user``
    ("uid:gid") overrides the image's own; ``read_only`` mounts the root read-only with an empty
    /tmp in memory; ``restricted`` drops all capabilities and sets no-new-privileges; ``health``
    overrides the image's timing; ``environment`` is added to the image's own. ``more_ports`` are
    published beside ``port``. None for ``memory_mb`` (in MiB) and ``pids`` means no limit.
    """

    port: int | None = None
    more_ports: tuple[int, ...] = ()
    user: str = ""
    read_only: bool = True
    restricted: bool = True
    memory_mb: int | None = 256
    pids: int | None = 128
    health: HealthTiming | None = None
    environment: Mapping[str, str] = field(default_factory=dict)

    def arguments(self) -> list[str]:
        """Return the options as `docker run` takes them."""
        arguments = []
        if self.memory_mb is not None:
            arguments.append(f"--memory={self.memory_mb}m")
        if self.pids is not None:
            arguments.append(f"--pids-limit={self.pids}")
        published = [*([] if self.port is None else [self.port]), *self.more_ports]
        if published:
            address = reach.place().publishes_at
            at = f"{address}::" if address else ""
            arguments += [f"--publish={at}{port}" for port in dict.fromkeys(published)]
        arguments += [f"--env={name}={value}" for name, value in self.environment.items()]
        if self.user:
            arguments.append(f"--user={self.user}")
        if self.read_only:
            arguments += ["--read-only", "--tmpfs=/tmp"]
        if self.restricted:
            arguments += ["--cap-drop=ALL", "--security-opt=no-new-privileges"]
        if self.health is not None:
            arguments += [
                f"--health-interval={self.health.interval_seconds}s",
                f"--health-timeout={self.health.timeout_seconds}s",
                f"--health-retries={self.health.retries}",
            ]
        return arguments


@dataclass(frozen=True)
class Response:
    """An HTTP response."""

    status: int
    body: bytes


@dataclass(frozen=True)
class Stopped:
    """How a container ended.

    ``seconds`` is the time from the stop command to its return, which includes the engine's own
    work. ``exit_code`` is 137 if the container had to be killed.
    """

    exit_code: int
    seconds: float


@dataclass(frozen=True)
class Container:
    """A container, by its name or identifier."""

    name: str

    def inspect(self) -> State:
        """Return the engine's state of the container, with the ports of a shared network."""
        inspect = ("inspect", "--type=container", "--")
        (facts,) = reader.parse_json(command.docker(*inspect, self.name))
        kind, _, other = facts["HostConfig"].get("NetworkMode", "").partition(":")
        if kind == "container":
            with suppress(ProjectError):
                (owner,) = reader.parse_json(command.docker(*inspect, other))
                facts["NetworkSettings"] = owner["NetworkSettings"]
        return states.read(facts)

    def wait_healthy(self, deadline: float) -> Health:
        """Wait until the container is healthy or has ended, at most ``deadline`` seconds.

        A container without a health check never turns healthy, so this doesn't wait for it.
        """
        return self._wait_for("healthy", deadline)

    def wait_unhealthy(self, deadline: float) -> Health:
        """Wait until the container is unhealthy or has ended, at most ``deadline`` seconds."""
        return self._wait_for("unhealthy", deadline)

    def _wait_for(self, status: str, deadline: float) -> Health:
        end = time.monotonic() + deadline
        while True:
            state = self.inspect()
            if state.health in ("", "none", status) or not state.running or time.monotonic() >= end:
                return states.health(state)
            time.sleep(_PAUSE)

    def wait_ended(self, deadline: float) -> State:
        """Wait until the container has ended, at most ``deadline`` seconds."""
        end = time.monotonic() + deadline
        while (state := self.inspect()).running and time.monotonic() < end:
            time.sleep(_PAUSE)
        return state

    def start(self) -> None:
        """Start the container again after it has ended."""
        command.docker("start", "--", self.name)

    def get(self, path: str, port: int, deadline: float = 10.0) -> Response:
        """Request ``path`` by HTTP, through the published port of the container's ``port``.

        Raises:
            ProjectError: the port is not published, or there is no answer within ``deadline``
                seconds.
            UnreachedError: the engine's machine can't be reached.
        """
        state = self.inspect()
        if port not in state.ports:
            raise ProjectError(
                f"port {port} of the container isn't published"
                + ("" if state.running else f": it ended with exit code {state.exit_code}"),
                "see why: docker logs",
            )
        try:
            with reach.connected(state.ports[port], deadline) as end:
                return _ask(_http(end, state.ports[port]), path, deadline)
        except (OSError, http.client.HTTPException) as error:
            raise ProjectError(
                f"no answer to GET {path} on port {port}: {error or type(error).__name__}",
                "check that the service listens on 0.0.0.0 and on the port in .copier-answers.yml",
            ) from error

    @contextmanager
    def connection(self, port: int, deadline: float = 10.0) -> Iterator[bool]:
        """Request / and keep the connection open, as load balancers and browsers do.

        Yields whether it is still open: a server may have closed it after its answer.
        """
        with ExitStack() as stack:
            is_open = False
            with suppress(OSError, http.client.HTTPException, ProjectError):
                published = self.inspect().ports.get(port, 0)
                end = stack.enter_context(reach.connected(published, deadline))
                connection = _http(end, published)
                _ask(connection, "/", deadline)
                # None once the answer has said "Connection: close".
                is_open = connection.sock is not None
            yield is_open

    def exposed_ports(self) -> tuple[int, ...]:
        """Return the TCP ports that the image exposes, without those that a run publishes."""
        words = ("inspect", "--type=image", "--format={{json .Config.ExposedPorts}}")
        exposed = reader.parse_json(command.docker(*words, "--", self.inspect().image)) or {}
        return ports.tcp(exposed)

    def logs(self) -> str:
        """Return the end of the container's log, standard output and error together."""
        finished = command.run("logs", f"--tail={_LINES}", "--", self.name)
        if finished.returncode != 0:
            raise ProjectError(
                f"docker logs failed: {command.reason(finished.stdout)}", LOOK_AT_ENGINE
            )
        return finished.stdout

    def memory(self) -> int:
        """Return the container's memory in bytes, without cached files.

        Raises:
            ProjectError: it doesn't run, or the engine doesn't count it.
        """
        words = command.docker("stats", "--no-stream", "--format={{.MemUsage}}", "--", self.name)
        found = re.match(r"([\d.]+)([KMGT]?)i?B", words.strip())
        if found is None:
            raise ProjectError(f"docker stats says no memory: {words.strip()}", LOOK_AT_ENGINE)
        return int(float(found[1]) * 1024 ** " KMGT".index(found[2] or " "))

    def diff(self) -> tuple[str, ...]:
        """Return what differs from the image, such as ("C /var", "A /var/cache").

        Left out is what the engine itself adds: its program for ``init: true``, mount points, and
        the folders that these are in.
        """
        found = command.docker("diff", "--", self.name).splitlines()
        if not found:
            return ()
        own = [line[2:] for line in found if line.endswith("/sbin/docker-init")]
        (facts,) = reader.parse_json(command.docker("inspect", "--type=container", "--", self.name))
        own += _MOUNTED
        own += [mount["Destination"] for mount in facts["Mounts"]]
        own += [path.rstrip("/") for path in facts["HostConfig"].get("Tmpfs") or {}]
        return tuple(
            line for line in found if not any(f"{path}/".startswith(f"{line[2:]}/") for path in own)
        )

    def execute(self, *words: str) -> str:
        """Run a command in the container, and return what it prints.

        Raises:
            ProjectError: the command isn't in the container, or fails.
        """
        return command.docker("exec", "--", self.name, *words)

    def signal(self, name: str) -> None:
        """Send a signal, such as "SIGSTOP", to the container's main process."""
        command.docker("kill", f"--signal={name}", "--", self.name)

    def hang(self) -> None:
        """Suspend all processes of the container, as if they hung.

        The engine can only stop the main process, and a server's workers would go on. So they are
        stopped from inside the container.

        Raises:
            ProjectError: there are other processes, and the container can't stop them itself.
        """
        self.signal("SIGSTOP")
        main = str(self.inspect().pid)
        _, *processes = command.docker("top", self.name, "-eo", "pid,ppid").splitlines()
        if not any(line.split()[1] == main for line in processes):
            return
        try:
            self.execute("sh", "-c", "kill -STOP -1")
        except ProjectError:  # scratch has no shell, but maybe an interpreter
            self.execute("python3", "-c", "import os, signal; os.kill(-1, signal.SIGSTOP)")

    def stop(self, timeout: float) -> Stopped:
        """Send SIGTERM, or the image's own stop signal, and SIGKILL after ``timeout`` seconds.

        The engine counts whole seconds, so a fraction is rounded up.
        """
        began = time.monotonic()
        patience = math.ceil(timeout)
        # `--timeout` was `--time` before engine 28: the short form works with both.
        command.docker(
            "stop", "-t", str(patience), "--", self.name, deadline=patience + ANSWER_SECONDS
        )
        seconds = time.monotonic() - began
        return Stopped(self.inspect().exit_code, seconds)

    def remove(self) -> None:
        """Remove the container and its anonymous volumes; it may be running, ended or gone."""
        command.docker("rm", "--force", "--volumes", "--", self.name)


@contextmanager
def run(image: str, options: RunOptions) -> Iterator[Container]:
    """Start a container of ``image``, and remove it at the end, running or not.

    Raises:
        ProjectError: the image doesn't exist, or its command can't be started.
    """
    container = Container(f"dockgen-check-{secrets.token_hex(6)}")
    try:
        # A half-made container can't be removed yet.
        with signals.held():
            # Only local images are run: a registry is never asked.
            command.docker(
                "run",
                "--pull=never",
                "--detach",
                f"--name={container.name}",
                *options.arguments(),
                "--",
                image,
            )
        yield container
    finally:
        with signals.held():
            container.remove()


def _http(end: socket.socket, port: int) -> http.client.HTTPConnection:
    """Return an HTTP connection over a socket; its Host header is the same for every engine."""
    connection = http.client.HTTPConnection(reach.HERE, port)
    connection.sock = end
    return connection


def _ask(connection: http.client.HTTPConnection, path: str, deadline: float) -> Response:
    """Request a page, and read a limited part of it.

    A server may send one byte at a time: the socket's timeout is per byte.
    """
    timer = threading.Timer(deadline, _cut_off, (connection.sock,))
    timer.daemon = True
    timer.start()
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return Response(answer.status, answer.read(_LARGEST_PAGE))
    finally:
        timer.cancel()


def _cut_off(connected: socket.socket) -> None:
    with suppress(OSError):
        connected.shutdown(socket.SHUT_RDWR)
