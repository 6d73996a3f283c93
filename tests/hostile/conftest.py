"""Answers as somebody types them."""

from pathlib import Path

import pytest

from dockgen import questions
from tests.conftest import Make


@pytest.fixture(scope="session")
def given(make: Make) -> Make:
    """Render a project with answers as somebody types them: all of them are text."""

    def render(**answers: str) -> Path:
        return make(**questions.collect(None, {}, answers))

    return render
