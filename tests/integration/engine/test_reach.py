"""Where the engine is, and the way to its ports."""

import os
import socket
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from dockgen.engine import RunOptions, UnreachedError, reach
from dockgen.engine.reach import Place
from tests.table import table

At = Callable[[str], None]
# Puts a shell script in the place of ssh.
Ssh = Callable[[str], Path]


@table(
    ("address", "place"),
    [
        ("unix:///run/docker.sock", Place()),
        ("npipe:////./pipe/docker_engine", Place()),
        ("", Place()),
        ("tcp://127.0.0.1:2375", Place()),
        ("tcp://localhost:2376", Place()),
        ("tcp://[::1]:2376", Place()),
        ("tcp://build.example:2376", Place("build.example")),
        ("tcp://[2001:db8::1]:2376", Place("2001:db8::1")),
        ("ssh://build.example", Place("build.example", ("--", "build.example"))),
        (
            "ssh://me@build.example:22022/run/docker.sock",
            Place("build.example", ("-lme", "-p22022", "--", "build.example")),
        ),
    ],
)
def test_where_it_is(address: str, place: Place) -> None:
    """As docker reads addresses; TCP to this machine leads to no other one."""
    assert reach.read(address) == place


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> At:
    """Let the engine be at an address."""
    return lambda address: monkeypatch.setattr(reach, "place", lambda: reach.read(address))


@pytest.mark.parametrize(
    ("address", "published"),
    [
        ("unix:///run/docker.sock", "--publish=127.0.0.1::80"),
        ("ssh://build.example", "--publish=127.0.0.1::80"),
        ("tcp://build.example:2376", "--publish=80"),
    ],
)
def test_where_ports_are_published(at: At, address: str, published: str) -> None:
    """For its own machine alone, unless TCP alone leads there."""
    at(address)
    assert published in RunOptions(port=80).arguments()


def test_a_port_of_this_machine(at: At) -> None:
    """Where nothing listens, that is what is said."""
    at("unix:///run/docker.sock")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with reach.connected(port, 5) as end:
            assert end.getpeername() == ("127.0.0.1", port)
    with pytest.raises(ConnectionRefusedError), reach.connected(port, 5):
        pytest.fail("nothing listens there")


def test_a_machine_that_lets_nothing_through(at: At, monkeypatch: pytest.MonkeyPatch) -> None:
    """It isn't a finding about the container."""
    at("tcp://build.example:2376")
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    connect = socket.create_connection
    monkeypatch.setattr(socket, "create_connection", lambda _, end: connect(("", port), end))
    with pytest.raises(UnreachedError, match=r"build\.example") as caught, reach.connected(port, 5):
        pytest.fail("nothing listens there")
    assert "ssh://" in caught.value.hint


@pytest.fixture
def ssh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: At) -> Ssh:
    """The file that lists its calls is returned."""

    def stand(script: str) -> Path:
        program = tmp_path / "bin/ssh"
        program.parent.mkdir()
        program.write_text(f'#!/bin/sh\necho "$*" >>{tmp_path}/calls\n{script}\n')
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
        at("ssh://me@build.example")
        return tmp_path / "calls"

    return stand


def test_a_port_behind_ssh(ssh: Ssh) -> None:
    """By docker's own way in, to that machine's loopback address; ssh asks for no password."""
    calls = ssh("read line; echo heard $line")
    with reach.connected(8080, 5) as end:
        end.sendall(b"this\n")
        assert end.recv(100) == b"heard this\n"
    assert calls.read_text() == "-T -oBatchMode=yes -W127.0.0.1:8080 -lme -- build.example\n"


@pytest.mark.parametrize(
    ("code", "error"), [(255, UnreachedError), (0, ConnectionResetError)], ids=["ssh", "service"]
)
def test_who_hung_up(ssh: Ssh, code: int, error: type[Exception]) -> None:
    """Where ssh passes nothing on, nothing was asked."""
    ssh(f"exit {code}")
    with pytest.raises(error), reach.connected(8080, 5):
        raise ConnectionResetError
