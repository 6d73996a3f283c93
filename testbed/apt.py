"""What Debian's mirrors list and serve, read with apt and a state of its own.

An index may name files that its mirror doesn't have, because it lags behind or has dropped a
version. So each wanted file has candidates. The first one that is served and matches the index's
checksum is used.
"""

import functools
import re
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from . import debian, progress
from .cache import Cache
from .errors import TestbedError

HELPER = "/usr/lib/apt/apt-helper"
SECURITY = "trixie-security"
TRIXIE = ("trixie", "trixie-updates", SECURITY)
# The single upstream tarball of a source package; other files are parts or Debian's own.
UPSTREAM = re.compile(r"^ (\w{64}) \d+ (\S+_([^_\s]+)\.orig\.tar\.\w+)$", re.M)
FIELD = re.compile(r"^([\w-]+):(.*(?:\n .*)*)", re.M)

Names = tuple[str, ...]
# A suite, the address of its archive, and the fields of one version of a package.
Stanza = tuple[str, str, dict[str, str]]


@dataclass(frozen=True)
class Candidate:
    """One file that would do.

    `version`: its version in the report; for a source, without Debian's revision. `origin`: the
    suite that lists it, or "a pin".
    """

    package: str
    version: str
    origin: str
    address: str
    sha256: str

    def __str__(self) -> str:
        return f"{self.package} {self.version} of {self.origin}"


