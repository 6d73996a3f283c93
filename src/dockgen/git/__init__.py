"""git: the one module that starts it."""

import errno
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from dockgen.errors import ProjectError, ToolMissingError

# The first git whose configuration can be extended through GIT_CONFIG_COUNT, which is how the
# template's address is pointed at the bundle for the time of one call.
MINIMUM = (2, 31)

_IDENTITY = {
    "GIT_AUTHOR_NAME": "dockgen",
    "GIT_AUTHOR_EMAIL": "dockgen@localhost",
    "GIT_COMMITTER_NAME": "dockgen",
    "GIT_COMMITTER_EMAIL": "dockgen@localhost",
}

# What git says when it is the machine that refuses.
_MACHINE = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EMFILE, errno.ENFILE, errno.ENOMEM)

# No setting of the user's or the machine's takes part.
ISOLATED = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}

# What no repository decides: settings on the command line win over those of any file. Hooks and a
# file system monitor are programs; a folder that looks like a bare repository is none unless
# dockgen names it; and an object that is missing is fetched from nowhere.
SAFE = (
    ("core.hooksPath", os.devnull),
    ("core.fsmonitor", ""),
    ("safe.bareRepository", "explicit"),
    ("core.protectHFS", "true"),
    ("core.protectNTFS", "true"),
)
# A repository's own protocol.file.allow would win over protocol.allow; over this, nothing does.
_NOWHERE = {"GIT_ALLOW_PROTOCOL": "", "GIT_NO_LAZY_FETCH": "1"}
_THIS_MACHINE = {"GIT_ALLOW_PROTOCOL": "file", "GIT_NO_LAZY_FETCH": "1"}

# What git says of a repository that belongs to another user, by its words in English.
_OTHER_OWNER = re.compile(r"detected dubious ownership in repository at '(.+)'$")

# How long git may take to answer about the user's repository, in seconds. One whose settings name a
# pipe would wait for ever.
ANSWER_SECONDS = 120.0

# Variables that select a repository (`git rev-parse --local-env-vars`), except its settings.
LOCAL_VARIABLES = (
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_DIR",
    "GIT_GRAFT_FILE",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_INTERNAL_SUPER_PREFIX",
    "GIT_NO_REPLACE_OBJECTS",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_REPLACE_REF_BASE",
    "GIT_SHALLOW_FILE",
    "GIT_WORK_TREE",
)


def require() -> None:
    """Make sure that git is there and new enough.

    Raises:
        ToolMissingError: git is missing or older than 2.31.
    """
    if shutil.which("git") is None:
        raise ToolMissingError(
            "git is missing: dockgen needs it to read its templates",
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
    cwd: Path | None = None,
    repository: Path | None = None,
    environment: Mapping[str, str] | None = None,
    stdin: str | None = None,
) -> str:
    """Run git on dockgen's own repositories, and return what it prints.

    Nothing of the user's configuration takes part, so the same input gives the same objects on
    every machine.

    Args:
        arguments: the command.
        cwd: where to run it; None for ``repository``.
        repository: git's folder, such as a bare repository; None for the one of ``cwd``.
        environment: variables to add.
        stdin: what it reads.

    Raises:
        subprocess.CalledProcessError: git failed; never the user's mistake here, so it is a bug.
        OSError: git failed because of the machine, such as a full disk.
    """
    words = None if stdin is None else stdin.encode()
    printed = run_bytes(
        *arguments, cwd=cwd, repository=repository, environment=environment, stdin=words
    )
    return printed.decode().strip()


def run_bytes(
    *arguments: str | Path,
    cwd: Path | None = None,
    repository: Path | None = None,
    environment: Mapping[str, str] | None = None,
    stdin: bytes | None = None,
) -> bytes:
    """As `run`, for input and output that need not be text: both are left as they are."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    try:
        done = subprocess.run(
            [*_command(repository), *arguments],
            cwd=cwd or repository,
            env=inherited
            | ISOLATED
            | _THIS_MACHINE
            | {"LC_ALL": "C"}
            | _IDENTITY
            | dict(environment or {}),
            input=stdin,
            capture_output=True,
            check=True,
        )
    except subprocess.CalledProcessError as error:
        if lacking := machine_error(error.stderr.decode(errors="replace")):
            raise lacking from error
        raise
    return done.stdout


def machine_error(printed: str) -> OSError | None:
    """What the machine lacks, such as room, by git's own words; None if it was something else."""
    for number in _MACHINE:
        if os.strerror(number) in printed:
            return OSError(number, os.strerror(number))
    if "Out of diskspace" in printed:
        return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    return None


def _command(repository: Path | None = None) -> list[str]:
    """Git, with the settings that no repository decides."""
    settings = [word for key, value in SAFE for word in ("-c", f"{key}={value}")]
    place = [f"--git-dir={repository.absolute()}"] if repository else []
    return ["git", "--no-pager", *settings, *place]


