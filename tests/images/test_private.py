"""Private packages, own certificate authorities and mirrors work, and no secret is left behind.

A container is the company's host. It has git by ssh and by https, a package index, and mirrors; its
certificate is from an authority that no one knows.
"""

import functools
import json
import os
import re
import secrets
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from dockgen import template
from dockgen.matrix import Cell, Language
from tests.images import company, leaks, steps
from tests.images.company import HOST, MODULE, WORDS, Company
from tests.images.conftest import in_release
from tests.variants import PYTHON_INDEX

# All of it on one worker, which starts the host once.
pytestmark = pytest.mark.xdist_group("company")


@dataclass(frozen=True)
class Case:
    """A way to get at private packages, in a cell.

    ``manager`` and ``framework`` are "" for the default of its language.
    """

    private: str
    cell: Cell
    manager: str = ""
    framework: str = ""

    @property
    def passed(self) -> tuple[str, ...]:
        """What the build is given."""
        if self.private == "ssh":
            return ("ssh", "known_hosts")
        # The index is behind the company's own certificate.
        files = {"yarn": "yarnrc", "pnpm": "npmrc"}
        usual = "npmrc" if self.cell.language is Language.NODE else "netrc"
        return (files.get(self.manager, usual), "ca-certificates")

    @property
    def answers(self) -> dict[str, str]:
        """The answers about package manager and framework, and what those need here."""
        index = PYTHON_INDEX if self.manager == "poetry" else ""
        given = {"package_manager": self.manager, "framework": self.framework}
        return {name: value for name, value in given.items() if value} | {"package_index": index}

    def __str__(self) -> str:
        return "-".join(filter(None, (self.private, str(self.cell), self.manager, self.framework)))


# Each language one way in each run, and both ways with each package manager before a release. By
# ssh, Python and Node on Alpine take git from Alpine's own repository, which the stand-ins of the
# base images don't have.
CASES = [
    Case("token", Cell.parse("go-scratch")),
    Case("ssh", Cell.parse("python-scratch")),
    Case("token", Cell.parse("node-alpine")),
    *in_release(
        Case("ssh", Cell.parse("go-slim")),
        Case("token", Cell.parse("python-slim")),
        Case("token", Cell.parse("python-alpine"), "uv"),
        Case("token", Cell.parse("python-slim"), "poetry"),
        Case("ssh", Cell.parse("python-slim"), "uv"),
        Case("ssh", Cell.parse("python-scratch"), "poetry"),
        Case("ssh", Cell.parse("node-slim")),
        Case("token", Cell.parse("node-alpine"), "pnpm"),
        Case("token", Cell.parse("node-slim"), "yarn"),
        Case("token", Cell.parse("node-alpine"), framework="vite"),
        Case("ssh", Cell.parse("node-slim"), "pnpm"),
        Case("ssh", Cell.parse("node-scratch"), "yarn"),
    ),
]

# What is said where one of those is missing. Go tries one protocol after the other and says no more
# than that; npm, without the file, doesn't know the index and asks the public one.
NO_PROTOCOL = "no secure protocol found for repository"
UNTRUSTED = {
    Language.GO: "x509: certificate signed by unknown authority",
    Language.PYTHON: "UnknownIssuer|CERTIFICATE_VERIFY_FAILED",
    Language.NODE: "UNABLE_TO_VERIFY_LEAF_SIGNATURE|unable to verify|SELF_SIGNED_CERT",
}
REFUSED = {
    ("netrc", Language.GO): NO_PROTOCOL,
    ("netrc", Language.PYTHON): "401 Unauthorized",
    ("npmrc", Language.NODE): "E404",
    ("ca-certificates", Language.GO): NO_PROTOCOL,
    ("ca-certificates", Language.PYTHON): UNTRUSTED[Language.PYTHON],
    ("ca-certificates", Language.NODE): UNTRUSTED[Language.NODE],
    ("ssh", Language.GO): NO_PROTOCOL,
    ("ssh", Language.PYTHON): "Permission denied",
    ("ssh", Language.NODE): "Permission denied",
    ("known_hosts", Language.GO): NO_PROTOCOL,
    ("known_hosts", Language.PYTHON): "Host key verification failed",
    ("known_hosts", Language.NODE): "Host key verification failed",
    ("npmrc", "pnpm"): "ERR_PNPM_FETCH_404",
    ("yarnrc", "yarn"): "Invalid authentication",
    # Yarn shows little of what ssh says.
    ("known_hosts", "yarn"): "Failed cloning the repository",
    # Poetry has words of its own, and keeps those of ssh to itself.
    ("ssh", "poetry"): "Failed to clone ssh://",
    ("known_hosts", "poetry"): "Failed to clone ssh://",
    ("netrc", "poetry"): "Authorization error accessing",
    ("ca-certificates", "poetry"): f"All attempts to connect to {HOST} failed",
}

