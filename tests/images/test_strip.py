"""templates/node/project/docker/strip.mjs: which parts of node it takes off, and which it keeps."""

import io
import struct
import subprocess
import tarfile
from collections.abc import Iterator

import pytest

from tests.conftest import ROOT

SCRIPT = ROOT / "templates/node/project/docker/strip.mjs"
PATIENCE = 120


def run(image: str, command: str, *paths: str) -> Iterator[bytes]:
    """Run a shell command beside the script in a container, and return files of it."""
    name = f"dockgen-test-strip-{image.rpartition('-')[2]}"
    words = ["docker", "run", "--interactive", "--name", name, image, "sh", "-ec"]
    try:
        subprocess.run(
            [*words, f"cat >/tmp/strip.mjs; {command}"],
            input=SCRIPT.read_bytes(), timeout=PATIENCE, check=True,
        )  # fmt: skip
        for path in paths:
            copy = ["docker", "cp", f"{name}:{path}", "-"]
            done = subprocess.run(copy, capture_output=True, timeout=PATIENCE, check=True)
            with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
                file = archive.extractfile(archive.getmembers()[0])
                assert file is not None
                yield file.read()
    finally:
        subprocess.run(["docker", "rm", "--force", name], capture_output=True, check=False)


def end_of_segments(program: bytes) -> int:
    """Return the end of the last segment, in bytes; everything that is loaded comes before it."""
    (start,) = struct.unpack_from("<Q", program, 32)
    size, count = struct.unpack_from("<HH", program, 54)
    rows = [struct.unpack_from("<8xQ16xQ", program, start + row * size) for row in range(count)]
    return max(int(offset + length) for offset, length in rows)


@pytest.mark.parametrize("image", ["node:24-trixie-slim", "node:24-alpine3.24"])
def test_only_symbols_go(image: str) -> None:
    """Everything that is loaded into memory is the same to the byte."""
    command = "node /tmp/strip.mjs /node && [ $(/node --version) = $(node --version) ]"
    before, after = run(image, command, "/usr/local/bin/node", "/node")
    header = 64
    assert after[header:] == before[header : end_of_segments(before)]
    assert len(after) < 0.9 * len(before)


def test_a_program_in_another_form_stays_as_it_is() -> None:
    """As for a 32-bit processor."""
    start = r"""'data:text/javascript,process.execPath="/tmp/other"'"""
    command = (
        rf"printf '\177ELF\001\001 32 bits' >/tmp/other; node --import {start} /tmp/strip.mjs /node"
    )
    before, after = run("node:24-trixie-slim", command, "/tmp/other", "/node")
    assert after == before
