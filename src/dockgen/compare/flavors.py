"""A project on each flavor: its container files, rendered from its answers into copies."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dockgen import project, settings, source, template
from dockgen.add import copies
from dockgen.compare import naive
from dockgen.containerfiles import composefile, dockerfile
from dockgen.detect import survey
from dockgen.detect.repository import Repository
from dockgen.errors import DockgenError, UsageError
from dockgen.matrix import Flavor
from dockgen.project import Project

# The name of the naive image among the flavors.
NAIVE = "naive"
NAMES = (*map(str, Flavor), NAIVE)
# What makes a project's image and container, in addition to what differs between flavors: files,
# and the folder of files that builds run.
_OF_CONTAINERS = ("Dockerfile", "Dockerfile.dockerignore", ".dockerignore", *composefile.NAMES)
FOLDER = "docker"


@dataclass(frozen=True)
class Copy:
    """A project on one flavor, or as the naive image.

    ``name`` is one of `NAMES`, ``context`` its build context, and ``directory`` its own folder in
    there. ``limit_bytes`` is the size limit of the image; None for no limit.
    """

    name: str
    context: Path
    directory: Path
    limit_bytes: int | None = None

    @property
    def dockerfile(self) -> Path:
        """The Dockerfile that it is built from."""
        return self.directory / "Dockerfile"


@dataclass(frozen=True)
class Copies:
    """The copies, and why others can't work."""

    made: Sequence[Copy]
    left_out: Mapping[str, str] = field(default_factory=dict)


def lay_out(
    found: Project, sources: Path, names: Sequence[str], into: Path, *, trusted: bool = False
) -> Copies:
    """Copy a project for each flavor.

    The files are those that git tracks or would track. Those that make image and container are
    rendered from the answers, so edits in them don't count.

    Args:
        found: the project.
        sources: the folder that its build may read: its own, or a parent.
        names: of the flavors, and `NAIVE`.
        into: an existing, empty folder.
        trusted: whether the template may run code of its own.

    Raises:
        ProjectError: a file can't be read or written, or the template isn't on this machine.
    """
    repository = Repository(sources)
    folder = found.directory.resolve().relative_to(sources.resolve())
    left_out = _refused(repository, folder, found)
    flavors = [flavor for flavor in Flavor if str(flavor) not in left_out]
    wanted = [flavor for flavor in flavors if str(flavor) in names]
    # The naive one takes its start command from any of them.
    any_flavor = wanted or [found.cell.flavor]
    rendered, refused = _rendered(found, any_flavor, into / "rendered", trusted=trusted)
    left_out = {name: why for name, why in {**left_out, **refused}.items() if name in names}
    limits = {str(one): project.load(place).limits for one, place in rendered.items()}
    if not found.is_existing:
        _keep_container_files(rendered.values())
    recorded = project.recorded(found.directory)
    required = list(recorded.existing.get("required") or ())
    made = []
    for name in names:
        if name in left_out or (flavor := next(iter(rendered), None)) is None:
            continue
        flavor = flavor if name == NAIVE else Flavor(name)
        context = into / name / found.directory.name if folder == Path() else into / name / "all"
        context.parent.mkdir()
        copies.of(repository, context)
        directory = context / folder
        copies.lay(rendered[flavor], directory, required)
        if name == NAIVE:
            try:
                own = dockerfile.read(directory / "Dockerfile", inside=directory)
                naive.lay(directory, naive.dockerfile(recorded.answers, own))
            except UsageError as error:
                left_out[name] = error.message
                continue
        limit = limits[name].size_bytes if name in limits else None
        made.append(Copy(name, context, directory, limit))
    return Copies(made, {name: left_out[name] for name in names if name in left_out})


def _refused(repository: Repository, folder: Path, found: Project) -> dict[str, str]:
    """Return the flavors that an added project's code can't run on, each with the reason."""
    if not found.is_existing:
        return {}
    # The code may be undecided by now, or no service any more: then the build shows it.
    with suppress(DockgenError):
        detected = survey.look(repository, {"path": folder.as_posix()})
        return {refusal.flavor: refusal.reason for refusal in detected.refusals if refusal.flavor}
    return {}


def _rendered(
    found: Project, flavors: Sequence[Flavor], into: Path, *, trusted: bool
) -> tuple[dict[Flavor, Path], dict[str, str]]:
    """Render the template on each flavor; return the folders, and why others are excluded."""
    rendered: dict[Flavor, Path] = {}
    refused: dict[str, str] = {}
    recorded = project.recorded(found.directory)
    with (
        source.of_project(found.directory, trusted=trusted) as origin,
        template.found(origin),
    ):
        releases = [release.version for release in origin.manifest.releases]
        version = recorded.version if recorded.version in releases else releases[-1]
        answers: dict[str, Any] = source.asked(origin, version, recorded.answers)
        for flavor in flavors:
            place = into / flavor / found.directory.name
            told = {**answers, "flavor": str(flavor), "unmanaged": []}
            try:
                template.render_version(
                    origin,
                    version,
                    place,
                    told,
                    exists=True,
                    answers_file=project.answers_file(found.directory),
                )
            except UsageError as error:
                refused[str(flavor)] = error.message.removeprefix("flavor: ")
            else:
                rendered[flavor] = place
    return rendered, refused


def _keep_container_files(places: Collection[Path]) -> None:
    """Remove the user's own files: sources, and everything that is equal on each flavor."""
    texts: dict[Path, list[bytes]] = defaultdict(list)
    for place in places:
        for file in [path for path in place.rglob("*") if path.is_file()]:
            texts[file.relative_to(place)].append(file.read_bytes())
    for path, found in texts.items():
        makes_container = path.name in _OF_CONTAINERS or path.parts[0] == FOLDER
        differs = len(found) < len(places) or len(set(found)) > 1
        if path == Path(settings.FILE) or not (makes_container or differs):
            for place in places:
                (place / path).unlink(missing_ok=True)
