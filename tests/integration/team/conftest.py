"""Fixtures: a user with settings of their own."""

import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.conftest import PLAIN
from tests.conftest import Run as InlineRun
from tests.integration.cli.test_prompts import Terminal

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def person(tmp_path: Path) -> dict[str, str]:
    """The environment of a user whose settings and caches are in ``tmp_path``."""
    return PLAIN | {
        "XDG_CONFIG_HOME": str(tmp_path / "settings"),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "GIT_AUTHOR_NAME": "A Person",
        "GIT_AUTHOR_EMAIL": "person@example.com",
        "GIT_COMMITTER_NAME": "A Person",
        "GIT_COMMITTER_EMAIL": "person@example.com",
    }


@pytest.fixture
def run(person: dict[str, str], inline: InlineRun) -> Run:
    """Run dockgen as that user, in ``tmp_path`` and without a terminal."""

    def started(*arguments: str | Path, **environment: str) -> "subprocess.CompletedProcess[str]":
        return inline(*arguments, environment={**person, **environment})

    return started


def on_terminal(folder: Path, person: Mapping[str, str], *arguments: str) -> Terminal:
    """Start dockgen as that user, on a pseudo-terminal."""
    settings, cache = person["XDG_CONFIG_HOME"], person["XDG_CACHE_HOME"]
    return Terminal(folder, *arguments, XDG_CONFIG_HOME=settings, XDG_CACHE_HOME=cache)
