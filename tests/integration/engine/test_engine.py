"""The output of the engine's command becomes facts, or one clear error.

A fake `docker` stands for engines that no machine has: too old, stopped, forbidden.
tests/images/test_engine.py runs the same code on a real one.
"""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from dockgen import engine
from dockgen.engine import BuildError, Container, EngineVersion, HealthTiming, RunOptions, images
from dockgen.errors import ProjectError, ToolMissingError

VERSIONS = '{"Client": {"Version": "29.0.1"}, "Server": {"Version": "%s"}}'
DOWN = (
    "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. "
    "Is the docker daemon running?"
)
FORBIDDEN = (
    "permission denied while trying to connect to the Docker daemon socket at "
    "unix:///var/run/docker.sock: Get ...: dial unix /var/run/docker.sock: connect: "
    "permission denied"
)
BUILD_LOG = """\
#5 [2/2] RUN false
#5 ERROR: process "/bin/sh -c false" did not complete successfully: exit code: 1
------
Dockerfile:2
--------------------
   2 | >>> RUN false
--------------------
ERROR: failed to solve: process "/bin/sh -c false" did not complete successfully: exit code: 1
"""

Stand = Callable[[str], Path]


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stand:
    """Put a shell script in place of docker; it returns the file that lists its calls."""

    def stand(script: str) -> Path:
        calls = tmp_path / "calls"
        program = tmp_path / "bin" / "docker"
        program.parent.mkdir()
        program.write_text(f'#!/bin/sh\necho "$*" >> {calls}\n{script}\n')
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
        return calls

    return stand


def inspection(
    *,
    health: str = "healthy",
    probes: tuple[tuple[str, int, str], ...] = (),
    running: bool = True,
) -> str:
    """Return the output of `docker inspect` for a container, as far as dockgen reads it."""
    log = [
        {"Start": "2026-11-21T10:00:00.5Z", "End": end, "ExitCode": code, "Output": output}
        for end, code, output in probes
    ]
    facts = {
        "Id": "c0ffee",
        "Image": "sha256:1",
        "State": {
            "Running": running,
            "Pid": 4711,
            "ExitCode": 0,
            "StartedAt": "2026-11-21T10:00:00.123456789Z",
            "FinishedAt": "0001-01-01T00:00:00Z",
            "Health": {"Status": health, "Log": log},
        },
        "NetworkSettings": {
            "Ports": {"8080/tcp": [{"HostIp": "127.0.0.1", "HostPort": "32768"}], "9/tcp": None},
            "Networks": {"bridge": {"IPAddress": "172.17.0.2"}},
        },
        "HostConfig": {"ReadonlyRootfs": True},
    }
    return json.dumps([facts])


def test_a_new_engine_is_accepted(docker: Stand) -> None:
    """The versions of both halves are returned."""
    docker(f"echo '{VERSIONS % '28.5.2'}'")
    assert engine.require() == EngineVersion(server="28.5.2", client="29.0.1")


def test_the_oldest_accepted_engine(docker: Stand) -> None:
    """25.0.0 itself is new enough."""
    docker(f"echo '{VERSIONS % '25.0.0'}'")
    assert engine.require().server == "25.0.0"


@pytest.mark.parametrize("version", ["24.0.9", "1.13.1", "20.10.24+dfsg1"])
def test_an_old_engine_is_refused(docker: Stand, version: str) -> None:
    """The message has its version, the needed one, and why."""
    docker(f"echo '{VERSIONS % version}'")
    with pytest.raises(ToolMissingError) as caught:
        engine.require()
    assert caught.value.message == (
        f"Docker Engine {version} is too old: HEALTHCHECK --start-interval needs 25 or later."
    )


def test_a_missing_command_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without docker, the hint says what to install."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolMissingError, match="the docker command is missing") as caught:
        engine.require()
    assert "install Docker Engine 25 or later" in caught.value.hint


def test_a_command_that_cannot_be_started_is_named(docker: Stand) -> None:
    """A broken program gives an error, not a traceback."""
    calls = docker("")
    (calls.parent / "bin" / "docker").write_text("no program")
    with pytest.raises(ToolMissingError, match="docker can't be started: Exec format error"):
        engine.require()


def test_a_stopped_engine_is_named(docker: Stand) -> None:
    """A command without an engine is one clear line, and the hint starts one."""
    docker(f"echo '{DOWN}' >&2; exit 1")
    with pytest.raises(ToolMissingError, match="docker can't reach a container engine") as caught:
        engine.require()
    assert "systemctl start docker" in caught.value.hint


