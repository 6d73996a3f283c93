"""Copies of a repository with other container files."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from dockgen.containerfiles import composefile
from dockgen.detect.repository import Repository

# The value in a copy of a setting without one: some programs only check that it is set.
PLACEHOLDER = "dockgen-trial"


def of(repository: Repository, target: Path) -> None:
    """Copy the repository's files, without those that git ignores; links become their files."""
    target.mkdir()
    for name in repository.files:
        place = target / name
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(repository.root / name, place)


def lay(rendered: Path, folder: Path, required: Sequence[str]) -> None:
    """Put rendered container files into a folder of a copy, in place of the existing ones.

    Args:
        rendered: where they are.
        folder: where they belong.
        required: the settings that compose.yaml requires; each gets a placeholder.
    """
    for name in (*composefile.NAMES, *composefile.OVERRIDES):
        (folder / name).unlink(missing_ok=True)
    shutil.copytree(rendered, folder, dirs_exist_ok=True)
    if required:
        lines = "".join(f"{name}={PLACEHOLDER}\n" for name in required)
        (folder / ".env").write_text(lines, encoding="utf-8")
