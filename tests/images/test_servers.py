"""Servers with IPv6, behind a load balancer and an HTTPS proxy, and a stream during a stop.

One service for each server, with what its users add on the first days: a redirect to HTTPS, a link
to itself, and a stream that never ends. All of them run at the same time, for longer than a
balancer keeps an idle connection.
"""

import contextlib
import http.client
import json
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from dockgen import engine, template
from dockgen.engine import Container, Stopped
from tests.images.inside import PATIENCE, OnNetwork

PORT = 8080
# For how long the most balancers keep a connection that is idle, in seconds.
BALANCER = 60
# What the tests ask for comes by a proxy that speaks HTTPS.
PROXIED = {"Host": "localhost", "X-Forwarded-Proto": "https"}

# Edits of a project: a file, and texts in it with what takes their place.
Edits = dict[str, tuple[tuple[str, str], ...]]

GO: Edits = {
    "handlers.go": (
        ('"net/http"\n', '"net/http"\n\t"time"\n'),
        (
            'mux.HandleFunc("GET /healthz", health)\n\treturn mux\n',
            'mux.HandleFunc("GET /healthz", health)\n'
            '\tmux.HandleFunc("GET /events", events)\n'
            "\treturn secure(mux)\n",
        ),
        (
            "func index(",
            """\
func secure(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Forwarded-Proto") != "https" {
			http.Redirect(w, r, "https://"+r.Host+r.URL.Path, http.StatusPermanentRedirect)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func events(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	for r.Context().Err() == nil {
		w.Write([]byte("data: tick\\n\\n"))
		w.(http.Flusher).Flush()
		time.Sleep(500 * time.Millisecond)
	}
}

func index(""",
        ),
    )
}
FASTAPI: Edits = {
    "app/main.py": (
        ("from fastapi import FastAPI\n", """\
import asyncio
from collections.abc import AsyncIterator

from fastapi import FastAPI, Request
from fastapi.responses import StreamingResponse
from starlette.middleware.httpsredirect import HTTPSRedirectMiddleware
"""),
        ("app = FastAPI(title=NAME)\n", """\
app = FastAPI(title=NAME)
app.add_middleware(HTTPSRedirectMiddleware)


@app.get("/self")
async def link(request: Request) -> dict[str, str]:
    return {"url": str(request.url_for("index"))}


@app.get("/events")
async def events() -> StreamingResponse:
    async def ticks() -> AsyncIterator[str]:
        while True:
            yield "data: tick\\n\\n"
            await asyncio.sleep(0.5)

    return StreamingResponse(ticks(), media_type="text/event-stream")
"""),
    )
}  # fmt: skip
FLASK: Edits = {
    "app/main.py": (
        ("from flask import Flask\n", """\
import time
from collections.abc import Iterator

from flask import Flask, Response, redirect, request, url_for
"""),
        ("app = Flask(__name__)\n", """\
app = Flask(__name__)


@app.before_request
def secure() -> Response | None:
    return None if request.is_secure else redirect(request.url.replace("http:", "https:", 1))


@app.get("/self")
def link() -> dict[str, str]:
    return {"url": url_for("index", _external=True)}


@app.get("/events")
def events() -> Response:
    def ticks() -> Iterator[str]:
        while True:
            yield "data: tick\\n\\n"
            time.sleep(0.5)

    return Response(ticks(), mimetype="text/event-stream")
"""),
    )
}  # fmt: skip
STDLIB: Edits = {
    "app/server.py": (
        ("        route = ROUTES.get(", """\
        if self.headers["X-Forwarded-Proto"] != "https":
            self.send_error(HTTPStatus.PERMANENT_REDIRECT)
            return
        if self.path == "/events":
            self.send_response(HTTPStatus.OK)
            self.end_headers()
        while self.path == "/events":
            self.wfile.write(b"data: tick\\n\\n")
            time.sleep(0.5)
        route = ROUTES.get("""),
        ("import socket\n", "import socket\nimport time\n"),
    )
}  # fmt: skip
STREAM = """\
  response.writeHead(200, { 'Content-Type': 'text/event-stream' });
  setInterval(() => response.write('data: tick\\n\\n'), 500).unref();
"""
EXPRESS: Edits = {
    "src/app.js": (
        ("app.disable('x-powered-by');\n", f"""\
app.disable('x-powered-by');
app.set('trust proxy', true);
app.use((request, response, next) => {{
  if (request.secure) {{
    next();
  }} else {{
    response.redirect(308, `https://${{request.host}}${{request.url}}`);
  }}
}});
app.get('/self', (request, response) => {{
  response.json({{ url: `${{request.protocol}}://${{request.host}}/` }});
}});
app.get('/events', (_request, response) => {{
{STREAM}}});
"""),
    )
}  # fmt: skip
FASTIFY: Edits = {
    "src/app.js": (
        ("...options });", f"""\
trustProxy: true, ...options }});
  app.addHook('onRequest', async (request, reply) => {{
    if (request.protocol !== 'https') {{
      return reply.redirect(`https://${{request.host}}${{request.url}}`, 308);
    }}
  }});
  app.get('/self', async (request) => ({{ url: `${{request.protocol}}://${{request.host}}/` }}));
  app.get('/events', (_request, reply) => {{
    reply.hijack();
    const response = reply.raw;
{STREAM}  }});
"""),
    )
}  # fmt: skip
NODE: Edits = {
    "src/app.js": (
        ("  // Routes for GET", f"""\
  if (request.headers['x-forwarded-proto'] !== 'https') {{
    response.writeHead(308, {{ Location: 'https://localhost/' }}).end();
    return;
  }}
  if (request.url === '/events') {{
{STREAM}    return;
  }}
  // Routes for GET"""),
    )
}  # fmt: skip
SITE: Edits = {
    "nginx.conf": (
        ("        root /srv;\n", """\
        root /srv;
        if ($http_x_forwarded_proto != https) {
            return 308 https://$host$request_uri;
        }
"""),
    )
}  # fmt: skip


