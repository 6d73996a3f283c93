"""Modules and workspaces: go.mod and go.work as data."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from dockgen.detect.repository import Repository, folder_of, join, within

_WORD = re.compile(r"`[^`]*`|\"[^\"]*\"|[^\s\"`]+")
_MINOR = re.compile(r"(?:go)?1\.(\d+)(?:[.\w-]*)")


@dataclass(frozen=True)
class Line:
    """A directive: its words without the verb, and its position."""

    words: tuple[str, ...]
    number: int
    indirect: bool = False


@dataclass(frozen=True)
class Module:
    """A go.mod.

    ``replaces`` maps module paths to the folders in the repository that replace them.
    """

    folder: str
    path: str
    go: Line | None = None
    toolchain: Line | None = None
    requires: Mapping[str, Line] = field(default_factory=dict)
    replaces: Mapping[str, tuple[str, int]] = field(default_factory=dict)

    @property
    def file(self) -> str:
        """The path of the go.mod."""
        return join(self.folder, "go.mod")


@dataclass(frozen=True)
class Workspace:
    """A go.work: its folder, the folders of its modules, and its version."""

    folder: str
    uses: tuple[str, ...]
    go: Line | None = None
    toolchain: Line | None = None
    replaces: Mapping[str, tuple[str, int]] = field(default_factory=dict)

    @property
    def file(self) -> str:
        """The path of the go.work."""
        return join(self.folder, "go.work")


def minor(line: Line | None) -> int | None:
    """Return the minor version in a go or toolchain line: 24 of ``go 1.24.1``."""
    found = _MINOR.fullmatch(line.words[0]) if line and line.words else None
    return int(found[1]) if found and len(found[1]) < 4 else None


@lru_cache(maxsize=256)
def module(repository: Repository, folder: str) -> Module | None:
    """Return the module whose go.mod is in a folder; None without one or its module line."""
    path = ""
    found: dict[str, Line] = {}
    requires: dict[str, Line] = {}
    replaces: dict[str, tuple[str, int]] = {}
    for verb, line in _directives(repository, join(folder, "go.mod")):
        if verb == "module" and line.words:
            path = line.words[0]
        elif verb == "require" and line.words:
            requires.setdefault(line.words[0], line)
        elif verb == "replace":
            replaces |= _replaced(repository, folder, line)
        else:
            found.setdefault(verb, line)
    if not path:
        return None
    return Module(folder, path, found.get("go"), found.get("toolchain"), requires, replaces)


@lru_cache(maxsize=16)
def workspaces(repository: Repository) -> tuple[Workspace, ...]:
    """Return the workspaces of a repository."""
    return tuple(_workspace(repository, path) for path in repository.named("go.work"))


def workspace(repository: Repository, folder: str) -> Workspace | None:
    """Return the workspace that a module's folder is part of."""
    for found in workspaces(repository):
        if within(folder, found.folder) and folder in found.uses:
            return found
    return None


def _workspace(repository: Repository, path: str) -> Workspace:
    folder = folder_of(path)
    uses = []
    found: dict[str, Line] = {}
    replaces: dict[str, tuple[str, int]] = {}
    for verb, line in _directives(repository, path):
        if verb == "use" and line.words:
            uses.append(join(folder, line.words[0]))
        elif verb == "replace":
            replaces |= _replaced(repository, folder, line)
        else:
            found.setdefault(verb, line)
    return Workspace(folder, tuple(uses), found.get("go"), found.get("toolchain"), replaces)


def _replaced(repository: Repository, folder: str, line: Line) -> dict[str, tuple[str, int]]:
    """Return the folder in the repository that a replace line names, if any."""
    if "=>" not in line.words or line.words.index("=>") + 1 >= len(line.words):
        return {}
    target = line.words[line.words.index("=>") + 1]
    if not target.startswith(("./", "../")) and target not in (".", ".."):
        return {}
    where = join(folder, target)
    return {line.words[0]: (where, line.number)} if where in repository.folders else {}


def _directives(repository: Repository, path: str) -> Iterator[tuple[str, Line]]:
    """Yield each directive of a go.mod or go.work with its verb, including those in blocks."""
    block = ""
    for number, text in enumerate(repository.lines(path), 1):
        code, _, comment = text.partition("//")
        words = tuple(word.strip('"`') for word in _WORD.findall(code))
        if not words:
            continue
        if words[0] == ")":
            block = ""
        elif block:
            yield block, Line(words, number, "indirect" in comment)
        elif words[-1] == "(" and len(words) == 2:
            block = words[0]
        else:
            yield words[0], Line(words[1:], number, "indirect" in comment)
