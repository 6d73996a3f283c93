"""Python's other frameworks, kinds and package managers.

`test_variants.py` holds them to the contracts of all projects.
"""

import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from dockgen import engine, template
from dockgen.engine import Container, HealthTiming, RunOptions
from dockgen.errors import ProjectError
from dockgen.matrix import Language
from dockgen.project import load
from tests.images import steps
from tests.images.conftest import in_release
from tests.images.test_cells import stop_during_a_request
from tests.images.test_lint import LINT
from tests.images.test_reproducible import (
    OWN,
    build,
    build_anew,
    clone,
    image_store,  # noqa: F401 - a fixture
)
from tests.variants import PYTHON_INDEX

PATIENCE = 60
PORT = 8080
QUICK = HealthTiming(interval_seconds=0.5, timeout_seconds=1, retries=1)

APPS = {
    "fastapi": {"framework": "fastapi"},
    "flask": {"framework": "flask"},
    "stdlib": {"framework": "stdlib"},
    "worker": {"kind": "worker"},
    "job": {"kind": "job"},
}

# Frameworks for what hardly depends on them.
MOSTLY_FLASK = ["flask", *in_release("fastapi", "stdlib")]


def render(folder: Path, **answers: str) -> Path:
    """Return a project with these answers, by default in Python on slim."""
    given = {"name": "my-app", "language": "python", "flavor": "slim", **answers}
    return template.render(folder / "my-app", given, ask=()).directory


def replace(file: Path, old: str, new: str) -> None:
    """Replace a text that the file has once."""
    text = file.read_text()
    assert text.count(old) == 1, text
    file.write_text(text.replace(old, new))


def wait_for(words: str, logs: Callable[[], str]) -> None:
    """Wait until they were logged."""
    deadline = time.monotonic() + PATIENCE
    while words not in logs() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert words in logs()


# A route that takes its time, for each framework.
SLOW = {
    "flask": (
        "app = Flask(__name__)\n",
        """app = Flask(__name__)


@app.get("/slow")
def slow() -> dict[str, str]:
    import time

    time.sleep(0.5)
    return {}
""",
    ),
    "stdlib": (
        "ROUTES: dict[str, Callable[[], dict[str, str]]] = {\n",
        """def slow() -> dict[str, str]:
    import time

    time.sleep(0.5)
    return {}


ROUTES: dict[str, Callable[[], dict[str, str]]] = {
    "/slow": slow,
""",
    ),
}


@pytest.mark.parametrize("framework", SLOW)
def test_a_stop_finishes_requests_in_flight(framework: str, tmp_path: Path) -> None:
    """They are answered. An engine may drop an answer that was sent in time, so two may be."""
    project = render(tmp_path, framework=framework)
    replace(project / "app/main.py", *SLOW[framework])
    with engine.temporary_image(project) as image:
        answered = [stop_during_a_request(image, load(project))]
        while not answered[-1] and len(answered) < 3:
            answered.append(stop_during_a_request(image, load(project)))
    assert answered[-1]


@pytest.mark.parametrize("framework", ["fastapi", "flask", "stdlib"])
def test_a_silent_connection_holds_no_stop_up(framework: str, tmp_path: Path) -> None:
    """A connection that has sent nothing may stay open, but doesn't delay a stop."""
    project = render(tmp_path, framework=framework)
    connect = (
        "import socket, time; connection = socket.create_connection(('127.0.0.1', 8080));"
        " print('connected', flush=True); time.sleep(60)"
    )
    with (
        engine.temporary_image(project) as image,
        engine.run(image, RunOptions(port=PORT)) as container,
        ThreadPoolExecutor() as pool,
    ):
        assert container.wait_healthy(PATIENCE).status == "healthy"
        client = pool.submit(container.execute, "python", "-c", connect)
        wait_for_connection(container)
        stopped = container.stop(PATIENCE)
        assert client.exception(PATIENCE) is not None
    assert stopped.exit_code == 0
    assert stopped.seconds < 9