class Apt:
    """apt's lists in the cache, and the downloaded files by their checksums."""

    def __init__(self, cache: Cache) -> None:
        self._folder = cache.root / "apt"
        self._files = cache.root / "files"
        self._log = cache.logs / "apt.log"
        self._refused: dict[Candidate, str] = {}
        self._known: dict[tuple[str, Names, Names], list[Stanza]] = {}

    def packages(self, names: Names, suites: Names) -> list[Candidate]:
        """Return the binary packages of these names in these suites: a suite's newest first."""
        return [
            Candidate(
                fields["Package"],
                fields["Version"],
                suite,
                f"{address}{fields['Filename']}",
                fields["SHA256"],
            )
            for suite, address, fields in self._read("deb", names, suites)
        ]

    def sources(self, names: Names, suites: Names) -> list[Candidate]:
        """Return the upstream tarballs of the source packages of these names, in the same order."""
        return [
            Candidate(
                fields["Package"],
                match[3],
                suite,
                f"{address}{fields['Directory']}/{match[2]}",
                match[1],
            )
            for suite, address, fields in self._read("deb-src", names, suites)
            for match in UPSTREAM.finditer(fields["Checksums-Sha256"])
        ]

    def fetch(self, candidate: Candidate) -> Path | None:
        """Return the file of a candidate, or None if it isn't served or has another checksum."""
        file = self._files / candidate.sha256
        if file.exists():
            return file
        if candidate in self._refused:
            return None
        self._files.mkdir(parents=True, exist_ok=True)
        partial = file.with_suffix(".partial")
        command = [HELPER, "-o", "APT::Sandbox::User=root", "-o", "Acquire::Retries=3"]
        command += ["download-file", candidate.address, str(partial), f"SHA256:{candidate.sha256}"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        with self._log.open("a") as log:
            log.write(done.stdout + done.stderr)
        if done.returncode == 0:
            partial.rename(file)
            return file
        for left in self._files.glob(f"{partial.name}*"):
            left.unlink()
        reason = re.search(r"^E: Failed to fetch \S+\s+(.+?)\s*(?:\[IP.*)?$", done.stderr, re.M)
        self._refused[candidate] = reason[1] if reason else done.stderr.strip()
        return None

    def first_served(self, what: str, candidates: Iterable[Candidate]) -> tuple[Candidate, Path]:
        """Return the first candidate that is served, and its file.

        Raises TestbedError with everything that was tried if there is none.
        """
        tried: list[str] = []
        for candidate in candidates:
            if (file := self.fetch(candidate)) is not None:
                return candidate, file
            tried.append(f"\n  {candidate.address}: {self._refused[candidate]}")
        raise TestbedError(
            f"no mirror serves {what}; tried were:{''.join(dict.fromkeys(tried)) or ' none'}",
            f"try again later, or with another mirror in {debian.SOURCES_PARTS}; "
            f"apt's answers: less {self._log}",
        )

    def options(self, kind: str, first: str) -> list[str]:
        """Return the options with which apt uses these suites' state, named by the first one."""
        state = self._folder / f"{kind}-{first}"
        options = {
            "Dir::Etc::SourceList": state / "sources.list",
            "Dir::Etc::SourceParts": "-",
            "Dir::Etc::Preferences": "-",
            "Dir::Etc::PreferencesParts": state / "parts",
            "Dir::State::Lists": state / "lists",
            "Dir::State::status": state / "status",
            "Dir::Cache": state / "cache",
            "APT::Default-Release": "",
            "APT::Sandbox::User": "root",
            "Acquire::Languages": "none",
            "Acquire::GzipIndexes": "false",
        }
        return [word for name, value in options.items() for word in ("-o", f"{name}={value}")]

    def keep_only(self, sums: Iterable[str]) -> None:
        """Remove the files with other checksums."""
        wanted = set(sums)
        for file in self._files.glob("*"):
            if file.name not in wanted:
                file.unlink()

    def _read(self, kind: str, names: Names, suites: Names) -> list[Stanza]:
        """Return the suite, archive address and fields of each version of these packages."""
        if (found := self._known.get((kind, names, suites))) is None:
            found = self._known[kind, names, suites] = []
            wanted = {f"Package: {name}" for name in names}
            for suite, address, file in self._indexes(kind, suites):
                stanzas = [
                    {name: value.lstrip(" ") for name, value in FIELD.findall(stanza)}
                    for stanza in file.read_text(errors="replace").split("\n\n")
                    if stanza.partition("\n")[0] in wanted
                ]
                stanzas.sort(key=lambda fields: version_key(fields["Version"]), reverse=True)
                found += [(suite, address, fields) for fields in stanzas]
        return found

    def _indexes(self, kind: str, suites: Names) -> list[tuple[str, str, Path]]:
        """Update the indexes of these suites, and return their files, in the order of `suites`.

        If that fails, older ones are used; a suite without any is left out.
        """
        state = self._folder / f"{kind}-{suites[0]}"
        (state / "lists/partial").mkdir(parents=True, exist_ok=True)
        (state / "cache/archives/partial").mkdir(parents=True, exist_ok=True)
        (state / "parts").mkdir(exist_ok=True)
        (state / "status").touch()
        mirror = debian.mirror()
        lines = [
            f"{kind} [{debian.trust()}] "
            f"{mirror.security if suite == SECURITY else mirror.archive} {suite} main\n"
            for suite in suites
        ]
        (state / "sources.list").write_text("".join(lines))
        apt = ["apt-get", "-q", *self.options(kind, suites[0])]
        try:
            what = "packages" if kind == "deb" else "sources"
            title = f"reading the {what} of {', '.join(suites)}"
            progress.run(title, [*apt, "update"], self._log, tries=progress.TRIES)
        except TestbedError as error:
            progress.say(f"what was read before has to do: {error}")
        target = "Packages" if kind == "deb" else "Sources"
        form = ["--format", "$(RELEASE) $(REPO_URI) $(FILENAME)", f"Created-By: {target}"]
        listed = subprocess.run(
            [*apt, "indextargets", *form], capture_output=True, text=True, check=True
        )
        found = [line.split(" ", 2) for line in listed.stdout.splitlines()]
        found.sort(key=lambda words: suites.index(words[0]))
        return [(suite, address, Path(file)) for suite, address, file in found]


def _compare(one: str, other: str) -> int:
    """Compare as dpkg orders versions: below, at or above zero."""
    for relation, value in (("lt", -1), ("gt", 1)):
        command = ["dpkg", "--compare-versions", one, relation, other]
        if subprocess.run(command, check=False).returncode == 0:
            return value
    return 0


version_key = functools.cmp_to_key(_compare)
