"""Rules DG001…: what must hold for a project's files, before anything is built."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from dockgen import credentials
from dockgen.checks import copied
from dockgen.checks.model import Place, Severity, Violation, rule
from dockgen.containerfiles import gomodule
from dockgen.containerfiles.context import Context
from dockgen.containerfiles.dockerfile import Dockerfile, Instruction
from dockgen.contract import Contract

# The registry of an image whose name has none.
_HUB = "docker.io"
_HUB_OFFICIAL = "library"
_MB = 10**6
_VARIABLE = re.compile(r"\$(?:\{[^}]*\}|\w+)")


@dataclass(frozen=True)
class Files:
    """A project's files, as far as rules look at them.

    ``dockerfile`` is None if there is none, and ``context`` if the build's folder is unknown.
    ``left_out`` are the files that git tracks and the build doesn't get; None if unknown. ``name``
    is the Dockerfile's path, relative to the folder.
    """

    dockerfile: Dockerfile | None
    context: Context | None = None
    left_out: Sequence[str] | None = None
    name: str = "Dockerfile"


@rule(
    "DG001",
    fix="use images from an allowed registry: FROM registry.example.com/hub/python:3.14",
    sources=["NIST SP 800-190 4.1.5", "CIS Docker 4.2", "OWASP Docker rule 13"],
    alike={"hadolint": ["DL3026"]},
)
def base_images_are_allowed(files: Files, contract: Contract) -> Iterator[Violation]:
    """Base images come from an allowed registry.

    A base image becomes part of your image. If your company scans or mirrors base images, you don't
    want images from other registries. This applies to each image in FROM, COPY --from, RUN
    --mount=from and `# syntax=`. Set the list in rules.allowed_registries in dockgen.toml. Without
    a list, every registry is allowed.
    """
    allowed = contract.policy.allowed_registries
    if not allowed:
        return
    if files.dockerfile is None:
        yield Violation(
            "there is no Dockerfile to read", "restore it, or remove rules.allowed_registries"
        )
        return
    for image in files.dockerfile.images:
        if not any(_is_below(image.name, prefix) for prefix in allowed):
            yield Violation(
                f"line {image.line} of the Dockerfile uses {image.name}, "
                f"which isn't from {' or '.join(allowed)}",
                f"use an allowed registry, for example: {allowed[0]}/{_last(image.name)}",
                Place(files.name, image.line),
            )


@rule(
    "DG002",
    fix="add a version, for example: FROM python:3.14-slim",
    sources=["CIS Docker 4.2", "Dockerfile best practices, pin base image versions"],
    alike={
        "hadolint": ["DL3006", "DL3007"],
        "Trivy": ["DS-0001"],
        "Dockle": ["DKL-DI-0006"],
        "Checkov": ["CKV_DOCKER_7"],
    },
    severity=Severity.WARNING,
)
def images_have_a_version(files: Files, _contract: Contract) -> Iterator[Violation]:
    """Base images have a version.

    An image without a tag means `latest`, which can change at any time. The image that you build
    tomorrow may have another version of the language, and you can't repeat an old build. This
    applies to each image that a build pulls, also with COPY --from. A digest counts as a version.
    """
    for image in files.dockerfile.images if files.dockerfile else ():
        name, at, _ = image.name.partition("@")
        # A build argument may contain the version.
        last = _last(_VARIABLE.sub("$", name))
        if not at and "$" not in last and last.partition(":")[2] in ("", "latest"):
            yield Violation(
                f"line {image.line} of the Dockerfile uses {name.removesuffix(':latest')}"
                " without a version",
                f"add the version: {name.removesuffix(':latest')}:<version>",
                Place(files.name, image.line),
            )


@rule(
    "DG003",
    fix="use a newer image: FROM golang:<the version of the go line>",
    sources=["Go toolchains, GOTOOLCHAIN=local in the official image"],
)
def go_is_new_enough(files: Files, _contract: Contract) -> Iterator[Violation]:
    """The Go image is new enough for the module.

    Go can't build a module if the `go` line in go.mod names a newer version, and the official image
    doesn't download newer toolchains. An update of a dependency can raise that line. This is the
    most common reason why a build that worked last week fails today.
    """
    if files.dockerfile is None or files.context is None:
        return
    for found in gomodule.too_old(files.dockerfile, files.context.go):
        version = ".".join(found.needed.split(".")[:2])
        yield Violation(
            f"line {found.line} of the Dockerfile builds with {found.image}, but {found.path}"
            f" needs go {found.needed}",
            f"change line {found.line}: FROM golang:{version}",
            Place(files.name, found.line),
        )


@rule(
    "DG004",
    fix="exclude what the build doesn't need in .dockerignore: .git, .env*, dependencies, builds",
    sources=["Docker, build context and .dockerignore", "OWASP Docker rule 12"],
    alike={"BuildKit": ["CopyIgnoredFile"], "Dockle": ["DKL-LI-0003"]},
    severity=Severity.WARNING,
)
def context_is_small(files: Files, contract: Contract) -> Iterator[Violation]:
    """The build context contains only what the build needs.

    A step that copies the whole folder also copies version control, secrets and local dependencies.
    They end up in the image or in the build cache, slow down each build, and invalidate the cache
    when they change. The limit is 100 MB, or limits.context_mb in dockgen.toml. A Dockerfile that
    copies single files and folders always passes.
    """
    if files.dockerfile is None or files.context is None:
        return
    whole = _copies_of_all(files.dockerfile)
    if not whole:
        return
    line = whole[0].line
    sent = sum(files.context.files.values())
    limit = contract.limits.context_bytes
    if not files.context.ignore_file:
        yield Violation(
            f"line {line} of the Dockerfile copies the whole folder ({_size(sent)}) without a"
            " .dockerignore",
            place=Place(files.name, line),
        )
    elif sent > limit:
        path, size = max(_below(files.context.files).items(), key=lambda item: item[1])
        yield Violation(
            f"line {line} of the Dockerfile copies {sent / _MB:.1f} MB, the limit is"
            f" {limit / _MB:g} MB; {path} has {size / _MB:.1f} MB",
            f"add it to {files.context.ignore_file}, or raise limits.context_mb in dockgen.toml",
            Place(files.context.ignore_file),
        )


@rule(
    "DG005",
    fix="mount it in the step that needs it: RUN --mount=type=secret,id=token …",
    sources=["CIS Docker 4.10", "OWASP Docker rule 12", "Docker, build secrets"],
    alike={
        "hadolint": ["DL3064"],
        "BuildKit": ["SecretsUsedInArgOrEnv"],
        "Trivy": ["DS-0031"],
    },
)
def dockerfile_has_no_secret(files: Files, _contract: Contract) -> Iterator[Violation]:
    """The Dockerfile contains no secrets.

    Anyone who can read the repository or the build cache can read them. This rule covers the stages
    that don't become part of the image; DG111 covers the others. Placeholders such as "changeme"
    don't count.
    """
    if files.dockerfile is None:
        return
    shipped = files.dockerfile.shipped
    steps = [*files.dockerfile.arguments]
    for position, stage in enumerate(files.dockerfile.stages):
        steps += stage.instructions if position not in shipped else ()
    for step in steps:
        for what in _secrets(step):
            yield Violation(
                f"line {step.line} of the Dockerfile contains {what}",
                place=Place(files.name, step.line),
            )


@rule(
    "DG006",
    fix="mount it in the step that needs it: RUN --mount=type=secret,id=token …",
    sources=["CIS Docker 4.10", "OWASP Docker rule 12", "Docker, build secrets"],
    alike={
        "hadolint": ["DL3064"],
        "BuildKit": ["SecretsUsedInArgOrEnv"],
        "Trivy": ["DS-0031"],
    },
    severity=Severity.WARNING,
)
def no_argument_is_a_secret(files: Files, _contract: Contract) -> Iterator[Violation]:
    """Secrets aren't passed as build arguments.

    The value of a build argument stays in the history of the image, in its provenance and in the
    build cache. Anyone who can pull the image or use the cache can read it. A secret mount isn't
    stored.
    """
    if files.dockerfile is None:
        return
    stages = [stage.instructions for stage in files.dockerfile.stages]
    for step in (step for steps in (files.dockerfile.arguments, *stages) for step in steps):
        for name, value in step.values if step.keyword == "ARG" else ():
            if not value and credentials.is_named_as_one(name):
                yield Violation(
                    f"line {step.line} of the Dockerfile takes {name} as a build argument",
                    f"use a secret mount instead: RUN --mount=type=secret,id={name},env={name} …",
                    Place(files.name, step.line),
                )


@rule(
    "DG007",
    fix="include it with a last line in .dockerignore: !<path>",
    sources=["Docker, build context and .dockerignore"],
    alike={"BuildKit": ["CopyIgnoredFile"]},
    severity=Severity.WARNING,
)
def tracked_files_are_copied(files: Files, _contract: Contract) -> Iterator[Violation]:
    """The build gets the files that git tracks.

    A pattern in .dockerignore can match too much, for example a public certificate that the program
    reads. The build succeeds, but the program fails when it doesn't find the file. This rule
    compares what each step copies with the files that git tracks there, except README files and
    files for editors, git and CI. If a file must stay out, remove it from git, or ignore this rule
    and say why.
    """
    if files.dockerfile is None or not files.left_out:
        return
    needed = copied.looks_needed(files.dockerfile, files.left_out)
    if needed:
        more = f" and {len(needed) - 3} more" if len(needed) > 3 else ""
        yield Violation(
            f"git tracks {', '.join(needed[:3])}{more}, but .dockerignore excludes it",
            f"include it with a last line in .dockerignore: !{needed[0]}",
            Place(files.context.ignore_file if files.context else None),
        )


RULES = (
    base_images_are_allowed,
    images_have_a_version,
    go_is_new_enough,
    context_is_small,
    dockerfile_has_no_secret,
    no_argument_is_a_secret,
    tracked_files_are_copied,
)


def _size(count: int) -> str:
    """Format a number of bytes."""
    return f"{count / _MB:.1f} MB" if count >= _MB // 10 else f"{count / 1000:.0f} kB"


def _copies_of_all(dockerfile: Dockerfile) -> list[Instruction]:
    """Return the steps of a build of the last stage that copy the whole folder."""
    found = []
    for position in dockerfile.needed:
        for step in dockerfile.stages[position].instructions:
            if step.keyword in ("COPY", "ADD") and not any(
                flag == "from" for flag, _ in step.flags
            ):
                sources = [word.strip("[],\"'") for word in step.words[:-1]]
                if any(source.rstrip("/") in ("", ".", "*", "./*") for source in sources):
                    found.append(step)
    return found


def _below(files: Mapping[str, int]) -> dict[str, int]:
    """Return the bytes of each top-level file and folder."""
    sizes: dict[str, int] = {}
    for path, size in files.items():
        top = path.partition("/")[0]
        sizes[top] = sizes.get(top, 0) + size
    return sizes


def _secrets(step: Instruction) -> Iterator[str]:
    """Describe each secret in an instruction."""
    if step.keyword in ("ARG", "ENV", "LABEL"):
        for name, value in step.values:
            if value and (what := credentials.in_variable(name, value)):
                yield f"{what} ({name})"
    elif what := credentials.in_text(f"{step.rest}\n{step.heredoc}"):
        yield what


def _is_below(image: str, prefix: str) -> bool:
    """Return whether a prefix consists of the first parts of the image's full name."""
    parts, wanted = _parts(image), prefix.split("/")
    return parts[: len(wanted)] == wanted


def _parts(image: str) -> list[str]:
    """Return the parts of an image's full name, without its tag: docker.io, library, python."""
    *path, last = image.partition("@")[0].split("/")
    parts = [*path, last.partition(":")[0]]
    if len(parts) == 1:
        return [_HUB, _HUB_OFFICIAL, *parts]
    # How the engine distinguishes a registry's host from a name on Docker Hub.
    is_host = "." in parts[0] or ":" in parts[0] or parts[0] == "localhost"
    return parts if is_host else [_HUB, *parts]


def _last(image: str) -> str:
    return image.rpartition("/")[2]
