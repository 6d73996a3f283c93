"""The file rules, each in both directions."""

from dataclasses import replace
from typing import Any

from dockgen.checks import Files, Finding, Place, Severity, check_files
from dockgen.containerfiles import dockerfile
from dockgen.containerfiles.context import Context
from dockgen.contract import Policy
from tests.table import table
from tests.unit.checks.test_image import CONTRACT


def messages(text: str, *allowed: str) -> list[str]:
    """Return the findings about a Dockerfile if these registries are allowed."""
    contract = replace(CONTRACT, policy=Policy(allowed_registries=allowed))
    found = check_files(Files(dockerfile.parse(text)), contract)
    return [finding.message for finding in found if finding.rule == "DG001"]


def findings(text: str, context: Context | None = None, **limits: Any) -> list[Finding]:
    """Return the findings in a Dockerfile and its build context."""
    contract = replace(CONTRACT, limits=replace(CONTRACT.limits, **limits))
    return check_files(Files(dockerfile.parse(text), context), contract)


def codes(text: str, context: Context | None = None, **limits: Any) -> list[str]:
    """Return the codes of the findings."""
    return [finding.rule for finding in findings(text, context, **limits)]


@table(
    ("image", "allowed"),
    [
        ("registry.example.com/hub/python:3.14", "registry.example.com/hub"),
        ("registry.example.com/hub/python:3.14", "registry.example.com"),
        ("registry.example.com/hub/python@sha256:0", "registry.example.com/hub/python"),
        ("registry.example.com:5000/python:3", "registry.example.com:5000/python"),
        ("registry:5000/python", "registry:5000"),
        ("localhost/python", "localhost"),
        ("python", "docker.io"),
        ("python:3.14-slim", "docker.io/library/python"),
        ("acme/python:3", "docker.io/acme"),
        ("docker.io/library/python", "docker.io/library"),
    ],
)
def test_an_allowed_image(image: str, allowed: str) -> None:
    """The full name begins with the prefix, part by part."""
    assert messages(f"FROM {image}", allowed) == []
    assert messages(f"FROM {image}", "other.example.com", allowed) == []


@table(
    ("image", "allowed"),
    [
        ("python:3.14", "registry.example.com/hub"),
        ("registry.example.com/hubs/python", "registry.example.com/hub"),
        ("registry.example.com.evil.example/hub/python", "registry.example.com"),
        ("registry.example.com/python", "registry.example.com:5000"),
        ("acme/python", "docker.io/library"),
        ("hub/python", "hub"),
        ("$REGISTRY/python", "registry.example.com"),
    ],
)
def test_another_image(image: str, allowed: str) -> None:
    """It is named, with its line and with what is allowed."""
    (message,) = messages(f"FROM scratch\nFROM {image}", allowed)
    assert message == (f"line 2 of the Dockerfile uses {image}, which isn't from {allowed}")


def test_each_image_counts() -> None:
    """An image that only a step copies from counts, too."""
    text = "FROM ghcr.io/a AS x\nFROM x\nCOPY --from=b / /\nRUN --mount=from=quay.io/c,target=/c ls"
    assert len(messages(text, "ghcr.io")) == 2
    assert messages(text, "ghcr.io", "docker.io", "quay.io") == []


def test_every_registry_is_allowed_unasked() -> None:
    """Without a policy."""
    assert messages("FROM a\nFROM b.example.com/c") == []


def test_a_missing_dockerfile_is_no_proof() -> None:
    """It fails if there is a list of registries; otherwise nothing is asked."""
    contract = replace(CONTRACT, policy=Policy(allowed_registries=("ghcr.io",)))
    (finding,) = check_files(Files(None), contract)
    assert finding.message == "there is no Dockerfile to read"
    assert check_files(Files(None), CONTRACT) == []


@table(
    "image",
    [
        "python:3.14",
        "python:3.14@sha256:0",
        "python@sha256:0",
        "localhost:5000/a:1",
        "a:$V",
        "$A",
        "b/a:1-${P/x\\/y/z}",
    ],
)
def test_dg002_passes_a_version(image: str) -> None:
    """A tag, a digest, or a variable that is set only in the build."""
    assert codes(f"FROM {image}\nFROM scratch") == []


