"""The test bed on mirrors whose indexes list files that they don't have.

The mirror listens on loopback, and apt itself uses it: real indexes, real downloads, real
checksums.
"""

import functools
import hashlib
import http.server
import os
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from testbed import debian, programs, sources, stand_ins, table
from testbed.apt import Apt
from testbed.cache import Cache
from testbed.errors import TestbedError
from testbed.sources import Sources, Wanted

# The private engine and its stand-ins exist on Debian alone.
pytestmark = pytest.mark.skipif(not debian.is_debian(), reason="apt is asked, on Debian")

SUITES = ("trixie", "trixie-updates", "trixie-security", "forky", "sid")
TARBALL = {"python3.14": "xz", "nginx": "gz"}


class Mirror:
    """Debian's archive in a folder: what it lists, and what it has."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.asked: list[str] = []
        command = ["dpkg", "--print-architecture"]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        self.architecture = done.stdout.strip()
        for suite in SUITES:
            for kind in ("source", "binary"):
                index = self._index(suite, kind)
                index.parent.mkdir(parents=True)
                index.touch()

    def source(self, suite: str, package: str, version: str, *, served: bool) -> None:
        """List a source package, whose upstream tarball contains its own name."""
        archive = self._archive(suite)
        upstream = version.partition(":")[2] or version
        name = f"{package}_{upstream.rpartition('-')[0]}.orig.tar.{TARBALL.get(package, 'gz')}"
        self._put(archive / "pool" / name, name.encode() if served else None)
        digest = hashlib.sha256(name.encode()).hexdigest()
        self._list(
            suite,
            "source",
            f"Package: {package}\nVersion: {version}\nDirectory: pool\nChecksums-Sha256:\n"
            f" {digest} 1 {package}_{upstream}.dsc\n {digest} {len(name)} {name}\n"
            f" {digest} 1 {name}.asc\n {digest} 1 {package}_{upstream}.debian.tar.xz\n\n",
        )

    def package(self, suite: str, package: str, version: str, *, served: bool) -> None:
        """List a binary package that unpacks to a file of its own name and version."""
        tree = self.folder / "tree"
        control = tree / "DEBIAN/control"
        control.parent.mkdir(parents=True)
        fields = f"Package: {package}\nVersion: {version}\nArchitecture: {self.architecture}\n"
        control.write_text(f"{fields}Maintainer: nobody\nDescription: none\n")
        (tree / "usr/sbin").mkdir(parents=True)
        program = tree / "usr/sbin" / ("dockerd" if package == "docker.io" else package)
        program.write_text(f"#!/bin/sh\necho {version}\n")
        program.chmod(0o755)
        name = f"{package}_{version}_{self.architecture}.deb"
        file = self._archive(suite) / "pool" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(["dpkg-deb", "-Znone", "-b", tree, file], check=True, capture_output=True)
        subprocess.run(["rm", "-r", tree], check=True)
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        self._list(
            suite,
            "binary",
            f"{fields}Filename: pool/{name}\nSize: {file.stat().st_size}\nSHA256: {digest}\n\n",
        )
        if not served:
            file.unlink()

    def pin(self, package: str, version: str, *, served: bool) -> tuple[str, str]:
        """Make a file in the pool that no index lists, as a recipe pins it."""
        name = f"{package}_{version}.orig.tar.{TARBALL[package]}"
        pool = self.folder / "debian/pool/main" / package[0] / package
        self._put(pool / name, name.encode() if served else None)
        return name, hashlib.sha256(name.encode()).hexdigest()

    def _archive(self, suite: str) -> Path:
        return self.folder / ("debian-security" if "security" in suite else "debian")

    def _put(self, file: Path, content: bytes | None) -> None:
        if content is not None:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)

    def _index(self, suite: str, kind: str) -> Path:
        name = f"binary-{self.architecture}/Packages" if kind == "binary" else "source/Sources"
        return self._archive(suite) / f"dists/{suite}/main/{name}"

    def _list(self, suite: str, kind: str, stanza: str) -> None:
        with self._index(suite, kind).open("a") as file:
            file.write(stanza)


@pytest.fixture
def mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Mirror]:
    """The only mirror that this machine has."""
    made = Mirror(tmp_path / "mirror")

    class Handles(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            made.asked.append(self.path)

    handler = functools.partial(Handles, directory=str(made.folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/debian"
        monkeypatch.setattr(debian, "mirror", lambda: debian.Mirror(address, f"{address}-security"))
        # What follows is about files; that apt checks signatures is apt's own affair.
        monkeypatch.setattr(debian, "trust", lambda: "trusted=yes")
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        yield made
        server.shutdown()


@pytest.fixture
def here(tmp_path: Path) -> Cache:
    """An empty cache."""
    return Cache(tmp_path / "cache")


def wanted(package: str, series: str = "", *pins: tuple[str, str]) -> Wanted:
    """Return a source as a recipe would list it."""
    return Wanted(package, series, pins, None)


def fetch(here: Cache, source: Wanted) -> tuple[str, str, str]:
    """Return the version that is used, where it was listed, and the newest known one."""
    found, file = Sources(Apt(here), [source]).fetch(source)
    # The tarball says its own name.
    assert file.read_text().startswith(f"{source.package}_{found.version}.orig.tar.")
    return found.version, found.origin, found.newest


def test_the_newest_of_trixie_is_used(here: Cache, mirror: Mirror) -> None:
    """It is used even if later suites, or security, have a newer one."""
    mirror.source("sid", "zlib", "1:2.0-1", served=True)
    mirror.source("trixie-security", "zlib", "1:1.12-1", served=True)
    mirror.source("trixie", "zlib", "1:1.2-1", served=True)
    mirror.source("trixie", "zlib", "1:1.10-1", served=True)
    assert fetch(here, wanted("zlib")) == ("1.10", "trixie", "1.12")
    assert not any("/dists/sid/" in path for path in mirror.asked)


def test_the_version_before_one_that_is_not_served_is_used(here: Cache, mirror: Mirror) -> None:
    """As on the days after a point release, when the index knows more than the pool."""
    mirror.source("sid", "openssl", "3.6.0-1", served=True)
    mirror.source("trixie", "openssl", "3.5.7-1", served=True)
    mirror.source("trixie", "openssl", "3.5.9-1", served=False)
    assert fetch(here, wanted("openssl")) == ("3.5.7", "trixie", "3.5.9")


def test_security_has_what_trixie_does_not_serve(here: Cache, mirror: Mirror) -> None:
    """Its archive has a pool of its own."""
    mirror.source("trixie", "openssl", "3.5.9-1", served=False)
    mirror.source("trixie-security", "openssl", "3.5.7-1", served=True)
    assert fetch(here, wanted("openssl")) == ("3.5.7", "trixie-security", "3.5.9")


@pytest.mark.parametrize(
    ("package", "versions"), [("python3.14", ("3.14.8", "3.14.7")), ("nginx", ("1.30.6", "1.30.5"))]
)
def test_a_pin_gives_way_to_the_next(
    here: Cache, mirror: Mirror, package: str, versions: tuple[str, str]
) -> None:
    """A pool drops what a recipe pins; another pin comes before another series."""
    mirror.source("trixie", package, "1.2.3-1", served=True)
    mirror.source("sid", package, f"{versions[0]}-1", served=True)
    gone, there = (mirror.pin(package, each, served=each == versions[1]) for each in versions)
    series = versions[0].rpartition(".")[0]
    assert fetch(here, wanted(package, series, gone, there)) == (versions[1], "a pin", versions[0])


def test_a_later_suite_has_the_series_that_trixie_lacks(here: Cache, mirror: Mirror) -> None:
    """When no pin is served: another patch release of the series, and not trixie's series."""
    mirror.source("trixie", "nginx", "1.26.3-1", served=True)
    mirror.source("forky", "nginx", "1.30.8-1", served=True)
    pin = mirror.pin("nginx", "1.30.6", served=False)
    assert fetch(here, wanted("nginx", "1.30", pin)) == ("1.30.8", "forky", "1.30.8")


