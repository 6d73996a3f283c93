"""The team file: what a team decides for all of its projects, without a template of its own.

A file of answers' defaults, of locked answers with the reason why, and of choices that can't be
chosen. It is found in the repository, in the user's settings, or where --team says.
"""

import os
import pwd
import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import platformdirs

from dockgen import git, reader, web
from dockgen.errors import ProjectError, UsageError, unreadable
from dockgen.questions import Question
from dockgen.web import age

FILE = "dockgen.team.toml"
VARIABLE = "DOCKGEN_TEAM"
# A team file is a page of text; whatever is larger is something else. In bytes.
MAXIMUM_BYTES = web.MAXIMUM_BYTES

_TABLES = {"defaults", "locked", "choices", "labels", "certificates", "limits", "rules"}
_LIMITS = {"size_mb", "healthy_seconds", "stop_seconds", "run_seconds"}
_RULES = {"required_labels", "allowed_registries", "ignored"}


@dataclass(frozen=True)
class Lock:
    """An answer that nobody chooses, why, and the table of the file that says so."""

    value: Any
    reason: str
    table: str


@dataclass(frozen=True)
class Team:
    """A team file: where it is, whose it is, and what it says.

    ``contact`` is whom to ask. ``refused`` maps a question to its choices that can't be
    chosen, each with the reason. ``labels`` come on top of a project's own. ``kept`` says when the
    file was fetched, if its host is out of reach now.
    """

    location: str
    name: str
    contact: str
    defaults: Mapping[str, Any] = field(default_factory=dict)
    locked: Mapping[str, Lock] = field(default_factory=dict)
    refused: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    kept: datetime | None = None

    @property
    def warning(self) -> str:
        """That its host is out of reach, and how old the kept copy is; "" if it isn't."""
        if self.kept is None:
            return ""
        return f"{self.location} is out of reach: the team file is as it was {age(self.kept)}"

    def answers(self, given: Mapping[str, Any], known: Sequence[Question]) -> dict[str, Any]:
        """The given answers, and the locked ones.

        Args:
            given: answers by the question's name.
            known: the questions of the template; what the file says of others doesn't count.

        Raises:
            UsageError: a given answer differs from a locked one, or is refused.
        """
        names = {question.name for question in known}
        for name, value in given.items():
            lock = self.locked.get(name)
            if lock and lock.value != value:
                raise UsageError(
                    f"{name} can't be {value!r}: {self._who} locks it to {lock.value!r}"
                    + (f", because {lock.reason}" if lock.reason else ""),
                    self._ask,
                )
            reason = self.refused.get(name, {}).get(str(value))
            if reason is not None:
                raise UsageError(f"{name} can't be {value!r}: {reason}", self._ask)
        locked = {name: lock.value for name, lock in self.locked.items() if name in names}
        answers = {**given, **locked}
        if self.labels and "labels" in names:
            own = answers.get("labels", {})
            # What is no mapping is left for the template to refuse.
            answers["labels"] = {**own, **self.labels} if isinstance(own, Mapping) else own
        return answers

    @property
    def _who(self) -> str:
        return f"{self.name}'s {FILE}" if self.name else self.location

    @property
    def _ask(self) -> str:
        return f"ask {self.contact}" if self.contact else f"dockgen team show ({self.location})"


def find(directory: Path, named: str | None, known: Sequence[Question]) -> Team | None:
    """The team file that counts for a project in ``directory``: one, or none.

    The one that is named comes first, by --team or in $DOCKGEN_TEAM, then the repository's, the
    nearest to the project, and then the one in the user's settings.

    Args:
        directory: where a project is or will be.
        named: a path or an https address, or None.
        known: the questions that it may decide.

    Raises:
        UsageError: the named one doesn't exist, or one is not right; the message says what.
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
        except (OSError, RuntimeError) as error:  # the latter for ~ of somebody unknown
            raise UsageError(f"there is no team file {named}", "check --team") from error
        return _load(path, known)
    if found := _in_repository(directory):
        root, path = found
        return _load(path, known, inside=root)
    return _load(settings(), known) if os.path.lexists(settings()) else None


@dataclass(frozen=True)
class Decision:
    """What is decided about one question: its value, who says so, and why.

    ``source`` is "dockgen", or the table of the team file that says it. ``choices`` are what can be
    chosen, empty for free text, and ``refused`` what can't, with the reason.
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
        """Whether the value follows from other answers."""
        return isinstance(self.value, str) and "{" in self.value


@dataclass(frozen=True)
class Shown:
    """A team file, or none, and what is decided about each question."""

    team: Team | None
    decisions: Sequence[Decision]


def decision(question: Question, team: Team | None) -> Decision:
    """What a team file, or none, decides about a question."""
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
    """The team file in the user's settings, which need not exist."""
    return platformdirs.user_config_path("dockgen") / FILE


