"""Random malicious trees: whatever is in a project, nothing outside it changes."""

import hashlib
import json
import os
import random
import shutil
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from dockgen.cli import main
from tests.conftest import Released
from tests.integration.update.conftest import PERSON, commit, git

COMMANDS = (
    ("update", "--check", "--all", "."),
    ("update", "--dry-run", "my-app"),
    ("update", "my-app"),
    ("update", "--undo", "my-app"),
    ("check", "my-app"),
    ("new", "my-app/new", "--defaults"),
)
NAMES = (
    "plain",
    "-flag",
    "a\nb",
    "\x1b]52;c;eA==\x1b\\",
    "\udce9",
    "..x",
    " ",
    "HEAD",
    "git~1",
    "é",
)
# An engine that is too old: `check` reads the project's files, and ends there.
DOCKER = """#!/bin/sh
echo '{"Client": {"Version": "20.0.0"}, "Server": {"Version": "20.0.0"}}'
"""


class Stranger:
    """Someone who does at random what a project doesn't expect."""

    def __init__(self, root: Path, seed: int) -> None:
        """Work on ``root``/theirs, the same way for the same seed."""
        self.random = random.Random(seed)  # noqa: S311 - the same tree for the same seed
        self.outside, self.project = root / "outside", root / "theirs/my-app"
        self.done: list[str] = []

    def act(self) -> None:
        """Do one thing to one path of the project."""
        paths = [path for path in self.project.rglob("*") if ".git" not in path.parts]
        path = self.random.choice(paths)
        deeds: list[Callable[[Path], None]] = [
            self.link, self.link, self.link_folder, self.pipe, self.large, self.odd_mode,
            self.odd_name, self.folder, self.bare, self.yaml, self.journal,
        ]  # fmt: skip
        deed = self.random.choice(deeds)
        self.done.append(f"{deed.__name__} {path.relative_to(self.project)}")
        deed(path)

    def link(self, path: Path) -> None:
        """In place of a file: a link out, to itself, or to nothing."""
        _remove(path)
        targets: list[Path | str] = [
            self.outside / "file",
            "../../outside/file",
            path.name,
            "/dev/zero",
            "/nowhere",
        ]
        path.symlink_to(self.random.choice(targets))

    def link_folder(self, path: Path) -> None:
        """In place of a folder: a link to one outside, with files of the same names."""
        folder = path if path.is_dir() and not path.is_symlink() else path.parent
        if folder != self.project:
            _remove(folder)
            folder.symlink_to(self.outside / "folder", target_is_directory=True)

    def pipe(self, path: Path) -> None:
        """Make a pipe, which blocks when it is opened."""
        _remove(path)
        os.mkfifo(path)

    def large(self, path: Path) -> None:
        """Make a file larger than any that dockgen reads."""
        _remove(path)
        path.write_bytes(b"a: &a [*a]\n" * 300_000)

    def odd_mode(self, path: Path) -> None:
        """Change the mode: no permissions, all of them, setuid or setgid."""
        if not path.is_symlink():
            path.chmod(self.random.choice([0, 0o777, 0o4755, 0o2777]))

    def odd_name(self, path: Path) -> None:
        """Make a file with a name that no project has."""
        folder = path if path.is_dir() else path.parent
        (folder / self.random.choice(NAMES)).write_text("x\n")

    def folder(self, path: Path) -> None:
        """Put a folder in place of a file."""
        _remove(path)
        path.mkdir()

    def bare(self, path: Path) -> None:
        """Make what git could take for a repository."""
        folder = path if path.is_dir() else path.parent
        for name in ("objects", "refs"):
            (folder / name).mkdir(exist_ok=True)
        (folder / "HEAD").write_text("ref: refs/heads/main\n")
        (folder / "config").write_text(f"[core]\n\tworktree = {self.outside}\n")

    def yaml(self, _path: Path) -> None:
        """Write answers that PyYAML fails on."""
        answers = self.project / ".copier-answers.yml"
        if answers.is_file() and not answers.is_symlink():
            words = self.random.choice(
                ["x: !!bool maybe", "x: *y", "x: " + "[" * 5000, "x: !!int ''"]
            )
            answers.write_text(answers.read_text() + words + "\n")

    def journal(self, _path: Path) -> None:
        """Write a journal that names files elsewhere."""
        key = hashlib.sha256(b"").hexdigest()[:16]
        folder = self.project / f".git/dockgen/{key}" / self.random.choice(["active", "undo"])
        shutil.rmtree(folder, ignore_errors=True)
        for part in ("before", "after"):
            (folder / part).mkdir(parents=True)
            (folder / part / "0").write_text("planted\n")
        name = self.random.choice([str(self.outside / "file"), "../../outside/file", "a/../../x"])
        record = {
            "format": 1, "token": "aa", "title": "x", "head": "0" * 40, "files": [name],
            "existed": [0], "new_folders": ["../../outside/new"], "index_paths": [],
            "index_before": "", "index_after": "",
        }  # fmt: skip
        (folder / "journal.json").write_text(json.dumps(record))


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def state(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Return each path below a folder with its mode, and its bytes or a link's target."""
    found = {}
    for path in sorted(folder.rglob("*")):
        facts = path.lstat()
        content = b""
        if stat.S_ISREG(facts.st_mode):
            content = path.read_bytes()
        elif stat.S_ISLNK(facts.st_mode):
            content = os.fsencode(path.readlink())
        found[str(path.relative_to(folder))] = (facts.st_mode, content)
    return found


SEEDS = [
    pytest.param(seed, marks=() if seed < 6 else pytest.mark.release, id=str(seed))
    for seed in range(60)
]


@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_outside_changes(
    released_project: Released,
    own_signals: None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    seed: int,
) -> None:
    """Every command ends with a word of its own, and the world around the project stays."""
    del own_signals
    stranger = Stranger(tmp_path, seed)
    shutil.copytree(released_project("v0.6.0", "python", "slim"), stranger.project)
    home = tmp_path / "outside"
    (home / "folder").mkdir(parents=True)
    for name in ("file", "folder/Dockerfile", "folder/main.py", "folder/rootfs.py"):
        (home / name).write_text("the victim's own\n")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/docker").write_text(DOCKER)
    (tmp_path / "bin/docker").chmod(0o755)
    for name, value in (PERSON | {"HOME": str(home)}).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    monkeypatch.chdir(tmp_path / "theirs")
    git("init", "--quiet", "--initial-branch=main", cwd=stranger.project)
    commit(stranger.project, "theirs")
    for _ in range(stranger.random.randint(1, 4)):
        stranger.act()
    if stranger.random.random() < 0.6:
        # What git refuses to take in stays uncommitted, as in an archive.
        for said in (("add", "--all"), ("commit", "--quiet", "--message=harm")):
            subprocess.run(["git", *said], cwd=stranger.project, capture_output=True, check=False)
    before = state(home)
    for words in COMMANDS:
        capfd.readouterr()
        code = main(list(words))
        printed = "".join(capfd.readouterr())
        told = (stranger.done, words, code, printed)
        assert code in {0, 1, 2, 3, 4}, told
        assert "Traceback" not in printed, told
        assert printed.replace("\n", "").isprintable(), told
        assert state(home) == before, told
