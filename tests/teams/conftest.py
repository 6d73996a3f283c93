"""A small starter template in a git repository, and a person with settings of their own."""

import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.commands.test_prompts import Terminal
from tests.conftest import PLAIN, ROOT
from tests.conftest import Run as InlineRun
from tests.update.conftest import git

COPIER_YML = """\
!include base/copier.yml
---
_subdirectory: "base/templates/{{ language }}/project"
template_root: {type: str, when: false, default: "base/"}
owner:
  type: str
  help: Which team owns the service?
  default: platform
  validator: "{% if not owner %}a team has a name{% endif %}"
"""

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def person(tmp_path: Path) -> dict[str, str]:
    """The environment of a person whose settings and caches lie in ``tmp_path``."""
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
    """Run dockgen as that person, in ``tmp_path`` and without a terminal."""

    def started(*arguments: str | Path, **environment: str) -> "subprocess.CompletedProcess[str]":
        return inline(*arguments, environment={**person, **environment})

    return started


def on_terminal(folder: Path, person: Mapping[str, str], *arguments: str) -> Terminal:
    """Dockgen as that person, on a pseudo-terminal."""
    settings, cache = person["XDG_CONFIG_HOME"], person["XDG_CACHE_HOME"]
    return Terminal(folder, *arguments, XDG_CONFIG_HOME=settings, XDG_CACHE_HOME=cache)


class Acme:
    """A starter's repository: dockgen's templates in base/, a question more, versions by tags."""

    def __init__(self, folder: Path) -> None:
        """Make it, without a release."""
        self.folder = folder
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / "templates", folder / "base/templates", ignore=ignored)
        shutil.copy(ROOT / "copier.yml", folder / "base")
        (folder / "copier.yml").write_text(COPIER_YML)
        readme = folder / "base/templates/go/project/README.md.jinja"
        readme.write_text(readme.read_text() + "\nOwned by {{ owner }}.\n")
        git("init", "--quiet", "--initial-branch=main", cwd=folder)

    def write(self, name: str, content: str) -> None:
        """Write a file."""
        (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / name).write_text(content)

    def substitute(self, name: str, old: str, new: str) -> None:
        """Replace a text that is there."""
        content = (self.folder / name).read_text()
        assert old in content
        self.write(name, content.replace(old, new))

    def release(self, version: str) -> None:
        """Commit everything, and tag it."""
        git("add", "--all", cwd=self.folder)
        git("commit", "--quiet", "--allow-empty", "-m", version, cwd=self.folder)
        git("tag", "-a", version, "-m", version, cwd=self.folder)


@pytest.fixture
def acme(tmp_path: Path) -> Acme:
    """The starter at v1.0.0."""
    folder = tmp_path / "acme-starter"
    folder.mkdir()
    made = Acme(folder)
    made.release("v1.0.0")
    return made
