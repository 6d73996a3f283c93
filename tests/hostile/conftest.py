"""Answers as somebody types them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dockgen import questions, template
from dockgen.bundle import Release
from dockgen.source import Source
from tests.conftest import Make, Run


@pytest.fixture(scope="session")
def given(make: Make) -> Make:
    """Render a project with answers as somebody types them: all of them are text."""

    def render(**answers: str) -> Path:
        return make(**questions.collect(None, {}, answers))

    return render


@pytest.fixture(scope="session")
def plain_with(make: Make) -> Make:
    """A project to compare others with: rendered once for the same answers."""
    made: dict[str, Path] = {}

    def render(**answers: Any) -> Path:
        key = repr(sorted(answers.items()))
        if key not in made:
            made[key] = make(**answers)
        return made[key]

    return render


@pytest.fixture
def from_folder(origin: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let dockgen in this process have the templates that `make` has.

    From a folder, without git, copier records no version; the one that the command line looks for
    in a new project is put there.
    """
    manifest = replace(origin.manifest, releases=(Release("HEAD", "", ""),))
    render = template.render

    @contextmanager
    def own() -> Iterator[Source]:
        yield replace(origin, manifest=manifest)

    def recording(directory: Path, *arguments: Any, **options: Any) -> template.Rendering:
        done = render(directory, *arguments, **options)
        with (directory / template.ANSWERS_FILE).open("a") as file:
            file.write(VERSION)
        return done

    monkeypatch.setattr(template, "own", own)
    monkeypatch.setattr(template, "render", recording)


@pytest.fixture
def quick(from_folder: None, inline: Run) -> Run:
    """Run dockgen in this process, with the templates that `make` has."""
    del from_folder
    return inline


# The line that `from_folder` adds.
VERSION = "_commit: HEAD\n"