@dataclass(frozen=True)
class Server:
    """A project that is edited, and what it has of what the tests ask for."""

    language: str
    framework: str
    flavor: str
    edits: Edits
    links: bool = False
    streams: bool = True
    keeps_connections: bool = True
    # What its log says of a stream that a stop cuts off.
    words: str = "GET /events"


SERVERS = {
    "go": Server("go", "stdlib", "scratch", GO),
    "fastapi": Server("python", "fastapi", "slim", FASTAPI, links=True, words="Cancel 1 running"),
    "flask": Server("python", "flask", "slim", FLASK, links=True),
    "http-server": Server("python", "stdlib", "slim", STDLIB, keeps_connections=False),
    "express": Server("node", "express", "alpine", EXPRESS, links=True),
    "fastify": Server("node", "fastify", "alpine", FASTIFY, links=True),
    "node-http": Server("node", "stdlib", "alpine", NODE),
    "nginx-alpine": Server("node", "vite", "alpine", SITE, streams=False),
    "nginx-slim": Server("node", "vite", "slim", SITE, streams=False),
}
each = pytest.mark.parametrize("name", SERVERS)
# All of them run at the same time.
pytestmark = pytest.mark.xdist_group("servers")


@dataclass(frozen=True)
class Running:
    """A container of an image, a stream that it sends, and the fate of an idle connection to it."""

    image: str
    container: Container
    stream: socket.socket | None
    kept: Future[bool]


def project(name: str, folder: Path) -> Path:
    """Return the edited project."""
    server = SERVERS[name]
    answers = {
        "name": "my-app",
        "language": server.language,
        "flavor": server.flavor,
        "framework": server.framework,
    }
    directory = template.render(folder / name / "my-app", answers, ask=()).directory
    for path, replacements in server.edits.items():
        text = (directory / path).read_text()
        for old, new in replacements:
            assert text.count(old) == 1, old
            text = text.replace(old, new)
        (directory / path).write_text(text)
    return directory


