"""The container engine: build, save, run, wait, stop.

The one module that starts `docker`. Each call is an argument list with a deadline in seconds, and
whatever a call makes is gone when its `with` block ends, also after Ctrl-C.
"""

import datetime
import http.client
import json
import math
import re
import secrets
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dockgen import signals
from dockgen.errors import ProjectError, ToolMissingError

# The first engine with HEALTHCHECK --start-interval.
MINIMUM = 25

# Deadlines in seconds. An engine that is busy with other builds may take long over a small thing.
ANSWER_SECONDS = 60.0
BUILD_SECONDS = 1800.0
SAVE_SECONDS = 600.0

_INSTALL = "install Docker Engine 25 or later: https://docs.docker.com/engine/install/"
_LOOK_AT_ENGINE = "see whether the engine is well: docker info"
# What a docker command gets to end in order, in seconds.
_END_SECONDS = 10.0
# How long to wait between two looks at a container, in seconds. Each look is a process, and more of
# them would slow down what they wait for.
_PAUSE = 0.2


class BuildError(ProjectError):
    """An image can't be built. ``log`` is all that the build printed."""

    def __init__(self, message: str, hint: str, log: str) -> None:
        super().__init__(message, hint)
        self.log = log
        self.add_note(log)  # for a traceback, which only tests show


@dataclass(frozen=True)
class EngineVersion:
    """Versions of the two halves of Docker, such as "28.5.2"."""

    server: str
    client: str


@dataclass(frozen=True)
class HealthTiming:
    """How often and how patiently a health check is made, in place of what the image says."""

    interval_seconds: float
    timeout_seconds: float
    retries: int


@dataclass(frozen=True)
class RunOptions:
    """How a container is started. The defaults are those of the compose.yaml that dockgen renders.

    ``port`` is the container's port, published at a free one of 127.0.0.1; ``user`` is "uid:gid"
    in place of the image's own; ``read_only`` mounts the root read-only with an empty /tmp in
    memory; ``restricted`` drops all capabilities and sets no-new-privileges; ``health`` replaces
    the image's own timing; ``environment`` joins the image's own.
    """

    port: int | None = None
    user: str = ""
    read_only: bool = True
    restricted: bool = True
    memory_mb: int = 256
    pids: int = 128
    health: HealthTiming | None = None
    environment: Mapping[str, str] = field(default_factory=dict)

    def arguments(self) -> list[str]:
        """Return the options as `docker run` takes them."""
        arguments = [f"--memory={self.memory_mb}m", f"--pids-limit={self.pids}"]
        if self.port is not None:
            arguments.append(f"--publish=127.0.0.1::{self.port}")
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
class Probe:
    """One run of a container's health check: when it began and ended, how, and what it printed."""

    began: datetime.datetime
    ended: datetime.datetime
    exit_code: int
    output: str


