"""Rules DG001…: what must hold for a project's files, before anything is built."""

from collections.abc import Iterator
from dataclasses import dataclass

from dockgen.checks.model import Place, Violation, rule
from dockgen.contract import Contract
from dockgen.dockerfile import Dockerfile

# What an image's name means where it names no registry.
_HUB = "docker.io"
_HUB_OFFICIAL = "library"


@dataclass(frozen=True)
class Files:
    """A project's files, as far as rules look at them; ``dockerfile`` is None if there is none."""

    dockerfile: Dockerfile | None


@rule(
    "DG001",
    fix="name images as your registry has them: FROM registry.example.com/hub/python:3.14",
    sources=["NIST SP 800-190 4.1.5", "CIS Docker 4.2", "OWASP Docker rule 13"],
    alike={"hadolint": ["DL3026"]},
)
def base_images_are_allowed(files: Files, contract: Contract) -> Iterator[Violation]:
    """Base images come from an allowed registry.

    What a build pulls becomes part of the image, or makes it. A company that scans and mirrors
    base images wants none from elsewhere. It holds for each FROM, COPY --from, RUN --mount=from
    and `# syntax=` that names an image. The list is the project's own, rules.allowed_registries in
    dockgen.toml; without one, every registry is allowed.
    """
    allowed = contract.policy.allowed_registries
    if not allowed:
        return
    if files.dockerfile is None:
        yield Violation(
            "there is no Dockerfile to look at", "bring it back, or drop rules.allowed_registries"
        )
        return
    for image in files.dockerfile.images:
        if not any(_is_below(image.name, prefix) for prefix in allowed):
            yield Violation(
                f"line {image.line} of the Dockerfile names {image.name}, "
                f"which is not from {' or '.join(allowed)}",
                f"name it as your registry has it, for example: {allowed[0]}/{_last(image.name)}",
                Place("Dockerfile", image.line),
            )


RULES = (base_images_are_allowed,)


def _is_below(image: str, prefix: str) -> bool:
    """Whether a prefix is made of the first parts of the image's full name."""
    parts, wanted = _parts(image), prefix.split("/")
    return parts[: len(wanted)] == wanted


def _parts(image: str) -> list[str]:
    """The parts of an image's full name, without tag and digest: docker.io, library, python."""
    *path, last = image.partition("@")[0].split("/")
    parts = [*path, last.partition(":")[0]]
    if len(parts) == 1:
        return [_HUB, _HUB_OFFICIAL, *parts]
    # As the engine tells a registry's host from a name on Docker Hub.
    is_host = "." in parts[0] or ":" in parts[0] or parts[0] == "localhost"
    return parts if is_host else [_HUB, *parts]


def _last(image: str) -> str:
    return image.rpartition("/")[2]
