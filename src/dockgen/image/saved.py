"""Read a saved image, as written by `docker save`, skopeo or buildx, without an engine.

Both formats are read: the docker archive (manifest.json) and the OCI layout (index.json), as a tar,
a compressed tar or a folder; also skopeo's `dir:`. The image may come from anywhere, so nothing is
extracted, no link that leads out of it is followed, and anything larger than a real image is
refused.

https://github.com/opencontainers/image-spec/blob/main/image-layout.md
"""

import errno
import hashlib
import platform as machine
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dockgen import reader
from dockgen.errors import DockgenError, ProjectError, unreadable
from dockgen.image import Config, HealthCheck, Image, Layer, Step, layer, ports
from dockgen.image.layer import Allowance, RefusedError
from dockgen.image.store import Folder, Store, Tar, is_folder

__all__ = ["is_folder", "read"]

# No engine makes more than 127 layers.
_MOST_LAYERS = 500
# How much of a step's text is kept, in characters.
_LONGEST_STEP = 1000
_NANOSECONDS = 1e9
# The disk for the unpacked tar is full: that isn't the image's fault.
_FULL = (errno.ENOSPC, errno.EDQUOT)
# How deep indexes may be nested: the layout's own, and one for the platforms.
_MOST_INDEXES = 4
_ARCHITECTURES = {"x86_64": "amd64", "AMD64": "amd64", "aarch64": "arm64"}
# A file name that contains the file's digest.
_NAMED_BY_DIGEST = re.compile(r"(?:.*/)?([0-9a-f]{64})(?:\.json)?")
_CONFIGS = ("application/vnd.oci.image.config", "application/vnd.docker.container.image")
_NAMES = ("io.containerd.image.name", "org.opencontainers.image.ref.name")


def read(
    saved: Path,
    base: Sequence[str] | None = None,
    *,
    name: str | None = None,
    platform: str | None = None,
    gzip_sizes: bool = True,
    secrets: bool = True,
    contents: bool = False,
) -> Image:
    """Read a saved image.

    Args:
        saved: the file or folder.
        base: the digests of its base's layers, if they are known. An image that begins with other
            layers was built on another base, which is unknown.
        name: which image, if there are several, such as "app:1.2".
        platform: which platform of a multi-platform image, such as "linux/arm64"; None for this
            machine's.
        gzip_sizes: whether to measure layers after gzip, which takes most of the time.
        secrets: whether to look into small files for secrets.
        contents: whether to collect a digest of each file, and the packages that it names.

    Raises:
        ProjectError: it is missing, damaged or not a saved image, has several images or none with
            that name or platform, or is larger than dockgen reads.
    """
    try:
        with _opened(saved) as store:
            found = _Found(store, name, platform)
            layers = tuple(_layers(store, found.layers, gzip_sizes, secrets, contents))
            named = found.facts["rootfs"]["diff_ids"]
            history = _history(found.facts.get("history") or [], layers)
    except RefusedError as error:
        raise ProjectError(
            f"{saved} isn't an image that dockgen can read: {error}.",
            f"see what it is: file {saved}",
        ) from error
    except DockgenError:
        raise
    except OSError as error:
        # An error about invalid gzip has no errno and no strerror.
        if error.errno in _FULL:
            raise
        if error.errno is not None:
            raise unreadable(saved, error) from error
        raise _damaged(saved, str(error)) from error
    except (ValueError, LookupError, TypeError, AttributeError, EOFError, zlib.error) as error:
        raise _damaged(saved, _words(error)) from error
    if [one.digest for one in layers] != named:
        raise ProjectError(
            f"{saved} is damaged: its layers don't match its configuration.",
            f"save it again: docker save --output {saved} <image>",
        )
    known = base is not None and [one.digest for one in layers[: len(base)]] == [*base]
    return Image(found.config, layers, len(base or ()) if known else None, found.platform, history)


def _damaged(saved: Path, reason: str) -> ProjectError:
    return ProjectError(
        f"{saved} isn't a saved image, or is damaged: {reason}.",
        f"save it again: docker save --output {saved} <image>",
    )


def _words(error: Exception) -> str:
    return f"it has no {error.args[0]}" if isinstance(error, KeyError) else str(error)


@contextmanager
def _opened(saved: Path) -> Iterator[Store]:
    if saved.is_dir():
        yield Folder(saved)
        return
    with reader.opened(saved) as stream, Tar.unpacked(stream, str(saved)) as store:
        yield store


