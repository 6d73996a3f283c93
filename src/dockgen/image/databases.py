"""Package databases of distributions as scanners read them: the shared libraries that they list."""

import re

# The largest list of a package's files, in bytes; the largest in Debian has a tenth of that.
LARGEST = 20 * 10**6

# dpkg's lists, the checksums that distroless images have instead, and apk's single file.
_DPKG = re.compile(r"/var/lib/dpkg/(?:info/[^/]+\.list|status\.d/[^/]+\.md5sums)")
_APK = ("/lib/apk/db/installed", "/usr/lib/apk/db/installed")
# Databases that list packages but no files, or that dockgen can't read: dpkg's status, rpm, pacman.
_OTHERS = re.compile(
    r"/var/lib/dpkg/status|/var/lib/dpkg/status\.d/[^/]+(?<!\.md5sums)"
    r"|/(?:var/lib|usr/lib/sysimage)/rpm/(?:rpmdb\.sqlite|Packages(?:\.db)?)"
    r"|/var/lib/pacman/local/[^/]+/files"
)
# Where the loader looks, except /usr/local. Subfolders are private to the programs that load them.
_LIBRARY = re.compile(r"(?:/usr)?(/lib(?:32|64|x32)?/(?:[^/]+-linux-[^/]+/)?[^/]+\.so(?:\.[^/]+)?)")


def lists_files(path: str) -> bool:
    """Return whether the file at this absolute path lists the files of packages."""
    return path in _APK or (path.startswith("/var/lib/dpkg/") and bool(_DPKG.fullmatch(path)))


def is_other(path: str) -> bool:
    """Return whether the file lists packages, but no files that dockgen could read."""
    return bool(_OTHERS.fullmatch(path))


def library(path: str) -> str:
    """Return the name of a public shared library without /usr, or "" for other files.

    In most distributions, /lib is the same folder as /usr/lib, and their databases use either name.
    """
    found = _LIBRARY.fullmatch(path)
    return found[1] if found else ""


def libraries(path: str, content: bytes) -> frozenset[str]:
    """Return the shared libraries that a file lists, named as by `library`; see `lists_files`."""
    names = _apk_files(content) if path in _APK else _dpkg_files(content)
    return frozenset(filter(None, map(library, names)))


def _apk_files(content: bytes) -> list[str]:
    names, folder = [], ""
    for line in content.decode("utf-8", "replace").splitlines():
        if line.startswith("F:"):
            folder = line[2:]
        elif line.startswith("R:"):
            names.append(f"/{folder}/{line[2:]}")
    return names


def _dpkg_files(content: bytes) -> list[str]:
    """Return the path in each line; checksum files have it after the sum, without a slash."""
    lines = content.decode("utf-8", "replace").splitlines()
    return ["/" + line.rpartition("  ")[2].removeprefix("/") for line in lines]
