"""A tar is read like tarfile and GNU tar read it, and a broken one is an error."""

import io
import subprocess
import tarfile
from pathlib import Path

import pytest

from dockgen.image import tarball
from dockgen.image.tarball import DamagedError, Tarball
from tests.table import table

LONG = "/".join(["a-rather-long-name-of-a-folder"] * 12)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Files of all kinds."""
    top = tmp_path / "top"
    (top / LONG).mkdir(parents=True)
    (top / LONG / "file").write_bytes(b"x" * 70_000)
    (top / "empty").touch()
    (top / "ümläut\n").write_text("odd")
    (top / "setuid").write_text("s")
    (top / "setuid").chmod(0o4755)
    (top / "link").symlink_to(LONG)
    (top / "hard").hardlink_to(top / "setuid")
    with (top / "sparse").open("wb") as sparse:
        for block in range(50):
            sparse.seek(block * 1_000_000)
            sparse.write(b"data")
    return top


def read(content: bytes) -> list[tarball.Entry]:
    """Return all entries of a tar."""
    return list(Tarball(io.BytesIO(content)))


@table(
    "options",
    [
        ["--format=gnu"],
        ["--format=posix"],
        ["--format=gnu", "--sparse"],
        ["--format=posix", "--sparse", "--sparse-version=1.0"],
        ["--format=posix", "--sparse", "--sparse-version=0.1"],
        ["--format=gnu", "--owner=3000000:3000000", "--group=5000000:5000000"],
        ["--format=posix", "--owner=3000000:3000000", "--pax-option=globexthdr.name=x,comment=y"],
    ],
)
def test_reads_what_gnu_tar_writes(folder: Path, options: list[str]) -> None:
    """The same entries as tarfile finds."""
    content = subprocess.run(
        ["tar", "--create", *options, f"--directory={folder.parent}", "top"],
        capture_output=True, check=True,
    ).stdout  # fmt: skip
    found = {entry.name.rstrip("/"): entry for entry in read(content)}
    with tarfile.open(fileobj=io.BytesIO(content)) as expected:
        assert sorted(found) == sorted(expected.getnames())
        for member in expected:
            entry = found[member.name]
            size = member.size if member.isreg() else entry.size
            kind = tarball.FILE if member.isreg() else member.type
            assert (entry.kind, entry.size, entry.mode) == (kind, size, member.mode & 0o7777)
            assert (entry.uid, entry.gid) == (member.uid, member.gid)
            assert entry.target == member.linkname
    assert found[f"top/{LONG}/file"].size == 70_000
    assert found["top/sparse"].size == 49_000_004


@table("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_content_is_had_on_request(form: int) -> None:
    """Other content is skipped, in a stream and in a file that can seek."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form) as archive:
        for number in range(50):
            member = tarfile.TarInfo(f"{'folder/' * 20}{number}")
            member.size = number * 50_000
            archive.addfile(member, io.BytesIO(bytes([number]) * member.size))
    for skips in (False, True):
        buffer.seek(0)
        reader = Tarball(buffer, skips=skips)
        found = {
            entry.name[140:]: reader.content(3 if number % 2 else 0)
            for number, entry in enumerate(reader)
        }
        assert found == {str(n): bytes([n]) * (3 if n % 2 else 0) for n in range(50)}


def header(name: bytes = b"a", **fields: bytes) -> bytes:
    """Return a header with a valid checksum, whatever its fields are."""
    member = tarfile.TarInfo(name.decode())
    block = bytearray(member.tobuf(format=tarfile.GNU_FORMAT))
    places = {"size": (124, 12), "kind": (156, 1), "uid": (108, 8), "checksum": (148, 8)}
    fields = {"checksum": b" " * 8} | fields
    for field, value in fields.items():
        start, length = places[field]
        block[start : start + length] = value.ljust(length, b"\0")
    if fields["checksum"] == b" " * 8:
        block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


@table(
    ("content", "words"),
    [
        (b"text" * 200, "number|checksum"),
        (header()[:300], "ends early"),
        (header(size=b"00000001000") + b"x" * 100, "ends early"),
        (header(checksum=b"0000123\0"), "checksum"),
        (header(size=b"\x80" + b"\xff" * 11), "number"),
        (header(size=b"\xff" * 12), "number"),
        (header(size=b"hello"), "no number"),
        (header(kind=b"L", size=b"77777777777"), "a header of 8,589,934,591 bytes"),
        (header(kind=b"x", size=b"00077777777"), "a header of"),
        (header(kind=b"x", size=b"00000000012") + b"99 path=x\n".ljust(512), "an invalid record"),
        (header(kind=b"x", size=b"00000000012") + b"0 path=xx\n".ljust(512), "an invalid record"),
        (header(kind=b"x", size=b"00000000013") + b"11 size=-1\n".ljust(512, b"\0") + header(),
         "the number"),
        (header(kind=b"L", size=b"00000000001") + b"n".ljust(512, b"\0"), "header that continues"),
    ],
)  # fmt: skip
def test_what_is_broken_is_an_error(content: bytes, words: str) -> None:
    """In words, at once, and without reading a header as large as it says it is."""
    with pytest.raises(DamagedError, match=words):
        read(content)


def test_headers_may_follow_each_other() -> None:
    """Tens of thousands of long names before one file: none of Python's own limits is met."""
    long_name = header(kind=b"L", size=b"00000000002") + b"n".ljust(512, b"\0")
    (entry,) = read(long_name * 20_000 + header())
    assert entry.name == "n"
