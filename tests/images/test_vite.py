"""The site that Vite builds and nginx serves: its responses, and a stop during requests."""

import gzip
import http.client
import re
import secrets
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from dockgen import cases, engine
from dockgen.cases import Case
from dockgen.engine import BuildError, Container, RunOptions, Stopped
from dockgen.project import Project
from dockgen.testing.plugin import PATIENCE
from dockgen.testing.test_contracts import healthy
from tests.images import steps, test_reproducible
from tests.images.conftest import in_release
from tests.images.test_reproducible import image_store  # noqa: F401 - a fixture
from tests.variants import VARIANTS

# The package managers build the same site.
SITES = {
    str(case.answers["flavor"]): case
    for case in VARIANTS
    if case.answers.get("framework") == "vite" and "package_manager" not in case.answers
}
each_site = pytest.mark.parametrize(
    "case", SITES.values(), indirect=True, ids=lambda case: case.name
)
# For what the two flavors do alike.
one_site = pytest.mark.parametrize(
    "case",
    [SITES["alpine"], *in_release(SITES["slim"])],
    indirect=True,
    ids=lambda case: case.name,
)

# More than all buffers hold between nginx and a client that takes nothing, in bytes.
LARGE = 64_000_000
# More than a kernel keeps of a connection, in bytes.
BUFFERED = 8_000_000

# Another port than the one that no one has to ask for.
PORT = 9000


@dataclass(frozen=True)
class Answer:
    """What nginx answers."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes


class Stop(threading.Thread):
    """Stops a container while the test goes on. In the end, ``stopped`` is how it ended."""

    stopped: Stopped

    def __init__(self, container: Container) -> None:
        super().__init__(daemon=True)
        self.container = container
        self.start()

    def run(self) -> None:
        """Stop it as `docker stop` does by default."""
        self.stopped = self.container.stop(10)

    def wait(self) -> Stopped:
        """Wait until it has ended."""
        self.join(PATIENCE)
        return self.stopped


@pytest.fixture(scope="session")
def site(built_image: str) -> Iterator[int]:
    """The port of this machine at which a container serves the site."""
    with healthy(built_image, RunOptions(port=8080)) as container:
        yield container.inspect().ports[8080]


@pytest.fixture(scope="session")
def large_image(case: Case, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The image of a site on another port, with a file that takes long to send."""
    directory = tmp_path_factory.mktemp(f"large-{case.name}") / "my-app"
    cases.render(Case(case.name, {**case.answers, "port": str(PORT)}), directory)
    with (directory / "public/large.bin").open("wb") as large:
        large.truncate(LARGE)
    with engine.temporary_image(directory) as tag:
        yield tag


@pytest.fixture
def container(large_image: str) -> Iterator[Container]:
    """A container that serves that site, and that the test may stop."""
    with healthy(large_image, RunOptions(port=PORT)) as container:
        yield container


