"""What dockgen's runs have left in the engine, told by the names that only dockgen gives."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from dockgen import reader
from dockgen.engine import command
from dockgen.errors import UsageError

# What is younger may belong to a run that hasn't ended: a build may take half an hour.
UNDER_WAY = timedelta(hours=1)
REMOVE_SECONDS = 300.0
# A run's name as `images`, `container`, `compose` and the pytest plugin make it, and what compose
# puts behind it.
_RUN = r"dockgen-(?:check|test)-[0-9a-f]{12}|dockgen-test-[0-9a-f]{8}-[a-z0-9][a-z0-9_.-]*"
_OWN_RUN = re.compile(_RUN)
_OWN_IMAGE = re.compile(
    rf"dockgen-(?:check|test):[0-9a-f]{{12}}|(?:{_RUN})(?:-[a-z0-9][a-z0-9_.-]*)?:latest"
)
_PROJECT = '{{.Label "com.docker.compose.project"}}'


class Kind(StrEnum):
    """What there is in an engine, in the order in which it can be removed."""

    CONTAINER = "container"
    NETWORK = "network"
    VOLUME = "volume"
    IMAGE = "image"


@dataclass(frozen=True)
class Leftover:
    """Something that a run left.

    ``size_bytes`` is what the engine says: of an image with all of its layers, which others may
    share, and None if it doesn't say. ``made`` is when it was made, or an image was given its
    name, and ``project`` the run's name for compose, "" without one.
    """

    kind: Kind
    name: str
    identifier: str
    size_bytes: int | None
    made: datetime
    project: str = ""
    running: bool = False

    def is_called(self, name: str) -> bool:
        """Whether a name means it: its own, or its run's."""
        own = self.name.removesuffix(":latest")
        return name in (self.name, own, self.project) or (
            _OWN_RUN.fullmatch(name) is not None and own.startswith(f"{name}-")
        )


def find() -> list[Leftover]:
    """All that dockgen's runs have left, and what belongs to one that hasn't ended."""
    return [*_containers(), *_networks(), *_volumes(), *_images()]


def chosen(
    found: Sequence[Leftover], names: Sequence[str], now: datetime, *, recent: bool
) -> list[Leftover]:
    """What is to be removed: what is called so; without names, all that no run uses any more.

    Args:
        found: all that there is.
        names: of things or runs.
        now: with a time zone.
        recent: also what may belong to a run that hasn't ended.

    Raises:
        UsageError: nothing has one of the names.
    """
    for name in names:
        if not any(one.is_called(name) for one in found):
            raise UsageError(
                f"dockgen left nothing called {name}",
                "list what it left: dockgen clean --dry-run --all",
            )
    if names:
        return [one for one in found if any(one.is_called(name) for name in names)]
    return [one for one in found if recent or now - one.made > UNDER_WAY]


def remove(leftover: Leftover) -> str:
    """Remove it, and return why it can't be; "" if it is gone.

    An image loses its name, and goes with its last one.
    """
    words = {
        Kind.CONTAINER: ("rm", "--force", "--volumes"),
        Kind.NETWORK: ("network", "rm"),
        Kind.VOLUME: ("volume", "rm"),
        Kind.IMAGE: ("image", "rm"),
    }[leftover.kind]
    # An image by its name: others of the user's may mean the same one.
    named = leftover.name if leftover.kind is Kind.IMAGE else leftover.identifier
    done = command.run(*words, "--", named, deadline=REMOVE_SECONDS)
    if done.returncode == 0 or re.search(r"no such|not found", done.stdout, re.IGNORECASE):
        return ""
    return command.reason(done.stdout)


def removed(leftovers: Iterable[Leftover], doing: Callable[[str], None]) -> dict[Leftover, str]:
    """Remove them all, and say of each why it can't be; "" if it is gone.

    ``doing`` is told in a few words what is being done.
    """
    results = {}
    for one in leftovers:
        doing(f"removing {one.name}")
        results[one] = remove(one)
    return results


def _containers() -> Iterable[Leftover]:
    listed = _listed(
        "ps", "--all", "--no-trunc", f"--format={{{{.ID}}}}\t{{{{.Names}}}}\t{_PROJECT}"
    )
    own = [ident for ident, name, project in listed if _is_own(name) or _is_own(project)]
    for facts in _inspected("container", own, "--size"):
        labels = facts["Config"].get("Labels") or {}
        yield Leftover(
            Kind.CONTAINER,
            facts["Name"].lstrip("/"),
            facts["Id"],
            facts.get("SizeRw"),
            _time(facts["Created"]),
            labels.get("com.docker.compose.project", ""),
            facts["State"]["Running"],
        )


def _networks() -> Iterable[Leftover]:
    words = ("network", "ls", "--no-trunc")
    listed = _listed(*words, f"--format={{{{.ID}}}}\t{{{{.Name}}}}\t{_PROJECT}")
    own = [ident for ident, name, project in listed if _is_own(name) or _is_own(project)]
    for facts in _inspected("network", own):
        yield Leftover(
            Kind.NETWORK, facts["Name"], facts["Id"], None, _time(facts["Created"]), _project(facts)
        )


def _volumes() -> Iterable[Leftover]:
    listed = _listed("volume", "ls", f"--format={{{{.Name}}}}\t{{{{.Name}}}}\t{_PROJECT}")
    own = [ident for ident, _, project in listed if _is_own(project)]
    for facts in _inspected("volume", own):
        name = facts["Name"]
        yield Leftover(Kind.VOLUME, name, name, None, _time(facts["CreatedAt"]), _project(facts))


def _images() -> Iterable[Leftover]:
    names = command.docker("image", "ls", "--format={{.Repository}}:{{.Tag}}").split()
    own = [name for name in names if _OWN_IMAGE.fullmatch(name)]
    for facts in _inspected("image", own):
        # When it was built may be long ago: its steps came from the cache.
        tagged = (facts.get("Metadata") or {}).get("LastTagTime") or ""
        made = max(_time(time) for time in (facts.get("Created"), tagged) if time)
        for name in facts.get("RepoTags") or ():
            if name in own:
                yield Leftover(Kind.IMAGE, name, facts["Id"], facts["Size"], made)


def _listed(*words: str) -> list[tuple[str, str, str]]:
    lines = command.docker(*words).splitlines()
    return [(parts[0], parts[1], parts[2]) for line in lines if len(parts := line.split("\t")) > 2]


def _inspected(kind: str, names: Sequence[str], *options: str) -> list[Mapping[str, Any]]:
    """What the engine knows of them. What is gone by now is left out; the others are told."""
    if not names:
        return []
    words = ("inspect", f"--type={kind}", *options, "--", *dict.fromkeys(names))
    found = reader.parse_json(command.run(*words, errors_apart=True).stdout or "[]")
    return list({facts.get("Id") or facts["Name"]: facts for facts in found}.values())


def _project(facts: Mapping[str, Any]) -> str:
    return str((facts.get("Labels") or {}).get("com.docker.compose.project", ""))


def _is_own(name: str) -> bool:
    return _OWN_RUN.fullmatch(name) is not None


def _time(words: str) -> datetime:
    found = datetime.fromisoformat(words)
    return found if found.tzinfo else found.replace(tzinfo=UTC)
