"""The rules for an image's content, each in both directions, on handmade images."""

from dataclasses import replace
from typing import Any

from dockgen.checks import Finding, check_image
from dockgen.image import Config, File, Image, Kind, Layer, Step
from tests.table import table
from tests.unit.checks.test_image import CONFIG, CONTRACT, PROGRAM

BASE = Layer("sha256:base", 10_240, 5_000, (File("/usr/bin/sh", 9, 0o755, 0, 0, Kind.FILE),))
WORDS = "hunter2!"


def file(path: str, size: int = 1, mode: int = 0o755, uid: int = 0) -> File:
    """A regular file."""
    return File(path, size, mode, uid, 0, Kind.FILE)


def folder(path: str, mode: int = 0o755, uid: int = 0) -> File:
    """A directory."""
    return File(path, 0, mode, uid, 0, Kind.DIRECTORY)


def layer(*files: File, name: str = "own", **facts: dict[str, str]) -> Layer:
    """A layer of these files."""
    return Layer(f"sha256:{name}", 10_240, 5_000, files, **facts)  # type: ignore[arg-type]


def found(*layers: Layer, config: Config = CONFIG, history: tuple[str, ...] = ()) -> list[Finding]:
    """Return the findings in an image of these layers over a base."""
    steps = tuple(Step(words) for words in history)
    image = Image(config, (BASE, *layers), base_layers=1, history=steps)
    return check_image(image, CONTRACT)


def codes(*layers: Layer, config: Config = CONFIG, history: tuple[str, ...] = ()) -> list[str]:
    """Return the codes of the findings."""
    return [finding.rule for finding in found(*layers, config=config, history=history)]


@table(
    ("config", "history"),
    [
        ({"environment": {"PATH": "/bin", "API_TOKEN": WORDS}}, ()),
        ({"labels": {"com.example.password": WORDS}}, ()),
        ({}, (f"ARG API_TOKEN={WORDS}",)),
        ({}, (f"/bin/sh -c #(nop)  ENV API_TOKEN={WORDS}",)),
        ({}, (f"RUN |2 A=1 API_TOKEN={WORDS} /bin/sh -c make # buildkit",)),
        ({}, (f"RUN /bin/sh -c curl https://me:{WORDS}@example.com # buildkit",)),
    ],
)
def test_dg111_finds_a_secret(config: dict[str, Any], history: tuple[str, ...]) -> None:
    """In the environment, in labels and in the history; named, and not repeated."""
    (finding,) = found(PROGRAM, config=replace(CONFIG, **config), history=history)
    assert finding.rule == "DG111"
    assert WORDS not in finding.message


def test_dg111_reports_a_variable_once() -> None:
    """The history has it, too."""
    config = replace(CONFIG, environment={"API_TOKEN": WORDS})
    assert codes(PROGRAM, config=config, history=(f"ENV API_TOKEN={WORDS}",)) == ["DG111"]


def test_dg111_passes_what_is_none() -> None:
    """A path, what stands in for a secret, and what the official images say."""
    variables = {"PASSWORD_FILE": "/run/secrets/db", "SECRET_KEY": "changeme", "GPG_KEY": "7" * 40}
    history = ("RUN |1 TARGETARCH=amd64 /bin/sh -c make # buildkit", 'CMD ["python3"]', "")
    assert codes(PROGRAM, config=replace(CONFIG, environment=variables), history=history) == []


def test_dg111_says_so_many_things_and_no_more() -> None:
    """An image may have thousands of variables."""
    many = {f"A{number}_TOKEN": WORDS for number in range(30)}
    assert codes(PROGRAM, config=replace(CONFIG, environment=many)) == ["DG111"] * 20


def test_dg111_passes_an_argument_without_a_value() -> None:
    """DG006 warns of it where there is a Dockerfile."""
    assert codes(PROGRAM, history=("ARG API_TOKEN", "RUN |1 API_TOKEN /bin/sh -c make")) == []


def test_dg111_leaves_the_base_s_history_alone() -> None:
    """Where the base is known."""
    steps = (Step(f"ARG API_TOKEN={WORDS}"), Step("COPY a /", BASE.digest), Step("COPY b /"))
    image = Image(CONFIG, (BASE, PROGRAM), base_layers=1, history=steps)
    assert check_image(image, CONTRACT) == []
    found = check_image(replace(image, base_layers=None), CONTRACT)
    assert [finding.rule for finding in found] == ["DG111"]


SECRET = layer(file("/app/.env"), name="secret", secrets={"/app/.env": "a secret (API_TOKEN)"})