# A route that never ends, for each framework.
HANGS = {
    "fastapi": (
        "app = FastAPI(title=NAME)\n",
        """app = FastAPI(title=NAME)


@app.get("/hang")
def hang() -> dict[str, str]:
    import time

    time.sleep(3600)
    return {}
""",
    ),
    **{name: (old, new.replace("slow", "hang").replace("0.5", "3600"))
       for name, (old, new) in SLOW.items()},
}  # fmt: skip


@pytest.mark.parametrize("framework", HANGS)
def test_a_request_that_hangs_is_given_up(framework: str, tmp_path: Path) -> None:
    """Before Docker would kill what still runs."""
    project = render(tmp_path, framework=framework)
    replace(project / "app/main.py", *HANGS[framework])
    with (
        engine.temporary_image(project) as image,
        engine.run(image, RunOptions(port=PORT)) as container,
        ThreadPoolExecutor() as pool,
    ):
        assert container.wait_healthy(PATIENCE).status == "healthy"
        client = pool.submit(container.get, "/hang", PORT, PATIENCE)
        wait_for_connection(container, "[0-9A-F]{8}")
        stopped = container.stop(10)
        # uvicorn says so; the others just hang up.
        assert client.exception(PATIENCE) is not None or client.result().status == 500
    assert stopped.exit_code != 137, "Docker had to kill it"


@pytest.mark.parametrize("framework", ["fastapi", "flask", "stdlib"])
def test_the_health_check_says_which_host_it_asks(framework: str, tmp_path: Path) -> None:
    """Like every HTTP client, for frameworks with a list of trusted hosts."""
    project = render(tmp_path, framework=framework)
    heard = tmp_path / "heard"
    script = (
        "import socket, subprocess, sys;"
        " server = socket.create_server(('127.0.0.1', 0)); port = str(server.getsockname()[1]);"
        " asking = subprocess.Popen([sys.executable, sys.argv[1]], env={'PORT': port});"
        " connection = server.accept()[0]; open(sys.argv[2], 'wb').write(connection.recv(1000));"
        " connection.sendall(b'HTTP/1.0 200 OK\\r\\n\\r\\n'); connection.close();"
        " sys.exit(asking.wait())"
    )
    subprocess.run(
        [sys.executable, "-c", script, project / "app/healthcheck.py", heard],
        timeout=60,
        check=True,
    )
    assert b"\r\nHost: localhost\r\n" in heard.read_bytes()


def wait_for_connection(container: Container, address: str = "0100007F") -> None:
    """Wait until a client is connected, by what the kernel says of the network."""
    # Port 8080 as the server's address, in the state ESTABLISHED: on a socket for both families, it
    # is in the second file.
    connected = re.compile(rf"{address}:1F90 [0-9A-F]{{8,32}}:[0-9A-F]{{4}} 01 ")
    deadline = time.monotonic() + PATIENCE
    read = "print(open('/proc/net/tcp').read(), open('/proc/net/tcp6').read())"
    while not connected.search(container.execute("python", "-c", read)):
        assert time.monotonic() < deadline
        time.sleep(0.05)


# FastAPI imports what then fails, and for that there is none.
@pytest.mark.parametrize("app", sorted(set(APPS) - {"fastapi"}))
def test_all_that_is_imported_has_bytecode(app: str, tmp_path: Path) -> None:
    """Python tells where it takes the code of each module from."""
    project = render(tmp_path, **APPS[app])
    options = RunOptions(environment={"PYTHONVERBOSE": "1"})
    with engine.temporary_image(project) as image, engine.run(image, options) as container:
        if app == "job":
            container.wait_ended(PATIENCE)
        else:
            assert container.wait_healthy(PATIENCE).status == "healthy"
        logs = container.logs()
    sources = set(re.findall(r"# code object from (/\S+\.py)", logs))
    # The project's own source is compiled as it is loaded.
    assert {path for path in sources if not path.startswith("/app/app/")} == set()
    assert "/app/app/main.py" in sources


