"""The parts of the test bed that need no engine."""

import gzip
import io
import json
import shutil
import tarfile
from pathlib import Path

import pytest

from testbed import cache, debian, engine, progress, size, sources, stand_ins, table
from testbed.errors import TestbedError
from testbed.report import Origin, Provided, Published, Report, Source

DEB822 = """\
# A machine's own mirror.
Types: deb deb-src
# URIs: http://old.example/debian
URIs: http://mirror.example/debian/
Suites: trixie trixie-updates
Components: main

Types: deb
URIs:
 http://mirror.example/debian-security
Suites: trixie-security
Components: main
"""
ONE_LINE = """\
# deb http://old.example/debian trixie main
deb-src http://source.example/debian trixie main
deb [arch=amd64 signed-by=/k.gpg] http://mirror.example/debian trixie main
deb http://mirror.example/debian-security/ trixie-security main
"""


@pytest.mark.parametrize(
    ("text", "deb822"), [(DEB822, True), (ONE_LINE, False)], ids=["deb822", "one-line"]
)
def test_mirror_is_read_from_either_format(text: str, deb822: bool) -> None:
    """Both formats of apt sources give the archive and its security archive."""
    addresses = debian.source_addresses(text, deb822=deb822)
    assert debian.choose_mirror(addresses) == debian.Mirror(
        "http://mirror.example/debian", "http://mirror.example/debian-security"
    )


def test_mirror_of_another_vendor_is_passed_over() -> None:
    """Only an archive of Debian counts, and its security archive is guessed if none is named."""
    addresses = ["https://vendor.example/apt", "http://mirror.example/debian"]
    assert debian.choose_mirror(addresses) == debian.Mirror(
        "http://mirror.example/debian", "http://mirror.example/debian-security"
    )


def test_disabled_source_is_passed_over() -> None:
    """A stanza with Enabled: no is not a mirror."""
    assert debian.source_addresses("Enabled: no\n" + DEB822.split("\n\n")[0], deb822=True) == []


def test_no_mirror_is_found_in_foreign_sources() -> None:
    """Sources without Debian's archive give no mirror."""
    assert debian.choose_mirror(["https://vendor.example/apt"]) is None


@pytest.mark.parametrize("version", ["25.0.0", "26.1.5+dfsg1", "28.5.2+dfsg4", "29.0.1"])
def test_engine_version_is_accepted(version: str) -> None:
    """Engine 25 and later are accepted."""
    engine.check_version(version)


@pytest.mark.parametrize("version", ["24.0.9", "20.10.24+dfsg1"])
def test_engine_version_is_refused(version: str) -> None:
    """An engine older than 25 is refused by a message that names both versions."""
    with pytest.raises(TestbedError, match=rf"version {version[:2]}.*25 or later"):
        engine.check_version(version)


def test_engine_without_a_version_is_refused() -> None:
    """An answer that is not a version is not taken for one."""
    with pytest.raises(TestbedError, match="no version that can be read"):
        engine.check_version("dev")


def test_network_avoids_the_routes_of_the_machine() -> None:
    """The first network is taken, and passed over where a route overlaps it."""
    assert str(engine.free_network(["192.0.2.0/24"])) == "10.201.0.0/16"
    assert str(engine.free_network(["10.201.4.0/24", "10.202.0.0/15"])) == "10.204.0.0/16"


def test_network_is_not_made_up_when_none_is_free() -> None:
    """Where 10.0.0.0/8 is taken, the message names the range that was tried."""
    with pytest.raises(TestbedError, match=r"10\.201\.0\.0/16 to 10\.254\.0\.0/16"):
        engine.free_network(["10.0.0.0/8"])


@pytest.fixture
def recipes(tmp_path: Path) -> Path:
    """A copy of the recipes that a test may change."""
    return Path(shutil.copytree(stand_ins.RECIPES, tmp_path / "recipes"))


