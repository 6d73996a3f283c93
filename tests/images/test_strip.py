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
LOAD, ALLOC = 1, 2
HEADER = struct.Struct("<16x H H I Q Q Q I H H H H H H")
SEGMENT = struct.Struct("<I I Q Q Q Q Q Q")
SECTION = struct.Struct("<I I Q Q Q Q I I Q Q")


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


def loaded(program: bytes) -> list[tuple[int, int, bytes]]:
    """Where each loaded segment goes in memory, its size there, and its content but the headers."""
    _, _, _, _, start, _, _, _, size, count, _, _, _ = HEADER.unpack_from(program)
    found = []
    for row in range(count):
        kind, _, offset, address, _, length, room, _ = SEGMENT.unpack_from(
            program, start + row * size
        )
        if kind == LOAD:
            headers = 0 if offset else start + size * count
            found.append((address, room, program[offset + headers : offset + length]))
    return found


def sections(program: bytes) -> dict[str, bool]:
    """The names of the sections, and whether each is loaded into memory."""
    _, _, _, _, _, start, _, _, _, _, size, count, names = HEADER.unpack_from(program)
    rows = [SECTION.unpack_from(program, start + row * size) for row in range(count)]
    texts = program[rows[names][4] : rows[names][4] + rows[names][5]]
    return {
        texts[row[0] : texts.index(b"\0", row[0])].decode(): bool(row[2] & ALLOC)
        for row in rows
        if row[1]
    }


@pytest.mark.parametrize("image", ["node:24-trixie-slim", "node:24-alpine3.24"])
def test_only_symbols_go(image: str) -> None:
    """What is loaded into memory is the same, to the byte; the stand-in's musl build has holes."""
    command = "node /tmp/strip.mjs /node && [ $(/node --version) = $(node --version) ]"
    before, after = run(image, command, "/usr/local/bin/node", "/node")
    assert loaded(after) == loaded(before)
    kept = {name: is_loaded for name, is_loaded in sections(before).items() if is_loaded}
    assert {".dynsym", ".dynstr", ".eh_frame"} <= kept.keys()
    assert sections(after) == kept | {".shstrtab": False}
    assert len(after) < 0.9 * len(before)


def test_a_program_in_another_form_stays_as_it_is() -> None:
    """As for a 32-bit processor."""
    start = r"""'data:text/javascript,process.execPath="/tmp/other"'"""
    command = (
        rf"printf '\177ELF\001\001 32 bits' >/tmp/other; node --import {start} /tmp/strip.mjs /node"
    )
    before, after = run("node:24-trixie-slim", command, "/tmp/other", "/node")
    assert after == before
