"""Images of the engine: build, check, save and remove."""

import secrets
import shlex
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from dockgen import reader, signals
from dockgen.engine import command
from dockgen.errors import ProjectError

# Deadlines in seconds.
BUILD_SECONDS = 1800.0
# A removal waits for the engine's garbage collection, which has taken minutes.
_REMOVAL_SECONDS = 300.0
SAVE_SECONDS = 600.0


@dataclass(frozen=True)
class BuildOptions:
    """Options of `docker build`; options that aren't given are left to Docker.

    ``file`` is the Dockerfile, ``target`` the stage to build.
    """

    file: Path | None = None
    target: str | None = None
    arguments: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()
    ssh: tuple[str, ...] = ()
    platform: str | None = None

    @property
    def flags(self) -> list[str]:
        """The names of the given options."""
        given = (("--file", self.file), ("--target", self.target), ("--build-arg", self.arguments),
                 ("--secret", self.secrets), ("--ssh", self.ssh),
                 ("--platform", self.platform))  # fmt: skip
        return [flag for flag, value in given if value]

    @property
    def is_plain(self) -> bool:
        """Whether no option is given."""
        return not self.flags

    @property
    def words(self) -> list[str]:
        """The options as arguments of the command line."""
        single = (("file", self.file), ("target", self.target), ("platform", self.platform))
        several = (("build-arg", self.arguments), ("secret", self.secrets), ("ssh", self.ssh))
        return [
            *(f"--{flag}={value}" for flag, value in single if value),
            *(f"--{flag}={value}" for flag, values in several for value in values),
        ]


class BuildError(ProjectError):
    """An image can't be built. ``log`` is everything that the build printed."""

    def __init__(self, message: str, hint: str, log: str) -> None:
        super().__init__(message, hint)
        self.log = log
        self.add_note(log)  # shown in tracebacks, which only tests have


def build_check(context: Path) -> str:
    """Return the warnings of `docker build --check` about the Dockerfile, or ""."""
    finished = command.run("build", "--check", "--", str(context), deadline=BUILD_SECONDS)
    if finished.returncode == 0 and "no warnings found" in finished.stdout:
        return ""
    lines = finished.stdout.splitlines()
    # Before the first warning, it prints its progress.
    starts = [number for number, line in enumerate(lines) if line.startswith("WARNING: ")]
    return "\n".join(lines[starts[0] if starts else 0 :]).replace(f"{context}/", "").strip()


def build(
    context: Path,
    tag: str = "",
    *,
    options: BuildOptions | None = None,
    target: str = "",
    output: Path | None = None,
    no_cache: bool = False,
    cache_mounts: str = "",
    deadline: float = BUILD_SECONDS,
) -> None:
    """Build the image of the Dockerfile in ``context``, or only its stage ``target``.

    Without a tag, the result stays in the build cache, which proves that it can be built; with an
    ``output``, its files are written into that folder. ``no_cache`` runs every step without the
    build cache, and empties the cache mounts. ``cache_mounts`` names a separate set of cache
    mounts, so that builds which use the shared ones keep theirs. A set with a new name is empty.

    Raises:
        BuildError: a step failed, or the build took longer than ``deadline`` seconds.
    """
    arguments = ["build", "--progress=plain"]
    # Without --load, a builder in a container would keep the image to itself.
    kept = f"--output={output}" if output else "--output=type=cacheonly"
    arguments += ["--load", f"--tag={tag}"] if tag else [kept]
    if target:
        arguments.append(f"--target={target}")
    if options:
        arguments += options.words
    if no_cache:
        arguments.append("--no-cache")
    if cache_mounts:
        arguments.append(f"--build-arg=BUILDKIT_CACHE_MOUNT_NS={cache_mounts}")
    what = f"the stage {target} of {context}" if target else f"the image of {context}"
    words = (*arguments, "--", str(context))
    again = shlex.join(["docker", "build", *(options.words if options else ()), str(context)])
    run_build(*words, what=what, again=again, deadline=deadline)


