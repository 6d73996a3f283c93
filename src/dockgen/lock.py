"""Lock files: when a project's must be updated, and the command for it.

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

# The answers that determine a new project's packages, or the program that locks them.
_PACKAGES = ("package_manager", "framework", "kind")

_MANIFEST = "pyproject.toml"
# A separate workspace of uv, so that a folder inside isn't part of another one.
_WORKSPACE = """\
[tool.uv.workspace]
members = []
"""
# In seconds. If it takes longer, users get the build command instead.
_PATIENCE = 60


def is_missing(directory: Path, answers: Mapping[str, Any]) -> bool:
    """Return whether the project in ``directory`` still needs its uv.lock."""
    return answers.get("package_manager") == "uv" and not (directory / FILE).exists()


def is_outdated(
    before: Mapping[str, Any], after: Mapping[str, Any], given: Collection[str]
) -> bool:
    """Return whether an update changed an answer that the lock file depends on.

    Args:
        before: the answers before the update.
        after: the answers after it.
        given: the names of the answers that the user changed. A question that is new to the
            project changes nothing unless the user answered it.
    """
    manager = languages.package_managers().get(after.get("package_manager", ""), {})
    # Go has no lock file that depends on an answer: go.sum accepts additional lines.
    names = (*_PACKAGES, *manager.get("locks", ())) if "lock_files" in manager else ()
    return any(
        before[name] != after.get(name) if name in before else name in given for name in names
    )


def is_lock_file(path: str) -> bool:
    """Return whether the build target writes that file: then no side of a conflict is right.

    Args:
        path: relative to the project.
    """
    # Except go.sum: there, both sides of a conflict are right.
    managers = languages.package_managers().values()
    return any(path in manager.get("lock_files", ()) for manager in managers)


def command(answers: Mapping[str, Any], conflicts: Collection[str] = ()) -> str:
    """Return the command that updates the lock files of a project with these answers.

    It is the command in the project's README, with the options that the project's builds need.

    Args:
        answers: the project's answers.
        conflicts: its files in conflict. A lock file among them is first restored, because
            Node's package managers read the existing one.
    """
    build = " ".join(("docker build --no-cache --target lock --output .", *_options(answers), "."))
    files = [*filter(is_lock_file, conflicts)]
    return f"git checkout --ours {shlex.join(files)} && {build}" if files else build


def _options(answers: Mapping[str, Any]) -> list[str]:
    """Return the build options for private packages and the machine's certificate authorities."""
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
    """Return the uv that is installed on this machine, or None."""
    found = shutil.which("uv")
    return Path(found).absolute() if found else None


def write(directory: Path, uv: Path, answers: Mapping[str, Any], *, trusted: bool = True) -> str:
    """Let ``uv`` write the lock file of the project in ``directory``.

    Args:
        directory: the project.
        uv: the program.
        answers: the project's answers.
        trusted: whether packages may be built, which runs their code.

    Returns:
        Why that failed, in a line, or "" if the file is there.
    """
    index = answers.get("package_index")
    environment = {**os.environ, **({"UV_DEFAULT_INDEX": str(index)} if index else {})}
    # Isolate it: a parent folder of the project may be a uv workspace, which uv would lock as a
    # whole, with that workspace's interpreter. The folder above the copy belongs only to the user,
    # and is a workspace without members: uv looks no further up.
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
                # As users run it: if the project's Python is missing, their uv settings decide
                # whether to download one.
                [uv, "lock", "--color=never", "--project", folder, *no_build],
                # Only root writes here. Programs that uv starts may search parent folders, too, as
                # Python version shims do.
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
    """Return the first reason that uv gives, and its hint, if any."""
    # uv prints a tree of reasons, and may warn before it fails.
    lines = [re.sub(r"^\W+", "", line) for line in complaint.splitlines()]
    errors = [line for line in lines if line.startswith("error: ")]
    reason = next(filter(None, errors or lines), "no reason given").removeprefix("error: ")
    hint = next((line for line in lines if line.startswith("hint: ")), "")
    return f"{reason} ({hint})" if hint else reason
