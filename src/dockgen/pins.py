"""Pins: the versions and digests of images and actions that a file is built from.

They belong to whoever moved them last: Renovate, Dependabot, a user, or the template. A line is a
pin if it is a Dockerfile's ``FROM``, a YAML ``image:``, or a workflow's ``uses:``.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

# The name of an image or action, and what comes after it: tag, digest, and the version that a
# bot writes behind an action's digest. A registry may have a port, so a tag holds no slash.
_PIN = re.compile(
    r"^(?P<head>\s*(?:FROM\s+(?:--platform=\S+\s+)?|(?:-\s+)?(?:image|uses):\s+[\"']?))"
    r"(?P<name>[a-z0-9$][^\s\"'@#]*?)"
    r"(?P<version>(?::[\w][\w.-]*)?(?:@[\w.:-]+)?)"
    r"(?P<tail>[\"']?(?:\s+(?i:AS)\s+\S+|\s+#\s*\S+)?\s*)$"
)


@dataclass(frozen=True)
class _Pin:
    """Where a pin stands: its name, which of the pins of that name it is, and its line."""

    line: int
    name: str
    version: str
    stage: str


def moved(base: str, ours: str) -> Mapping[tuple[str, str, int], str]:
    """The pins that have another version in ``ours`` than in ``base``: key → the line in ``ours``.

    A key is the name, the stage or empty, and the position among pins of the same name and stage.
    """
    before, after = _keyed(base), _keyed(ours)
    lines = ours.splitlines(keepends=True)
    return {
        key: lines[pin.line]
        for key, pin in after.items()
        if key in before and _text(base, before[key]) != lines[pin.line]
    }


def follow(text: str, lines: Mapping[tuple[str, str, int], str]) -> str:
    """``text`` with these lines in the place of its own pins with the same keys."""
    result = text.splitlines(keepends=True)
    for key, pin in _keyed(text).items():
        if key in lines:
            result[pin.line] = lines[key]
    return "".join(result)


def _text(text: str, pin: _Pin) -> str:
    return text.splitlines(keepends=True)[pin.line]


def _keyed(text: str) -> dict[tuple[str, str, int], _Pin]:
    keyed: dict[tuple[str, str, int], _Pin] = {}
    for number, line in enumerate(text.splitlines(keepends=True)):
        found = _PIN.match(line)
        if not found:
            continue
        # A name's last part: a mirror in front of it makes no other image of it.
        name = found["name"].rpartition("/")[2] if "FROM" in found["head"] else found["name"]
        stage = re.search(r"(?i:\bAS)\s+(\S+)", found["tail"])
        words = stage[1] if stage else ""
        position = sum(1 for key in keyed if key[:2] == (name, words))
        keyed[name, words, position] = _Pin(number, name, found["version"], words)
    return keyed
