"""A pytest plugin: rendered projects, built images and running services of a template.

In a starter's tests, load it with `pytest_plugins = ["dockgen.testing.plugin"]` in conftest.py, or
by hand with `pytest -p dockgen.testing.plugin`. A test that uses one of the fixtures below runs
once for each case of the template. Each case is rendered, built and started once for all tests;
with pytest-xdist, by one worker (`-n 2 --dist loadgroup`).

It isn't an entry point: pytest would load it wherever dockgen is installed, and its fixtures' plain
names would clash with those of other projects.
"""

import functools
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from dockgen import cases, engine, lock, source
from dockgen.cases import Case
from dockgen.checks import Observation
from dockgen.containerfiles import dockerfile
from dockgen.containerfiles.composefile import Change
from dockgen.engine import BuildError, Container, Health, Response
from dockgen.errors import DockgenError, ProjectError, ToolMissingError
from dockgen.image import Image, sizes
from dockgen.image import saved as saved_image
from dockgen.matrix import Workload
from dockgen.project import Project, recorded
from dockgen.source import Source
from dockgen.targets.observe import observe
from dockgen.testing import names

# A container that isn't up after this time never will be, in seconds.
PATIENCE = 60
# How many lines of a log to show if a container doesn't start.
_LOG_LINES = 20

_CASES = pytest.StashKey[Sequence[Case]]()
_SIZES = pytest.StashKey[sizes.Sizes]()

pytest.register_assert_rewrite("dockgen.testing.test_contracts")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options; all names begin with ``--dockgen-``."""
    group = parser.getgroup("dockgen", "dockgen: proof for templates")
    group.addoption(
        "--dockgen-template",
        metavar="DIR",
        help="Test the starter template in DIR instead of dockgen's own templates.",
    )
    group.addoption(
        "--dockgen-trust",
        action="store_true",
        help="Let the starter template run its own code on this machine.",
    )
    group.addoption(
        "--dockgen-case",
        metavar="CASE",
        action="append",
        default=[],
        help="Test only this case, such as go-slim; repeatable.",
    )
    group.addoption(
        "--dockgen-builder",
        metavar="NAME",
        help="Build with this buildx builder, and load the images into the engine.",
    )
    group.addoption(
        "--dockgen-no-images",
        action="store_true",
        help="Skip every test that needs a container engine.",
    )
    group.addoption(
        "--dockgen-sizes", metavar="FILE", help="Write the measured sizes to FILE as JSON."
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that uses ``case`` once for each case, unless it parametrizes itself."""
    chosen = {
        name.strip()
        for mark in metafunc.definition.iter_markers("parametrize")
        for name in _names(mark)
    }
    if "case" not in metafunc.fixturenames or "case" in chosen:
        return
    found = [case.name for case in _cases(metafunc.config)]
    metafunc.parametrize("case", found, indirect=True, scope="session")


