"""Run git. No other module starts it."""

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

# The first git that reads settings from GIT_CONFIG_COUNT. With them, the template's address points
# to the bundle during a single call.
MINIMUM = (2, 31)

_IDENTITY = {
    "GIT_AUTHOR_NAME": "dockgen",
    "GIT_AUTHOR_EMAIL": "dockgen@localhost",
    "GIT_COMMITTER_NAME": "dockgen",
    "GIT_COMMITTER_EMAIL": "dockgen@localhost",
}

# Errors of the machine, as git reports them.
_MACHINE = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EMFILE, errno.ENFILE, errno.ENOMEM)

# Ignores the settings of the user and of the machine.
ISOLATED = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}

# Settings that a repository must not decide: those on the command line override any file. Hooks and
# file system monitors are programs; a folder that looks like a bare repository counts only if
# dockgen names it; missing objects are never fetched.
SAFE = (
    ("core.hooksPath", os.devnull),
    ("core.fsmonitor", ""),
    ("safe.bareRepository", "explicit"),
    ("core.protectHFS", "true"),
    ("core.protectNTFS", "true"),
)
# A repository's own protocol.file.allow would override protocol.allow. Nothing overrides these.
_NOWHERE = {"GIT_ALLOW_PROTOCOL": "", "GIT_NO_LAZY_FETCH": "1"}
_THIS_MACHINE = {"GIT_ALLOW_PROTOCOL": "file", "GIT_NO_LAZY_FETCH": "1"}

# How git reports, in English, that a repository belongs to another user.
_OTHER_OWNER = re.compile(r"detected dubious ownership in repository at '(.+)'$")

# How long git may take to answer about the user's repository, in seconds. If the repository's
# settings name a pipe, it would wait forever.
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
    """Check that git is installed and new enough.

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
    """Run git on dockgen's own repositories, and return its output.

    The user's settings are ignored, so that the same input gives the same objects on every machine.

    Args:
        arguments: the command.
        cwd: where to run it; None for ``repository``.
        repository: git's folder, such as a bare repository; None for the one of ``cwd``.
        environment: variables to add.
        stdin: its input.

    Raises:
        subprocess.CalledProcessError: git failed; that is a bug, never the user's mistake.
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
    """Like `run`, for input and output that may not be text."""
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
    """Return the machine's error that git reports, such as a full disk; None for other errors."""
    for number in _MACHINE:
        if os.strerror(number) in printed:
            return OSError(number, os.strerror(number))
    if "Out of diskspace" in printed:
        return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    return None


def _command(repository: Path | None = None) -> list[str]:
    """Return git with the settings that a repository must not decide."""
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
    """Run git on the user's repository, with their settings, and return its output.

    No hooks or file system monitors run, and nothing is fetched. A repository's settings can only
    start filters, if the command reads or writes files in the worktree.

    ``may_find_nothing`` is for commands whose exit code 1 says just that.

    Raises:
        ProjectError: git refused, or took longer than `ANSWER_SECONDS`.
    """
    # If a git hook called dockgen, these name the hook's repository; dockgen uses that of `cwd`.
    inherited = {k: v for k, v in os.environ.items() if k not in LOCAL_VARIABLES}
    # No locks: reading the status must not write the user's index.
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
    """Fetch from a repository that the user chose, with their settings and credentials.

    Without a terminal, git and ssh don't ask for a password.

    Args:
        address: as git takes it: a URL, ``git@host:path`` or a path.
        refspecs: what to fetch; refs that are gone there are removed here, too.
        repository: a bare repository.
        deadline: in seconds.

    Raises:
        ProjectError: git refused, or took too long; the message is the last line of git's output.
    """
    environment = {k: v for k, v in os.environ.items() if k not in LOCAL_VARIABLES}
    environment |= {"LC_ALL": "C"}
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        environment |= {"GIT_TERMINAL_PROMPT": "0"}
        environment.setdefault("GIT_SSH_COMMAND", "ssh -oBatchMode=yes")
    # Refuse malformed objects, such as a file called .git.
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
    """Return environment variables that set these settings for a single git command."""
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
    """Merge two texts that both come from ``base``.

    Args:
        ours: one text.
        base: what both come from.
        new: the other text.
        union: whether to keep the lines of both if they changed the same ones.
        labels: the names of the three in conflicts, in that order; copier's by default.

    Returns:
        The merged text, and whether it has conflicts. For files that aren't text, ``ours``.
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
            # Ignore any repository around the folder of temporary files.
            | {"GIT_CEILING_DIRECTORIES": str(Path(folder).parent)},
            capture_output=True,
            check=False,
        )
    # The exit code is the number of conflicts; above 127, git would not merge at all.
    if done.returncode > 127:
        return ours, True
    return done.stdout, done.returncode > 0