@pytest.fixture(scope="module")
def network() -> Iterator[str]:
    """A network with IPv6 and without IPv4, as far as the engine can make one."""
    name = f"dockgen-test-{secrets.token_hex(6)}"
    subnet = f"fd00:{secrets.token_hex(2)}:{secrets.token_hex(2)}::/64"
    create = ["docker", "network", "create", "--ipv6", f"--subnet={subnet}", name]
    subprocess.run(create, capture_output=True, timeout=PATIENCE, check=True)
    yield name
    remove = ["docker", "network", "rm", name]
    subprocess.run(remove, capture_output=True, timeout=PATIENCE, check=True)


@pytest.fixture(scope="module")
def running(network: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Running]]:
    """All servers, each healthy, with an idle connection and a stream that are watched."""
    folder = tmp_path_factory.mktemp("servers")
    options = OnNetwork(network=network, environment={"FORWARDED_ALLOW_IPS": "*"})
    found = {}
    with ExitStack() as stack, ThreadPoolExecutor(len(SERVERS)) as watching:
        for name in SERVERS:
            image = stack.enter_context(engine.temporary_image(project(name, folder)))
            container = stack.enter_context(engine.run(image, options))
            health = container.wait_healthy(PATIENCE)
            assert health.status == "healthy", f"{name}: {health.output} {container.logs()}"
            stream = None
            if SERVERS[name].streams:
                stream = stack.enter_context(connect(container))
                ask(stream, "/events")
            idle = stack.enter_context(connect(container))
            ask(idle, "/healthz")
            kept = watching.submit(is_kept, idle)
            found[name] = Running(image, container, stream, kept)
        yield found


def is_kept(idle: socket.socket) -> bool:
    """Return whether an idle connection still gets an answer after a load balancer's timeout."""
    time.sleep(BALANCER + 1)
    try:
        drain(idle)  # the body of the first answer may have come after its head
        ask(idle, "/healthz")
    except (AssertionError, OSError):
        return False
    return True


def connect(container: Container) -> socket.socket:
    """Connect to the container itself, without the engine's proxy."""
    connection = socket.create_connection((container.inspect().address, PORT), timeout=PATIENCE)
    connection.settimeout(10)
    return connection


def ask(connection: socket.socket, path: str) -> None:
    """Send a request, and read the begin of the answer."""
    headers = "".join(f"{name}: {value}\r\n" for name, value in PROXIED.items())
    connection.sendall(f"GET {path} HTTP/1.1\r\n{headers}\r\n".encode())
    assert b" 200 " in connection.recv(1000)


def get(container: Container, path: str, headers: Mapping[str, str] = PROXIED) -> tuple[int, bytes]:
    """GET a path, as the proxy does, and return the status and the body."""
    client = http.client.HTTPConnection(container.inspect().address, PORT, timeout=10)
    with closing(client):
        client.request("GET", path, headers=dict(headers))
        answer = client.getresponse()
        return answer.status, answer.read()


ASK_BY_IPV6 = """\
import os, urllib.request
request = urllib.request.Request("http://[%s]:8080/healthz", headers={"X-Forwarded-Proto": "https"})
print(urllib.request.urlopen(request, timeout=10).status)
"""


@each
def test_the_health_check_passes_a_redirect_to_https(
    name: str, running: dict[str, Running]
) -> None:
    """Requests with plain HTTP are redirected; the probe isn't."""
    container = running[name].container
    assert get(container, "/", headers={})[0] in (301, 302, 307, 308)
    assert container.inspect().health == "healthy"


@each
def test_it_answers_by_ipv6(name: str, running: dict[str, Running], network: str) -> None:
    """A cluster's network may have only IPv6."""
    address = subprocess.run(
        ["docker", "inspect", "--format={{range .NetworkSettings.Networks}}{{.GlobalIPv6Address}}"
         "{{end}}", running[name].container.name],
        capture_output=True, text=True, timeout=PATIENCE, check=True,
    ).stdout.strip()  # fmt: skip
    done = subprocess.run(
        ["docker", "run", "--rm", f"--network={network}", "python:3.14-slim-trixie",
         "python", "-c", ASK_BY_IPV6 % address],
        capture_output=True, text=True, timeout=PATIENCE,
    )  # fmt: skip
    assert done.stdout.strip() == "200", done.stderr


