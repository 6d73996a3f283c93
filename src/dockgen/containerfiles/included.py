"""The files that `docker compose` reads for a compose file: included, extended, of variables.

Compose puts what is in them into its model, so a stranger's file could take the passwords of
another project along. They are looked at before compose starts.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dockgen import reader
from dockgen.errors import ProjectError

# How many files are followed.
_MAXIMUM = 100
# What compose does with a value when it merges files; the value stays what it is.
_TAGS = ("!reset", "!override")


@dataclass(frozen=True)
class _Named:
    """A file that compose reads; ``is_compose`` of another compose file."""

    path: str
    folder: Path
    is_compose: bool = True
    project: Path | None = None


def require_inside(files: list[Path], directory: Path) -> None:
    """Make sure that compose reads nothing but ordinary files of a project.

    Args:
        files: the project's compose files.
        directory: the project.

    Raises:
        ProjectError: one of the files that they name isn't in the project, is a pipe or a device,
            is named by a variable, or can't be understood.
    """
    root = directory.resolve()
    waiting, seen = [_Named(file.name, file.parent) for file in files], set[Path]()
    for named in waiting:
        path = (named.folder / Path(named.path).expanduser()).resolve()
        if "$" in named.path or not path.is_relative_to(root):
            raise ProjectError(
                f"compose.yaml reaches beyond {directory}: it reads {named.path}",
                "if you trust it: dockgen check --trust",
            )
        if path in seen or len(seen) >= _MAXIMUM:
            continue
        seen.add(path)
        with suppress(FileNotFoundError, NotADirectoryError):  # compose says which one is missing
            if not named.is_compose:
                reader.content(path, inside=root)
                continue
            text = reader.text(path, inside=root)
            for document in reader.yaml_documents(text, path, tags=_TAGS):
                waiting += _of(document, named.project or path.parent)


def _of(document: Any, folder: Path) -> Iterator[_Named]:
    """What a compose file names; a path in it begins at ``folder``."""
    found = document if isinstance(document, Mapping) else {}
    for entry in _listed(found.get("include")):
        said = entry if isinstance(entry, Mapping) else {"path": entry}
        paths = [str(path) for path in _listed(said.get("path"))]
        project = said.get("project_directory")
        at = folder / str(project) if project else (folder / paths[0]).parent if paths else folder
        yield from (_Named(path, folder, project=at) for path in paths)
        variables = [str(path) for path in _listed(said.get("env_file"))]
        yield from (_Named(path, folder, is_compose=False) for path in variables)
        if not variables:
            yield _Named(str(at / ".env"), folder, is_compose=False)
    services = found.get("services")
    for service in services.values() if isinstance(services, Mapping) else ():
        if not isinstance(service, Mapping):
            continue
        extends = service.get("extends")
        if isinstance(extends, Mapping) and extends.get("file"):
            yield _Named(str(extends["file"]), folder)
        for key in ("env_file", "label_file"):
            for entry in _listed(service.get(key)):
                path = entry.get("path") if isinstance(entry, Mapping) else entry
                if path:
                    yield _Named(str(path), folder, is_compose=False)


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
