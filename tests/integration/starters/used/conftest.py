"""Fixtures: a small starter template in a git repository, and a user of it."""

import shutil
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.integration.team.conftest import person, run  # noqa: F401 - fixtures
from tests.integration.update.conftest import git

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


class Acme:
    """A starter's repository: dockgen's templates in base/, one more question, version tags."""

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
        """Replace a text, which must be there."""
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
