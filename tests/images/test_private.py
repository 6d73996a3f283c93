"""Private packages, a company's authorities and its mirrors: what is passed works, and stays out.

A container is the company's host. It has git by ssh and by https, a package index, and mirrors; its
certificate is from an authority that nobody knows.
"""

import json
import os
import re
import secrets
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from dockgen import template
from dockgen.matrix import Cell, Language
from tests.images import company, leaks, steps
from tests.images.company import HOST, MIRRORED_WORDS, MODULE, WORDS, Company

# All of it on one worker, which starts the host once.
pytestmark = pytest.mark.xdist_group("company")


@dataclass(frozen=True)
class Case:
    """A way to get at private packages, in a cell."""

    private: str
    cell: Cell

    @property
    def passed(self) -> tuple[str, ...]:
        """What the build is given."""
        if self.private == "ssh":
            return ("ssh", "known_hosts")
        # The index is behind the company's own certificate.
        return ("npmrc" if self.cell.language is Language.NODE else "netrc", "ca-certificates")

    def __str__(self) -> str:
        return f"{self.private}-{self.cell}"


# Each language both ways. Python and Node on Alpine take git from Alpine's own repository, which not
# every machine reaches; with a token they take nothing from there.
CASES = [
    Case("token", Cell.parse("go-scratch")),
    Case("token", Cell.parse("python-slim")),
    Case("token", Cell.parse("python-alpine")),
    Case("token", Cell.parse("node-slim")),
    Case("token", Cell.parse("node-alpine")),
    Case("ssh", Cell.parse("go-slim")),
    Case("ssh", Cell.parse("go-alpine")),
    Case("ssh", Cell.parse("python-slim")),
    Case("ssh", Cell.parse("python-scratch")),
    Case("ssh", Cell.parse("node-slim")),
]

# What is said where one of those is missing: by the host, or by ssh and TLS of the host.
REFUSED = {
    ("go", "netrc"): "could not read Username|terminal prompts disabled",
    ("python", "netrc"): "401 Unauthorized",
    ("node", "npmrc"): "E401",
    ("go", "ca-certificates"): "certificate",
    ("python", "ca-certificates"): "UnknownIssuer|certificate",
    ("node", "ca-certificates"): "UNABLE_TO_VERIFY_LEAF_SIGNATURE|unable to verify|self-signed",
    ("go", "ssh"): "Permission denied",
    ("python", "ssh"): "Permission denied",
    ("node", "ssh"): "Permission denied",
    ("go", "known_hosts"): "Host key verification failed",
    ("python", "known_hosts"): "Host key verification failed",
    ("node", "known_hosts"): "Host key verification failed",
}

USES_THE_MODULE = """\
package main

import "{module}"

func init() {{ println({package}.Words) }}
"""


def fresh_cache() -> str:
    """An option of `docker build` that gives it cache mounts which no other build filled."""
    return f"--build-arg=BUILDKIT_CACHE_MOUNT_NS={secrets.token_hex(8)}"