def run_build(
    *arguments: str,
    what: str,
    again: str,
    deadline: float,
    environment: Mapping[str, str] | None = None,
) -> None:
    """Run a docker command that builds something.

    Args:
        arguments: what follows ``docker``.
        what: what is built, for the message.
        again: the command that shows the whole output, for the hint.
        deadline: in seconds.
        environment: docker's whole environment; None for this process's own.

    Raises:
        BuildError: a step failed, or it took longer than ``deadline`` seconds.
    """
    try:
        finished = command.start(*arguments, deadline=deadline, environment=environment)
    except command.TimedOut as error:
        log = error.stdout.decode(errors="replace") if error.stdout else ""
        raise BuildError(
            f"building {what} took longer than {deadline:g} s.",
            f"see which step takes so long: {again}",
            log,
        ) from error
    if finished.returncode != 0:
        raise BuildError(
            f"{what} can't be built: {command.reason(finished.stdout)}",
            f"see the whole log: {again}",
            finished.stdout,
        )


@contextmanager
def temporary_image(
    context: Path,
    *,
    options: BuildOptions | None = None,
    no_cache: bool = False,
    cache_mounts: str = "",
    deadline: float = BUILD_SECONDS,
) -> Iterator[str]:
    """Build the image of ``context`` under a temporary name, and remove it at the end.

    Yields the image's tag. The build cache stays. The arguments are those of `build`.

    Raises:
        BuildError: as for `build`.
    """
    tag = f"dockgen-check:{secrets.token_hex(6)}"
    try:
        build(
            context,
            tag,
            options=options,
            no_cache=no_cache,
            cache_mounts=cache_mounts,
            deadline=deadline,
        )
        yield tag
    finally:
        remove(tag)


def remove(tag: str) -> None:
    """Remove a name of an image, and the image if it was the last one; a missing name is fine."""
    with signals.held():
        command.run("image", "rm", "--force", "--", tag, deadline=_REMOVAL_SECONDS)


def sent(context: Path, ignore_file: str) -> set[str]:
    """Return the paths of the files that a build gets from ``context``, relative to it.

    The builder is asked, because its own reading of the ignore file counts. ``ignore_file`` is that
    file's name, as in `Context`.

    Raises:
        BuildError: the folder can't be sent.
    """
    with signals.temporary_folder("dockgen-") as folder:
        probe = folder / "Dockerfile"
        probe.write_text("FROM scratch\nCOPY . /\n", encoding="utf-8")
        if ignore_file not in ("", ".dockerignore"):
            patterns = reader.text(context / ignore_file, inside=context)
            (folder / "Dockerfile.dockerignore").write_text(patterns, encoding="utf-8")
        archive = folder / "context.tar"
        output = f"--output=type=tar,dest={archive}"
        words = ("build", f"--file={probe}", output, "--", str(context))
        again = shlex.join(["docker", "build", str(context)])
        run_build(*words, what=f"the context {context}", again=again, deadline=BUILD_SECONDS)
        with tarfile.open(archive, "r|") as files:
            return {member.name for member in files if not member.isdir()}


def base_layers(base: str | None) -> tuple[str, ...] | None:
    """Return the digests ("sha256:…") of the unpacked layers of ``base``, lowest first.

    ``base`` is what follows a FROM. Returns None if it is unknown, or the engine can't get it.
    """
    if base is None:
        return None
    if base == "scratch":
        return ()
    with tempfile.TemporaryDirectory(prefix="dockgen-") as folder:
        (Path(folder) / "Dockerfile").write_text(f"FROM {base}\n", encoding="utf-8")
        try:
            with temporary_image(Path(folder)) as tag:
                words = ("image", "inspect", "--format={{json .RootFS.Layers}}", "--", tag)
                return tuple(reader.parse_json(command.docker(*words)))
        except BuildError:
            return None


def save(image: str, destination: Path) -> None:
    """Write the image to ``destination`` as `docker save` does: a tar of its layers.

    Raises:
        ProjectError: the image doesn't exist.
    """
    words = ("save", f"--output={destination}", "--", image)
    done = command.run(*words, deadline=SAVE_SECONDS, errors_apart=True)
    if done.returncode != 0:
        hint = command.LOOK_AT_ENGINE
        if "no such image" in done.stderr.lower():
            hint = f"docker pull {image}"
        elif "no space left" in done.stderr.lower():
            hint = (
                f"free some space in {destination.parent.parent}, or set TMPDIR to another folder"
            )
        raise ProjectError(f"docker save failed: {command.reason(done.stderr)}", hint)
