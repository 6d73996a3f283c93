"""Test a starter template: run the contracts for each case with pytest, and collect the results.

pytest runs in this process, but the tests run in pytest-xdist's workers. So their reports arrive as
they happen, and Ctrl-C or a signal unwinds one stack, here as everywhere in dockgen.
"""

import contextlib
import importlib.util
import os
import re
import secrets
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dockgen import engine
from dockgen.errors import DockgenError, ToolMissingError
from dockgen.image import sizes
from dockgen.image.sizes import Size
from dockgen.testing import names

if TYPE_CHECKING:
    import pytest

_NEEDED = ("pytest", "xdist")
_CONTRACTS = "dockgen.testing.test_contracts"
# What comes before an exception's own message.
_CLASS = re.compile(r"^([\w.]+\.)?(Failed|\w*(Error|Exception|Exit)): ")
# How many lines of a message are kept: enough for the end of a build's log.
_LINES = 25


@dataclass(frozen=True)
class Broken:
    """Contracts of a case that fail for the same reason.

    ``case`` is "" for a test without a case; ``message`` may have several lines.
    """

    case: str
    contracts: tuple[str, ...]
    message: str


@dataclass(frozen=True)
class Proof:
    """The results: how many contracts hold, which are broken, and the images' sizes by case.

    ``log`` is everything that pytest printed.
    """

    held: int
    broken: Sequence[Broken]
    skipped: Mapping[str, str]
    sizes: Mapping[str, Size]
    log: str


@dataclass(frozen=True)
class Proven:
    """A tested starter template: its cases, and the results.

    ``before`` has the sizes of another run, None if there is nothing to compare with.
    """

    directory: Path
    cases: Sequence[str]
    proof: Proof
    before: Mapping[str, Size] | None


def require() -> None:
    """Check that the extra ``testing`` is installed.

    Raises:
        ToolMissingError: it isn't.
    """
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise ToolMissingError(
            f"the tests need packages that aren't installed: {', '.join(missing)}",
            "pip install '.[testing]', in a clone of dockgen",
        )


def run(
    directory: Path,
    *,
    cases: Sequence[str] = (),
    jobs: int = 1,
    builder: str = "",
    trusted: bool = False,
    images: bool = True,
    tell: Callable[[str], None] = lambda _words: None,
) -> Proof:
    """Run all contracts and the ``tests`` folder of the starter template in ``directory``.

    Args:
        directory: the template's working copy.
        cases: the names of the cases; if empty, all of them.
        jobs: how many cases are built and run at a time.
        builder: a builder of buildx, "" for the engine's own.
        trusted: whether the template may run code of its own.
        images: whether to build and run; otherwise only contracts without an engine run.
        tell: called with a few words whenever something is done.

    Raises:
        DockgenError: pytest itself failed.
    """
    import pytest

    identifier = secrets.token_hex(16)
    with tempfile.TemporaryDirectory(prefix="dockgen-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        collector = _Collector(tell)
        arguments = [
            "-p", "dockgen.testing.plugin", "-p", "no:cacheprovider",
            "-c", str(_settings(directory, folder)), f"--rootdir={directory}",
            f"--confcutdir={directory}", f"--basetemp={folder / 'made'}",
            "-n", str(jobs), "--dist=loadgroup", "--color=no", f"--testrunuid={identifier}",
            f"--dockgen-template={directory}",
            *(f"--dockgen-case={case}" for case in cases),
            *([f"--dockgen-builder={builder}"] if builder else []),
            *(["--dockgen-trust"] if trusted else []),
            *([] if images else ["--dockgen-no-images"]),
            "--pyargs", _CONTRACTS,
            *([str(directory / "tests")] if (directory / "tests").is_dir() else []),
        ]  # fmt: skip
        log = folder / "pytest.log"
        try:
            with (
                log.open("w", encoding="utf-8") as stream,
                contextlib.redirect_stdout(stream),
                contextlib.redirect_stderr(stream),
                _temporary(folder / "temporary"),
            ):
                code = pytest.main(arguments, plugins=[collector])
        finally:
            if images:
                _sweep(identifier)
        printed = log.read_text(encoding="utf-8", errors="replace")
    if collector.stopped is not None:
        raise collector.stopped
    if code not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED) and not collector.broken:
        lines = [line for line in printed.splitlines() if line.strip()] or ["no reason given"]
        error = DockgenError(
            f"pytest couldn't run the contracts: {lines[-1]}",
            "check the starter's pytest settings, such as addopts",
        )
        error.add_note(printed)
        raise error
    return Proof(
        collector.held, collector.grouped(), collector.skipped, collector.measured, printed
    )


