"""Private packages, a company's index and its authorities: their rendered files.

tests/images/test_private.py builds them.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from dockgen import matrix
from dockgen.errors import UsageError
from dockgen.matrix import Cell, Language
from tests import linters
from tests.conftest import Make, PlainCopier, Render, Run, of, tree
from tests.table import table

HOST = "git.acme.example"
INDEX = "https://mirror.acme.example/packages/simple"

# The answers that change what a build is given, each by a name.
ANSWERS: dict[str, dict[str, Any]] = {
    "ssh": {"private_dependencies": "ssh", "private_host": HOST},
    "token": {"private_dependencies": "token", "private_host": HOST},
    "company": {"package_index": INDEX, "build_ca": True},
    "all": {
        "private_dependencies": "ssh",
        "private_host": HOST,
        "package_index": INDEX,
        "build_ca": True,
    },
}
Projects = Callable[[str, Cell], Path]
each_answer = pytest.mark.parametrize("answer", ANSWERS)

# The programs that download, at the start of a command.
DOWNLOADS = re.compile(
    r"(?:go build|go vet|go mod|pip install|uv venv|uv pip|npm ci|npm install) ?"
)
# Those of them that install a tool.
TOOL = re.compile(r"(?<!uv )pip install |npm install --global ")


def refusal(make: Make, **answers: Any) -> str:
    """Return the one-line error for an answer that isn't allowed."""
    with pytest.raises(UsageError) as caught:
        make(**of(Cell.parse("go-slim")), **answers)
    assert "\n" not in caught.value.message
    return caught.value.message


def instructions(dockerfile: Path) -> list[str]:
    """Return each instruction on one line, without comments."""
    text = re.sub(r"^#.*\n", "", dockerfile.read_text(), flags=re.MULTILINE)
    return re.sub(r"\s*\\\n\s*", " ", text).splitlines()


def mounts(instruction: str) -> set[str]:
    """Return the secrets of a RUN by name, and "ssh"."""
    found = re.findall(r"--mount=type=(?:secret,id=([\w-]+),target=/\S+|(ssh))(?= )", instruction)
    return {name or ssh for name, ssh in found}


# Where a secret comes from on the machine that builds.
FILES = {
    "known_hosts": "~/.ssh/known_hosts",
    "netrc": "~/.netrc",
    "npmrc": "~/.npmrc",
    "ca-certificates": "${SSL_CERT_FILE:-/etc/ssl/certs/ca-certificates.crt}",
}


def expected(answer: str, language: Language, instruction: str = "") -> set[str]:
    """Return the secrets of a step that downloads: one that installs a tool gets no git keys."""
    file = "npmrc" if language is Language.NODE else "netrc"
    if TOOL.search(instruction) and answer in ("ssh", "all"):
        return {"ca-certificates"} if answer == "all" else set()
    return {
        "ssh": {"ssh", "known_hosts"},
        "token": {file},
        "company": {"ca-certificates"},
        "all": {"ssh", "known_hosts", "ca-certificates"},
    }[answer]


@pytest.fixture(scope="session")
def projects(make: Make) -> Projects:
    """Render a cell's project for an answer, once for all tests that read it."""
    made: dict[tuple[str, Cell], Path] = {}

    def project(answer: str, cell: Cell) -> Path:
        if (answer, cell) not in made:
            made[answer, cell] = make(**of(cell), **ANSWERS[answer])
        return made[answer, cell]

    return project


def test_steps_that_download_get_it_and_no_others(
    projects: Projects, rendered_project: Render
) -> None:
    """Each of them, in the stages for tests and lock files, too; what runs is the same."""
    for answer in ANSWERS:
        for cell in matrix.ALL:
            dockerfile = projects(answer, cell) / "Dockerfile"
            lines = instructions(dockerfile)
            downloads = [
                line for line in lines if line.startswith("RUN") and DOWNLOADS.search(line)
            ]
            assert len(downloads) == {"go": 3, "python": 4, "node": 3}[cell.language]
            for line in downloads:
                assert mounts(line) == expected(answer, cell.language, line)
            for line in set(lines) - set(downloads):
                assert mounts(line) <= ({"ca-certificates"} if "apk add" in line else set())
            assert not any("ARG" in line and "TARGETOS" not in line for line in lines)
            stages = [path.read_text().rpartition("\nFROM ")[2] for path in (
                dockerfile, rendered_project(cell) / "Dockerfile"
            )]  # fmt: skip
            assert stages[0] == stages[1]


