"""Source files: which ones a file imports, and what a name without a suffix refers to."""

import re

from dockgen.detect.node.manifest import jsonc, options
from dockgen.detect.repository import Repository, folder_of, join

SUFFIXES = (".ts", ".mts", ".cts", ".tsx", ".js", ".mjs", ".cjs", ".jsx")
IMPORT = re.compile(
    rb"""(?:\bfrom\s*|\bimport\s*\(?\s*|\brequire\s*\(\s*)["']([^"'\n]{1,200})["']"""
)


def reached(repository: Repository, folder: str, start: str) -> list[str]:
    """Return a source file and everything that it imports, directly or not."""
    aliases = _aliases(repository, folder)
    found = [start]
    seen = {start}
    for path in found:
        if len(found) > 5_000:
            break
        for told in IMPORT.finditer(repository.content(path)):
            name = told[1].decode(errors="replace")
            where = ""
            if name.startswith("."):
                where = join(folder_of(path), name)
            else:
                for prefix, target in aliases:
                    if name.startswith(prefix):
                        where = join(target, name[len(prefix) :] or ".")
                        break
            file = resolved(repository, where) if where else ""
            if file and file not in seen:
                seen.add(file)
                found.append(file)
    return found


def resolved(repository: Repository, where: str) -> str:
    """Return the source file of a path without a suffix, or with JavaScript's."""
    if repository.has(where) and where.endswith(SUFFIXES):
        return where
    bare = re.sub(r"\.[cm]?jsx?$", "", where)
    for name in dict.fromkeys((where, bare)):
        for suffix in SUFFIXES:
            if repository.has(f"{name}{suffix}"):
                return f"{name}{suffix}"
    for suffix in SUFFIXES:
        if repository.has(join(where, f"index{suffix}")):
            return join(where, f"index{suffix}")
    return ""


def _aliases(repository: Repository, folder: str) -> list[tuple[str, str]]:
    """Return the import prefixes from tsconfig's paths and package.json's imports."""
    found = []
    path = join(folder, "tsconfig.json")
    if repository.has(path):
        told = options(repository, path)
        base = str(told.get("baseUrl") or folder)
        paths = told.get("paths")
        for key, targets in paths.items() if isinstance(paths, dict) else ():
            if isinstance(targets, list) and targets and isinstance(targets[0], str):
                target = join(base, targets[0].removesuffix("*") or ".")
                found.append((str(key).removesuffix("*"), target))
        if "baseUrl" in told:
            found += [("src/", join(base, "src"))]
    imports = jsonc(repository, join(folder, "package.json")).get("imports")
    for key, target in imports.items() if isinstance(imports, dict) else ():
        while isinstance(target, dict) and target:
            target = next(iter(target.values()))
        if isinstance(target, str):
            where = join(folder, target.partition("*")[0])
            where = re.sub(r"(?:^|(?<=/))(?:dist|build|lib)/(?=src(?:/|$))", "", where)
            where = re.sub(r"(?:^|(?<=/))(?:dist|build|lib)(?=/|$)", "src", where)
            found.append((str(key).partition("*")[0], where))
    return found
