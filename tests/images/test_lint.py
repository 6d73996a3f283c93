"""Linters on the rendered files, and each language's own on its source.

`dockgen.testing.test_contracts` has those for each Dockerfile,
tests/integration/templates/test_examples.py more that need no engine.
"""

import shutil
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import pytest

from dockgen import engine
from dockgen.engine import BuildError
from dockgen.matrix import Cell, Language


def test_build_check_would_find_something(tmp_path: Path) -> None:
    """A stage whose `as` is in another case than its FROM is a warning."""
    (tmp_path / "Dockerfile").write_text("FROM scratch as base\nCOPY . /\n")
    said = engine.build_check(tmp_path)
    assert said.startswith("WARNING: FromAsCasing")


# One more stage of the project's own Dockerfile: the formatter, the linter and the type checker of
# each language, with the settings that the project has for them. Go's vet is part of its tests.
LINT = {
    Language.GO: """
FROM build AS lint
RUN test -z "$(gofmt -s -d . | tee /dev/stderr)"
""",
    Language.PYTHON: f"""
FROM test AS lint
RUN --mount=type=cache,target=/root/.cache/uv \\
    uv pip install ruff=={version("ruff")} mypy=={version("mypy")}
COPY . .
RUN ruff format --check --diff && ruff check && mypy .
""",
    Language.NODE: """
FROM test AS lint
RUN find src test -name '*.js' -print0 | xargs -0 -n 1 node --check
""",
}

# A flaw: the file, a text in it with what takes its place, and what is said about that.
FLAWS = {
    "gofmt": (Language.GO, "handlers.go", "\tmux := ", "\tmux  := ", "-\tmux  := "),
    "ruff-format": (Language.PYTHON, "app/main.py", " = ", "  = ", "1 file would be reformatted"),
    "ruff-check": (
        Language.PYTHON,
        "app/main.py",
        "from fastapi",
        "import os\n\nfrom fastapi",
        "F401",
    ),
    "mypy": (Language.PYTHON, "app/main.py", "NAME = ", "NAME: int = ", "[assignment]"),
    "node-check": (Language.NODE, "src/app.js", "app.get('/',", "app.get('/',,", "SyntaxError"),
}


@pytest.fixture
def lint(rendered_project: Callable[[Cell], Path], tmp_path: Path) -> Callable[[Language], Path]:
    """Make a copy of a project with the stage `lint`; all flavors have the same source."""

    def add(language: Language) -> Path:
        project = rendered_project(Cell.parse(f"{language}-slim"))
        copy = Path(shutil.copytree(project, tmp_path / "copy"))
        with (copy / "Dockerfile").open("a") as dockerfile:
            dockerfile.write(LINT[language])
        return copy

    return add


@pytest.mark.parametrize("language", Language, ids=str)
def test_source_passes(language: Language, lint: Callable[[Language], Path]) -> None:
    """Nothing to format, and no findings."""
    engine.build(lint(language), target="lint")


@pytest.mark.release
@pytest.mark.parametrize("flaw", FLAWS)
def test_a_flaw_would_be_found(flaw: str, lint: Callable[[Language], Path]) -> None:
    """Each linter of the test above has something to say where there is something."""
    language, name, good, bad, complaint = FLAWS[flaw]
    copy = lint(language)
    source = (copy / name).read_text()
    assert good in source
    (copy / name).write_text(source.replace(good, bad, 1))
    with pytest.raises(BuildError) as caught:
        engine.build(copy, target="lint")
    assert complaint in caught.value.log