def test_dg112_names_file_and_layer() -> None:
    """It also says if only a later layer hides the file."""
    (finding,) = found(SECRET, PROGRAM)
    assert finding.rule == "DG112"
    assert finding.message == "/app/.env in layer 2 of 3 contains a secret (API_TOKEN)"
    assert finding.place is not None
    assert (finding.place.path, finding.place.layer) == ("/app/.env", "sha256:secret")
    (finding,) = found(SECRET, layer(File("/app/.env", 0, 0, 0, 0, Kind.WHITEOUT)))
    assert finding.message.endswith("a later layer hides the file, but it can still be read")
    (finding,) = found(SECRET, layer(file("/app/.env", 2)))
    assert finding.message.endswith("a later layer hides the file, but it can still be read")


def test_dg112_leaves_the_base_alone() -> None:
    """It is not the project's to change. Where the base is unknown, each layer counts."""
    assert check_image(Image(CONFIG, (SECRET, PROGRAM), base_layers=1), CONTRACT) == []
    findings = check_image(Image(CONFIG, (SECRET, PROGRAM)), CONTRACT)
    assert [finding.rule for finding in findings] == ["DG112"]


@table("path", ["/app/.git/HEAD", "/.hg/requires", "/app/x/.svn/wc.db", "/srv/.bzr/branch-format"])
def test_dg113_finds_version_control(path: str) -> None:
    """By the file that makes it one; the folder is named."""
    (finding,) = found(layer(file(path)))
    assert finding.rule == "DG113"
    assert path.rpartition("/")[0] in finding.message


@table(
    "path",
    [
        "/app/.git",  # the note of a worktree or a submodule
        "/app/.gitignore",
        "/app/.github/HEAD",
        "/app/.git/config",
        "/app/node_modules/x/.git/HEAD",
        "/app/x.git/HEAD",
    ],
)
def test_dg113_passes_what_is_none(path: str) -> None:
    """A name alone is no history, and what a package brought is not the project's."""
    assert codes(layer(file(path))) == []


CACHED = (
    "/var/lib/apt/lists/mirror.example_debian_dists_trixie_main_binary-amd64_Packages.lz4",
    "/var/cache/apt/archives/gcc.deb",
    "/var/cache/apt/pkgcache.bin",
    "/var/cache/apk/APKINDEX.gz",
    "/root/.cache/pip/http-v2/x",
    "/home/app/.cache/uv/x",
    "/root/.npm/_cacache/x",
    "/usr/local/share/.cache/yarn/v6/x",
    "/go/pkg/mod/cache/download/x",
    "/root/.cache/go-build/00/x",
)


@table("path", CACHED)
def test_dg114_finds_a_cache(path: str) -> None:
    """From a size on that matters, and where a container sees it; the hint empties it."""
    (finding,) = found(PROGRAM, layer(file(path, 100_000)))
    assert finding.rule == "DG114"
    assert finding.message.startswith("layer 3 of 3 has 0.10 MB of ")
    assert codes(layer(file(path, 50_000), file(path + "2", 49_999))) == []
    hidden = layer(File(path, 0, 0, 0, 0, Kind.WHITEOUT))
    assert codes(layer(file(path, 100_000)), hidden) == []
    assert check_image(Image(CONFIG, (layer(file(path, 100_000)),), 1), CONTRACT) == []


@table("path", ["/var/lib/apt/lists/lock", "/app/cache/x", "/app/.next/cache/x", "/root/.npm/x"])
def test_dg114_passes_what_is_none(path: str) -> None:
    """Caches of the program itself are its own matter."""
    assert codes(layer(file(path, 10**6))) == []


@table(
    "later",
    [
        File("/app/big", 0, 0, 0, 0, Kind.WHITEOUT),
        File("/app", 0, 0, 0, 0, Kind.OPAQUE),
        file("/app/big", 1),
        file("/app/big", 1_000_000, 0o555),
    ],
)
def test_dg115_finds_hidden_bytes(later: File) -> None:
    """It counts to the byte whatever later layers do to a file."""
    big = layer(folder("/app"), file("/app/big", 1_000_000), name="big")
    (finding,) = found(big, layer(folder("/app", 0o700), later, name="later"))
    assert finding.rule == "DG115"
    assert finding.message.startswith("later layers hide 1.00 MB in one file; ")
    assert "/app/big with 1.00 MB, in layer 2 of 3" in finding.message
    assert codes(layer(file("/app/big", 999_999), name="big"), layer(later, name="later")) == []


def test_dg115_passes_what_the_base_brought() -> None:
    """Its layers are there anyway."""
    base = Layer("sha256:big", 10_240, 5_000, (file("/app/big", 10**7),))
    later = layer(File("/app/big", 0, 0, 0, 0, Kind.WHITEOUT))
    assert check_image(Image(CONFIG, (base, later), base_layers=1), CONTRACT) == []


