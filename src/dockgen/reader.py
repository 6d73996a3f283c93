"""Read untrusted files: whole, or refuse them with a one-line error.

A project comes from a clone or an archive, so any of its files may be a pipe, a device, a link to
somewhere else, endless, or text that grows when it is parsed. Everything that dockgen parses goes
through this module: it reads regular files of bounded size, and parses values of bounded depth and
number.
"""

import errno
import json
import os
import re
import stat
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import yaml

from dockgen.boundedyaml import (
    ERRORS,
    MAXIMUM_DEPTH,
    MAXIMUM_DIGITS,
    MAXIMUM_VALUES,
    BoundedLoader,
    plain,
)
from dockgen.errors import DockgenError, ProjectError, unreadable

# The size limit for a file, in bytes. The largest that people write is a list of certificates.
MAXIMUM_BYTES = 1_000_000
_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFSOCK: "a socket",
}
# A key with so many parts that tomllib, which compares each with all before, takes minutes.
TOML_NAME = r"""(?:[A-Za-z0-9_-]++|"[^"\n]*+"|'[^'\n]*+')"""
_LONG_KEY = re.compile(
    rf"(?<![A-Za-z0-9_-]){TOML_NAME}(?:[ \t]*+\.[ \t]*+{TOML_NAME}){{{MAXIMUM_DEPTH}}}"
)


def content(path: Path, *, inside: Path | None = None, limit: int = MAXIMUM_BYTES) -> bytes:
    """Return a file's content. Never blocks: pipes and devices aren't opened.

    Args:
        path: the file.
        inside: the folder that no link may lead out of, such as a project.
        limit: its maximum size, in bytes.

    Raises:
        FileNotFoundError: there is none.
        NotADirectoryError: there is none, because a parent is a file.
        ProjectError: it can't be read, isn't a file, is too large, or outside the folder.
    """
    with opened(path, inside=inside) as stream:
        try:
            found = stream.read(limit + 1)
        except OSError as error:
            raise unreadable(path, error) from error
    if len(found) > limit:
        raise ProjectError(
            f"{path} is larger than {limit / 10**6:g} MB, so it is not what its name says",
            "replace it with a smaller file",
        )
    return found


def opened(path: Path, *, inside: Path | None = None) -> BinaryIO:
    """Open a file for reading; see `content`, which also limits its size.

    Raises:
        FileNotFoundError: there is none.
        NotADirectoryError: there is none, because a parent is a file.
        ProjectError: it can't be opened, isn't a file, or is outside the folder.
    """
    try:
        real = os.fspath(path)
        if inside is not None:
            real = os.path.realpath(path, strict=True)
            if not f"{real}/".startswith(f"{os.path.realpath(inside).rstrip('/')}/"):
                raise ProjectError(
                    f"{path} is a link that leads out of {inside}",
                    f"replace it with a file: {path}",
                )
        # Check it before it is opened: opening alone can affect a device.
        _require_file(path, Path(real).stat().st_mode)
        flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY
        stream = os.fdopen(os.open(real, flags), "rb")
        try:
            _require_file(path, os.fstat(stream.fileno()).st_mode)
        except BaseException:
            stream.close()
            raise
    except (FileNotFoundError, NotADirectoryError):
        raise
    except (OSError, ValueError) as error:  # the latter for a name that no file can have
        if not isinstance(error, OSError):
            error = OSError(errno.EINVAL, str(error))
        raise unreadable(path, error) from error
    return stream


def text(
    path: Path,
    *,
    inside: Path | None = None,
    limit: int = MAXIMUM_BYTES,
    hint: str = "save it as UTF-8",
) -> str:
    """Return the text of a UTF-8 file; see `content`.

    Raises:
        FileNotFoundError: there is none.
        NotADirectoryError: there is none, because a parent is a file.
        ProjectError: it can't be read as text; ``hint`` is what to do if it isn't UTF-8.
    """
    return decoded(content(path, inside=inside, limit=limit), path, hint=hint)


def decoded(found: bytes, name: str | Path, *, hint: str = "save it as UTF-8") -> str:
    """Decode a file's content as UTF-8, with Python's line endings.

    Raises:
        ProjectError: it isn't UTF-8 text.
    """
    try:
        return found.decode().replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        raise ProjectError(f"{name} isn't UTF-8 text", hint) from error


def parse_yaml(
    words: str,
    name: str | Path,
    *,
    hint: str = "fix it, and run the command again",
    kind: type[DockgenError] = ProjectError,
) -> Any:
    """Parse YAML.

    Args:
        words: the text.
        name: its name in messages.
        hint: what to do if it is invalid.
        kind: the error to raise.

    Raises:
        DockgenError: of that kind: it isn't valid YAML, or exceeds the limits.
    """
    documents = yaml_documents(words, name, hint=hint, kind=kind)
    if len(documents) > 1:
        raise kind(f"{name} isn't valid YAML: it has {len(documents)} documents", hint)
    return documents[0] if documents else None


