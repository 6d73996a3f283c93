"""An image that was made into one of one layer, for programs."""

from dataclasses import asdict
from typing import TYPE_CHECKING

from dockgen.report import json

if TYPE_CHECKING:
    from dockgen.image.flat import Flattened


def show(made: "Flattened") -> None:
    """Print what it was, and what became of it."""
    json.show(asdict(made))
