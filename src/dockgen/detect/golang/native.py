"""What a program needs besides Go: C libraries, and other programs that it runs."""

import re
from typing import NamedTuple

from dockgen.detect import syntax
from dockgen.detect.golang import packages
from dockgen.detect.golang.modules import Module
from dockgen.detect.golang.packages import Import, Program
from dockgen.detect.golang.values import Code
from dockgen.detect.model import Evidence, Refusal, Signal
from dockgen.detect.repository import Repository, folder_of


class Binding(NamedTuple):
    """A package that compiles C: what its build and its run need, by Debian's names."""

    build: tuple[str, ...] = ()
    run: tuple[str, ...] = ()


# Packages that don't work without cgo, by their path; packages below them count, too.
BINDINGS = {
    "github.com/mattn/go-sqlite3": Binding(),
    "gorm.io/driver/sqlite": Binding(),  # of mattn/go-sqlite3
    "github.com/jinzhu/gorm/dialects/sqlite": Binding(),
    "github.com/golang-migrate/migrate/v4/database/sqlite3": Binding(),
    "github.com/mutecomm/go-sqlcipher": Binding(),
    "github.com/tursodatabase/go-libsql": Binding(),
    "github.com/asg017/sqlite-vec-go-bindings/cgo": Binding(),
    "crawshaw.io/sqlite": Binding(),
    "github.com/duckdb/duckdb-go": Binding(("g++",), ("libstdc++6",)),
    "github.com/marcboeker/go-duckdb": Binding(("g++",), ("libstdc++6",)),
    "github.com/confluentinc/confluent-kafka-go": Binding(),
    "github.com/h2non/bimg": Binding(("libvips-dev", "pkg-config"), ("libvips42t64",)),
    "github.com/davidbyttow/govips": Binding(("libvips-dev", "pkg-config"), ("libvips42t64",)),
    "github.com/cshum/vipsgen": Binding(("libvips-dev", "pkg-config"), ("libvips42t64",)),
    "gopkg.in/gographics/imagick": Binding(
        ("libmagickwand-dev", "pkg-config"), ("libmagickwand-7.q16-10",)
    ),
    "gocv.io/x/gocv": Binding(("libopencv-dev", "g++", "pkg-config"), ("libopencv-dev",)),
    "github.com/google/gopacket/pcap": Binding(("libpcap-dev",), ("libpcap0.8t64",)),
    "github.com/gopacket/gopacket/pcap": Binding(("libpcap-dev",), ("libpcap0.8t64",)),
    "github.com/libgit2/git2go": Binding(("libgit2-dev", "pkg-config"), ("libgit2-1.9",)),
    "github.com/pebbe/zmq4": Binding(("libzmq3-dev", "pkg-config"), ("libzmq5",)),
    "github.com/chai2010/webp": Binding(),
    "github.com/kolesa-team/go-webp": Binding(("libwebp-dev",), ("libwebp7",)),
    "go.mau.fi/webp": Binding(),
    "github.com/linxGnu/grocksdb": Binding(("librocksdb-dev", "g++"), ("librocksdb9.10",)),
    "github.com/bytecodealliance/wasmtime-go": Binding(),
    "github.com/rogchap/v8go": Binding(("g++",), ("libstdc++6",)),
    "rogchap.com/v8go": Binding(("g++",), ("libstdc++6",)),
    "github.com/valyala/gozstd": Binding(),
    "github.com/coreos/go-systemd/v22/sdjournal": Binding(("libsystemd-dev",), ("libsystemd0",)),
    "github.com/godror/godror": Binding(),
    "github.com/alexbrainman/odbc": Binding(("unixodbc-dev",), ("unixodbc",)),
    "github.com/miekg/pkcs11": Binding(),
    "github.com/otiai10/gosseract": Binding(("libtesseract-dev", "g++"), ("tesseract-ocr",)),
    "github.com/gen2brain/go-fitz": Binding(),
    "github.com/go-vgo/robotgo": Binding(("libx11-dev", "libxtst-dev"), ("libx11-6", "libxtst6")),
    "maunium.net/go/mautrix/crypto/libolm": Binding(("libolm-dev", "g++"), ("libolm3",)),
    "github.com/seekwe/gofaiss": Binding(),
}
# Programs that are run by name, and their Debian packages.
PROGRAMS = {
    "git": "git", "ffmpeg": "ffmpeg", "ffprobe": "ffmpeg", "convert": "imagemagick",
    "magick": "imagemagick", "pg_dump": "postgresql-client", "pg_restore": "postgresql-client",
    "psql": "postgresql-client", "mysqldump": "default-mysql-client",
    "mysql": "default-mysql-client", "rsync": "rsync", "ssh": "openssh-client",
    "scp": "openssh-client", "ssh-keygen": "openssh-client", "curl": "curl", "wget": "wget",
    "unzip": "unzip", "zip": "zip", "7z": "7zip", "chromium": "chromium",
    "google-chrome": "chromium", "chromium-browser": "chromium", "wkhtmltopdf": "wkhtmltopdf",
    "pandoc": "pandoc", "pdftotext": "poppler-utils", "pdftoppm": "poppler-utils",
    "gs": "ghostscript", "yt-dlp": "yt-dlp", "python3": "python3", "python": "python3",
    "node": "nodejs", "restic": "restic", "rclone": "rclone", "tesseract": "tesseract-ocr",
    "exiftool": "libimage-exiftool-perl", "gpg": "gnupg", "sqlite3": "sqlite3",
    "libreoffice": "libreoffice", "soffice": "libreoffice", "dot": "graphviz", "kubectl": "kubectl",
    "helm": "helm", "hg": "mercurial", "svn": "subversion", "mpv": "mpv", "ping": "iputils-ping",
    "dig": "dnsutils", "nmap": "nmap", "sox": "sox", "inkscape": "inkscape",
}  # fmt: skip
# Packages of mautrix that call libolm; others below its crypto are Go alone.
_OLM = ("crypto", "crypto/cryptohelper", "crypto/libolm")
_SHELLS = frozenset({"sh", "bash", "/bin/sh", "/bin/bash"})
_DIRECTIVE = re.compile(r"#cgo\b[^:\n]*\b(pkg-config|LDFLAGS):\s*([^\n]*)")


