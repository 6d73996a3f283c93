"""Copy what the service needs at run time into /rootfs: the interpreter and its dependencies.

The Dockerfile runs this in its build stage, where the base image is mounted at /base, and copies
/rootfs over that base. It skips files that the base has, so it works for every base: Debian,
Alpine or none.

Usage: python rootfs.py [--without LIBRARY]... MODULE...
To start the service faster, it compiles the given modules and all that they import to bytecode.
If a package can't be imported because a shared library is missing, it fails. It lists other missing
libraries, except those that --without names.
"""

import argparse
import functools
import importlib
import os
import py_compile
import re
import shutil
import ssl
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

BASE = Path("/base")
ROOTFS = Path("/rootfs")
VENV = Path(sys.prefix)
PACKAGES = Path(sysconfig.get_path("platlib"))
STDLIB = Path(sysconfig.get_path("stdlib"))
CA_BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")

# The standard library is copied as plain files, so that tracebacks show source lines. It only
# leaves out what needs a screen, a compiler or an installer, and the interpreter's own tests.
SCREEN = ("idlelib", "tkinter", "_tkinter*", "turtle.py", "turtledemo", "curses", "_curses*")
HELP_TEXTS = ("topics.py",)  # what help("if") shows; help() on an object works without
COMPILER = ("config-*",)
INSTALLER = ("ensurepip", "site-packages")
TESTS = ("test", "__phello__", "_test*.so", "_ctypes_test*.so", "_xxtest*.so", "xx*.so")
LEFT_OUT = shutil.ignore_patterns(
    *SCREEN, *HELP_TEXTS, *COMPILER, *INSTALLER, *TESTS, "__pycache__"
)

# Files that programs expect on any system. /lib and /lib64 may be links into /usr, where the
# loader is.
SYSTEM = (
    *("/lib", "/lib64", "/usr/share/zoneinfo"),
    *("/etc/host.conf", "/etc/nsswitch.conf", "/etc/protocols", "/etc/services"),
)
NOLOGIN = "/sbin/nologin"

# The package databases of Debian and Alpine, and the fields that scanners need. The first file in
# RELEASE names the distribution. Trivy reads the second one for Debian.
RELEASE = (Path("/etc/os-release"), Path("/etc/debian_version"))
DPKG = Path("/var/lib/dpkg")
APK = (Path("/lib/apk/db/installed"), Path("/usr/lib/apk/db/installed"))
ENTRY = """\
Package: ${Package}
Status: ${Status}
Architecture: ${Architecture}
Maintainer: ${Maintainer}
Source: ${source:Package} (${source:Version})
Version: ${Version}
"""

# Debian packages whose name can't be derived from the library.
DEBIAN = {
    "libcuda.so.1": "none, as it comes with the driver of the machine",
    "libglib-2.0.so.0": "libglib2.0-0t64",
    "libgthread-2.0.so.0": "libglib2.0-0t64",
    "libmagic.so.1": "libmagic1t64",
    "libmlx5.so.1": "ibverbs-providers",
    "librdmacm.so.1": "librdmacm1t64",
}


def below(root: Path, path: Path) -> Path:
    """Return the place of an absolute path below another root."""
    return root / path.relative_to("/")


def copy(path: Path) -> None:
    """Copy a file or a folder, and a link with the file it leads to, unless the base has it."""
    # /lib may be a link to /usr/lib: go by the real folder, but keep the name that is asked for.
    path = path.parent.resolve() / path.name
    target = below(ROOTFS, path)
    if not path.exists() or os.path.lexists(target) or os.path.lexists(below(BASE, path)):
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    if path.is_symlink():
        target.symlink_to(path.readlink())
        if path.is_file():
            copy(path.parent / path.readlink())
    elif path.is_dir():
        shutil.copytree(path, target, symlinks=True, ignore=LEFT_OUT)
    else:
        shutil.copy2(path, target)


