"""The file rules, each in both directions."""

from dataclasses import replace

import pytest

from dockgen import dockerfile
from dockgen.checks import Files, check_files
from dockgen.project import Policy
from tests.unit.test_checks_image import PROJECT


def messages(text: str, *allowed: str) -> list[str]:
    """What is said about a Dockerfile where these registries are allowed."""
    project = replace(PROJECT, policy=Policy(allowed_registries=allowed))
    found = check_files(Files(dockerfile.parse(text)), project)
    assert {finding.rule for finding in found} <= {"DG001"}
    return [finding.message for finding in found]


@pytest.mark.parametrize(
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


@pytest.mark.parametrize(
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
    assert message == (f"line 2 of the Dockerfile names {image}, which is not from {allowed}")


def test_each_image_counts() -> None:
    """Also what only a step takes files from."""
    text = "FROM ghcr.io/a AS x\nFROM x\nCOPY --from=b / /\nRUN --mount=from=quay.io/c,target=/c ls"
    assert len(messages(text, "ghcr.io")) == 2
    assert messages(text, "ghcr.io", "docker.io", "quay.io") == []


def test_every_registry_is_allowed_unasked() -> None:
    """Without a policy."""
    assert messages("FROM a\nFROM b.example.com/c") == []


def test_a_missing_dockerfile_is_no_proof() -> None:
    """Where a list is given; else nobody asks."""
    project = replace(PROJECT, policy=Policy(allowed_registries=("ghcr.io",)))
    (finding,) = check_files(Files(None), project)
    assert finding.message == "there is no Dockerfile to look at"
    assert check_files(Files(None), PROJECT) == []