def ask(port: int, path: str, **headers: str) -> Answer:
    """GET a path, with headers whose names have underscores for dashes."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request("GET", path, headers=names)
        answer = connection.getresponse()
        return Answer(answer.status, answer.headers, answer.read())


def asset(port: int, suffix: str) -> str:
    """Return the path of the script or style that the page loads."""
    found = re.search(rf'"(/assets/[^"]+{suffix})"', ask(port, "/").body.decode())
    assert found, f"the page names no {suffix}"
    return found[1]


def connect(container: Container) -> socket.socket:
    """Open a connection to a container."""
    address = ("127.0.0.1", container.inspect().ports[PORT])
    return socket.create_connection(address, timeout=PATIENCE)


def wait_until_closed(container: Container) -> None:
    """Wait until a container takes no connections any more: its stop has begun."""
    address = container.inspect().address
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            socket.create_connection((address, PORT), timeout=1).close()
        except OSError:
            return
        time.sleep(0.05)
    pytest.fail("it goes on taking connections")


def begin_download(container: Container) -> socket.socket:
    """Ask for the large file, and take no more than the begin of it."""
    connection = connect(container)
    connection.sendall(b"GET /large.bin HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n")
    assert connection.recv(15) == b"HTTP/1.1 200 OK"
    return connection


# What it answers.


@each_site
def test_the_page_is_asked_for_anew_each_time(site: int) -> None:
    """A browser that kept it would load the scripts of the last release.

    By its tag, it isn't sent again if it is the same.
    """
    page = ask(site, "/")
    assert page.status == 200
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert page.headers["Cache-Control"] == "no-cache"
    again = ask(site, "/", If_None_Match=page.headers["ETag"])
    assert (again.status, again.body) == (304, b"")


# Newer releases of nginx know the script's other name, too.
ASSETS = {"js": ("application/javascript", "text/javascript"), "css": ("text/css",)}


@each_site
@pytest.mark.parametrize(("suffix", "types"), ASSETS.items(), ids=str)
def test_an_asset_is_kept_for_good(site: int, suffix: str, types: tuple[str, ...]) -> None:
    """Its name is a hash of its content. The type is what browsers run or apply."""
    answer = ask(site, asset(site, suffix))
    assert answer.status == 200
    assert answer.headers.get_content_type() in types
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"


@each_site
def test_a_file_of_public_is_served(site: int) -> None:
    """It keeps its name, so a browser asks for it again."""
    icon = ask(site, "/favicon.svg")
    assert icon.headers["Content-Type"] == "image/svg+xml"
    assert icon.headers["Cache-Control"] == "no-cache"


@each_site
def test_a_page_s_address_gives_the_page(site: int) -> None:
    """A reload of /about gets the page, whose script does the rest."""
    answer = ask(site, "/about")
    assert (answer.status, answer.body) == (200, ask(site, "/").body)
    assert answer.headers["Cache-Control"] == "no-cache"


@each_site
def test_a_missing_asset_is_not_found(site: int) -> None:
    """The response isn't a page, and must not be cached."""
    answer = ask(site, "/assets/gone.js")
    assert answer.status == 404
    assert answer.headers["Cache-Control"] is None
    assert answer.body != ask(site, "/").body


@each_site
def test_a_script_is_sent_compressed(site: int) -> None:
    """It is compressed for clients that accept it, and varies for caches."""
    path = asset(site, "js")
    plain, packed = ask(site, path), ask(site, path, Accept_Encoding="gzip")
    assert plain.headers["Content-Encoding"] is None
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.body) == plain.body
    assert len(packed.body) < len(plain.body)
    assert plain.headers["Vary"] == packed.headers["Vary"] == "Accept-Encoding"


@each_site
def test_the_health_page_is_json(site: int) -> None:
    """As in every other project."""
    answer = ask(site, "/healthz")
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.body == b'{"status":"ok"}'


@each_site
def test_headers_protect_and_betray_nothing(site: int) -> None:
    """Error pages have them, too."""
    for path in ("/", "/assets/gone.js", "/healthz"):
        headers = ask(site, path).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "strict-origin-when-cross-origin"
        assert headers["Server"] == "nginx"


# Its stop.


@each_site
def test_a_stop_lets_a_download_finish(container: Container) -> None:
    """It takes no new connection, but sends to the end what it has begun.

    The engine takes a container's network away the moment its process has ended. That can drop what
    nginx has handed over to the kernel and no one has fetched yet.
    """
    with begin_download(container) as connection:
        stop = Stop(container)
        wait_until_closed(container)
        head, _, body = b"".join(iter(lambda: connection.recv(1 << 20), b"")).partition(b"\r\n\r\n")
    assert f"Content-Length: {LARGE}".encode() in head
    assert LARGE - BUFFERED < len(body) <= LARGE
    assert stop.wait().exit_code == 0


@each_site
def test_a_client_that_takes_nothing_is_given_up(container: Container) -> None:
    """Before Docker would kill what still runs."""
    with begin_download(container):
        stopped = Stop(container).wait()
    assert stopped.exit_code == 0


@each_site
def test_connections_that_want_nothing_hold_no_stop_up(container: Container) -> None:
    """A browser opens some in advance, or stops within a request, and keeps one after an answer.

    nginx waits two seconds for what they ask for.
    """
    with (
        connect(container),
        connect(container) as halfway,
        connect(container) as idle,
    ):
        halfway.sendall(b"GET / HTTP/1.1\r\n")
        idle.sendall(b"GET /healthz HTTP/1.1\r\nHost: test\r\n\r\n")
        assert idle.recv(15) == b"HTTP/1.1 200 OK"
        stopped = container.stop(10)
    assert stopped.exit_code == 0
    assert stopped.seconds < 5