@table("image", ["python", "python:latest", "localhost:5000/a", "$R/python"])
def test_dg002_finds_the_newest(image: str) -> None:
    """In each instruction that pulls an image; it warns, as a build of today is none the worse."""
    for text in (f"FROM {image}", f"FROM scratch\nCOPY --from={image} /x /x"):
        (finding,) = findings(text)
        assert (finding.rule, finding.severity) == ("DG002", Severity.WARNING)


def test_dg002_takes_stages_for_none() -> None:
    """A stage has no version, and scratch is no image."""
    assert codes("FROM scratch AS one\nFROM one\nCOPY --from=0 / /\nCOPY --from=one / /") == []


def test_dg003_names_line_file_and_version() -> None:
    """The hint says what to write there."""
    text = "# go\nFROM golang:1.24 AS build\nCOPY . .\nRUN go build"
    (finding,) = findings(text, Context(".dockerignore", go={"go.mod": "1.25.3"}))
    assert finding.rule == "DG003"
    assert "line 2" in finding.message
    assert finding.hint == "change line 2: FROM golang:1.25"
    assert codes(text, Context(".dockerignore", go={"go.mod": "1.24"})) == []


BIG = Context("", {"a/x": 600, "a/y": 500, "b": 5})


@table("copy", ["COPY . .", "ADD ./ /app", 'COPY [".", "/app"]', "COPY * /app/"])
def test_dg004_finds_a_missing_ignore_file(copy: str) -> None:
    """Where the whole folder is copied."""
    (finding,) = findings(f"FROM scratch\n{copy}", BIG)
    assert (finding.rule, finding.severity) == ("DG004", Severity.WARNING)
    assert "the whole folder (1 kB)" in finding.message


@table(
    "text",
    [
        "FROM scratch\nCOPY app/ go.mod /app/",
        "FROM scratch AS a\nFROM scratch\nCOPY --from=a . .",
        "FROM scratch AS test\nCOPY . .\nFROM scratch",
        "FROM scratch\nRUN cp . /app",
    ],
)
def test_dg004_passes_what_copies_less(text: str) -> None:
    """Single files, another stage's, and those of a stage that the build leaves out."""
    assert codes(text, BIG) == []


def test_nothing_is_asked_of_what_is_unknown() -> None:
    """A folder without a Dockerfile, and a Dockerfile without a folder."""
    assert check_files(Files(None, BIG), CONTRACT) == []
    assert codes("FROM golang:1.20\nCOPY . .\nRUN go build") == []


def test_dg004_says_how_much_it_is() -> None:
    """In the unit that people would take."""
    (finding,) = findings("FROM scratch\nCOPY . .", Context("", {"a": 100_000}))
    assert "the whole folder (0.1 MB)" in finding.message


def test_dg004_holds_the_context_to_its_limit() -> None:
    """To the byte; the largest of what is at the top is named, and the file to name it in."""
    text = "FROM scratch AS a\nCOPY . .\nFROM scratch\nCOPY --from=a / /"
    ignoring = replace(BIG, ignore_file="Dockerfile.dockerignore")
    assert codes(text, ignoring, context_bytes=1105) == []
    (finding,) = findings(text, ignoring, context_bytes=1104)
    assert finding.rule == "DG004"
    assert "; a has" in finding.message
    assert finding.hint.startswith("add it to Dockerfile.dockerignore")


WORDS = "hunter2!"


@table(
    "lines",
    [
        f"ARG NPM_TOKEN={WORDS}",
        f'ENV A=1 \\\n  DB_PASSWORD="{WORDS}"',
        f"ENV DB_PASSWORD {WORDS}",
        f"RUN pip install --index-url https://me:{WORDS}@example.com/simple x",
        f"RUN <<EOF\ncurl https://me:{WORDS}@example.com\nEOF",
    ],
)
def test_dg005_finds_a_secret_and_keeps_it(lines: str) -> None:
    """In a stage that doesn't become the image; what is found is named, and not repeated."""
    (finding,) = findings(f"FROM scratch AS build\n{lines}\nFROM scratch")
    assert (finding.rule, finding.severity) == ("DG005", Severity.ERROR)
    assert WORDS not in finding.message
    assert finding.place is not None
    assert finding.place.line == 2


