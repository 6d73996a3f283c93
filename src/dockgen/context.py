"""A build context as data: which files a build may get from its folder, and how large they are."""

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from pathspec import PathSpec

from dockgen import reader
from dockgen.errors import ProjectError

# How many files are looked at; what comes after them is left out.
MAXIMUM_FILES = 200_000
# Where a pattern begins to mean several names.
_WILD = re.compile(r"[*?\[\\]")
# The line of a go.mod or go.work that says which Go it needs.
_GO_LINE = re.compile(r"^go[ \t]+(\d+\.\d+(?:\.\d+|rc\d+|beta\d+)?)[ \t]*(?://.*)?$", re.MULTILINE)
_GO_FILES = ("go.mod", "go.work")


@dataclass(frozen=True)
class Context:
    """What lies in a build's folder, and isn't named in its .dockerignore.

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


def _ignore_file(directory: Path, dockerfile: str) -> tuple[str, list[str]]:
    """The name of the ignore file that counts, and its patterns."""
    for name in (f"{dockerfile}.dockerignore", ".dockerignore"):
        with suppress(FileNotFoundError, NotADirectoryError):
            return name, list(_patterns(reader.text(directory / name, inside=directory)))
    return "", []


def _patterns(text: str) -> Iterator[str]:
    """The patterns as git has them: Docker's begin at the folder, whether they say so or not."""
    for line in text.removeprefix("\ufeff").splitlines():
        pattern = line.strip()
        if not pattern or line.startswith("#"):
            continue
        excepted = pattern.startswith("!")
        plain = os.path.normpath(pattern.removeprefix("!").strip() or ".").lstrip("/")
        if plain not in ("", "."):
            yield ("!/" if excepted else "/") + plain


def _sizes(directory: Path, patterns: list[str]) -> Iterator[tuple[str, int]]:
    """Yield each file that isn't ignored, with its bytes."""
    spec = PathSpec.from_lines("gitignore", patterns)
    # A folder that is ignored has to be looked into if something in it may not be.
    kept = [_WILD.split(pattern[2:])[0] for pattern in patterns if pattern.startswith("!")]
    waiting, count = [""], 0
    while waiting:
        folder = waiting.pop()
        with suppress(OSError):
            for entry in sorted(os.scandir(directory / folder), key=lambda one: one.name):
                path = f"{folder}/{entry.name}" if folder else entry.name
                is_ignored = spec.match_file(path)
                if entry.is_dir(follow_symlinks=False):
                    inside = f"{path}/"
                    if not is_ignored or any(
                        inside.startswith(name) or name.startswith(inside) for name in kept
                    ):
                        waiting.append(path)
                elif not is_ignored and entry.is_file(follow_symlinks=False):
                    yield path, entry.stat(follow_symlinks=False).st_size
                    count += 1
                    if count >= MAXIMUM_FILES:
                        return
