"""Fixtures for hostile answers, given as users type them."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from copier._main import Worker
from copier._user_data import Question

from dockgen import template
from dockgen.bundle import Release
from dockgen.project import ANSWERS
from dockgen.source import Source
from tests.conftest import Make, Run
from tests.hostile.plain import CELLS, MORE, PLAIN, cell

Refusal = Callable[..., str]


@pytest.fixture(scope="session")
def refusal(origin: Source) -> Refusal:
    """Return the error for one answer beside plain ones, or "" if the answer is accepted.

    Only the question's type and its validator decide, in copier: nothing is rendered.
    """

    @cache
    def asked(language: str) -> Mapping[str, Question]:
        (number,) = [number for number, chosen in enumerate(CELLS) if chosen[0] == language]
        more = {"private_dependencies": "token", "private_host": MORE["private_host"]}
        worker = Worker(
            str(origin.repository),
            data={**PLAIN, **cell(number), **more},
            defaults=True,
        )
        worker._ask()
        return {
            name: Question(
                answers=worker.answers,
                context=worker._render_context(),
                jinja_env=worker.jinja_env,
                var_name=name,
                **details,
            )
            for name, details in worker.template.questions_data.items()
        }

    def said(question: str, answer: Any, language: str = "python") -> str:
        one = asked(language)[question]
        try:
            one.validate_answer(one.parse_answer(answer))
        except ValueError as error:
            message = template._readable(error)
            assert message.startswith(f"{question}: "), message
            assert message.isprintable(), message
            assert len(message) < 300, message
            return message
        return ""

    return said


@pytest.fixture(scope="session")
def plain_with(make: Make) -> Make:
    """Return a project to compare others with: rendered once for the same answers."""
    made: dict[str, Path] = {}

    def render(**answers: Any) -> Path:
        key = repr(sorted(answers.items()))
        if key not in made:
            made[key] = make(**answers)
        return made[key]

    return render


@pytest.fixture
def from_folder(origin: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make dockgen in this process use the templates that `make` uses.

    From a folder, without git, copier records no version, so the version that the command line
    expects in a new project is added.
    """
    manifest = replace(origin.manifest, releases=(Release("HEAD", "", ""),))
    render = template.render

    @contextmanager
    def own() -> Iterator[Source]:
        yield replace(origin, manifest=manifest)

    def recording(directory: Path, *arguments: Any, **options: Any) -> template.Rendering:
        done = render(directory, *arguments, **options)
        with (directory / ANSWERS).open("a") as file:
            file.write(VERSION)
        return done

    monkeypatch.setattr(template, "own", own)
    monkeypatch.setattr(template, "render", recording)


@pytest.fixture
def quick(from_folder: None, inline: Run) -> Run:
    """Run dockgen in this process, with the templates that `make` uses."""
    del from_folder
    return inline


# The line that `from_folder` adds.
VERSION = "_commit: HEAD\n"
