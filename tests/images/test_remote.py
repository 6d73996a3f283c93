"""An engine over TCP, such as one on another machine, and in a named context."""

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from tests.conftest import PLAIN
from tests.images.test_bad_projects import SOUND


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(1 << 16):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)


def _join(client: socket.socket, path: str) -> None:
    with client, socket.socket(socket.AF_UNIX) as engine:
        engine.connect(path)
        back = threading.Thread(target=_pass_on, args=(engine, client), daemon=True)
        back.start()
        _pass_on(client, engine)
        back.join()


def _serve(server: socket.socket, path: str) -> None:
    with suppress(OSError):
        while True:
            client, _ = server.accept()
            threading.Thread(target=_join, args=(client, path), daemon=True).start()


@pytest.fixture
def port() -> Iterator[int]:
    """A TCP port of all addresses that leads to this machine's engine."""
    words = ["docker", "context", "inspect", "--format={{.Endpoints.docker.Host}}"]
    host = subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()
    server = socket.create_server(("0.0.0.0", 0))
    threading.Thread(
        target=_serve, args=(server, host.removeprefix("unix://")), daemon=True
    ).start()
    with closing(server):
        yield server.getsockname()[1]


def _check(environment: dict[str, str]) -> tuple[int, dict[str, object]]:
    done = subprocess.run(
        [sys.executable, "-m", "dockgen", "check", "--json", "--no-gzip", str(SOUND)],
        env=PLAIN | environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


@pytest.mark.release
def test_an_engine_by_tcp(port: int) -> None:
    """DOCKER_HOST: all is built, read and watched there; on this machine, ports are asked, too."""
    code, facts = _check({"DOCKER_HOST": f"tcp://127.0.0.1:{port}"})
    assert (code, facts["left_out"]) == (0, {})


@pytest.mark.release
def test_an_engine_on_another_machine(port: int, tmp_path: Path) -> None:
    """By a context's name; what can't be asked from here is said, and isn't a finding."""
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as probe:
        probe.connect(("192.0.2.1", 9))  # sends nothing, but picks this machine's own address
        address = probe.getsockname()[0]
    configured = {"DOCKER_CONFIG": str(tmp_path)}
    plugins = Path(os.environ.get("DOCKER_CONFIG", Path.home() / ".docker")) / "cli-plugins"
    if plugins.is_dir():
        (tmp_path / "cli-plugins").symlink_to(plugins)
    subprocess.run(
        ["docker", "context", "create", "far", f"--docker=host=tcp://{address}:{port}"],
        env={k: v for k, v in PLAIN.items() if k != "DOCKER_HOST"} | configured,
        capture_output=True, check=True,
    )  # fmt: skip
    code, facts = _check(configured | {"DOCKER_CONTEXT": "far", "DOCKER_HOST": ""})
    assert code == 0
    assert sorted(facts["left_out"]) == ["DG202", "DG212"]  # type: ignore[call-overload]
