"""Each cell's project, built and run on a real engine by its own compose.yaml."""

import http.client
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from dockgen import engine
from dockgen.checks import Finding, Observation, Rule
from dockgen.checks import image as image_rules
from dockgen.checks import running as running_rules
from dockgen.engine import BuildError, Container, HealthTiming, Response, RunOptions
from dockgen.image import Image
from dockgen.matrix import Language
from dockgen.observe import process_of
from dockgen.project import Project

# How to break the app, and what its language's test runner then says.
BROKEN = {
    Language.GO: ("handlers.go", ("GET /{$}", "GET /gone"), "--- FAIL: "),
    Language.PYTHON: ("app/main.py", ('get("/")', 'get("/gone")'), "FAILED tests/"),
    Language.NODE: ("src/app.js", ("get('/',", "get('/gone',"), "fail 1"),
}

# A route that answers after half a second: the file, and texts in it with what takes their place.
SLOW_ROUTE = {
    Language.GO: (
        "handlers.go",
        (
            ('"net/http"\n', '"net/http"\n\t"time"\n'),
            (
                'mux.HandleFunc("GET /healthz"',
                'mux.HandleFunc("GET /slow", func(w http.ResponseWriter, r *http.Request) {\n'
                "\t\ttime.Sleep(time.Second / 2)\n\t})\n"
                '\tmux.HandleFunc("GET /healthz"',
            ),
        ),
    ),
    Language.PYTHON: (
        "app/main.py",
        (
            ("from fastapi", "import asyncio\n\nfrom fastapi"),
            (
                '@app.get("/healthz")',
                '@app.get("/slow")\nasync def slow() -> None:\n    await asyncio.sleep(0.5)\n\n\n'
                '@app.get("/healthz")',
            ),
        ),
    ),
    Language.NODE: (
        "src/app.js",
        (
            (
                "app.get('/healthz'",
                "app.get('/slow', (_request, response) => {\n"
                "  setTimeout(() => response.end(), 500);\n});\n\napp.get('/healthz'",
            ),
        ),
    ),
}

# A container that doesn't get there in this time never will, in seconds.
PATIENCE = 60
# A health check that notices within seconds.
QUICK = HealthTiming(interval_seconds=0.5, timeout_seconds=1, retries=1)

Edit = Callable[..., Path]


@pytest.fixture
def edited(project: Project, tmp_path: Path) -> Edit:
    """Make a copy of the project in which texts of one file are replaced."""

    def edit(name: str, *replacements: tuple[str, str]) -> Path:
        copy = tmp_path / "copy"
        shutil.copytree(project.directory, copy)
        content = (copy / name).read_text()
        for old, new in replacements:
            assert old in content
            content = content.replace(old, new, 1)
        (copy / name).write_text(content)
        return copy

    return edit


def connect(container: Container, port: int) -> http.client.HTTPConnection:
    """Connect to the container itself, or to the published port where only that can be reached.

    The engine's proxy for published ports ends with the container, and may take the last bytes of
    an answer with it.
    """
    state = container.inspect()
    direct = http.client.HTTPConnection(state.address, port, timeout=5)
    try:
        direct.connect()
    except OSError:  # an engine in a virtual machine
        return http.client.HTTPConnection("127.0.0.1", state.ports[port], timeout=5)
    return direct


def findings(of: Iterator[Finding]) -> list[Finding]:
    """A rule's findings as a list, which a failing test shows in full."""
    return list(of)


def test_builds(built_image: str) -> None:
    """`docker compose up --build --wait` builds it."""
    assert built_image.startswith("sha256:")


def test_turns_healthy(seen: Observation, project: Project) -> None:
    """It is healthy within its limit."""
    assert findings(running_rules.turns_healthy(seen, project)) == []


def test_answers_the_root_page(seen: Observation, project: Project) -> None:
    """GET / gives 200 at the port that compose.yaml publishes."""
    assert findings(running_rules.answers(seen, project)) == []


def test_answers_the_health_page(healthz: Response) -> None:
    """GET /healthz gives 200 to whoever asks from outside."""
    assert healthz.status == 200


def test_runs_as_non_root(image: Image, seen: Observation, project: Project) -> None:
    """The image says so by number, and the kernel says so of the process."""
    assert findings(image_rules.runs_as_non_root(image, project)) == []
    assert findings(running_rules.process_is_not_root(seen, project)) == []


def test_has_no_capability(seen: Observation, project: Project) -> None:
    """compose.yaml drops them all."""
    assert findings(running_rules.has_no_capability(seen, project)) == []


def test_cannot_gain_privileges(seen: Observation, project: Project) -> None:
    """compose.yaml forbids it."""
    assert findings(running_rules.cannot_gain_privileges(seen, project)) == []


