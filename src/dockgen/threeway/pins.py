"""Pins: the versions and digests of images and actions that a file is built from.

The last one to change a pin owns it: Renovate, Dependabot, a user or the template. A line is a
pin if it is a Dockerfile's ``FROM``, a YAML ``image:``, or a workflow's ``uses:``.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

# The name of an image or action, and what follows: tag, digest, and the version that a bot writes
# behind an action's digest. A registry may have a port, so a tag contains no slash.
_PIN = re.compile(
    r"^(?P<head>\s*(?:FROM\s+(?:--platform=\S+\s+)?|(?:-\s+)?(?:image|uses):\s+[\"']?))"
    r"(?P<name>[a-z0-9$][^\s\"'@#]*?)"
    r"(?P<version>(?::[\w][\w.-]*)?(?:@[\w.:-]+)?)"
    r"(?P<quote>[\"']?)"
    r"(?P<stage>\s+(?i:AS)\s+\S+)?"
    r"(?P<comment>\s+#\s*\S+)?"
    r"(?P<rest>\s*)$"
)

# The name of an image, the name of its stage or "", and its position among equal ones.
Key = tuple[str, str, int]


@dataclass(frozen=True)
class Pin:
    """What a line is pinned to: the whole name, the version, and the version in a comment."""

    name: str
    version: str
    comment: str


def moved(base: str, ours: str) -> dict[Key, Pin]:
    """Return the pins of ``ours`` that have another name or version in ``base``."""
    before, after = _pins(base), _pins(ours)
    return {key: pin for key, (_, pin) in after.items() if key in before and before[key][1] != pin}


def follow(text: str, pins: Mapping[Key, Pin]) -> str:
    """Replace the pins in ``text`` that have the same keys."""
    lines = text.splitlines(keepends=True)
    for key, (number, _) in _pins(text).items():
        found = _PIN.match(lines[number])
        if key in pins and found:
            pin = pins[key]
            parts = (found["head"], pin.name, pin.version, found["quote"], found["stage"] or "")
            lines[number] = "".join((*parts, pin.comment, found["rest"]))
    return "".join(lines)


def _pins(text: str) -> dict[Key, tuple[int, Pin]]:
    """Return each pin with the number of its line, from 0."""
    pins: dict[Key, tuple[int, Pin]] = {}
    for number, line in enumerate(text.splitlines(keepends=True)):
        found = _PIN.match(line)
        if not found:
            continue
        # Compare the last part of a name: behind a mirror, it is still the same image.
        is_image = "uses" not in found["head"]
        name = found["name"].rpartition("/")[2] if is_image else found["name"]
        stage = (found["stage"] or "").split()[-1:]
        words = stage[0] if stage else ""
        position = sum(1 for key in pins if key[:2] == (name, words))
        pin = Pin(found["name"], found["version"], found["comment"] or "")
        pins[name, words, position] = (number, pin)
    return pins
