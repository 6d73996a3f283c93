"""A repository for detection: the files that git would track, read within bounds.

All of it is untrusted. Links that lead out, pipes, huge files and broken text are left out and
recorded, but aren't errors: one bad file says nothing about the others.
"""

import os
import re
import stat
from collections.abc import Iterable, Iterator
from functools import cached_property, lru_cache
from itertools import islice
from pathlib import Path
from typing import Any

from dockgen import boundedyaml, git, reader
from dockgen.errors import ProjectError
from dockgen.git import gitfolder
from dockgen.threeway import OFFERED

# The limits for the number of files, and for their depth.
MAXIMUM_FILES = 200_000
MAXIMUM_DEPTH = 40
# For a lock file, in bytes; all other files have the limit reader.MAXIMUM_BYTES.
LOCK_BYTES = 20_000_000
# How many texts and parsed files are cached.
_KEPT = 512
# How many bytes of source files are cached: each is searched for several words.
_KEPT_BYTES = 200_000_000

# Folders that tools make, and that shouldn't be in a repository.
JUNK = frozenset(
    {".git", ".hg", ".svn", ".venv", "node_modules", "bower_components", "__pycache__", ".tox"}
    | {".nox", ".mypy_cache", ".pytest_cache", ".ruff_cache", ".eggs", ".idea", ".gradle"}
    | {".terraform", ".next", ".nuxt", ".turbo", ".cache", ".parcel-cache", ".pnpm-store"}
    | {".direnv", "site-packages"}
)
# A virtual environment has this file at its root, whatever its name.
_ENVIRONMENT = "pyvenv.cfg"
# Folders whose code isn't the application's. Compared in lower case.
ASIDE = frozenset(
    {
        "vendor",
        "third_party",
        "thirdparty",
        "node_modules",
        "testdata",
        "test",
        "tests",
        "testing",
        "integration-test",
        "integration-tests",
        "integration_tests",
        "__tests__",
    }
    | {"spec", "specs", "e2e", "fixtures", "__fixtures__", "mocks", "__mocks__", "stories"}
    | {"example", "examples", "sample", "samples", "demo", "demos", "doc", "docs"}
    | {"documentation", "benchmark", "benchmarks", "bench", ".github", ".devcontainer"}
    | {".storybook"}
)