USES_THE_MODULE = """\
package main

import "{module}"

func init() {{ println({package}.Words) }}
"""


# What pyproject.toml says of the private index.
_UV_INDEX = f"""
[[tool.uv.index]]
url = "https://{HOST}/private/pypi/simple"
"""
INDEXES = {
    "pip": _UV_INDEX,
    "uv": _UV_INDEX,
    "poetry": f"""
[tool.poetry.dependencies]
acme-greet = {{ source = "private" }}

[[tool.poetry.source]]
name = "private"
url = "https://{HOST}/private/pypi/simple"
priority = "explicit"
""",
}


# What pip and Yarn say of a mirror without TLS that isn't allowed by name.
NOT_ALLOWED = r"not a trusted or secure host|Unsafe http requests"


def fresh_cache() -> str:
    """Return an option of `docker build` for cache mounts that no other build has filled."""
    return f"--build-arg=BUILDKIT_CACHE_MOUNT_NS={secrets.token_hex(8)}"


# The folder that a language keeps its downloads in, or a package manager other than its usual one.
CACHES: dict[str, str] = {
    Language.GO: "/go/pkg/mod",
    Language.PYTHON: "/root/.cache/uv",
    Language.NODE: "/root/.npm",
    "uv": "/root/.cache/uv",
    "poetry": "/root/.cache/pypoetry",
    "pnpm": "/root/.local/share/pnpm/store",
    "yarn": "/root/.yarn/berry",
}


def own_caches(project: Path, language: Language, name: str) -> list[str]:
    """Return the option of a build that finds nothing that others have downloaded.

    Go keeps what it compiled: its own library would take half a minute each time.
    """
    if language is Language.GO:
        steps.exchange_caches(project, name, CACHES[language])
        # The steps run again only where they have changed: each of them knows another host.
        return [f"--add-host={name}:127.0.0.1"]
    return [f"--build-arg=BUILDKIT_CACHE_MOUNT_NS={name}"]


# How often a package manager asks again. Their own answer to a host that they don't believe is to
# wait for up to a minute, as if that could change.
ONCE = """\
ENV NPM_CONFIG_FETCH_RETRIES=0 \
    PIP_RETRIES=0 \
    POETRY_REQUESTS_MAX_RETRIES=0 \
    UV_HTTP_RETRIES=0 \
    YARN_HTTP_RETRY=0
"""


def ask_once(project: Path, folder: str = "") -> None:
    """Let package managers ask once, from the first step on that has a cache, or this one."""
    dockerfile = project / "Dockerfile"
    before, *steps = dockerfile.read_text().split("\nRUN ")
    wanted = re.compile(rf"type=cache,(id=[^,]+,)?target={folder}")
    number = next(n for n, step in enumerate(steps) if wanted.search(step))
    steps[number] = f"\n{ONCE}RUN {steps[number]}"
    kept = "".join(f"\nRUN {step}" for step in steps[:number])
    rest = "".join(f"\nRUN {step}" for step in steps[number + 1 :])
    dockerfile.write_text(before + kept + steps[number] + rest)


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
                text += INDEXES[case.manager or "pip"]
            manifest.write_text(text)
        case Language.NODE:
            address = f"git+ssh://git@{HOST}/acme/greet.git#v1.0.0"
            manifest = project / "package.json"
            facts = json.loads(manifest.read_text())
            version = address if case.private == "ssh" else "1.0.0"
            facts.setdefault("dependencies", {})["@acme/greet"] = version
            manifest.write_text(json.dumps(facts, indent=2) + "\n")
            if case.framework == "vite":
                script = project / "src/main.js"
                line = "import { words } from '@acme/greet';\n\nconsole.log(words);\n"
                script.write_text(line + script.read_text())


