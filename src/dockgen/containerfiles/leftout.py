"""Find files that git tracks but a build doesn't get. The builder itself picks the files."""

import os
from pathlib import Path

from dockgen import engine, git
from dockgen.containerfiles.context import Context
from dockgen.errors import ProjectError
from dockgen.git import gitfolder

# A larger context is not sent again just for this, in bytes.
MAXIMUM_BYTES = 500 * 10**6


def find(directory: Path, context: Context) -> tuple[str, ...] | None:
    """Return the paths of the files that git tracks and the build leaves out, sorted.

    Returns None if unknown: there is no git repository, git refuses it, or the context is too large
    or can't be sent.
    """
    if sum(context.files.values()) > MAXIMUM_BYTES:
        return None
    try:
        if gitfolder.find(directory) is None:
            return None
        listed = git.ask("ls-files", "-z", "--cached", "--", ".", cwd=directory)
        tracked = {os.fsdecode(name) for name in listed.split(b"\0") if name}
        # Leave out submodules, which are folders, and deleted files.
        here = {path for path in tracked if _is_file(directory / path)}
        return tuple(sorted(here - engine.sent(directory, context.ignore_file))) if here else ()
    except ProjectError:
        return None


def _is_file(path: Path) -> bool:
    return path.is_symlink() or path.is_file()
