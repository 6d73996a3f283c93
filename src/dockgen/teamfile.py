"""A team file's tables as a team: each key and value checked, and errors that name both."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from dockgen.errors import ProjectError, UsageError
from dockgen.questions import Question
from dockgen.web import age

FILE = "dockgen.team.toml"

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


def read(
    tables: Mapping[str, Any],
    location: str,
    known: Sequence[Question],
    beside: Callable[[str], str],
) -> Team:
    """The team that a file's tables describe.

    Args:
        tables: what TOML holds.
        location: where the file is, for messages.
        known: the questions that it may decide.
        beside: reads another file, by its name relative to the team file.

    Raises:
        UsageError: something in it is not right; the message says what.
    """
    return _Reader(location, {question.name: question for question in known}, beside).team(tables)


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