@dataclass(frozen=True)
class State:
    """What the engine knows of a container.

    ``image`` is the image's id, ``pid`` the main process as the engine's host numbers it (0 when
    there is none), ``health`` one of "", "none", "starting", "healthy" and "unhealthy", ``probes``
    the last five, oldest first, and ``ports`` maps a container's port to the host's. ``address`` is
    the container's own IP address, which only the engine's host can reach, or "" without a network.
    ``finished`` means nothing as long as it runs.
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


@dataclass(frozen=True)
class Health:
    """How a container's health check went.

    ``seconds`` is the time from the container's start to the end of its first good probe, by the
    engine's own clock, or None when it never turned healthy; ``output`` is what its last probe
    printed.
    """

    seconds: float | None
    status: str
    output: str


@dataclass(frozen=True)
class Response:
    """An HTTP response."""

    status: int
    body: bytes


@dataclass(frozen=True)
class Stopped:
    """How a container ended.

    ``seconds`` lie between the command to stop and its return, so the engine's own work counts.
    ``exit_code`` is 137 when the container had to be killed.
    """

    exit_code: int
    seconds: float


@dataclass(frozen=True)
class Container:
    """A container, by its name or identifier."""

    name: str

    def inspect(self) -> State:
        """Return what the engine knows of the container."""
        (facts,) = json.loads(_docker("inspect", "--type=container", "--", self.name))
        return _state(facts)

    def wait_healthy(self, deadline: float) -> Health:
        """Wait until the container is healthy or has ended, or ``deadline`` seconds are over.

        A container without a health check never turns healthy, and is not waited for.
        """
        return self._wait_for("healthy", deadline)

    def wait_unhealthy(self, deadline: float) -> Health:
        """Wait until the container is unhealthy or has ended, or ``deadline`` seconds are over."""
        return self._wait_for("unhealthy", deadline)

    def _wait_for(self, status: str, deadline: float) -> Health:
        end = time.monotonic() + deadline
        while True:
            state = self.inspect()
            if state.health in ("", "none", status) or not state.running or time.monotonic() >= end:
                return _health(state)
            time.sleep(_PAUSE)

    def wait_ended(self, deadline: float) -> State:
        """Wait until the container has ended, or ``deadline`` seconds are over."""
        end = time.monotonic() + deadline
        while (state := self.inspect()).running and time.monotonic() < end:
            time.sleep(_PAUSE)
        return state

    def start(self) -> None:
        """Start the container again, once it has ended."""
        _docker("start", "--", self.name)

    def get(self, path: str, port: int, deadline: float = 10.0) -> Response:
        """Ask for ``path`` by HTTP, through the published port of the container's ``port``.

        Raises:
            ProjectError: the port is not published, or there is no answer within ``deadline``
                seconds.
        """
        state = self.inspect()
        if port not in state.ports:
            raise ProjectError(
                f"port {port} of the container is not published"
                + ("" if state.running else f": it ended with exit code {state.exit_code}"),
                "see why with: docker logs",
            )
        connection = http.client.HTTPConnection("127.0.0.1", state.ports[port], timeout=deadline)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return Response(answer.status, answer.read())
        except (OSError, http.client.HTTPException) as error:
            raise ProjectError(
                f"no answer to GET {path} on port {port}: {error or type(error).__name__}",
                "does the service listen on 0.0.0.0 and on the port in .copier-answers.yml?",
            ) from error
        finally:
            connection.close()

    def logs(self) -> str:
        """Return all that the container printed, standard output and error together."""
        finished = _run("logs", "--", self.name)
        if finished.returncode != 0:
            raise ProjectError(f"docker logs failed: {_reason(finished.stdout)}", _LOOK_AT_ENGINE)
        return finished.stdout

    def diff(self) -> tuple[str, ...]:
        """Return what differs from the image, such as ("C /var", "A /var/cache").

        What the engine itself adds for ``init: true`` is left out: its program, and the folders
        that this is in.
        """
        found = _docker("diff", "--", self.name).splitlines()
        init = next((line[2:] for line in found if line.endswith("/sbin/docker-init")), "")
        return tuple(line for line in found if not f"{init}/".startswith(f"{line[2:]}/"))

    def execute(self, *command: str) -> str:
        """Run a command in the container, and return what it prints.

        Raises:
            ProjectError: there is no such command in the container, or it fails.
        """
        return _docker("exec", "--", self.name, *command)

    def signal(self, name: str) -> None:
        """Send a signal, such as "SIGSTOP", to the container's main process."""
        _docker("kill", f"--signal={name}", "--", self.name)

    def hang(self) -> None:
        """Stop all processes of the container without ending them, as if they hung.

        The engine stops the main process alone, and a server's workers go on without it. So those
        are stopped from inside the container.

        Raises:
            ProjectError: it has started others, and the container has nothing to stop them with.
        """
        self.signal("SIGSTOP")
        main = str(self.inspect().pid)
        _, *processes = _docker("top", self.name, "-eo", "pid,ppid").splitlines()
        if not any(line.split()[1] == main for line in processes):
            return
        try:
            self.execute("sh", "-c", "kill -STOP -1")
        except ProjectError:  # scratch has no shell, but may have an interpreter
            self.execute("python3", "-c", "import os, signal; os.kill(-1, signal.SIGSTOP)")

    def stop(self, timeout: float) -> Stopped:
        """Send SIGTERM, or the image's own stop signal, and SIGKILL after ``timeout`` seconds.

        The engine counts whole seconds, so a fraction is rounded up.
        """
        began = time.monotonic()
        patience = math.ceil(timeout)
        # `--timeout` was called `--time` before engine 28: the short form is both.
        _docker("stop", "-t", str(patience), "--", self.name, deadline=patience + ANSWER_SECONDS)
        seconds = time.monotonic() - began
        return Stopped(self.inspect().exit_code, seconds)

    def remove(self) -> None:
        """Remove the container and its anonymous volumes, running or not, there or not."""
        _docker("rm", "--force", "--volumes", "--", self.name)


