"""The target of `dockgen check`: a project, any other folder, an image, or a saved one."""

from dataclasses import dataclass, field, replace
from pathlib import Path

from dockgen import git, project, settings
from dockgen.containerfiles import composefile
from dockgen.contract import Base, Contract, Limits, Policy, Run
from dockgen.engine.images import BuildOptions
from dockgen.errors import ProjectError, UsageError
from dockgen.git import gitfolder
from dockgen.image import Config, store
from dockgen.matrix import Workload
from dockgen.project import Project

# The default files of a build, in the order in which they are looked for.
DOCKERFILES = ("Dockerfile", "Containerfile")


@dataclass(frozen=True)
class Asked:
    """What a command line says besides the target.

    ``run`` overrides `[check]` in dockgen.toml, ``limit_bytes`` is the limit for the image's size,
    and ``trusted`` lets compose.yaml reach beyond its folder. ``gzip_sizes`` and ``secrets`` say
    whether to measure compressed sizes and to look for secrets.
    """

    image: str | None = None
    build: BuildOptions = field(default_factory=BuildOptions)
    run: Run = field(default_factory=Run)
    limit_bytes: int | None = None
    gzip_sizes: bool = True
    secrets: bool = True
    trusted: bool = False


@dataclass(frozen=True)
class Target:
    """What to check.

    ``name`` is its name in messages, ``directory`` the folder of its files, or None if there is
    none here. ``project`` is None if dockgen didn't make it, ``image`` an image of the engine's
    that is checked instead of building one, and ``saved`` a file or folder that contains one.
    ``dockerfile`` is the file that it is built from, or None if it is unknown or there is none.
    ``composed`` says whether a compose file makes its image and container.
    """

    name: str
    directory: Path | None = None
    project: Project | None = None
    image: str | None = None
    saved: Path | None = None
    dockerfile: Path | None = None
    composed: bool = False
    limits: Limits | None = None
    policy: Policy = field(default_factory=Policy)
    asked: Asked = field(default_factory=Asked)

    @property
    def sources(self) -> Path | None:
        """The parent folder that the build may read, if `dockgen add` recorded one.

        It has to be in the repository, and git has to track something in the project: an archive
        that was unpacked in a user's repository isn't trusted, and neither is what it records.
        """
        if self.project is None or not self.project.context:
            return None
        folder = (self.project.directory / self.project.context).resolve()
        top = gitfolder.root(self.project.directory)
        if top is None or not folder.is_relative_to(top):
            return None
        tracked = git.ask("ls-files", "-z", "--", ".", cwd=self.project.directory)
        return folder if tracked else None

    @property
    def run(self) -> Run:
        """What the command line or dockgen.toml says about running a container."""
        return self.asked.run

    @property
    def dockerfile_name(self) -> str:
        """The Dockerfile's path, relative to the folder if it is in there."""
        if self.dockerfile is None:
            return DOCKERFILES[0]
        if self.directory is not None and self.dockerfile.is_relative_to(self.directory):
            return self.dockerfile.relative_to(self.directory).as_posix()
        return self.dockerfile.name

    def contract(self, config: Config) -> Contract:
        """Return its contract; for other images, as far as their configuration tells.

        A program with no hints about what it does is a service.
        """
        if self.project is not None:
            found = self.project.contract
            limits = found.limits
            if self.asked.limit_bytes is not None:
                limits = replace(limits, size_bytes=self.asked.limit_bytes)
            return replace(found, limits=limits, run=self.run, port=self.run.port or found.port)
        workload = self.run.workload
        if workload is None:
            is_worker = not config.ports and config.health_check and self.run.port is None
            workload = Workload.WORKER if is_worker else Workload.SERVICE
        ports = (self.run.port, *config.ports)
        port = next((port for port in ports if port), None)
        limits = self.limits or settings.limits_of_others(settings.of_others(None))
        return Contract(
            workload,
            port if workload is Workload.SERVICE else None,
            limits,
            self.policy,
            Base(),
            self.run,
            is_ours=False,
        )


