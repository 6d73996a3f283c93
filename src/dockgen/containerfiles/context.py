"""A build context as data: which files a build may get from its folder, and how large they are."""

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

# How many files are looked at, and how many patterns for all of them together; what comes after
# them is left out.
MAXIMUM_FILES = 100_000
_MAXIMUM_MATCHES = 5_000_000
# The line of a go.mod or go.work that says which Go it needs.
_GO_LINE = re.compile(r"^go[ \t]+(\d+\.\d+(?:\.\d+|rc\d+|beta\d+)?)[ \t]*(?://.*)?$", re.MULTILINE)
_GO_FILES = ("go.mod", "go.work")


@dataclass(frozen=True)
class Context:
    """What is in a build's folder, and isn't named in its .dockerignore.

    ``ignore_file`` is that file's name, "" if there is none; ``files`` has the bytes of each file
    by its path from the folder, ``go`` the version that the `go` line of each go.mod and go.work
    asks for.
    """

    ignore_file: str = ""
    files: Mapping[str, int] = field(default_factory=dict)
    go: Mapping[str, str] = field(default_factory=dict)


def read(directory: Path, dockerfile: str = "Dockerfile") -> Context:
    """Look at the folder that a build gets; ``dockerfile`` is the name of what is built.

    Raises:
        ProjectError: the ignore file can't be read.
    """
    name, patterns = _ignore_file(directory, dockerfile)
    files = dict(_sizes(directory, patterns))
    go: dict[str, str] = {}
    for path in files:
        if path.rpartition("/")[2] in _GO_FILES:
            # One that can't be read is the build's to report.
            with suppress(ProjectError, OSError):
                found = _GO_LINE.search(reader.text(directory / path, inside=directory))
                go |= {path: found[1]} if found else {}
    return Context(name, files, go)


def _ignore_file(directory: Path, dockerfile: str) -> tuple[str, list["_Pattern"]]:
    """The name of the ignore file that counts, and its patterns."""
    for name in (f"{dockerfile}.dockerignore", ".dockerignore"):
        with suppress(FileNotFoundError, NotADirectoryError):
            return name, list(_patterns(reader.text(directory / name, inside=directory)))
    return "", []


@dataclass(frozen=True)
class _Pattern:
    """A line of an ignore file, part by part: what a name has to match; None stands for `**`."""

    parts: tuple[re.Pattern[str] | None, ...]
    lets_in: bool

    def matches(self, names: list[str]) -> bool:
        """Whether a path, given by its parts, is what the pattern names."""
        if None not in self.parts:
            return len(names) == len(self.parts) and all(
                part.match(name) for part, name in zip(self.parts, names, strict=True) if part
            )
        # Which of its parts may be next, after each name of the path.
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
        """With those behind a `**` that stands for no folder at all; the last one never does."""
        found = set(positions)
        for position in sorted(positions):
            while position < len(self.parts) - 1 and self.parts[position] is None:
                position += 1
                found.add(position)
        return found


def _patterns(text: str) -> Iterator[_Pattern]:
    """The patterns of an ignore file, as Docker reads them: from the folder on, `!` for exceptions.

    Python's own translation of one part takes no more than linear time, whatever the pattern.
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
    """Yield each file that isn't ignored, with its bytes."""
    left = min(MAXIMUM_FILES, _MAXIMUM_MATCHES // (len(patterns) or 1))
    lets_in = any(pattern.lets_in for pattern in patterns)
    # Each folder with the patterns that name it or one above it: they hold for all that is in it.
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
                    # Something in an ignored folder may be let in again.
                    if not is_ignored or lets_in:
                        waiting.append((path, named))
                elif not is_ignored and entry.is_file(follow_symlinks=False):
                    yield path, entry.stat(follow_symlinks=False).st_size
