"""A build context as data: the files that a build can read from its folder, and their sizes."""

import fnmatch
import os
import posixpath
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from dockgen import reader
from dockgen.errors import ProjectError

# How many files are visited, and how many patterns are matched against all of them together; the
# rest is left out.
MAXIMUM_FILES = 100_000
_MAXIMUM_MATCHES = 5_000_000
# The line of a go.mod or go.work with the Go version that it needs.
_GO_LINE = re.compile(r"^go[ \t]+(\d+\.\d+(?:\.\d+|rc\d+|beta\d+)?)[ \t]*(?://.*)?$", re.MULTILINE)
_GO_FILES = ("go.mod", "go.work")


@dataclass(frozen=True)
class Context:
    """The files in a build's folder that its .dockerignore doesn't exclude.

    ``ignore_file`` is that file's name, or "" if there is none; ``files`` maps paths relative to
    the folder to sizes in bytes, and ``go`` maps each go.mod and go.work to the version in its `go`
    line.
    """

    ignore_file: str = ""
    files: Mapping[str, int] = field(default_factory=dict)
    go: Mapping[str, str] = field(default_factory=dict)


def read(directory: Path, dockerfile: str = "Dockerfile") -> Context:
    """Read a build's folder; ``dockerfile`` is the name of the Dockerfile.

    Raises:
        ProjectError: the ignore file can't be read.
    """
    name, patterns = _ignore_file(directory, dockerfile)
    files = dict(_sizes(directory, patterns))
    go: dict[str, str] = {}
    for path in files:
        if path.rpartition("/")[2] in _GO_FILES:
            # The build itself reports one that can't be read.
            with suppress(ProjectError, OSError):
                found = _GO_LINE.search(reader.text(directory / path, inside=directory))
                go |= {path: found[1]} if found else {}
    return Context(name, files, go)


def _ignore_file(directory: Path, dockerfile: str) -> tuple[str, list["_Pattern"]]:
    """Return the name of the ignore file that applies, and its patterns."""
    for name in (f"{dockerfile}.dockerignore", ".dockerignore"):
        with suppress(FileNotFoundError, NotADirectoryError):
            return name, list(_patterns(reader.text(directory / name, inside=directory)))
    return "", []


@dataclass(frozen=True)
class _Pattern:
    """A line of an ignore file as a pattern for each part of a path; None stands for `**`."""

    parts: tuple[re.Pattern[str] | None, ...]
    lets_in: bool

    def matches(self, names: list[str]) -> bool:
        """Return whether the pattern matches a path, given as its parts."""
        if None not in self.parts:
            return len(names) == len(self.parts) and all(
                part.match(name) for part, name in zip(self.parts, names, strict=True) if part
            )
        # The parts that may match next, after each name of the path.
        reached = self._open({0})
        for name in names:
            here = set()
            for position in reached:
                if position < len(self.parts):
                    part = self.parts[position]
                    if part is None:
                        here |= {position, position + 1}
                    elif part.match(name):
                        here.add(position + 1)
            reached = self._open(here)
        return len(self.parts) in reached

    def _open(self, positions: set[int]) -> set[int]:
        """Add the positions after each `**` that matches no folder, except a `**` at the end."""
        found = set(positions)
        for position in sorted(positions):
            while position < len(self.parts) - 1 and self.parts[position] is None:
                position += 1
                found.add(position)
        return found


def _patterns(text: str) -> Iterator[_Pattern]:
    """Yield an ignore file's patterns as Docker reads them: from the folder on, `!` for exceptions.

    Python's own translation of a part matches in linear time, whatever the pattern.
    """
    for line in text.removeprefix("\ufeff").splitlines():
        pattern = line.strip()
        if not pattern or line.startswith("#"):
            continue
        plain = posixpath.normpath(pattern.removeprefix("!").strip() or ".").lstrip("/")
        if plain in ("", "."):
            continue
        parts = [
            None if part == "**" else re.compile(fnmatch.translate(part.replace("[^", "[!")))
            for part in plain.split("/")
        ]
        yield _Pattern(tuple(parts), pattern.startswith("!"))


def _sizes(directory: Path, patterns: list[_Pattern]) -> Iterator[tuple[str, int]]:
    """Yield each file that isn't ignored, with its size in bytes."""
    left = min(MAXIMUM_FILES, _MAXIMUM_MATCHES // (len(patterns) or 1))
    lets_in = any(pattern.lets_in for pattern in patterns)
    # Each folder with the patterns that match it or a parent: they apply to everything in it.
    waiting: list[tuple[str, frozenset[int]]] = [("", frozenset())]
    while waiting:
        folder, above = waiting.pop()
        with suppress(OSError):
            for entry in sorted(os.scandir(directory / folder), key=lambda one: one.name):
                left -= 1
                if left < 0:
                    return
                path = f"{folder}/{entry.name}" if folder else entry.name
                names = path.split("/")
                named = frozenset(
                    number
                    for number, pattern in enumerate(patterns)
                    if number in above or pattern.matches(names)
                )
                is_ignored = bool(named) and not patterns[max(named)].lets_in
                if entry.is_dir(follow_symlinks=False):
                    # A pattern may include something in an ignored folder again.
                    if not is_ignored or lets_in:
                        waiting.append((path, named))
                elif not is_ignored and entry.is_file(follow_symlinks=False):
                    yield path, entry.stat(follow_symlinks=False).st_size
