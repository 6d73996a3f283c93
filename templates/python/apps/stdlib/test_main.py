"""The routes as a client sees them, from a server in this process."""

import http.client
import json
import socket
import threading
from collections.abc import Iterator

import pytest

from app import main
from app.server import Server


@pytest.fixture
def server() -> Iterator[Server]:
    """Serve on a free port."""
    with Server(("127.0.0.1", 0)) as running:
        threading.Thread(target=running.serve_forever).start()
        yield running
        running.shutdown()


def get(server: Server, path: str) -> tuple[int, bytes]:
    """Return the status and the body."""
    client = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
    client.request("GET", path)
    response = client.getresponse()
    return response.status, response.read()


def test_index_says_hello(server: Server) -> None:
    """The first page contains the name of the service."""
    status, body = get(server, "/?page=1")
    assert status == 200
    assert json.loads(body) == {"name": main.NAME, "message": "Hello from http.server"}


def test_healthz_is_ok(server: Server) -> None:
    """The route of the health check returns 200."""
    status, body = get(server, "/healthz")
    assert status == 200
    assert json.loads(body) == {"status": "ok"}


def test_another_page_is_not_found(server: Server) -> None:
    """There are no files behind the routes."""
    assert get(server, "/app/main.py")[0] == 404


def test_an_error_is_answered_and_logged(
    server: Server, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The client learns no more than that there is one."""

    def fail() -> dict[str, str]:
        raise RuntimeError("secret")

    monkeypatch.setitem(main.ROUTES, "/", fail)
    status, body = get(server, "/")
    assert status == 500
    assert b"secret" not in body
    assert "RuntimeError: secret" in caplog.text


def test_a_stop_finishes_requests_in_flight(monkeypatch: pytest.MonkeyPatch) -> None:
    """Closing the server waits for them, and for no connection that has sent none."""
    asked, go_on = threading.Event(), threading.Event()

    def slow() -> dict[str, str]:
        asked.set()
        assert go_on.wait(timeout=10)
        return {}

    monkeypatch.setitem(main.ROUTES, "/", slow)
    server = Server(("127.0.0.1", 0))
    threading.Thread(target=server.serve_forever).start()
    with (
        socket.create_connection(("127.0.0.1", server.server_port), timeout=10),
        socket.create_connection(("127.0.0.1", server.server_port), timeout=10) as client,
    ):
        client.sendall(b"GET / HTTP/1.0\r\n\r\n")
        assert asked.wait(timeout=10)
        server.shutdown()
        closing = threading.Thread(target=server.server_close)
        closing.start()
        go_on.set()
        assert client.recv(64).startswith(b"HTTP/1.0 200 ")
        closing.join(timeout=2)
        assert not closing.is_alive()
