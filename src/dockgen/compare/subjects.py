"""Subjects to measure: how to build and run a copy of a project, and which source to edit."""

import posixpath
from dataclasses import replace
from pathlib import Path

from dockgen import project
from dockgen.add import copies
from dockgen.compare import flavors
from dockgen.compare.flavors import NAIVE, Copy
from dockgen.compare.measuring import Subject
from dockgen.detect.repository import Repository, join, within
from dockgen.engine import BuildOptions, RunOptions
from dockgen.errors import UsageError
from dockgen.matrix import Language
from dockgen.project import Project

# The suffixes of source files, by language.
_SUFFIXES = {
    "go": (".go",),
    "python": (".py",),
    "node": (".js", ".mjs", ".cjs", ".ts", ".mts", ".tsx", ".jsx"),
}


def of(copy: Copy, found: Project, edited: str | None, build: BuildOptions) -> Subject:
    """Return what to build and start for a copy of a project.

    Args:
        copy: the project on one flavor, or as the naive image.
        found: the project.
        edited: the source file that a rebuild edits, relative to the build context.
        build: other build options.
    """
    recorded, is_naive = project.recorded(found.directory).existing, copy.name == NAIVE
    environment = {str(name): str(value) for name, value in recorded.get("settings", {}).items()}
    environment |= dict.fromkeys(recorded.get("required", ()), copies.PLACEHOLDER)
    options = RunOptions(
        port=found.port,
        # An added program's writable folders are volumes in its compose.yaml.
        read_only=not (is_naive or found.is_existing),
        restricted=not is_naive,
        memory_mb=found.run.memory_mb or recorded.get("memory_mb") or RunOptions.memory_mb,
        environment={**environment, **found.run.environment},
    )
    if copy.context != copy.directory:
        build = replace(build, file=copy.dockerfile)
    file = copy.context / edited if edited else None
    return Subject(copy.name, copy.context, file, options, build, found.contract.page or "/")


def source_file(found: Project, sources: Path, asked: Path | None = None) -> str | None:
    """Return the source file that a rebuild edits, relative to the build context, or None.

    It is the program's largest source file, which stands for a typical edit.

    Raises:
        UsageError: the requested file doesn't exist.
    """
    top = sources.resolve()
    repository = Repository(top)
    if asked is not None:
        path = asked.resolve()
        name = path.relative_to(top).as_posix() if path.is_relative_to(top) else ""
        if not repository.has(name):
            raise UsageError(
                f"{asked} isn't a file of the project that a build can read", "name a source file"
            )
        return name
    folder = found.directory.resolve().relative_to(top).as_posix()
    own = join(folder, flavors.FOLDER)
    names = [
        name
        for name in repository.sources(folder, *_SUFFIXES[found.cell.language])
        if not within(name, own)
    ]
    if found.cell.language is Language.GO:
        packages = project.recorded(found.directory).existing.get("mains", {"": "."}).values()
        mains = {join(folder, package) for package in packages}
        names = [name for name in names if (posixpath.dirname(name) or ".") in mains]
        names = [name for name in names if not name.endswith("_test.go")]
    return max(names, key=lambda name: (top / name).stat().st_size, default=None)