def pytest_itemcollected(item: pytest.Item) -> None:
    """Record a test's case, and send all tests of a case to the same worker."""
    case = _case_of(item)
    if case is None:
        return
    item.user_properties.append((names.CASE_PROPERTY, case.name))
    if item.get_closest_marker("xdist_group") is None:
        item.add_marker(pytest.mark.xdist_group(case.name))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect tests for other kinds of projects, and engine tests if so requested."""
    no_images = config.getoption("dockgen_no_images")
    left_out = [
        item
        for item in items
        if _is_for_others(item)
        or (no_images and "container_engine" in getattr(item, "fixturenames", ()))
    ]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


def pytest_configure(config: pytest.Config) -> None:
    """Prepare to collect sizes, and register the mark."""
    config.addinivalue_line("markers", "dockgen_kinds(*kinds): only for projects of these kinds")
    found: dict[str, sizes.Size] = {}
    config.stash[_SIZES] = found
    config.pluginmanager.register(_SizesOfRun(found), "dockgen-sizes-of-run")


class _SizesOfRun:
    """Collects what tests record; pytest-xdist's controller gets its workers' reports."""

    def __init__(self, found: dict[str, sizes.Size]) -> None:
        self._found = found

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call":
            self._found.update(sizes.recorded(report.user_properties))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the file of sizes."""
    target = session.config.getoption("dockgen_sizes")
    if target and not hasattr(session.config, "workerinput"):
        path = Path(session.config.invocation_params.dir, target)
        path.write_text(sizes.dump(session.config.stash[_SIZES]), encoding="utf-8")


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Print the table of sizes, if any was measured."""
    measured = config.stash[_SIZES]
    if not measured:
        return
    terminalreporter.section("image sizes, MB of 10^6 bytes")
    lines = [sizes.head(compared=False)]
    lines += [sizes.cells(row, compared=False) for row in sizes.rows(measured)]
    for first, *others in lines:
        terminalreporter.write_line(f"{first:<24}{''.join(f'{text:>13}' for text in others)}")


@pytest.fixture(scope="session")
def container_engine(pytestconfig: pytest.Config) -> Iterator[None]:
    """Require an engine: tests that use it fail without one.

    No test is skipped: that would prove nothing.
    """
    builder = pytestconfig.getoption("dockgen_builder")
    try:
        engine.require()
        if builder:
            engine.require_builder(builder)
    except ToolMissingError as error:
        pytest.fail(_words(error), pytrace=False)
    with pytest.MonkeyPatch.context() as environment:
        if builder:
            # `docker build` and `docker compose` both read it.
            environment.setenv("BUILDX_BUILDER", builder)
        yield


@pytest.fixture(scope="session")
def template_source(pytestconfig: pytest.Config) -> Iterator[Source | None]:
    """The template to render projects from; None stands for dockgen's own."""
    directory = _template(pytestconfig)
    with ExitStack() as stack:
        if directory is None:
            yield None
            return
        trusted = bool(pytestconfig.getoption("dockgen_trust"))
        yield stack.enter_context(source.working_copy(directory, trusted=trusted))


@pytest.fixture(scope="session")
def case(request: pytest.FixtureRequest) -> Case:
    """The case under test; a test that names cases itself parametrizes it indirectly.

    It takes a case's name, or a Case.
    """
    return _find_case(request.config, request.param)


@pytest.fixture(scope="session")
def project(
    case: Case,
    template_source: Source | None,
    tmp_path_factory: pytest.TempPathFactory,
    request: pytest.FixtureRequest,
) -> Project:
    """The case's project, rendered into a folder called my-app; tests only read it."""
    directory = tmp_path_factory.mktemp(case.name) / "my-app"
    try:
        rendered = cases.render(case, directory, template_source)
        is_missing = lock.is_missing(directory, recorded(directory).answers)
        if is_missing and not request.config.getoption("dockgen_no_images"):
            request.getfixturevalue("container_engine")
            engine.build(directory, target="lock", output=directory)
    except DockgenError as error:
        pytest.fail(_words(error), pytrace=False)
    return rendered


@pytest.fixture(scope="session")
def compose_name(
    case: Case, container_engine: None, testrun_uid: str, worker_id: str
) -> Iterator[str]:
    """A unique name for `docker compose`; what it makes is removed at the end."""
    del container_engine  # the engine has to answer first
    name = f"{names.compose_prefix(testrun_uid)}{case.name}-{worker_id}"
    yield name
    engine.remove_composed(name)


@pytest.fixture(scope="session")
def service(
    project: Project, compose_name: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Container]:
    """The project's container, started with its own compose.yaml as by `dockgen check`.

    It may not turn healthy: the contracts report what is wrong with it.
    """
    # A worker that is killed doesn't clean up itself.
    near = tmp_path_factory.mktemp("compose")
    with ExitStack() as stack:
        try:
            # A template is its author's own, and private packages need a file of the user's.
            composed = stack.enter_context(
                engine.prepare(project.directory, trusted=True, name=compose_name, near=near)
            )
            composed.build()
            container = stack.enter_context(composed.running(Change(port=project.port)))
        except DockgenError as error:
            pytest.fail(_not_started(error), pytrace=False)
        yield container


