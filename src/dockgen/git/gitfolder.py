"""git's own folder of a project, found as git finds it, but without starting git.

A repository's own settings can make git start programs. So what can be known without git is read
here: a look for a journal starts nothing, and git is never started in what only looks like a
repository.
"""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from dockgen.errors import ProjectError
from dockgen.inside import Folder, Inside, is_repository

# The size of the .git file of a worktree or a submodule, in bytes.
_LIMIT = 65_536


@dataclass(frozen=True)
class GitFolder:
    """git's own folder: ``.git``, or for a worktree or a submodule what it points at.

    ``prefix`` is the path from where ``.git`` lies to the folder that was asked for, "" or with a
    slash last.
    """

    path: Path
    prefix: str

    @property
    def journal(self) -> Folder:
        """Where the journal of the folder that was asked for lies; it need not exist yet."""
        key = hashlib.sha256(os.fsencode(self.prefix)).hexdigest()[:16]
        return Folder(self.path).at("dockgen", key)


def find(directory: Path) -> GitFolder | None:
    """The git folder of the repository that a folder is in, if it is in one.

    Raises:
        ProjectError: the folder is in a bare repository, or in something that git could take for
            one. A clone can bring such folders with it.
    """
    # As the system sees it: a link may lead into a repository, but not out of one.
    directory = directory.resolve()
    for root in (directory, *directory.parents):
        if (folder := _git_folder(root)) is not None:
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
    """The top of the repository that a folder is in; None if it is in none.

    Raises:
        ProjectError: as for `find`.
    """
    found = find(directory)
    if found is None:
        return None
    up = found.prefix.count("/")
    return directory.resolve().parents[up - 1] if up else directory.resolve()


def _git_folder(root: Path) -> Path | None:
    """What ``.git`` in this folder is or points at; None if git would look further up."""
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


def _looks_like_one(folder: Path) -> bool:
    names = ("HEAD", "commondir", "objects", "refs")
    return is_repository({name for name in names if os.path.lexists(folder / name)})