class Repository:
    """The files below a folder.

    Attributes:
        root: the folder.
        files: the path of each file, relative to the root, with slashes, sorted.
        tracked: whether git listed them; otherwise they are all except those that tools make.
        skipped: what was left out, and why, by path.
    """

    def __init__(self, root: Path) -> None:
        """Read a folder's file list.

        Raises:
            ProjectError: it isn't a folder, it is git's own, or git refused to answer.
        """
        if not root.is_dir():
            raise ProjectError(f"{root} isn't a folder", "use the folder of a repository")
        self.root = root
        self.skipped: dict[str, str] = {}
        self.tracked = gitfolder.find(root) is not None
        names = self._by_git() if self.tracked else self._by_walking()
        self.files: tuple[str, ...] = tuple(sorted(self._regular(names)))
        self._known = frozenset(self.files)
        # A cache per instance, freed with it.
        self._text = lru_cache(_KEPT)(self._read_text)
        self._parsed = lru_cache(_KEPT)(self._parse)
        self._contents: dict[str, bytes] = {}
        self._room = _KEPT_BYTES

    def _by_git(self) -> Iterator[str]:
        """Yield what git tracks, and what it would track if added."""
        words = ("ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate")
        for name in git.ask(*words, cwd=self.root).split(b"\0"):
            text = os.fsdecode(name)
            if text and self._is_utf8(text) and not JUNK & set(text.split("/")[:-1]):
                yield text

    def _is_utf8(self, name: str) -> bool:
        if name.isascii():
            return True
        try:
            name.encode()
        except UnicodeEncodeError:
            self.skipped[ascii(name)[1:-1]] = "its name isn't UTF-8"
            return False
        return True

    def _by_walking(self) -> Iterator[str]:
        """Yield every file except those that tools make."""
        waiting = [""]
        while waiting:
            folder = waiting.pop()
            try:
                entries = list(os.scandir(self.root / folder))
            except OSError as error:
                self.skipped[folder or "."] = error.strerror or str(error)
                continue
            for entry in entries:
                name = f"{folder}/{entry.name}" if folder else entry.name
                if entry.is_dir(follow_symlinks=False):
                    if entry.name in JUNK:
                        continue
                    if name.count("/") >= MAXIMUM_DEPTH:
                        self.skipped[name] = "it is nested too deeply"
                        continue
                    waiting.append(name)
                elif self._is_utf8(name):
                    yield name

    def _regular(self, found: Iterable[str]) -> Iterator[str]:
        """Yield those that are regular files, or links to one of these."""
        names = set(islice(found, MAXIMUM_FILES + 1))
        if len(names) > MAXIMUM_FILES:
            raise ProjectError(
                f"{self.root} has more than {MAXIMUM_FILES} files",
                "use the folder of one service: dockgen add FOLDER",
            )
        suffix = f"/{_ENVIRONMENT}"
        environments = tuple(name.removesuffix(_ENVIRONMENT) for name in names if suffix in name)
        real = os.path.realpath(self.root)
        for name in names:
            # The template's version beside a kept file isn't the user's.
            if (name.startswith(environments) and environments) or OFFERED in name:
                continue
            try:
                # A string: a Path of each of ten thousands of files takes longer than to look.
                mode = os.lstat(f"{real}/{name}").st_mode
                if stat.S_ISLNK(mode):
                    path = Path(real, name).resolve(strict=True)
                    # An ignored file must not be read under another name, such as a .env with
                    # passwords.
                    if os.path.relpath(path, real) not in names and not path.is_dir():
                        self.skipped[name] = "it is a link to something outside of these files"
                        continue
                    mode = path.stat().st_mode
            except FileNotFoundError:
                continue  # deleted although tracked, or a broken link
            except OSError as error:
                self.skipped[name] = error.strerror or str(error)
                continue
            if stat.S_ISREG(mode):
                yield name
            elif not stat.S_ISDIR(mode):  # a submodule, or a link to a folder
                self.skipped[name] = "it isn't a regular file"

    # Which files there are.

    def has(self, path: str) -> bool:
        """Return whether there is such a file."""
        return path in self._known

    @cached_property
    def folders(self) -> frozenset[str]:
        """Every folder that contains a file, directly or further down; "." is the root."""
        found = {"."}
        for name in self.files:
            folder = name.rpartition("/")[0]
            while folder and folder not in found:
                found.add(folder)
                folder = folder.rpartition("/")[0]
        return frozenset(found)

    @cached_property
    def _by_folder(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for name in self.files:
            found.setdefault(folder_of(name), []).append(name)
        return found

    @cached_property
    def _by_name(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for name in self.files:
            found.setdefault(name.rpartition("/")[2], []).append(name)
        return found

    def beside(self, folder: str) -> list[str]:
        """Return the files directly in a folder, by path."""
        return self._by_folder.get(folder, [])

    def under(self, folder: str) -> Iterator[str]:
        """Yield all files in a folder and further down."""
        return (name for name in self.files if within(name, folder))

    def named(self, name: str, folder: str = ".") -> list[str]:
        """Return the files of that name in a folder and further down, the outermost first."""
        found = [path for path in self._by_name.get(name, []) if within(path, folder)]
        return sorted(found, key=lambda path: (path.count("/"), path))

    def sources(self, folder: str, *suffixes: str, aside: bool = False) -> list[str]:
        """Return the source files of a folder with these suffixes, the outermost first.

        Without ``aside``, vendored code, tests, examples and documentation are left out.
        """
        length = 0 if folder == "." else len(folder) + 1
        found = [
            path
            for path in self.files
            if path.endswith(suffixes)
            and within(path, folder)
            and (aside or not is_aside(path[length:]))
        ]
        return sorted(found, key=lambda path: (path.count("/"), path))

    # Their content. None if the file doesn't exist, or can't be read: then it is in `skipped`.

    def text(self, path: str) -> str | None:
        """Return the text of a file."""
        return self._text(path)

    def lines(self, path: str) -> list[str]:
        """Return the lines of a file; none if it can't be read."""
        return (self.text(path) or "").split("\n")

    def line(self, path: str, *needles: str) -> int:
        """Return the number of the first line with all of these words, from 1; 0 without one."""
        for number, line in enumerate(self.lines(path), 1):
            if all(needle in line for needle in needles):
                return number
        return 0

    def content(self, path: str) -> bytes:
        """Return the bytes of a source file; empty if it can't be read. Cached within a limit."""
        found = self._contents.get(path)
        if found is None:
            found = self._bytes(path, reader.MAXIMUM_BYTES) or b""
            self._room -= len(found)
            if self._room > 0:
                self._contents[path] = found
        return found

    def holding(
        self, paths: Iterable[str], *needles: bytes, pattern: re.Pattern[bytes] | None = None
    ) -> Iterator[str]:
        """Yield the files with one of the words: much faster than parsing them all."""
        for path in paths:
            content = self.content(path)
            # Not a generator: this runs once for each file and question.
            if any(map(content.__contains__, needles)) or (pattern and pattern.search(content)):
                yield path

    def toml(self, path: str) -> dict[str, Any]:
        """Return the tables of a TOML file; empty if it can't be read."""
        found = self._parsed(path, "toml")
        return found if isinstance(found, dict) else {}

    def json(self, path: str) -> Any:
        """Return the value of a JSON file."""
        return self._parsed(path, "json")

    def yaml(self, path: str) -> Any:
        """Return the value of a YAML file."""
        return self._parsed(path, "yaml")

    def _bytes(self, path: str, limit: int) -> bytes | None:
        if path not in self._known:
            return None
        try:
            return reader.content(self.root / path, inside=self.root, limit=limit)
        except (OSError, ProjectError) as error:
            self._skip(path, error)
            return None

    def _skip(self, path: str, error: Exception) -> None:
        self.skipped.setdefault(path, str(error).replace(f"{self.root}/", ""))

    def _read_text(self, path: str) -> str | None:
        limit = LOCK_BYTES if _is_lock(path) else reader.MAXIMUM_BYTES
        content = self._bytes(path, limit)
        if content is None:
            return None
        try:
            return reader.decoded(content.removeprefix(b"\xef\xbb\xbf"), path)
        except ProjectError as error:
            self._skip(path, error)
            return None

    def _parse(self, path: str, kind: str) -> Any:
        text = self.text(path)
        if text is None:
            return None
        values = LOCK_BYTES // 20 if _is_lock(path) else boundedyaml.MAXIMUM_VALUES
        try:
            if kind == "toml":
                return reader.parse_toml(text, path, values=values)
            if kind == "yaml":
                return reader.parse_yaml(text, path)
            return reader.parse_json(text, values=values)
        except (ProjectError, ValueError) as error:
            self._skip(path, error)
            return None


def within(path: str, folder: str) -> bool:
    """Return whether a path is a folder, or inside it."""
    return folder == "." or path == folder or path.startswith(f"{folder}/")


def folder_of(path: str) -> str:
    """Return the folder that a file is in; "." is the root."""
    return path.rpartition("/")[0] or "."


def join(folder: str, name: str) -> str:
    """Join a folder and a name, without ``.`` and ``..``; "" if that leads out of the root."""
    path = os.path.normpath(f"{folder}/{name}" if not name.startswith("/") else name)
    return "" if path.startswith(("/", "..")) else path


def is_aside(path: str) -> bool:
    """Return whether a file is in vendored code, tests, examples or documentation."""
    folders = [part.lower() for part in path.split("/")[:-1]]
    return any(name in ASIDE or name.startswith(("tests_", "test_", "tests-")) for name in folders)


def _is_lock(path: str) -> bool:
    name = path.rpartition("/")[2]
    return name.endswith((".lock", "-lock.json", "-lock.yaml", "-shrinkwrap.json", ".sum"))
