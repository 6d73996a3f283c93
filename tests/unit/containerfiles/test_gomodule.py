"""Which Go a Dockerfile builds with, and which one its module needs."""

from dockgen.containerfiles import dockerfile, gomodule
from tests.table import table


def too_old(text: str, **modules: str) -> list[tuple[int, str]]:
    """Return the line of each image that is too old, and the file that shows it."""
    named = {path.replace("__", "/").replace("_", "."): go for path, go in modules.items()}
    return [(one.line, one.path) for one in gomodule.too_old(dockerfile.parse(text), named)]


BUILD = "WORKDIR /src\nCOPY . .\nRUN go build -o /app .\n"


@table(
    ("tag", "needed", "holds"),
    [
        ("1.24", "1.24", True),
        ("1.24", "1.24.7", True),  # the newest of them
        ("1.25.1-alpine3.22", "1.25.0", True),
        ("1.25.1", "1.25.2", False),
        ("1.24-bookworm", "1.25", False),
        ("1.9", "1.21", False),
        ("1.25rc1", "1.25", True),
        ("1.25rc1", "1.25.0", False),
        ("1.24.3@sha256:0", "1.25.0", False),
        ("latest", "1.30", True),
        ("1", "1.30", True),
        ("alpine", "1.30", True),
        ("bookworm", "1.30", True),
    ],
)
def test_versions(tag: str, needed: str, holds: bool) -> None:
    """As Go compares them; a tag without a version is the newest."""
    found = too_old(f"FROM golang:{tag} AS build\n{BUILD}", go_mod=needed)
    assert found == ([] if holds else [(1, "go.mod")])


@table(
    "text",
    [
        f"FROM golang:1.24 AS build\n{BUILD}",
        f"FROM registry.example.com/hub/golang:1.24 AS build\n{BUILD}",
        f"ARG GO=1.24\nFROM golang:${{GO}}-alpine\n{BUILD}",
        f"FROM golang:1.24 AS tools\nFROM tools\n{BUILD}",
        "FROM golang:1.24\nWORKDIR /src\nCOPY go.mod go.sum ./\nRUN go mod download",
        "FROM golang:1.24\nCOPY go.* /src/\nRUN cd /src && go mod download",
        'FROM golang:1.24\nCOPY ["go.mod", "/src/"]\nRUN go -C /src mod download',
        "FROM golang:1.24\nWORKDIR /src/cmd/app\nCOPY . /src\nRUN CGO_ENABLED=0 go build",
        "FROM golang:1.24\nWORKDIR $GOPATH/src/app\nCOPY . .\nRUN go install ./...",
        "FROM golang:1.24\nRUN --mount=target=/src cd /src && go test ./...",
        "FROM golang:1.24\nWORKDIR /src\nCOPY . .\nRUN <<EOF\nset -e\ngo vet ./...\nEOF",
        f"FROM golang:1.24\nENV GOTOOLCHAIN=local\n{BUILD}",
    ],
)
def test_is_found(text: str) -> None:
    """However the Dockerfile comes to the module."""
    assert too_old(text, go_mod="1.25") != []


@table(
    "text",
    [
        "FROM golang:1.24\nRUN go install example.com/tool@v1\nFROM scratch",
        "FROM golang:1.24 AS tools\nCOPY tools.txt .\nRUN go version",
        f"FROM golang:1.24\nENV GOTOOLCHAIN=auto\n{BUILD}",
        "FROM golang:1.24\nWORKDIR /src\nCOPY . .\nRUN GOTOOLCHAIN=go1.25.0 go build .",
        f"FROM cgr.dev/chainguard/go:1.24\n{BUILD}",
        f"FROM golang:$GO\n{BUILD}",
        "FROM golang:1.24\nCOPY --from=other / /\nRUN go build .",
        "FROM golang:1.24\nWORKDIR /src\nCOPY app/ .\nRUN go build .",
    ],
)
def test_is_not_found(text: str) -> None:
    """Another module, another toolchain, or none at all."""
    assert too_old(text, go_mod="1.25") == []


def test_the_module_that_is_built_counts() -> None:
    """Of several in a repository; a workspace has a line of its own."""
    text = "FROM golang:1.24\nWORKDIR /src\nCOPY server/ .\nRUN go build ."
    assert too_old(text, go_mod="1.25", server__go_mod="1.24") == []
    assert too_old(text, go_mod="1.24", server__go_mod="1.25") == [(1, "server/go.mod")]
    text = "FROM golang:1.24\nWORKDIR /src\nCOPY . .\nRUN cd server && go build ."
    assert too_old(text, go_mod="1.25", server__go_mod="1.24") == []
    assert too_old(text, go_work="1.25", server__go_mod="1.24") == [(1, "go.work")]
