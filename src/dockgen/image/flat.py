"""Squash an image into one layer: report savings and costs, and verify that no file is lost."""

import re
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from dockgen import engine, reader, signals
from dockgen.engine import flat
from dockgen.errors import ProjectError, UsageError
from dockgen.image import File, Image, Kind, layer, saved
from dockgen.image.layer import Allowance
from dockgen.image.store import Tar

# A name and tag as Docker accepts them; not a digest.
_TAG = re.compile(
    r"(?:[A-Za-z0-9][A-Za-z0-9.-]*(?::[0-9]+)?/)?"
    r"[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*)*"
    r"(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?"
)
_LONGEST_TAG = 400


@dataclass(frozen=True)
class Flattened:
    """The result of squashing an image.

    ``hidden_bytes`` were hidden by later layers, and are gone. The lowest ``shared_layers``, with
    ``shared_bytes``, are also in ``shared_by`` other images of the engine, where they were stored
    once. Sizes are unpacked.
    """

    image: str
    tag: str
    layers: int
    before_bytes: int
    after_bytes: int
    hidden_bytes: int
    shared_layers: int
    shared_bytes: int
    shared_by: int


def flatten(image: str, tag: str, doing: Callable[[str], None]) -> Flattened:
    """Make an image with a single layer from another image's files and configuration.

    Nothing in the image runs. The new image is tagged only after every file is found in it.

    Args:
        image: the image's name or id.
        tag: the new image's name.
        doing: called with a few words about the current step.

    Raises:
        UsageError: the tag isn't a valid name.
        ToolMissingError: the engine is missing, too old, or went away.
        ProjectError: the image doesn't exist, it is larger than dockgen reads, or a file got lost.
    """
    if not is_name(tag):
        raise UsageError(f"{tag} isn't a valid image name", "for example: my-app:flat")
    engine.require()
    with signals.temporary_folder("dockgen-") as folder:
        doing("reading the image")
        archive = folder / "saved.tar"
        engine.save(image, archive)
        before = saved.read(archive, gzip_sizes=False, secrets=False)
        archive.unlink()
        inspected = flat.inspect_image(image)
        shared_layers, shared_by = flat.shared(inspected.layers, flat.other_images(image))
        doing("copying its files")
        flat.save_flat(image, inspected.platform, archive)
        rootfs = folder / "layer.tar"
        _extract(archive, rootfs)
        archive.unlink()
        with rootfs.open("rb") as packed:
            size = rootfs.stat().st_size
            one = layer.read(packed, size, Allowance(), gzip_size=False, secrets=False)
        if lost := differing(before, {file.path: file for file in one.files}):
            more = f" and {len(lost) - 1} more" if len(lost) > 1 else ""
            raise ProjectError(
                f"{image} can't be flattened: {lost[0]}{more} would change.",
                "see the engine's storage driver: docker info --format '{{.Driver}}'",
            )
        doing("making the image")
        flat.load(inspected.flat(one.digest), rootfs, tag, folder)
    return Flattened(
        image=image,
        tag=tag,
        layers=len(before.layers),
        before_bytes=before.unpacked_bytes,
        after_bytes=one.unpacked_bytes,
        hidden_bytes=sum(file.size for below in before.layers for file in before.hidden(below)),
        shared_layers=shared_layers,
        shared_bytes=sum(below.unpacked_bytes for below in before.layers[:shared_layers]),
        shared_by=shared_by,
    )


def _extract(archive: Path, destination: Path) -> None:
    """Write the only layer of a saved image to a file, uncompressed."""
    with reader.opened(archive) as stream, Tar.unpacked(stream, str(archive)) as store:
        (entry,) = reader.parse_json(store.content("manifest.json"))
        (path,) = entry["Layers"]
        with store.open(path) as packed, destination.open("wb") as file:
            shutil.copyfileobj(layer.unpacked(packed), file)


def is_name(tag: str) -> bool:
    """Return whether this is a valid name for an image."""
    return len(tag) <= _LONGEST_TAG and _TAG.fullmatch(tag) is not None


def differing(before: Image, after: Mapping[str, File]) -> list[str]:
    """Return the paths whose file would change for a container."""
    links = {path for path, file in before.tree.items() if file.kind is Kind.SYMBOLIC_LINK}
    return [
        path
        for path, file in before.tree.items()
        if path != "/"
        and not _is_below(path, links)
        and (path not in after or not _is_same(file, after[path]))
    ]


def _is_same(before: File, after: File) -> bool:
    """Return whether a file is unchanged. It doesn't matter which hard link has the content."""
    if (before.uid, before.gid) != (after.uid, after.gid):
        return False
    if before.kind is Kind.SYMBOLIC_LINK or after.kind is Kind.SYMBOLIC_LINK:
        return (before.kind, before.target) == (after.kind, after.target)
    kinds = {before.kind, after.kind}
    same_kind = len(kinds) == 1 or kinds == {Kind.FILE, Kind.HARD_LINK}
    same_size = kinds != {Kind.FILE} or before.size == after.size
    return same_kind and same_size and before.mode == after.mode


def _is_below(path: str, links: set[str]) -> bool:
    """Return whether a path leads through a symbolic link: then its file is elsewhere."""
    while (path := path.rpartition("/")[0]) != "":
        if path in links:
            return True
    return False
