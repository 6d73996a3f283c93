"""A team's labels and certificate authorities."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from dockgen import checks, engine, template
from dockgen import project as projects
from dockgen.containerfiles import dockerfile
from dockgen.engine import Container
from dockgen.image import Image
from dockgen.image import saved as saved_image
from dockgen.matrix import Cell, Language
from dockgen.project import Project
from tests.images import inside
from tests.images.conftest import sampled

HERE = Path(__file__).parent
BUNDLE = "/etc/ssl/certs/ca-certificates.crt"

# With everything that a Dockerfile or a shell would replace.
LABELS = {
    "org.opencontainers.image.vendor": "Acme \"A\\B\" $HOME ${PATH} 'y' ünï 🐳 \\",
    "com.example.cost-center": "4711",
}
POLICY = {"required_labels": sorted(LABELS), "allowed_registries": ["docker.io/library"]}

# Only the outcome of a build of the certificates is wanted: the authority is part of the answers.
CERTIFICATES = f"{inside.CERTIFICATES}\nFROM scratch\nCOPY --from=certificates /facts/ /\n"

# The team's image with the server's key and certificate; its service gives way to a server, or has
# one beside it. No file of the authority is added, and nothing is set.
DOCKERFILE = """\
FROM {image}
COPY --chmod=0555 facts/ /facts/
HEALTHCHECK --start-period=60s --start-interval=0.5s --timeout=3s CMD {probe}
"""
NODE_SERVER = (
    "https.createServer({key: fs.readFileSync('/facts/server.key'),"
    " cert: fs.readFileSync('/facts/server.pem')}, (_, answer) => answer.end())"
    f".listen({inside.SERVER_PORT})"
)
NODE_PROBE = f"net.connect({inside.SERVER_PORT}).on('connect', () => process.exit())"
PYTHON_PROBE = f"import socket; socket.create_connection(('127.0.0.1', {inside.SERVER_PORT}))"


@dataclass(frozen=True)
class Asking:
    """How a language asks the server: what is started, what is probed, and the two questions."""

    start: tuple[str, ...]
    probe: tuple[str, ...]
    trusts: tuple[str, ...]
    knows_the_public: tuple[str, ...]


URL = f"https://{inside.SERVER}:{inside.SERVER_PORT}/"
ASKING = {
    # Its facts are compiled in, with the server.
    Language.GO: Asking(
        (),
        ("/usr/local/bin/my-app", "fact", "server-listens"),
        ("/usr/local/bin/my-app", "fact", "tls-without-settings"),
        ("/usr/local/bin/my-app", "fact", "tls-knows-the-public-authorities"),
    ),
    Language.PYTHON: Asking(
        (
            *("python", "-m", "http.server", str(inside.SERVER_PORT), "--directory", "/facts"),
            *("--tls-cert", "/facts/server.pem", "--tls-key", "/facts/server.key"),
        ),
        ("python", "-c", PYTHON_PROBE),
        (
            "python",
            "-c",
            "import ssl, urllib.request as r; context = ssl.create_default_context(); "
            f"assert r.urlopen('{URL}', timeout=10, context=context).status == 200",
        ),
        (
            "python",
            "-c",
            "import ssl; assert ssl.create_default_context().cert_store_stats()['x509_ca'] > 100",
        ),
    ),
    Language.NODE: Asking(
        ("node", "-e", NODE_SERVER),
        ("node", "-e", NODE_PROBE),
        ("node", "-e", f"fetch('{URL}').then((answer) => process.exit(answer.ok ? 0 : 1))"),
        ("node", "-e", "process.exit(tls.getCACertificates('default').length > 100 ? 0 : 1)"),
    ),
}


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an authority, and the key and certificate of a server."""
    context = tmp_path_factory.mktemp("certificates")
    (context / "Dockerfile").write_text(CERTIFICATES)
    subprocess.run(
        ["docker", "build", "--output=made", "."],
        cwd=context, capture_output=True, timeout=300, check=True,
    )  # fmt: skip
    return context / "made"


