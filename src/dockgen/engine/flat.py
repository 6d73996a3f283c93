"""Save all files of an image as one layer, and load an image of it with the same configuration."""

import json
import secrets
import shlex
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dockgen import reader, signals
from dockgen.engine import command, images
from dockgen.errors import ProjectError

# A deadline in seconds.
_LOAD_SECONDS = 600.0


@dataclass(frozen=True)
class Inspected:
    """What the engine says about an image: its stored configuration, and its layers."""

    facts: Mapping[str, Any]

    @property
    def layers(self) -> tuple[str, ...]:
        """The digests of its unpacked layers, lowest first."""
        return tuple((self.facts.get("RootFS") or {}).get("Layers") or ())

    @property
    def platform(self) -> str:
        """Its platform, such as "linux/arm64/v8"."""
        parts = (self.facts.get(key) for key in ("Os", "Architecture", "Variant"))
        return "/".join(part for part in parts if part)

    def flat(self, layer: str) -> dict[str, Any]:
        """Return the configuration of the same image with this one layer, in the image format."""
        keys = {"Os": "os", "Architecture": "architecture", "Variant": "variant",
                "Author": "author", "Created": "created"}  # fmt: skip
        kept = {name: self.facts[key] for key, name in keys.items() if self.facts.get(key)}
        step = {"created_by": "dockgen flatten"}
        if "created" in kept:
            step["created"] = kept["created"]
        return kept | {
            "config": self.facts.get("Config") or {},
            "rootfs": {"type": "layers", "diff_ids": [layer]},
            "history": [step],
        }


def inspect_image(image: str) -> Inspected:
    """Inspect an image.

    Raises:
        ProjectError: the image doesn't exist.
    """
    (facts,) = reader.parse_json(command.docker("inspect", "--type=image", "--", image))
    return Inspected(facts)


def other_images(image: str) -> list[Inspected]:
    """Inspect all images of the engine but this one."""
    names = command.docker("image", "ls", "--quiet", "--no-trunc").split()
    own = inspect_image(image).facts["Id"]
    others = [name for name in dict.fromkeys(names) if name != own]
    if not others:
        return []
    # Images that are gone by now are left out; the others are still returned.
    done = command.run("inspect", "--type=image", "--", *others, errors_apart=True)
    return [Inspected(facts) for facts in reader.parse_json(done.stdout or "[]")]


def save_flat(image: str, platform: str, destination: Path) -> None:
    """Save an image with one layer that has all files a container of ``image`` sees.

    Nothing in the image runs, not even ONBUILD: the builder copies its files. That keeps fractions
    of seconds in their times, which a tar written by the builder would round: a compiled Python
    file is valid only if its source has the same second.

    Raises:
        ProjectError: the image doesn't exist.
        BuildError: the files can't be copied.
    """
    # Only the builder of the current context sees the engine's images.
    builder = command.docker("context", "show").strip()
    made = _new_name()
    with signals.temporary_folder("dockgen-") as folder, _named(image) as name:
        (folder / "Dockerfile").write_text(
            f"FROM scratch\nCOPY --from={name} / /\n", encoding="utf-8"
        )
        words = ["build", "--progress=plain", f"--builder={builder}", f"--platform={platform}"]
        words += ["--provenance=false", "--load", f"--tag={made}", "--", str(folder)]
        try:
            images.run_build(
                *words,
                what=f"one layer of {image}",
                again=f"docker save {shlex.quote(image)} | tar t",
                deadline=images.BUILD_SECONDS,
            )
            images.save(made, destination)
        finally:
            images.remove(made)


def load(facts: Mapping[str, Any], layer: Path, tag: str, folder: Path) -> None:
    """Load an image with one layer into the engine, and tag it.

    Args:
        facts: its configuration; see `Inspected.flat`.
        layer: a tar of its files.
        tag: its name; another image with that name loses it.
        folder: where a tar of its size can be written.

    Raises:
        ProjectError: the engine rejects it, or the tag isn't a valid name.
    """
    name = _new_name()
    config, manifest, archive = (
        folder / one for one in ("config.json", "manifest.json", "image.tar")
    )
    config.write_text(json.dumps(facts), encoding="utf-8")
    entry = {"Config": config.name, "RepoTags": [name], "Layers": ["layer.tar"]}
    manifest.write_text(json.dumps([entry]), encoding="utf-8")
    with tarfile.open(archive, "w") as tar:
        tar.add(config, config.name)
        tar.add(layer, "layer.tar")
        tar.add(manifest, manifest.name)
    try:
        _require("load", f"--input={archive}", deadline=_LOAD_SECONDS)
        _require("tag", "--", name, tag)
    finally:
        images.remove(name)


def shared(layers: Sequence[str], others: Sequence[Inspected]) -> tuple[int, int]:
    """Return how many of the lowest layers other images share, and how many images share any."""
    common = []
    for other in others:
        count = 0
        for own, its in zip(layers, other.layers, strict=False):
            if own != its:
                break
            count += 1
        common.append(count)
    return max(common, default=0), sum(count > 0 for count in common)


def _require(*words: str, deadline: float = command.ANSWER_SECONDS) -> None:
    done = command.run(*words, deadline=deadline)
    if done.returncode != 0:
        raise ProjectError(
            f"docker {words[0]} failed: {command.reason(done.stdout)}", command.LOOK_AT_ENGINE
        )


@contextmanager
def _named(image: str) -> Iterator[str]:
    """Yield a temporary name for an image that can be used in a Dockerfile."""
    name = _new_name()
    try:
        command.docker("tag", "--", image, name)
        yield name
    finally:
        images.remove(name)


def _new_name() -> str:
    return f"dockgen-check:{secrets.token_hex(6)}"
