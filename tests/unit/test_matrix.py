"""The matrix, copier.yml and the language.yml files name the same cells."""

from collections.abc import Mapping

import pytest

from dockgen import languages, matrix, questions
from dockgen.languages import Facts
from dockgen.matrix import Flavor, Language
from tests.conftest import ROOT


@pytest.fixture(scope="module")
def limits() -> dict[str, Mapping[str, Facts]]:
    """The table of limits: language, flavor, then the figures."""
    return {language: languages.limits(language) for language in languages.load()}


def test_every_cell_has_a_limit(limits: dict[str, Mapping[str, Facts]]) -> None:
    """The language.yml files have a limit for exactly the cells of the matrix."""
    assert {f"{language}-{flavor}" for language in limits for flavor in limits[language]} == {
        str(cell) for cell in matrix.ALL
    }


def test_every_promise_leaves_at_least_a_megabyte(
    limits: dict[str, Mapping[str, Facts]],
) -> None:
    """A promised limit is the measured size and at least 1 MB."""
    narrow = {
        (language, flavor): figures
        for language in limits
        for flavor, figures in limits[language].items()
        if figures["promised"] < figures["measured"] + 1
    }
    assert narrow == {}


def test_questions_offer_the_languages_and_flavors_of_the_matrix() -> None:
    """The choices in copier.yml are those that the code knows."""
    choices = {question.name: question.choices for question in questions.load()}
    assert choices["language"] == tuple(Language)
    assert choices["flavor"] == tuple(Flavor)


def test_every_cell_has_its_dockerfile() -> None:
    """A cell is one whole Dockerfile that can be read from top to bottom."""
    files = {
        f"{path.parent.name}-{path.name.removesuffix('.Dockerfile.jinja')}"
        for path in (ROOT / "templates").glob("*/*.Dockerfile.jinja")
    }
    assert files == {str(cell) for cell in matrix.ALL}