def test_a_forbidden_engine_is_named(docker: Stand) -> None:
    """Missing rights are called that, and the hint gives them."""
    docker(f"echo '{FORBIDDEN}' >&2; exit 1")
    with pytest.raises(ToolMissingError, match="this account isn't allowed to use") as caught:
        engine.require()
    assert "usermod -aG docker" in caught.value.hint


def test_any_other_reason_is_passed_on(docker: Stand) -> None:
    """An engine behind a wrong address is still an engine that doesn't answer."""
    docker("echo 'error during connect: lookup elsewhere: no such host' >&2; exit 1")
    with pytest.raises(ToolMissingError, match="lookup elsewhere: no such host"):
        engine.require()


@pytest.mark.parametrize("answer", ["{}", "podman version 5", '{"Server": null}'])
def test_another_program_is_not_taken_for_an_engine(docker: Stand, answer: str) -> None:
    """A docker command that has doesn't talk to a Docker Engine, such as Podman's, is named."""
    docker(f"echo '{answer}'")
    with pytest.raises(ToolMissingError, match="doesn't talk to a Docker Engine"):
        engine.require()


PODMAN = (
    '{"Client": {"Version": "28.5.2"},'
    ' "Server": {"Version": "%s", "Components": [{"Name": "Podman Engine"}]}}'
)


def test_podman_is_an_engine_that_runs_and_does_not_build(docker: Stand) -> None:
    """With docker's builds it loses the health check; the hint does without them."""
    docker(f"echo '{PODMAN % '5.4.2'}'")
    assert engine.require(builds=False).is_podman
    with pytest.raises(ToolMissingError, match="drops the health check") as caught:
        engine.require()
    assert "podman build --format docker" in caught.value.hint


def test_an_old_podman_is_refused(docker: Stand) -> None:
    """It is refused for every command."""
    docker(f"echo '{PODMAN % '4.3.1'}'")
    with pytest.raises(
        ToolMissingError, match=r"podman 4\.3\.1 is too old: dockgen needs 5 or later"
    ):
        engine.require(builds=False)


FARM = "Name: farm\nDriver: {}\n\nNodes:\nName: farm0\nEndpoint: {}\n{}"


@pytest.mark.parametrize(
    "words",
    [
        FARM.format("remote", "tcp://farm.example:1234", "Status: running"),
        FARM.format("docker-container", "default", "Status: inactive"),  # a build starts it
    ],
)
def test_a_builder_that_can_be_used(docker: Stand, words: str) -> None:
    """It is there, or docker starts it."""
    docker(f"echo '{words}'")
    engine.require_builder("farm")


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (FARM.format("remote", "tcp://farm.example:1234", "Status: inactive"), r"tcp://farm\S+$"),
        (FARM.format("docker-container", "far", "Error: no such host"), "at far: no such host"),
    ],
)
def test_a_builder_that_does_not_answer(docker: Stand, words: str, why: str) -> None:
    """Buildx still exits with 0, and a build would wait."""
    docker(f"echo '{words}'")
    with pytest.raises(ToolMissingError, match=why):
        engine.require_builder("farm")


def test_an_unknown_builder_is_named(docker: Stand) -> None:
    """The hint lists those that there are."""
    docker("echo 'ERROR: no builder \"farm\" found'; exit 1")
    with pytest.raises(ToolMissingError, match='no builder "farm" found') as caught:
        engine.require_builder("farm")
    assert caught.value.hint == "docker buildx ls"


def test_a_missing_buildx_is_named(docker: Stand) -> None:
    """An engine that can't build is refused before anything starts."""
    docker(f"[ $1 = buildx ] && exit 1; echo '{VERSIONS % '28.5.2'}'")
    with pytest.raises(ToolMissingError, match="needs the buildx plugin"):
        engine.require()


def test_an_engine_that_goes_away_later_is_named(docker: Stand) -> None:
    """Each call can be the one that finds no engine."""
    docker(f"echo '{DOWN}' >&2; exit 1")
    with pytest.raises(ToolMissingError, match="docker can't reach a container engine"):
        engine.build(Path("context"), "app:1")


