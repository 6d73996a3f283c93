"""Render what dockgen's runs left in the engine as JSON."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from dockgen.report import json

if TYPE_CHECKING:
    from dockgen.engine.leftovers import Leftover


def show(chosen: "Sequence[Leftover]", kept: int, results: "Mapping[Leftover, str] | None") -> None:
    """Print what is chosen and what became of each; if ``results`` is None, nothing was removed."""
    facts = {
        "left": [
            {
                "kind": str(one.kind),
                "name": one.name,
                "run": one.project or None,
                "size_bytes": one.size_bytes,
                "made": one.made.isoformat(),
                "running": one.running,
                "removed": results is not None and not results[one],
                "error": (results or {}).get(one) or None,
            }
            for one in chosen
        ],
        "kept": kept,
    }
    json.show(facts)
