"""Find the projects below a folder, by their answers files."""

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from dockgen import bundle, settings, starters
from dockgen.bundle import Manifest
from dockgen.errors import ProjectError
from dockgen.project import ANSWERS, OWN_ANSWERS, recorded

_ANSWERS = {ANSWERS, OWN_ANSWERS}
# Folders that never contain a user's own project.
_PASSED_OVER = {".git", ".venv", "node_modules", "vendor", "__pycache__"}


def find(directories: Sequence[Path], *, search: bool, warn: Callable[[str], None]) -> list[Path]:
    """Return the projects to work on: the directories, or with ``search`` the projects below them.

    ``warn`` is called for folders that can't be read.

    Raises:
        ProjectError: a directory doesn't exist, or there is no project below any of them.
    """
    for directory in directories:
        if not directory.is_dir():
            raise ProjectError(f"{directory} isn't a directory", "use the directory of a project")
    if not search:
        return list(dict.fromkeys(directory.resolve() for directory in directories))
    found = [
        folder
        for directory in directories
        for folder in _below(directory.resolve(), warn)
        if _is_ours(folder)
    ]
    if not found:
        raise ProjectError(
            f"no dockgen project below {', '.join(map(str, directories))}",
            "create one: dockgen new",
        )
    return list(dict.fromkeys(found))


def _below(directory: Path, warn: Callable[[str], None]) -> Iterator[Path]:
    """Yield the folders with an answers file below a folder, at any depth."""
    waiting = [str(directory)]
    while waiting:
        folder = waiting.pop()
        try:
            with os.scandir(folder) as scanned:
                entries = sorted(scanned, key=lambda entry: entry.name)
            inner = [entry for entry in entries if entry.is_dir(follow_symlinks=False)]
        except OSError as error:
            warn(f"{folder:.200} is skipped: {error.strerror}")
            continue
        if any(entry.name in _ANSWERS and entry not in inner for entry in entries):
            yield Path(folder)
        waiting += [entry.path for entry in reversed(inner) if entry.name not in _PASSED_OVER]


def _is_ours(directory: Path) -> bool:
    """Return whether a project is dockgen's, and not another copier template's.

    A project with limits is dockgen's, whatever its starter. An unreadable one is reported later.
    """
    manifest = Manifest.read(bundle.DATA / bundle.MANIFEST)
    try:
        url = recorded(directory).url
    except ProjectError:
        return True
    known = manifest.is_at(url) or starters.find_by_url(url) is not None
    return known or (directory / settings.FILE).is_file()
