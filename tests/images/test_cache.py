"""Which steps a change repeats, as the builder reports it."""

import secrets
import shutil
from pathlib import Path

import pytest

from dockgen.matrix import Language
from dockgen.project import Project
from tests.images import steps
from tests.images.conftest import SAMPLE, sampled_cases

# What must run again after an edit of the source, and nothing else: compile and ship, or just ship.
STEPS = {
    Language.GO: ["COPY . .", "RUN --mount", "COPY --from=build"],
    Language.PYTHON: ["COPY --chmod=0555 app/"],
    Language.NODE: ["COPY --chmod=555 src/"],
}

# Files that no image is made of. Go's tests are beside the source, and are compiled with it.
BESIDE = {
    Language.GO: ["README.md", "compose.yaml", ".git/config"],
    Language.PYTHON: ["README.md", "compose.yaml", ".git/config", "tests/test_main.py"],
    Language.NODE: ["README.md", "compose.yaml", ".git/config", "test/app.test.js"],
}


@pytest.fixture
def built_copy(cached: Project, tmp_path: Path) -> Path:
    """A copy of a project whose image was just built: the cache knows all of it."""
    copy = tmp_path / "copy"
    shutil.copytree(cached.directory, copy)
    return copy


def test_files_that_no_image_is_made_of_run_nothing(built_copy: Path, project: Project) -> None:
    """In another folder, with edits beside the source, and without the files of dockgen.

    A project that leaves dockgen, as the read-me says it can, builds the same.
    """
    for name in BESIDE[project.cell.language]:
        path = built_copy / name
        path.parent.mkdir(exist_ok=True)
        path.write_text((path.read_text() if path.exists() else "") + "\n")
    for name in ("dockgen.toml", ".copier-answers.yml"):
        (built_copy / name).unlink()
    assert steps.build(built_copy).run == []


def test_an_edited_line_runs_no_more_than_it_must(
    built_copy: Path, project: Project, line: tuple[str, str]
) -> None:
    """Dependencies and the root file system stay; the source is compiled or copied again."""
    # Never built before, also not by an earlier run of this test.
    steps.edit_source(built_copy, line, secrets.token_hex())
    run = steps.build(built_copy).run
    expected = STEPS[project.cell.language]
    assert len(run) == len(expected), run
    assert [step[: len(start)] for step, start in zip(run, expected, strict=True)] == expected


# A harmless edit of what names the packages: the file, a text in it, and what takes its place.
MANIFEST = {
    Language.GO: ("go.mod", "\ngo ", "\n// {edit}\ngo "),
    Language.PYTHON: ("requirements.txt", "# This file", "# {edit}\n# This file"),
    Language.NODE: ("package.json", '"version": "0.1.0', '"version": "0.1.0-{edit}'),
}

# How the step that installs them begins, and the folder that it keeps them in.
INSTALL = {
    Language.GO: (
        "RUN --mount=type=cache,target=/go/pkg/mod \\\n"
        "    --mount=type=cache,target=/root/.cache/go-build \\\n    GOOS",
        "/go/pkg/mod",
    ),
    Language.PYTHON: (
        "RUN --mount=type=cache,target=/root/.cache/uv \\\n"
        "    --mount=type=bind,source=requirements.txt",
        "/root/.cache/uv",
    ),
    Language.NODE: (
        "RUN --mount=type=cache,target=/root/.npm \\\n"
        "    --mount=type=bind,source=docker/install.mjs,target=/tmp/install.mjs \\\n"
        "    node /tmp/install.mjs npm ci --omit=dev",
        "/root/.npm",
    ),
}

# uv and npm ask the index whether their lists of versions are still current, and download those
# that are not. Here they are told not to ask; Go never does.
WITHOUT_INDEX = {
    Language.GO: "",
    Language.PYTHON: "ENV UV_OFFLINE=1\n",
    Language.NODE: "ENV npm_config_offline=true\n",
}

# A step that has nothing to do with the manifest; Go's builds have none.
TOOLS = {Language.PYTHON: "pip install", Language.NODE: "strip.mjs"}

# A Go project has no module yet: this one needs no other.
USES_A_MODULE = """\
package main

import "github.com/google/uuid"

var instance = uuid.NewString()

func init() { println(instance) }
"""


@pytest.fixture
def with_packages(project: Project, built_copy: Path) -> Path:
    """The copy, with packages that were downloaded in a build.

    The step that does it runs, whatever an earlier run left: the builder may still have its result,
    and no more what it downloaded.
    """
    if project.cell.language is Language.GO:
        (built_copy / "uuid.go").write_text(USES_A_MODULE)
        # The lock target, as the README says, makes go.mod and go.sum.
        steps.build(built_copy, "--target=lock", output="type=local,dest=.")
        assert "google/uuid" in (built_copy / "go.sum").read_text()
    edit_manifest(built_copy, project.cell.language)
    steps.build(built_copy)
    return built_copy


def cut_off(copy: Path, language: Language) -> None:
    """Take the network from the step that installs the packages."""
    start, _ = INSTALL[language]
    changed = start.replace("RUN", f"{WITHOUT_INDEX[language]}RUN --network=none")
    dockerfile = copy / "Dockerfile"
    content = dockerfile.read_text()
    assert content.count(start) == 1
    dockerfile.write_text(content.replace(start, changed))


def edit_manifest(copy: Path, language: Language) -> None:
    """Edit the manifest as no earlier run of this test did, so that the packages are installed."""
    name, old, new = MANIFEST[language]
    content = (copy / name).read_text()
    assert content.count(old) == 1
    (copy / name).write_text(content.replace(old, new.format(edit=secrets.token_hex(8))))


@sampled_cases
def test_an_edited_manifest_downloads_nothing(with_packages: Path, project: Project) -> None:
    """Packages are installed again, all from what is at hand; what the build itself uses stays."""
    language = project.cell.language
    cut_off(with_packages, language)
    edit_manifest(with_packages, language)
    made = steps.build(with_packages)
    assert any("--network=none" in step for step in made.run)
    if language in TOOLS:
        assert [step for step in made.run if TOOLS[language] in step] == []
        assert [step for step in made.cached if TOOLS[language] in step] != []


# Flavors install their packages alike.
@pytest.mark.parametrize("case", SAMPLE, indirect=True)
def test_packages_that_are_not_at_hand_stop_that_build(
    with_packages: Path, project: Project
) -> None:
    """From an empty cache nothing can be installed without a network."""
    language = project.cell.language
    cut_off(with_packages, language)
    steps.exchange_caches(with_packages, secrets.token_hex(8), INSTALL[language][1])
    with pytest.raises(AssertionError, match="did not complete successfully"):
        steps.build(with_packages)