def require() -> EngineVersion:
    """Make sure that an engine answers that is new enough, and can build.

    Raises:
        ToolMissingError: there is no docker command, no engine answers it, the engine is older
            than 25, or the buildx plugin is missing.
    """
    # Not `--format json`: a client older than 23 would print just that word.
    answer = _run("version", "--format={{json .}}", errors_apart=True)
    if answer.returncode != 0:
        raise ToolMissingError(
            f"docker doesn't reach its engine: {_reason(answer.stderr)}", "docker info"
        )
    try:
        versions = json.loads(answer.stdout)
        version = EngineVersion(versions["Server"]["Version"], versions["Client"]["Version"])
    except (ValueError, KeyError, TypeError) as error:
        raise ToolMissingError(
            "there is a docker command, but no Docker Engine behind it.", _INSTALL
        ) from error
    major = re.match(r"\d+", version.server)
    if major is None or int(major[0]) < MINIMUM:
        raise ToolMissingError(
            f"Docker Engine {version.server} answers, {MINIMUM} or later is needed: "
            "HEALTHCHECK --start-interval came with it.",
            _INSTALL,
        )
    if _run("buildx", "version").returncode != 0:
        raise ToolMissingError(
            "docker has no buildx plugin, which builds the images.",
            "install docker-buildx-plugin (Debian's own package is docker-buildx)",
        )
    return version


def require_builder(name: str) -> None:
    """Make sure that buildx knows a builder.

    Raises:
        ToolMissingError: it doesn't, or the builder can't be reached.
    """
    answer = _run("buildx", "inspect", "--", name)
    if answer.returncode != 0:
        raise ToolMissingError(
            f"buildx can't use a builder {name}: {_reason(answer.stdout)}", "docker buildx ls"
        )


def build_check(context: Path) -> str:
    """Return what `docker build --check` has to say of the Dockerfile; "" if that is nothing."""
    finished = _run("build", "--check", "--", str(context), deadline=BUILD_SECONDS)
    if finished.returncode == 0 and "no warnings found" in finished.stdout:
        return ""
    lines = finished.stdout.splitlines()
    # Before the first warning it tells of its own progress.
    starts = [number for number, line in enumerate(lines) if line.startswith("WARNING: ")]
    return "\n".join(lines[starts[0] if starts else 0 :]).replace(f"{context}/", "").strip()


def composed(project: str, service: str) -> Container:
    """The container of a service, running or not, that `docker compose` made for a project.

    Raises:
        ProjectError: there is none.
    """
    listed = _docker(
        "ps",
        "--all",
        "--quiet",
        "--no-trunc",
        f"--filter=label=com.docker.compose.project={project}",
        f"--filter=label=com.docker.compose.service={service}",
    ).split()
    if not listed:
        raise ProjectError(
            f"docker compose made no container of the service {service}",
            "see what it does in the project: docker compose up --build --wait",
        )
    return Container(listed[0])


def remove_composed(project: str) -> None:
    """Remove what `docker compose` made for a project: containers, networks, volumes, images."""
    with signals.held():
        arguments = ("down", "--volumes", "--remove-orphans", "--rmi=all", "--timeout=0")
        _docker("compose", f"--project-name={project}", *arguments)


def composed_projects(prefix: str) -> tuple[str, ...]:
    """The names of the projects of `docker compose` that begin with ``prefix``."""
    label = "com.docker.compose.project"
    containers = _docker(
        "ps", "--all", f"--filter=label={label}", f'--format={{{{.Label "{label}"}}}}'
    )
    return tuple(sorted({name for name in containers.split() if name.startswith(prefix)}))


