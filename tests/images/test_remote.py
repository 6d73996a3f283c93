"""An engine reached by TCP, by ssh and by a context's name: on this machine, and on another."""

import os
import shutil
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.images import engines
from tests.images.test_bad_projects import SOUND
from tests.images.test_engines import BASES, project

__all__ = ["project"]

# They share what takes minutes to build.
pytestmark = [pytest.mark.release, pytest.mark.xdist_group("engines")]

# Also by ssh, for whoever has the key.
STARTED = """
mkdir -p /run/sshd /root/.ssh && echo "$KEY" >/root/.ssh/authorized_keys && /usr/sbin/sshd
exec dockerd --host=tcp://0.0.0.0:2375 --tls=false --host=unix:///run/docker.sock
"""
SSH = """\
#!/bin/sh
exec {ssh} -F /dev/null -i {key} -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null \\
  -o LogLevel=ERROR "$@"
"""


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(1 << 16):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)


def _join(client: socket.socket, connect: Callable[[], socket.socket]) -> None:
    with client, connect() as engine:
        back = threading.Thread(target=_pass_on, args=(engine, client), daemon=True)
        back.start()
        _pass_on(client, engine)
        back.join()


def _serve(server: socket.socket, connect: Callable[[], socket.socket]) -> None:
    with suppress(OSError):
        while True:
            client, _ = server.accept()
            threading.Thread(target=_join, args=(client, connect), daemon=True).start()


@contextmanager
def relay(connect: Callable[[], socket.socket]) -> Iterator[int]:
    """Yield a TCP port on all addresses that leads to an engine, and to nothing else there."""
    server = socket.create_server(("0.0.0.0", 0))
    threading.Thread(target=_serve, args=(server, connect), daemon=True).start()
    with closing(server):
        yield server.getsockname()[1]


class Elsewhere(NamedTuple):
    """An engine on a machine of its own; ``ssh`` are variables that lead docker there by ssh."""

    address: str
    ssh: dict[str, str]


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Elsewhere]:
    """An engine that has what the project is built on."""
    folder = tmp_path_factory.mktemp("elsewhere")
    key, program = folder / "key", folder / "bin/ssh"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    program.parent.mkdir()
    program.write_text(SSH.format(ssh=shutil.which("ssh"), key=key))
    program.chmod(0o755)
    option = f"--env=KEY={key.with_suffix('.pub').read_text()}"
    words = ("sh", "-c", STARTED)
    with engines.running("docker", folder, *words, options=(option,)) as name:
        address = engines.address(name)
        engines.wait(address, 2375, name)
        engines.give(f"tcp://{address}:2375", *BASES)
        path = f"{program.parent}:{os.environ['PATH']}"
        yield Elsewhere(address, {"DOCKER_HOST": f"ssh://root@{address}", "PATH": path})


def test_an_engine_by_tcp() -> None:
    """On this machine, it is as any other."""
    words = ("context", "inspect", "--format={{.Endpoints.docker.Host}}")
    path = engines.docker(*words).removeprefix("unix://")

    def connect() -> socket.socket:
        engine = socket.socket(socket.AF_UNIX)
        engine.connect(path)
        return engine

    with relay(connect) as port:
        engines.check(SOUND, {"DOCKER_HOST": f"tcp://127.0.0.1:{port}"})


def test_an_engine_on_another_machine(elsewhere: Elsewhere, project: Path, tmp_path: Path) -> None:
    """By a context's name: all is built, read and watched there, its ports included."""
    client = engines.settings(tmp_path / "client")
    place = f"--docker=host=tcp://{elsewhere.address}:2375"
    engines.docker("context", "create", "far", place, environment=client)
    engines.check(project, client | {"DOCKER_CONTEXT": "far", "DOCKER_HOST": ""})


def test_an_engine_by_ssh(elsewhere: Elsewhere, project: Path) -> None:
    """Its ports are asked through ssh, and are published to its own machine alone."""
    engines.check(project, elsewhere.ssh)


def test_ports_behind_a_firewall(elsewhere: Elsewhere, project: Path) -> None:
    """A port that can't be reached from here is reported, but isn't a finding."""
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as probe:
        probe.connect(("192.0.2.1", 9))  # sends nothing, but picks this machine's own address
        own = probe.getsockname()[0]
    with relay(lambda: socket.create_connection((elsewhere.address, 2375))) as port:
        host = {"DOCKER_HOST": f"tcp://{own}:{port}"}
        engines.check(project, host, left_out=("DG202", "DG212"))


def test_mounts_of_this_machine_are_refused(
    elsewhere: Elsewhere, project: Path, tmp_path: Path
) -> None:
    """There, they would be empty folders."""
    folder = tmp_path / "project"
    shutil.copytree(project, folder)
    (folder / "compose.override.yaml").write_text(
        "services: {app: {volumes: ['./app:/data:ro']}}\n"
    )
    host = {"DOCKER_HOST": f"tcp://{elsewhere.address}:2375"}
    done = engines.dockgen(host, "check", str(folder))
    assert done.returncode == 3
    assert f"mounts {folder}/app of this machine" in done.stderr
    assert elsewhere.address in done.stderr