@pytest.mark.parametrize("app", ["flask", "worker", *in_release("stdlib", "job")])
def test_source_passes_its_linters(app: str, tmp_path: Path) -> None:
    """Nothing to format, and no findings, with the settings of the project."""
    project = render(tmp_path, **APPS[app])
    with (project / "Dockerfile").open("a") as dockerfile:
        dockerfile.write(LINT[Language.PYTHON])
    engine.build(project, target="lint")


def test_a_worker_whose_work_hangs_turns_unhealthy(tmp_path: Path) -> None:
    """Its process lives and says nothing: only the heartbeat tells."""
    project = render(tmp_path, kind="worker")
    hang = '    logger.info("worked")\n    if HEARTBEAT.exists():\n        time.sleep(3600)\n'
    main = project / "app/main.py"
    replace(main, '    logger.info("worked")\n', hang)
    replace(main, "import logging\n", "import logging\nimport time\nfrom pathlib import Path\n")
    replace(main, "\n\ndef work", '\nHEARTBEAT = Path("/tmp/heartbeat")\n\n\ndef work')
    options = RunOptions(health=QUICK, environment={"HEARTBEAT_SECONDS": "3"})
    with engine.temporary_image(project) as image, engine.run(image, options) as container:
        assert container.wait_healthy(PATIENCE).status == "healthy"
        assert container.wait_unhealthy(PATIENCE).status == "unhealthy"
        probe = container.inspect().probes[-1]
        assert re.fullmatch(r"the last heartbeat was \d+ seconds ago", probe.output.strip())


def test_a_worker_without_a_heartbeat_is_unhealthy(tmp_path: Path) -> None:
    """It writes to another file than the one that is looked at."""
    project = render(tmp_path, kind="worker")
    main = project / "app/__main__.py"
    replace(main, '"/tmp/heartbeat"', '"/tmp/elsewhere"')
    with (
        engine.temporary_image(project) as image,
        engine.run(image, RunOptions(health=QUICK)) as container,
    ):
        wait_for("worked", container.logs)
        with pytest.raises(ProjectError, match="no heartbeat: "):
            container.execute("python", "-IS", "/app/app/healthcheck.py")


def locked(project: Path) -> None:
    """Run the lock target, as the read-me says."""
    engine.build(project, target="lock", output=project)


@pytest.mark.parametrize("framework", MOSTLY_FLASK)
def test_pip_takes_what_the_lock_target_writes(framework: str, tmp_path: Path) -> None:
    """Its format is that of the template's own file."""
    project = render(tmp_path, framework=framework)
    before = (project / "requirements.txt").read_text()
    locked(project)
    assert names(project / "requirements.txt", r"^([\w-]+)==") == set(
        re.findall(r"^([\w-]+)==", before, re.MULTILINE)
    )
    engine.build(project, target="test")


@pytest.mark.parametrize("framework", MOSTLY_FLASK)
def test_poetry_takes_what_the_lock_target_writes(framework: str, tmp_path: Path) -> None:
    """It has the packages of the template's own file, for all versions of Python."""
    answers = {"package_manager": "poetry", "package_index": PYTHON_INDEX}
    project = render(tmp_path, framework=framework, **answers)
    packages = names(project / "poetry.lock", r'^name = "(.+)"')
    content_hash = names(project / "poetry.lock", r'^content-hash = "(.+)"')
    locked(project)
    assert names(project / "poetry.lock", r'^name = "(.+)"') == packages
    assert names(project / "poetry.lock", r'^content-hash = "(.+)"') == content_hash
    engine.build(project, target="test")


def names(file: Path, pattern: str) -> set[str]:
    """Return what a pattern finds in a file."""
    return set(re.findall(pattern, file.read_text(), re.MULTILINE))


CHECK = """
FROM toolchain AS check
COPY pyproject.toml poetry.lock ./
RUN poetry check --lock --strict
"""