# Its build.


@one_site
def test_a_mistake_in_its_configuration_stops_the_build(project: Project, tmp_path: Path) -> None:
    """It is found before anybody starts the image."""
    copy = shutil.copytree(project.directory, tmp_path / "copy")
    configuration = copy / "nginx.conf"
    configuration.write_text(configuration.read_text().replace("root /srv;", "root /srv"))
    with pytest.raises(BuildError) as caught:
        engine.build(copy)
    assert "[emerg]" in caught.value.log


@one_site
def test_the_configuration_of_a_tool_is_read(project: Project, tmp_path: Path) -> None:
    """As it is on the machine: PostCSS and its like look for a file of their own."""
    copy = shutil.copytree(project.directory, tmp_path / "copy")
    (copy / "postcss.config.js").write_text("throw new Error('read by PostCSS');\n")
    with pytest.raises(BuildError) as caught:
        engine.build(copy)
    assert "read by PostCSS" in caught.value.log


@one_site
def test_a_site_without_public_builds(project: Project, tmp_path: Path) -> None:
    """Vite needs no such folder, and git keeps no empty one."""
    copy = tmp_path / "site"
    shutil.copytree(project.directory, copy)
    shutil.rmtree(copy / "public")
    engine.build(copy)


@one_site
def test_an_install_without_the_compiler_fails(project: Project, tmp_path: Path) -> None:
    """A step that succeeds is kept, and the next build would fail on it, too."""
    copy = shutil.copytree(project.directory, tmp_path / "copy")
    dockerfile = copy / "Dockerfile"
    stage = "FROM toolchain AS packages\n"
    # What is left out here is left out, too, if it can't be downloaded.
    without = f"{stage}ENV NPM_CONFIG_OMIT=optional\n"
    dockerfile.write_text(dockerfile.read_text().replace(stage, without))
    with pytest.raises(BuildError) as caught:
        engine.build(copy)
    assert re.search(r'process "/bin/sh -c node \S+ npm ci .* did not complete', caught.value.log)


@pytest.fixture(scope="session")
def line() -> tuple[str, str]:
    """A line of the site's source."""
    return "src/pages.js", "Hello, world"


@each_site
def test_an_edited_line_runs_no_more_than_it_must(
    cached: Project, line: tuple[str, str], tmp_path: Path
) -> None:
    """Packages stay; the site is built and copied again."""
    copy = shutil.copytree(cached.directory, tmp_path / "copy")
    steps.edit_source(copy, line, secrets.token_hex())
    expected = ["COPY . .", "RUN npm run build", "COPY --from=site"]
    run = steps.build(copy).run
    assert [step[: len(start)] for step, start in zip(run, expected, strict=True)] == expected


@pytest.mark.release
@each_site
@pytest.mark.xdist_group("no-cache")
@pytest.mark.usefixtures("image_store")
def test_two_clones_give_the_same_layers(project: Project, tmp_path: Path) -> None:
    """Other folder, other time, other umask, and each step run once more."""
    one = test_reproducible.clone(project, tmp_path / "one")
    two = test_reproducible.clone(project, tmp_path / "two", age=5000, strict=True)
    steps.exchange_caches(two, test_reproducible.OWN)
    first = test_reproducible.build(one, tmp_path / "first")
    second = test_reproducible.build_anew(two, tmp_path / "second", rewrite=True)
    assert second.layers == first.layers


@each_site
def test_a_strict_umask_hides_no_file(project: Project, tmp_path: Path) -> None:
    """The site and its configuration can be read, even if only their owner could in the project."""
    strict = test_reproducible.clone(project, tmp_path / "strict", strict=True)
    with (
        engine.temporary_image(strict) as tag,
        healthy(tag, RunOptions(port=8080)) as container,
    ):
        port = container.inspect().ports[8080]
        assert [ask(port, path).status for path in ("/", "/favicon.svg", asset(port, "js"))] == [
            200, 200, 200,
        ]  # fmt: skip
