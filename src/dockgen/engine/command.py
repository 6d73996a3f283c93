"""Run the docker command. No other module starts it.

Each call is an argument list with a deadline in seconds. dockgen handles Ctrl-C, and passes it on.
"""

import json
import os
import re
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace

from dockgen import signals
from dockgen.errors import ProjectError, ToolMissingError

# The first engine with HEALTHCHECK --start-interval, and the first podman that was tested.
MINIMUM = 25
MINIMUM_PODMAN = 5

# A deadline in seconds. An engine that is busy with builds may answer slowly.
ANSWER_SECONDS = 60.0

# `start` raises it; its ``stdout`` has the bytes printed so far.
TimedOut = subprocess.TimeoutExpired

LOOK_AT_ENGINE = "check the engine: docker info"
_INSTALL = "install Docker Engine 25 or later: https://docs.docker.com/engine/install/"
_BUILDER = "BUILDX_BUILDER"
# How long a docker command may take to end after an interrupt, in seconds.
_END_SECONDS = 10.0


@dataclass(frozen=True)
class EngineVersion:
    """The versions of Docker's client and server, such as "28.5.2".

    ``is_podman`` says that the server is podman's.
    """

    server: str
    client: str
    is_podman: bool = False


def require(*, builds: bool = True) -> EngineVersion:
    """Check that an engine answers and is new enough, and that buildx works if ``builds``.

    Raises:
        ToolMissingError: there is no docker command, no engine answers it, the engine is older
            than 25, or the buildx plugin is missing.
    """
    # Not `--format json`: a client older than 23 would print just that word.
    answer = run("version", "--format={{json .}}", errors_apart=True)
    if answer.returncode != 0:
        raise ToolMissingError(
            f"docker can't reach its engine: {reason(answer.stderr)}", "docker info"
        )
    try:
        versions = json.loads(answer.stdout)
        server = versions["Server"]
        version = EngineVersion(server["Version"], versions["Client"]["Version"])
        names = [part["Name"] for part in server.get("Components") or ()]
        version = replace(version, is_podman="Podman Engine" in names)
    except (ValueError, KeyError, TypeError) as error:
        raise ToolMissingError("docker doesn't talk to a Docker Engine.", _INSTALL) from error
    major = re.match(r"\d+", version.server)
    if version.is_podman:
        _require_podman(version, int(major[0]) if major else 0, builds=builds)
        return version
    if major is None or int(major[0]) < MINIMUM:
        raise ToolMissingError(
            f"Docker Engine {version.server} is too old: HEALTHCHECK --start-interval needs"
            f" {MINIMUM} or later.",
            _INSTALL,
        )
    if run("buildx", "version").returncode != 0:
        raise ToolMissingError(
            "docker needs the buildx plugin to build images.",
            "install docker-buildx-plugin (Debian's own package is docker-buildx)",
        )
    return version


def _require_podman(version: EngineVersion, major: int, *, builds: bool) -> None:
    if major < MINIMUM_PODMAN:
        raise ToolMissingError(
            f"podman {version.server} is too old: dockgen needs {MINIMUM_PODMAN} or later.",
            "update podman, or use Docker Engine",
        )
    if builds:
        # podman stores images from BuildKit as OCI images, which have no health check.
        raise ToolMissingError(
            "docker is connected to podman, which drops the health check of images that docker"
            " builds.",
            "podman build --format docker --tag NAME . && dockgen check --image NAME",
        )


def require_builder(name: str) -> None:
    """Check that buildx knows a builder and can reach it, unless a build would start it.

    Raises:
        ToolMissingError: it doesn't, or the builder can't be reached.
    """
    answer = run("buildx", "inspect", "--", name)
    if answer.returncode != 0:
        raise ToolMissingError(
            f"buildx can't use a builder {name}: {reason(answer.stdout)}", "docker buildx ls"
        )
    # The exit code doesn't show this, and a build would wait for it silently.
    said = re.findall(r"^(Driver|Endpoint|Status|Error):\s+(.+)$", answer.stdout, re.MULTILINE)
    is_down = ("Driver", "remote") in said or any(key == "Error" for key, _ in said)
    if is_down and ("Status", "running") not in said:
        where = ", ".join(value for key, value in said if key == "Endpoint")
        why = "; ".join(value for key, value in said if key == "Error")
        raise ToolMissingError(
            f"the builder {name} doesn't answer at {where}{why and f': {why}'}",
            f"docker buildx inspect --bootstrap {name}",
        )


