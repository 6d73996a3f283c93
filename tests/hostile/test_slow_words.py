"""Texts made to be slow: all patterns match them in bounded time."""

import time
from pathlib import Path

import pytest

from dockgen import credentials
from dockgen.containerfiles import context, dockerfile, gomodule
from dockgen.errors import ProjectError
from tests.table import table

# In seconds: what took minutes before it was bounded, on a machine with much else to do.
PATIENCE = 20
MANY = 200_000
BEGIN = "-----BEGIN PRIVATE KEY-----"

FILES = {
    "spaces": ("/root/.kube/config", " " * MANY),
    "empty lines": ("/root/.npmrc", "\n" * MANY),
    "no password": ("/root/.netrc", "machine " * (MANY // 8)),
    "no key": ("/app/server.key", BEGIN + "\n" * (MANY - 30)),
    "no address": ("/app/settings.yaml", "a" * MANY),
    "no user": ("/app/settings.yaml", "a://b:" * (MANY // 6)),
    "nothing closes": ("/app/.env", "A_TOKEN=" + "<" * (MANY - 10)),
    "many assignments": ("/app/.env", "A_TOKEN=<\n" * (MANY // 11)),
}


@table("name", FILES)
def test_a_file_of_an_image(name: str) -> None:
    """It is looked into for secrets."""
    path, text = FILES[name]
    began = time.monotonic()
    assert credentials.in_file(path, text.encode()) == ""
    assert time.monotonic() - began < PATIENCE


GO = "FROM golang:1.24\nCOPY . .\n"
DOCKERFILES = {
    "commands": GO + "RUN " + "go build;" * (MANY // 2),
    "changes of folder": GO + "RUN " + "cd a&&" * (MANY // 2) + "go build",
    "a deep folder": GO + "WORKDIR " + "a/" * MANY + "\nRUN go build",
    "arguments that grow": "ARG A=$A$A\n" * 100 + "FROM $A",
    "a quote": GO + "ENV A='" + "b " * MANY,
}


@table("name", DOCKERFILES)
def test_a_dockerfile(name: str) -> None:
    """It is read, with the Go that it builds with and what it sets."""
    began = time.monotonic()
    found = dockerfile.parse(DOCKERFILES[name])
    list(gomodule.too_old(found, {"go.mod": "1.30"}))
    steps = [step for stage in found.stages for step in stage.instructions]
    assert all(step.values for step in steps if step.keyword == "ENV")
    assert time.monotonic() - began < PATIENCE


@pytest.mark.parametrize("lines", ["FROM a AS a\n", "RUN x\n"])
def test_an_endless_dockerfile(lines: str) -> None:
    """With more stages or steps than people write, it is refused."""
    with pytest.raises(ProjectError, match="more than"):
        dockerfile.parse("FROM a\n" + lines * 50_000)


def test_a_pattern_of_an_ignore_file(tmp_path: Path) -> None:
    """With many ways to match the same name."""
    (tmp_path / ".dockerignore").write_text("*a*a*a*a*a*a*a*a*b\n**/a/**/a/**/b\n" * 100)
    deep = tmp_path.joinpath(*["a" * 100] * 10)
    deep.mkdir(parents=True)
    (deep / ("a" * 250)).touch()
    began = time.monotonic()
    assert len(context.read(tmp_path).files) == 2
    assert time.monotonic() - began < PATIENCE
