"""The starters: templates that this user trusts, and their clones on this machine.

Only addresses registered here are ever followed. An address in a project's answers file isn't.
"""

import fcntl
import hashlib
import json
import re
import shlex
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from packaging.version import Version

from dockgen import address, bundle, git, home, reader
from dockgen.apply import cannot_write
from dockgen.errors import ProjectError, UsageError, unreadable

# The name of dockgen's own templates where a starter's name is expected.
OWN = "dockgen"
# A host that doesn't answer in this time counts as unreachable, in seconds.
FETCH_SECONDS = 60.0

# An empty file in a clone; its time is that of the last successful fetch. FETCH_HEAD also changes
# if a fetch fails.
_FETCHED = "dockgen-fetched"
# copier's own abbreviations.
_SHORT = {"gh:": "https://github.com", "gl:": "https://gitlab.com"}
_NAME = re.compile(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?")


@dataclass(frozen=True)
class Starter:
    """A starter template: the name that the user gave it, and its address for git."""

    name: str
    url: str

    @property
    def address(self) -> str:
        """The address as git gets it; see `git_address`."""
        return git_address(self.url)

    @property
    def clone(self) -> Path:
        """The bare repository with its releases; another address has another one."""
        suffix = hashlib.sha256(self.url.encode()).hexdigest()[:8]
        return _cache() / f"{self.name}-{suffix}.git"

    @property
    def fetched(self) -> datetime | None:
        """When its releases were last fetched; None if they never were."""
        try:
            seconds = (self.clone / _FETCHED).stat().st_mtime
        except OSError:
            return None
        return datetime.fromtimestamp(seconds, UTC)


@dataclass(frozen=True)
class Listed:
    """A registered starter template, and its releases on this machine, oldest first."""

    starter: Starter
    releases: Sequence[str]


def load() -> tuple[Starter, ...]:
    """Return all registered starters, by name.

    Raises:
        ProjectError: the file can't be read or is invalid.
    """
    try:
        entries = reader.parse_json(reader.content(path()))
        return tuple(Starter(name, entry["url"]) for name, entry in sorted(entries.items()))
    except (FileNotFoundError, NotADirectoryError):
        return ()
    except OSError as error:
        raise unreadable(path(), error) from error
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ProjectError(
            f"{path()} isn't a list of starters", "delete the file, and add the starters again"
        ) from error


def find(name: str) -> Starter:
    """Return the starter of that name.

    Raises:
        UsageError: there is none.
    """
    known = {registered.name: registered for registered in load()}
    if name not in known:
        raise UsageError(
            f"unknown starter {name!r}",
            f"known starters: {', '.join(known)}"
            if known
            else f"register it: dockgen starter add {name} URL",
        )
    _require_no_credentials(name, known[name].url)
    return known[name]


def find_by_url(url: str) -> Starter | None:
    """Return the registered starter of an address, by ssh or by https, or None."""
    wanted = _identity(url)
    return next((known for known in load() if _identity(known.url) == wanted), None)


def git_address(url: str) -> str:
    """Return the address that copier gives git for a template's, such as gh:acme/starter.

    https://copier.readthedocs.io/en/stable/generating/#templates-versions
    """
    for short, host in _SHORT.items():
        if url.startswith(short):
            return f"{host}/{url.removeprefix(short).removesuffix('.git')}.git"
    if url.startswith("git+"):
        return url.removeprefix("git+")
    if url.startswith(("https://github.com/", "https://gitlab.com/")):
        return f"{url.removesuffix('.git')}.git"
    return url


def _is_folder(url: str) -> bool:
    try:
        return Path(url).expanduser().is_dir()
    except (OSError, RuntimeError):  # the latter for the ~ of an unknown user
        return False


def _require_no_credentials(name: str, url: str) -> None:
    if Path(url).is_absolute():
        return
    plain = address.without_credentials(url) if "://" in url else "git@HOST:PATH"
    address.require_no_credentials(
        url,
        "store them in git instead (git help credentials): "
        f"dockgen starter add {name} {shlex.quote(plain)}",
    )


def _identity(url: str) -> str:
    """Return a key that is equal for the ssh and https addresses of a repository."""
    address = git_address(url).removesuffix("/").removesuffix(".git")
    found = re.fullmatch(r"(?:https|ssh)://(?:[^@/]*@)?([^/:]+)(?::\d+)?/(.+)", address)
    found = found or re.fullmatch(r"(?:[^@/:]+@)([^/:]+):(.+)", address)
    return f"{found[1].lower()}/{found[2]}" if found else address


def require_name(name: str) -> None:
    """Check that a starter may have this name.

    Raises:
        UsageError: it may not.
    """
    if not _NAME.fullmatch(name) or name == OWN:
        raise UsageError(
            f"{name!r} isn't a valid name for a starter",
            "use lower-case letters, digits and dashes, starting with a letter; dockgen is"
            " reserved",
        )


def check_new(name: str, url: str) -> Starter:
    """Return the starter to register; nothing is written yet.

    A path becomes absolute, because projects record it.

    Raises:
        UsageError: the name is not allowed, or taken.
    """
    require_name(name)
    if not url or url.startswith("-") or "::" in url:
        raise UsageError(
            f"{url} isn't an address that dockgen lets git fetch from",
            "use an https or ssh URL, or a path",
        )
    is_folder = _is_folder(url)
    if not is_folder:
        _require_no_credentials(name, url)
    if is_folder:
        url = str(Path(url).expanduser().resolve())
    elif "://" in url and not url.endswith(".git") and git_address(url) == url:
        url = f"git+{url}"  # so that copier recognizes it as git's
    taken = {registered.name: registered for registered in load()}.get(name)
    if taken and taken.url != url:
        raise UsageError(
            f"{name} is already registered, from {taken.url}",
            f"dockgen starter remove {name}, or another name",
        )
    return Starter(name, url)


def add(registered: Starter) -> None:
    """Register a starter whose clone exists."""
    _save({**{known.name: known for known in load()}, registered.name: registered})


def remove(name: str) -> Starter:
    """Remove a starter and its clone.

    Raises:
        UsageError: there is none of that name.
    """
    registered = find(name)
    _save({known.name: known for known in load() if known.name != name})
    shutil.rmtree(registered.clone, ignore_errors=True)
    return registered


def fetch(registered: Starter) -> None:
    """Fetch a starter's releases, with the user's own git settings.

    Raises:
        ProjectError: git can't fetch them, or the cache can't be written; an older clone stays.
    """
    try:
        _cache().mkdir(parents=True, exist_ok=True)
        with _locked(registered.clone.with_suffix(".lock")):
            if registered.clone.is_dir():
                _fetch(registered.address, registered.clone)
                return
            with tempfile.TemporaryDirectory(dir=_cache(), ignore_cleanup_errors=True) as folder:
                clone = Path(folder) / "clone.git"
                git.run("init", "--quiet", "--bare", clone.name, cwd=Path(folder))
                _fetch(registered.address, clone)
                clone.rename(registered.clone)
    except OSError as error:
        raise cannot_write(_cache(), error) from error


def path() -> Path:
    """Return the file with the registered starters."""
    return home.config() / "starters.json"


def _cache() -> Path:
    return home.cache() / "starters"


def _fetch(address: str, clone: Path) -> None:
    git.fetch(address, "+refs/tags/*:refs/tags/*", repository=clone, deadline=FETCH_SECONDS)
    (clone / _FETCHED).touch()
    tags = git.run("for-each-ref", "--format=%(refname)", "refs/tags", repository=clone).split()
    versions = [tag for tag in tags if _is_version(tag.removeprefix("refs/tags/"))]
    # copier records the output of `git describe`, which must not be another tag of the same commit.
    for tag in set(tags) - set(versions):
        git.run("update-ref", "-d", tag, repository=clone)
    if versions:
        bundle.point_head(clone, f"{versions[0]}^{{commit}}")


def _is_version(tag: str) -> bool:
    try:
        Version(tag)
    except ValueError:  # InvalidVersion, and numbers with too many digits
        return False
    return True


@contextmanager
def _locked(file: Path) -> Iterator[None]:
    """Lock the file, so that two runs that fetch one starter take turns."""
    with file.open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def _save(starters: dict[str, Starter]) -> None:
    entries = {name: {"url": registered.url} for name, registered in sorted(starters.items())}
    try:
        path().parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(
            "w", dir=path().parent, encoding="utf-8", delete=False
        ) as stream:
            stream.write(json.dumps(entries, indent=2) + "\n")
        Path(stream.name).replace(path())
    except OSError as error:
        raise cannot_write(path().parent, error) from error