@pytest.fixture(scope="session")
def first_health(service: Container, project: Project) -> Health:
    """How the container turned healthy, read early: the engine keeps only five probes.

    A job has no health check, and isn't waited for.
    """
    return service.wait_healthy(0 if project.kind is Workload.JOB else PATIENCE)


@pytest.fixture(scope="session")
def built_image(service: Container, first_health: Health) -> str:
    """The id of the image that the container was made from."""
    del first_health  # read it first, because long builds may follow
    return service.inspect().image


@pytest.fixture(scope="session")
def image(built_image: str, project: Project, tmp_path_factory: pytest.TempPathFactory) -> Image:
    """The image as data."""
    saved = tmp_path_factory.mktemp("saved") / "image.tar"
    engine.save(built_image, saved)
    found = dockerfile.find(project.directory)
    try:
        return saved_image.read(saved, _base_layers(found.base if found else None))
    finally:
        saved.unlink()


@pytest.fixture(scope="session")
def healthz(service: Container, project: Project) -> Response | None:
    """The response to GET /healthz before the container is stopped, or None."""
    if project.port is None:
        return None
    try:
        return service.get("/healthz", port=project.port)
    except ProjectError:
        return None


@pytest.fixture(scope="session")
def seen(
    service: Container, first_health: Health, project: Project, healthz: Response | None
) -> Observation:
    """The observation of the container from start to stop: it doesn't run after this."""
    del healthz  # request it first, because watching ends with a stop
    if project.kind is Workload.JOB:
        # It may have ended long ago; it is observed from its start.
        service.wait_ended(project.limits.run_seconds)
        service.start()
    return replace(observe(service, project.contract), healthy_seconds=first_health.seconds)


# Many cases have the same base.
_base_layers = functools.cache(engine.base_layers)


def _template(config: pytest.Config) -> Path | None:
    given = config.getoption("dockgen_template")
    return Path(config.invocation_params.dir, given).resolve() if given else None


def _cases(config: pytest.Config) -> Sequence[Case]:
    if _CASES not in config.stash:
        try:
            found = cases.load(_template(config))
            config.stash[_CASES] = cases.select(found, config.getoption("dockgen_case"))
        except DockgenError as error:
            pytest.fail(_words(error), pytrace=False)
    return config.stash[_CASES]


def _find_case(config: pytest.Config, given: Case | str) -> Case:
    if isinstance(given, Case):
        return given
    (chosen,) = cases.select(_cases(config), [given])
    return chosen


def _case_of(item: pytest.Item) -> Case | None:
    """Return a test's case; None if it has none, or another parameter of that name."""
    callspec = getattr(item, "callspec", None)
    given = callspec and callspec.params.get("case")
    return _find_case(item.config, given) if isinstance(given, Case | str) else None


def _is_for_others(item: pytest.Item) -> bool:
    mark, case = item.get_closest_marker("dockgen_kinds"), _case_of(item)
    return mark is not None and case is not None and case.kind not in mark.args


def _names(mark: pytest.Mark) -> Sequence[str]:
    """Return the parameters of a mark, given as "one, other" or as a list."""
    found = mark.args[0] if mark.args else mark.kwargs["argnames"]
    return found.split(",") if isinstance(found, str) else found


def _not_started(error: DockgenError) -> str:
    """Say why there is no container, with the end of its output."""
    log = error.log.splitlines() if isinstance(error, BuildError) else []
    lines = [line.rstrip() for line in log if line.strip()]
    return "\n".join([_words(error), *lines[-_LOG_LINES:]])


def _words(error: DockgenError) -> str:
    return f"{error.message}\ntry: {error.hint}" if error.hint else error.message
