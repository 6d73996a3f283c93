"""Run a project's services with `docker compose`, isolated from everything that the user runs."""

import json
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from dockgen import reader, signals
from dockgen.containerfiles import composefile, included
from dockgen.containerfiles.composefile import Change, Model
from dockgen.engine import command, images, reach
from dockgen.engine.container import Container
from dockgen.engine.images import BUILD_SECONDS, run_build
from dockgen.errors import ProjectError

# How long dependencies may take to turn healthy, and images to be pulled, in seconds.
UP_SECONDS = 600.0
# How much of a writable mount is copied for a run, in bytes.
COPIED_BYTES = 100_000_000

# Variables for docker itself. A compose file could read any other variable of the user, and pass it
# to a container that sends it anywhere.
_PASSED_ON = ("HOME", "LANG", "LC_ALL", "PATH", "SSL_CERT_FILE", "TMPDIR", "XDG_CONFIG_HOME")
_PASSED_ON_PREFIXES = ("BUILDKIT_", "BUILDX_", "DOCKER_")
# No part of the file may come from a repository or a registry.
_NO_REMOTE = {
    "COMPOSE_EXPERIMENTAL_GIT_REMOTE": "false",
    "COMPOSE_EXPERIMENTAL_OCI_REMOTE": "false",
}


def read_model(directory: Path, *, trusted: bool = False) -> Model:
    """Return the model of the compose file in ``directory``, which must exist, with its override.

    ``trusted`` files may include files outside the folder.

    Raises:
        ProjectError: compose can't read it, or it includes such files.
    """
    files = composefile.find(directory)
    for file in (*files, directory / ".env"):
        # Refuse pipes, which block, and links, which could read variables from a secret file.
        with suppress(FileNotFoundError):
            reader.content(file, inside=directory)
    if not trusted:
        included.require_inside(files, directory)
    # Keep references to env files, to show where they are.
    words = ("config", "--format=json", "--no-env-resolution")
    done = command.run(
        *_compose(directory, *files),
        *words,
        errors_apart=True,
        environment=_environment(),
    )
    if done.returncode != 0:
        raise ProjectError(
            f"docker compose can't read {files[0]}: {command.reason(done.stderr)}",
            "see why: docker compose config",
        )
    model: Model = reader.parse_json(done.stdout)
    return model


@contextmanager
def prepare(
    directory: Path,
    *,
    trusted: bool = False,
    service: str | None = None,
    sources: Path | None = None,
    name: str | None = None,
    near: Path | None = None,
) -> Iterator["Composed"]:
    """Yield the services of the compose file in ``directory``, ready to build and run.

    What they make is removed at the end.

    Args:
        directory: the project.
        trusted: whether the file may reach beyond the project's folder.
        service: the service to check; None for `composefile.main_service`.
        sources: a parent folder that builds may read; None for the project's own.
        name: a unique compose project name; None to generate one.
        near: the folder for its temporary files; None for the system's.

    Raises:
        ProjectError: compose can't read the file, it reaches beyond the folder, or what it mounts
            is too large to be copied, or isn't on the engine's machine.
    """
    model = read_model(directory, trusted=trusted)
    main = composefile.main_service(model, service)
    reaches = [] if trusted else composefile.reaches(model, main, directory, sources)
    if reaches:
        raise ProjectError(
            f"compose.yaml reaches beyond {directory}: {'; '.join(reaches)}",
            "if you trust it: dockgen check --trust",
        )
    mounted = composefile.mounted(model, main)
    if mounted and (machine := reach.place().machine):
        raise ProjectError(
            f"compose.yaml mounts {', '.join(mounted)} of this machine, and the engine is on "
            f"{machine}",
            "copy it into the image, or use an engine of this machine",
        )
    with signals.temporary_folder("dockgen-", near) as folder:
        composed = Composed(directory, model, main, folder, name)
        try:
            yield composed
        finally:
            composed.remove()