def test_trixie_has_what_nothing_else_serves(here: Cache, mirror: Mirror) -> None:
    """Another series is better than none, and 1.3 is another series than 1.30."""
    mirror.source("trixie", "nginx", "1.26.3-1", served=True)
    mirror.source("forky", "nginx", "1.30.8-1", served=False)
    mirror.source("sid", "nginx", "1.3.1-1", served=True)
    pin = mirror.pin("nginx", "1.30.6", served=False)
    assert fetch(here, wanted("nginx", "1.30", pin)) == ("1.26.3", "trixie", "1.30.8")


def test_it_is_an_error_when_nothing_is_served(here: Cache, mirror: Mirror) -> None:
    """It tells of each that was tried: suites and pins, and why that was nothing."""
    mirror.source("trixie", "nginx", "1.26.3-1", served=False)
    mirror.source("sid", "nginx", "1.31.0-1", served=False)
    pin = mirror.pin("nginx", "1.30.6", served=False)
    with pytest.raises(TestbedError, match="no mirror serves the source of nginx") as caught:
        fetch(here, wanted("nginx", "1.30", pin))
    for version in ("1.26.3", "1.30.6", "1.31.0"):
        assert f"nginx_{version}.orig.tar.gz: 404" in str(caught.value)


def test_a_file_with_another_sum_is_refused(here: Cache, mirror: Mirror) -> None:
    """Nothing that the mirror sends with another checksum is used."""
    mirror.source("trixie", "zlib", "1.2-1", served=True)
    mirror.source("trixie", "zlib", "1.3-1", served=True)
    (mirror.folder / "debian/pool/zlib_1.3.orig.tar.gz").write_text("another tarball")
    assert fetch(here, wanted("zlib")) == ("1.2", "trixie", "1.3")
    (mirror.folder / "debian/pool/zlib_1.2.orig.tar.gz").write_text("another tarball")
    with pytest.raises(TestbedError, match=r"zlib_1\.3\.orig\.tar\.gz: Hash Sum mismatch"):
        fetch(Cache(here.root / "empty"), wanted("zlib"))