def test_every_base_has_a_recipe_and_known_parents(tmp_path: Path) -> None:
    """Each base has a Dockerfile, in which each edit has its place, and parents before it."""
    seen: set[str] = set()
    for base in table.TABLE:
        made = (stand_ins.lay_out(base, tmp_path / base.recipe) / "Dockerfile").read_text()
        original = (stand_ins.RECIPES / base.folders[0] / "Dockerfile").read_text()
        for before, after in base.edits:
            assert before in original
            assert before not in made
            assert after in made
        assert seen.issuperset(base.parents)
        seen.add(base.name)
    assert seen.issuperset(table.NEEDED)


def test_hash_stays_without_a_change(recipes: Path) -> None:
    """The same recipes on the same machine have the same hashes, wherever they lie."""
    assert stand_ins.recipe_digests(recipes, b"m") == stand_ins.recipe_digests(
        stand_ins.RECIPES, b"m"
    )


def test_hash_of_a_changed_recipe_and_its_children_changes(recipes: Path) -> None:
    """A version in alpine's recipe changes alpine and what is built on it, and nothing else."""
    before = stand_ins.recipe_digests(recipes, b"machine")
    dockerfile = recipes / "alpine-3.24" / "Dockerfile"
    dockerfile.write_text(dockerfile.read_text().replace("3.24", "3.25"))
    after = stand_ins.recipe_digests(recipes, b"machine")
    changed = {name for name in before if before[name] != after[name]}
    children = {"python:3.14-alpine3.24", "golang:1.27-alpine"}
    children |= {f"python:{minor}-alpine3.24" for minor in ("3.11", "3.13")}
    children |= {f"node:{major}-trixie-slim" for major in (20, 22, 24)}
    children |= {"node:20-alpine", "node:22-alpine3.24", "node:24-alpine3.24"}
    assert changed == {"alpine:3.24", *children, "nginx:1.30-alpine-slim"}


def test_both_pythons_are_of_the_same_source() -> None:
    """The flavors differ in what CPython is compiled against, not in its version."""
    slim, alpine = (
        sources.read(stand_ins.RECIPES / f"python-3.14-{tag}")
        for tag in ("slim-trixie", "alpine3.24")
    )
    assert slim == [source for source in alpine if source.package == "python3.14"] != []


def test_hash_covers_the_machine(recipes: Path) -> None:
    """Other certificates or another mirror are inside every stand-in, and change each hash."""
    before = stand_ins.recipe_digests(recipes, b"machine")
    after = stand_ins.recipe_digests(recipes, b"another machine")
    assert [name for name in before if before[name] == after[name]] == []


def test_hash_covers_the_name_of_a_file(recipes: Path) -> None:
    """A renamed file is another recipe."""
    before = stand_ins.recipe_digests(recipes, b"machine")
    file = recipes / "python-3.14-slim-trixie" / "uv.toml"
    file.rename(file.with_name("renamed.toml"))
    after = stand_ins.recipe_digests(recipes, b"machine")
    assert after["python:3.14-slim-trixie"] != before["python:3.14-slim-trixie"]


def _saved_image(*layers: bytes) -> io.BytesIO:
    """Return a tarball as `docker save` writes it, with a blob that isn't a layer."""
    files = {f"blobs/sha256/{number}": layer for number, layer in enumerate(layers)}
    manifest = json.dumps([{"Config": "blobs/sha256/config", "Layers": list(files)}]).encode()
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        content = {**files, "blobs/sha256/config": b"{}", "manifest.json": manifest}
        for name, data in content.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    archive.seek(0)
    return archive


def test_size_of_compressed_layers_is_known_both_ways() -> None:
    """Layers that are stored as gzip are measured unpacked and as they are."""
    first, second = gzip.compress(b"a" * 3_000_000), gzip.compress(b"b" * 500)
    measured = size.read(_saved_image(first, second))
    assert measured == size.Size(3_000_500, len(first) + len(second))


def test_size_of_plain_layers_is_known_unpacked() -> None:
    """Layers that are stored as plain tars are not compressed to be measured."""
    assert size.read(_saved_image(b"a" * 10_240, b"b" * 512)) == size.Size(10_752, None)


STAND_IN = Provided(
    name="python:3.14-slim-trixie",
    origin=Origin.STAND_IN,
    unpacked_bytes=118_000_000,
    gzip_bytes=42_800_000,
    recipe="0123456789abcdef",
    published=Published(None, 43.4, "docker-library/repo-info"),
)


