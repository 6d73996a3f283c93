"""The results of a run: measurements, the machine, and their file.

Times are in seconds, sizes in bytes. If a time was measured several times, the file has all values,
to show how far they vary; tables show the median.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from dockgen.errors import ProjectError
from dockgen.matrix import Cell

FILE = Path(__file__).parent / "results.json"


@dataclass(frozen=True)
class Figures:
    """The measurements of one image.

    ``answer_seconds`` is the time from the container's start to its first answer with status 200,
    and ``healthy_seconds`` from its start to the end of its first successful probe.
    ``probe_seconds`` is how long a probe takes, and ``probe_cpu_seconds`` its processor time, with
    the service's answer. An image without a health check has none of the last three, and processor
    time is None if the engine's control groups can't be read. The sizes are sums over the layer
    tars, unpacked and after gzip -6.
    """

    cold_build_seconds: float
    rebuild_seconds: tuple[float, ...]
    answer_seconds: tuple[float, ...]
    healthy_seconds: tuple[float, ...]
    probe_seconds: tuple[float, ...]
    probe_cpu_seconds: float | None
    unpacked_bytes: int
    gzip_bytes: int


@dataclass(frozen=True)
class Comparison:
    """A cell's image and the naive one of the same app, measured in turns."""

    dockgen: Figures
    naive: Figures


@dataclass(frozen=True)
class Results:
    """A run. ``bases`` has the origin of each base image, as far as the test bed reported it."""

    date: str
    engine: str
    processors: int
    bases: Mapping[str, str]
    cells: Mapping[Cell, Comparison]

    def to_json(self) -> str:
        """Return the results as one JSON object."""
        facts = {
            "date": self.date,
            "engine": self.engine,
            "processors": self.processors,
            "bases": dict(self.bases),
            "cells": {str(cell): asdict(measured) for cell, measured in self.cells.items()},
        }
        return json.dumps(facts, indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "Results":
        """Read what `to_json` wrote; raise ValueError, KeyError or TypeError for anything else."""
        facts = json.loads(text)
        cells = {
            Cell.parse(name): Comparison(_figures(both["dockgen"]), _figures(both["naive"]))
            for name, both in facts.pop("cells").items()
        }
        return cls(**facts, cells=cells)


def load(file: Path = FILE) -> Results:
    """Read the results that were saved last.

    Raises:
        ProjectError: the file is missing, or contains no results.
    """
    try:
        return Results.from_json(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ProjectError(
            f"{file.name} holds no results: {error}.", 'measure again: make benchmark ARGS="--save"'
        ) from error


def _figures(facts: Mapping[str, Any]) -> Figures:
    fields: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in facts.items()
    }
    return Figures(**fields)