@pytest.mark.parametrize("framework", MOSTLY_FLASK)
@pytest.mark.parametrize("index", ["https://mirror.example.com/simple/", *in_release("")])
def test_poetry_accepts_the_lock_file_for_any_answers(
    index: str, framework: str, tmp_path: Path
) -> None:
    """Its hash is of what is in pyproject.toml, which the answers decide."""
    for name, version in (("one", "3.14"), ("two", "3.12"), ("three", "3.13.2")):
        answers = {"package_manager": "poetry", "language_version": version}
        project = render(tmp_path / name, framework=framework, name=name, **answers)
        if index:
            shutil.rmtree(project)
            project = render(tmp_path / name, framework=framework, package_index=index, **answers)
        dockerfile = project / "Dockerfile"
        text = dockerfile.read_text().replace(
            f"python:{version}-slim-trixie", "python:3.14-slim-trixie"
        )
        # Poetry itself comes from where it can be had.
        text = text.replace(f"PIP_INDEX_URL={index}", f"PIP_INDEX_URL={PYTHON_INDEX}")
        dockerfile.write_text(text + CHECK)
        engine.build(project, target="check")


def test_poetry_refuses_a_lock_file_of_other_packages(tmp_path: Path) -> None:
    """The test above would find a hash that is wrong."""
    project = render(tmp_path, package_manager="poetry")
    replace(project / "pyproject.toml", "pytest>=9.2", "pytest>=9.1")
    with (project / "Dockerfile").open("a") as dockerfile:
        dockerfile.write(CHECK)
    with pytest.raises(engine.BuildError) as caught:
        engine.build(project, target="check")
    assert "pyproject.toml changed significantly" in caught.value.log


@pytest.mark.parametrize("framework", MOSTLY_FLASK)
def test_pdm_takes_what_the_lock_target_writes(framework: str, tmp_path: Path) -> None:
    """It is what the template has: the same packages, and the same hash of pyproject.toml.

    A lock file that lags behind stops the build.
    """
    project = render(tmp_path, framework=framework, package_manager="pdm", name="click")
    wanted = r'^(?:name|content_hash) = "(.+)"'
    before = names(project / "pdm.lock", wanted)
    locked(project)
    assert names(project / "pdm.lock", wanted) == before
    engine.build(project, target="test")
    replace(project / "pyproject.toml", "pytest>=9.2", "pytest>=9.1")
    with pytest.raises(engine.BuildError) as caught:
        engine.build(project, target="build")
    assert "Please run `pdm lock`" in caught.value.log


@pytest.mark.parametrize("manager", ["poetry", *in_release("pip", "uv", "pdm")])
def test_no_package_manager_ships(manager: str, tmp_path: Path) -> None:
    """Neither the one that installed the packages, nor pip."""
    index = {"package_index": PYTHON_INDEX} if manager == "poetry" else {}
    project = render(tmp_path, framework="flask", package_manager=manager, **index)
    if manager == "uv":
        locked(project)
    look = (
        "import importlib.util, shutil; print([name for name in ('pip', 'uv', 'poetry', 'pdm')"
        " if shutil.which(name) or importlib.util.find_spec(name)])"
    )
    with (
        engine.temporary_image(project) as image,
        engine.run(image, RunOptions(port=PORT)) as container,
    ):
        assert container.execute("python", "-c", look).strip() == "[]"


# It doesn't go together with others that use no cache.
@pytest.mark.release
@pytest.mark.xdist_group("no-cache")
@pytest.mark.usefixtures("image_store")
@pytest.mark.parametrize("manager", ["uv", "poetry"])
def test_two_clones_give_the_same_layers(manager: str, tmp_path: Path) -> None:
    """The copies differ in folder, time and umask, and nothing is cached."""
    index = {"package_index": PYTHON_INDEX} if manager == "poetry" else {}
    directory = render(tmp_path, framework="flask", package_manager=manager, **index)
    if manager == "uv":
        locked(directory)
    project = load(directory)
    one = clone(project, tmp_path / "one")
    two = clone(project, tmp_path / "elsewhere/two", age=5000, strict=True)
    steps.exchange_caches(two, OWN)
    first = build(one, tmp_path / "first")
    second = build_anew(two, tmp_path / "second", rewrite=True)
    assert second.layers == first.layers