def check_release() -> None:
    """Stop if the base is another release: its C library may be too old for this interpreter."""
    files = [root / "etc/os-release" for root in (Path("/"), BASE)]
    lines = [line for file in files if file.exists() for line in file.read_text().splitlines()]
    names = [line.partition("=")[2] for line in lines if line.startswith("PRETTY_NAME=")]
    if len(set(names)) > 1:
        sys.exit(f"The build stage is {names[0]}, the base image is {names[1]}: use the same.")


def copy_shared_libraries(without: set[str]) -> None:
    """Copy what the interpreter and each extension module link to, installed packages included."""
    installed = list(VENV.rglob("*.so*"))
    bundled = {file.name for file in installed}
    for binary in (Path(sys.executable), *below(ROOTFS, STDLIB).rglob("*.so"), *installed):
        ldd = subprocess.run(["ldd", binary], capture_output=True, text=True)
        output = ldd.stdout + ldd.stderr
        # The output of glibc's ldd, and of musl's. A library of a package may already be loaded.
        missing = re.findall(r"(\S+) => not found|Error loading shared library ([^:]+):", output)
        for library in sorted({first or second for first, second in missing} - bundled - without):
            if is_needed(library, binary):
                sys.exit(
                    f"{binary} needs {library}: install it in the build stage. {where(library)}"
                )
            print(f"{binary} lacks {library}, which nothing has needed so far. {where(library)}")
        for library in map(Path, re.findall(r"(/\S+) \(0x", output)):
            if not library.is_relative_to(VENV):
                copy(library)
    # glibc loads this one by name when a thread ends, which ldd can't see.
    for library in Path("/usr/lib").glob("*/libgcc_s.so.1"):
        copy(library)


def record_packages() -> None:
    """Record the packages of the copied files for scanners."""
    for release in RELEASE:
        copy(release)
    files = [Path("/", file.relative_to(ROOTFS)) for file in ROOTFS.rglob("*.so*")]
    files = [file for file in files if not file.is_relative_to("/usr/local")]
    if files and (DPKG / "status").exists():
        record_debian(files)
    for installed in APK:
        if installed.exists():
            record_alpine(installed, {str(file) for file in files})


def record_debian(files: list[Path]) -> None:
    """Write an entry for each package, and the sums of its libraries, as distroless images do."""
    known = below(BASE, DPKG) / "status"
    in_base = re.findall(r"^Package: (.+)$", known.read_text() if known.exists() else "", re.M)
    search = ["dpkg-query", "--search", *map(str, files)]
    owners = subprocess.run(search, capture_output=True, text=True).stdout
    for package in sorted(set(re.findall(r"^([^ :,]+(?::\w+)?):? /", owners, re.M))):
        name = package.partition(":")[0]
        if name in in_base:
            continue
        show = ["dpkg-query", "--show", f"--showformat={ENTRY}", package]
        entry = subprocess.run(show, capture_output=True, text=True, check=True).stdout
        folder = below(ROOTFS, DPKG) / "status.d"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(entry)
        sums = [DPKG / "info" / f"{one}.md5sums" for one in (package, name)]
        lines = next((file.read_text() for file in sums if file.exists()), "").splitlines()
        kept = [line for line in lines if Path("/", line[34:]) in files]
        (folder / f"{name}.md5sums").write_text("".join(f"{line}\n" for line in kept))


def record_alpine(installed: Path, files: set[str]) -> None:
    """Add the entries of the packages to those of the base."""
    known = below(BASE, installed)
    in_base = known.read_text() if known.exists() else ""
    entries = [
        entry
        for entry in installed.read_text().strip().split("\n\n")
        if entry not in in_base and files & set(files_of(entry))
    ]
    if entries:
        below(ROOTFS, installed).parent.mkdir(parents=True, exist_ok=True)
        below(ROOTFS, installed).write_text(in_base + "".join(f"{one}\n\n" for one in entries))