def ask(
    *arguments: str | Path,
    cwd: Path,
    environment: Mapping[str, str] | None = None,
    stdin: bytes | None = None,
    may_find_nothing: bool = False,
) -> bytes:
    """Run git on a repository of the user's, with their settings, and return its output.

    Neither hooks nor a file system monitor run, and nothing is fetched. What a repository's own
    settings can start is a filter, where the command reads or writes files of the worktree.

    ``may_find_nothing`` is for commands whose exit code 1 says just that.

    Raises:
        ProjectError: git refused, or took longer than `ANSWER_SECONDS`.
    """
    # A hook that called dockgen names its own repository; ours is the one that `cwd` is in.
    inherited = {k: v for k, v in os.environ.items() if k not in LOCAL_VARIABLES}
    # No lock: reading the status must not write the user's index.
    plain = {"LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0"}
    try:
        done = subprocess.run(
            [*_command(), "-c", "fetch.bundleURI=", *arguments],
            cwd=cwd,
            env=inherited | plain | _NOWHERE | dict(environment or {}),
            input=stdin,
            capture_output=True,
            timeout=ANSWER_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ProjectError(
            f"git {arguments[0]} took longer than {ANSWER_SECONDS:g} s in {cwd}",
            "see why: git status",
        ) from error
    if done.returncode != 0 and not (may_find_nothing and done.returncode == 1):
        reason = done.stderr.decode(errors="replace").strip().splitlines() or ["no reason given"]
        hint = "git status"
        if found := _OTHER_OWNER.search(reason[0]):
            folder = shlex.quote(found[1])
            hint = f"if you trust it: git config --global --add safe.directory {folder}"
        raise ProjectError(f"git {arguments[0]} failed in {cwd}: {reason[0]}", hint)
    return done.stdout


def fetch(address: str, *refspecs: str, repository: Path, deadline: float) -> None:
    """Fetch from a repository of the user's choice, with their settings and credentials.

    Without a terminal, git and ssh must not ask for a password.

    Args:
        address: as git takes it: a URL, ``git@host:path`` or a path.
        refspecs: what to fetch; what is gone there goes here, too.
        repository: a bare repository.
        deadline: in seconds.

    Raises:
        ProjectError: git refused, or took too long; the message is git's own last word.
    """
    environment = {k: v for k, v in os.environ.items() if k not in LOCAL_VARIABLES}
    environment |= {"LC_ALL": "C"}
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        environment |= {"GIT_TERMINAL_PROMPT": "0"}
        environment.setdefault("GIT_SSH_COMMAND", "ssh -oBatchMode=yes")
    # What git finds wrong with objects, such as a file called .git, isn't taken in.
    strict = ["-c", "transfer.fsckObjects=true", "-c", "fetch.fsckObjects=true"]
    words = ["fetch", "--quiet", "--force", "--prune", "--no-recurse-submodules", "--no-tags"]
    try:
        done = subprocess.run(
            [*_command(repository), *strict, *words, "--", address, *refspecs],
            cwd=repository,
            env=environment,
            stdin=None if sys.stdin.isatty() else subprocess.DEVNULL,
            capture_output=True,
            timeout=deadline,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ProjectError(
            f"git fetch from {address} took longer than {deadline:g} s",
            f"check the address: git ls-remote {address}",
        ) from error
    if done.returncode != 0:
        lines = done.stderr.decode(errors="replace").strip().splitlines() or ["no reason given"]
        reason = next((line for line in lines if line.startswith("fatal:")), lines[-1])
        raise ProjectError(
            f"git can't fetch from {address}: {reason.removeprefix('fatal: ')}",
            "check its objects: git fsck, in a clone of it"
            if "fsck" in reason
            else f"check the address: git ls-remote {address}",
        )


def configuration(*pairs: tuple[str, str]) -> dict[str, str]:
    """Environment variables that give these settings only to this git command."""
    variables = {"GIT_CONFIG_COUNT": str(len(pairs))}
    for number, (key, value) in enumerate(pairs):
        variables[f"GIT_CONFIG_KEY_{number}"] = key
        variables[f"GIT_CONFIG_VALUE_{number}"] = value
    return variables


def merge_file(
    ours: bytes,
    base: bytes,
    new: bytes,
    *,
    union: bool = False,
    labels: tuple[str, str, str] = ("before updating", "last update", "after updating"),
) -> tuple[bytes, bool]:
    """Merge two texts that come from ``base``.

    Args:
        ours: one text.
        base: what both come from.
        new: the other text.
        union: whether the result has the lines of both where they changed the same ones.
        labels: how a conflict calls the three, in that order; copier's words if none are given.

    Returns:
        The merged text, and whether it holds conflicts. Of files that aren't text, ``ours``.
    """
    with tempfile.TemporaryDirectory(prefix="dockgen-") as folder:
        paths = [Path(folder) / name for name in ("ours", "base", "new")]
        for path, content in zip(paths, (ours, base, new), strict=True):
            path.write_bytes(content)
        options = [*(["--union"] if union else []), *(f"-L{label}" for label in labels)]
        done = subprocess.run(
            ["git", "merge-file", "-p", *options, *map(str, paths)],
            cwd=folder,
            env={k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
            | ISOLATED
            # No repository takes part, such as a stranger's around the folder of temporary files.
            | {"GIT_CEILING_DIRECTORIES": str(Path(folder).parent)},
            capture_output=True,
            check=False,
        )
    # The exit code is the number of conflicts, and above 127 git would not merge at all.
    if done.returncode > 127:
        return ours, True
    return done.stdout, done.returncode > 0
