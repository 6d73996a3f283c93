"""Compare two images: their configuration, layers, packages and files."""

import dataclasses
import posixpath
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from dockgen import check, credentials, engine
from dockgen.image import Config, File, Image, Kind, Layer, anatomy, saved
from dockgen.targets.target import Target

# Shown instead of a secret.
_HIDDEN = "(a secret, not shown)"


class Change(StrEnum):
    """What happened to something from the first image to the second."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True)
class Setting:
    """A setting that differs: its name, such as "user" or "environment PATH", and both values.

    A value is "" if the image has none.
    """

    name: str
    before: str
    after: str


@dataclass(frozen=True)
class LayerChange:
    """A layer that only one of the images has, and the step that made it, or ""."""

    change: Change
    layer: Layer
    instruction: str


@dataclass(frozen=True)
class PackageChange:
    """A package whose versions differ; an image may have several versions, and () is none."""

    system: str
    name: str
    before: tuple[str, ...]
    after: tuple[str, ...]

    @property
    def change(self) -> Change:
        """What happened to the package."""
        return _change(self.before, self.after)


@dataclass(frozen=True)
class FileChange:
    """A file that differs for containers of the two images; None if it doesn't exist.

    ``what`` says what has changed of a file that both have: "content", "mode", "owner" or "kind".
    """

    path: str
    before: File | None
    after: File | None
    what: tuple[str, ...] = ()

    @property
    def change(self) -> Change:
        """What happened to the file."""
        return _change(self.before, self.after)

    @property
    def size_bytes(self) -> int:
        """The larger of its two sizes, by which changes are sorted."""
        return max(file.size if file else 0 for file in (self.before, self.after))


@dataclass(frozen=True)
class Tally:
    """How many files were added, removed or changed, and their bytes before and after."""

    files: int
    before_bytes: int
    after_bytes: int


@dataclass(frozen=True)
class Difference:
    """What differs; the largest come first in each list.

    ``names`` are the names of the two images. Sizes are unpacked, in bytes; file sizes count what a
    container sees. ``shared_layers`` are the layers that both have.
    """

    names: tuple[str, str]
    unpacked_bytes: tuple[int, int]
    settings: tuple[Setting, ...]
    shared_layers: tuple[Layer, ...]
    layers: tuple[LayerChange, ...]
    packages: tuple[PackageChange, ...]
    files: tuple[FileChange, ...]

    @property
    def is_none(self) -> bool:
        """Whether the images are the same in everything that is compared."""
        return not (self.settings or self.layers or self.packages or self.files)

    def tally(self, change: Change) -> Tally:
        """Return the totals for one kind of change."""
        found = [file for file in self.files if file.change is change]
        return Tally(
            len(found),
            sum(file.before.size for file in found if file.before),
            sum(file.after.size for file in found if file.after),
        )


def between(targets: Sequence[Target], doing: Callable[[str], None]) -> Difference:
    """Read two images and compare them. Nothing in them is run; saved ones need no engine.

    Args:
        targets: the two, as `target.find_image` finds them.
        doing: called with a few words about the current step.

    Raises:
        ToolMissingError: one is the engine's, which is missing, too old, or went away.
        ProjectError: the image doesn't exist, or can't be read.
    """
    if any(target.saved is None for target in targets):
        engine.require(builds=False)
    images = []
    for target in targets:
        doing(f"Reading {target.name}")
        images.append(_read(target))
    doing("Comparing them")
    first, second = targets
    return of((first.name, second.name), *images)


def _read(target: Target) -> Image:
    asked = target.asked
    if target.saved is None:
        return check.read_image(target.name, gzip_sizes=False, secrets=False, contents=True)
    return saved.read(
        target.saved,
        name=asked.image,
        platform=asked.build.platform,
        gzip_sizes=False,
        secrets=False,
        contents=True,
    )


def of(names: tuple[str, str], before: Image, after: Image) -> Difference:
    """Compare two images that were both read with their contents."""
    shared = Counter(layer.digest for layer in before.layers)
    shared &= Counter(layer.digest for layer in after.layers)
    both, removed = _split(before, Change.REMOVED, shared)
    _, added = _split(after, Change.ADDED, shared)
    return Difference(
        names,
        (before.unpacked_bytes, after.unpacked_bytes),
        tuple(_settings(before, after)),
        tuple(both),
        (*removed, *added),
        tuple(_packages(before, after)),
        tuple(sorted(_files(before, after), key=lambda one: (-one.size_bytes, one.path))),
    )


def _change(before: object, after: object) -> Change:
    if not before:
        return Change.ADDED
    return Change.CHANGED if after else Change.REMOVED


def _settings(before: Image, after: Image) -> Iterator[Setting]:
    first, second = _described(before), _described(after)
    for name in dict.fromkeys([*first, *second]):
        values = first.get(name, ""), second.get(name, "")
        if values[0] != values[1]:
            variable = name.removeprefix("environment ").removeprefix("label ")
            shown = (_HIDDEN if credentials.in_variable(variable, one) else one for one in values)
            yield Setting(name, *shown)


def _described(image: Image) -> dict[str, str]:
    """Return each setting of an image as text; unset ones are left out."""
    found = {"platform": image.platform}
    for field in dataclasses.fields(Config):
        value = getattr(image.config, field.name)
        name = field.name.replace("_", " ")
        if isinstance(value, Mapping):
            entry = "label" if name == "labels" else name
            found |= {f"{entry} {key}": text for key, text in value.items()}
        elif dataclasses.is_dataclass(value) and not isinstance(value, type):
            parts = {key.replace("_", " "): part for key, part in vars(value).items()}
            found |= {f"{name} {key}": _words(part) for key, part in parts.items()}
        else:
            found[name] = _words(value)
    return {name: words for name, words in found.items() if words}


def _words(value: Any) -> str:
    """Return a value on one line; a list as its words, quoted if needed."""
    if isinstance(value, tuple):
        return " ".join(repr(word) if not word or " " in str(word) else str(word) for word in value)
    return f"{value:g}" if isinstance(value, float) and value else str(value or "")


def _split(
    image: Image, change: Change, shared: Counter[str]
) -> tuple[list[Layer], list[LayerChange]]:
    """Split layers into those counted in ``shared``, each as often as its count, and the others."""
    left = Counter(shared)
    both, own = [], []
    for layer, instruction in zip(image.layers, anatomy.instructions(image), strict=True):
        if left[layer.digest] > 0:
            left[layer.digest] -= 1
            both.append(layer)
        else:
            own.append(LayerChange(change, layer, instruction))
    return both, sorted(own, key=lambda one: -one.layer.unpacked_bytes)


def _packages(before: Image, after: Image) -> Iterator[PackageChange]:
    first, second = _versions(before), _versions(after)
    for system, name in sorted(first.keys() | second.keys()):
        versions = [tuple(sorted(one.get((system, name), ()))) for one in (first, second)]
        if versions[0] != versions[1]:
            yield PackageChange(system, name, *versions)


def _versions(image: Image) -> dict[tuple[str, str], set[str]]:
    """Return the versions of each package that a container of the image sees."""
    found: dict[tuple[str, str], set[str]] = defaultdict(set)
    for file, layer in _seen(image):
        for package in layer.packages.get(file.path, ()):
            found[package.system, package.name].add(package.version)
    return found


def _seen(image: Image) -> Iterator[tuple[File, Layer]]:
    """Yield each file that a container sees, and the layer that it is from."""
    for layer in image.layers:
        for file in layer.files:
            if image.tree.get(file.path) is file:
                yield file, layer


def _files(before: Image, after: Image) -> Iterator[FileChange]:
    first = {file.path: (file, layer) for file, layer in _seen(before)}
    second = {file.path: (file, layer) for file, layer in _seen(after)}
    for path in first.keys() | second.keys():
        one, other = first.get(path), second.get(path)
        if one and other:
            if what := tuple(_changes(*one, *other)):
                yield FileChange(path, one[0], other[0], what)
            continue
        change = FileChange(path, one and one[0], other and other[0])
        file = change.before or change.after
        # A folder adds nothing to its files.
        if file and file.kind is not Kind.DIRECTORY:
            yield change


def _changes(before: File, old: Layer, after: File, new: Layer) -> Iterator[str]:
    """Yield what has changed of a file."""
    kinds = {before.kind, after.kind}
    is_file = kinds <= {Kind.FILE, Kind.HARD_LINK}
    if len(kinds) > 1 and not is_file:
        yield "kind"
        return
    if is_file:
        if _content(before, old) != _content(after, new):
            yield "content"
    elif before.target != after.target:
        yield "content"
    # No engine uses the mode of a symbolic link.
    if before.mode != after.mode and before.kind is not Kind.SYMBOLIC_LINK:
        yield "mode"
    if (before.uid, before.gid) != (after.uid, after.gid):
        yield "owner"


def _content(file: File, layer: Layer) -> bytes | None:
    """Return the digest of a file's content; for a hard link, that of its target.

    Returns None if the target is in a lower layer.
    """
    path = file.path
    if file.kind is Kind.HARD_LINK:
        path = posixpath.normpath(f"/{file.target.lstrip('/')}")
    return layer.contents.get(path)
