"""A record: one replacement of files as the journal keeps it, with every state before and after.

A journal may come with somebody else's repository, so it isn't trusted: all names must be paths
inside the project, or the record is refused.
"""

import json
import os
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dockgen import reader
from dockgen.errors import ProjectError
from dockgen.inside import Folder, Inside, OutsideError, Saved

NAME = Inside.of("journal.json")
_FORMAT = 1
# A limit in bytes: a project has about a hundred files from the template.
_LIMIT = 16_000_000


@dataclass(frozen=True)
class Replacement:
    """One file of the project, before and after; None if it doesn't exist."""

    path: str
    before: Saved | None
    after: Saved | None


@dataclass(frozen=True)
class Entry:
    """A whole replacement: the files, and git's index entries of ``index_paths``.

    ``head`` is the commit that was checked out, or "" if there was none; ``title`` describes it for
    its owner.
    """

    title: str
    head: str
    files: Sequence[Replacement]
    index_paths: Sequence[str]
    index_before: bytes
    index_after: bytes

    def reversed(self, title: str, head: str) -> "Entry":
        """Return the replacement that undoes this one."""
        files = [Replacement(file.path, file.after, file.before) for file in self.files]
        return Entry(title, head, files, self.index_paths, self.index_after, self.index_before)


@dataclass(frozen=True)
class Record:
    """The record of an entry; ``existed`` are the numbers of files that existed before."""

    token: str
    title: str
    head: str
    files: Sequence[Inside]
    existed: frozenset[int]
    new_folders: Sequence[Inside]
    index_paths: Sequence[str]
    index_before: bytes
    index_after: bytes


def before(number: int) -> Inside:
    """Return where a record keeps a file's state before the replacement."""
    return Inside.of(f"before/{number}")


def after(number: int) -> Inside:
    """Return where a record keeps a file's state after the replacement."""
    return Inside.of(f"after/{number}")


def write(folder: Folder, project: Folder, entry: Entry, token: str) -> None:
    """Write an entry into a new folder, and flush it to disk."""
    for part in (folder, folder.at("before"), folder.at("after")):
        part.make()
    for number, file in enumerate(entry.files):
        for place, saved in ((before(number), file.before), (after(number), file.after)):
            if saved is not None:
                folder.write(place, saved, flush=True)
    paths = [Inside.of(file.path) for file in entry.files if file.after is not None]
    missing = {parent for path in paths for parent in path.parents if not project.exists(parent)}
    record = {
        "format": _FORMAT,
        "token": token,
        "title": entry.title,
        "head": entry.head,
        "files": [file.path for file in entry.files],
        "existed": [number for number, file in enumerate(entry.files) if file.before is not None],
        "new_folders": sorted(map(str, missing)),
        "index_paths": list(entry.index_paths),
        "index_before": os.fsdecode(entry.index_before),
        "index_after": os.fsdecode(entry.index_after),
    }
    folder.write(NAME, Saved(json.dumps(record, indent=1).encode(), 0o600), flush=True)
    for part in (folder.at("before"), folder.at("after"), folder):
        part.flush()


def read(folder: Folder) -> Record:
    """Read a record.

    Raises:
        ProjectError: it is of another version, or not written by dockgen.
        OSError: it can't be read.
    """
    try:
        found = reader.parse_json(folder.read(NAME, _LIMIT))
        if isinstance(found, dict) and found.get("format") != _FORMAT:
            raise ProjectError(
                f"{folder.path} was written by another version of dockgen",
                "undo with that version",
            )
        return _checked(found)
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise _refused(folder, "it has an unknown format") from error
    except OutsideError as error:
        raise _refused(folder, error.message) from error


def entry(folder: Folder) -> Entry:
    """Read a record with the states of all its files.

    Raises:
        ProjectError: as for `read`.
    """
    said = read(folder)
    return Entry(
        title=said.title,
        head=said.head,
        files=[
            Replacement(str(path), folder.look(before(number)), folder.look(after(number)))
            for number, path in enumerate(said.files)
        ],
        index_paths=said.index_paths,
        index_before=said.index_before,
        index_after=said.index_after,
    )


def _checked(found: Mapping[str, Any]) -> Record:
    """Validate the types and names in a record.

    Raises:
        ValueError, TypeError, KeyError: one is invalid.
        OutsideError: a name leads out of the project.
    """
    record = Record(
        token=_matching(r"[0-9a-f]{1,32}", found["token"]),
        title=_text(found["title"]),
        head=_matching(r"([0-9a-f]{40,64})?", found["head"]),
        files=_paths(found["files"]),
        existed=frozenset(found["existed"]),
        new_folders=_paths(found["new_folders"]),
        index_paths=[str(path) for path in _paths(found["index_paths"])],
        index_before=os.fsencode(_text(found["index_before"])),
        index_after=os.fsencode(_text(found["index_after"])),
    )
    if not all(isinstance(number, int) for number in record.existed):
        raise TypeError("existed")
    return record


def _paths(names: object) -> list[Inside]:
    if not isinstance(names, list):
        raise TypeError(names)
    return [Inside.of(_text(name)) for name in names]


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def _matching(pattern: str, value: object) -> str:
    if re.fullmatch(pattern, text := _text(value)) is None:
        raise ValueError(text)
    return text


def _refused(folder: Folder, reason: str) -> ProjectError:
    return ProjectError(
        f"{folder.path} isn't a record that dockgen wrote, so nothing was changed: {reason}",
        "if you ran no update here, it came with the repository; delete it: "
        f"rm -r {shlex.quote(str(folder.path))}",
    )
