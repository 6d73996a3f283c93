"""The cause of a finding: the line of the Dockerfile or compose file that it comes from."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from dockgen import reader
from dockgen.checks import AnyRule, Finding
from dockgen.containerfiles import composefile, dockerfile
from dockgen.containerfiles.dockerfile import Dockerfile, Instruction
from dockgen.errors import ProjectError
from dockgen.image import Image


@dataclass(frozen=True)
class Line:
    """A line of a file: the path is relative to the project's folder, and lines count from 1."""

    path: str
    number: int


@dataclass(frozen=True)
class Sources:
    """The parts of a project's files that findings can point to.

    ``built`` is the path of the Dockerfile, and ``composed`` that of the compose file, or "".
    ``keys`` has the line of each of its keys, and ``service`` is the checked service.
    """

    dockerfile: Dockerfile | None = None
    built: str = "Dockerfile"
    composed: str = ""
    keys: Mapping[tuple[str, ...], int] = field(default_factory=dict)
    service: str = ""


def sources(directory: Path, built: Dockerfile | None = None, name: str = "Dockerfile") -> Sources:
    """Read the files of the project in ``directory``; files that can't be read are left out.

    Args:
        directory: the project.
        built: its Dockerfile, if it is already parsed.
        name: the Dockerfile's path, relative to the project.
    """
    files = composefile.find(directory)
    keys: Mapping[tuple[str, ...], int] = {}
    try:
        if built is None:
            with suppress(FileNotFoundError):
                built = dockerfile.read(directory / name, inside=directory)
        if files:
            keys = reader.yaml_lines(reader.text(files[0], inside=directory), files[0])
    except (OSError, ProjectError):
        keys = {}
    services = list(dict.fromkeys(key[1] for key in keys if len(key) > 1 and key[0] == "services"))
    service = composefile.MAIN if composefile.MAIN in services else next(iter(services), "")
    composed = files[0].name if keys else ""
    return Sources(built, name, composed, keys, service)


def find(finding: Finding, rule: AnyRule, found: Sources, image: Image | None) -> Line | None:
    """Return the line that a finding comes from; None if it is in no file of the project.

    If a finding has a file and line, those are used. A layer's content comes from the instruction
    that made the layer. Otherwise, the rule names the keys of a service and the instructions to
    look at; if they are missing, the finding points to the service, or to the last stage.
    """
    place = finding.place
    if place and place.path and not place.path.startswith("/"):
        return Line(place.path, place.line or 1)
    if place and place.layer and image and (line := _of_layer(found, image, place.layer)):
        return Line(found.built, line)
    stages = found.dockerfile.stages if found.dockerfile else ()
    service = found.keys.get(("services", found.service))
    for name in rule.at:
        if line := found.keys.get(("services", found.service, name)):
            return Line(found.composed, line)
        for step in reversed(_lineage(found.dockerfile)) if found.dockerfile else ():
            if step.keyword == name:
                return Line(found.built, step.line)
    of_service = bool(rule.at) and all(name.islower() for name in rule.at)
    if service and (of_service or not stages):
        return Line(found.composed, service)
    return Line(found.built, stages[-1].line) if stages else None


def _of_layer(found: Sources, image: Image, digest: str) -> int | None:
    """Return the line of the instruction that made a layer; None if they can't be matched.

    The image's history ends with the instructions of the last stage and of the stages it builds on.
    """
    made = _lineage(found.dockerfile) if found.dockerfile else []
    history = image.history[-len(made) :] if made else ()
    pairs = list(zip(made, history, strict=False))
    if len(pairs) < len(made) or not all(
        instruction.keyword in step.words.split() for instruction, step in pairs
    ):
        return None
    return next((made_by.line for made_by, step in pairs if step.layer == digest), None)


def _lineage(file: Dockerfile) -> list[Instruction]:
    """Return the instructions of the last stage, after those of the stages it builds on."""
    positions = file.lineage(len(file.stages) - 1) if file.stages else []
    return [step for position in positions for step in file.stages[position].instructions]