def test_what_was_fetched_is_not_fetched_again(here: Cache, mirror: Mirror) -> None:
    """Another build takes the tarball from the cache, also when the mirror has dropped it."""
    mirror.source("trixie", "zlib", "1.3-1", served=True)
    fetch(here, wanted("zlib"))
    (mirror.folder / "debian/pool/zlib_1.3.orig.tar.gz").unlink()
    mirror.asked.clear()
    assert fetch(here, wanted("zlib")) == ("1.3", "trixie", "1.3")
    assert not any("/pool/" in path for path in mirror.asked)


def test_each_recipe_names_what_it_unpacks(tmp_path: Path) -> None:
    """It names nothing else."""
    for base in table.TABLE:
        recipe = stand_ins.lay_out(base, tmp_path / base.recipe)
        named = {source.package for source in sources.read(recipe)}
        lines = (recipe / "Dockerfile").read_text().split("tar -xf /sources/")[1:]
        assert {line.partition(".tar ")[0] for line in lines} == named


# ---- packages ------------------------------------------------------------------------------------

OTHERS = programs.PACKAGES[1:]


def engine(mirror: Mirror, suite: str, version: str, *, without: str = "") -> None:
    """List an engine in a suite, one package of which may not be served."""
    for package in (*programs.PACKAGES, "tini" if suite == "trixie" else "tini-static"):
        mirror.package(suite, package, version, served=package != without)


def unpacked(here: Cache) -> dict[str, str]:
    """Program → version, of the engine in the cache."""
    files = (here.programs / "usr/sbin").iterdir()
    return {file.name: file.read_text().split()[-1] for file in files}


