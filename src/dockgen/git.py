"""git: the one module that starts it."""

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from dockgen.errors import ToolMissingError

# The first git whose configuration can be extended through GIT_CONFIG_COUNT, which is how the
# template's address is pointed at the bundle for the time of one call.
MINIMUM = (2, 31)

_IDENTITY = {
    "GIT_AUTHOR_NAME": "dockgen",
    "GIT_AUTHOR_EMAIL": "dockgen@localhost",
    "GIT_COMMITTER_NAME": "dockgen",
    "GIT_COMMITTER_EMAIL": "dockgen@localhost",
}


def require() -> None:
    """Make sure that git is there and new enough.

    Raises:
        ToolMissingError: git is missing or older than 2.31.
    """
    if shutil.which("git") is None:
        raise ToolMissingError(
            "git is missing: dockgen keeps its templates in a git bundle",
            "install git, for example: apt-get install git",
        )
    answer = subprocess.run(["git", "--version"], capture_output=True, text=True, check=False)
    found = re.search(r"(\d+)\.(\d+)", answer.stdout)
    if found is None or (int(found[1]), int(found[2])) < MINIMUM:
        raise ToolMissingError(
            f"{answer.stdout.strip() or 'git'} is too old: dockgen needs git 2.31 or later",
            "install a newer git",
        )


def run(
    *arguments: str | Path,
    cwd: Path,
    environment: Mapping[str, str] | None = None,
    stdin: str | None = None,
) -> str:
    """Run git on dockgen's own repositories, and return what it prints.

    Nothing of the user's configuration takes part, so the same input gives the same objects on
    every machine.

    Raises:
        subprocess.CalledProcessError: git failed; never the user's mistake here, so it is a bug.
    """
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    isolated = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "LC_ALL": "C"}
    done = subprocess.run(
        ["git", *arguments],
        cwd=cwd,
        env=inherited | isolated | _IDENTITY | dict(environment or {}),
        input=stdin,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def with_configuration(*pairs: tuple[str, str]) -> dict[str, str]:
    """Environment variables that give git these settings on top of what the user has set.

    Returns:
        The variables to set; ``GIT_CONFIG_COUNT`` continues the user's own, if there is one.
    """
    first = int(os.environ.get("GIT_CONFIG_COUNT") or 0)
    variables = {"GIT_CONFIG_COUNT": str(first + len(pairs))}
    for number, (key, value) in enumerate(pairs, first):
        variables[f"GIT_CONFIG_KEY_{number}"] = key
        variables[f"GIT_CONFIG_VALUE_{number}"] = value
    return variables