@contextmanager
def with_builder(name: str | None) -> Iterator[None]:
    """Use a builder of `docker buildx ls` in this block; None changes nothing.

    Raises:
        ToolMissingError: buildx doesn't know it, or it can't be reached.
    """
    if name is None:
        yield
        return
    require_builder(name)
    # `docker build` and `docker compose` both read it.
    before = os.environ.get(_BUILDER)
    os.environ[_BUILDER] = name
    try:
        yield
    finally:
        del os.environ[_BUILDER]
        if before is not None:
            os.environ[_BUILDER] = before


def docker(*arguments: str, deadline: float = ANSWER_SECONDS) -> str:
    """Run docker and return its standard output; any failure is an error."""
    finished = run(*arguments, deadline=deadline, errors_apart=True)
    if finished.returncode != 0:
        raise ProjectError(
            f"docker {arguments[0]} failed: {reason(finished.stderr)}", LOOK_AT_ENGINE
        )
    return finished.stdout


def run(
    *arguments: str,
    deadline: float = ANSWER_SECONDS,
    errors_apart: bool = False,
    environment: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run docker to its end, whatever its exit code.

    Raises:
        ToolMissingError: docker can't be started, reaches no engine, or took longer than
            ``deadline`` seconds, and was ended.
    """
    try:
        return start(
            *arguments, deadline=deadline, errors_apart=errors_apart, environment=environment
        )
    except TimedOut as error:
        raise ToolMissingError(
            f"docker {arguments[0]} didn't finish within {deadline:g} s.",
            "check the engine: docker info",
        ) from error


def start(
    *arguments: str,
    deadline: float,
    errors_apart: bool = False,
    environment: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run docker to its end, with standard error in standard output unless it is kept apart.

    Args:
        arguments: what follows ``docker``.
        deadline: in seconds.
        errors_apart: whether standard error is kept apart.
        environment: docker's whole environment; None for this process's own.

    Raises:
        ToolMissingError: docker can't be started, or reaches no engine.
        TimedOut: it took longer than ``deadline`` seconds, and was ended.
    """
    process: subprocess.Popen[str] | None = None
    try:
        # Ctrl-C just after the start would leave a running command behind.
        with signals.held():
            process = subprocess.Popen(
                ["docker", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE if errors_apart else subprocess.STDOUT,
                encoding="utf-8",
                errors="replace",
                env=environment,
                # Ctrl-C on the terminal goes to dockgen alone, which passes it on if needed.
                process_group=0,
            )
        output, complaint = process.communicate(timeout=deadline)
    except FileNotFoundError as error:
        raise ToolMissingError("the docker command is missing.", _INSTALL) from error
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
    """Interrupt a docker command: unlike a killed one, it undoes what it began."""
    with signals.held(), process:
        process.send_signal(signal.SIGINT)
        try:
            process.communicate(timeout=_END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()


def _explain(output: str) -> None:
    """Raise a ToolMissingError if the output says that no engine or builder was reached."""
    said = reason(output)  # not what a step of a build has printed
    if "permission denied while trying to connect" in said.lower():
        raise ToolMissingError(
            "this account isn't allowed to use the container engine: permission denied.",
            'join its group: sudo usermod -aG docker "$USER"  (then log in again)',
        )
    if re.search(r"cannot connect to the docker daemon|is the docker daemon running", said, re.I):
        raise ToolMissingError(
            "docker can't reach a container engine.",
            "start it, for example: sudo systemctl start docker",
        )
    if said.startswith("failed to receive status: rpc error: code = Unavailable"):
        builder = os.environ.get(_BUILDER)
        raise ToolMissingError(
            f"the builder {builder or 'of the engine'} stopped in the middle of a build.",
            f"docker buildx inspect --bootstrap {builder}" if builder else LOOK_AT_ENGINE,
        )


def reason(output: str) -> str:
    """Return the line of docker's output that says what went wrong."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    # Remove what docker prints before and after its reason.
    lines = [line for line in lines if not line.startswith(("Run 'docker", "See 'docker"))]
    errors = [line for line in lines if re.match(r"(ERROR|docker|Error[^:]*):", line)]
    found = (errors or lines or ["no reason given"])[-1]
    return re.sub(
        r"^((ERROR|docker|Error response from daemon|failed to build|failed to solve): )*",
        "",
        found,
    )
