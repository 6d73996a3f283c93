"""Package databases of distributions, as scanners read them: which shared libraries they list."""

import re

# The largest list of a package's files, in bytes; the largest of Debian's have a tenth of it.
LARGEST = 20 * 10**6

# dpkg's lists, the sums that distroless images have in their place, and apk's one file.
_DPKG = re.compile(r"/var/lib/dpkg/(?:info/[^/]+\.list|status\.d/[^/]+\.md5sums)")
_APK = ("/lib/apk/db/installed", "/usr/lib/apk/db/installed")
# What names packages and not their files, or can't be read here: dpkg's status, rpm, pacman.
_OTHERS = re.compile(
    r"/var/lib/dpkg/status|/var/lib/dpkg/status\.d/[^/]+(?<!\.md5sums)"
    r"|/(?:var/lib|usr/lib/sysimage)/rpm/(?:rpmdb\.sqlite|Packages(?:\.db)?)"
    r"|/var/lib/pacman/local/[^/]+/files"
)
# Where a loader looks, except /usr/local, and not below: there is what one program loads itself.
_LIBRARY = re.compile(r"(?:/usr)?(/lib(?:32|64|x32)?/(?:[^/]+-linux-[^/]+/)?[^/]+\.so(?:\.[^/]+)?)")


def lists_files(path: str) -> bool:
    """Whether a file of an image, by its absolute path, says which files packages have."""
    return path in _APK or (path.startswith("/var/lib/dpkg/") and bool(_DPKG.fullmatch(path)))


def is_other(path: str) -> bool:
    """Whether a file of an image says which packages there are, and nothing here of their files."""
    return bool(_OTHERS.fullmatch(path))


def library(path: str) -> str:
    """The name of a shared library that any program may load, without /usr; "" if it is none.

    /lib is the same folder as /usr/lib in most distributions, and their databases name either.
    """
    found = _LIBRARY.fullmatch(path)
    return found[1] if found else ""


def libraries(path: str, content: bytes) -> frozenset[str]:
    """The shared libraries, named as by `library`, that a file which `lists_files` lists."""
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
    """A path in each line; in a file of sums without its first slash, and behind the sum."""
    lines = content.decode("utf-8", "replace").splitlines()
    return ["/" + line.rpartition("  ")[2].removeprefix("/") for line in lines]
