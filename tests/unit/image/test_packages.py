"""The packages in an image's files: each system's database, and input that isn't trusted."""

import json

import pytest

from dockgen.image import packages
from dockgen.image.packages import Notes
from tests.table import table

STATUS = """Package: libc6
Status: install ok installed
Description: the C library
 Version: of a description, which is no field
Version: 2.41-12

Package: vim
Status: deinstall ok config-files
Version: 2:9.1

"""
METADATA = "Metadata-Version: 2.4\nName: anyio\nVersion: 4.12\n\nName: other\nVersion: 1\n"


def found(path: str, content: bytes, size: int = 7) -> set[tuple[str, str, str]]:
    """Return the packages that a file names, read in parts of that size."""
    notes = Notes(path)
    for start in range(0, len(content), size):
        notes.add(content[start : start + size])
    return {(one.system, one.name, one.version) for one in notes.packages()}


def program(modules: str, version: str = "go1.27.1 X:nocoverageredesign") -> bytes:
    """Return a program as Go links it: https://pkg.go.dev/debug/buildinfo."""

    def text(words: bytes) -> bytes:
        return bytes([len(words) & 0x7F | 0x80, len(words) >> 7]) + words

    head = b"\xff Go buildinf:\x08\x02" + bytes(16)
    framed = bytes(16) + modules.encode() + bytes(16)
    return b"\x7fELF" + bytes(5000) + head + text(version.encode()) + text(framed) + bytes(100)


@table(
    ("path", "content", "names"),
    [
        ("/var/lib/dpkg/status", STATUS, {("deb", "libc6", "2.41-12")}),
        ("/var/lib/dpkg/status.d/libc6", "Package: libc6\nVersion: 2.41\n",
         {("deb", "libc6", "2.41")}),
        ("/lib/apk/db/installed", "C:Q1\nP:musl\nV:1.2.5-r10\nF:lib\n\nP:zlib\nV:1.3.1-r2\n",
         {("apk", "musl", "1.2.5-r10"), ("apk", "zlib", "1.3.1-r2")}),
        ("/app/.venv/lib/python3.14/site-packages/anyio-4.12.dist-info/METADATA", METADATA,
         {("python", "anyio", "4.12")}),
        ("/app/node_modules/@a/b/package.json", '{"name": "@a/b", "version": "1.0.0"}',
         {("node", "@a/b", "1.0.0")}),
    ],
)  # fmt: skip
def test_each_system_says_what_is_installed(
    path: str, content: str, names: set[tuple[str, str, str]]
) -> None:
    """Installed packages alone, by their own fields."""
    assert found(path, content.encode()) == names


@table(
    "path",
    ["/app/package.json", "/app/node_modules/a/lib/package.json", "/home/var/lib/dpkg/status",
     "/app/METADATA", "/var/lib/dpkg/status.d/libc6.md5sums"],
)  # fmt: skip
def test_files_of_such_a_name_elsewhere_say_nothing(path: str) -> None:
    """The app's own package.json is no package that was installed."""
    for content in (STATUS, METADATA, '{"name": "a", "version": "1"}'):
        assert found(path, content.encode()) == set()


@table("content", ["{", "[]", '{"name": ["a"], "version": 1}', "[" * 100_000])
def test_a_broken_manifest_names_nothing(content: str) -> None:
    """It is someone else's, and says nothing about the rest of the image."""
    assert found("/node_modules/a/package.json", content.encode(), 10_000) == set()


def test_a_file_that_is_too_large_names_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half of a file would make the other packages look uninstalled."""
    monkeypatch.setattr(packages, "LARGEST", len(STATUS) - 1)
    assert found("/var/lib/dpkg/status", STATUS.encode()) == set()


@table("size", [1, 4096, 100_000])
def test_a_go_program_names_its_modules(size: int) -> None:
    """It also names its Go; a replaced module has the version of its replacement."""
    modules = (
        "path\texample.com/app\nmod\texample.com/app\t(devel)\t\n"
        "dep\texample.com/a\tv1.2.3\th1:x\n"
        "dep\texample.com/b\tv1.0.0\n=>\texample.com/fork\tv1.0.1\th1:y\nbuild\t-trimpath=true\n"
    )
    size = max(size, 4)  # the first part says what it is
    assert found("/usr/local/bin/app", program(modules), size) == {
        ("go", "go", "1.27.1"),
        ("go", "example.com/a", "v1.2.3"),
        ("go", "example.com/b", "v1.0.1"),
    }


@table(
    "content",
    [
        b"text about \xff Go buildinf:\x08\x02" + bytes(100),
        b"\x7fELF" + bytes(100) + b"\xff Go buildinf:",
        b"\x7fELF" + b"\xff Go buildinf:\x08\x00" + bytes(100),
        b"\x7fELF" + b"\xff Go buildinf:\x08\x02" + bytes(16) + b"\xff" * 50,
    ],
)
def test_a_program_that_says_less_names_no_module(content: bytes) -> None:
    """Not one, cut off, of an old Go, or with a length that is none."""
    assert {name for _, name, _ in found("/app", content, 1000)} <= {"go"}


def test_names_are_not_endless() -> None:
    """Long names are cut."""
    manifest = json.dumps({"name": "a" * 5000, "version": "1" * 5000}).encode()
    ((_, name, version),) = found("/node_modules/a/package.json", manifest, 20_000)
    assert len(name) == len(version) == 200