def test_a_silent_engine_is_named(docker: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    """It doesn't wait forever."""
    docker("exec sleep 60")
    monkeypatch.setattr(images, "SAVE_SECONDS", 0.2)
    with pytest.raises(ToolMissingError, match=r"docker save didn't finish within 0\.2 s"):
        engine.save("app:1", Path("image.tar"))


def test_builds_a_context(docker: Stand) -> None:
    """Tag, target and context arrive as given, the context after `--`."""
    calls = docker("")
    engine.build(Path("-odd folder"), "app:1", target="test")
    assert calls.read_text() == (
        "build --progress=plain --load --tag=app:1 --target=test -- -odd folder\n"
    )


def test_builds_anew(docker: Stand) -> None:
    """No step is taken from the build cache, and the cache mounts are those of the given name."""
    calls = docker("")
    engine.build(Path("context"), no_cache=True, cache_mounts="mine")
    assert "--no-cache --build-arg=BUILDKIT_CACHE_MOUNT_NS=mine -- context" in calls.read_text()


def test_a_build_without_a_tag_leaves_no_image(docker: Stand) -> None:
    """To see whether a stage can be built, the cache is enough."""
    calls = docker("")
    engine.build(Path("context"), target="test")
    assert "--output=type=cacheonly" in calls.read_text()


def test_a_failed_build_gives_its_reason_and_log(docker: Stand) -> None:
    """The message has the reason in one line, and the log is kept whole."""
    docker(f"cat <<'LOG'\n{BUILD_LOG}LOG\nexit 1")
    with pytest.raises(BuildError) as caught:
        engine.build(Path("context"), "app:1")
    assert caught.value.message == (
        "the image of context can't be built: process "
        '"/bin/sh -c false" did not complete successfully: exit code: 1'
    )
    assert caught.value.log == BUILD_LOG


def test_a_build_that_takes_too_long_is_ended(docker: Stand) -> None:
    """The log has what was printed until then."""
    docker("echo '#1 step'; exec sleep 60")
    with pytest.raises(BuildError, match=r"took longer than 0\.5 s") as caught:
        engine.build(Path("context"), "app:1", deadline=0.5)
    assert caught.value.log == "#1 step\n"


def test_a_temporary_image_is_removed(docker: Stand) -> None:
    """It is removed even if the code that uses it fails."""
    calls = docker("")
    with (
        pytest.raises(KeyboardInterrupt),
        engine.temporary_image(Path("context")) as tag,
    ):
        raise KeyboardInterrupt
    assert calls.read_text().splitlines()[-1] == f"image rm --force -- {tag}"


def test_a_temporary_image_that_cannot_be_built_is_removed(docker: Stand) -> None:
    """A build may fail after it has tagged."""
    calls = docker("[ $1 = build ] && exit 1; exit 0")
    with pytest.raises(BuildError), engine.temporary_image(Path("context")):
        pytest.fail("there is no image to use")
    assert calls.read_text().splitlines()[-1].startswith("image rm --force -- dockgen-check:")


def test_a_container_is_removed(docker: Stand) -> None:
    """It is removed after Ctrl-C, too."""
    calls = docker("")
    with (
        pytest.raises(KeyboardInterrupt),
        engine.run("app:1", RunOptions()) as container,
    ):
        raise KeyboardInterrupt
    assert calls.read_text().splitlines()[-1] == f"rm --force --volumes -- {container.name}"


def test_a_container_that_cannot_start_is_removed(docker: Stand) -> None:
    """The engine has made it before it finds that its command is missing."""
    calls = docker(
        "[ $1 = rm ] && exit 0\n"
        "echo 'docker: Error response from daemon: exec: \"/app\": no such file' >&2\n"
        "echo \"Run 'docker run --help' for more information\" >&2; exit 127"
    )
    with (
        pytest.raises(ProjectError, match=r'^docker run failed: exec: "/app": no such file$'),
        engine.run("app:1", RunOptions()),
    ):
        pytest.fail("there is no container to use")
    assert calls.read_text().splitlines()[-1].startswith("rm --force --volumes -- dockgen-check-")


def test_each_option_arrives() -> None:
    """Given options are passed on, and disabled ones are left out."""
    options = RunOptions(
        port=8080,
        user="12345:12345",
        read_only=False,
        restricted=False,
        memory_mb=64,
        pids=16,
        health=HealthTiming(interval_seconds=0.5, timeout_seconds=1, retries=2),
    )
    assert options.arguments() == [
        "--memory=64m",
        "--pids-limit=16",
        "--publish=127.0.0.1::8080",
        "--user=12345:12345",
        "--health-interval=0.5s",
        "--health-timeout=1s",
        "--health-retries=2",
    ]


def test_inspects_a_container(docker: Stand) -> None:
    """The engine's answer becomes data; a port that is not published has no number."""
    docker(f"echo '{inspection()}'")
    state = Container("app").inspect()
    assert (state.identifier, state.image, state.pid) == ("c0ffee", "sha256:1", 4711)
    assert state.ports == {8080: 32768}
    assert state.read_only


def test_a_probe_is_timed_by_the_engines_clock(docker: Stand) -> None:
    """How long a run of the health check took is known from its begin and end."""
    docker(f"echo '{inspection(probes=(('2026-11-21T10:00:00.625Z', 0, 'ok'),))}'")
    (probe,) = Container("app").inspect().probes
    assert (probe.ended - probe.began).total_seconds() == 0.125


def test_healthy_is_timed_by_the_engines_clock(docker: Stand) -> None:
    """From the start to the end of the first good probe, however late someone looks."""
    probes = (
        ("2026-11-21T10:00:00.623456789Z", 1, "connection refused\n"),
        ("2026-11-21T12:00:01.373456789+02:00", 0, "ok\n"),
        ("2026-11-21T10:00:31.5Z", 0, "still ok\n"),
    )
    docker(f"cat <<'FACTS'\n{inspection(probes=probes)}\nFACTS")
    assert Container("app").wait_healthy(5) == engine.Health(1.25, "healthy", "still ok")


@pytest.mark.parametrize(
    ("facts", "status"),
    [
        (inspection(health="none"), "none"),
        (inspection(health="starting", running=False), "starting"),
    ],
    ids=["no health check", "ended"],
)
def test_nothing_is_waited_for_in_vain(docker: Stand, facts: str, status: str) -> None:
    """A container that can't turn healthy any more is looked at once."""
    calls = docker(f"echo '{facts}'")
    assert Container("app").wait_healthy(600) == engine.Health(None, status, "")
    assert len(calls.read_text().splitlines()) == 1


def test_waiting_has_an_end(docker: Stand) -> None:
    """A container that stays starting is given up at the deadline."""
    docker(f"echo '{inspection(health='starting')}'")
    assert Container("app").wait_healthy(0.2).seconds is None


def test_an_unpublished_port_is_named(docker: Stand) -> None:
    """Asking at a port that leads nowhere is an error, not a hang."""
    docker(f"echo '{inspection()}'")
    with pytest.raises(ProjectError, match="port 9 of the container isn't published"):
        Container("app").get("/", port=9)


def test_logs_of_a_missing_container_are_an_error(docker: Stand) -> None:
    """The engine's complaint is not taken for what the container printed."""
    docker("echo 'Error response from daemon: No such container: app' >&2; exit 1")
    with pytest.raises(ProjectError, match="docker logs failed: No such container: app"):
        Container("app").logs()


def test_stopping_counts_whole_seconds(docker: Stand) -> None:
    """The engine takes no fractions: they are rounded up."""
    calls = docker(f"[ $1 = stop ] || echo '{inspection(running=False)}'")
    assert Container("app").stop(1.5).exit_code == 0
    assert calls.read_text().splitlines()[0] == "stop -t 2 -- app"


def test_docker_is_no_shell(docker: Stand) -> None:
    """Arguments are a list: a name with shell syntax in it is only a name."""
    calls = docker("")
    Container("$(id); app").execute("cat", "a b")
    assert calls.read_text() == "exec -- $(id); app cat a b\n"


def test_the_stand_in_is_what_docker_is_here(docker: Stand) -> None:
    """These tests never reach a real engine."""
    docker("echo stand-in")
    assert subprocess.check_output(["docker"], text=True) == "stand-in\n"


def test_ctrl_c_waits_until_a_container_is_there(docker: Stand) -> None:
    """A half-made container can't be removed; the wait ends with the command."""
    calls = docker('[ "$1" = run ] && kill -INT $PPID; exit 0')
    with pytest.raises(KeyboardInterrupt), engine.run("app", RunOptions()):
        pytest.fail("Ctrl-C came before")
    assert [line.split()[0] for line in calls.read_text().splitlines()] == ["run", "rm"]


def test_ctrl_c_does_not_stop_the_cleaning_up(docker: Stand) -> None:
    """A second one neither."""
    calls = docker('[ "$1" = rm ] && kill -INT $PPID; echo "$1 done" >> "$(dirname $0)/../calls"')
    with pytest.raises(KeyboardInterrupt), engine.run("app", RunOptions()):
        pass
    assert calls.read_text().splitlines()[-1] == "rm done"


def test_an_interrupted_build_may_end_in_order(docker: Stand, tmp_path: Path) -> None:
    """Killed, the command would leave the engine running."""
    calls = docker(
        '[ "$1" = image ] && exit\n'
        f"trap 'echo taken back >> {tmp_path}/calls; exit 130' INT\n"
        "kill -INT $PPID\n"
        # It ends by itself, if it isn't stopped.
        "for _ in $(seq 3000); do sleep 0.01; done"
    )
    with pytest.raises(KeyboardInterrupt), engine.temporary_image(tmp_path):
        pytest.fail("Ctrl-C came before")
    _, *following = [line.split(" -")[0] for line in calls.read_text().splitlines()]
    assert following == ["taken back", "image rm"]