def look(
    repository: Repository, module: Module, folder: str, tags: frozenset[str], code: Code
) -> Evidence:
    """Return the signals of cgo, of packages to build and to run, and of what rules out scratch."""
    evidence = Evidence()
    _cgo(repository, module, folder, tags, evidence)
    _programs(code, evidence)
    return evidence


def _cgo(
    repository: Repository, module: Module, folder: str, tags: frozenset[str], evidence: Evidence
) -> None:
    """Add whether C is compiled in: whatever the program lacks without cgo shows the need."""
    plain = packages.program(repository, module, folder, tags, cgo=False)
    needed = False
    for path, binding in BINDINGS.items():
        if found := plain.uses(path):
            needed = True
            evidence.add("cgo", True, f'import "{found.path}"', found.file, found.line)
            _needs(evidence, binding, found)
    for name, found in plain.imports.items():
        # Forks of mattn/go-sqlite3 keep its name; that of ncruces is WebAssembly.
        if name.endswith("/go-sqlite3") and name not in BINDINGS and "ncruces" not in name:
            needed = True
            evidence.add("cgo", True, f'import "{name}"', found.file, found.line)
            _needs(evidence, Binding(), found)
    if olm := _olm(plain, tags):
        needed = True
        evidence.add("cgo", True, f'"{olm.path}" without -tags goolm', olm.file, olm.line)
        _needs(evidence, BINDINGS["maunium.net/go/mautrix/crypto/libolm"], olm)
    full = packages.program(repository, module, folder, tags)
    for one in full.c:
        where = folder_of(one.file)
        if _has_fallback(repository, where, tags) or "/vendor/" in f"/{one.file}":
            continue
        needed = True
        evidence.add("cgo", True, 'import "C"', one.file, one.line)
        evidence.add("native_build", "gcc", 'import "C"', one.file, one.line)
        _directives(repository, one, evidence)
    if needed:
        return
    optional = next((full.uses(path) for path in BINDINGS if full.uses(path)), None)
    if optional is not None or full.c:
        place = optional or full.c[0]
        words = f'import "{place.path}" is optional: there is a file for builds without cgo'
        evidence.add("cgo", False, words, place.file, place.line)
        return
    indirect = next(
        (path for path in ("github.com/mattn/go-sqlite3",) if path in module.requires), ""
    )
    words = f"{indirect} is required, but not imported" if indirect else "nothing imports C"
    line = module.requires[indirect].number if indirect else 0
    evidence.add("cgo", False, words, module.file, line, weak=bool(indirect))


