"""Node's frameworks, kinds and package managers: their rendered files.

tests/images/test_node_variants.py builds them.
"""

import itertools
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dockgen.errors import UsageError
from dockgen.testing.linters import unparsable
from tests import linters
from tests.conftest import Make
from tests.integration.templates.test_private import ANSWERS, instructions, mounts
from tests.table import table

# Each flavor once, with different answers about private packages: what they add is the same.
PLACES: tuple[dict[str, Any], ...] = (
    {"flavor": "slim"},
    {"flavor": "alpine", **ANSWERS["all"]},
    {"flavor": "scratch", **ANSWERS["token"]},
)
SAMPLES: dict[str, dict[str, str]] = {
    "express": {"framework": "express"},
    "fastify": {"framework": "fastify"},
    "stdlib": {"framework": "stdlib"},
    "vite": {"framework": "vite"},
    "worker": {"kind": "worker"},
    "job": {"kind": "job"},
}
LOCK_FILES = {"npm": "package-lock.json", "pnpm": "pnpm-lock.yaml", "yarn": "yarn.lock"}
SETTINGS = {"pnpm": "pnpm-workspace.yaml", "yarn": ".yarnrc.yml"}

Projects = Callable[..., Path]


@pytest.fixture(scope="session")
def projects(make: Make) -> Projects:
    """Render a project of Node for some answers, once for all tests that read it."""
    made: dict[str, Path] = {}

    def project(**answers: Any) -> Path:
        given = {"language": "node", "flavor": "slim", **answers}
        if (key := repr(sorted(given.items()))) not in made:
            made[key] = make(**given)
        return made[key]

    return project


def places(sample: str) -> Iterator[dict[str, Any]]:
    """Return the flavors of a sample: nginx, which serves Vite's site, has no probe on scratch."""
    return (place for place in PLACES if (sample, place["flavor"]) != ("vite", "scratch"))


def files(project: Path) -> dict[str, str]:
    """Return the texts of a project by path."""
    return {
        path.relative_to(project).as_posix(): path.read_text()
        for path in sorted(project.rglob("*"))
        if path.is_file()
    }


@table(("sample", "manager"), itertools.product(SAMPLES, LOCK_FILES))
def test_is_written_as_by_hand(projects: Projects, manager: str, sample: str) -> None:
    """No blank too many, no trace of the template, nothing that can't be parsed."""
    for place in places(sample):
        project = projects(package_manager=manager, **SAMPLES[sample], **place)
        for path, text in files(project).items():
            assert not re.search(r"[ \t]\n|\n\n\n|\n\n\Z|\A\n|\{%|\{\{", text), path
            assert text.endswith("\n"), path
        assert unparsable(project) == []


def test_passes_the_linters(projects: Projects) -> None:
    """hadolint, and yamllint where the manager has settings."""
    assert (
        linters.hadolint(
            projects(package_manager=manager, **SAMPLES[sample], **place) / "Dockerfile"
            for manager in LOCK_FILES
            for sample in ("fastify", "vite", "worker", "job")
            for place in places(sample)
        )
        == ""
    )
    assert (
        linters.yamllint(
            projects(package_manager=manager, **ANSWERS["ssh"]) / name
            for manager, name in SETTINGS.items()
        )
        == ""
    )


@table(("sample", "manager"), itertools.product(SAMPLES, LOCK_FILES))
def test_only_one_manager_is_spoken_of(projects: Projects, manager: str, sample: str) -> None:
    """Its lock file is there, its settings are, and no other's is even named."""
    found = files(projects(package_manager=manager, **SAMPLES[sample]))
    own = {LOCK_FILES[manager], SETTINGS.get(manager)}
    others = {*LOCK_FILES.values(), *SETTINGS.values()} - own
    assert others.isdisjoint(found)
    assert LOCK_FILES[manager] in found
    for path, text in found.items():
        assert not [name for name in others if name in text], path
    assert f"`{manager} test`" in found["README.md"]
    assert f"\nRUN {manager} test\n" in found["Dockerfile"]


@table(("kind", "manager"), itertools.product(["worker", "job"], LOCK_FILES))
def test_who_answers_no_requests_has_no_port(projects: Projects, manager: str, kind: str) -> None:
    """Nowhere."""
    found = files(projects(kind=kind, package_manager=manager, ci="github"))
    for path, text in found.items():
        if path != ".copier-answers.yml" and not path.endswith(("lock.json", "lock.yaml")):
            assert not re.search(r"\bPORT\b|EXPOSE|healthz|HOST_PORT|\b8080\b|express", text), path
    assert ("HEALTHCHECK" in found["Dockerfile"]) is (kind == "worker")
    assert ("src/healthcheck.js" in found) is (kind == "worker")
    assert f'ENTRYPOINT ["node", "src/{kind}.js"]' in found["Dockerfile"]
    assert f"src/{kind}.js" in found


