"""One cell on other engines and builders: the older image store, podman, and a BuildKit by TCP."""

import re
import shutil
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from dockgen import template
from tests.conftest import ROOT
from tests.images import engines

# They share what takes minutes to build.
pytestmark = pytest.mark.xdist_group("engines")

# What the cell is built on.
BASES = ("alpine:3.24", "python:3.14-alpine3.24")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose speed doesn't count: an engine in a container is slower."""
    answers = {"name": "my-app", "language": "python", "flavor": "alpine"}
    made = template.render(tmp_path_factory.mktemp("cell") / "my-app", answers, ask=()).directory
    limits = made / "dockgen.toml"
    text = re.sub(r"(healthy|stop)_seconds = \d+", r"\1_seconds = 60", limits.read_text())
    limits.write_text(text)
    return made


@pytest.mark.release
def test_the_older_image_store_has_the_same_sizes(project: Path, tmp_path: Path) -> None:
    """Debian 13's engine with overlay2, on another machine: all rules, and the same bytes."""
    started = ("dockerd", "--host=tcp://0.0.0.0:2375", "--tls=false", "--storage-driver=overlay2")
    with engines.running("docker", tmp_path, *started) as name:
        address = engines.address(name)
        host = {"DOCKER_HOST": f"tcp://{address}:2375"}
        engines.wait(address, 2375, name)
        assert engines.docker("info", "--format={{.Driver}}", environment=host) == "overlay2"
        engines.give(host["DOCKER_HOST"], *BASES)
        facts = engines.check(project, host)
    there, here = (
        [layer["unpacked_bytes"] for layer in one["layers"]]
        for one in (facts, engines.check(project, {}))
    )
    assert there == here


# podman has systemd probe its containers, which a container doesn't have; and it gives them more
# open files than a container may have.
PODMAN = """
printf '[containers]\\ndefault_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]\\n' \
  >/etc/containers/containers.conf
while sleep 1; do podman ps --quiet | xargs --no-run-if-empty -n1 podman healthcheck run; done \
  >/dev/null 2>&1 &
exec podman system service --time=0 tcp://0.0.0.0:2375
"""
# Both keep what they pull under the names that a Dockerfile has.
TAG = "for image in {}; do podman tag localhost/$image docker.io/library/$image; done"


@pytest.mark.release
def test_podman(project: Path, tmp_path: Path) -> None:
    """Debian 13's builds the Dockerfile, as buildah does; dockgen checks its image by its socket.

    With docker's builds it would lose the health check, so those are refused.
    """
    with engines.running("podman", tmp_path, "sh", "-c", PODMAN) as name:
        address = engines.address(name)
        engines.wait(address, 2375, name)
        host = {"DOCKER_HOST": f"tcp://{address}:2375"}
        engines.give(host["DOCKER_HOST"], *BASES)
        engines.docker("cp", str(project), f"{name}:/project")
        engines.docker("exec", name, "sh", "-c", TAG.format(" ".join(BASES)))
        for build in ("podman build", "buildah build --layers"):
            words = (*build.split(), "--format=docker", "--tag=my-app", "/project")
            engines.docker("exec", name, *words)
        engines.check(project, host, "--image", "localhost/my-app")
        done = engines.dockgen(host, "check", str(project))
    assert done.returncode == 4
    assert "podman build --format docker" in done.stderr


@dataclass(frozen=True)
class Farm:
    """A BuildKit by TCP, which buildx calls ``farm``; and the registry that it asks."""

    container: str
    client: dict[str, str]
    registry: engines.Registry


@pytest.fixture(scope="module")
def farm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Farm]:
    """What takes images from a registry on this machine."""
    folder = tmp_path_factory.mktemp("farm")
    for name in ("registry", "build"):
        (folder / name).mkdir()
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    with engines.registry(folder / "registry", *BASES) as registry:
        place = f"127.0.0.1:{registry.server_port}"
        settings = (
            f"[registry.'docker.io']\nmirrors = ['{place}']\n[registry.'{place}']\nhttp = true\n"
        )
        started = f"buildkitd --addr=tcp://127.0.0.1:{port} --oci-worker-net=host --config=/toml"
        words = ("sh", "-c", f'echo "$SETTINGS" >/toml; exec {started}')
        options = ("--network=host", f"--env=SETTINGS={settings}")
        with engines.running("buildkit", folder / "build", *words, options=options) as name:
            engines.wait("127.0.0.1", port, name)
            client = engines.settings(folder / "client")
            create = ("buildx", "create", "--name=farm", "--driver=remote")
            engines.docker(*create, f"tcp://127.0.0.1:{port}", environment=client)
            yield Farm(name, client, registry)


@pytest.mark.release
def test_a_builder_elsewhere(farm: Farm, project: Path, tmp_path: Path) -> None:
    """Projects, folders, `dockgen add --check`; the engine runs the images."""
    facts = engines.check(project, farm.client, "--builder=farm")
    assert {"library/alpine", "library/python"} <= set(farm.registry.asked)

    other = tmp_path / "other"
    shutil.copytree(project, other)
    for file in ("compose.yaml", ".copier-answers.yml"):
        (other / file).unlink()
    there = engines.check(other, farm.client, "--builder=farm")
    assert there["size"]["unpacked_bytes"] == facts["size"]["unpacked_bytes"]

    code = tmp_path / "my-code"
    shutil.copytree(ROOT / "tests/projects/python-stdlib", code)
    proof = ("--check", "--flavor=alpine", "--builder=farm", "--dry-run")
    farm.registry.asked.clear()
    engines.check(code, farm.client, *proof, command="add")
    assert "library/python" in farm.registry.asked


@pytest.mark.release
def test_a_builder_that_dies(farm: Farm, tmp_path: Path) -> None:
    """In the middle of a build: one line, at once. The last test that uses it."""
    (tmp_path / "Dockerfile").write_text("FROM alpine:3.24\nRUN sleep 987\n")
    with ThreadPoolExecutor() as pool:
        checked = pool.submit(
            engines.dockgen, farm.client, "check", "--builder=farm", str(tmp_path)
        )
        deadline = time.monotonic() + 120
        while "sleep 987" not in engines.docker("top", farm.container):
            assert time.monotonic() < deadline
            assert not checked.done(), checked.result().stderr
            time.sleep(0.2)
        engines.docker("kill", farm.container)
        done = checked.result(timeout=60)
    assert done.returncode == 4
    assert "error: the builder farm stopped in the middle of a build.\n" in done.stderr


def test_a_builder_that_is_down(project: Path, tmp_path: Path) -> None:
    """At once, and by its address: a build would only say that it has waited."""
    client = engines.settings(tmp_path / "client")
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        place = f"tcp://127.0.0.1:{free.getsockname()[1]}"
    engines.docker("buildx", "create", "--name=farm", "--driver=remote", place, environment=client)
    for name, words in (
        ("farm", f"the builder farm doesn't answer at {place}"),
        ("none", 'no builder "none" found'),
    ):
        done = engines.dockgen(client, "check", f"--builder={name}", str(project))
        assert done.returncode == 4
        assert words in done.stderr
