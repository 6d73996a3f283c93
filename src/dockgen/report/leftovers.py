"""What dockgen's runs have left in the engine, for programs."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from dockgen.report import json

if TYPE_CHECKING:
    from dockgen.engine.leftovers import Leftover


def show(chosen: "Sequence[Leftover]", kept: int, results: "Mapping[Leftover, str] | None") -> None:
    """Print what is meant, and what became of each; None of ``results`` says that nothing did."""
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