def files_of(entry: str) -> Iterator[str]:
    """The files of an Alpine entry. Each folder in it applies to the files below."""
    folder = ""
    for line in entry.splitlines():
        if line.startswith("F:"):
            folder = line[2:]
        elif line.startswith("R:"):
            yield f"/{folder}/{line[2:]}"


def is_needed(library: str, binary: Path) -> bool:
    """Whether the package of the binary can't be imported without the library."""
    if not binary.is_relative_to(PACKAGES):
        return not binary.is_relative_to(VENV)
    return library in import_error(binary.relative_to(PACKAGES).parts[0].partition(".")[0])


@functools.cache
def import_error(package: str) -> str:
    """Import a package in a new process; return the error, or an empty string."""
    command = [sys.executable, "-Bc", f"import {package}"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    except subprocess.TimeoutExpired:
        return ""
    return done.stderr if done.returncode else ""


def where(library: str) -> str:
    """Guesses the package of the distribution that contains a library."""
    if Path("/etc/alpine-release").exists():
        return f"Alpine: apk add so:{library}"
    name, _, version = library.partition(".so.")
    dash = "-" if name[-1:].isdigit() else ""
    likely = f"{name}{dash}{version.partition('.')[0]}".lower().replace("_", "-")
    return f"Debian: {DEBIAN.get(library, f'probably {likely}')}"


def copy_certificates() -> None:
    """Copy the certificate authorities, to where other programs and OpenSSL look for them."""
    copy(CA_BUNDLE)
    cafile = Path(ssl.get_default_verify_paths().openssl_cafile)
    if not os.path.lexists(below(BASE, cafile)):
        below(ROOTFS, cafile).parent.mkdir(parents=True, exist_ok=True)
        below(ROOTFS, cafile).symlink_to(CA_BUNDLE)


def add_account(file: str, root: str, nonroot: str) -> None:
    """Give the UID of the service a name, which getpass and others need."""
    known = (BASE / file).read_text() if (BASE / file).exists() else f"{root}\n"
    (ROOTFS / file).parent.mkdir(parents=True, exist_ok=True)
    (ROOTFS / file).write_text(f"{known}{nonroot}\n")


def add_temporary_folder() -> None:
    """Create a /tmp that everyone can write to."""
    if not (BASE / "tmp").exists():
        (ROOTFS / "tmp").mkdir()
        (ROOTFS / "tmp").chmod(0o1777)


def compile_imported(modules: list[str]) -> None:
    """Compile the named modules and all that they import."""
    # Don't write bytecode on import: it contains a time stamp, and would stay if the import fails.
    sys.dont_write_bytecode = True
    for name in modules:
        importlib.import_module(name)
    specs = [getattr(module, "__spec__", None) for module in sys.modules.values()]
    # Only modules loaded from files: some, such as os, are built into the interpreter.
    files = [Path(spec.origin) for spec in specs if spec and spec.origin and spec.has_location]
    for file in files:
        if file.suffix == ".py":
            # Unchecked, so that the bytecode stays valid for any time stamp of the files.
            py_compile.compile(
                str(below(ROOTFS, file) if file.is_relative_to(STDLIB) else file),
                dfile=str(file),
                doraise=True,
                invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
            )


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--without", action="append", default=[], metavar="LIBRARY")
    parser.add_argument("modules", nargs="+", metavar="MODULE")
    options = parser.parse_args()
    check_release()
    copy(Path(sys.base_prefix, "bin/python"))
    copy(STDLIB)
    copy_shared_libraries(set(options.without))
    copy_certificates()
    record_packages()
    for name in SYSTEM:
        copy(Path(name))
    add_account("etc/passwd", f"root:x:0:0::/:{NOLOGIN}", f"nonroot:x:65532:65532::/tmp:{NOLOGIN}")
    add_account("etc/group", "root:x:0:", "nonroot:x:65532:")
    add_temporary_folder()
    compile_imported(options.modules)
