"""The Debian system this runs on: its mirror, its packages, its own certificates."""

import functools
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from . import progress
from .cache import Cache
from .errors import TestbedError

SOURCES_LIST = Path("/etc/apt/sources.list")
SOURCES_PARTS = Path("/etc/apt/sources.list.d")
KEYRINGS = (
    Path("/usr/share/keyrings/debian-archive-keyring.gpg"),
    Path("/usr/share/keyrings/debian-archive-keyring.pgp"),
)
CA_BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")
PREFERENCES = Path("/etc/apt/preferences")
# The stand-ins' apt-get, which avoids versions that no mirror serves.
APT_GET = Path(__file__).parent / "recipes/debian-trixie-slim/apt-get.sh"
EXTRA_CERTIFICATES = Path("/usr/local/share/ca-certificates")


@dataclass(frozen=True)
class Mirror:
    """The addresses of Debian's archive and security archive, without a trailing slash."""

    archive: str
    security: str


def is_debian() -> bool:
    """Return whether this is Debian itself: packages of derivatives may not fit its libc."""
    release = Path("/etc/os-release")
    return release.exists() and re.search(r"^ID=debian$", release.read_text(), re.M) is not None


def source_addresses(text: str, *, deb822: bool) -> list[str]:
    """Return the addresses of binary packages in one apt source file, in order."""
    if deb822:
        return _deb822_addresses(text)
    return re.findall(r"^\s*deb\s+(?:\[[^\]]*\]\s*)?(\S+)", text, re.M)


def _deb822_addresses(text: str) -> list[str]:
    text = re.sub(r"^#.*\n", "", text, flags=re.M)
    addresses: list[str] = []
    for stanza in re.split(r"\n\s*\n", text):
        fields: dict[str, str] = {}
        for name, value in re.findall(r"^([\w-]+):((?:.*)(?:\n[ \t]+\S.*)*)", stanza, re.M):
            fields[name.lower()] = value
        enabled = fields.get("enabled", "yes").strip().lower() not in {"no", "false", "0"}
        if enabled and "deb" in fields.get("types", "").split():
            addresses.extend(fields.get("uris", "").split())
    return addresses


def choose_mirror(addresses: list[str]) -> Mirror | None:
    """Return the first address that ends in /debian, and the matching security archive."""
    plain = [address.rstrip("/") for address in addresses]
    archive = next((a for a in plain if a.endswith("/debian")), None)
    if archive is None:
        return None
    security = next((a for a in plain if a.endswith("-security")), f"{archive}-security")
    return Mirror(archive, security)


def mirror() -> Mirror:
    """Return the Debian mirror in this machine's apt sources. TestbedError if there is none."""
    files = [SOURCES_LIST, *sorted(SOURCES_PARTS.glob("*"))]
    addresses: list[str] = []
    for file in files:
        if file.suffix in {".list", ".sources"} and file.is_file():
            found = source_addresses(file.read_text(), deb822=file.suffix == ".sources")
            addresses.extend(_resolve(address) for address in found)
    chosen = choose_mirror(addresses)
    if chosen is None:
        raise TestbedError(
            "no Debian mirror in this machine's apt sources",
            f"add one to {SOURCES_PARTS}/debian.sources",
        )
    return chosen


def _resolve(address: str) -> str:
    """Resolve a file of mirrors, one per line, which Debian's cloud images use."""
    prefix = "mirror+file:"
    if not address.startswith(prefix):
        return address
    lines = Path("/" + address.removeprefix(prefix).lstrip("/")).read_text().split()
    return lines[0] if lines else address


def keyring() -> Path:
    """Return the keys of Debian's archive. TestbedError if there are none."""
    for file in KEYRINGS:
        if file.exists():
            return file
    raise TestbedError("no keyring of Debian's archive", "apt-get install debian-archive-keyring")


def trust() -> str:
    """Return the options in brackets in apt's source lines for a Debian archive.

    The index of a frozen mirror is never renewed: its signature is checked, its date isn't.
    """
    return f"signed-by={keyring()} check-valid-until=no"


def source_stanza(address: str, suites: str) -> str:
    """Return a stanza of a debian.sources file inside an image."""
    return f"""\
Types: deb
URIs: {address}
Suites: {suites}
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.pgp
"""


def settings() -> str:
    """Return a stand-in's apt settings: the machine's own for expired indexes.

    Behind a frozen mirror, their check is off, and a stand-in uses the same mirror.
    """
    lines = ""
    for name in ("Acquire::Check-Valid-Until", "Acquire::Check-Date"):
        command = ["apt-config", "shell", "ANSWER", name]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if "false" in done.stdout:
            lines += f'{name} "false";\n'
    return lines


def require(cache: Cache, packages: dict[str, tuple[str, str]]) -> None:
    """Install what is missing. `packages`: package name → (program to look for, reason)."""
    missing = [name for name, (program, _) in packages.items() if find(program) is None]
    if not missing:
        return
    for name in missing:
        progress.say(f"installing the package {name}: {packages[name][1]}")
    log = cache.logs / "packages.log"
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    hint = f"as root: apt-get install {' '.join(missing)}"
    _update()
    # Skip versions that no mirror serves, only for this installation.
    cache.root.mkdir(parents=True, exist_ok=True)
    passed_over = cache.root / "not-served"
    passed_over.write_text(PREFERENCES.read_text() if PREFERENCES.exists() else "")
    env["APT_PASSED_OVER"] = str(passed_over)
    install = ["sh", str(APT_GET), "-o", f"Dir::Etc::Preferences={passed_over}", "-qq", "install"]
    install += ["-y", "--no-install-recommends", *missing]
    progress.run("apt-get install", install, log, env=env, hint=hint, tries=progress.TRIES)


@functools.cache
def _update() -> None:
    """Update the package lists, once per run.

    A fresh machine has none. A broken third-party source must not stop it.
    """
    with progress.step("apt-get update"):
        subprocess.run(["apt-get", "-qq", "update"], capture_output=True, check=False)


def find(program: str) -> str | None:
    """Return the path of a program, also in /usr/sbin, which isn't on every user's PATH."""
    return shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
