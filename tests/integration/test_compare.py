"""The turns of a comparison; builds and starts are faked, without an engine."""

import re
from contextlib import ExitStack
from pathlib import Path
from typing import NoReturn

import pytest

from dockgen import check, compare, engine
from dockgen.check import Checked
from dockgen.compare import Comparison, Wanted, measuring
from dockgen.compare.measuring import Subject
from dockgen.contract import Contract, Limits
from dockgen.engine import BuildError, EngineVersion, RunOptions
from dockgen.errors import ProjectError
from dockgen.image import Config, Image
from dockgen.matrix import Cell, Workload
from tests.conftest import Render

CONTRACT = Contract(Workload.SERVICE, 8080, Limits(None, 10, 2))
CHECKED = Checked("my-app", None, None, CONTRACT, Image(Config(), ()), None, [])


@pytest.fixture
def go_project(rendered_project: Render) -> Path:
    """A Go project on slim."""
    return rendered_project(Cell.parse("go-slim"))


class Pretended:
    """An engine that builds nothing, and knows what can't be built or started."""

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, unbuilt: set[str], unwell: set[str]
    ) -> None:
        self.steps: list[str] = []
        self.unbuilt, self.unwell = unbuilt, unwell
        monkeypatch.setattr(engine, "require", lambda **_asked: EngineVersion("28.5.2", "28.5.2"))
        monkeypatch.setattr(engine, "base_layers", lambda _base: ())
        monkeypatch.setattr(measuring, "build_cold", self.build)
        monkeypatch.setattr(measuring, "rebuild", lambda one, _caches: self.note("rebuild", one))
        monkeypatch.setattr(measuring, "start", self.start)
        monkeypatch.setattr(check, "check", lambda _target, _doing: CHECKED)

    def note(self, what: str, subject: Subject) -> None:
        """Remember a step."""
        self.steps.append(f"{subject.name} {what}")

    def build(self, subject: Subject, _caches: str, _images: ExitStack) -> None:
        """Build nothing."""
        self.note("build", subject)
        if subject.name in self.unbuilt:
            log = "gcc: command not found"
            raise BuildError(f"the image of {subject.context} can't be built: no gcc", "", log)
        subject.image = f"image:{subject.name}"

    def start(self, subject: Subject, *, memory: bool) -> None:
        """Start nothing."""
        self.note("start", subject)
        if subject.name in self.unwell:
            raise ProjectError("a container gives no answer")
        if memory:
            subject.memory_bytes.append(1)


def compared(go_project: Path) -> tuple[Comparison, list[str]]:
    """Compare a project in one round; return the result, and the progress."""
    said: list[str] = []
    with compare.prepare(go_project, Wanted(("slim", "alpine", "naive"), rounds=1)) as prepared:
        found = prepared.measure(said.append)
    return found, said


def test_all_take_turns(go_project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that all see the same load."""
    pretended = Pretended(monkeypatch, set(), set())
    found, said = compared(go_project)
    names = ("slim", "alpine", "naive")
    assert pretended.steps == [
        f"{name} {step}" for step in ("build", "rebuild", "start") for name in names
    ]
    assert tuple(column.name for column in found.columns) == names
    assert said[0] == "Getting the base images"
    assert said[1].startswith("slim: cold build, about")


def test_what_cannot_be_built_is_left_out(
    go_project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the reason, without the name of a folder that is gone; the others go on."""
    pretended = Pretended(monkeypatch, {"alpine"}, set())
    found, _ = compared(go_project)
    assert [column.name for column in found.columns] == ["slim", "naive"]
    assert found.left_out["alpine"].startswith("it can't be built: no gcc")
    assert [step for step in pretended.steps if step.startswith("alpine")] == ["alpine build"]


def test_what_does_not_start_is_still_measured(
    go_project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its size and builds stand in the table, and a note says why there is no more."""
    Pretended(monkeypatch, set(), {"naive"})
    found, _ = compared(go_project)
    notes = {column.name: column.note for column in found.columns}
    assert notes == {"slim": "", "alpine": "", "naive": "a container gives no answer"}


def test_without_anything_to_compare_it_fails(
    go_project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit 3, with each reason."""
    Pretended(monkeypatch, {"slim", "alpine", "naive"}, set())
    with pytest.raises(ProjectError, match="slim: it can't be built: no gcc"):
        compared(go_project)


def test_a_failed_rebuild_leaves_the_source_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each build gets another line at its end, which is gone afterwards."""
    source = tmp_path / "main.go"
    source.write_bytes(b"package main\n")
    seen = []

    def build(_context: Path, **_options: object) -> NoReturn:
        seen.append(source.read_text())
        raise BuildError("it can't be built", "", "")

    monkeypatch.setattr(engine, "temporary_image", build)
    for _ in range(2):
        with pytest.raises(BuildError):
            measuring.rebuild(Subject("slim", tmp_path, source, RunOptions()), "caches")
    assert source.read_bytes() == b"package main\n"
    assert seen[0] != seen[1]
    assert re.fullmatch(r'package main\n\nvar dockgenEdit(\w+) = "\1"\n', seen[0])