@table("entry", [file("/app/x", mode=0o666), folder("/app/data", 0o777)])
def test_dg116_finds_what_everyone_may_write_to(entry: File) -> None:
    """Files and folders, where a container sees them."""
    assert codes(layer(entry)) == ["DG116"]
    repaired = replace(entry, mode=0o755)
    assert codes(layer(entry, name="one"), layer(repaired, name="two")) == []


@table(
    "entry",
    [
        folder("/tmp", 0o1777),
        folder("/app/data", 0o1777),
        folder("/app/data", 0o775),
        File("/bin/sh", 0, 0o777, 0, 0, Kind.SYMBOLIC_LINK),
        File("/dev/null", 0, 0o666, 0, 0, Kind.DEVICE),
        file("/dev/stub", mode=0o666),
    ],
)
def test_dg116_passes(entry: File) -> None:
    """Sticky folders, a group's right, links, and devices."""
    assert codes(layer(entry)) == []


NAMED = replace(CONFIG, user="node")


def test_dg117_finds_the_users_own_files() -> None:
    """By its number, or by its name in the image's accounts."""
    own = layer(file("/app/main.js", mode=0o444, uid=65532))
    assert codes(own) == ["DG117"]
    named = layer(file("/app/main.js", uid=1000), accounts={"node": 1000})  # type: ignore[dict-item]
    assert codes(named, config=NAMED) == ["DG101", "DG117"]


@table(
    "entry",
    [
        file("/app/main.js"),
        file("/app/main.js", uid=1000),
        folder("/data", uid=65532),
        file("/home/app/.bashrc", uid=65532),
        file("/tmp/x", uid=65532),
    ],
)
def test_dg117_passes(entry: File) -> None:
    """Root's files, someone else's, folders to write to, and what each account has."""
    assert codes(layer(entry)) == []


def test_dg117_asks_nothing_of_root() -> None:
    """Root is another rule's finding; so is an unknown name."""
    own = layer(file("/app/main.js", uid=0))
    assert codes(own, config=replace(CONFIG, user="")) == ["DG101"]
    assert codes(own, config=replace(CONFIG, user="app")) == ["DG101"]


LIBC = "/usr/lib/x86_64-linux-gnu/libc.so.6"


@table("path", [LIBC, "/lib/ld-musl-x86_64.so.1", "/usr/lib64/libz.so.1.3"])
def test_dg118_finds_a_library_without_an_entry(path: str) -> None:
    """By file and layer; an empty database has no entry."""
    (finding,) = found(layer(file(path), file("/lib/apk/db/installed")))
    assert finding.rule == "DG118"
    assert finding.message.endswith(f"these libraries in layer 2 of 2: {path}")


def test_dg118_passes_a_library_with_an_entry() -> None:
    """In a database of any layer, as long as no later layer takes it away."""
    database = "/var/lib/dpkg/info/libc6.list"
    libraries = {database: frozenset({"/lib/x86_64-linux-gnu/libc.so.6"})}
    layers = layer(file(database), libraries=libraries), layer(file(LIBC), name="two")  # type: ignore[arg-type]
    assert codes(*layers) == []
    gone = layer(File(database, 0, 0, 0, 0, Kind.WHITEOUT), name="three")
    assert codes(*layers, gone) == ["DG118"]


@table(
    "path",
    [
        "/usr/local/lib/libpython3.14.so.1.0",
        "/usr/lib/x86_64-linux-gnu/gconv/UTF-16.so",
        "/usr/lib/python3/dist-packages/_cffi.so",
        "/app/node_modules/sharp/sharp.node",
        "/usr/lib/os-release",
    ],
)
def test_dg118_passes_what_no_package_of_the_distribution_has(path: str) -> None:
    """Libraries built from source or loaded by one program, and files that aren't libraries."""
    assert codes(layer(file(path))) == []


@table("path", ["/var/lib/rpm/rpmdb.sqlite", "/var/lib/dpkg/status.d/libc6"])
def test_dg118_passes_a_database_that_names_no_files(path: str) -> None:
    """There is no telling which package a library is from."""
    assert codes(layer(file(LIBC), file(path))) == []


def test_dg118_finds_it_beside_dpkg_s_status() -> None:
    """That file lists only packages, but the lists of their files exist, too."""
    database = "/var/lib/dpkg/info/libc6.list"
    libraries = {database: frozenset({"/lib/x86_64-linux-gnu/libc.so.6"})}
    listed = layer(file(database), file("/var/lib/dpkg/status"), libraries=libraries)  # type: ignore[arg-type]
    assert codes(listed, layer(file("/usr/lib/libz.so.1"), name="two")) == ["DG118"]


def test_dg118_passes_links() -> None:
    """Both ldconfig and update-alternatives make those."""
    assert codes(layer(File(LIBC, 0, 0o777, 0, 0, Kind.SYMBOLIC_LINK))) == []
