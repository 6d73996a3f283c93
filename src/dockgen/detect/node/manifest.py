"""package.json, workspaces and tsconfig.json as data."""

import re
from collections.abc import Iterator, Mapping
from functools import cached_property, lru_cache
from typing import Any

from dockgen import reader
from dockgen.detect.repository import Repository, folder_of, join, within


class Manifest:
    """The package.json of a folder."""

    def __init__(self, repository: Repository, folder: str) -> None:
        """Read it; one that can't be read counts as empty."""
        self.repository = repository
        self.folder = folder
        self.file = join(folder, "package.json")
        found = repository.json(self.file)
        self.data: Mapping[str, Any] = found if isinstance(found, dict) else {}

    @property
    def name(self) -> str:
        """The package's name."""
        return str(self.data.get("name") or "")

    def words(self, key: str) -> dict[str, str]:
        """Return a mapping of texts, such as the scripts."""
        found = self.data.get(key)
        if not isinstance(found, dict):
            return {}
        return {str(name): value for name, value in found.items() if isinstance(value, str)}

    @cached_property
    def scripts(self) -> dict[str, str]:
        """The scripts by name."""
        return self.words("scripts")

    @cached_property
    def dependencies(self) -> dict[str, str]:
        """Its dependencies at run time."""
        return {**self.words("optionalDependencies"), **self.words("dependencies")}

    @cached_property
    def development(self) -> dict[str, str]:
        """Its dependencies for development and for the build."""
        return self.words("devDependencies")

    def needs(self, *names: str) -> str:
        """Return the first of these packages that it needs at run time, or ""."""
        return next((name for name in names if name in self.dependencies), "")

    def has(self, *names: str) -> str:
        """Return the first of these packages that it needs for anything, or ""."""
        every = {**self.development, **self.dependencies}
        return next((name for name in names if name in every), "")

    def line(self, *words: str) -> int:
        """Return the line with these words."""
        return self.repository.line(self.file, *words)

    def at(self, name: str) -> str:
        """Return the path of a file in the folder, relative to the repository."""
        return join(self.folder, name.removeprefix("./"))


@lru_cache(maxsize=512)
def manifest(repository: Repository, folder: str) -> Manifest:
    """Return the package.json of a folder."""
    return Manifest(repository, folder)


def patterns(repository: Repository, folder: str) -> list[str]:
    """Return the workspace patterns of a workspace's root folder."""
    found = manifest(repository, folder).data.get("workspaces")
    if isinstance(found, dict):
        found = found.get("packages")
    path = join(folder, "pnpm-workspace.yaml")
    if repository.has(path):
        told = repository.yaml(path)
        found = told.get("packages") if isinstance(told, dict) else None
    return [one for one in found if isinstance(one, str)] if isinstance(found, list) else []


@lru_cache(maxsize=256)
def members(repository: Repository, root: str) -> tuple[str, ...]:
    """Return the folders of the packages in a workspace, sorted."""
    every = patterns(repository, root)
    if not every:
        return ()
    taken = [_matcher(one) for one in every if not one.startswith("!")]
    left = [_matcher(one[1:]) for one in every if one.startswith("!")]
    found = []
    for path in repository.named("package.json", root):
        folder = folder_of(path)
        inner = folder if root == "." else folder[len(root) + 1 :]
        if folder == root:
            continue
        if any(one.fullmatch(inner) for one in taken) and not any(
            one.fullmatch(inner) for one in left
        ):
            found.append(folder)
    return tuple(found)


def _matcher(pattern: str) -> re.Pattern[str]:
    pattern = pattern.removeprefix("./").rstrip("/")
    parts = re.split(r"(\*\*|\*)", pattern[:200])
    words = {"**": ".*", "*": "[^/]*"}
    return re.compile("".join(words.get(part, re.escape(part)) for part in parts))


def root_of(repository: Repository, folder: str) -> str:
    """Return the root of the workspace that a folder is part of, or the folder itself."""
    where = folder
    while where != ".":
        where = folder_of(where)
        if folder in members(repository, where):
            return where
    return folder


def local(repository: Repository, root: str, folder: str) -> list[str]:
    """Return the workspace's packages that one depends on, in build order."""
    by_name = {manifest(repository, one).name: one for one in members(repository, root)}
    found: list[str] = []
    waiting = [folder]
    seen = {folder}
    while waiting and len(found) < 500:
        one = manifest(repository, waiting.pop())
        for name in {**one.development, **one.dependencies}:
            where = by_name.get(name)
            if where is not None and where not in seen:
                seen.add(where)
                found.insert(0, where)
                waiting.append(where)
    return found


def jsonc(repository: Repository, path: str) -> dict[str, Any]:
    """Parse JSON with comments and trailing commas, as TypeScript's tools do."""
    text = repository.text(path)
    if text is None:
        return {}
    parts = re.findall(r'"(?:[^"\\\n]|\\.)*"|//[^\n]*|/\*.*?\*/|[^"/]+|.', text, re.DOTALL)
    plain = "".join("" if part.startswith(("//", "/*")) else part for part in parts)
    plain = re.sub(r",(\s*[}\]])", r"\1", plain)
    try:
        found = reader.parse_json(plain)
    except ValueError:
        repository.skipped.setdefault(path, "it isn't JSON")
        return {}
    return found if isinstance(found, dict) else {}


def options(repository: Repository, path: str, depth: int = 5) -> dict[str, Any]:
    """Return a tsconfig.json with what it extends; ``outDir`` and ``rootDir`` from the repository.

    ``include`` and ``files`` come from the file itself, or else from what it extends.
    """
    found = jsonc(repository, path)
    folder = folder_of(path)
    result: dict[str, Any] = {}
    extended = found.get("extends")
    for name in extended if isinstance(extended, list) else [extended]:
        if isinstance(name, str) and name.startswith(".") and depth:
            where = join(folder, name)
            where = next((p for p in (where, f"{where}.json") if repository.has(p)), "")
            if where:
                result |= options(repository, where, depth - 1)
    told = found.get("compilerOptions")
    for key, value in told.items() if isinstance(told, dict) else ():
        if key in ("outDir", "rootDir", "outFile", "baseUrl") and isinstance(value, str):
            value = join(folder, value.replace("${configDir}", "."))
        result[key] = value
    for key in ("include", "files", "exclude", "references"):
        if isinstance(found.get(key), list):
            result[key] = [one for one in found[key] if isinstance(one, str | dict)]
            result[f"{key} of"] = folder
    return result


def packages(repository: Repository) -> Iterator[Manifest]:
    """Yield each package.json of a repository."""
    for path in repository.named("package.json"):
        yield manifest(repository, folder_of(path))


def inside(path: str, folder: str) -> str:
    """Return a path relative to a folder that contains it."""
    if folder == "." or not within(path, folder):
        return path
    return path[len(folder) + 1 :] or "."
