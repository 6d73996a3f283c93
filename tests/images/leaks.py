"""Search everything that a build left for certain bytes: files, and files packed in them."""

import gzip
import io
import tarfile
from collections.abc import Iterator, Mapping, Set
from pathlib import Path


def find(folder: Path, wanted: Mapping[str, bytes], *, known: Set[str] = frozenset()) -> list[str]:
    """Return which of the wanted bytes are in files below ``folder``, with the files, sorted.

    Files whose names are in ``known``, such as the blobs of a base image, are skipped.
    """
    return sorted(
        f"{name} in {place}"
        for place, content in _files(folder, known)
        for name, text in wanted.items()
        if text in content
    )


def _files(folder: Path, known: Set[str]) -> Iterator[tuple[str, bytes]]:
    for path in folder.rglob("*"):
        if path.is_file() and path.name not in known:
            yield from _unpacked(path.relative_to(folder).as_posix(), path.read_bytes())


def _unpacked(place: str, content: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield the content, unzipped if gzipped, and each file of a tar, also paths and links."""
    if content.startswith(b"\x1f\x8b"):
        content = gzip.decompress(content)
    yield place, content
    # An inner tar, as `docker save` writes it, contains its files' bytes, except for compressed
    # ones.
    if content[257:262] == b"ustar":
        with tarfile.open(fileobj=io.BytesIO(content)) as tar:
            for member in tar:
                file = tar.extractfile(member) if member.isreg() else None
                if file is not None and (packed := file.read()).startswith(b"\x1f\x8b"):
                    yield from _unpacked(f"{place}/{member.name}", packed)
