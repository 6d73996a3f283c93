"""Fixtures for all tests: render a project, and run dockgen as a user does."""

import gc
import itertools
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import copier
import pytest
import yaml

from dockgen import cli, matrix, signals, template
from dockgen.bundle import Manifest
from dockgen.errors import UsageError
from dockgen.matrix import Cell
from dockgen.source import Source
from tests import memory

ROOT = Path(__file__).resolve().parent.parent

# The developer's own settings, starters and team file must not affect a test.
os.environ["XDG_CONFIG_HOME"] = str(Path(__file__).parent / "no-settings")

PLAIN = {
    name: value
    for name, value in os.environ.items()
    if not name.startswith(("GIT_", "COPIER_", "DOCKGEN_")) and name not in {"NO_COLOR"}
}

# Each prints something at the end. pytest-xdist's controller loads only this conftest.
pytest_plugins = [
    "dockgen.testing.plugin",
    "tests.costs",
    "tests.images.bases",
    "tests.images.order",
    "tests.network",
    "tests.recall",
]

Run = Callable[..., "subprocess.CompletedProcess[str]"]
Render = Callable[[Cell], Path]
Released = Callable[[str, str, str], Path]
Make = Callable[..., Path]
PlainCopier = Callable[..., Path]


def pytest_sessionstart(session: pytest.Session) -> None:
    """Remove what killed runs left in memory."""
    if not hasattr(session.config, "workerinput"):
        memory.sweep()


def pytest_collection_finish() -> None:
    """Exclude from garbage collection what stays until the end, which is most objects."""
    gc.collect()
    gc.freeze()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect tests for a release, unless `-m` or a test's name asks for them."""
    if config.option.markexpr or any("::" in argument for argument in config.args):
        return
    left_out = [item for item in items if item.get_closest_marker("release")]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


def answers(project: Path) -> dict[str, object]:
    """Return the content of a project's answers file."""
    found: dict[str, object] = yaml.safe_load((project / ".copier-answers.yml").read_text())
    return found


@pytest.fixture(scope="module", autouse=True)
def temporary_folder(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    """Put temporary files in memory, except for images, which may be too large.

    copier and git make and delete thousands of files for an update. On a disk, that takes longer
    than everything else.
    """
    if request.path.is_relative_to(ROOT / "tests/images"):
        yield
        return
    with (
        memory.folder(otherwise=tmp_path_factory.mktemp("temporary")) as made,
        pytest.MonkeyPatch.context() as patches,
    ):
        patches.setitem(PLAIN, "TMPDIR", str(made))
        patches.setenv("TMPDIR", str(made))
        # tempfile has cached its folder.
        patches.setattr(tempfile, "tempdir", None)
        yield


@pytest.fixture
def dockgen(tmp_path: Path) -> Run:
    """Run dockgen in ``tmp_path`` as its own process, without a terminal."""

    def run(
        *arguments: str, environment: Mapping[str, str] | None = None
    ) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "dockgen", *arguments],
            cwd=tmp_path,
            env=PLAIN | dict(environment or {}),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run


@pytest.fixture
def own_signals() -> Iterator[None]:
    """Restore signal handlers, which `main` replaces, for the next test."""
    before = {number: signal.getsignal(number) for number in signals.ENDINGS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def inline(own_signals: None, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Run:
    """Run dockgen in ``tmp_path`` in this process, without a terminal.

    For tests of output and results that don't depend on the process: its start and its import of
    copier take longer than the rest.
    """
    del own_signals

    def run(
        *arguments: str | Path, environment: Mapping[str, str] | None = None
    ) -> "subprocess.CompletedProcess[str]":
        wanted = PLAIN | dict(environment or {})
        with pytest.MonkeyPatch.context() as patches:
            for name in os.environ.keys() - wanted.keys():
                patches.delenv(name)
            for name, value in wanted.items():
                patches.setenv(name, value)
            patches.chdir(tmp_path)
            capfd.readouterr()
            code = cli.main([*map(str, arguments)])
            printed = capfd.readouterr()
        return subprocess.CompletedProcess(arguments, code, printed.out, printed.err)

    return run


@pytest.fixture
def cwd(tmp_path: Path) -> Path:
    """Where ``inline`` runs dockgen, also in each case of a table."""
    return tmp_path


@pytest.fixture(scope="session")
def rendered_project(tmp_path_factory: pytest.TempPathFactory) -> Render:
    """Render a cell's default project, once for all tests that only read or build it."""
    made: dict[Cell, Path] = {}

    def render(cell: Cell) -> Path:
        if cell not in made:
            directory = tmp_path_factory.mktemp(str(cell)) / "my-app"
            answers = {"name": "my-app", "language": cell.language, "flavor": cell.flavor}
            made[cell] = template.render(directory, answers, ask=()).directory
        return made[cell]

    return render


@pytest.fixture(scope="session")
def released_project(tmp_path_factory: pytest.TempPathFactory) -> Released:
    """Render the project of a release or of "newest", once for all tests that copy or read it."""
    folder = tmp_path_factory.mktemp("releases")

    def render(version: str, language: str, flavor: str) -> Path:
        directory = folder / f"{version}-{language}-{flavor}" / "my-app"
        if not directory.exists():
            answers = {"name": "my-app", "language": language, "flavor": flavor}
            with template.offline() as origin:
                newest = origin.manifest.latest.version
                wanted = newest if version == "newest" else version
                # The newest is what an update of an existing project makes.
                template.render_version(origin, wanted, directory, answers, exists=True)
        return directory

    return render


@pytest.fixture(scope="session")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Source:
    """The working copy's templates. A plain folder has no versions, for which copier needs git."""
    folder = tmp_path_factory.mktemp("templates")
    shutil.copy(ROOT / "copier.yml", folder)
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "templates", folder / "templates", ignore=ignore)
    return Source("", folder, Manifest(str(folder), (), ()), folder / "copier.yml")


@pytest.fixture(scope="session")
def make(origin: Source, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Make]:
    """Render a project with these answers; if an answer is refused, nothing is left.

    For the many tests of what answers change: from a folder, without git, it takes a tenth of the
    time. The answers file lacks the template's version.
    """
    folder = tmp_path_factory.mktemp("made")
    numbers = itertools.count()

    def render(**answers: Any) -> Path:
        directory = folder / str(next(numbers)) / "project"
        try:
            template.render_version(origin, "HEAD", directory, {"name": "my-app", **answers})
        except UsageError:
            assert not directory.exists(), "something was written"
            raise
        return directory

    yield render
    assert not [*folder.rglob("canary"), *ROOT.glob("canary")], "a command ran"


@pytest.fixture(scope="session")
def plain_copier(origin: Source) -> PlainCopier:
    """Render a template with copier alone, like the command in tests/integration/installs."""

    def copy(directory: Path, answers: Mapping[str, Any], source: Path = origin.repository) -> Path:
        copier.run_copy(str(source), directory, dict(answers), defaults=True, quiet=True)
        return directory

    return copy


def of(cell: Cell) -> dict[str, str]:
    """Return the answers that choose a cell."""
    return {"language": str(cell.language), "flavor": str(cell.flavor)}


def each_cell() -> pytest.MarkDecorator:
    """Run the test for every cell: ``test_it[python-slim]``."""
    return pytest.mark.parametrize("cell", matrix.ALL, ids=str)


def tree(directory: Path) -> dict[str, bytes]:
    """Return every file below ``directory`` with its bytes."""
    return {
        path.relative_to(directory).as_posix(): path.read_bytes()
        for path in sorted(directory.rglob("*"))
        if path.is_file()
    }