def render(directory: Path, cell: Cell, **answers: object) -> Path:
    """Return a cell's project with these answers."""
    given = {
        "name": "my-app",
        "language": str(cell.language),
        "flavor": str(cell.flavor),
        **answers,
    }
    return template.render(directory / "my-app", given, ask=()).directory


def locked(directory: Path, case: Case, passed: list[str], caches: str) -> tuple[Path, list[str]]:
    """Make a project with the private package and a lock file for it, as in the README.

    Beside it, the options of a build with caches of that name.
    """
    project = render(
        directory,
        case.cell,
        private_dependencies=case.private,
        private_host=HOST,
        build_ca="ca-certificates" in case.passed,
        **case.answers,
    )
    add_private_package(project, case)
    own = own_caches(project, case.cell.language, caches)
    lock(project, *own, *passed)
    return project, own


def lock(project: Path, *options: str) -> None:
    """Make the lock file again, in the stage that does it, and nothing that this stands on."""
    anew = "--no-cache-filter=resolve,tidy"
    steps.build(project, "--target=lock", anew, *options, output="type=local,dest=.")


@dataclass(frozen=True)
class Built:
    """A project with a private package, and all that its build left.

    ``caches`` is the name of its caches, and ``own`` are the options that make a build use them.
    ``left`` has the image with its history and provenance, the build cache as it is exported, and
    what the builder says of the build. ``found`` is what of all that was looked for is in there:
    secrets, the package's words, and git's folder of it.
    """

    case: Case
    project: Path
    caches: str
    own: list[str]
    left: Path
    found: list[str]


@pytest.fixture(scope="module", params=CASES, ids=str)
def built(
    request: pytest.FixtureRequest, acme: Company, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Built]:
    """The project, locked and built with caches that knew nothing of the package."""
    case: Case = request.param
    passed, caches = acme.options(*case.passed), secrets.token_hex(8)
    project, own = locked(tmp_path_factory.mktemp(str(case)), case, passed, caches)
    left = tmp_path_factory.mktemp("left")
    plain = "compression=uncompressed"  # Packing takes longer than all else.
    steps.build(
        project,
        *own,
        *passed,
        "--provenance=mode=max",
        f"--metadata-file={left}/metadata.json",
        f"--cache-to=type=local,dest={left}/cache,mode=max,{plain}",
        output=f"type=oci,tar=false,dest={left}/image,{plain}",
    )
    wanted = {**acme.secrets, "words": WORDS.encode(), "clone": b"greet/.git/"}
    found = leaks.find(left, wanted, known=bases_of(project))
    yield Built(case, project, caches, own, left, found)
    shutil.rmtree(left)  # The layers of all stages, unpacked.


def bases_of(project: Path) -> frozenset[str]:
    """Return the digests of the base images' blobs, which are older than any secret."""
    dockerfile = (project / "Dockerfile").read_text()
    names = set(re.findall(r"^FROM (?:--platform=\S+ )?(\S+:\S+)", dockerfile, re.MULTILINE))
    return frozenset().union(*map(blobs, names))


@functools.cache
def blobs(image: str) -> frozenset[str]:
    """Return the digests of an image's blobs."""
    with subprocess.Popen(["docker", "save", image], stdout=subprocess.PIPE) as save:
        assert save.stdout is not None
        with tarfile.open(fileobj=save.stdout, mode="r|") as tar:
            found = {Path(member.name).name for member in tar if member.isreg()}
        save.stdout.read()
    assert save.returncode == 0
    return frozenset(found)