def test_passes_the_linters(projects: Projects) -> None:
    """hadolint, yamllint, the schema of compose files; tidy to the last blank."""
    made = [projects(answer, cell) for answer in ANSWERS for cell in matrix.ALL]
    assert linters.hadolint(project / "Dockerfile" for project in made) == ""
    compose = [project / "compose.yaml" for project in made]
    assert linters.yamllint(compose, linters.COMPOSE) == ""
    assert linters.schema("compose-spec", compose) == ""
    for project in made:
        for path in (project / "Dockerfile", project / "compose.yaml", project / "README.md"):
            text = path.read_text()
            assert not re.search(r"[ \t]\n|\n\n\n|\n\n\Z|\A\n|\{%|\{\{", text), path


def test_compose_passes_it_on(projects: Projects) -> None:
    """To the build, and not to the service."""
    for answer in ANSWERS:
        for language in Language:
            project = projects(answer, Cell.parse(f"{language}-slim"))
            compose = yaml.safe_load((project / "compose.yaml").read_text())
            service = compose["services"]["app"]
            build = {"context": ".", "secrets": sorted(expected(answer, language) - {"ssh"})}
            if "ssh" in expected(answer, language):
                build["ssh"] = ["default"]
            assert service["build"] | {"secrets": sorted(service["build"]["secrets"])} == build
            assert compose["secrets"] == {name: {"file": FILES[name]} for name in build["secrets"]}
            assert "secrets" not in service


def test_the_read_me_says_how(projects: Projects) -> None:
    """The options of `docker build`, each for what it passes."""
    for answer in ANSWERS:
        for language in Language:
            project = projects(answer, Cell.parse(f"{language}-slim"))
            readme = (project / "README.md").read_text()
            for name in expected(answer, language):
                assert ("--ssh default" if name == "ssh" else f"--secret id={name},src=") in readme


def test_without_them_nothing_is_said(rendered_project: Render) -> None:
    """The read-me has no section, compose.yaml no secret."""
    project = rendered_project(Cell.parse("python-slim"))
    for name, words in (("Dockerfile", ""), ("compose.yaml", "secrets:|"), ("README.md", "")):
        text = (project / name).read_text()
        assert not re.search(rf"{words}type=ssh|type=secret|rivate|SSL_CERT", text), name


@table(
    ("language", "lines"),
    [
        ("go", [f"ENV GOPROXY={INDEX}"]),
        ("python", [f"ENV PIP_INDEX_URL={INDEX} UV_DEFAULT_INDEX={INDEX}"]),
        ("node", [f"ENV NPM_CONFIG_REGISTRY={INDEX}"]),
    ],
)
def test_the_index_is_that_of_all_tools(make: Make, language: str, lines: list[str]) -> None:
    """In the stage that all others which download stand on."""
    cell = Cell.parse(f"{language}-slim")
    found = instructions(make(**of(cell), package_index=INDEX) / "Dockerfile")
    assert [line for line in found if INDEX in line] == lines


@table("manager", ["pip", "uv", "poetry", "pdm"])
def test_pip_may_ask_a_mirror_without_tls(make: Make, manager: str) -> None:
    """By name, with the port; with TLS no host is trusted like that."""
    of_slim = {**of(Cell.parse("python-slim")), "package_manager": manager}
    plain = make(**of_slim, package_index="http://10.0.0.1:8081/repository/pypi/simple/")
    assert "\nENV PIP_TRUSTED_HOST=10.0.0.1:8081\n" in (plain / "Dockerfile").read_text()
    assert "TRUSTED" not in (make(**of_slim, package_index=INDEX) / "Dockerfile").read_text()


