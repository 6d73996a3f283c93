"""git: found, new enough, and configured for single calls."""

from pathlib import Path

import pytest

from dockgen import git
from dockgen.errors import ProjectError, ToolMissingError


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


def test_settings_for_one_call() -> None:
    """They are counted from 0, so nobody else's apply."""
    assert git.configuration(("a.b", "c"), ("d.e", "f")) == {
        "GIT_CONFIG_COUNT": "2",
        "GIT_CONFIG_KEY_0": "a.b",
        "GIT_CONFIG_VALUE_0": "c",
        "GIT_CONFIG_KEY_1": "d.e",
        "GIT_CONFIG_VALUE_1": "f",
    }


def test_a_repository_of_another_owner_has_a_hint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a CI container: the command that git itself asks for, for this folder alone."""
    folder = tmp_path / "a b"
    folder.mkdir()
    git.run("init", "--quiet", ".", cwd=folder)
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    with pytest.raises(ProjectError, match="dubious ownership") as caught:
        git.ask("rev-parse", "--show-prefix", cwd=folder)
    assert str(caught.value.hint).endswith(f"git config --global --add safe.directory '{folder}'")