def test_the_package_is_in_the_image_and_no_secret(built: Built, acme: Company) -> None:
    """Not in a layer, the history, the configuration, the provenance or the exported cache."""
    assert any(place.startswith("words in image/") for place in built.found)
    assert (built.left / "cache/index.json").exists()
    assert any(b"slsa.dev/provenance" in content for content in contents(built.left / "image"))
    # Of a package from git the image has what is installed, not its history.
    assert [place for place in built.found if not place.startswith("words in ")] == []
    # Neither does what the lock target wrote go into a repository with a secret in it.
    assert leaks.find(built.project, acme.secrets) == []


def contents(folder: Path) -> list[bytes]:
    """Return the files of an image that is saved in a folder."""
    return [path.read_bytes() for path in folder.rglob("*") if path.is_file()]


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
    language = built.case.cell.language
    folder = CACHES[built.case.manager or language]
    (tmp_path / "Dockerfile").write_text(LOOK.format(folder=folder))
    own = own_caches(tmp_path, language, built.caches)
    secret = f"--secret=id=wanted,src={tmp_path}/wanted"
    steps.build(tmp_path, "--no-cache-filter=stage-0", *own, secret)


@pytest.mark.parametrize("number", [0, 1], ids=["credential", "trust"])
def test_fails_where_one_is_missing(
    built: Built, acme: Company, tmp_path: Path, number: int
) -> None:
    """The error says why: the host refuses, or isn't trusted."""
    order = ("netrc", "npmrc", "yarnrc", "ssh", "ca-certificates", "known_hosts")
    names = sorted(built.case.passed, key=order.index)
    missing = names.pop(number)
    manager, language = built.case.manager, built.case.cell.language
    words = REFUSED[missing, manager if (missing, manager) in REFUSED else language]
    project = shutil.copytree(built.project, tmp_path / "my-app")
    # What the build itself uses stays at hand.
    folder = CACHES[manager or language]
    ask_once(project, folder)
    steps.exchange_caches(project, secrets.token_hex(8), folder)
    if manager == "pnpm":
        # It would wait for minutes, as if whom it doesn't believe could change its mind.
        with (project / "pnpm-workspace.yaml").open("a") as settings:
            settings.write("fetchRetries: 0\n")
    with pytest.raises(AssertionError, match=words):
        steps.build(project, *built.own, *acme.options(*names))


# A build that keeps the token: in the image, in a stage that is no part of it, in the history.
KEPT = """\
FROM golang:1.27 AS made
ARG NUMBER
RUN --mount=type=secret,id=netrc cp /run/secrets/netrc /kept
RUN gzip </kept >/kept.gz && echo >/other

FROM scratch
COPY --from=made {copied} /
{last}
"""


@pytest.mark.parametrize(
    ("copied", "last", "places"),
    [
        *in_release(("/kept", "", {"image", "cache"})),
        ("/kept.gz", "", {"image", "cache"}),
        ("/other", "", {"cache"}),
        *in_release(("/other", "LABEL token={token}", {"image", "cache"})),
    ],
    ids=["layer", "packed", "other-stage", "label"],
)
def test_a_secret_that_is_left_would_be_found(
    acme: Company, tmp_path: Path, copied: str, last: str, places: set[str]
) -> None:
    """The same search, after a build that keeps one."""
    text = KEPT.format(copied=copied, last=last.format(token=acme.token))
    (tmp_path / "Dockerfile").write_text(text)
    left = tmp_path / "left"
    steps.build(
        tmp_path,
        # A secret is no part of what the builder goes by: an earlier run's would be taken.
        f"--build-arg=NUMBER={secrets.token_hex(8)}",
        *acme.options("netrc"),
        "--provenance=mode=max",
        f"--cache-to=type=local,dest={left}/cache,mode=max",
        output=f"type=oci,tar=false,dest={left}/image",
    )
    found = leaks.find(left, {"token": acme.secrets["token"]})
    assert {place.removeprefix("token in ").partition("/")[0] for place in found} == places


