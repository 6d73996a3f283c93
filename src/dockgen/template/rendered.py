"""Check what a template has rendered before anything else touches it.

A template computes file names while it renders, so they can be checked only then. Anything that
would become a git repository, or leads out of the project, is refused.
"""

import os
import stat
import unicodedata
from pathlib import Path, PurePath

from dockgen.errors import ProjectError
from dockgen.inside import Inside, OutsideError, is_git, is_repository


class Names:
    """The names of a template's files, collected while it renders."""

    def __init__(self) -> None:
        """Start without any names."""
        self._entries: dict[tuple[str, ...], set[str]] = {}

    def add(self, path: PurePath) -> None:
        """Add a name.

        Raises:
            ProjectError: a project must not have a file or folder of that name, or it makes its
                folder a bare repository.
        """
        if any(unicodedata.category(letter) == "Cc" for letter in str(path)):
            raise _refused(path, "the name contains a control character")
        try:
            parts = Inside.of(path.as_posix()).parts
        except OutsideError as error:
            raise _refused(path, error.message.rpartition(": ")[2]) from error
        for number, part in enumerate(parts):
            names = self._entries.setdefault(parts[:number], set())
            names.add(part)
            if is_repository(names):
                folder = "/".join(parts[:number]) or "the project"
                raise _refused(path, f"it turns {folder} into a bare git repository")


def check(directory: Path) -> None:
    """Check that a rendered folder contains only folders, files, and links between them.

    Raises:
        ProjectError: it contains something else.
    """
    names = Names()
    for folder, folders, files in os.walk(directory):
        for name in (*folders, *files):
            path = (Path(folder) / name).relative_to(directory)
            names.add(path)
            mode = (directory / path).lstat().st_mode
            if stat.S_ISLNK(mode):
                check_link(directory, path)
            elif not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
                raise _refused(path, "it isn't a file, a folder or a link")


def check_link(directory: Path, path: PurePath) -> None:
    """Check that a link, if there is one, points to another place in ``directory``.

    Raises:
        ProjectError: it leads out of it, or into git's own folder.
    """
    link = directory / path
    if not link.is_symlink():
        return
    target = link.readlink()
    real = Path(os.path.realpath(link.parent / target))
    if target.is_absolute() or not real.is_relative_to(directory.resolve()):
        raise _refused(path, f"it is a link out of the project, to {str(target)!r:.200}")
    if any(is_git(part) for part in target.parts):
        raise _refused(path, "it is a link into git's own folder")


def _refused(path: PurePath, reason: str) -> ProjectError:
    return ProjectError(
        f"the template creates {str(path)!r:.200}, which isn't allowed: {reason}",
        "check who wrote the template before you use it, and report it to them",
    )
