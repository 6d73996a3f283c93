"""Write reports to files that the user names."""

from pathlib import Path

from dockgen.errors import ProjectError


def write(path: Path, content: str, *, append: bool = False) -> None:
    """Write a report to a file: replace its content, or append to it.

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
