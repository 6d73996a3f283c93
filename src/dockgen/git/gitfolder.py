"""Find a project's git folder as git does, but without starting git.

A repository's settings can make git start programs. So dockgen reads what it can without git:
looking for a journal starts nothing, and git never runs in something that only looks like a
repository.
"""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from dockgen.errors import ProjectError
from dockgen.inside import Folder, Inside, is_repository

# The size limit for the .git file of a worktree or submodule, in bytes.
_LIMIT = 65_536


@dataclass(frozen=True)
class GitFolder:
    """git's own folder: ``.git``, or the folder that it points to for a worktree or submodule.

    ``prefix`` is the path from the folder with ``.git`` to the requested folder: "" or with a
    trailing slash.
    """

    path: Path
    prefix: str

    @property
    def journal(self) -> Folder:
        """The folder for the journal of the requested folder; it may not exist yet."""
        key = hashlib.sha256(os.fsencode(self.prefix)).hexdigest()[:16]
        return Folder(self.path).at("dockgen", key)


def find(directory: Path) -> GitFolder | None:
    """Return the git folder of the repository around a folder, or None.

    Raises:
        ProjectError: the folder is in a bare repository, or in something that git could take for
            one. A clone can contain such folders. Or git would wait for a pipe.
    """
    # Resolved as the system would: a link may lead into a repository, but not out of one.
    directory = directory.resolve()
    for root in (directory, *directory.parents):
        if (folder := _git_folder(root)) is not None:
            _require_files(folder)
            inner = directory.relative_to(root).as_posix()
            return GitFolder(folder, "" if root == directory else f"{inner}/")
        if _looks_like_one(root):
            if root.name == ".git":
                raise ProjectError(
                    f"{directory} is git's own folder, not a project", "use the folder of a project"
                )
            raise ProjectError(
                f"{root} looks like a bare git repository: git would run programs from its"
                " settings",
                "if you need the project in it, copy the project to a folder outside",
            )
    return None


def root(directory: Path) -> Path | None:
    """Return the top of the repository around a folder, or None.

    Raises:
        ProjectError: as for `find`.
    """
    found = find(directory)
    if found is None:
        return None
    up = found.prefix.count("/")
    return directory.resolve().parents[up - 1] if up else directory.resolve()


def _git_folder(root: Path) -> Path | None:
    """Return what ``.git`` in this folder is or points to; None if git would look further up."""
    entry = root / ".git"
    if entry.is_dir():
        return entry if _looks_like_one(entry) else None
    if not entry.is_file():
        return None
    try:
        file = entry.resolve()
        text = Folder(file.parent).read(Inside((file.name,)), _LIMIT)
    except OSError:
        return None
    if not text.startswith(b"gitdir: "):
        return None
    named = root / os.fsdecode(text.removeprefix(b"gitdir: ").rstrip(b"\r\n"))
    return named if _looks_like_one(named) else None


def _require_files(folder: Path) -> None:
    """Check that git can read the files that it always reads: it would wait for a pipe."""
    for file in (folder / name for name in ("HEAD", "config", "index", "packed-refs")):
        if file.exists() and not file.is_file():
            raise ProjectError(
                f"{file} is not a file, so git can't read this repository",
                "clone the repository again",
            )


def _looks_like_one(folder: Path) -> bool:
    names = ("HEAD", "commondir", "objects", "refs")
    return is_repository({name for name in names if os.path.lexists(folder / name)})