@table("manager", ["pnpm", "yarn"])
def test_one_version_of_the_manager(projects: Projects, manager: str) -> None:
    """The one that builds is the one that package.json names."""
    found = files(projects(package_manager=manager))
    (built,) = re.findall(r"(?:pnpm|cli-dist)@([\d.]+)\n", found["Dockerfile"])
    assert f'"packageManager": "{manager}@{built}"' in found["package.json"]


def test_npm_is_not_named_in_package_json(projects: Projects) -> None:
    """It comes with Node."""
    assert "packageManager" not in files(projects())["package.json"]


@table(("sample", "manager"), itertools.product(SAMPLES, ["pnpm", "yarn"]))
def test_the_lock_file_is_for_each_version_of_node(
    projects: Projects, sample: str, manager: str
) -> None:
    """It doesn't depend on it; npm's repeats package.json, and has it filled in."""
    locks = {
        files(projects(package_manager=manager, language_version=version, **SAMPLES[sample]))[
            LOCK_FILES[manager]
        ]
        for version in ("22", "24", "26")
    }
    assert len(locks) == 1


@table(("sample", "name"), itertools.product(SAMPLES, ["a", "my-app", "express", "zz"]))
def test_yarn_finds_its_entries_sorted(projects: Projects, sample: str, name: str) -> None:
    """Or --immutable would refuse the file."""
    text = files(projects(name=name, package_manager="yarn", **SAMPLES[sample]))["yarn.lock"]
    keys = re.findall(r'^"(.+)":$', text, re.MULTILINE)
    assert f"{name}@workspace:." in keys
    assert keys == sorted(keys)


DOWNLOADS = re.compile(r"npm (?:ci|install) |yarn (?:--immutable|install)")


def test_steps_that_download_get_what_is_private(projects: Projects) -> None:
    """Each of them and no other one: of the manager itself, packages, tests and lock file."""
    for answer in ANSWERS:
        for manager in ["pnpm", "yarn"]:
            dockerfile = projects(package_manager=manager, **ANSWERS[answer]) / "Dockerfile"
            lines = instructions(dockerfile)
            downloads = [
                line for line in lines if line.startswith("RUN") and DOWNLOADS.search(line)
            ]
            assert len(downloads) == 4
            expected = {
                "ssh": {"ssh", "known_hosts"},
                "token": {"yarnrc" if manager == "yarn" else "npmrc"},
                "company": {"ca-certificates"},
                "all": {"ssh", "known_hosts", "ca-certificates"},
            }[answer]
            for line in downloads:
                # npm, which installs the manager, gets no keys to git, nor Yarn's secrets.
                theirs = (
                    {"npmrc", "ca-certificates"} if "npm install --global" in line else expected
                )
                assert mounts(line) == expected & theirs
            for line in set(lines) - set(downloads):
                assert mounts(line) <= ({"ca-certificates"} if "apk add" in line else set())


@pytest.mark.parametrize(
    ("manager", "variables"),
    [
        ("pnpm", ["NPM_CONFIG_REGISTRY", "PNPM_CONFIG_REGISTRY"]),
        ("yarn", ["NPM_CONFIG_REGISTRY", "YARN_NPM_REGISTRY_SERVER"]),
    ],
)
def test_the_index_is_that_of_all_tools(
    projects: Projects, manager: str, variables: list[str]
) -> None:
    """Of npm, which installs the manager, and of the manager."""
    index = "https://mirror.acme.example/npm"
    found = projects(package_manager=manager, package_index=index) / "Dockerfile"
    assert re.findall(rf"(\w+)={index}\b", found.read_text()) == variables


def test_yarn_may_ask_a_mirror_without_tls(projects: Projects) -> None:
    """By name, without the port."""
    found = projects(package_manager="yarn", package_index="http://10.0.0.1:8081/npm/")
    assert "\nENV YARN_UNSAFE_HTTP_WHITELIST=10.0.0.1\n" in (found / "Dockerfile").read_text()


def test_an_old_node_is_refused(make: Make) -> None:
    """With the reason."""
    for answers, message in [
        (
            {"language_version": "20", "framework": "fastify"},
            "the locked packages of Fastify need Node 22 or later",
        ),
        ({"language_version": "20", "package_manager": "pnpm"}, "pnpm 11 needs Node 22.13 or"),
        ({"language_version": "16"}, "Express 5 needs Node 18 or later"),
        ({"language_version": "16", "kind": "job"}, "the sample app needs Node 18 or later"),
    ]:
        with pytest.raises(UsageError, match=message):
            make(language="node", flavor="slim", **answers)
