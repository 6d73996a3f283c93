"""A folder on disk whose files are replaced one by one, whether in git and committed or not."""

import hashlib
import os
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

from dockgen import git, home
from dockgen.errors import ProjectError
from dockgen.git import gitfolder, worktree
from dockgen.git.gitfolder import GitFolder
from dockgen.git.tree import EXECUTABLE, SYMLINK, File
from dockgen.git.worktree import UncommittedError, Worktree
from dockgen.inside import Folder, Inside
from dockgen.threeway import journal

# The largest file to merge or replace, in bytes; a Dockerfile is far smaller.
_LIMIT = 1_000_000


@dataclass(frozen=True)
class Plain:
    """A folder, and the folder of its journal.

    ``index`` is its worktree, or None without git or a commit; ``around`` is git's own folder, or
    None without git.
    """

    directory: Path
    journal: Folder
    index: Worktree | None
    around: GitFolder | None

    @property
    def folder(self) -> Folder:
        """The folder, for reading and writing files without following links."""
        return Folder(self.directory)

    @property
    def head(self) -> str:
        """The commit that is checked out, or ""."""
        return self.index.head if self.index else ""

    def look(self, path: str) -> File | None:
        """Return the file or link at a path, or None.

        Raises:
            ProjectError: it is a folder, a pipe or the like, or a file that is far too large.
        """
        facts = self.folder.facts(Inside.of(path))
        if facts is not None and facts.st_size > _LIMIT:
            raise ProjectError(
                f"{self.directory / path} is larger than {_LIMIT // 10**6} MB",
                "move it away, then run the same command again",
            )
        saved = self.folder.look(Inside.of(path))
        if saved is None:
            return None
        executable = not saved.link and saved.permissions & 0o100
        return File(
            saved.content, SYMLINK if saved.link else EXECUTABLE if executable else "100644"
        )

    def changed(self, paths: Iterable[str]) -> set[str]:
        """Return which of these tracked files have uncommitted changes."""
        names = sorted(paths)
        if self.index is None or not names:
            return set()
        listed = git.ask(
            "--literal-pathspecs", "status", "--porcelain", "-z", "--no-renames",
            "--untracked-files=no", "--ignore-submodules=dirty", "--", *names,
            cwd=self.directory,
        )  # fmt: skip
        prefix = self.index.prefix
        found = (os.fsdecode(line[3:]) for line in listed.split(b"\0") if line)
        return {name.removeprefix(prefix) for name in found}

    def ignored(self, paths: Collection[str]) -> set[str]:
        """Return which of these files git ignores: they'd never be committed."""
        if self.around is None or not paths:
            return set()
        listed = git.ask(
            "check-ignore", "-z", "--stdin",
            cwd=self.directory,
            stdin=b"".join(os.fsencode(path) + b"\0" for path in paths),
            may_find_nothing=True,
        )  # fmt: skip
        return {os.fsdecode(name) for name in listed.split(b"\0") if name}


def find(directory: Path) -> Plain:
    """Return the folder, with its repository if there is one.

    Raises:
        ProjectError: it is in something that only looks like a repository, or git can't read it.
    """
    own, around = journal_of(directory), gitfolder.find(directory)
    if around is None:
        return Plain(directory, own, None, None)
    try:
        return Plain(directory, own, worktree.find(directory), around)
    except UncommittedError:
        return Plain(directory, own, None, around)


def journal_of(directory: Path) -> Folder:
    """Return the journal of a folder: in git's folder, or in the user's own. git isn't started.

    Raises:
        ProjectError: it is in what only looks like a repository, or the user has no home folder.
    """
    around, own = gitfolder.find(directory), _own_journal(directory)
    if around is not None:
        # What was done before `git init` can still be undone.
        if own is not None and journal.is_empty(around.journal) and not journal.is_empty(own):
            return own
        return around.journal
    if own is None:
        raise ProjectError("this user has no home folder for the journal", "set HOME")
    return own


def _own_journal(directory: Path) -> Folder | None:
    """Return the journal of a folder outside a repository; None for a user without a home."""
    own = home.state()
    key = hashlib.sha256(os.fsencode(directory.resolve())).hexdigest()[:16]
    return Folder(own).at(key) if own != home.MISSING else None