@contextlib.contextmanager
def _temporary(folder: Path) -> Iterator[None]:
    """Put the workers' temporary files into a folder: a killed worker leaves some."""
    folder.mkdir()
    before = os.environ.get("TMPDIR")
    os.environ["TMPDIR"] = str(folder)
    try:
        yield
    finally:
        del os.environ["TMPDIR"]
        if before is not None:
            os.environ["TMPDIR"] = before


def _settings(directory: Path, folder: Path) -> Path:
    """Return the starter's own pytest settings, or an empty file; never a parent folder's."""
    for name in ("pytest.toml", ".pytest.toml", "pytest.ini", ".pytest.ini", "pyproject.toml"):
        path = directory / name
        if path.is_file() and (name != "pyproject.toml" or "[tool.pytest" in path.read_text()):
            return path
    empty = folder / "pytest.ini"
    empty.write_text("[pytest]\n")
    return empty


def _sweep(identifier: str) -> None:
    """Remove what a killed worker left; the others clean up after themselves."""
    for name in engine.composed_projects(names.compose_prefix(identifier)):
        engine.remove_composed(name)


@dataclass
class _Collector:
    """A pytest plugin that collects the reports of all workers."""

    tell: Callable[[str], None]
    held: int = 0
    total: int = 0
    done: int = 0
    broken: list[Broken] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)
    measured: dict[str, Size] = field(default_factory=dict)
    # What ended the run early.
    stopped: BaseException | None = None

    def pytest_xdist_node_collection_finished(self, node: object, ids: Sequence[str]) -> None:
        """Every worker finds the same tests."""
        del node
        self.total = len(ids)

    def pytest_runtest_logreport(self, report: "pytest.TestReport") -> None:
        properties = dict(report.user_properties)
        if report.failed:
            contract = _contract(report.nodeid)
            case = str(properties.get(names.CASE_PROPERTY, ""))
            self.broken.append(Broken(case, (contract,), _message(report)))
        elif report.skipped and isinstance(report.longrepr, tuple):
            self.skipped[_contract(report.nodeid)] = report.longrepr[2].removeprefix("Skipped: ")
        elif report.when == "call":
            self.held += 1
        if report.when == "call":
            self.measured.update(sizes.recorded(report.user_properties))
        if report.when == "teardown":
            self.done += 1
            broken = f", {len(self.broken)} broken" if self.broken else ""
            self.tell(f"{self.done} of {self.total} contracts{broken}")

    def pytest_collectreport(self, report: "pytest.CollectReport") -> None:
        if report.failed:
            self.broken.append(Broken("", (report.nodeid,), _message(report)))

    def pytest_keyboard_interrupt(self, excinfo: "pytest.ExceptionInfo[BaseException]") -> None:
        # After a test that can't be collected, pytest stops with a class of its own.
        if excinfo.type is KeyboardInterrupt:
            self.stopped = KeyboardInterrupt()

    def pytest_internalerror(
        self, excrepr: object, excinfo: "pytest.ExceptionInfo[BaseException]"
    ) -> None:
        del excrepr
        self.stopped = excinfo.value

    def grouped(self) -> list[Broken]:
        """Return the broken contracts, by case; those with the same reason are one."""
        found: dict[tuple[str, str], list[str]] = {}
        for broken in self.broken:
            contracts = found.setdefault((broken.case, broken.message), [])
            contracts += [name for name in broken.contracts if name not in contracts]
        return [
            Broken(case, tuple(contracts), message)
            for (case, message), contracts in sorted(found.items(), key=lambda item: item[0][0])
        ]


def _contract(identifier: str) -> str:
    """Return a test's name in words: ``turns healthy``; a starter's own test with its file."""
    file, _, name = identifier.partition("::")
    words = name.split("[")[0].split("@")[0].replace("::", " ").removeprefix("test_")
    words = words.replace("_", " ")
    # pytest names no file for a test outside the starter, as dockgen's are.
    is_ours = not file or file.endswith("dockgen/testing/test_contracts.py")
    return words if is_ours else f"{file}: {words}"


def _message(report: Any) -> str:
    """Return the message of a failed test or collection, without the traceback."""
    crash = getattr(report.longrepr, "reprcrash", None)
    words = str(crash.message if crash else report.longreprtext).strip()
    lines = _CLASS.sub("", words, count=1).splitlines()
    return "\n".join(lines[:_LINES]) or "no reason given"