@pytest.mark.parametrize("name", [name for name, server in SERVERS.items() if server.links])
def test_links_say_https_behind_a_proxy(name: str, running: dict[str, Running]) -> None:
    """With the setting that the read-me names, or the framework's own."""
    status, body = get(running[name].container, "/self")
    assert (status, json.loads(body)) == (200, {"url": "https://localhost/"})


@each
def test_it_starts_where_ipv6_is_switched_off(name: str, running: dict[str, Running]) -> None:
    """As some hosts do."""
    off = "--sysctl=net.ipv6.conf.all.disable_ipv6=1"
    container = Container(f"dockgen-test-{secrets.token_hex(6)}")
    command = ["docker", "run", "--detach", f"--name={container.name}", off, running[name].image]
    try:
        subprocess.run(command, capture_output=True, timeout=PATIENCE, check=True)
        assert container.wait_healthy(PATIENCE).status == "healthy"
    finally:
        container.remove()


def test_a_page_of_its_own_is_served(tmp_path: Path) -> None:
    """By its folder and by its name; what is neither is the first page's business."""
    directory = project("nginx-alpine", tmp_path)
    shutil.copytree(directory / "src", directory / "about/src")
    for page in ("about/index.html", "public/contact.html", "public/team/index.html"):
        (directory / page).parent.mkdir(parents=True, exist_ok=True)
        (directory / page).write_text(f"<!doctype html>\n<title>{page}</title>\n")
    (directory / "vite.config.js").write_text(
        "const input = ['index.html', 'about/index.html'];\n"
        "export default { build: { rollupOptions: { input } } };\n"
    )
    pages = {
        "/about": "about/index.html",
        "/about/": "about/index.html",
        "/contact": "public/contact.html",
        "/team/": "public/team/index.html",
        "/elsewhere": "my-app",
        "/": "my-app",
    }
    with (
        engine.temporary_image(directory) as image,
        engine.run(image, OnNetwork(network="bridge")) as container,
    ):
        assert container.wait_healthy(PATIENCE).status == "healthy"
        for path, title in pages.items():
            status, body = get(container, path)
            assert status == 200
            assert f"<title>{title}</title>" in body.decode(), path


@pytest.mark.parametrize(
    "name", [name for name, server in SERVERS.items() if server.keeps_connections]
)
def test_an_idle_connection_outlives_a_balancer_s(name: str, running: dict[str, Running]) -> None:
    """The load balancer must close the connection first, or requests get lost."""
    assert running[name].kept.result(), "the service hung up"


@pytest.fixture(scope="module")
def stopped(running: dict[str, Running]) -> dict[str, Stopped]:
    """How they stop, all at once, with a stream in the air that is a minute old."""
    streaming = {name: one for name, one in running.items() if one.stream}
    for one in streaming.values():
        one.kept.result()
        assert one.stream is not None
        drain(one.stream)
        assert b"tick" in one.stream.recv(1000)
    with ThreadPoolExecutor(len(streaming)) as pool:
        ends = pool.map(lambda one: one.container.stop(10), streaming.values())
        return dict(zip(streaming, ends, strict=True))


# The last one of this file, because it ends what the others ask.
@pytest.mark.parametrize("name", [name for name, server in SERVERS.items() if server.streams])
def test_a_stream_lives_until_the_stop_cuts_it_off(
    name: str, running: dict[str, Running], stopped: dict[str, Stopped]
) -> None:
    """A response may never end. The stop succeeds, and the log says what it cut off."""
    assert stopped[name].exit_code == 0
    assert SERVERS[name].words in running[name].container.logs()


def drain(stream: socket.socket) -> None:
    """Take what has come so far."""
    stream.settimeout(0.2)
    with contextlib.suppress(TimeoutError):
        while stream.recv(1 << 16):
            pass
    stream.settimeout(10)