def test_runs_behind_a_system_call_filter(seen: Observation, project: Project) -> None:
    """compose.yaml leaves the engine's own in place."""
    assert findings(running_rules.is_filtered(seen, project)) == []


def test_leaves_its_root_alone(seen: Observation, project: Project) -> None:
    """compose.yaml mounts the root read-only, and nothing in it changes."""
    assert findings(running_rules.leaves_root_alone(seen, project)) == []


def test_writes_nothing_to_a_writable_root(built_image: str, project: Project) -> None:
    """Nor does it change anything where it could."""
    options = RunOptions(port=project.port, read_only=False)
    with engine.run(built_image, options) as container:
        assert container.wait_healthy(PATIENCE).status == "healthy"
        assert container.get("/", port=project.port).status == 200
        assert container.diff() == ()


def test_stops(seen: Observation, project: Project) -> None:
    """SIGTERM ends it with exit code 0 within its limit."""
    assert findings(running_rules.stops(seen, project)) == []


def test_is_within_its_size_limit(
    image: Image, project: Project, record_property: Callable[[str, object], None]
) -> None:
    """The summed layer tars are within dockgen.toml's limit; sizes.py prints them in the end."""
    record_property(
        "size",
        {
            "cell": str(project.cell),
            "unpacked_bytes": image.unpacked_bytes,
            "gzip_bytes": image.gzip_bytes,
            "limit_bytes": project.limits.size_bytes,
        },
    )
    assert findings(image_rules.is_within_size(image, project)) == []


@pytest.mark.parametrize("rule", image_rules.RULES, ids=lambda rule: rule.code)
def test_image_holds(rule: Rule[Image], image: Image, project: Project) -> None:
    """Each rule about images holds."""
    assert findings(rule(image, project)) == []


def test_runs_under_any_user(built_image: str, project: Project) -> None:
    """A platform may pick the user: 12345 has no name and owns no file."""
    options = RunOptions(port=project.port, user="12345:12345")
    with engine.run(built_image, options) as container:
        assert container.wait_healthy(PATIENCE).status == "healthy"
        assert container.get("/", port=project.port).status == 200
        process = process_of(container, container.inspect())
        assert process is not None
        assert process.uids == (12345,) * 4


def test_turns_unhealthy(built_image: str, project: Project) -> None:
    """A service that hangs, so that its port stops answering, is found."""
    options = RunOptions(port=project.port, health=QUICK)
    with engine.run(built_image, options) as container:
        assert container.wait_healthy(PATIENCE).status == "healthy"
        container.signal("SIGSTOP")
        assert container.wait_unhealthy(PATIENCE).status == "unhealthy"


def test_answers_the_request_in_flight(project: Project, edited: Edit) -> None:
    """A stop waits for the answer: seen on a copy that has a slow route.

    The engine takes a container's network away the moment its process has ended. On a busy machine
    that can drop an answer which was sent in time, so two of three tries may lose it; a service
    that doesn't answer loses all of them.
    """
    name, replacements = SLOW_ROUTE[project.cell.language]
    with engine.temporary_image(edited(name, *replacements)) as tag:
        answered = [stop_during_a_request(tag, project)]
        while not answered[-1] and len(answered) < 3:
            answered.append(stop_during_a_request(tag, project))
    assert answered[-1]


def stop_during_a_request(tag: str, project: Project) -> bool:
    """Stop a container while it works on an answer; return whether that answer came."""
    with (
        engine.run(tag, RunOptions(port=project.port)) as container,
        ThreadPoolExecutor() as pool,
    ):
        assert container.wait_healthy(PATIENCE).status == "healthy"
        with closing(connect(container, project.port)) as connection:
            connection.request("GET", "/slow")
            # Connections are accepted in order: once this one is answered, the slow one is in work.
            assert container.get("/", port=project.port).status == 200
            stopping = pool.submit(container.stop, PATIENCE)
            try:
                answered = connection.getresponse().status == 200
            except (OSError, http.client.HTTPException):
                answered = False
        stopped = stopping.result()
    assert stopped.exit_code == 0
    assert stopped.seconds <= project.limits.stop_seconds
    return answered


def test_its_own_tests_pass(project: Project) -> None:
    """`docker build --target test .` needs no toolchain on the machine."""
    engine.build(project.directory, target="test")


def test_its_own_tests_can_fail(project: Project, edited: Edit) -> None:
    """An app that lost its first page breaks that build, because its own tests fail."""
    name, replacement, words = BROKEN[project.cell.language]
    with pytest.raises(BuildError) as caught:
        engine.build(edited(name, replacement), target="test")
    assert words in caught.value.log
