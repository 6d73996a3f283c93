"""Select and describe layers and files of an image for the rules."""

from collections.abc import Iterable, Iterator

from dockgen.checks.model import Place
from dockgen.image import File, Image, Layer

# How many paths a message names; the others are counted.
NAMED = 5


def own(image: Image) -> tuple[Layer, ...]:
    """Return the layers that the project adds; all of them if the base is unknown."""
    return image.layers[image.base_layers :]


def visible(image: Image) -> Iterator[tuple[Layer, File]]:
    """Yield the files of the project's layers that a container sees."""
    for layer in own(image):
        for file in layer.files:
            if image.tree.get(file.path) is file:
                yield layer, file


def user_id(image: Image) -> int:
    """Return the number of the image's user; 0 for root, or if its name is unknown."""
    name = image.config.user.partition(":")[0]
    if name.isdecimal():
        return int(name)
    for layer in reversed(image.layers):
        if name in layer.accounts:
            return layer.accounts[name]
    return 0


def name(image: Image, layer: Layer) -> str:
    """Name a layer by its number: layer 2 of 5."""
    return f"layer {image.layers.index(layer) + 1} of {len(image.layers)}"


def place(image: Image, paths: Iterable[str]) -> Place:
    """Return the place of the first of these paths: the last layer that has it."""
    first = min(paths)
    layers = [layer.digest for layer in image.layers if any(f.path == first for f in layer.files)]
    return Place(first, layer=layers[-1])


def few(paths: Iterable[str], most: int = NAMED) -> str:
    """Name the first few paths, and count the others."""
    ordered = sorted(paths)
    others = f" and {len(ordered) - most} more" if len(ordered) > most else ""
    return ", ".join(ordered[:most]) + others
