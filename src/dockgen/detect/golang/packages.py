"""Packages: which files are compiled into a program, as `go list` would report for Linux.

Only the head of each file is parsed, up to its first declaration: it has the package's name, the
imports and the build constraint.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from dockgen.detect import syntax
from dockgen.detect.golang import modules
from dockgen.detect.golang.modules import Module
from dockgen.detect.repository import Repository, folder_of, is_aside, join, within

# How many files of one program are read.
MAXIMUM_FILES = 8_000

_SYSTEMS = frozenset(
    [
        "aix",
        "android",
        "darwin",
        "dragonfly",
        "freebsd",
        "hurd",
        "illumos",
        "ios",
        "js",
        "linux",
        "nacl",
        "netbsd",
        "openbsd",
        "plan9",
        "solaris",
        "wasip1",
        "windows",
        "zos",
    ]
)
_MACHINES = frozenset(
    [
        "386",
        "amd64",
        "arm",
        "arm64",
        "armbe",
        "loong64",
        "mips",
        "mips64",
        "mips64le",
        "mipsle",
        "ppc64",
        "ppc64le",
        "riscv",
        "riscv64",
        "s390x",
        "sparc",
        "sparc64",
        "wasm",
    ]
)
_CONSTRAINT = re.compile(r"^//(?:go:build|\s*\+build)\s+(.*)$")
_TOKEN = re.compile(r"\(|\)|&&|\|\||!|[\w.]+")
_BODY = re.compile(rb"^(?:func|type|var|const)\b", re.MULTILINE)
_MAIN = re.compile(rb"^func main\(\)", re.MULTILINE)
_GO_VERSION = re.compile(r"go1\.\d+")


@dataclass(frozen=True)
class Import:
    """An import: its path, its name in the file ("" for the package's own), and its place."""

    path: str
    name: str
    file: str
    line: int


@dataclass(frozen=True)
class Head:
    """The part of a file before its first declaration."""

    file: str
    package: str
    imports: tuple[Import, ...]
    constraint: str
    has_main: bool
    embeds: bool


@dataclass
class Program:
    """What is compiled into a package main, in the order in which it is reached.

    ``imports`` has the first import of each package outside the repository; ``missing`` has those
    of packages that should be in it but have no files, because they are generated.
    """

    folder: str
    files: list[str] = field(default_factory=list)
    imports: dict[str, Import] = field(default_factory=dict)
    missing: dict[str, Import] = field(default_factory=dict)
    c: list[Import] = field(default_factory=list)
    folders: list[str] = field(default_factory=list)

    def uses(self, *paths: str) -> Import | None:
        """Return the first import of one of these packages, or of one below it."""
        for path in paths:
            if found := self.imports.get(path):
                return found
            for name, found in self.imports.items():
                if name.startswith(f"{path}/"):
                    return found
        return None


@lru_cache(maxsize=50_000)
def head(repository: Repository, path: str) -> Head:
    """Return the head of a file; an empty one if it can't be read."""
    source = repository.content(path)
    body = _BODY.search(source)
    tree = syntax.parse(source[: body.start()] if body else source, "go")
    package = ""
    constraint = ""
    imports = []
    for node in tree.children:
        if node.type == "comment" and not package:
            if found := _CONSTRAINT.match(syntax.text(node)):
                new = found[1] if "go:build" in found[0] else _old(found[1])
                constraint = f"({constraint})&&({new})" if constraint else new
        elif node.type == "package_clause":
            package = syntax.text(node.named_children[0]) if node.named_children else ""
        elif node.type == "import_declaration":
            for spec in syntax.walk(node, "import_spec"):
                value = syntax.string(spec.child_by_field_name("path"))
                if value:
                    name = syntax.text(spec.child_by_field_name("name"))
                    imports.append(Import(value, name, path, syntax.line(spec)))
    return Head(
        path,
        package,
        tuple(imports),
        constraint,
        package == "main" and bool(_MAIN.search(source)),
        b"//go:embed " in source,
    )


def _old(words: str) -> str:
    """Convert an old constraint, ``// +build a,b c``, to the new form."""
    either = [" && ".join(part for part in word.split(",") if part) for word in words.split()]
    return " || ".join(f"({part})" for part in either)


def fits(constraint: str, tags: frozenset[str]) -> bool:
    """Return whether a build constraint holds on Linux, amd64, with these tags."""
    tokens = _TOKEN.findall(constraint)[:200]
    position = 0

    def either() -> bool:
        nonlocal position
        value = both()
        while position < len(tokens) and tokens[position] == "||":
            position += 1
            value = both() or value
        return value

    def both() -> bool:
        nonlocal position
        value = one()
        while position < len(tokens) and tokens[position] == "&&":
            position += 1
            value = one() and value
        return value

    def one() -> bool:
        nonlocal position
        if position >= len(tokens):
            return True
        word = tokens[position]
        position += 1
        if word == "!":
            return not one()
        if word == "(":
            value = either()
            position += 1
            return value
        known = word in ("linux", "amd64", "unix", "gc") or word in tags
        return known or bool(_GO_VERSION.fullmatch(word))

    return either() if tokens else True


def is_compiled(found: Head, tags: frozenset[str], *, cgo: bool) -> bool:
    """Return whether a file belongs to its package: by name, constraint and imports."""
    name = found.file.rpartition("/")[2]
    if name.startswith(("_", ".")) or name.endswith("_test.go") or not found.package:
        return False
    parts = name.removesuffix(".go").split("_")[1:]
    if parts and parts[-1] in _MACHINES and parts.pop() != "amd64":
        return False
    if parts and parts[-1] in _SYSTEMS and parts[-1] != "linux":
        return False
    if not cgo and any(one.path == "C" for one in found.imports):
        return False
    return fits(found.constraint, tags | {"cgo"} if cgo else tags)


def compiled(
    repository: Repository, folder: str, tags: frozenset[str], *, cgo: bool = True
) -> list[Head]:
    """Return the compiled files of the package in a folder."""
    heads = (head(repository, path) for path in repository.beside(folder) if path.endswith(".go"))
    found = [one for one in heads if is_compiled(one, tags, cgo=cgo)]
    return [one for one in found if one.package != "documentation"]


def mains(repository: Repository, module: Module, tags: frozenset[str]) -> list[str]:
    """Return the folders of a module that have a program, the outermost first."""
    others = {folder_of(path) for path in repository.named("go.mod", module.folder)} - {
        module.folder
    }
    length = 0 if module.folder == "." else len(module.folder) + 1
    found = set()
    paths = [
        path
        for path in repository.sources(module.folder, ".go")
        if not path.endswith("_test.go") and folder_of(path) not in found
    ]
    for path in repository.holding(paths, b"func main()"):
        folder = folder_of(path)
        hidden = any(part.startswith(("_", ".")) for part in path[length:].split("/"))
        if hidden or any(within(folder, other) for other in others):
            continue
        one = head(repository, path)
        if one.has_main and is_compiled(one, tags, cgo=True):
            found.add(folder)
    return sorted(found, key=lambda folder: (0 if folder == "." else folder.count("/") + 1, folder))


def program(
    repository: Repository,
    module: Module,
    folder: str,
    tags: frozenset[str],
    *,
    cgo: bool = True,
) -> Program:
    """Return everything that is compiled into the package main in a folder."""
    where = _local(repository, module)
    found = Program(folder)
    waiting = [folder]
    seen = {folder}
    for place in waiting:
        found.folders.append(place)
        for one in compiled(repository, place, tags, cgo=cgo):
            if len(found.files) >= MAXIMUM_FILES:
                return found
            found.files.append(one.file)
            for imported in one.imports:
                if imported.path == "C":
                    found.c.append(imported)
                    continue
                target = _folder(imported.path, where, repository, module)
                if target is None:
                    found.imports.setdefault(imported.path, imported)
                elif not any(path.endswith(".go") for path in repository.beside(target)):
                    found.missing.setdefault(imported.path, imported)
                elif target not in seen:
                    seen.add(target)
                    waiting.append(target)
                    if "/vendor/" in f"/{target}/":
                        found.imports.setdefault(imported.path, imported)
    return found


def _local(repository: Repository, module: Module) -> Mapping[str, str]:
    """Return the folders of the modules in the repository that this one can import, by path."""
    found = {module.path: module.folder}
    waiting = [module]
    for one in waiting:
        for path, (folder, _) in one.replaces.items():
            if path not in found:
                found[path] = folder
                if inner := modules.module(repository, folder):
                    waiting.append(inner)
    if workspace := modules.workspace(repository, module.folder):
        for folder in workspace.uses:
            if used := modules.module(repository, folder):
                found.setdefault(used.path, used.folder)
    return found


def _folder(
    path: str, where: Mapping[str, str], repository: Repository, module: Module
) -> str | None:
    """Return the folder of a package; None if it isn't in the repository."""
    for prefix in _prefixes(path):
        if prefix in where:
            return join(where[prefix], path[len(prefix) + 1 :] or ".")
    vendored = join(module.folder, f"vendor/{path}")
    return vendored if vendored in repository.folders else None


def _prefixes(path: str) -> Iterator[str]:
    while path:
        yield path
        path = path.rpartition("/")[0]


def is_tool(folder: str, module: Module) -> bool:
    """Return whether a program is only for development, going by its folder."""
    inside = folder[len(module.folder) + 1 :] if module.folder != "." else folder
    aside = {"internal", "tools", "tool", "hack", "scripts", "script", "dev", "build", "ci", "gen"}
    aside |= {"testing", "testutil", "utils", "codegen", "generate", "generator", "tests"}
    return is_aside(f"{inside}/x") or bool(aside & set(inside.split("/")))
