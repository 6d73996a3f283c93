"""Sizes of images by case: recorded by tests, stored in a file, compared with another run."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from dockgen import reader
from dockgen.errors import ProjectError, UsageError

# The property under which a test records its case's size.
PROPERTY = "dockgen_size"

_MB = 10**6


@dataclass(frozen=True)
class Size:
    """An image's size, unpacked and after gzip, and its limit; all in bytes.

    ``gzip_bytes`` is None if it wasn't measured, and ``limit_bytes`` if there is no limit.
    """

    unpacked_bytes: int
    gzip_bytes: int | None
    limit_bytes: int | None


Sizes = Mapping[str, Size]


@dataclass(frozen=True)
class Row:
    """A row of the table: a case, its size now, and its size before; None if there isn't one."""

    case: str
    now: Size | None
    before: Size | None

    @property
    def difference(self) -> str:
        """The change, such as "+0.31", "new" or "gone"."""
        if self.now is None:
            return "gone"
        if self.before is None:
            return "new"
        change = (self.now.unpacked_bytes - self.before.unpacked_bytes) / _MB
        return f"{change:+.2f}" if f"{abs(change):.2f}" != "0.00" else "0"


def recorded(properties: Iterable[tuple[str, object]]) -> dict[str, Size]:
    """Return the sizes among the properties that tests recorded; see `property_of`."""
    found: dict[str, Size] = {}
    for name, value in properties:
        if name == PROPERTY and isinstance(value, dict):
            figures = {key: figure for key, figure in value.items() if key != "case"}
            found[str(value["case"])] = Size(**figures)
    return dict(sorted(found.items()))


def property_of(case: str, size: Size) -> tuple[str, dict[str, Any]]:
    """Return what a test passes to ``record_property``: plain values, as pytest-xdist needs."""
    return PROPERTY, {"case": case, **asdict(size)}


def dump(sizes: Sizes) -> str:
    """Return the sizes as JSON: an object with one entry per case."""
    return json.dumps({case: asdict(size) for case, size in sizes.items()}, indent=2) + "\n"


def read(path: Path) -> dict[str, Size]:
    """Read a file written from `dump`.

    Raises:
        UsageError: the file can't be read, or has other content.
    """
    try:
        entries = reader.parse_json(reader.content(path))
        fields = Size.__dataclass_fields__
        return {case: Size(**{name: int(entry[name]) for name in fields})
                for case, entry in entries.items()}  # fmt: skip
    except OSError as error:
        raise UsageError(
            f"{path} can't be read: {error.strerror}",
            "use a file that --sizes wrote in another run",
        ) from error
    except (ProjectError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise UsageError(
            f"{path} has no sizes", "use a file that --sizes wrote in another run"
        ) from error


def rows(now: Sizes, before: Sizes | None = None) -> list[Row]:
    """Return one row per case of either run, in alphabetical order."""
    before = before or {}
    return [Row(case, now.get(case), before.get(case)) for case in sorted({*now, *before})]


def cells(row: Row, *, compared: bool) -> list[str]:
    """Return a row's cells: case, unpacked, gzip, limit, and the difference if compared."""
    figures = ["-"] * 3
    if row.now is not None:
        size = row.now
        packed, limit = size.gzip_bytes, size.limit_bytes
        figures = [
            f"{size.unpacked_bytes / _MB:.2f}",
            "-" if packed is None else f"{packed / _MB:.2f}",
            "-" if limit is None else f"{limit / _MB:g}",
        ]
    return [row.case, *figures, *([row.difference] if compared else [])]


def head(*, compared: bool) -> list[str]:
    """Return the titles of the columns; sizes are in MB (10^6 bytes)."""
    return ["case", "unpacked MB", "gzip MB", "limit MB", *(["difference"] if compared else [])]
