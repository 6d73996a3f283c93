"""What a Python project needs besides Python: compilers, libraries and programs."""

import re
from typing import TYPE_CHECKING

from dockgen.detect import syntax
from dockgen.detect.golang.native import PROGRAMS
from dockgen.detect.model import Evidence, Refusal, Signal
from dockgen.detect.python import code as source
from dockgen.detect.python.code import Code
from dockgen.detect.python.manager import LOCKS, wheels
from dockgen.detect.python.project import Project
from dockgen.detect.repository import join

if TYPE_CHECKING:
    from tree_sitter import Node

# Packages that are compiled if there is no wheel, with what that needs and what they then load, by
# Debian's names.
_COMPILED = {
    "psycopg2": (("gcc", "libpq-dev"), ("libpq5",)),
    "mysqlclient": (("gcc", "pkg-config", "default-libmysqlclient-dev"), ("libmariadb3",)),
    "python-ldap": (("gcc", "libldap2-dev", "libsasl2-dev"), ("libldap2",)),
    "uwsgi": (("gcc", "libpcre2-dev"), ("libpcre2-8-0",)),
    "pylibmc": (("gcc", "libmemcached-dev", "zlib1g-dev"), ("libmemcached11t64",)),
    "pycairo": (("gcc", "pkg-config", "libcairo2-dev"), ("libcairo2",)),
    "pygraphviz": (("gcc", "libgraphviz-dev"), ("graphviz",)),
    "pyodbc": ((), ("unixodbc",)),
    "xmlsec": (("gcc", "pkg-config", "libxmlsec1-dev"), ("libxmlsec1-openssl",)),
    "python-snappy": (("gcc", "libsnappy-dev"), ("libsnappy1v5",)),
}
# Programs and libraries that packages load or start by themselves.
_RUN = {
    "pdf2image": "poppler-utils",
    "pydub": "ffmpeg",
    "ffmpeg-python": "ffmpeg",
    "pytesseract": "tesseract-ocr",
    "weasyprint": "libpango-1.0-0",
    "python-magic": "libmagic1",
    "gitpython": "git",
    "graphviz": "graphviz",
    "pyzbar": "libzbar0",
    "wand": "libmagickwand-6",
    "opencv-python": "libgl1",
    "geopandas": "",
    "yt-dlp": "ffmpeg",
    "openai-whisper": "ffmpeg",
}
# Packages only for Debian's C library, which an installation doesn't compile.
_NOT_ON_MUSL = ("torch", "tensorflow", "jaxlib", "onnxruntime", "faiss-cpu", "triton", "open3d")
_STARTS = frozenset({"run", "Popen", "call", "check_call", "check_output", "system", "which",
                     "create_subprocess_exec", "create_subprocess_shell", "popen"})  # fmt: skip


def look(project: Project, code: Code, found: Evidence) -> None:
    """Add what building and running needs, and the flavors that can't have it."""
    _packages(project, found)
    _alpine(project, found)
    _programs(code, found)


def _packages(project: Project, found: Evidence) -> None:
    names = project.locked if project.locked else dict.fromkeys(project.declared, "")
    for name, (build, run) in _COMPILED.items():
        if name in names:
            where = project.declared.get(name)
            file, line = (where.file, where.line) if where else (project.root, 0)
            for package in build:
                found.add("native_build", package, f"{name} is compiled", file, line)
            for package in run:
                found.add("native_run", package, f"{name} loads it", file, line)
    for name, package in _RUN.items():
        if name in names and package:
            where = project.declared.get(name)
            if where:
                found.add("native_run", package, f"{name} needs it", where.file, where.line)
    for manager, lock in LOCKS[:1]:
        for package_ in project.packages(lock):
            if "sdist" in package_ and not list(wheels(package_, manager)):
                name = str(package_.get("name"))
                if name not in _COMPILED:
                    words = f"{name} has no wheel"
                    found.add("native_build", "gcc", words, join(project.root, lock), weak=True)


def _alpine(project: Project, found: Evidence) -> None:
    """Add packages with wheels for Debian's C library, but none for Alpine's, and no source."""
    missing: list[tuple[str, str, int]] = []
    if one := project.needs(*_NOT_ON_MUSL):
        missing.append((one.name, one.file, one.line))
    for manager, lock in LOCKS[:1]:
        for package in project.packages(lock):
            names = list(wheels(package, manager))
            on_linux = [name for name in names if "linux" in name and "x86_64" in name]
            fits = any("musllinux" in name or name.endswith("-any.whl") for name in names)
            if on_linux and not fits and "sdist" not in package:
                missing.append((str(package.get("name")), join(project.root, lock), 0))
    for name, file, line in missing[:1]:
        reason = f"{name} isn't built for Alpine's C library"
        signal = Signal(name, name, file, line)
        found.refusals.append(
            Refusal("alpine", reason, "take slim or scratch: --flavor slim", signal)
        )


def _programs(code: Code, found: Evidence) -> None:
    """Add programs that are started by name, and shells: scratch has neither."""
    told: set[str] = set()
    for path, tree in code.trees(b"subprocess", b"os.system", b"os.popen", b"shutil.which"):
        for call in syntax.nodes(tree, "call"):
            called = syntax.text(call.child_by_field_name("function"))
            owner, _, last = called.rpartition(".")
            if last not in _STARTS or owner not in ("subprocess", "asyncio", "os", "shutil"):
                continue
            first = next(iter(source.positional(call)), None)
            if re.search(r"rev-parse|describe|--version", syntax.text(call)):
                continue  # only asks for a version, and works without it
            words = _first_word(first)
            in_shell = last in ("system", "popen", "create_subprocess_shell")
            in_shell = in_shell or syntax.text(source.argument(call, "shell")) == "True"
            name = words.rpartition("/")[2]
            shown = f"{called}({words or '…'})"
            if name in PROGRAMS and name not in ("python", "python3"):
                found.add("native_run", PROGRAMS[name], shown, path, syntax.line(call), weak=True)
            elif not in_shell:
                continue
            name = name if name in PROGRAMS else "a shell"
            if name not in told and last != "which":
                told.add(name)
                reason = f"the program runs {name}, which scratch doesn't have"
                signal = Signal(name, shown, path, syntax.line(call))
                found.refusals.append(
                    Refusal("scratch", reason, "take alpine or slim: --flavor alpine", signal)
                )


def _first_word(node: "Node | None") -> str:
    """Return the program of a command, given as a list or as one text."""
    if node is not None and node.type in ("list", "tuple") and node.named_children:
        node = node.named_children[0]
    words = (syntax.string(node) or "").split()
    return words[0] if words else ""