def test_dg005_leaves_the_image_to_dg111() -> None:
    """The image's configuration is read from the image, even without a Dockerfile."""
    assert codes(f"FROM scratch AS base\nENV TOKEN={WORDS}\nFROM base\nENV TOKEN={WORDS}") == []
    assert codes(f"ARG TOKEN={WORDS}\nFROM scratch") == ["DG005"]


@table("lines", ["ENV PASSWORD_FILE=/run/x", "ARG TOKEN=dummy", "RUN echo $TOKEN"])
def test_dg005_passes_what_is_none(lines: str) -> None:
    """A path, what stands in for a secret, and a variable."""
    assert codes(f"FROM scratch AS build\n{lines}\nFROM scratch") == []


@table(
    ("lines", "found"),
    [
        ("ARG NPM_TOKEN", ["DG006"]),
        ("ARG A NPM_TOKEN=", ["DG006"]),
        ("ARG NPM_TOKEN\nFROM scratch", ["DG006"]),
        ("ARG NPM_TOKEN=dummy", []),
        ("ARG TOKEN_FILE", []),
        ("ARG PUBLIC_KEY", []),
        ("RUN --mount=type=secret,id=NPM_TOKEN,env=NPM_TOKEN npm ci", []),
    ],
)
def test_dg006(lines: str, found: list[str]) -> None:
    """A build argument that is named as a secret, and comes from outside."""
    assert codes(f"FROM scratch\n{lines}") == found


COPIES = (
    "FROM python:3 AS build\nCOPY pyproject.toml ./\nCOPY app/ .npmrc* /x/\nCOPY --from=y lib/ /\n"
    "COPY */keys/ /x/\nRUN cp certs/rds.pem /x/\n"
)


@table(
    ("path", "is_needed"),
    [
        ("app/certs/rds.pem", True),
        ("app/static/.well-known/security.txt", True),
        (".npmrc", True),
        ("certs/rds.pem", False),
        ("api/keys/rds.pem", True),
        ("rds.pem", False),
        ("lib/x.pem", False),
        ("app/README.md", False),
        ("app/.gitkeep", False),
        ("app/.env.example", False),
    ],
)
def test_what_a_step_copies_of_what_git_tracks(path: str, *, is_needed: bool) -> None:
    """A warning names what the program will miss, and nothing that only tools read."""
    files = Files(dockerfile.parse(COPIES), Context(".dockerignore"), [path])
    found = [finding for finding in check_files(files, CONTRACT) if finding.rule == "DG007"]
    assert bool(found) == is_needed
    for finding in found:
        assert finding.severity is Severity.WARNING
        assert finding.hint.endswith(f"!{path}")


@table(
    ("path", "is_needed"),
    [
        ("certs/rds.pem", True), ("dist/index.html", True), (".env.production", True),
        (".well-known/x", True), (".github/workflows/ci.yml", False), ("docs/x.html", False),
        ("README.md", False), ("compose.yaml", False), ("Dockerfile", False),
    ],
)  # fmt: skip
def test_what_a_step_that_copies_all_needs(path: str, *, is_needed: bool) -> None:
    """It doesn't need files for git, editors and CI, or documents."""
    files = Files(dockerfile.parse("FROM go:1\nCOPY . .\n"), Context(".dockerignore"), [path])
    found = [finding for finding in check_files(files, CONTRACT) if finding.rule == "DG007"]
    assert bool(found) == is_needed


def test_the_first_three_files_are_named() -> None:
    """The others are counted; the place is the file that keeps them out."""
    for number, words in ((3, "app/2, but"), (4, "app/2 and 1 more, but")):
        paths = [f"app/{name}" for name in range(number)]
        files = Files(dockerfile.parse(COPIES), Context(".dockerignore"), paths)
        (found,) = [one for one in check_files(files, CONTRACT) if one.rule == "DG007"]
        assert words in found.message
        assert found.place == Place(".dockerignore")


def test_without_a_dockerfile_nothing_is_copied() -> None:
    """An image of somebody else's has none."""
    assert check_files(Files(None, None, ["app/certs/rds.pem"]), CONTRACT) == []
