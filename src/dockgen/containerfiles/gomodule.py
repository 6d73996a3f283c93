"""Compare the Go version that a build needs with the one it has.

The needed version is in the go.mod of the folder that go runs in. A Dockerfile is followed only
through plain steps: WORKDIR, COPY from the build's folder, bind mounts, and `cd` before the
command.
"""

import fnmatch
import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from dockgen.containerfiles.dockerfile import Dockerfile, Instruction

# The official image, or a mirror of it, with a version in its tag. It sets GOTOOLCHAIN=local, so go
# doesn't download a newer toolchain.
_IMAGE = re.compile(r"(?:^|/)golang:(\d+)\.(\d+)(?:\.(\d+)|((?:rc|beta)\d+))?(?=$|[-@])")
_VERSION = re.compile(r"(\d+)\.(\d+)(?:\.(\d+)|((?:rc|beta)\d+))?")
# Commands that read go.mod. `go install module@version` doesn't.
_COMMAND = re.compile(
    r"(?:^|[\s;&|(])go\s+(?:-C\s+(?P<folder>\S+)\s+)?"
    r"(?P<verb>build|install|test|vet|run|generate|list|mod|work|tool)\b(?P<rest>[^;&|\n]*)"
)
_CD = re.compile(r"(?:^|[\s;&|(])cd\s+(?P<folder>[^\s;&|)]+)")
_OTHER_TOOLCHAIN = re.compile(r"GOTOOLCHAIN[= ]\s*[\"']?(?!local\b)\S")

# The limit for commands per step, and for links of a path.
_MOST = 20
_LONGEST = 1000

Version = tuple[int, int, float]


@dataclass(frozen=True)
class TooOld:
    """An image whose Go is too old for a module: its name, its line, and the module's version."""

    image: str
    line: int
    path: str
    needed: str


@dataclass(frozen=True)
class _Copy:
    """Where a part of the build's folder is in a stage."""

    source: str
    target: str


def too_old(dockerfile: Dockerfile, modules: Mapping[str, str]) -> Iterator[TooOld]:
    """Yield each image that is too old for a module built with it; ``modules`` are Context.go."""
    found: dict[int, TooOld] = {}
    for position in range(len(dockerfile.stages)):
        lineage = [dockerfile.stages[number] for number in dockerfile.lineage(position)]
        image, line = lineage[0].image, lineage[0].line
        has = _IMAGE.search(image)
        steps = [step for stage in lineage for step in stage.instructions]
        if not has or any(_OTHER_TOOLCHAIN.search(step.rest + step.heredoc) for step in steps):
            continue
        for path in _built(steps, modules):
            needed = _VERSION.fullmatch(modules[path])
            if needed and _image_version(has) < _needed_version(needed):
                found.setdefault(line, TooOld(image, line, path, modules[path]))
    yield from found.values()


def _image_version(found: re.Match[str]) -> Version:
    """Return the version that a tag stands for: 1.24 is the newest patch release."""
    patch = -1 if found[4] else float(found[3] or "inf")
    return int(found[1]), int(found[2]), patch


def _needed_version(found: re.Match[str]) -> Version:
    """Return the version in a `go` line: 1.24 is the language, which 1.24rc1 supports."""
    patch = -1 if found[4] else float(found[3] or -1)
    return int(found[1]), int(found[2]), patch


def _built(steps: list[Instruction], modules: Mapping[str, str]) -> Iterator[str]:
    """Yield the paths of the go.mod and go.work files that a stage's go commands read."""
    folder = "/"
    copies: list[_Copy] = []
    for step in steps:
        if step.keyword == "WORKDIR":
            folder = _join(folder, step.rest.strip().strip("\"'"))
        elif step.keyword in ("COPY", "ADD") and not any(flag == "from" for flag, _ in step.flags):
            copies += _copied(step, folder, modules)
        elif step.keyword == "RUN":
            here = [*_mounted(step, folder), *copies]
            for place in _run_in(f"{step.rest}\n{step.heredoc}", folder):
                yield from _read(place, here, modules)


def _copied(step: Instruction, folder: str, modules: Mapping[str, str]) -> Iterator[_Copy]:
    words = [word.strip("[],\"'") for word in step.words]
    if len(words) < 2:
        return
    *sources, target = words
    place = _join(folder, target)
    for source in map(_clean, sources):
        # A file keeps its name when copied into a folder; a folder's own name is dropped.
        names = [path for path in modules if fnmatch.fnmatchcase(path, source)]
        if not names:
            yield _Copy(source, place)
        into = target.endswith("/") or len(sources) > 1 or place == folder or "*" in source
        for name in names:
            yield _Copy(name, _join(place, posixpath.basename(name)) if into else place)


def _mounted(step: Instruction, folder: str) -> Iterator[_Copy]:
    for flag, value in step.flags:
        options = dict(option.partition("=")[::2] for option in value.split(","))
        if flag == "mount" and "from" not in options and options.get("type", "bind") == "bind":
            target = options.get("target") or options.get("dst") or options.get("destination")
            source = options.get("source") or options.get("src") or "."
            if target:
                yield _Copy(_clean(source), _join(folder, target))


def _run_in(text: str, folder: str) -> Iterator[str]:
    """Yield the folders in which a step runs a go command that reads go.mod."""
    for command in islice(_COMMAND.finditer(text), _MOST):
        if command["verb"] in ("install", "run") and "@" in command["rest"]:
            continue
        place = folder
        changes = list(islice(_CD.finditer(text, 0, command.start()), _MOST))
        for change in changes:
            place = _join(place, change["folder"].strip("\"'"))
        yield _join(place, command["folder"]) if command["folder"] else place


def _read(place: str, copies: list[_Copy], modules: Mapping[str, str]) -> Iterator[str]:
    """Yield the nearest go.mod and the nearest go.work, in a folder or its parents."""
    if len(place) > _LONGEST:
        return
    for name in ("go.mod", "go.work"):
        above = place
        while True:
            sources = _sources(posixpath.join(above, name), copies)
            found = next((source for source in sources if source in modules), None)
            if found:
                yield found
            if found or above in ("/", ""):
                break
            above = posixpath.dirname(above)


def _sources(path: str, copies: list[_Copy]) -> Iterator[str]:
    """Yield where in the build's folder a stage's path may come from, the last copy first."""
    for copy in reversed(copies):
        if path == copy.target:
            yield copy.source
        elif path.startswith(copy.target.rstrip("/") + "/"):
            inner = path[len(copy.target.rstrip("/")) + 1 :]
            yield _clean(posixpath.join(copy.source, inner))


def _join(folder: str, path: str) -> str:
    """Join a path in a stage. If it begins with a variable, it is used as it is."""
    return posixpath.normpath(path if path.startswith("$") else posixpath.join(folder, path))


def _clean(path: str) -> str:
    return posixpath.normpath(path.lstrip("/") or ".")
