"""git: found, new enough, and configured for one call only."""

from pathlib import Path

import pytest

from dockgen import git
from dockgen.errors import ToolMissingError


def fake_git(folder: Path, answer: str) -> None:
    """Put a git on the PATH that says it is another version."""
    program = folder / "git"
    program.write_text(f"#!/bin/sh\necho '{answer}'\n")
    program.chmod(0o755)


def test_a_missing_git_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without git the message says so, and what to install."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolMissingError, match="git is missing"):
        git.require()


@pytest.mark.parametrize("answer", ["git version 2.30.9", "git version 1.99", "nonsense"])
def test_an_old_git_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: str
) -> None:
    """Before 2.31 git can't be configured through GIT_CONFIG_COUNT."""
    fake_git(tmp_path, answer)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(ToolMissingError, match=r"is too old: dockgen needs git 2\.31 or later"):
        git.require()


@pytest.mark.parametrize("answer", ["git version 2.31.0", "git version 2.39.5 (Apple Git-154)"])
def test_a_newer_git_is_accepted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: str
) -> None:
    """2.31 and later will do."""
    fake_git(tmp_path, answer)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    git.require()


def test_settings_come_after_those_of_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings that the user gave through the environment stay in force."""
    monkeypatch.setenv("GIT_CONFIG_COUNT", "2")
    assert git.with_configuration(("a.b", "c")) == {
        "GIT_CONFIG_COUNT": "3",
        "GIT_CONFIG_KEY_2": "a.b",
        "GIT_CONFIG_VALUE_2": "c",
    }
