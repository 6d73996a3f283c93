"""How the packages of existing Node code are installed: scripts that run, and those that don't."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from dockgen import template
from dockgen.source import Source
from tests.conftest import Make
from tests.table import table

needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="there is no Node here")
Rendered = Callable[..., Path]

# The install options of each package manager, where its packages are, and what runs a script.
MANAGERS: Mapping[str, tuple[dict[str, Any], str, str]] = {
    "npm": ({}, "node_modules", "npm rebuild --ignore-scripts=false allowed"),
    "pnpm": ({}, "node_modules/.pnpm/x@1/node_modules", "pnpm rebuild allowed"),
    "yarn": ({}, "node_modules", "npm rebuild --ignore-scripts=false allowed"),
    "classic": ({"classic": True}, "node_modules", "npm rebuild --ignore-scripts=false allowed"),
}


@pytest.fixture
def rendered(origin: Source, tmp_path: Path) -> Rendered:
    """Render the container files of a Node program that was there before."""

    def project(manager: str = "npm", build: list[str] | None = None, **install: Any) -> Path:
        folder = tmp_path / "rendered"
        shutil.rmtree(folder, ignore_errors=True)
        existing = {"command": ["node", "index.js"], "install": install, "build": build or []}
        answers = {"language": "node", "flavor": "alpine", "existing": existing}
        answers["package_manager"] = manager.replace("classic", "yarn")
        template.render_version(origin, "HEAD", folder, answers)
        return folder

    return project


def _installed(project: Path, at: str, command: str = "true", **scripts: str) -> tuple[int, str]:
    """Run install.mjs where three packages are installed; its exit code, and what it prints."""
    folder = project / "installed"
    for name, content in {
        "allowed": {"scripts": {"install": "node-gyp rebuild"}},
        "@some/skipped": {"scripts": {"postinstall": "node thanks.js"}},
        "plain": {"scripts": {"test": "true"}},
    }.items():
        package = folder / at / name
        package.mkdir(parents=True)
        named = {"name": name, "version": "1.2.3", **content}
        (package / "package.json").write_text(json.dumps(named))
    (folder / "package.json").write_text(json.dumps({"scripts": scripts}))
    programs = project / "programs"
    programs.mkdir()
    for name in ("npm", "pnpm"):
        (programs / name).write_text(f'#!/bin/sh\necho "ran {name} $*"\n')
        (programs / name).chmod(0o755)
    done = subprocess.run(
        ["node", project / "docker/install.mjs", command],
        cwd=folder,
        env={**os.environ, "PATH": f"{programs}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stderr == ""
    return done.returncode, done.stdout


@needs_node
@pytest.mark.parametrize("manager", MANAGERS)
def test_only_allowed_scripts_run_and_the_others_are_named(
    rendered: Rendered, manager: str
) -> None:
    """With the line that allows them, which is in a file of the image, not in the user's."""
    install, at, runs = MANAGERS[manager]
    code, said = _installed(rendered(manager, scripts=["allowed"], **install), at)
    assert code == 0
    assert said.splitlines() == [
        f"ran {runs}",
        "@some/skipped 1.2.3 has an install script that did not run. If you need it,",
        "    add to docker/install.mjs: const ALLOWED = ['allowed', '@some/skipped'];",
    ]


@needs_node
def test_nothing_is_said_if_every_script_is_allowed(rendered: Rendered) -> None:
    """If none is allowed, no script runs."""
    code, said = _installed(rendered(scripts=["allowed", "@some/skipped"]), "node_modules")
    assert (code, said) == (0, "ran npm rebuild --ignore-scripts=false allowed @some/skipped\n")
    code, said = _installed(rendered(), "node_modules")
    assert code == 0
    assert "ran" not in said.replace("did not run", "")


@needs_node
def test_an_install_that_fails_runs_no_script(rendered: Rendered) -> None:
    """The build ends with its exit code."""
    assert _installed(rendered(scripts=["allowed"]), "node_modules", "false") == (1, "")


@needs_node
def test_own_scripts_are_named_unless_the_build_runs_them(rendered: Rendered) -> None:
    """A script of the project's that the next step runs anyway isn't worth a word."""
    scripts = {"postinstall": "nuxt prepare", "prepare": "husky"}
    allowed = ["allowed", "@some/skipped"]
    own = re.compile(r"own (\w+) script")
    _, said = _installed(rendered(scripts=allowed), "node_modules", **scripts)
    assert own.findall(said) == ["postinstall", "prepare"]
    built = rendered(scripts=allowed, build=["npm run postinstall", "npm run build"])
    _, said = _installed(built, "node_modules", **scripts)
    assert own.findall(said) == ["prepare"]


@table("manager, file", [("npm", ".npmrc"), ("pnpm", ".npmrc"), ("yarn", ".yarnrc.yml")])
def test_tokens_stay_out_of_the_build_cache(manager: str, file: str, rendered: Rendered) -> None:
    """As in new projects."""
    with_file = (rendered(manager, files=["package.json", file]) / "Dockerfile").read_text()
    assert f"A token in {file} would stay in the build cache" in with_file
    without = (rendered(manager, files=["package.json"]) / "Dockerfile").read_text()
    assert "A token in" not in without


def test_a_build_copies_the_manifests_once(rendered: Rendered) -> None:
    """Packages for production, and all packages, are installed from the same stage."""
    text = (rendered(build=["npm run build"], files=["package.json"]) / "Dockerfile").read_text()
    assert text.count("COPY --chmod=444 package.json ./") == 1
    assert text.count("FROM manifests AS") == 2
    alone = (rendered(files=["package.json"]) / "Dockerfile").read_text()
    assert "manifests" not in alone


def _uneven(text: str) -> list[str]:
    """Return the comments on installs with too long lines, or lines that wrap too early."""
    found = []
    lines = text.splitlines()
    for number, line in enumerate(lines[:-1]):
        after = lines[number + 1]
        if not line.startswith("# ") or len(line) > 100:
            found += [line] if line.startswith("#") else []
        elif after.startswith("# ") and ("nstall" in line or "hijacked" in line):
            word = after.split()[1]
            found += [line] if len(line) + 1 + len(word) < 98 else []
    return found


@pytest.mark.parametrize("manager", ["npm", "pnpm", "yarn"])
def test_comments_have_even_lines(manager: str, rendered: Rendered, make: Make) -> None:
    """They wrap evenly with any file name in them."""
    existing = rendered(manager, build=["npm run build"])
    new = [
        make(language="node", flavor="slim", package_manager=manager, framework=framework)
        for framework in ("express", "vite")
    ]
    for project in (existing, *new):
        assert _uneven((project / "Dockerfile").read_text()) == []
