"""`docker build --check` has no warnings for projects that cover all pairs of answers."""

import pytest

from dockgen import engine
from dockgen.matrix import Language
from tests.conftest import Make
from tests.pairwise import CASES

# The check looks at the base images, so it gets those that are there.
ELSEWHERE = {"registry", "language_version"}


@pytest.mark.parametrize("language", Language, ids=str)
def test_dockerfiles_pass_build_check(language: Language, make: Make) -> None:
    """`docker build --check` reads them as BuildKit does."""
    found = {}
    for case in CASES:
        if case.answers["language"] == language:
            answers = {key: value for key, value in case.answers.items() if key not in ELSEWHERE}
            found[case.name] = engine.build_check(make(**answers))
    assert {name: said for name, said in found.items() if said} == {}
    assert found