def build(
    context: Path,
    tag: str = "",
    *,
    target: str = "",
    output: Path | None = None,
    anew: bool = False,
    cache_mounts: str = "",
    deadline: float = BUILD_SECONDS,
) -> None:
    """Build the image of the Dockerfile in ``context``, or only its stage ``target``.

    Without a tag the result stays in the build cache: enough to see that it can be built; with an
    ``output`` its files are written into that folder.
    ``anew`` runs every step, whatever the build cache holds, and with empty cache mounts.
    ``cache_mounts`` names a set of them to use in place of those that all builds share, which
    ``anew`` would empty for everybody; a new name's are empty.

    Raises:
        BuildError: a step failed, or the build took longer than ``deadline`` seconds.
    """
    arguments = ["build", "--progress=plain"]
    # Without --load, a builder that is a container would keep the image to itself.
    kept = f"--output={output}" if output else "--output=type=cacheonly"
    arguments += ["--load", f"--tag={tag}"] if tag else [kept]
    if target:
        arguments.append(f"--target={target}")
    if anew:
        arguments.append("--no-cache")
    if cache_mounts:
        arguments.append(f"--build-arg=BUILDKIT_CACHE_MOUNT_NS={cache_mounts}")
    what = f"the stage {target} of {context}" if target else f"the image of {context}"
    try:
        finished = _start(*arguments, "--", str(context), deadline=deadline)
    except subprocess.TimeoutExpired as error:
        log = error.stdout.decode(errors="replace") if error.stdout else ""
        raise BuildError(
            f"{what} wasn't built within {deadline:g} s.",
            f"see which step takes so long with: docker build {context}",
            log,
        ) from error
    if finished.returncode != 0:
        raise BuildError(
            f"{what} can't be built: {_reason(finished.stdout)}",
            f"see all of it with: docker build {context}",
            finished.stdout,
        )


@contextmanager
def temporary_image(
    context: Path,
    *,
    anew: bool = False,
    cache_mounts: str = "",
    deadline: float = BUILD_SECONDS,
) -> Iterator[str]:
    """Build the image of ``context`` under a name of its own, and remove it in the end.

    Yields the image's tag. The build cache stays. The arguments are those of `build`.

    Raises:
        BuildError: as `build`.
    """
    tag = f"dockgen-check:{secrets.token_hex(6)}"
    try:
        build(context, tag, anew=anew, cache_mounts=cache_mounts, deadline=deadline)
        yield tag
    finally:
        with signals.held():
            _run("image", "rm", "--force", "--", tag)


def save(image: str, destination: Path) -> None:
    """Write the image to ``destination`` as `docker save` does: a tar of its layers.

    Raises:
        ProjectError: there is no such image.
    """
    _docker("save", f"--output={destination}", "--", image, deadline=SAVE_SECONDS)


