"""Put a rendered tree into a folder, all or nothing."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from dockgen import shell, signals
from dockgen.errors import ProjectError

_STAGING = ".dockgen-staging-"
# These files show that a folder is a dockgen project.
_PROJECT = {".copier-answers.yml", "dockgen.toml"}
# One of these files shows that a folder contains the code of a service.
_CODE = {
    *("go.mod", "go.work", "package.json", "pyproject.toml", "requirements.txt", "Pipfile"),
    *("setup.py", "manage.py"),
}


def check_target(target: Path) -> None:
    """Check that ``target`` can become a new project: it is missing, or an empty folder.

    Raises:
        ProjectError: something is in the way.
    """
    try:
        _check_target(target)
    except OSError as error:
        raise ProjectError(
            f"can't look at {target}: {error.strerror}", "use another directory"
        ) from error


def _check_target(target: Path) -> None:
    if target.is_symlink() and not target.exists():
        raise ProjectError(
            f"{target} is a link to nothing", "remove the link, or use another directory"
        )
    if target.exists() and not target.is_dir():
        raise ProjectError(
            f"{target} exists and isn't a directory", "use a directory that doesn't exist yet"
        )
    ancestor = _nearest(target)
    if not ancestor.is_dir():
        raise ProjectError(
            f"{ancestor} isn't a directory, so {target} can't be created", "use another directory"
        )
    if target.is_dir() and (entries := _entries(target)):
        names, here = {entry.name for entry in entries}, shell.quoted(shell.short(target))
        hint = "use a directory that doesn't exist yet, or empty this one"
        if names >= _PROJECT:
            hint = f"update the project in it: dockgen update {here}"
        elif _CODE & names:
            hint = f"add container files to the code in it: dockgen add {here}"
        raise ProjectError(
            f"{target} exists and isn't empty: dockgen doesn't overwrite files", hint
        )


@contextmanager
def staging(target: Path) -> Iterator[Path]:
    """Yield a temporary folder on the file system of ``target``; it is always removed at the end.

    Raises:
        ProjectError: it can't be written there.
    """
    with ExitStack() as stack:
        try:
            folder = stack.enter_context(signals.temporary_folder(_STAGING, _nearest(target)))
        except OSError as error:
            raise cannot_write(target, error) from error
        yield folder


def place(staged: Path, target: Path) -> None:
    """Move ``staged`` to ``target``, which is missing or empty.

    A missing target appears by one rename. An empty one is kept, because a process may be in it:
    its entries are moved in one by one, and back out if that fails or is interrupted.

    Args:
        staged: a rendered tree, in a folder that ``staging(target)`` made.
        target: where it goes.

    Raises:
        ProjectError: another process was faster, or it can't be written there.
    """
    try:
        if target.is_dir():
            _move_into(staged, target)
        else:
            _rename_with_parents(staged, target)
    except OSError as error:
        raise cannot_write(target, error) from error


def left(target: Path) -> str:
    """Describe what an interrupted run left of ``target``, which was missing or empty."""
    if target.is_dir() and _entries(target):
        return f"{target} was created in the meantime"
    return "no files were left behind"


def files(tree: Path) -> list[Path]:
    """Return all files of a tree, relative to it, sorted."""
    return sorted(path.relative_to(tree) for path in tree.rglob("*") if not path.is_dir())


def cannot_write(path: Path, error: OSError) -> ProjectError:
    """Return the error for a disk that is full or read-only, or for missing permissions."""
    return ProjectError(
        f"can't write to {path}: {error.strerror or error}; no files were left behind",
        "make room or use another directory, then run the same command again",
    )


def _rename_with_parents(staged: Path, target: Path) -> None:
    ancestor = _nearest(target)
    missing = target.relative_to(ancestor)
    if len(missing.parts) > 1:
        parents = staged.parent / f"{staged.name}-parents"
        (parents / missing.parent).mkdir(parents=True)
        staged.rename(parents / missing)
        staged = parents / missing.parts[0]
        target = ancestor / missing.parts[0]
    staged.rename(target)


def _move_into(staged: Path, target: Path) -> None:
    descriptor = os.open(target, os.O_RDONLY)
    moved: list[Path] = []
    try:
        # If two runs use the same folder, the second one waits here, and then finds it taken.
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        check_target(target)
        for entry in sorted(staged.iterdir()):
            moved.append(entry)
            # Use the descriptor of the checked folder, whatever has its name by now.
            os.rename(entry, entry.name, dst_dir_fd=descriptor)
    except BaseException:
        with signals.held():
            for entry in moved:
                if not os.path.lexists(entry):
                    with suppress(FileNotFoundError):
                        os.rename(entry.name, entry, src_dir_fd=descriptor)
        raise
    finally:
        os.close(descriptor)


def _nearest(target: Path) -> Path:
    """Return the folder itself, or its closest parent that exists."""
    return next(path for path in (target, *target.parents) if path.exists())


def _entries(folder: Path) -> list[Path]:
    try:
        return [path for path in folder.iterdir() if not path.name.startswith(_STAGING)]
    except OSError as error:
        raise ProjectError(
            f"can't look into {folder}: {error.strerror}", "use another directory"
        ) from error