@pytest.fixture(scope="session", params=sampled())
def team_cell(request: pytest.FixtureRequest) -> Cell:
    """The cell under test."""
    chosen: Cell = request.param
    return chosen


@pytest.fixture(scope="session")
def team_project(
    team_cell: Cell, certificates: Path, tmp_path_factory: pytest.TempPathFactory
) -> Project:
    """The cell's project with a team's answers."""
    answers = {
        "name": "my-app",
        "language": str(team_cell.language),
        "flavor": str(team_cell.flavor),
        "labels": LABELS,
        "ca_certificates": (certificates / "authority.pem").read_text(),
        "policy": POLICY,
    }
    directory = tmp_path_factory.mktemp(f"team-{team_cell}") / "my-app"
    return projects.load(template.render(directory, answers, ask=()).directory)


@pytest.fixture(scope="session")
def team_tag(team_project: Project) -> Iterator[str]:
    """The image as it is."""
    with engine.temporary_image(team_project.directory) as tag:
        yield tag


@pytest.fixture(scope="session")
def team_image(
    team_project: Project, team_tag: str, tmp_path_factory: pytest.TempPathFactory
) -> Image:
    """The image as data."""
    saved = tmp_path_factory.mktemp("saved") / "image.tar"
    engine.save(team_tag, saved)
    found = dockerfile.find(team_project.directory)
    try:
        return saved_image.read(saved, engine.base_layers(found.base if found else None))
    finally:
        saved.unlink()


@pytest.fixture(scope="session")
def team(
    team_project: Project,
    team_tag: str,
    certificates: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Container]:
    """A container of the image, as compose.yaml would start it, beside the server."""
    language = team_project.cell.language
    asking = ASKING[language]
    context = tmp_path_factory.mktemp("facts")
    (context / "facts").mkdir()
    for name in ("server.key", "server.pem"):
        shutil.copy(certificates / name, context / "facts")
    start = "".join(f"ENTRYPOINT {_list(asking.start)}\nCMD []\n" if asking.start else "")
    tail = f"{DOCKERFILE}{start}"
    if language is Language.GO:
        # The facts are compiled in, so the project's own image is made again with them.
        project = shutil.copytree(team_project.directory, tmp_path_factory.mktemp("go") / "my-app")
        shutil.copy(HERE / "go_facts.go", project)
        with engine.temporary_image(project) as image:
            yield from _beside(context, tail, image, asking)
    else:
        yield from _beside(context, tail, team_tag, asking)


def _beside(context: Path, tail: str, image: str, asking: Asking) -> Iterator[Container]:
    text = tail.replace("{image}", image).replace("{probe}", _list(asking.probe))
    (context / "Dockerfile").write_text(text)
    with engine.temporary_image(context) as tag, inside.beside_a_server(tag) as container:
        yield container


def _list(words: tuple[str, ...]) -> str:
    return json.dumps(words)


def test_every_rule_for_files_and_image_holds(team_image: Image, team_project: Project) -> None:
    """The size, too, with the authorities in it; the labels are required here."""
    files = checks.Files(dockerfile.find(team_project.directory))
    assert checks.check_files(files, team_project.contract) == []
    assert checks.check_image(team_image, team_project.contract) == []
    # Each with every character of its text.
    assert {name: team_image.config.labels.get(name) for name in LABELS} == LABELS


def test_an_own_authority_is_trusted_beside_the_public_ones(
    team: Container, team_project: Project
) -> None:
    """By the language's own TLS, with no setting."""
    asking = ASKING[team_project.cell.language]
    team.execute(*asking.trusts)
    team.execute(*asking.knows_the_public)


def test_authorities_are_readable_and_no_more(team_image: Image) -> None:
    """Any user can read them, and nobody can replace them."""
    found = [
        file for path, file in team_image.tree.items()
        if path in ("/etc/ssl/certs/company.crt", "/etc/company.crt", BUNDLE)
    ]  # fmt: skip
    assert found != []
    assert [file for file in found if not file.mode & 0o004 or file.mode & 0o022] == []