@pytest.mark.parametrize("answer", ["ssh", "token"])
def test_python_checks_all_hashes_that_there_can_be(make: Make, answer: str) -> None:
    """Packages from git have no hash: their commit is in the lock file."""
    project = make(**of(Cell.parse("python-slim")), **ANSWERS[answer])
    options = re.findall(r"uv pip sync (--\S+)", (project / "Dockerfile").read_text())
    assert options == ["--verify-hashes" if answer == "ssh" else "--require-hashes"] * 2


HOSTS = ["git.acme.example", "localhost", "10.0.0.1", "a-b.c-d", "x" * 253]
BAD_HOSTS = [
    "https://git.acme.example",
    "git.acme.example/",
    "git.acme.example:2222",
    "git@git.acme.example",
    "Git.acme.example",
    "git..acme",
    "-git.acme",
    "git.acme-",
    "git acme",
    "git.acme.example\n",
    'git".insteadOf "x',
    "$(id)",
    "${X}",
    "{{ x }}",
    "*.acme.example",
    "a,b",
    "x" * 254,
]


def test_a_host_is_taken(make: Make) -> None:
    """A name or an address."""
    for host in HOSTS:
        answers = {"private_dependencies": "ssh", "private_host": host}
        dockerfile = make(**of(Cell.parse("go-slim")), **answers) / "Dockerfile"
        assert f'"ssh://git@{host}/"' in dockerfile.read_text()


def test_what_is_no_host_is_refused(make: Make) -> None:
    """It is refused even if it isn't used."""
    for host in BAD_HOSTS:
        message = refusal(make, private_host=host)
        assert message.startswith("private_host: use a host in lower case")


@pytest.mark.parametrize("private", ["ssh", "token"])
def test_private_packages_are_somewhere(make: Make, private: str) -> None:
    """A host is missing, and the message says for what."""
    message = refusal(make, private_dependencies=private)
    assert message.startswith(f"private_host: private_dependencies {private} needs a")


INDEXES = [
    "https://mirror.acme.example",
    "http://10.0.0.1:8081/repository/pypi/simple/",
    "https://mirror.acme.example/a_b/c~d/npm-group",
]
BAD_INDEXES = [
    "mirror.acme.example",
    "ftp://mirror.acme.example",
    "https://",
    "https://mirror.acme.example/simple?token=x",
    "https://mirror.acme.example/#x",
    "https://mirror.acme.example/a b",
    "https://mirror.acme.example/a//b",
    "https://one.example,direct",
    "https://one.example|https://two.example",
    "https://mirror.acme.example/$HOME",
    "https://mirror.acme.example/\nUSER root",
    "https://mirror.acme.example/\n",
    "https://mirror.acme.example/'",
    'https://mirror.acme.example/"',
    "https://mirror.acme.example/\\",
    "https://mirror.acme.example/{{ x }}",
]


@table("index", INDEXES)
def test_an_index_is_taken(make: Make, index: str) -> None:
    """With and without a port and a path."""
    project = make(**of(Cell.parse("node-slim")), package_index=index)
    assert f"ENV NPM_CONFIG_REGISTRY={index}\n" in (project / "Dockerfile").read_text()


def test_what_is_no_index_is_refused(make: Make) -> None:
    """Only an address is accepted."""
    for index in BAD_INDEXES:
        assert refusal(make, package_index=index).startswith(
            "package_index: use an address such as"
        )


@table("user", ["token@", "user:password@", "__token__:x@"])
def test_an_index_with_credentials_is_refused_by_name(make: Make, user: str) -> None:
    """They would be in the Dockerfile, and in the image's history."""
    message = refusal(make, package_index=f"https://{user}mirror.acme.example/simple")
    assert "put them into .netrc, .npmrc or .yarnrc.yml" in message


@table("choice", ["none", "ssh", "token"])
def test_a_choice_can_be_taken_away(make: Make, choice: str) -> None:
    """In the team's words."""
    unavailable = {"private_dependencies": {choice: "not here"}}
    message = refusal(make, private_dependencies=choice, private_host=HOST, unavailable=unavailable)
    assert message == "private_dependencies: not here"