def yaml_documents(
    words: str,
    name: str | Path,
    *,
    hint: str = "fix it, and run the command again",
    kind: type[DockgenError] = ProjectError,
    include: Callable[[str], list[Any]] | None = None,
    tags: Sequence[str] = (),
) -> list[Any]:
    """Parse YAML with any number of documents; see `parse_yaml`.

    ``include`` is called with the pattern of copier's ``!include``, which is an error without it.
    ``tags`` are further tags, which don't change a value.
    """

    class Loader(BoundedLoader):
        """Handles includes."""

    if include is not None:
        Loader.add_constructor(
            "!include",
            lambda loader, node: include(
                str(loader.construct_scalar(node)) if isinstance(node, yaml.ScalarNode) else ""
            ),
        )
    for tag in tags:
        Loader.add_constructor(tag, plain)
    try:
        return list(yaml.load_all(words, Loader=Loader))
    except ERRORS as error:
        raise kind(f"{name} isn't valid YAML{_where(error)}", hint) from error


def yaml_lines(words: str, name: str | Path) -> dict[tuple[str, ...], int]:
    """Return the line of each key of a YAML text, counted from 1, by the path of keys to it.

    Raises:
        ProjectError: it isn't valid YAML, or too large; see `parse_yaml`.
    """
    try:
        root = yaml.compose(words, Loader=BoundedLoader)
    except ERRORS as error:
        raise ProjectError(f"{name} isn't valid YAML{_where(error)}", "fix it") from error
    found: dict[tuple[str, ...], int] = {}
    waiting: list[tuple[tuple[str, ...], yaml.Node | None]] = [((), root)]
    # An alias repeats its value, maybe endlessly.
    while waiting and len(found) < MAXIMUM_VALUES:
        path, node = waiting.pop()
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if isinstance(key, yaml.ScalarNode):
                    inner = (*path, str(key.value))
                    found.setdefault(inner, key.start_mark.line + 1)
                    waiting.append((inner, value))
    return found


def own_yaml_documents(path: Path, include: Callable[[str], list[Any]]) -> list[Any]:
    """Parse a YAML file of dockgen's own with libyaml, which is ten times faster."""
    parent: Any = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader

    class Loader(parent):  # type: ignore[misc]
        """Handles includes."""

    Loader.add_constructor("!include", lambda loader, node: include(loader.construct_scalar(node)))
    return list(yaml.load_all(path.read_text(encoding="utf-8"), Loader=Loader))


def parse_toml(
    words: str,
    name: str | Path,
    *,
    hint: str = "fix it, and run the command again",
    kind: type[DockgenError] = ProjectError,
    parse_float: Callable[[str], Any] = float,
    values: int = MAXIMUM_VALUES,
) -> dict[str, Any]:
    """Parse TOML.

    Args:
        words: the text.
        name: its name in messages.
        hint: what to do if it is invalid.
        kind: the error to raise.
        parse_float: converts the text of a float.
        values: the maximum number of values.

    Raises:
        DockgenError: of that kind: it isn't valid TOML, or nested too deep.
    """
    try:
        if _LONG_KEY.search(words):
            raise ValueError("a key has too many parts")
        read = tomllib.loads(words, parse_float=parse_float)
        _require_bounded(read, values)
    except (ValueError, ArithmeticError, RecursionError) as error:
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise kind(f"{name} isn't valid TOML: {_short(reason)}", hint) from error
    return read


def parse_json(words: str | bytes, *, values: int = MAXIMUM_VALUES) -> Any:
    """Parse JSON with at most this many values.

    Raises:
        ValueError: it isn't valid JSON, nested too deep, or too long.
    """
    try:
        read = json.loads(words)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    _require_bounded(read, values)
    return read


def _require_file(path: Path, mode: int) -> None:
    if not stat.S_ISREG(mode):
        kind = _KINDS.get(stat.S_IFMT(mode), "something else")
        raise ProjectError(f"{path} is {kind}, not a file", "replace it with a file")


def _require_bounded(read: Any, values: int) -> None:
    """Check that a value is nested to a bounded depth, and contains no huge numbers.

    Raises:
        ValueError: it exceeds a limit.
    """
    level: list[Any] = [read]
    count = 0
    for _ in range(MAXIMUM_DEPTH):
        inner: list[Any] = []
        for value in level:
            if isinstance(value, int) and abs(value) >= 10**MAXIMUM_DIGITS:
                raise ValueError("a number has too many digits")
            if isinstance(value, dict | list):
                inner.extend(value.values() if isinstance(value, dict) else value)
        count += len(inner)
        if count > values:
            raise ValueError("it has too many values")
        if not inner:
            return
        level = inner
    raise ValueError("it is nested too deeply")


def _where(error: Exception) -> str:
    """Return the line of a YAML error, counted from 1, and the reason, if there is one."""
    mark, problem = getattr(error, "problem_mark", None), getattr(error, "problem", None)
    where = f" in line {mark.line + 1}" if mark else ""
    return f"{where}: {_short(problem)}" if problem else where


def _short(words: object) -> str:
    return " ".join(str(words).split())[:120]
