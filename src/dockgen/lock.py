"""Lock: when a project's lock file must be updated, and the command for it.

A template contains a lock file for each package manager except uv: a uv.lock names a package index,
so uv makes it with the project. If uv isn't installed or fails, and for all other lock files, the
project's build target `lock` does it.
"""

import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from dockgen import languages, reader, signals
from dockgen.errors import ProjectError

FILE = "uv.lock"

# The answers that decide which packages a project starts with, or who locks them.
_PACKAGES = ("package_manager", "framework", "kind")

_MANIFEST = "pyproject.toml"
# A separate workspace of uv, so that a folder inside isn't part of another one.
_WORKSPACE = """\
[tool.uv.workspace]
members = []
"""
# In seconds. If it takes longer, use the command above instead.
_PATIENCE = 60


def is_missing(directory: Path, answers: Mapping[str, Any]) -> bool:
    """Whether the project in ``directory``, of these answers, has yet to get its uv.lock."""
    return answers.get("package_manager") == "uv" and not (directory / FILE).exists()


def is_outdated(
    before: Mapping[str, Any], after: Mapping[str, Any], given: Collection[str]
) -> bool:
    """Whether an update changed an answer that the lock file depends on.

    Args:
        before: the answers before the update.
        after: the answers after it.
        given: the names of those that someone changed. A question that is new to the project
            changes nothing unless someone answered it.
    """
    manager = languages.package_managers().get(after.get("package_manager", ""), {})
    # Go's go.sum takes other lines: it has no lock file that one answer or another would change.
    names = (*_PACKAGES, *manager.get("locks", ())) if "lock_files" in manager else ()
    return any(
        before[name] != after.get(name) if name in before else name in given for name in names
    )


def is_lock_file(path: str) -> bool:
    """Whether the project's build target writes that file; neither side of its conflicts is right.

    Args:
        path: relative to the project.
    """
    # Except go.sum: there, both sides of a conflict are right.
    managers = languages.package_managers().values()
    return any(path in manager.get("lock_files", ()) for manager in managers)


def command(answers: Mapping[str, Any], conflicts: Collection[str] = ()) -> str:
    """The command that updates the lock files of a project with these answers.

    It is the one of the project's read-me, with the options that builds of the project take.

    Args:
        answers: the project's answers.
        conflicts: its files in conflict. A lock file among them is first put back to what it was,
            as package managers of Node read the one that is there.
    """
    build = " ".join(("docker build --no-cache --target lock --output .", *_options(answers), "."))
    files = [*filter(is_lock_file, conflicts)]
    return f"git checkout --ours {shlex.join(files)} && {build}" if files else build


def _options(answers: Mapping[str, Any]) -> list[str]:
    """The options by which a build gets private packages and the machine's authorities."""
    options = []
    if answers.get("private_dependencies") == "ssh":
        options += ["--ssh default", "--secret id=known_hosts,src=$HOME/.ssh/known_hosts"]
    if answers.get("private_dependencies") == "token":
        manager = languages.package_managers().get(answers.get("package_manager", ""), {})
        file = manager.get("secret", ".netrc")
        name = file.removeprefix(".").removesuffix(".yml")
        options.append(f"--secret id={name},src=$HOME/{file}")
    if answers.get("build_ca"):
        options.append("--secret id=ca-certificates,src=/etc/ssl/certs/ca-certificates.crt")
    return options


def find_uv() -> Path | None:
    """The uv that is installed on this machine, if there is one."""
    found = shutil.which("uv")
    return Path(found).absolute() if found else None


def write(directory: Path, uv: Path, answers: Mapping[str, Any], *, trusted: bool = True) -> str:
    """Let ``uv`` write the lock file of the project in ``directory``.

    Args:
        directory: the project.
        uv: the program.
        answers: the project's answers.
        trusted: whether packages may be built for it, which runs their code.

    Returns:
        Why it can't, in a line, or "" if the file is there.
    """
    index = answers.get("package_index")
    environment = {**os.environ, **({"UV_DEFAULT_INDEX": str(index)} if index else {})}
    # Apart from everything else: a folder above the project may be a workspace of uv's, which
    # would then be locked as a whole, by an interpreter of that workspace's. The folder above the
    # copy belongs to the user alone, and has a workspace without members: uv looks no further up.
    with signals.temporary_folder("dockgen-") as parent:
        folder = parent / directory.name
        no_build = [] if trusted else ["--no-build"]
        try:
            manifest = reader.content(directory / _MANIFEST, inside=directory)
            folder.mkdir()
            (folder / _MANIFEST).write_bytes(manifest)
            (parent / _MANIFEST).write_text(_WORKSPACE, encoding="utf-8")
        except OSError as error:
            return f"uv can't be given {_MANIFEST}: {error.strerror}"
        except ProjectError as error:
            return error.message
        try:
            finished = subprocess.run(
                # As people run it: where the project's Python is missing, their settings of uv say
                # whether it downloads one.
                [uv, "lock", "--color=never", "--project", folder, *no_build],
                # Where only root leaves files: programs that uv starts may look upward, too, as
                # shims of Python's do for a version.
                cwd=folder.anchor,
                env=environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=_PATIENCE,
            )
        except subprocess.TimeoutExpired:
            return f"uv lock took longer than {_PATIENCE} s"
        except OSError as error:
            return f"uv can't be started: {error.strerror}"
        if finished.returncode != 0:
            return f"uv lock failed: {_reason(finished.stderr)}"
        (directory / FILE).write_bytes((folder / FILE).read_bytes())
    return ""


def _reason(complaint: str) -> str:
    """The first reason that uv gives, and its hint, if it has one."""
    # uv draws a tree of reasons, and may warn before it fails.
    lines = [re.sub(r"^\W+", "", line) for line in complaint.splitlines()]
    errors = [line for line in lines if line.startswith("error: ")]
    reason = next(filter(None, errors or lines), "no reason given").removeprefix("error: ")
    hint = next((line for line in lines if line.startswith("hint: ")), "")
    return f"{reason} ({hint})" if hint else reason
