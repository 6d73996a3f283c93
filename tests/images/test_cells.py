"""Each language on each flavor, built and run with its own compose.yaml.

It is held to the contracts that starters are held to, and to those that take an edit of the app.
"""

import http.client
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from dockgen import engine
from dockgen.checks import Files, Observation, check_files, check_image, check_running
from dockgen.containerfiles import context, dockerfile
from dockgen.engine import BuildError, Container, RunOptions
from dockgen.image import Image
from dockgen.matrix import Language
from dockgen.project import Project
from dockgen.testing.plugin import PATIENCE
from dockgen.testing.test_contracts import *  # noqa: F403 - the contracts that starters are held to
from tests.images.conftest import sampled_cases

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


@sampled_cases
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
    assert project.port is not None
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


@sampled_cases
def test_its_own_tests_can_fail(project: Project, edited: Edit) -> None:
    """An app that lost its first page breaks that build, because its own tests fail."""
    name, replacement, words = BROKEN[project.cell.language]
    with pytest.raises(BuildError) as caught:
        engine.build(edited(name, replacement), target="test")
    assert words in caught.value.log


def test_no_rule_has_a_word_to_say(project: Project, image: Image, seen: Observation) -> None:
    """Warnings neither: those that a user sees are about what was changed."""
    files = Files(dockerfile.find(project.directory), context.read(project.directory))
    assert [
        *check_files(files, project.contract),
        *check_image(image, project.contract),
        *check_running(seen, project.contract),
    ] == []
