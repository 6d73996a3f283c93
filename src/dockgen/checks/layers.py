"""The layers and files of an image, as rules name them and choose among them."""

from collections.abc import Iterable, Iterator

from dockgen.checks.model import Place
from dockgen.image import File, Image, Layer

# How many paths a message names before it only counts.
NAMED = 5


def own(image: Image) -> tuple[Layer, ...]:
    """The layers that the project adds; all of them where the base is unknown."""
    return image.layers[image.base_layers or 0 :]


def visible(image: Image) -> Iterator[tuple[Layer, File]]:
    """Yield the files of the project's layers that a container sees."""
    for layer in own(image):
        for file in layer.files:
            if image.tree.get(file.path) is file:
                yield layer, file


def user_id(image: Image) -> int:
    """The number of the user that the image runs as; 0 for root, or if its name is unknown."""
    name = image.config.user.partition(":")[0]
    if name.isdecimal():
        return int(name)
    for layer in reversed(image.layers):
        if name in layer.accounts:
            return layer.accounts[name]
    return 0


def name(image: Image, layer: Layer) -> str:
    """A layer as people count them: layer 2 of 5."""
    return f"layer {image.layers.index(layer) + 1} of {len(image.layers)}"


def place(image: Image, paths: Iterable[str]) -> Place:
    """Where the first of these paths is: the last layer that has it."""
    first = min(paths)
    layers = [layer.digest for layer in image.layers if any(f.path == first for f in layer.files)]
    return Place(first, layer=layers[-1] if layers else None)


def few(paths: Iterable[str], most: int = NAMED) -> str:
    """Name the first few paths, and count the others."""
    ordered = sorted(paths)
    others = f" and {len(ordered) - most} more" if len(ordered) > most else ""
    return ", ".join(ordered[:most]) + others
