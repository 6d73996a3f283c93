"""Lock: uv writes the one lock file that no template can hold.

A uv.lock names the package index of whoever made it, so it is made with the project. Where uv isn't
installed or can't do it, the project's build target `lock` does.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dockgen import signals

FILE = "uv.lock"
# The project's own command, which its read-me names, too.
COMMAND = "docker build --no-cache --target lock --output . ."

_MANIFEST = "pyproject.toml"
# Whoever waits longer is better off with the command above, in seconds.
_PATIENCE = 60


def is_missing(directory: Path, answers: Mapping[str, Any]) -> bool:
    """Whether the project in ``directory``, of these answers, has yet to get its uv.lock."""
    return answers.get("package_manager") == "uv" and not (directory / FILE).exists()


def find_uv() -> Path | None:
    """The uv that is installed on this machine, if there is one."""
    found = shutil.which("uv")
    return Path(found) if found else None


def write(directory: Path, uv: Path, answers: Mapping[str, Any]) -> str:
    """Let ``uv`` write the lock file of the project in ``directory``.

    Returns why it can't, in a line, or "" if the file is there.
    """
    index = answers.get("package_index")
    environment = {**os.environ, **({"UV_DEFAULT_INDEX": str(index)} if index else {})}
    # Apart from everything else: a folder above the project may be a workspace of uv's, which
    # would then be locked as a whole.
    with signals.temporary_folder("dockgen-") as folder:
        shutil.copy2(directory / _MANIFEST, folder)
        try:
            finished = subprocess.run(
                # Nobody asked for an interpreter to be downloaded.
                [uv, "lock", "--no-python-downloads", "--color=never"],
                cwd=folder,
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
        shutil.copyfile(folder / FILE, directory / FILE)
    return ""


def _reason(complaint: str) -> str:
    """The first reason that uv gives, and its hint, if it has one."""
    # uv draws a tree of reasons, and may warn before it fails.
    lines = [re.sub(r"^\W+", "", line) for line in complaint.splitlines()]
    errors = [line for line in lines if line.startswith("error: ")]
    reason = next(filter(None, errors or lines), "no reason given").removeprefix("error: ")
    hint = next((line for line in lines if line.startswith("hint: ")), "")
    return f"{reason} ({hint})" if hint else reason
