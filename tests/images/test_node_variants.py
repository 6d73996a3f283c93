"""Node's other frameworks, kinds and package managers.

tests/images/test_variants.py holds them to the contracts of all projects.
"""

import itertools
import json
import re
import secrets
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from dockgen import engine, template
from dockgen import project as projects
from dockgen.cases import Case
from dockgen.engine import BuildError, HealthTiming, RunOptions
from dockgen.project import Project
from dockgen.testing.plugin import PATIENCE
from tests.images import steps
from tests.images.conftest import in_release
from tests.images.test_cells import stop_during_a_request
from tests.images.test_reproducible import OWN, build, build_anew, clone, image_store
from tests.variants import VARIANTS

__all__ = ["image_store"]  # a fixture

MANAGERS = ("npm", "pnpm", "yarn")
LOCK_FILES = {"npm": "package-lock.json", "pnpm": "pnpm-lock.yaml", "yarn": "yarn.lock"}

Render = Callable[..., Path]


def pairs_of(first: Sequence[str], second: Sequence[str], *names: str) -> pytest.MarkDecorator:
    """Run a test for all pairs before a release, and in each run for one of each first value."""
    chosen = [(one, second[row % len(second)]) for row, one in enumerate(first)]
    others = [pair for pair in itertools.product(first, second) if pair not in chosen]
    return pytest.mark.parametrize(names, [*chosen, *in_release(*others)])


@pytest.fixture
def render(tmp_path: Path) -> Render:
    """Render a project of Node on slim, with these answers besides."""

    def make(**answers: str) -> Path:
        given = {"name": "my-app", "language": "node", "flavor": "slim", **answers}
        return template.render(tmp_path / "my-app", given, ask=()).directory

    return make


def edit(path: Path, old: str, new: str) -> None:
    """Replace a text that is in a file once."""
    text = path.read_text()
    assert text.count(old) == 1, text
    path.write_text(text.replace(old, new))


