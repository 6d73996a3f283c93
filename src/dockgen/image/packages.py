"""Packages that an image's files name: databases of dpkg, apk, pip and npm, and Go build info.

The input is untrusted: a file that can't be read has no packages.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from dockgen import reader
from dockgen.errors import DockgenError

# The largest file that is searched for packages, in bytes: as large as a dpkg status file with
# thousands of packages.
LARGEST = 10_000_000
# The longest name or version that is repeated, in characters.
_LONGEST = 200

# By system: the files that name packages. Debian images without dpkg have one file per package
# (status.d), and Alpine moved its database below /usr.
_NOTES = {
    "deb": re.compile(r"/var/lib/dpkg/status(?:\.d/[^/]+(?<!\.md5sums))?"),
    "apk": re.compile(r"(?:/usr)?/lib/apk/db/installed"),
    "python": re.compile(r".*/[^/]+\.(?:dist-info/METADATA|egg-info/PKG-INFO)"),
    "node": re.compile(r".*/node_modules/(?:@[^/]+/)?[^@/][^/]*/package\.json"),
}

# Go's linker records a program's modules here. How much is read from there is in bytes.
# https://pkg.go.dev/debug/buildinfo
_ELF = b"\x7fELF"
_GO = b"\xff Go buildinf:"
_GO_BYTES = 500_000
_GO_HEAD = 32
_GO_FRAME = 16
_GO_INLINE = 2


@dataclass(frozen=True, slots=True)
class Package:
    """A package: its system ("deb", "apk", "python", "node" or "go"), name and version."""

    system: str
    name: str
    version: str


class Notes:
    """Reads the packages that a file names, part by part; ``path`` is its path in the image."""

    def __init__(self, path: str) -> None:
        self._system = next((name for name, known in _NOTES.items() if known.fullmatch(path)), "")
        self._kept = b""
        self._parts: list[bytes] = []
        self._size = 0

    def add(self, part: bytes) -> None:
        """Process the file's next bytes."""
        if not self._size and not self._system and part.startswith(_ELF):
            self._system = "elf"
        self._size += len(part)
        if self._system == "elf":
            window = self._kept + part
            at = window.find(_GO)
            if at < 0:
                self._kept = window[-len(_GO) :]
                return
            self._system, self._size = "go", 0
            part = window[at:]
        most = _GO_BYTES if self._system == "go" else LARGEST
        if self._system and self._size <= most:
            self._parts.append(part)

    def packages(self) -> tuple[Package, ...]:
        """Return the packages that the file names; none if it names none or can't be read."""
        content = b"".join(self._parts)
        pairs: Iterable[tuple[Any, Any]] = ()
        if self._system == "go":
            pairs = _modules(content)
        elif self._system == "node":
            pairs = [_manifest(content)]
        elif self._size <= LARGEST:
            pairs = _stanzas(content.decode("utf-8", "replace"), self._system)
        return tuple(
            Package(self._system, name[:_LONGEST], version[:_LONGEST])
            for name, version in pairs
            if isinstance(name, str) and isinstance(version, str) and name and version
        )


def _manifest(content: bytes) -> tuple[Any, Any]:
    try:
        found = reader.parse_json(content)
    except (ValueError, DockgenError):
        return None, None
    return (found.get("name"), found.get("version")) if isinstance(found, dict) else (None, None)


def _stanzas(text: str, system: str) -> Iterator[tuple[str | None, str | None]]:
    """Yield the name and version of each stanza: lines of fields, separated by empty lines."""
    keys = {"deb": ("Package", "Version"), "apk": ("P", "V")}.get(system, ("Name", "Version"))
    parts = text.split("\n\n")
    # A description may follow there, with any content.
    for part in parts[:1] if system == "python" else parts:
        fields: dict[str, str] = {}
        for line in part.splitlines():
            key, colon, value = line.partition(":")
            if colon:
                fields.setdefault(key, value.strip())
        # A removed package may still be listed, because its settings are kept.
        if system != "deb" or fields.get("Status", " installed").endswith(" installed"):
            yield fields.get(keys[0]), fields.get(keys[1])


def _modules(noted: bytes) -> Iterator[tuple[str, str]]:
    """Yield Go's own version, and that of each module in the program."""
    if len(noted) <= _GO_HEAD or not noted[len(_GO) + 1] & _GO_INLINE:
        return  # before Go 1.18
    version, rest = _text(noted[_GO_HEAD:])
    framed, _ = _text(rest)
    yield "go", version.decode("utf-8", "replace").removeprefix("go").partition(" ")[0]
    lines = framed[_GO_FRAME:-_GO_FRAME].decode("utf-8", "replace").splitlines()
    fields = [line.split("\t") for line in lines]
    for number, words in enumerate(fields):
        if words[0] == "dep" and len(words) > 2:
            # A replacement for a module is on the next line.
            following = fields[number + 1] if number + 1 < len(fields) else [""]
            used = following if following[0] == "=>" and len(following) > 2 else words
            yield words[1], used[2]


def _text(found: bytes) -> tuple[bytes, bytes]:
    """Return a text that follows its length as a varint, and the rest."""
    length = start = 0
    for byte in found[:10]:
        length |= (byte & 0x7F) << 7 * start
        start += 1
        if byte < 0x80:
            break
    return found[start : start + length], found[start + length :]
