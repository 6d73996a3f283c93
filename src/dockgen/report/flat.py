"""Render the result of `dockgen flatten` as JSON."""

from dataclasses import asdict
from typing import TYPE_CHECKING

from dockgen.report import json

if TYPE_CHECKING:
    from dockgen.image.flat import Flattened


def show(made: "Flattened") -> None:
    """Print the sizes and layers before and after."""
    json.show(asdict(made))