class _Found:
    """The selected image of a store, and its descriptions."""

    def __init__(self, store: Store, name: str | None, platform: str | None) -> None:
        self.store = store
        self.wanted = platform
        self.facts, self.layers = self._manifest(name)
        self.config = _config(self.facts.get("config") or {})
        self.platform = _platform(self.facts)
        if platform is not None and not _is_for(self.platform, platform):
            raise _none_for(platform, [self.platform])

    def _manifest(self, name: str | None) -> tuple[Mapping[str, Any], list[Mapping[str, Any]]]:
        """Return the configuration and the layers' descriptors; a docker archive's have a path."""
        if self.store.has("manifest.json"):
            found = self._json("manifest.json")
            if isinstance(found, list):
                return self._of_archive(found, name)
            return self._of_manifest(found)  # skopeo's dir:
        index = self._json("index.json")
        if name is not None or len(_images(index)) > 1:
            named = [one for one in _images(index) if _is_named(one, name)]
            self._require_one(named, index["manifests"], name)
            index = {"manifests": named}
        return self._of_manifest(index)

    def _of_archive(
        self, found: list[Any], name: str | None
    ) -> tuple[Mapping[str, Any], list[Mapping[str, Any]]]:
        chosen = [one for one in found if _is_named(one, name)]
        if len(found) != 1 or name is not None:
            self._require_one(chosen, found, name)
        entry = chosen[0]
        return self._json(entry["Config"]), [{"path": path} for path in entry["Layers"]]

    def _require_one(self, chosen: Sequence[Any], found: Sequence[Any], name: str | None) -> None:
        platforms = [one.get("platform") for one in chosen]
        if len(chosen) == 1 or (chosen and all(platforms) and len(_unique(chosen)) == len(chosen)):
            return
        names = sorted({known for one in found for known in _names(one)})
        has = f"{len(found)} images, not one" if name is None else f"no image called {name}"
        listed = ", ".join(names[:10])
        raise ProjectError(
            f"{self.store.name} can't be read as one image: it has {has}"
            + (f"; it has {listed}" if names else ""),
            "say which: --image " + (names[0] if names else "NAME"),
        )

    def _of_manifest(
        self, found: Mapping[str, Any]
    ) -> tuple[Mapping[str, Any], list[Mapping[str, Any]]]:
        for _ in range(_MOST_INDEXES):
            if "manifests" not in found:
                break
            found = self._json(self.store.blob(self._chosen(_images(found))["digest"]))
        if "manifests" in found:
            raise RefusedError("its indexes refer to each other")
        kind = found["config"].get("mediaType", _CONFIGS[0])
        if not kind.startswith(_CONFIGS):
            raise RefusedError(f"it isn't an image, but {kind:.100}")
        facts = self._json(self.store.blob(found["config"]["digest"]))
        return facts, found["layers"]

    def _chosen(self, images: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
        """Choose one image of an index: the only one, or the one for the wanted platform."""
        if len(images) == 1:
            return images[0]
        wanted = self.wanted or f"linux/{_ARCHITECTURES.get(machine.machine(), machine.machine())}"
        found = [one for one in images if _is_for(_platform(one.get("platform") or {}), wanted)]
        if not images or len(found) > 1:
            raise RefusedError(f"it has {len(found)} images, not one")
        if not found:
            raise _none_for(wanted, [_platform(one.get("platform") or {}) for one in images])
        return found[0]

    def _json(self, path: str) -> Any:
        content = self.store.content(path)
        named = _NAMED_BY_DIGEST.fullmatch(path)
        if named and hashlib.sha256(content).hexdigest() != named[1]:
            raise ValueError(f"{path} doesn't match its digest")
        return reader.parse_json(content)


def _layers(
    store: Store,
    descriptors: Sequence[Mapping[str, Any]],
    gzip_sizes: bool,
    secrets: bool,
    contents: bool,
) -> Iterator[Layer]:
    if len(descriptors) > _MOST_LAYERS:
        raise RefusedError(f"it has {len(descriptors)} layers")
    allowance = Allowance()
    for number, one in enumerate(descriptors, 1):
        path = one["path"] if "path" in one else store.blob(one["digest"])
        kind = str(one.get("mediaType", ""))
        if not store.has(path) and (one.get("urls") or "foreign" in kind or "nondist" in kind):
            raise RefusedError(
                f"layer {number} isn't in it: it is a foreign layer, which is stored elsewhere"
            )
        yield read_layer(store, path, allowance, gzip_sizes, secrets, contents)


def read_layer(
    store: Store,
    path: str,
    allowance: Allowance,
    gzip_sizes: bool,
    secrets: bool = True,
    contents: bool = False,
) -> Layer:
    """Read the layer at a path in a store; see `layer.read`."""
    with store.open(path) as packed:
        size = packed.seek(0, 2)
        packed.seek(0)
        return layer.read(
            packed, size, allowance, gzip_size=gzip_sizes, secrets=secrets, contents=contents
        )


def _images(index: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the images of an index, without BuildKit's attestations (provenance, SBOM)."""
    return [
        one
        for one in index["manifests"]
        if "vnd.docker.reference.type" not in (one.get("annotations") or {})
    ]


def _unique(images: Sequence[Mapping[str, Any]]) -> set[str]:
    return {_platform(one["platform"]) for one in images}


def _names(image: Mapping[str, Any]) -> list[str]:
    """Return an image's names in a docker archive's manifest or in an index."""
    annotations = image.get("annotations") or {}
    found = [*(image.get("RepoTags") or ()), *(annotations.get(key) for key in _NAMES)]
    return [str(name) for name in found if name]


def _is_named(image: Mapping[str, Any], name: str | None) -> bool:
    """Return whether a name refers to an image, with what an engine adds to short names."""
    if name is None:
        return True
    hub = "docker.io/library/"
    found = {one.removeprefix(hub) for one in _names(image)}
    return bool(found & {name.removeprefix(hub), f"{name.removeprefix(hub)}:latest"})


def _platform(facts: Mapping[str, Any]) -> str:
    """Return an image's platform, such as "linux/arm64/v8", or "" if it has none."""
    parts = [facts.get("os"), facts.get("architecture"), facts.get("variant")]
    return "/".join(str(part) for part in parts if part)


def _is_for(platform: str, wanted: str) -> bool:
    return platform == wanted or platform.startswith(f"{wanted}/")


def _none_for(wanted: str, there: Sequence[str]) -> ProjectError:
    return ProjectError(
        f"it has no image for {wanted}, only for: {', '.join(there) or 'none'}",
        f"use one of these: --platform {there[0] if there else 'linux/amd64'}",
    )


def _config(facts: Mapping[str, Any]) -> Config:
    return Config(
        user=_text(facts.get("User")),
        entrypoint=_texts(facts.get("Entrypoint")),
        command=_texts(facts.get("Cmd")),
        health_check=_health_check(facts.get("Healthcheck")),
        labels={str(name): str(value) for name, value in (facts.get("Labels") or {}).items()},
        environment=dict(word.split("=", 1) for word in _texts(facts.get("Env")) if "=" in word),
        ports=ports.tcp(facts.get("ExposedPorts") or {}),
        volumes=tuple(sorted(facts.get("Volumes") or {})),
        working_directory=_text(facts.get("WorkingDir")),
        stop_signal=_text(facts.get("StopSignal")),
    )


def _history(steps: Sequence[Mapping[str, Any]], layers: Sequence[Layer]) -> tuple[Step, ...]:
    """Return the steps that made an image; none if they don't match its layers."""
    if sum(not step.get("empty_layer") for step in steps) != len(layers):
        return ()
    digests = iter([layer.digest for layer in layers])
    return tuple(
        Step(
            _text(step.get("created_by"))[:_LONGEST_STEP],
            None if step.get("empty_layer") else next(digests),
        )
        for step in steps
    )


def _text(word: Any) -> str:
    if not isinstance(word, str | None):
        raise ValueError(f"its configuration has {word!s:.40} instead of a text")
    return word or ""


def _texts(words: Any) -> tuple[str, ...]:
    if words is None:
        return ()
    if not isinstance(words, list):
        raise ValueError(f"its configuration has {words!s:.40} instead of a list")
    return tuple(_text(word) for word in words)


def _health_check(facts: Mapping[str, Any] | None) -> HealthCheck | None:
    if not facts:
        return None
    return HealthCheck(
        test=_texts(facts.get("Test")),
        interval_seconds=facts.get("Interval", 0) / _NANOSECONDS,
        timeout_seconds=facts.get("Timeout", 0) / _NANOSECONDS,
        start_period_seconds=facts.get("StartPeriod", 0) / _NANOSECONDS,
        start_interval_seconds=facts.get("StartInterval", 0) / _NANOSECONDS,
        retries=facts.get("Retries", 0),
    )