def find(path: Path | None, asked: Asked) -> Target:
    """Find what a command line refers to.

    Args:
        path: the file or folder; None for the current folder.
        asked: the other options.

    Raises:
        ProjectError: it doesn't exist, nothing in it can be checked, or its
            dockgen.toml is invalid.
        UsageError: the options don't fit together.
    """
    place = (path or Path()).absolute()
    if not place.exists():
        if path is not None and asked.image is None:
            raise ProjectError(
                f"no file or folder {path}",
                f"for an image in the engine: dockgen check --image {path}",
            )
        raise ProjectError(f"no folder {place}", "use one that exists")
    if not place.is_dir() or store.is_folder(place):
        return _saved(place, asked)
    if project.is_one(place):
        found = project.load(place)
        return replace(
            _described(place, asked, found.run),
            name=found.name, project=found, policy=found.policy, limits=found.limits,
            composed=bool(composefile.find(place)) and asked.build.is_plain,
        )  # fmt: skip
    return _folder(place, asked, is_given=path is not None)


def find_image(name: str, asked: Asked) -> Target:
    """Find the image that a command line refers to: a saved one, or one of the engine's.

    Args:
        name: a file or folder that contains one, or the name of one of the engine's.
        asked: the other options; ``image`` selects one from a file with several.

    Raises:
        ProjectError: it names a file, and there is none.
    """
    place = Path(name)
    if place.exists() and (not place.is_dir() or store.is_folder(place)):
        return find(place, asked)
    if name.startswith(("/", ".", "~")) or name.endswith((".tar", ".tar.gz", ".tgz")):
        what = "it isn't a saved image" if place.exists() else "the file doesn't exist"
        raise ProjectError(
            f"{name} can't be read: {what}", f"save an image: docker save --output {name} IMAGE"
        )
    return Target(name, image=name, asked=asked)


def _saved(place: Path, asked: Asked) -> Target:
    """Return a saved image: nothing is built or run, but a Dockerfile may be given."""
    if given := [flag for flag in asked.build.flags if flag not in ("--file", "--platform")]:
        raise UsageError(
            f"{place.name} is a saved image, which isn't built: {', '.join(given)}",
            "leave these options out",
        )
    found = _described(place.parent, asked, Run(), reads_settings=False)
    return replace(found, name=place.name, directory=None, saved=place,
                   dockerfile=asked.build.file and asked.build.file.absolute())  # fmt: skip


def _folder(place: Path, asked: Asked, *, is_given: bool) -> Target:
    settled = _described(place, asked, Run())
    composed = bool(composefile.find(place)) and asked.build.is_plain
    if asked.image is not None:
        # A folder that just happens to be the current one doesn't belong to the image.
        if not (is_given or asked.build.file or (place / settings.FILE).exists()):
            return replace(settled, name=asked.image, directory=None, dockerfile=None)
        return replace(settled, name=asked.image, composed=composed and is_given)
    if settled.dockerfile is None and not composed:
        raise ProjectError(
            f"nothing to check in {place}: no {', '.join(DOCKERFILES)} or compose.yaml",
            "use another one with --file, or start a project: dockgen new",
        )
    return replace(settled, composed=composed)


def _described(place: Path, asked: Asked, run: Run, *, reads_settings: bool = True) -> Target:
    """Return a folder with what its dockgen.toml and the command line say together."""
    found = settings.of_others(place if reads_settings else None)
    if run == Run():
        run = settings.run(found)
    said = {key: value for key, value in vars(asked.run).items() if value}
    said["environment"] = {**run.environment, **asked.run.environment}
    limits = settings.limits_of_others(found)
    if asked.limit_bytes is not None:
        limits = replace(limits, size_bytes=asked.limit_bytes)
    return Target(
        name=place.name,
        directory=place,
        image=asked.image,
        dockerfile=_dockerfile(place, asked),
        limits=limits,
        policy=settings.policy(found),
        asked=replace(asked, run=replace(run, **said)),
    )


def _dockerfile(place: Path, asked: Asked) -> Path | None:
    if asked.build.file is not None:
        file = asked.build.file.absolute()
        if not file.is_file():
            raise ProjectError(f"no file {asked.build.file}", "use its path")
        return file
    return next((place / name for name in DOCKERFILES if (place / name).is_file()), None)
