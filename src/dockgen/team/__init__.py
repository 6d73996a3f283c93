"""The team file: a team's decisions for all its projects, without a template of its own.

It has defaults, locked answers with reasons, and choices that aren't allowed. It is found in the
repository, in the user's settings, or with --team.
"""

import os
import pwd
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from dockgen import git, home, reader, web
from dockgen.errors import ProjectError, UsageError, unreadable
from dockgen.questions import Question
from dockgen.team import teamfile
from dockgen.team.teamfile import FILE, Team

VARIABLE = "DOCKGEN_TEAM"
# A team file is a page of text; anything larger is something else. In bytes.
MAXIMUM_BYTES = web.MAXIMUM_BYTES


def find(directory: Path, named: str | None, known: Sequence[Question]) -> Team | None:
    """Return the team file for a project in ``directory``, or None.

    The first of these counts: the one given by --team or $DOCKGEN_TEAM, the nearest one in the
    repository, and the one in the user's settings.

    Args:
        directory: where a project is or will be.
        named: a path or an https address, or None.
        known: the questions that it may decide.

    Raises:
        UsageError: the named one doesn't exist, or one is invalid; the message says what is wrong.
        ProjectError: it can't be read or fetched.
    """
    named = named or os.environ.get(VARIABLE)
    if named and "://" in named:
        return _load_from_web(named, known)
    if named:
        try:
            path = Path(named).expanduser()
            path = path / FILE if path.is_dir() else path
            path.stat()
        except (OSError, RuntimeError) as error:  # the latter for the ~ of an unknown user
            raise UsageError(f"no team file {named}", "check --team") from error
        return _load(path, known)
    if found := _in_repository(directory):
        root, path = found
        return _load(path, known, inside=root)
    return _load(settings(), known) if os.path.lexists(settings()) else None


@dataclass(frozen=True)
class Decision:
    """The decision on one question: its value, its source, and the reason.

    ``source`` is "dockgen", or the table of the team file. ``choices`` are the allowed choices,
    empty for free text, and ``refused`` the others, with the reason.
    """

    question: str
    value: Any
    source: str
    locked: bool
    reason: str
    choices: Sequence[str]
    refused: Mapping[str, str]

    @property
    def is_computed(self) -> bool:
        """Whether the value is computed from other answers."""
        return isinstance(self.value, str) and "{" in self.value


@dataclass(frozen=True)
class Shown:
    """A team file, or None, and the decision on each question."""

    team: Team | None
    decisions: Sequence[Decision]


def decision(question: Question, team: Team | None) -> Decision:
    """Return what a team file, if any, decides about a question."""
    value: Any = question.usual if isinstance(question.default, str) else question.default
    source, reason = "dockgen", ""
    refused: Mapping[str, str] = {}
    lock = team.locked.get(question.name) if team else None
    if team:
        refused = team.refused.get(question.name, {})
        if question.name in team.defaults:
            value, source = team.defaults[question.name], "defaults"
        if lock:
            value, source, reason = lock.value, lock.table, lock.reason
        if question.name == "labels" and team.labels:
            own = lock.value if lock and isinstance(lock.value, Mapping) else {}
            value, source = {**own, **team.labels}, "labels"
    choices = [choice for choice in question.choices if choice not in refused]
    return Decision(question.name, value, source, lock is not None, reason, choices, refused)


def settings() -> Path:
    """Return the path of the team file in the user's settings, which may not exist."""
    return home.config() / FILE


def _in_repository(directory: Path) -> tuple[Path, Path] | None:
    """Return the repository around a folder and the nearest team file in it, or None.

    Files in other parent folders don't count.

    Raises:
        ProjectError: the file belongs to somebody else.
    """
    place = Path(os.path.realpath(directory))
    above = [place, *place.parents]
    root = next((folder for folder in above if os.path.lexists(folder / ".git")), None)
    if root is None:
        return None
    inside = [folder for folder in above if folder.is_relative_to(root)]
    # Broken links and pipes fail when they are read, so that no lock is skipped.
    path = next((f / FILE for f in inside if os.path.lexists(f / FILE)), None)
    if path is None:
        return None
    between = [folder for folder in inside if path.is_relative_to(folder)]
    _require_own(root, [path, root / ".git", *between])
    return root, path


def _require_own(root: Path, paths: Sequence[Path]) -> None:
    """Check that the paths belong to the user or root, as git does.

    Raises:
        ProjectError: one doesn't, and git's safe.directory doesn't list the repository.
    """
    allowed = {0, os.geteuid()}
    # Under sudo, files of the original user are trusted.
    if os.geteuid() == 0 and os.environ.get("SUDO_UID", "").isdecimal():
        allowed.add(int(os.environ["SUDO_UID"]))
    for path in paths:
        try:
            owners = {path.lstat().st_uid, path.stat().st_uid}
        except FileNotFoundError:
            owners = {path.lstat().st_uid}  # a broken link
        except OSError as error:
            raise unreadable(path, error) from error
        foreign = sorted(owners - allowed)
        if foreign and not _is_safe(root):
            raise ProjectError(
                f"{paths[0]} applies here, but {path} belongs to {_user(foreign[0])}",
                "if you trust them: git config --global --add safe.directory "
                f"{shlex.quote(str(root))}  (or use a file that you trust: --team FILE)",
            )


def _is_safe(root: Path) -> bool:
    """Return whether git is configured to trust the repository, by the user or the machine."""
    entries: list[str] = []
    for scope in ("--system", "--global"):
        try:
            printed = git.ask(
                "config", scope, "--type=path", "-z", "--get-all", "safe.directory",
                cwd=Path(root.anchor), may_find_nothing=True,
            )  # fmt: skip
        except (ProjectError, OSError):
            continue  # no such file, or no git
        entries += [os.fsdecode(entry) for entry in printed.split(b"\0")[:-1]]
    safe = False
    for entry in entries:
        if entry == "":
            safe = False  # an empty value resets the list
        elif entry == "*" or Path(entry) == root:
            safe = True
        elif entry.endswith("/*"):
            safe = safe or root.is_relative_to(entry.removesuffix("*"))
    return safe


def _user(number: int) -> str:
    try:
        return f"{pwd.getpwuid(number).pw_name} (user {number})"
    except KeyError:
        return f"user {number}"


def _load(path: Path, known: Sequence[Question], inside: Path | None = None) -> Team:
    """Read a team file; links must not lead out of ``inside``, its repository."""
    try:
        found = reader.content(path, inside=inside, limit=MAXIMUM_BYTES)
    except OSError as error:
        raise unreadable(path, error) from error

    def beside(name: str) -> str:
        return reader.text(path.parent / name, inside=inside)

    return _parse(found, str(path), known, beside)


def _load_from_web(url: str, known: Sequence[Question]) -> Team:
    import urllib.parse

    fetched = web.fetch(url)

    def beside(name: str) -> str:
        other = urllib.parse.urljoin(url, name)
        if urllib.parse.urlsplit(other).scheme != urllib.parse.urlsplit(url).scheme:
            raise ValueError("its scheme differs from the team file's address")
        return reader.decoded(web.fetch(other).content, name)

    return replace(_parse(fetched.content, url, known, beside), kept=fetched.kept)


def _parse(
    content: bytes, location: str, known: Sequence[Question], beside: Callable[[str], str]
) -> Team:
    try:
        text = reader.decoded(content, location)
    except ProjectError as error:
        raise UsageError(error.message, "read docs/team.md") from error
    read = reader.parse_toml(text, location, hint="read docs/team.md", kind=UsageError)
    return teamfile.read(read, text, location, known, beside)
