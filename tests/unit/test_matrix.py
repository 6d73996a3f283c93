"""The matrix, copier.yml and the language.yml files name the same cells."""

import json

from dockgen import languages, matrix, questions
from dockgen.matrix import Flavor, Language
from tests.conftest import ROOT

# How much more than the measured size a limit may be, in MB: an official base image is published
# to weigh up to 3 MB more than its stand-in.
ROOM = 5


def test_every_cell_has_a_limit() -> None:
    """The language.yml files have a limit for exactly the cells of the matrix."""
    limits = languages.limits()
    assert {f"{language}-{flavor}" for language in Language for flavor in limits[language]} == {
        str(cell) for cell in matrix.ALL
    }


def test_every_promise_is_near_what_was_measured() -> None:
    """It leaves at least 1 MB, and not so much that an image may grow unseen."""
    wrong = {
        (app, flavor): figures
        for app, flavors in languages.limits().items()
        for flavor, figures in flavors.items()
        if not figures["measured"] + 1 <= figures["promised"] <= figures["measured"] + ROOM
    }
    assert wrong == {}


def test_the_measured_sizes_are_those_of_the_benchmarks() -> None:
    """benchmarks/results.json has them to the byte, language.yml to a tenth of a MB."""
    cells = json.loads((ROOT / "benchmarks/results.json").read_text())["cells"]
    limits = languages.limits()
    wrong = {
        str(cell): measured
        for cell in matrix.ALL
        if abs(
            (measured := limits[cell.language][cell.flavor]["measured"])
            - cells[str(cell)]["dockgen"]["unpacked_bytes"] / 10**6
        )
        >= 0.1
    }
    assert wrong == {}


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
        if path.name
        != "existing.Dockerfile.jinja"  # says how they differ for what was there before
    }
    assert files == {str(cell) for cell in matrix.ALL}