@contextmanager
def run(image: str, options: RunOptions) -> Iterator[Container]:
    """Start a container of ``image``, and remove it in the end, running or not.

    Raises:
        ProjectError: there is no such image, or its command can't be started.
    """
    container = Container(f"dockgen-check-{secrets.token_hex(6)}")
    try:
        # A container that is only half made could not be removed yet.
        with signals.held():
            # What runs is what was built here: a registry is never asked.
            _docker(
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


def _state(facts: Mapping[str, Any]) -> State:
    state = facts["State"]
    health = state.get("Health") or {}
    published = facts["NetworkSettings"].get("Ports") or {}
    return State(
        identifier=facts["Id"],
        image=facts["Image"],
        running=state["Running"],
        pid=state["Pid"],
        exit_code=state["ExitCode"],
        started=datetime.datetime.fromisoformat(state["StartedAt"]),
        finished=datetime.datetime.fromisoformat(state["FinishedAt"]),
        health=health.get("Status", ""),
        probes=tuple(
            Probe(
                began=datetime.datetime.fromisoformat(probe["Start"]),
                ended=datetime.datetime.fromisoformat(probe["End"]),
                exit_code=probe["ExitCode"],
                output=probe["Output"],
            )
            for probe in health.get("Log") or ()
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
    )


def _health(state: State) -> Health:
    output = state.probes[-1].output.strip() if state.probes else ""
    good = [probe.ended for probe in state.probes if probe.exit_code == 0]
    if state.health != "healthy" or not good:
        return Health(None, state.health, output)
    return Health((good[0] - state.started).total_seconds(), state.health, output)


def _docker(*arguments: str, deadline: float = ANSWER_SECONDS) -> str:
    """Run docker and return its standard output; any failure is an error."""
    finished = _run(*arguments, deadline=deadline, errors_apart=True)
    if finished.returncode != 0:
        raise ProjectError(
            f"docker {arguments[0]} failed: {_reason(finished.stderr)}", _LOOK_AT_ENGINE
        )
    return finished.stdout


def _run(
    *arguments: str, deadline: float = ANSWER_SECONDS, errors_apart: bool = False
) -> subprocess.CompletedProcess[str]:
    """Run docker to its end, whatever its exit code.

    Raises:
        ToolMissingError: docker can't be started, reaches no engine, or took longer than
            ``deadline`` seconds, and was ended.
    """
    try:
        return _start(*arguments, deadline=deadline, errors_apart=errors_apart)
    except subprocess.TimeoutExpired as error:
        raise ToolMissingError(
            f"the engine didn't answer docker {arguments[0]} within {deadline:g} s.",
            "see whether it is alive: docker info",
        ) from error


def _start(
    *arguments: str, deadline: float, errors_apart: bool = False
) -> subprocess.CompletedProcess[str]:
    """Run docker to its end, with standard error in standard output unless it is kept apart.

    Raises:
        ToolMissingError: docker can't be started, or reaches no engine.
        subprocess.TimeoutExpired: it took longer than ``deadline`` seconds, and was ended.
    """
    process: subprocess.Popen[str] | None = None
    try:
        # Ctrl-C just after the start would leave a command that nobody knows of.
        with signals.held():
            process = subprocess.Popen(
                ["docker", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE if errors_apart else subprocess.STDOUT,
                encoding="utf-8",
                errors="replace",
                # Ctrl-C on the terminal is for dockgen alone, which passes it on where it is meant.
                process_group=0,
            )
        output, complaint = process.communicate(timeout=deadline)
    except FileNotFoundError as error:
        raise ToolMissingError("there is no docker command.", _INSTALL) from error
    except OSError as error:
        raise ToolMissingError(f"docker can't be started: {error.strerror}.", _INSTALL) from error
    except BaseException:
        if process is not None:
            _end(process)
        raise
    if process.returncode != 0:
        _explain(complaint if errors_apart else output)
    return subprocess.CompletedProcess(process.args, process.returncode, output, complaint)


def _end(process: subprocess.Popen[str]) -> None:
    """End a docker command: interrupted, it takes back what it began; killed, it would not."""
    with signals.held(), process:
        process.send_signal(signal.SIGINT)
        try:
            process.communicate(timeout=_END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()


def _explain(output: str) -> None:
    """Raise a ToolMissingError when the output says that no engine was reached."""
    if "permission denied while trying to connect" in output.lower():
        raise ToolMissingError(
            "the container engine may not be used by this account: permission denied.",
            'join its group with: sudo usermod -aG docker "$USER"  (then log in anew)',
        )
    if re.search(r"cannot connect to the docker daemon|is the docker daemon running", output, re.I):
        raise ToolMissingError(
            "no container engine answers docker.",
            "start it, for example: sudo systemctl start docker",
        )


def _reason(output: str) -> str:
    """Return the one line of docker's output that says what went wrong."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    # The words that docker puts before its reason, and what it adds after.
    lines = [line for line in lines if not line.startswith(("Run 'docker", "See 'docker"))]
    errors = [line for line in lines if re.match(r"(ERROR|docker|Error[^:]*):", line)]
    found = (errors or lines or ["no reason given"])[-1]
    return re.sub(
        r"^((ERROR|docker|Error response from daemon|failed to build|failed to solve): )*",
        "",
        found,
    )
