"""The size of an image: the sum of its layer tars, as `docker save` writes them."""

import contextlib
import json
import subprocess
import tarfile
import zlib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from . import progress
from .cache import Cache
from .engine import Engine
from .errors import TestbedError

CHUNK = 1 << 20
GZIP_MAGIC = b"\x1f\x8b"


@dataclass(frozen=True)
class Size:
    """The bytes of all layers.

    `gzip_bytes` is None if the engine's store keeps layers uncompressed: compressing them only to
    measure takes too long.
    """

    unpacked_bytes: int
    gzip_bytes: int | None


def measure(cache: Cache, engine: Engine, name: str, image: str, saved: Path | None = None) -> Size:
    """Return the size of an image, cached by its id. `saved`: a possible tarball of it."""
    file = cache.root / "sizes.json"
    known: dict[str, dict[str, int]] = json.loads(file.read_text()) if file.exists() else {}
    if image not in known:
        with progress.step(f"measuring {name}"):
            if saved is not None and saved.exists():
                with saved.open("rb") as archive:
                    known[image] = asdict(read(archive))
            else:
                known[image] = asdict(_save_and_measure(engine, name))
        partial = file.with_suffix(".partial")
        partial.write_text(json.dumps(known, indent=2) + "\n")
        partial.rename(file)
    return Size(**known[image])


def _save_and_measure(engine: Engine, name: str) -> Size:
    save = ["docker", "save", name]
    size: Size | None = None
    with subprocess.Popen(save, stdout=subprocess.PIPE, env=engine.variables()) as process:
        assert process.stdout is not None
        with contextlib.suppress(tarfile.ReadError):  # docker failed, and has printed why
            size = read(process.stdout)
        while process.stdout.read(CHUNK):  # read on after the last file, so that docker can end
            pass
    if process.returncode != 0 or size is None:
        raise TestbedError(f"docker save {name} failed", f"docker save {name} >/dev/null")
    return size


def read(archive: IO[bytes]) -> Size:
    """Return the size of the one image in a saved tarball."""
    layers: dict[str, Size] = {}
    manifest = []
    with tarfile.open(fileobj=archive, mode="r|") as tar:
        for member in tar:
            content = tar.extractfile(member)
            if content is None:
                continue
            if member.name == "manifest.json":
                manifest = json.load(content)
            else:
                layers[member.name] = _blob(content, member.size)
    chosen = [layers[name] for name in manifest[0]["Layers"]]
    compressed = [layer.gzip_bytes for layer in chosen if layer.gzip_bytes is not None]
    return Size(
        unpacked_bytes=sum(layer.unpacked_bytes for layer in chosen),
        gzip_bytes=sum(compressed) if len(compressed) == len(chosen) else None,
    )


def _blob(content: IO[bytes], stored_bytes: int) -> Size:
    start = content.read(CHUNK)
    if not start.startswith(GZIP_MAGIC):
        return Size(stored_bytes, None)
    unpack = zlib.decompressobj(wbits=31)
    total = 0
    while start:
        total += len(unpack.decompress(start))
        start = content.read(CHUNK)
    return Size(total + len(unpack.flush()), stored_bytes)