class Composed:
    """A project's services under a name of their own; see `prepare`.

    ``tags`` are the names of the images that `build` makes, by service.
    """

    def __init__(
        self, directory: Path, model: Model, main: str, folder: Path, name: str | None
    ) -> None:
        self.directory = directory
        self.main = main
        self.name = name or f"dockgen-check-{secrets.token_hex(6)}"
        self.tags = {
            name: f"{self.name}-{name}".lower()
            for name in composefile.needed(model, self.main)
            if model["services"][name].get("build")
        }
        self._model = model
        self._folder = folder
        # Copy before anything is built: a mount that is too large is an error.
        self._copies = {
            source: _copied(Path(source), folder / f"mount-{number}")
            for number, source in enumerate(composefile.written_folders(model, self.main))
        }

    @property
    def image(self) -> str:
        """The image of the main service after the build, or its own name if it isn't built."""
        named = self._model["services"][self.main].get("image")
        return self.tags[self.main] if self.main in self.tags else str(named)

    @property
    def dockerfile(self) -> Path | None:
        """The Dockerfile of the main service; None if it isn't built, or not from a local file."""
        build = self._model["services"][self.main].get("build")
        if not build or build.get("dockerfile_inline"):
            return None
        return Path(build.get("context") or self.directory, build.get("dockerfile") or "Dockerfile")

    @property
    def stage(self) -> str | None:
        """The stage of the main service's Dockerfile to build; None for the last one."""
        build = self._model["services"][self.main].get("build") or {}
        return build.get("target") or None

    @property
    def contexts(self) -> tuple[str, ...]:
        """The names of what the main service's build gets beside its folder."""
        return tuple(composefile.contexts(self._model["services"][self.main]))

    @property
    def ports(self) -> tuple[int, ...]:
        """The ports inside the container that the main service publishes or exposes."""
        service = self._model["services"][self.main]
        published = [int(port["target"]) for port in service.get("ports") or ()]
        exposed = [str(port).partition("/")[0] for port in service.get("expose") or ()]
        return (*published, *(int(port) for port in exposed if port.isdecimal()))

    def build(self, deadline: float = BUILD_SECONDS) -> None:
        """Build the images.

        Raises:
            BuildError: a step failed, or it took longer than ``deadline`` seconds.
        """
        if not self.tags:
            return  # without names, `docker compose build` would build everything
        file = self._write(Change())
        compose = _compose(self.directory, file, name=self.name)
        run_build(
            *compose, "--progress=plain", "build", "--", *self.tags,
            what=f"the image of {self.directory}", again="docker compose build",
            deadline=deadline, environment=_environment(),
        )  # fmt: skip

    @contextmanager
    def running(self, change: Change) -> Iterator[Container]:
        """Start the main service and its dependencies; all of it is removed at the end.

        Yields the main service's container as soon as it is started.

        Raises:
            ProjectError: something can't be started.
        """
        file = self._write(change)
        compose = _compose(self.directory, file, name=self.name)
        try:
            done = command.run(
                *compose, "up", "--detach", "--no-build", "--", self.main,
                deadline=UP_SECONDS, environment=_environment(),
            )  # fmt: skip
            if done.returncode != 0:
                reason = command.reason(done.stdout)
                # Those that it is about, else all.
                named = [
                    n for n in self._model["services"] if f'"{n}"' in reason or f"-{n}-" in reason
                ]
                words = ("logs", "--no-color", "--no-log-prefix", "--tail=10", "--", *named)
                logs = command.run(*compose, *words, errors_apart=True)
                last = " | ".join(line.strip() for line in logs.stdout.splitlines() if line.strip())
                raise ProjectError(
                    reason + (f"; it last printed: {last}" if last else ""),
                    "see it fail: docker compose up --build",
                )
            yield composed(self.name, self.main)
        finally:
            with signals.held():
                words = ("down", "--volumes", "--remove-orphans", "--timeout=0")
                command.run(*compose, *words, deadline=UP_SECONDS)  # it may be busy with builds

    def remove(self) -> None:
        """Remove the images that were built."""
        for tag in self.tags.values():
            images.remove(tag)

    def _write(self, change: Change) -> Path:
        at = reach.place().publishes_at
        found = composefile.apart(self._model, self.main, change, self.tags, self._copies, at)
        file = self._folder / "compose.json"
        # Variables are already filled in, so escape each remaining dollar sign.
        file.write_text(json.dumps(_escaped(found)), encoding="utf-8")
        return file


