"""How Node services stop: open requests finish, and idle connections are closed."""

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from dockgen import engine, template
from dockgen.engine import Container, RunOptions
from dockgen.project import load
from dockgen.testing.plugin import PATIENCE

PORT = 8080
FRAMEWORKS = [
    pytest.param(name, marks=pytest.mark.xdist_group(f"node-stop-{name}"))
    for name in ("express", "fastify", "stdlib")
]

# More than the kernel takes of an answer that nobody fetches, in bytes: tcp_wmem and tcp_rmem end
# below that.
BUFFERED = 11 * 10**6
WORDS = "Hello, world"
LARGE = 3 * BUFFERED

# As a pool of connections to a database does.
KEEPS_RUNNING = "\nsetInterval(() => {}, 1000);\n"
BROKEN = "  ['GET /broken', () => JSON.parse('no JSON')],\n"


def image_of(folder: Path, framework: str) -> Path:
    """Make a project with a large response, and something that would keep Node running forever."""
    answers = {"name": "my-app", "language": "node", "flavor": "slim", "framework": framework}
    project = template.render(folder / "my-app", answers, ask=()).directory
    app = project / "src/app.js"
    text = app.read_text()
    assert text.count(f"'{WORDS}'") == 1
    text = text.replace(f"'{WORDS}'", f"'{WORDS}'.repeat({LARGE // len(WORDS)})")
    if framework == "stdlib":
        start = "const routes = new Map([\n"
        assert text.count(start) == 1
        text = text.replace(start, start + BROKEN)
    app.write_text(text + KEEPS_RUNNING)
    return project


@pytest.fixture(scope="module", params=FRAMEWORKS)
def framework(request: pytest.FixtureRequest) -> str:
    """The framework under test."""
    name: str = request.param
    return name


@pytest.fixture(scope="module")
def project(framework: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its project."""
    return image_of(tmp_path_factory.mktemp(framework), framework)


@pytest.fixture(scope="module")
def image(project: Path) -> Iterator[str]:
    """Its image."""
    with engine.temporary_image(project) as tag:
        yield tag


@pytest.fixture
def container(image: str) -> Iterator[Container]:
    """A container that is healthy."""
    with engine.run(image, RunOptions(port=PORT)) as running:
        assert running.wait_healthy(PATIENCE).status == "healthy"
        yield running


def connect(container: Container) -> socket.socket:
    """Connect to the container itself: the engine's proxy would fetch the answer at once."""
    connection = socket.create_connection((container.inspect().address, PORT), timeout=PATIENCE)
    connection.settimeout(PATIENCE)
    return connection


def test_connections_that_want_nothing_hold_no_stop_up(container: Container, project: Path) -> None:
    """A browser opens some in advance, or stops within a request, and keeps one after an answer."""
    with (
        connect(container),
        connect(container) as halfway,
        connect(container) as idle,
    ):
        halfway.sendall(b"GET / HTTP/1.1\r\n")
        idle.sendall(b"GET /healthz HTTP/1.1\r\nHost: test\r\n\r\n")
        assert idle.recv(15) == b"HTTP/1.1 200 OK"
        stopped = container.stop(PATIENCE)
    assert stopped.exit_code == 0
    assert stopped.seconds <= load(project).limits.stop_seconds


def test_a_stop_lets_a_download_finish(container: Container) -> None:
    """It sends to the end what a slow client has not fetched yet.

    The engine takes a container's network away the moment its process has ended. That can drop what
    Node has handed over to the kernel and no one has fetched yet.
    """
    with ThreadPoolExecutor() as pool, connect(container) as silent, connect(container) as slow:
        slow.sendall(b"GET / HTTP/1.1\r\nHost: test\r\n\r\n")
        assert slow.recv(15) == b"HTTP/1.1 200 OK"
        stopping = pool.submit(container.stop, PATIENCE)
        # Hung up on: all that the stop ends by itself is ended by now.
        assert silent.recv(1) == b""
        rest = sum(map(len, iter(lambda: slow.recv(1 << 20), b"")))
        stopped = stopping.result()
    assert rest > LARGE - BUFFERED
    assert stopped.exit_code == 0


def test_a_client_that_takes_nothing_is_given_up(container: Container) -> None:
    """Before Docker would kill what still runs; the log says what was cut off."""
    with connect(container) as slow:
        slow.sendall(b"GET / HTTP/1.1\r\nHost: test\r\n\r\n")
        assert slow.recv(15) == b"HTTP/1.1 200 OK"
        stopped = container.stop(PATIENCE)
    assert stopped.exit_code == 0
    assert "GET /" in container.logs().splitlines()[-1]


@pytest.mark.parametrize("framework", FRAMEWORKS[-1:], indirect=True)
def test_a_route_that_fails_fails_one_request(container: Container) -> None:
    """Others are answered before and after."""
    assert container.get("/broken", PORT).status == 500
    assert container.get("/healthz", PORT).status == 200
    assert "no JSON" in container.logs()


@pytest.mark.parametrize("kind", ["worker", "job"])
def test_what_keeps_node_running_holds_no_end_up(kind: str, tmp_path: Path) -> None:
    """A job ends by itself, a worker on a signal."""
    answers = {"name": "my-app", "language": "node", "flavor": "slim", "kind": kind}
    made = template.render(tmp_path / "my-app", answers, ask=()).directory
    with (made / "src/work.js").open("a") as work:
        work.write(KEEPS_RUNNING)
    with engine.temporary_image(made) as tag, engine.run(tag, RunOptions()) as container:
        if kind == "job":
            ended = container.wait_ended(PATIENCE)
            assert not ended.running
            assert ended.exit_code == 0
        else:
            assert container.wait_healthy(PATIENCE).status == "healthy"
            assert container.stop(PATIENCE).exit_code == 0
