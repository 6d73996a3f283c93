"""The output: files that the user names for what a command found."""

from pathlib import Path

from dockgen.errors import ProjectError


def write(path: Path, content: str, *, append: bool = False) -> None:
    """Write a report to a file, in place of what it holds or after that.

    Raises:
        ProjectError: it can't be written.
    """
    try:
        with path.open("a" if append else "w", encoding="utf-8") as stream:
            stream.write(content)
    except OSError as error:
        raise ProjectError(
            f"can't write {path}: {error.strerror}", "use a file in a folder that exists"
        ) from error