def _in_repository(directory: Path) -> tuple[Path, Path] | None:
    """The repository around a folder and the nearest team file in it; None without either.

    Nothing else of the folders above counts.

    Raises:
        ProjectError: somebody else put the file there.
    """
    place = Path(os.path.realpath(directory))
    above = [place, *place.parents]
    root = next((folder for folder in above if os.path.lexists(folder / ".git")), None)
    if root is None:
        return None
    inside = [folder for folder in above if folder.is_relative_to(root)]
    # A broken link and a pipe are told of when they are read: a lock that is passed over is none.
    path = next((f / FILE for f in inside if os.path.lexists(f / FILE)), None)
    if path is None:
        return None
    between = [folder for folder in inside if path.is_relative_to(folder)]
    _require_own(root, [path, root / ".git", *between])
    return root, path


def _require_own(root: Path, paths: Sequence[Path]) -> None:
    """Make sure that only the user or root could put these paths there, as git does it.

    Raises:
        ProjectError: one is somebody else's, and no safe.directory of git's names the repository.
    """
    allowed = {0, os.geteuid()}
    # Under sudo, what belongs to whoever typed it is theirs.
    if os.geteuid() == 0 and os.environ.get("SUDO_UID", "").isdecimal():
        allowed.add(int(os.environ["SUDO_UID"]))
    for path in paths:
        try:
            owners = {path.lstat().st_uid, path.stat().st_uid}
        except FileNotFoundError:
            owners = {path.lstat().st_uid}  # a link to nothing
        except OSError as error:
            raise unreadable(path, error) from error
        foreign = sorted(owners - allowed)
        if foreign and not _is_safe(root):
            raise ProjectError(
                f"{paths[0]} would count here, but {path} belongs to {_user(foreign[0])}",
                "if you trust them: git config --global --add safe.directory "
                f"{shlex.quote(str(root))}  (or name the file you trust: --team FILE)",
            )


def _is_safe(root: Path) -> bool:
    """Whether the user or this machine told git to trust that repository."""
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
            safe = False  # an empty one takes back those before it
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
    """Read a team file; ``inside`` is the repository that no link in it may lead out of."""
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
            raise ValueError("it has another scheme than the team file's address")
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
    return _Reader(location, {question.name: question for question in known}, beside).team(read)


