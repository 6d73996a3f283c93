"""The baseline: a former report of `dockgen check` as JSON, and what has changed since."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dockgen import reader
from dockgen.checks.growth import Growth
from dockgen.errors import ProjectError, UsageError
from dockgen.image import Image
from dockgen.image.sizes import Size


@dataclass(frozen=True)
class Reported:
    """A finding of the former report."""

    rule: str
    path: str | None
    message: str


@dataclass(frozen=True)
class Baseline:
    """What a former report says: the image's size, the digests of its layers, and its findings.

    ``layers`` is None in a report from before 0.9.
    """

    size: Size
    layers: tuple[str, ...] | None
    findings: tuple[Reported, ...]

    def growth(self, image: Image) -> Growth:
        """Return how an image differs from the former one."""
        added = () if self.layers is None else tuple(
            layer for layer in image.layers if layer.digest not in self.layers
        )  # fmt: skip
        return Growth(self.size.unpacked_bytes, image.unpacked_bytes, added)

    def removed(self, image: Image) -> int | None:
        """Return how many of the former layers an image lacks; None if they aren't known."""
        if self.layers is None:
            return None
        return len(set(self.layers) - {layer.digest for layer in image.layers})


def read(path: Path) -> Baseline:
    """Read a report that `dockgen check --json` wrote.

    Raises:
        UsageError: it can't be read, or has other content.
    """
    hint = "use a report that this command wrote: dockgen check --output json=FILE"
    try:
        facts = reader.parse_json(reader.content(path))
        size = facts["size"]
        layers = facts.get("layers")
        return Baseline(
            Size(int(size["unpacked_bytes"]), _number(size["gzip_bytes"]), None),
            None if layers is None else tuple(str(layer["digest"]) for layer in layers),
            tuple(_findings(facts["rules"])),
        )
    except OSError as error:
        raise UsageError(f"{path} can't be read: {error.strerror}", hint) from error
    except (
        ProjectError,
        ValueError,
        ArithmeticError,
        LookupError,
        TypeError,
        AttributeError,
    ) as error:
        raise UsageError(f"{path} isn't a report of dockgen check", hint) from error


def _number(value: Any) -> int | None:
    return None if value is None else int(value)


def _findings(rules: Sequence[Any]) -> Sequence[Reported]:
    return [
        Reported(str(rule["code"]), (found.get("place") or {}).get("path"), str(found["message"]))
        for rule in rules
        for found in rule["findings"]
    ]