def lock(directory: Path) -> None:
    """Make the lock file again, as the project's README says."""
    anew = ["docker", "build", "--no-cache-filter=resolve", "--target=lock", "--output=.", "."]
    done = subprocess.run(anew, cwd=directory, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr


# Lock files.


@pairs_of(MANAGERS, ["express", "fastify", "stdlib"], "manager", "framework")
def test_the_lock_target_writes_what_the_build_takes(
    render: Render, manager: str, framework: str
) -> None:
    """From nothing, and with one more dependency; no address is in it."""
    directory = render(framework=framework, package_manager=manager)
    manifest = json.loads((directory / "package.json").read_text())
    manifest.setdefault("dependencies", {})["picocolors"] = "1.1.1"
    (directory / "package.json").write_text(json.dumps(manifest))
    if manager == "yarn":
        # From nothing it opens fifty connections at once, and not each proxy bears that.
        with (directory / ".yarnrc.yml").open("a") as settings:
            settings.write("networkConcurrency: 8\n")
    written = directory / LOCK_FILES[manager]
    written.unlink()
    lock(directory)
    # The addresses that npm keeps are those of people who take donations.
    text = re.sub(r'"url": "https?://\S+"', "", written.read_text())
    assert "picocolors" in text
    assert "://" not in text
    engine.build(directory, target="packages")


OUTDATED = {
    "npm": "`npm ci` can only install packages when",
    "pnpm": "ERR_PNPM_OUTDATED_LOCKFILE",
    "yarn": "YN0028",
}


@pytest.mark.parametrize("manager", MANAGERS)
def test_a_lock_file_that_lags_behind_stops_the_build(render: Render, manager: str) -> None:
    """Nothing is installed that the lock file doesn't name."""
    directory = render(package_manager=manager)
    edit(directory / "package.json", '"express": "', '"picocolors": "1.1.1",\n    "express": "')
    with pytest.raises(BuildError) as caught:
        engine.build(directory, target="packages")
    assert OUTDATED[manager] in caught.value.log


# What a project is called decides where Yarn's lock file has its own entry.
@pairs_of(["express", "fastify", "stdlib"], ["a", "express", "zz", "fastify"], "framework", "name")
def test_the_lock_file_fits_each_name(render: Render, framework: str, name: str) -> None:
    """Yarn takes it as it is, in its order."""
    engine.build(render(name=name, framework=framework, package_manager="yarn"), target="packages")


@pytest.mark.parametrize(
    ("version", "manager"),
    # pnpm asks whether its Node is as new as package.json wants, and this one isn't.
    [("22", "pnpm"), ("26", "npm"), *in_release(("22", "npm"), ("22", "yarn"), ("26", "yarn"))],
)
def test_the_lock_file_fits_each_version_of_node(
    render: Render, version: str, manager: str
) -> None:
    """Seen on another version's image, as there is no stand-in for each."""
    directory = render(language_version=version, package_manager=manager)
    edit(directory / "Dockerfile", f"FROM node:{version}-trixie-slim", "FROM node:24-trixie-slim")
    engine.build(directory, target="packages")


# What ships.

LOOK = """\

FROM toolchain AS look
RUN --mount=type=bind,from=packages,source=/app,target=/packages \\
    find /packages \\( -name '[A-Z]*.md' -o -name readme.md -o -name '*.js.map' \\
        -o -name '.modules.yaml' -o -name '.pnpm-workspace-state*' -o -name 'pnpm-workspace.yaml' \\
        -o -name '.yarn*' -o -name '.package-map.json' \\) ! -iname '*licen[cs]e*' \\
        ! -iname '*notice*' ! -iname 'copying*' >/found \\
    && cat /found && test ! -s /found
"""


@pairs_of(MANAGERS, ["express", "fastify"], "manager", "framework")
def test_what_only_people_and_managers_read_is_gone(
    render: Render, manager: str, framework: str
) -> None:
    """Read-me files, source maps, and what a manager notes for itself."""
    directory = render(framework=framework, package_manager=manager)
    with (directory / "Dockerfile").open("a") as dockerfile:
        dockerfile.write(LOOK)
    engine.build(directory, target="look")


def of_variants(*names: str) -> pytest.MarkDecorator:
    """Run a test for these variants, as it doesn't go together with others that use no cache."""
    chosen: list[Case] = [variant for variant in VARIANTS if variant.name in names]
    assert len(chosen) == len(names)
    group = pytest.mark.xdist_group("no-cache")
    params = [pytest.param(variant, marks=group, id=variant.name) for variant in chosen]
    return pytest.mark.parametrize("case", params, indirect=True)


@pytest.mark.release
@of_variants("node-fastify-pnpm-slim", "node-fastify-yarn-alpine")
@pytest.mark.usefixtures("image_store")
def test_two_clones_give_the_same_layers(project: Project, tmp_path: Path) -> None:
    """The manager's own records would differ: times, and the order of entries."""
    words = secrets.token_hex()
    one = clone(project, tmp_path / "one", words=words)
    two = clone(project, tmp_path / "elsewhere/two", words=words, age=5000, strict=True)
    steps.exchange_caches(two, OWN)
    first = build(one, tmp_path / "first")
    second = build_anew(two, tmp_path / "second", rewrite=True)
    assert second.layers == first.layers


# Services.

SLOW = {
    "fastify": (
        "  app.get('/healthz'",
        "  app.get('/slow', async () => {\n"
        "    await new Promise((resolve) => setTimeout(resolve, 500));\n    return {};\n  });\n\n"
        "  app.get('/healthz'",
    ),
    "stdlib": (
        "  const { status, body } =",
        "  if (path === '/slow') {\n    setTimeout(() => response.end(), 500);\n    return;\n  }\n"
        "  const { status, body } =",
    ),
}


@pytest.mark.parametrize("framework", SLOW)
def test_answers_the_request_in_flight(render: Render, framework: str) -> None:
    """A stop waits for the answer. An engine may drop one that was sent in time, so two may be."""
    directory = render(framework=framework)
    edit(directory / "src/app.js", *SLOW[framework])
    loaded = projects.load(directory)
    with engine.temporary_image(directory) as tag:
        answered = [stop_during_a_request(tag, loaded)]
        while not answered[-1] and len(answered) < 3:
            answered.append(stop_during_a_request(tag, loaded))
    assert answered[-1]


# Workers.

HANGS = {
    # The process is idle, and waits for what never comes.
    "waits": "await new Promise(() => setInterval(() => {}, 60000))",
    # The process is busy, so that not even its timers run.
    "spins": "for (;;);",
}


@pytest.mark.parametrize("hang", HANGS)
def test_a_worker_that_hangs_turns_unhealthy(render: Render, hang: str) -> None:
    """After a good round, and the health check says why."""
    directory = render(kind="worker")
    hung = f"if (rounds++) {HANGS[hang]};"
    work = f"let rounds = 0;\n\nexport async function work() {{\n  {hung}\n}}\n"
    (directory / "src/work.js").write_text(work)
    options = RunOptions(
        health=HealthTiming(interval_seconds=0.5, timeout_seconds=2, retries=1),
        environment={"HEARTBEAT_SECONDS": "3"},
    )
    with (
        engine.temporary_image(directory) as tag,
        engine.run(tag, options) as container,
    ):
        assert container.wait_healthy(PATIENCE).status == "healthy"
        health = container.wait_unhealthy(PATIENCE)
    assert health.status == "unhealthy"
    assert "the last heartbeat was" in health.output


def test_a_worker_finishes_its_round(render: Render) -> None:
    """SIGTERM in the middle of one: it is finished, no other one is begun, the exit code is 0."""
    directory = render(kind="worker")
    work = (
        "export async function work() {\n"
        "  console.log('begun');\n"
        "  await new Promise((resolve) => setTimeout(resolve, 1000));\n"
        "  console.log('finished');\n}\n"
    )
    (directory / "src/work.js").write_text(work)
    with (
        engine.temporary_image(directory) as tag,
        engine.run(tag, RunOptions()) as container,
    ):
        assert container.wait_healthy(PATIENCE).status == "healthy"
        stopped = container.stop(PATIENCE)
        printed = container.logs().splitlines()
    assert stopped.exit_code == 0
    assert printed.count("begun") == printed.count("finished")