def test_report_line_shows_the_official_size_beside_the_measured_one() -> None:
    """The reader sees what was measured, on what, and what the official image would weigh."""
    assert STAND_IN.line() == (
        "python:3.14-slim-trixie: stand-in, 118.0 MB unpacked, 42.8 gzip; "
        "official: 43.4 MB gzip (docker-library/repo-info)"
    )


ZLIB = Source("zlib", "1.3.1", "trixie", "1.3.1", "0" * 64)
OPENSSL = Source("openssl", "3.5.7", "trixie", "3.5.9", "1" * 64)


def test_report_tells_which_source_is_not_the_newest() -> None:
    """The reader sees each version, and what no mirror served."""
    lines = Report("28.5.2", True, (STAND_IN,), (ZLIB, OPENSSL)).lines()
    assert lines[-2:] == [
        "compiled from the newest source: zlib 1.3.1",
        "compiled from openssl 3.5.7 of trixie; the newest that is listed is 3.5.9",
    ]


def test_report_file_holds_what_was_provided(tmp_path: Path) -> None:
    """The file for programs has the engine and each base, sizes in bytes, published ones in MB."""
    Report("28.5.2", True, (STAND_IN,), (OPENSSL,)).write(tmp_path / "report.json")
    assert json.loads((tmp_path / "report.json").read_text()) == {
        "engine_version": "28.5.2",
        "engine_private": True,
        "bases": [
            {
                "name": "python:3.14-slim-trixie",
                "origin": "stand-in",
                "unpacked_bytes": 118_000_000,
                "gzip_bytes": 42_800_000,
                "recipe": "0123456789abcdef",
                "published": {
                    "unpacked_mb": None,
                    "gzip_mb": 43.4,
                    "source": "docker-library/repo-info",
                },
            }
        ],
        "sources": [
            {
                "package": "openssl",
                "version": "3.5.7",
                "origin": "trixie",
                "newest": "3.5.9",
                "sha256": "1" * 64,
            }
        ],
    }


@pytest.mark.parametrize(
    ("environment", "folder"),
    [
        ({"DOCKGEN_TESTBED_CACHE": "/somewhere/else", "XDG_CACHE_HOME": "/xdg"}, "/somewhere/else"),
        ({"XDG_CACHE_HOME": "/xdg"}, "/xdg/dockgen-testbed"),
        ({}, str(Path.home() / ".cache/dockgen-testbed")),
    ],
    ids=["chosen", "xdg", "default"],
)
def test_cache_folder(environment: dict[str, str], folder: str) -> None:
    """The cache is where the environment says, else in the user's cache folder."""
    assert str(cache.from_environment(environment).root) == folder


def test_two_caches_have_engines_of_their_own(tmp_path: Path) -> None:
    """Another cache means another socket and another bridge, whose name fits an interface."""
    first, second = cache.Cache(tmp_path / "a"), cache.Cache(tmp_path / "b")
    assert first.name != second.name
    assert first.runtime != second.runtime
    assert len(first.name) <= 15


# A program that fails until it was started as often as its first argument says.
FAILS_AT_FIRST = 'echo >>starts; test "$(grep -c "" starts)" -ge "$1"'


@pytest.mark.parametrize("tries", [1, 3])
def test_what_fetches_is_tried_again(tmp_path: Path, tries: int) -> None:
    """A network that fails for a minute costs that minute."""
    command = ["sh", "-c", FAILS_AT_FIRST, "sh", str(tries)]
    progress.run("fetching", command, tmp_path / "log", cwd=tmp_path, tries=tries)
    assert len((tmp_path / "starts").read_text().splitlines()) == tries


def test_what_never_succeeds_is_told_of(tmp_path: Path) -> None:
    """After its last try, with its exit code."""
    command = ["sh", "-c", FAILS_AT_FIRST, "sh", "3"]
    with pytest.raises(TestbedError, match="ended with exit code 1"):
        progress.run("fetching", command, tmp_path / "log", cwd=tmp_path, tries=2)
    assert len((tmp_path / "starts").read_text().splitlines()) == 2