def test_an_engine_is_made_of_what_sid_serves(here: Cache, mirror: Mirror) -> None:
    """The version before one that its index alone has: sid's own, or else forky's."""
    engine(mirror, "sid", "28.2", without="docker.io")
    mirror.package("sid", "docker.io", "28.1", served=True)
    mirror.package("sid", "docker-buildx", "28.3", served=False)
    mirror.package("forky", "containerd", "2", served=True)
    mirror.package("trixie", "docker.io", "26", served=True)
    programs.fetch(here)
    assert unpacked(here) == {
        "dockerd": "28.1",
        **dict.fromkeys((*OTHERS, "tini-static"), "28.2"),
    }


def test_an_engine_is_completed_from_forky(here: Cache, mirror: Mirror) -> None:
    """One missing package does not make the engine two years older."""
    engine(mirror, "sid", "28.2", without="containerd")
    mirror.package("forky", "containerd", "28.0", served=True)
    engine(mirror, "trixie", "26")
    programs.fetch(here)
    assert unpacked(here)["dockerd"] == "28.2"
    assert unpacked(here)["containerd"] == "28.0"


def test_trixie_has_an_engine_when_sid_has_none(here: Cache, mirror: Mirror) -> None:
    """All of it, for its parts are made for each other."""
    engine(mirror, "sid", "28.2", without="containerd")
    engine(mirror, "trixie", "26")
    programs.fetch(here)
    assert set(unpacked(here).values()) == {"26"}


def test_it_is_an_error_when_no_engine_is_served(here: Cache, mirror: Mirror) -> None:
    """It tells of each that was tried."""
    for suite, version in (("sid", "28.2"), ("forky", "28.0"), ("trixie", "26")):
        engine(mirror, suite, version, without="docker.io")
    with pytest.raises(TestbedError, match="no mirror serves the package docker") as caught:
        programs.fetch(here)
    for version in ("28.2", "28.0", "26"):
        assert f"docker.io_{version}_{mirror.architecture}.deb: 404" in str(caught.value)
    assert not here.programs.exists()


def install(here: Cache, mirror: Mirror, *packages: str) -> "subprocess.CompletedProcess[str]":
    """Fetch with the stand-ins' apt-get what would be installed."""
    del mirror
    apt = Apt(here)
    apt.packages(packages, ("trixie", "trixie-security"))
    preferences = here.root / "preferences"
    return subprocess.run(
        ["sh", debian.APT_GET, *apt.options("deb", "trixie"),
         "-o", f"Dir::Etc::Preferences={preferences}",
         "install", "-qq", "-y", "--download-only", "--allow-unauthenticated", *packages],
        env={**os.environ, "APT_PASSED_OVER": str(preferences)},
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def test_apt_get_installs_the_version_before_one_that_is_not_served(
    here: Cache, mirror: Mirror
) -> None:
    """In each stand-in, and for what the test bed installs on the machine."""
    mirror.package("trixie", "libssl3t64", "3.5.9-1~deb13u1", served=False)
    mirror.package("trixie-security", "libssl3t64", "3.5.7-1~deb13u3", served=True)
    mirror.package("trixie", "tini", "0.19", served=True)
    done = install(here, mirror, "libssl3t64", "tini")
    assert done.returncode == 0, done.stderr
    assert "no mirror has libssl3t64 3.5.9-1~deb13u1: passed over" in done.stderr
    fetched = (here.root / "apt/deb-trixie/cache/archives").glob("*.deb")
    assert sorted(file.name for file in fetched) == [
        f"libssl3t64_3.5.7-1~deb13u3_{mirror.architecture}.deb",
        f"tini_0.19_{mirror.architecture}.deb",
    ]


def test_apt_get_fails_when_no_version_is_served(here: Cache, mirror: Mirror) -> None:
    """With apt's own exit code, after it has passed over all of them."""
    mirror.package("trixie", "tini", "0.19", served=False)
    mirror.package("trixie-security", "tini", "0.18", served=False)
    done = install(here, mirror, "tini")
    assert done.returncode == 100, done.stderr
    assert done.stderr.count("passed over") == 2