@pytest.fixture(scope="module")
def acme(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    """The company's host."""
    with company.serve(tmp_path_factory.mktemp("company")) as host:
        yield host


def add_private_package(project: Path, case: Case) -> None:
    """Use the private package as its users do."""
    match case.cell.language:
        case Language.GO:
            module = f"{HOST}/acme/greet.git"
            source = USES_THE_MODULE.format(module=module, package="greet")
            (project / "greet.go").write_text(source)
        case Language.PYTHON:
            address = f" @ git+ssh://git@{HOST}/acme/greet.git@v1.0.0"
            package = "acme-greet" + (address if case.private == "ssh" else "")
            manifest = project / "pyproject.toml"
            text = manifest.read_text().replace(
                "dependencies = [\n", f'dependencies = [\n  "{package}",\n', 1
            )
            if case.private == "token":
                text += f'\n[[tool.uv.index]]\nurl = "https://{HOST}/private/pypi/simple"\n'
            manifest.write_text(text)
        case Language.NODE:
            address = f"git+ssh://git@{HOST}/acme/greet.git#v1.0.0"
            manifest = project / "package.json"
            facts = json.loads(manifest.read_text())
            facts["dependencies"]["@acme/greet"] = address if case.private == "ssh" else "1.0.0"
            manifest.write_text(json.dumps(facts, indent=2) + "\n")


def render(directory: Path, cell: Cell, **answers: object) -> Path:
    """A cell's project with these answers."""
    given = {
        "name": "my-app",
        "language": str(cell.language),
        "flavor": str(cell.flavor),
        **answers,
    }
    return template.render(directory / "my-app", given, ask=()).directory


@dataclass(frozen=True)
class Built:
    """A project with a private package, what its build was given, and all that it left.

    ``left`` holds the image with its provenance, the build cache as it is exported, and what the
    engine says about the image.
    """

    case: Case
    project: Path
    passed: list[str]
    cache: str
    left: Path


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(case, id=str(case)) for case in CASES
    ],
)
def built(
    request: pytest.FixtureRequest, acme: Company, tmp_path_factory: pytest.TempPathFactory
) -> Built:
    """The project, locked and built with caches that knew nothing of the package."""
    case: Case = request.param
    project = render(
        tmp_path_factory.mktemp(str(case)),
        case.cell,
        private_dependencies=case.private,
        private_host=HOST,
        build_ca="ca-certificates" in case.passed,
    )
    add_private_package(project, case)
    passed, cache = acme.options(*case.passed), fresh_cache()
    steps.build(project, "--target=lock", cache, *passed, output="type=local,dest=.")
    left = tmp_path_factory.mktemp("left")
    steps.build(
        project,
        cache,
        *passed,
        "--provenance=mode=max",
        f"--metadata-file={left}/metadata.json",
        f"--cache-to=type=local,dest={left}/cache,mode=max",
        output=f"type=oci,tar=false,dest={left}/image",
    )
    tag = f"dockgen-test:{secrets.token_hex(6)}"
    try:
        steps.build(
            project, cache, *passed, "--provenance=mode=max", output=f"type=docker,name={tag}"
        )
        for name, command in {
            "history": ["history", "--no-trunc", "--format=json"],
            "inspect": ["image", "inspect"],
            "save": ["save"],
        }.items():
            with (left / name).open("wb") as file:
                subprocess.run(["docker", *command, tag], stdout=file, timeout=120, check=True)
    finally:
        subprocess.run(["docker", "image", "rm", "--force", tag], capture_output=True, check=False)
    return Built(case, project, passed, cache, left)


def test_the_package_is_in_the_image(built: Built) -> None:
    """The unmodified Dockerfile fetched it, with what it was given."""
    places = leaks.find(built.left, {"words": WORDS.encode()})
    assert any(place.startswith("words in image/") for place in places)
    assert any(place.startswith("words in save") for place in places)


def test_no_secret_is_left(built: Built, acme: Company) -> None:
    """Not in a layer, the history, the configuration, the provenance or the exported cache."""
    assert (built.left / "cache/index.json").exists()
    assert any(b"slsa.dev/provenance" in content for content in contents(built.left / "image"))
    assert leaks.find(built.left, acme.secrets) == []
    # Neither does what the lock target wrote go into a repository with a secret in it.
    assert leaks.find(built.project, acme.secrets) == []


def contents(folder: Path) -> list[bytes]:
    """The files of an image that is saved in a folder."""
    return [path.read_bytes() for path in folder.rglob("*") if path.is_file()]


# The folder that a language keeps its downloads in.
CACHES = {
    Language.GO: "/go/pkg/mod",
    Language.PYTHON: "/root/.cache/uv",
    Language.NODE: "/root/.npm",
}

# Secrets come by a file, as the builder would keep them otherwise. `find` gets one thing and then
# the other: what is there, and what may not be.
LOOK = """\
FROM golang:1.27
RUN --mount=type=cache,target={folder} --mount=type=secret,id=wanted \\
    test -n "$(ls {folder})" && ! grep -rqaFf /run/secrets/wanted {folder}
"""


def test_no_secret_is_in_the_cache_of_downloads(
    built: Built, acme: Company, tmp_path: Path
) -> None:
    """Other projects' builds read it, too."""
    (tmp_path / "wanted").write_bytes(b"\n".join(acme.secrets.values()) + b"\n")
    folder = CACHES[built.case.cell.language]
    (tmp_path / "Dockerfile").write_text(LOOK.format(folder=folder))
    secret = f"--secret=id=wanted,src={tmp_path}/wanted"
    steps.build(tmp_path, "--no-cache-filter=stage-0", built.cache, secret)


@pytest.mark.parametrize("number", [0, 1], ids=["credential", "trust"])
def test_fails_where_one_is_missing(built: Built, acme: Company, number: int) -> None:
    """And says why: the host refuses, or isn't believed."""
    order = ("netrc", "npmrc", "ssh", "ca-certificates", "known_hosts")
    names = sorted(built.case.passed, key=order.index)
    missing = names.pop(number)
    reason = REFUSED[str(built.case.cell.language), missing]
    with pytest.raises(AssertionError, match=reason):
        steps.build(built.project, fresh_cache(), *acme.options(*names))