@pytest.mark.parametrize(
    "case",
    [
        *in_release(Case("token", Cell.parse("node-alpine"))),
        Case("ssh", Cell.parse("python-scratch")),
    ],
    ids=str,
)
def test_compose_passes_it_on(acme: Company, tmp_path: Path, case: Case) -> None:
    """From where people have these files: in their home folder, and on the machine."""
    project, _ = locked(tmp_path, case, acme.options(*case.passed), secrets.token_hex(8))
    home = tmp_path / "home"
    for name, path in {"npmrc": ".npmrc", "known_hosts": ".ssh/known_hosts"}.items():
        (home / path).parent.mkdir(parents=True, exist_ok=True)
        (home / path).write_bytes(acme.files[name].read_bytes())
    # Only what a test needs besides: the address of the host, and a name of its own.
    tag = f"dockgen-test-{secrets.token_hex(6)}"
    build = {"extra_hosts": [f"{HOST}:{acme.address}"]}
    own = {"services": {"app": {"image": tag, "build": build}}}
    (tmp_path / "own.yaml").write_text(json.dumps(own))
    environment = os.environ | {
        "DOCKER_CONFIG": os.environ.get("DOCKER_CONFIG", str(Path.home() / ".docker")),
        "HOME": str(home),
        "SSL_CERT_FILE": str(acme.files["ca-certificates"]),
    }
    command = ["docker", "compose", "--file=compose.yaml", f"--file={tmp_path}/own.yaml", "build"]
    agent = [f"--ssh=default={acme.key}"] if case.private == "ssh" else []
    try:
        done = subprocess.run(
            [*command, fresh_cache(), *agent],
            cwd=project, env=environment, capture_output=True, text=True, timeout=600,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
    finally:
        subprocess.run(["docker", "image", "rm", "--force", tag], capture_output=True, check=False)


def use_mirror(project: Path, language: Language, acme: Company) -> None:
    """Let the project need what the mirror has; for Python that is all of the sample app."""
    if language is Language.GO:
        source = USES_THE_MODULE.format(module=MODULE, package="mirrored")
        (project / "mirrored.go").write_text(source)
        manifest = project / "go.mod"
        manifest.write_text(f"{manifest.read_text()}\nrequire {MODULE} v1.0.0\n")
        (project / "go.sum").write_text(acme.go_sum)
    if language is Language.NODE:
        manifest = project / "package.json"
        facts = json.loads(manifest.read_text())
        manifest.write_text(json.dumps(facts | {"dependencies": {"mirrored": "1.0.0"}}))
        for name in ("package-lock.json", "pnpm-lock.yaml", "yarn.lock"):
            (project / name).unlink(missing_ok=True)
        lock(project, *acme.options("ca-certificates"))


@pytest.mark.parametrize(
    ("cell", "manager", "index", "asked"),
    [
        ("go-scratch", "go", "go", f"/mirror/go/{MODULE}/@v/v1.0.0.zip"),
        ("python-slim", "pip", "pypi/simple", "/mirror/pypi/files/fastapi-"),
        *in_release(("python-slim", "uv", "pypi/simple", "/mirror/pypi/files/fastapi-")),
        *in_release(("python-scratch", "poetry", "pypi/simple", "/mirror/pypi/files/fastapi-")),
        ("node-slim", "npm", "npm", "/mirror/npm/files/mirrored-1.0.0.tgz"),
        *in_release(("node-slim", "pnpm", "npm", "/mirror/npm/files/mirrored-1.0.0.tgz")),
        *in_release(("node-alpine", "yarn", "npm", "/mirror/npm/files/mirrored-1.0.0.tgz")),
    ],
)
def test_builds_from_a_mirror_that_only_the_company_vouches_for(
    acme: Company, tmp_path: Path, cell: str, manager: str, index: str, asked: str
) -> None:
    """With the company's authorities as a secret, and not without; the image doesn't get them."""
    parsed = Cell.parse(cell)
    address = f"https://{HOST}/mirror/{index}"
    project = render(
        tmp_path, parsed, package_manager=manager, package_index=address, build_ca=True
    )
    use_mirror(project, parsed.language, acme)
    if manager == "uv":
        lock(project, *acme.options("ca-certificates"))
    # The lock target of Yarn asks for the package, too.
    before = acme.container.logs().count(f"GET {asked}")
    own = own_caches(project, parsed.language, secrets.token_hex(8))
    dockerfile = (project / "Dockerfile").read_text()
    ask_once(project)
    with pytest.raises(AssertionError, match=UNTRUSTED[parsed.language]):
        steps.build(project, *own, acme.name_option)
    (project / "Dockerfile").write_text(dockerfile)
    assert acme.container.logs().count(f"GET {asked}") == before
    passed = acme.options("ca-certificates")
    output = f"type=oci,tar=false,dest={tmp_path}/image"
    steps.build(project, *own, *passed, output=output)
    assert acme.container.logs().count(f"GET {asked}") > before
    authority = {"authority": acme.secrets["authority"]}
    assert leaks.find(tmp_path / "image", authority, known=bases_of(project)) == []


@pytest.mark.parametrize(
    ("cell", "manager", "index", "asked"),
    [
        *in_release(("go-scratch", "go", "go", f"/mirror/go/{MODULE}/@v/v1.0.0.zip")),
        ("python-slim", "pip", "pypi/simple", "/mirror/pypi/files/uv-"),
        *in_release(("python-slim", "poetry", "pypi/simple", "/mirror/pypi/files/poetry-")),
        *in_release(("node-slim", "yarn", "npm", "/mirror/npm/files/mirrored-1.0.0.tgz")),
    ],
)
def test_builds_from_a_mirror_without_tls(
    acme: Company, tmp_path: Path, cell: str, manager: str, index: str, asked: str
) -> None:
    """As one inside a company may be: its name is enough, and no certificate is asked for."""
    parsed = Cell.parse(cell)
    address = f"http://{HOST}/mirror/{index}"
    project = render(tmp_path, parsed, package_manager=manager, package_index=address)
    use_mirror(project, parsed.language, acme)
    before = acme.container.logs().count(f"GET {asked}")
    own = own_caches(project, parsed.language, secrets.token_hex(8))
    steps.build(project, *own, acme.name_option)
    assert acme.container.logs().count(f"GET {asked}") > before


@pytest.mark.parametrize(
    ("cell", "manager", "index", "allows"),
    [
        ("python-slim", "pip", "pypi/simple", "PIP_TRUSTED_HOST"),
        *in_release(("node-slim", "yarn", "npm", "YARN_UNSAFE_HTTP_WHITELIST")),
    ],
)
def test_a_mirror_without_tls_is_allowed_by_name(
    acme: Company, tmp_path: Path, cell: str, manager: str, index: str, allows: str
) -> None:
    """Without that line, the package manager asks no other host."""
    parsed = Cell.parse(cell)
    address = f"http://{HOST}/mirror/{index}"
    project = render(tmp_path, parsed, package_manager=manager, package_index=address)
    use_mirror(project, parsed.language, acme)
    dockerfile = project / "Dockerfile"
    lines = dockerfile.read_text().splitlines(keepends=True)
    without = [line for line in lines if not line.startswith(f"ENV {allows}=")]
    assert len(without) == len(lines) - 1
    dockerfile.write_text("".join(without))
    with pytest.raises(AssertionError, match=NOT_ALLOWED):
        steps.build(project, fresh_cache(), acme.name_option)


@pytest.mark.release
def test_poetry_installs_from_pypi(acme: Company, tmp_path: Path) -> None:
    """By PyPI's JSON, which Poetry asks for where no index is named.

    The company's host answers in PyPI's place, of PyPI's packages: not each index that is in
    for PyPI on a machine has the JSON.
    """
    cell = Cell.parse("python-slim")
    project = render(tmp_path, cell, package_manager="poetry", build_ca=True)
    asked = "GET /pypi/fastapi/"
    before = acme.container.logs().count(asked)
    steps.build(project, fresh_cache(), acme.pypi_option, *acme.options("ca-certificates"))
    assert acme.container.logs().count(asked) > before