def test_they_are_flags(inline: Run, tmp_path: Path) -> None:
    """They are recorded, too."""
    flags = ["--private-dependencies", "token", "--private-host", HOST, "--build-ca", "yes"]
    done = inline("new", "my-app", "--defaults", *flags, "--package-index", INDEX)
    assert done.returncode == 0, done.stderr
    recorded = yaml.safe_load((tmp_path / "my-app/.copier-answers.yml").read_text())
    given = {**ANSWERS["token"], **ANSWERS["company"]}
    assert {name: recorded[name] for name in given} == given
    assert not {"secrets", "credentials", "build_mounts", "tool_mounts", "ca_mount"} & set(recorded)
    assert inline("new", "x", "--defaults", "--private-dependencies", "vault").returncode == 2


@pytest.mark.parametrize(
    ("name", "answer"), [("go-slim", "token"), ("python-alpine", "all"), ("node-scratch", "ssh")]
)
def test_plain_copier_gives_the_same_bytes(
    projects: Projects, plain_copier: PlainCopier, tmp_path: Path, name: str, answer: str
) -> None:
    """Spaces at the end of computed values, too."""
    cell = Cell.parse(name)
    plain_copier(tmp_path / "my-app", ANSWERS[answer] | of(cell))
    plain, ours = tree(tmp_path / "my-app"), tree(projects(answer, cell))
    del plain[".copier-answers.yml"], ours[".copier-answers.yml"]
    assert plain == ours


# What builds, by the system that does it.
CI_FILES = {
    "github": [".github/workflows/ci.yml", ".github/workflows/release.yml"],
    "gitlab": [".gitlab-ci.yml"],
}
BUILT = [
    ("ssh", Language.GO),
    ("token", Language.PYTHON),
    ("token", Language.NODE),
    ("company", Language.GO),
    ("all", Language.NODE),
]


@pytest.mark.parametrize("ci", CI_FILES)
def test_each_build_of_ci_gets_it(make: Make, ci: str) -> None:
    """The files also pass their linters."""
    made = []
    for answer, language in BUILT:
        project = make(**of(Cell.parse(f"{language}-slim")), ci=ci, **ANSWERS[answer])
        made.append(project)
        wanted = expected(answer, language)
        for name in CI_FILES[ci]:
            text = (project / name).read_text()
            assert not re.search(r"[ \t]\n|\n\n\n|\n\n\Z", text), name
            found = github(text) if ci == "github" else gitlab(text)
            assert found != []
            assert all(passed == wanted for passed in found), name
            assert ("ssh-add -" in text) is ("ssh" in wanted)
    files = [project / name for project in made for name in CI_FILES[ci]]
    assert linters.yamllint(files) == ""
    assert linters.schema("github-workflows" if ci == "github" else "gitlab-ci", files) == ""
    if ci == "github":
        assert linters.zizmor(made) == ""


def github(text: str) -> list[set[str]]:
    """Return the secrets that each build of a workflow gets."""
    found = []
    for job in yaml.safe_load(text)["jobs"].values():
        for step in job["steps"]:
            if "docker/build-push-action@" in step.get("uses", ""):
                given = step["with"]
                lines = (given.get("secret-envs", "") + given.get("secret-files", "")).splitlines()
                names = {line.partition("=")[0] for line in lines}
                variables = {line.partition("=")[2] for line in lines if "BUILD_" in line}
                assert set(step.get("env", {})) == variables
                found.append(names | ({"ssh"} if "ssh" in given else set()))
    return found


def gitlab(text: str) -> list[set[str]]:
    """Return the secrets that each build of a pipeline gets."""
    options = yaml.safe_load(text)["variables"]["BUILD_OPTIONS"]
    names = set(re.findall(r"--secret=id=([\w-]+)", options))
    names |= {"ssh"} if "--ssh=default" in options else set()
    builds = re.findall(r"docker buildx build (\S*)", text)
    assert len(builds) == 5
    return [names if option == "$BUILD_OPTIONS" else set() for option in builds]
