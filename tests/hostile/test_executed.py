"""Which programs start while dockgen works in a malicious folder, as the kernel reports it."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import PLAIN, Released
from tests.integration.update.conftest import PERSON, commit, git

# What dockgen starts by name, and what those start: git its own helpers, a script its interpreter.
ALLOWED = re.compile(
    r"(git(-\S+)?|sh|dash|bash|env|uv|docker|python[\d.]*|dockgen|basename|dirname|envsubst|gettext|sed|uname|ldconfig\S*)"
)
EXECUTED = re.compile(r'execve\("((?:[^"\\]|\\.)*)".* = 0$', re.MULTILINE)
# Every program of this name in the folder would be a stranger's.
PROGRAMS = ("docker", "git", "python3", "sh", "ssh", "uv")
# An engine that is too old: `check` ends there, with all of its files read.
DOCKER = """#!/bin/sh
echo '{"Client": {"Version": "20.0.0"}, "Server": {"Version": "20.0.0"}}'
"""


@pytest.fixture
def folder(tmp_path: Path, released_project: Released, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that someone else filled: a project, a starter, and what could start something."""
    for name, value in PERSON.items():
        monkeypatch.setenv(name, value)
    root = tmp_path / "theirs"
    project = root / "my-app"
    shutil.copytree(released_project("v0.6.0", "python", "slim"), project)
    starter = root / "starter"
    for place in (project, starter):
        place.mkdir(exist_ok=True)
        git("init", "--quiet", "--initial-branch=main", cwd=place)
    _write_starter(starter)
    for place in (root, project, starter):
        for name in PROGRAMS:
            _program(place / name)
        for name in ("yaml", "copier", "sitecustomize", "dockgen"):
            (place / f"{name}.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n")
    (root / "pyproject.toml").write_text('[tool.uv.workspace]\nmembers = ["*"]\n')
    commit(project, "theirs")
    commit(starter, "theirs")
    git("tag", "v1.0.0", cwd=starter)
    for place in (project, starter):
        _arm(place)
    return root


def _program(path: Path) -> None:
    if path.is_dir():
        return  # a folder of the project's own
    path.write_text("#!/bin/sh\nexit 1\n")
    path.chmod(0o755)


def _write_starter(starter: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "dockgen", "starter", "init", starter / "made", "--name", "acme",
         "--language", "python", "--ci", "none"],
        env=PLAIN | PERSON, check=True, capture_output=True,
    )  # fmt: skip
    shutil.rmtree(starter / "made/.git", ignore_errors=True)
    for path in (starter / "made").iterdir():
        path.rename(starter / path.name)
    (starter / "made").rmdir()
    project = starter / "templates/python/project"
    (project / ".gitattributes").write_text("* diff=evil\n")


def _arm(repository: Path) -> None:
    """Put programs where a repository's own settings would start them."""
    hooks = repository / ".git/hooks"
    hooks.mkdir(exist_ok=True)
    for name in ("post-checkout", "post-index-change", "pre-commit", "reference-transaction"):
        _program(hooks / name)
    program = repository / "sh"
    settings = {
        "core.fsmonitor": program,
        "core.sshCommand": program,
        "core.pager": program,
        "core.editor": program,
        "core.askPass": program,
        "credential.helper": program,
        "diff.external": program,
        "diff.evil.textconv": program,
        "gpg.program": program,
        "core.alternateRefsCommand": program,
        "remote.origin.url": repository / ".git",
        "remote.origin.promisor": "true",
        "remote.origin.uploadpack": program,
        "uploadpack.packObjectsHook": program,
    }
    for key, value in settings.items():
        git("config", key, str(value), cwd=repository)


@pytest.mark.parametrize(
    "words",
    [
        ("new", "app", "--defaults"),
        ("new", "app2", "--language", "python", "--flavor", "slim", "--package-manager", "uv"),
        ("starter", "add", "acme", "starter"),
        ("update", "--all", "."),
        ("update", "my-app"),
        ("update", "--undo", "my-app"),
        ("check", "my-app"),
    ],
    ids=" ".join,
)
def test_nothing_of_the_folder_is_started(
    folder: Path, tmp_path: Path, words: tuple[str, ...]
) -> None:
    """Every program that starts is on a short list, and none is in the folder."""
    strace = shutil.which("strace")
    assert strace, "strace tells what starts; install it with: apt-get install strace"
    own = tmp_path / "bin"
    own.mkdir()
    (own / "docker").write_text(DOCKER)
    (own / "docker").chmod(0o755)
    traced = tmp_path / "traced"
    done = subprocess.run(
        [strace, "-f", "-qq", "-e", "trace=execve", "-s", "4096", "-o", traced,
         Path(sys.executable).with_name("dockgen"), *words],
        cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        env=PLAIN | PERSON | {
            "PATH": f"{own}:{os.environ['PATH']}",
            "UV_OFFLINE": "1",
            "XDG_CONFIG_HOME": str(tmp_path / "settings"),
            "XDG_CACHE_HOME": str(tmp_path / "cache"),
        },
    )  # fmt: skip
    assert "Traceback" not in done.stderr, done.stderr
    executed = {Path(os.path.realpath(path)) for path in EXECUTED.findall(traced.read_text())}
    assert executed, done.stderr
    assert [path for path in executed if path.is_relative_to(folder)] == []
    assert [path for path in executed if not ALLOWED.fullmatch(path.name)] == []
    assert not (tmp_path / "ran").exists()
