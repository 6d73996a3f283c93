"""The sources that stand-ins are compiled from: upstream tarballs from Debian's mirrors.

A recipe lists them in its sources.toml: Debian packages, each with its version series and, if any,
its pinned files. See "Sources" in README.md.
"""

import re
import tomllib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from . import debian
from .apt import TRIXIE, Apt, Candidate, Names, version_key
from .report import Source

PIN = "a pin"
# Their versions may be of another series: a stand-in stays with trixie's as long as there is one.
LATER = ("forky", "sid")


@dataclass(frozen=True)
class Wanted:
    """A source as a recipe lists it.

    `series`: the prefix of its version. `pins`: file name → SHA-256. `argument`: the build argument
    for the version.
    """

    package: str
    series: str
    pins: tuple[tuple[str, str], ...]
    argument: str | None

    def has(self, candidate: Candidate) -> bool:
        """Return whether a version belongs to the series: 1.30.6 is in 1.30, and 1.3 isn't."""
        return not self.series or f"{candidate.version}.".startswith(f"{self.series}.")

    def pinned(self) -> list[Candidate]:
        """Return the files that the recipe pins, if Debian's archive has them."""
        initial = self.package[: 4 if self.package.startswith("lib") else 1]
        pool = f"{debian.mirror().archive}/pool/main/{initial}/{self.package}"
        return [
            Candidate(self.package, _version(file), PIN, f"{pool}/{file}", sha256)
            for file, sha256 in self.pins
        ]


def _version(file: str) -> str:
    match = re.fullmatch(r"[^_]+_(.+)\.orig\.tar\.\w+", file)
    assert match, f"{file} isn't the name of an upstream tarball in Debian's pool"
    return match[1]


def read(recipe: Path) -> list[Wanted]:
    """Return the sources in a recipe's sources.toml; none without that file."""
    file = recipe / "sources.toml"
    if not file.exists():
        return []
    return [
        Wanted(
            package,
            table.get("series", ""),
            tuple(table.get("pins", {}).items()),
            table.get("argument"),
        )
        for package, table in tomllib.loads(file.read_text()).items()
    ]


class Sources:
    """The tarballs for some recipes. The indexes of forky and sid are read only if needed."""

    def __init__(self, apt: Apt, wanted: Iterable[Wanted]) -> None:
        self._apt = apt
        self._names = tuple(sorted({source.package for source in wanted}))

    def fetch(self, wanted: Wanted) -> tuple[Source, Path]:
        """Return the best version that is served, and its tarball. Raises TestbedError if none."""
        known: list[Candidate] = []
        used, file = self._apt.first_served(
            f"the source of {wanted.package}", self._candidates(wanted, known)
        )
        newest = max((candidate.version for candidate in known), key=version_key)
        return Source(wanted.package, used.version, used.origin, newest, used.sha256), file

    def _candidates(self, wanted: Wanted, known: list[Candidate]) -> Iterator[Candidate]:
        """Yield candidates in the order to try them; `known` collects those that were seen."""
        others: list[Candidate] = []
        groups: tuple[Callable[[], list[Candidate]], ...] = (
            lambda: self._listed(wanted.package, TRIXIE),
            wanted.pinned,
            lambda: self._listed(wanted.package, LATER),
        )
        for group in groups:
            found = group()
            fitting = [candidate for candidate in found if wanted.has(candidate)]
            others += [candidate for candidate in found if not wanted.has(candidate)]
            known += fitting
            yield from fitting
        known += others
        yield from others

    def _listed(self, package: str, suites: Names) -> list[Candidate]:
        listed = self._apt.sources(self._names, suites)
        return [candidate for candidate in listed if candidate.package == package]
