"""Report what was provided, on the terminal and to the program that is run."""

import json
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

MB = 1_000_000


class Origin(StrEnum):
    """The origin of a base image."""

    OFFICIAL = "official"
    STAND_IN = "stand-in"


@dataclass(frozen=True)
class Published:
    """The official image's size in MB (10^6): layer tars unpacked, and gzip-compressed.

    None if the source doesn't say.
    """

    unpacked_mb: float | None
    gzip_mb: float | None
    source: str


@dataclass(frozen=True)
class Provided:
    """A base image in the engine.

    Sizes are in bytes, summed over the layer tars. `recipe`: the hash of a stand-in's recipe.
    """

    name: str
    origin: Origin
    unpacked_bytes: int
    gzip_bytes: int | None
    recipe: str | None
    published: Published | None

    def line(self) -> str:
        """Return one line for the reader: measured beside published size."""
        measured = f"{self.unpacked_bytes / MB:.1f} MB unpacked"
        if self.gzip_bytes is not None:
            measured += f", {self.gzip_bytes / MB:.1f} gzip"
        line = f"{self.name}: {self.origin}, {measured}"
        if self.published is None:
            return line
        sizes = []
        if self.published.unpacked_mb is not None:
            sizes.append(f"{self.published.unpacked_mb:g} MB unpacked")
        if self.published.gzip_mb is not None:
            sizes.append(f"{self.published.gzip_mb:g} MB gzip")
        return f"{line}; official: {', '.join(sizes)} ({self.published.source})"


@dataclass(frozen=True)
class Source:
    """A source that stand-ins were compiled from, of upstream's `version`.

    `origin`: the Debian suite that lists it, or "a pin". `newest`: the newest known version when it
    was fetched; if it differs, it wasn't served, or is in a later suite.
    """

    package: str
    version: str
    origin: str
    newest: str
    sha256: str

    def __str__(self) -> str:
        return f"{self.package} {self.version}"


@dataclass(frozen=True)
class Report:
    """The engine and the base images of one run, and the sources of stand-ins."""

    engine_version: str
    engine_private: bool
    bases: tuple[Provided, ...]
    sources: tuple[Source, ...] = ()

    def lines(self) -> list[str]:
        """Return the lines to print: the engine, then each base, then what was compiled."""
        kind = "private" if self.engine_private else "the one that was there"
        lines = [f"engine {self.engine_version}, {kind}", *(base.line() for base in self.bases)]
        if newest := [str(each) for each in self.sources if each.version == each.newest]:
            lines.append(f"compiled from the newest source: {', '.join(newest)}")
        for each in self.sources:
            if each.version != each.newest:
                lines.append(
                    f"compiled from {each} of {each.origin}; the newest that is listed is "
                    f"{each.newest}"
                )
        return lines

    def write(self, file: Path) -> None:
        """Write it as JSON, with the same names."""
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(asdict(self), indent=2) + "\n")
