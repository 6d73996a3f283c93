"""Copies of a repository, with other container files than it has."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from dockgen.containerfiles import composefile
from dockgen.detect.repository import Repository

# What a setting without a value has in a copy: a program may only look whether it is there.
PLACEHOLDER = "dockgen-trial"


def of(repository: Repository, target: Path) -> None:
    """Copy the repository's files, and nothing that git ignores; a link becomes its file."""
    target.mkdir()
    for name in repository.files:
        place = target / name
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(repository.root / name, place)


def lay(rendered: Path, folder: Path, required: Sequence[str]) -> None:
    """Put rendered container files into a folder of a copy, in place of those that it has.

    Args:
        rendered: where they are.
        folder: where they belong.
        required: the settings that compose.yaml asks for; each gets a value that stands in.
    """
    for name in (*composefile.NAMES, *composefile.OVERRIDES):
        (folder / name).unlink(missing_ok=True)
    shutil.copytree(rendered, folder, dirs_exist_ok=True)
    if required:
        lines = "".join(f"{name}={PLACEHOLDER}\n" for name in required)
        (folder / ".env").write_text(lines, encoding="utf-8")