def _olm(program: Program, tags: frozenset[str]) -> Import | None:
    """Return an import through which mautrix uses libolm, unless a tag selects Go's version."""
    if "goolm" in tags or "nocrypto" in tags:
        return None
    crypto = (program.imports.get(f"maunium.net/go/mautrix/{one}") for one in _OLM)
    return next((one for one in crypto if one), None) or program.uses(
        "maunium.net/go/mautrix/bridgev2/matrix", "maunium.net/go/mautrix/bridge"
    )


def _needs(evidence: Evidence, binding: Binding, found: Import) -> None:
    words = f'import "{found.path}"'
    for package in ("gcc", *binding.build):
        if all(one.value != package for one in evidence.of("native_build")):
            evidence.add("native_build", package, words, found.file, found.line)
    for package in binding.run:
        if all(one.value != package for one in evidence.of("native_run")):
            evidence.add("native_run", package, words, found.file, found.line)
    if binding.run:  # a shared library of Debian's, for its C library
        reason = f"cgo links the program with {binding.run[0]}, a library of Debian's"
        where = Signal(binding.run[0], words, found.file, found.line)
        evidence.refusals += [
            Refusal(flavor, reason, "use slim: --flavor slim", where)
            for flavor in ("alpine", "scratch")
        ]


def _has_fallback(repository: Repository, folder: str, tags: frozenset[str]) -> bool:
    """Return whether a package has files only for builds without cgo."""
    return any(
        re.search(r"!\s*cgo\b", one.constraint)
        for one in packages.compiled(repository, folder, tags, cgo=False)
    )


def _directives(repository: Repository, found: Import, evidence: Evidence) -> None:
    """Add the libraries in ``#cgo`` lines; the names of their packages aren't known."""
    for kind, names in _DIRECTIVE.findall(repository.text(found.file) or ""):
        for name in names.split():
            library = name if kind == "pkg-config" else name.removeprefix("-l")
            if library.startswith("-") or library in ("m", "dl", "pthread", "c", "rt", "stdc++"):
                continue
            line = repository.line(found.file, "#cgo", name)
            package = f"lib{library.removeprefix('lib')}-dev"
            evidence.add(
                "native_build", package, f"#cgo {kind}: {name}", found.file, line, weak=True
            )


def _programs(code: Code, evidence: Evidence) -> None:
    told = set()
    for call in code.calls:
        if call.name not in ("exec.Command", "exec.CommandContext", "exec.LookPath"):
            continue
        position = 1 if call.last == "CommandContext" else 0
        if len(call.arguments) <= position:
            continue
        for value in code.of(call.arguments[position], call.file, 4):
            name = value.text.removeprefix("/usr/bin/").removeprefix("/bin/")
            if name in told or (name not in PROGRAMS and value.text not in _SHELLS):
                continue
            told.add(name)
            words = f'{call.name}("{value.text}", …)'
            if name in PROGRAMS:
                evidence.add("native_run", PROGRAMS[name], words, call.file, call.line)
            evidence.refusals.append(
                Refusal(
                    "scratch",
                    f"the program runs {name}, which isn't in scratch",
                    "use alpine or slim: --flavor alpine",
                    Signal(name, words, call.file, syntax.line(call.node)),
                )
            )