class _Reader:
    """Turns what TOML holds into a team, with errors that name the file and the key."""

    def __init__(
        self, location: str, questions: Mapping[str, Question], beside: Callable[[str], str]
    ) -> None:
        self.location = location
        self.beside = beside
        self.questions = questions

    def team(self, read: Mapping[str, Any]) -> Team:
        self._only("", read, _TABLES | {"name", "contact"})
        locked = {
            **{name: self._lock(name, value) for name, value in self._table(read, "locked")},
            **self._certificates(read),
            **self._policy(read),
        }
        defaults = {
            name: self._answer("defaults", name, value)
            for name, value in self._table(read, "defaults")
        }
        if both := sorted(defaults.keys() & locked.keys()):
            raise self._wrong(f"{both[0]} has a default and is locked", "keep one of the two")
        refused = {name: self._refused(name, rule) for name, rule in self._table(read, "choices")}
        labels = {name: self._text("labels", name, v) for name, v in self._table(read, "labels")}
        team = Team(
            location=self.location,
            name=self._text("", "name", read.get("name", "")),
            contact=self._text("", "contact", read.get("contact", "")),
            defaults=defaults,
            locked=locked,
            refused=refused,
            labels=labels,
        )
        for name, value in [*defaults.items(), *((n, lock.value) for n, lock in locked.items())]:
            if str(value) in refused.get(name, {}):
                raise self._wrong(f"{name} is set to {value!r}, which [choices] refuses", "")
        return team

    def _lock(self, name: str, value: object) -> Lock:
        reason = ""
        if isinstance(value, dict):
            self._only(f"locked.{name}", value, {"value", "reason"})
            if "value" not in value:
                raise self._wrong(f"locked.{name} has no value", 'write: value = "…"')
            reason = self._text(f"locked.{name}", "reason", value.get("reason", ""))
            value = value["value"]
        return Lock(self._answer("locked", name, value), reason, "locked")

    def _certificates(self, read: Mapping[str, Any]) -> dict[str, Lock]:
        table = dict(self._table(read, "certificates"))
        if not table:
            return {}
        self._only("certificates", table, {"file", "pem"})
        if len(table) != 1:
            raise self._wrong("[certificates] has both file and pem", "keep one of the two")
        pem = table.get("pem")
        if "file" in table:
            name = self._text("certificates", "file", table["file"])
            try:
                pem = self.beside(name)
            except (OSError, ValueError) as error:  # the latter for what is no text, and no path
                raise self._wrong(f"certificates.file {name} can't be read: {error}", "") from error
            except ProjectError as error:
                words = f"certificates.file {name} can't be read: {error.message}"
                raise self._wrong(words, error.hint) from error
        text = self._string("certificates", "pem", pem)
        if "PRIVATE KEY" in text or "-----BEGIN CERTIFICATE-----" not in text:
            raise self._wrong(
                "[certificates] is to hold certificates, and no private key",
                "write them as PEM: -----BEGIN CERTIFICATE-----",
            )
        return {"ca_certificates": Lock(text.strip() + "\n", "", "certificates")}

    def _policy(self, read: Mapping[str, Any]) -> dict[str, Lock]:
        """[limits] and [rules] are one answer, from which comes a project's dockgen.toml."""
        limits, rules = dict(self._table(read, "limits")), dict(self._table(read, "rules"))
        self._only("limits", limits, _LIMITS)
        self._only("rules", rules, _RULES)
        for name in _LIMITS - {"size_mb"}:
            self._number(f"limits.{name}", limits.get(name, 1))
        sizes = limits.get("size_mb", 1)
        for name, size in sizes.items() if isinstance(sizes, dict) else [("", sizes)]:
            self._number(f"limits.size_mb.{name}".rstrip("."), size)
        for name in _RULES - {"ignored"}:
            values = rules.get(name, [])
            if not isinstance(values, list) or not all(isinstance(v, str) for v in values):
                raise self._wrong(f"rules.{name} is not a list of texts", f'{name} = ["…"]')
        ignored = rules.pop("ignored", {})
        if not isinstance(ignored, dict):
            raise self._wrong("rules.ignored is no table", 'write: ignored = { DG206 = "why" }')
        reasons = {code: self._text("rules.ignored", code, why) for code, why in ignored.items()}
        policy = {**limits, **rules, **({"ignored_rules": reasons} if reasons else {})}
        return {"policy": Lock(policy, "", "limits, rules")} if policy else {}

    def _refused(self, name: str, rule: object) -> dict[str, str]:
        question = self._question("choices", name)
        if not question.choices:
            raise self._wrong(f"choices.{name}: {name} has no choices", "remove it")
        if not isinstance(rule, dict):
            raise self._wrong(
                f"choices.{name} is no table", f'write: {name} = {{ allow = ["…"], reason = "…" }}'
            )
        self._only(f"choices.{name}", rule, {"allow", "reason"})
        allowed = rule.get("allow")
        known = isinstance(allowed, list) and all(one in question.choices for one in allowed)
        if not allowed or not known:
            raise self._wrong(
                f"choices.{name}.allow is {allowed!r}",
                f"write a list of some of these: {', '.join(question.choices)}",
            )
        reason = self._text(f"choices.{name}", "reason", rule.get("reason", ""))
        words = reason or f"not in {Path(self.location).name}"
        return {choice: words for choice in question.choices if choice not in allowed}

    def _answer(self, table: str, name: str, value: object) -> Any:
        return self._question(table, name).parse(value, f"{self.location}: {table}.{name}")

    def _question(self, table: str, name: str) -> Question:
        if name not in self.questions:
            raise self._wrong(
                f"{table}.{name}: there is no such question",
                f"known questions: {', '.join(self.questions)}",
            )
        return self.questions[name]

    def _table(self, read: Mapping[str, Any], name: str) -> list[tuple[str, Any]]:
        table = read.get(name, {})
        if not isinstance(table, dict):
            raise self._wrong(f"{name} is no table", f"write it as a section: [{name}]")
        return list(table.items())

    def _only(self, table: str, read: Mapping[str, Any], allowed: set[str]) -> None:
        for name in read:
            if name not in allowed:
                where = f"{table}.{name}" if table else name
                raise self._wrong(
                    f"{where} is unknown", f"known here: {', '.join(sorted(allowed))}"
                )

    def _text(self, table: str, name: str, value: object) -> str:
        """Text of one line, which can be shown on a terminal."""
        text = self._string(table, name, value)
        if found := re.search(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]", text):
            where = f"{table}.{name}" if table else name
            raise self._wrong(f"{where} holds {found[0]!r}", "write it on one line")
        return text

    def _string(self, table: str, name: str, value: object) -> str:
        if not isinstance(value, str):
            where = f"{table}.{name}" if table else name
            raise self._wrong(f"{where} is {value!r}, and not text", f'write: {name} = "…"')
        return value

    def _number(self, where: str, value: object) -> None:
        if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
            raise self._wrong(f"{where} is {value!r}, not a number above 0", "")

    def _wrong(self, words: str, hint: str) -> UsageError:
        return UsageError(f"{self.location}: {words}", hint or "read docs/team.md")
