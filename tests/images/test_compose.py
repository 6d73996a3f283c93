"""A project started with its own compose.yaml, isolated from what the user runs."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from dockgen import engine
from dockgen.containerfiles import composefile
from dockgen.containerfiles.composefile import Change
from dockgen.errors import ProjectError
from tests.conftest import Run

PATIENCE = 60
# A service that says what it sees of its surroundings, and writes to what is mounted.
DOCKERFILE = """\
FROM alpine:3.24
EXPOSE 8080
HEALTHCHECK --interval=1s --start-period=20s --start-interval=0.2s \\
  CMD ["wget", "-qO-", "localhost:8080"]
CMD ["sh", "-c", "echo $WORDS; echo new > /data/new; echo kept > /volume/x; \\
  mkdir /tmp/w; echo hello > /tmp/w/index.html; exec httpd -f -p 8080 -h /tmp/w"]
"""
COMPOSE = """\
services:
  web:
    build: .
    container_name: theirs
    environment:
      WORDS: "from $NAME in .env, ${SECRET_OF_THE_USER:-nothing of the user's}"
    ports: ["127.0.0.1:18999:8080"]
    tmpfs: [/tmp]
    mem_limit: 64m
    volumes:
      - ./data:/data
      - volume:/volume
    depends_on:
      db: {condition: service_healthy}
  db:
    image: alpine:3.24
    command: ["sleep", "600"]
    healthcheck: {test: ["CMD", "true"], interval: 1s}
volumes:
  volume: {name: precious}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with a service that nothing of dockgen's has made."""
    directory = tmp_path / "project"
    (directory / "data").mkdir(parents=True)
    (directory / "data/old").write_text("the user's own\n")
    os.mkfifo(directory / "data/pipe")
    (directory / "Dockerfile").write_text(DOCKERFILE)
    (directory / "compose.yaml").write_text(COMPOSE)
    (directory / ".env").write_text("NAME=words\n")
    return directory


@pytest.fixture
def theirs(project: Path) -> Iterator[None]:
    """The same project, as the user has it running: at its port, under its name, on its volume."""

    def compose(*words: str) -> None:
        subprocess.run(
            ["docker", "compose", "--project-directory", project, *words],
            check=True, capture_output=True,
        )  # fmt: skip

    compose("up", "--build", "--detach", "--wait")
    (project / "data/new").unlink()
    yield
    compose("down", "--volumes", "--timeout=0")


def volumes() -> list[str]:
    """Return the names of all volumes."""
    listed = subprocess.run(
        ["docker", "volume", "ls", "--quiet"], check=True, capture_output=True, text=True
    )
    return listed.stdout.split()


def test_a_run_stands_apart(project: Path, theirs: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside the user's own, with the file's settings, and nothing is left of it or changed."""
    del theirs
    monkeypatch.setenv("SECRET_OF_THE_USER", "hunter2")
    with engine.prepare(project) as composed:
        assert composed.main == "web"
        composed.build()
        with composed.running(Change()) as container:
            assert container.wait_healthy(PATIENCE).status == "healthy"
            assert container.get("/", 8080).body == b"hello\n"
            said = container.logs()
            state = container.inspect()
            name = composed.name
    assert said == "from words in .env, nothing of the user's\n"
    assert state.memory_bytes == 64 * 1024**2
    assert sorted(path.name for path in (project / "data").iterdir()) == ["old", "pipe"]
    # Other tests' volumes come and go on the same engine.
    assert [volume for volume in volumes() if name in volume] == []
    assert "precious" in volumes()
    assert engine.composed_projects(name) == ()
    # The user's own still runs.
    assert engine.composed(project.name, "web").inspect().health == "healthy"


def test_what_reaches_out_is_refused(project: Path) -> None:
    """Before anything is built; what was asked for is named, and the flag that allows it."""
    file = project / "compose.yaml"
    file.write_text(COMPOSE.replace("    tmpfs: [/tmp]", "    tmpfs: [/tmp]\n    pid: host"))
    with (
        pytest.raises(ProjectError, match="web: uses pid: host") as caught,
        engine.prepare(project),
    ):
        pass
    assert "--trust" in caught.value.hint
    with engine.prepare(project, trusted=True) as composed:
        assert composed.main == "web"


def test_a_file_that_leads_elsewhere_is_refused(project: Path, tmp_path: Path) -> None:
    """Variables of the user's own files would end up in the container."""
    (tmp_path / "credentials").write_text("NAME=hunter2\n")
    (project / ".env").unlink()
    (project / ".env").symlink_to(tmp_path / "credentials")
    with pytest.raises(ProjectError, match="leads out of"), engine.prepare(project):
        pass


def test_every_key_that_compose_writes_is_known(project: Path) -> None:
    """An ordinary file reaches nothing as `docker compose config` prints it."""
    model = engine.read_model(project)
    assert composefile.reaches(model, "web", project) == []


def test_what_services_are_to_each_other_is_kept(inline: Run, project: Path) -> None:
    """A container's name, a link, a build of another service, a dependency that isn't there."""
    (project / "Dockerfile").write_text(DOCKERFILE + "COPY --from=pages /etc/hostname /srv/\n")
    (project / "compose.yaml").write_text("""\
services:
  web:
    build:
      context: .
      additional_contexts: {pages: "service:pages"}
    command: ["sh", "-c", "ping -c1 my-db; ping -c1 sql; mkdir /tmp/w; touch /tmp/w/index.html; \
      exec httpd -f -p 8080 -h /tmp/w"]
    tmpfs: [/tmp]
    init: true
    links: ["db:sql"]
    depends_on: {debug: {condition: service_started, required: false}}
  pages: {build: {dockerfile_inline: "FROM alpine:3.24"}}
  db: {image: "alpine:3.24", container_name: my-db, command: ["sleep", "600"], init: true}
  debug: {image: "alpine:3.24", profiles: [debug]}
""")
    with engine.prepare(project, service="web") as composed:
        assert composed.contexts == ("pages",)
        composed.build()
        with composed.running(Change()) as container:
            assert container.wait_healthy(PATIENCE).status == "healthy"
            assert "bad address" not in container.logs()
    done = inline("check", str(project), "--service=web", "--select=DG002", "--no-gzip")
    assert done.returncode == 0
    assert "without a version" not in done.stdout


def test_a_network_is_shared(project: Path) -> None:
    """The ports of a service are published where its network is."""
    (project / "compose.yaml").write_text("""\
services:
  web: {build: ., network_mode: "service:vpn", tmpfs: [/tmp], init: true}
  vpn: {image: "alpine:3.24", command: ["sleep", "600"], init: true}
""")
    with engine.prepare(project) as composed:
        composed.build()
        with composed.running(Change(port=8080)) as container:
            assert container.wait_healthy(PATIENCE).status == "healthy"
            assert container.get("/", 8080).body == b"hello\n"


def test_the_service_that_failed_is_quoted(project: Path) -> None:
    """Not what others printed, nor what compose warns of."""
    (project / "compose.yaml").write_text("""\
services:
  web:
    build: .
    depends_on:
      migrate: {condition: service_completed_successfully}
      db: {condition: service_started}
  migrate: {image: "alpine:3.24", command: ["sh", "-c", "sleep 1; echo no table; exit 3"]}
  db: {image: "alpine:3.24", command: ["sh", "-c", "echo ready; sleep 600"]}
""")
    with engine.prepare(project) as composed:
        composed.build()
        with (
            pytest.raises(ProjectError, match=r"exit 3; it last printed: no table$"),
            composed.running(Change()),
        ):
            pass


def test_out_of_memory_is_told_as_that(inline: Run, tmp_path: Path) -> None:
    """A container that the kernel ended didn't ignore SIGTERM, and isn't slow."""
    inline("new", "my-app", "--language", "python", "--flavor", "slim")
    start = tmp_path / "my-app/app/__main__.py"
    start.write_text(f"held = bytearray(400_000_000)\n{start.read_text()}")
    done = inline("check", "my-app")
    assert done.returncode == 1
    assert "it ran out of memory: it needs more than its limit of 268 MB" in done.stdout
    assert "DG208" not in done.stdout.partition("DG201")[2].partition("DG208")[2]


def test_check_takes_the_projects_own_settings(inline: Run, tmp_path: Path) -> None:
    """A service that needs a variable gets it from compose.override.yaml, and is healthy."""
    inline("new", "my-app", "--language", "python", "--flavor", "slim")
    start = tmp_path / "my-app/app/__main__.py"
    start.write_text(f"import os\n\nos.environ['DATABASE_URL']\n{start.read_text()}")
    done = inline("check", "my-app")
    assert done.returncode == 1
    assert "DATABASE_URL" in done.stdout
    compose = tmp_path / "my-app/compose.yaml"
    lines = compose.read_text().replace(
        "    read_only: true",
        "    environment:\n      DATABASE_URL: sqlite://\n    read_only: true",
    )
    compose.write_text(lines)
    done = inline("check", "my-app")
    assert done.returncode == 0, done.stdout + done.stderr