def _copied(source: Path, target: Path) -> str:
    """Make a copy that the container may write to.

    Raises:
        ProjectError: it is too large to be copied.
    """
    try:
        if not source.exists():
            target.mkdir()
            return str(target)
        files = [source] if source.is_file() else list(filter(Path.is_file, source.rglob("*")))
        total = sum(path.lstat().st_size for path in files)
        if total > COPIED_BYTES:
            raise ProjectError(
                f"compose.yaml mounts {source}, which the container could write to: {total:,} "
                "bytes are too many to copy for a run",
                "mount it read-only, or use a named volume",
            )
        if source.is_dir():
            shutil.copytree(source, target, symlinks=True, ignore=_special, copy_function=_copy)
            # The folders last: who gives one away may lose the right to look into it.
            for folder, _, _ in os.walk(source, topdown=False):
                _give(folder, target / Path(folder).relative_to(source))
        else:
            _copy(source, target)
    except OSError as error:  # also shutil.Error, with all files that failed
        why = error.args[0][0][2] if isinstance(error, shutil.Error) else str(error)
        raise ProjectError(
            f"compose.yaml mounts {source}, which can't be copied for a run: {why}",
            "mount it read-only, or use a named volume",
        ) from error
    return str(target)


def _copy(source: str | Path, target: str | Path) -> str:
    shutil.copy2(source, target)
    _give(source, target)
    return str(target)


def _give(source: str | Path, target: str | Path) -> None:
    """Let the owner of a file own its copy: the program may run as them. Only root can do that."""
    owner = Path(source).stat()
    with suppress(PermissionError):
        os.chown(target, owner.st_uid, owner.st_gid)


def _special(folder: str, names: list[str]) -> list[str]:
    """Return the pipes, sockets and devices in a folder, which can't be copied."""
    paths = [Path(folder, name) for name in names]
    return [
        path.name for path in paths if not (path.is_symlink() or path.is_file() or path.is_dir())
    ]


def _escaped(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("$", "$$")
    if isinstance(value, Mapping):
        return {key: _escaped(entry) for key, entry in value.items()}
    return [_escaped(entry) for entry in value] if isinstance(value, list) else value


def _compose(directory: Path, *files: Path, name: str = "") -> list[str]:
    named = [f"--project-name={name}"] if name else []
    read = [f"--file={file}" for file in files]
    return ["compose", *named, f"--project-directory={directory}", *read]


def _environment() -> dict[str, str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if name in _PASSED_ON
        or name.startswith(_PASSED_ON_PREFIXES)
        or name.lower().endswith("_proxy")
    }
    return kept | _NO_REMOTE


def composed(project: str, service: str) -> Container:
    """Return a service's container, running or not, by its compose project.

    Raises:
        ProjectError: there is none.
    """
    listed = command.docker(
        "ps",
        "--all",
        "--quiet",
        "--no-trunc",
        f"--filter=label=com.docker.compose.project={project}",
        f"--filter=label=com.docker.compose.service={service}",
    ).split()
    if not listed:
        raise ProjectError(
            f"docker compose didn't create a container for the service {service}",
            "run it in the project: docker compose up --build --wait",
        )
    return Container(listed[0])


def remove_composed(project: str) -> None:
    """Remove a compose project's containers, networks, volumes and images."""
    with signals.held():
        arguments = ("down", "--volumes", "--remove-orphans", "--rmi=all", "--timeout=0")
        command.docker("compose", f"--project-name={project}", *arguments)


def composed_projects(prefix: str) -> tuple[str, ...]:
    """Return the names of the compose projects that begin with ``prefix``."""
    label = "com.docker.compose.project"
    containers = command.docker(
        "ps", "--all", f"--filter=label={label}", f'--format={{{{.Label "{label}"}}}}'
    )
    return tuple(sorted({name for name in containers.split() if name.startswith(prefix)}))
