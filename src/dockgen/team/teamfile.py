"""Turn a team file's tables into a team: check each key and value; errors name both."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dockgen.errors import ProjectError, UsageError
from dockgen.questions import Question
from dockgen.web import age

if TYPE_CHECKING:
    from dockgen.team.teamtables import CertificatesTable, ChoiceTable, TeamFile

FILE = "dockgen.team.toml"


@dataclass(frozen=True)
class Lock:
    """A locked answer, the reason, and the file's table that locks it."""

    value: Any
    reason: str
    table: str


@dataclass(frozen=True)
class Team:
    """A team file: its location, its team, and its decisions.

    ``contact`` says whom to ask. ``refused`` maps a question to its forbidden choices, each with
    the reason. ``labels`` are added to a project's own. ``kept`` is when the file was fetched, if
    its host can't be reached now.
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
        """A warning that its host can't be reached, with the age of the cached copy, or ""."""
        if self.kept is None:
            return ""
        return f"{self.location} can't be reached: using the team file as it was {age(self.kept)}"

    def answers(self, given: Mapping[str, Any], known: Sequence[Question]) -> dict[str, Any]:
        """Return the given answers and the locked ones.

        Args:
            given: answers by the question's name.
            known: the questions of the template; decisions on others are ignored.

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
            # The template refuses anything but a mapping.
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
    text: str,
    location: str,
    known: Sequence[Question],
    beside: Callable[[str], str],
) -> Team:
    """Return the team that a file's tables describe.

    Args:
        tables: the parsed TOML.
        text: the TOML itself, to find lines.
        location: where the file is, for messages.
        known: the questions that it may decide.
        beside: reads another file, by its name relative to the team file.

    Raises:
        UsageError: the file is invalid; the message says what is wrong.
    """
    from dockgen import declared
    from dockgen.team.teamtables import TeamFile

    found = declared.read(TeamFile, tables, text, location, kind=UsageError, shown=repr)
    return _Reader(location, {question.name: question for question in known}, beside).team(found)


class _Reader:
    """Turns parsed TOML into a team; errors name the file and the key."""

    def __init__(
        self, location: str, questions: Mapping[str, Question], beside: Callable[[str], str]
    ) -> None:
        self.location = location
        self.beside = beside
        self.questions = questions

    def team(self, said: "TeamFile") -> Team:
        locked = {
            **{
                name: Lock(self._answer("locked", name, lock.value), lock.reason, "locked")
                for name, lock in said.locked.items()
            },
            **self._certificates(said.certificates),
            **_policy(said),
        }
        defaults = {
            name: self._answer("defaults", name, value) for name, value in said.defaults.items()
        }
        if both := sorted(defaults.keys() & locked.keys()):
            raise self._wrong(f"{both[0]} has both a default and a lock", "keep only one of them")
        refused = {name: self._refused(name, choice) for name, choice in said.choices.items()}
        for name, value in [*defaults.items(), *((n, lock.value) for n, lock in locked.items())]:
            if str(value) in refused.get(name, {}):
                raise self._wrong(f"{name} is set to {value!r}, which [choices] doesn't allow", "")
        return Team(
            location=self.location,
            name=said.name,
            contact=said.contact,
            defaults=defaults,
            locked=locked,
            refused=refused,
            labels=said.labels,
        )

    def _certificates(self, said: "CertificatesTable") -> dict[str, Lock]:
        if not said.model_fields_set:
            return {}
        if len(said.model_fields_set) != 1:
            raise self._wrong("[certificates] has both file and pem", "keep only one of them")
        text = said.pem
        if text is None:
            try:
                text = self.beside(said.file)
            except (OSError, ValueError) as error:  # ValueError: not text, or not a path
                words = f"certificates.file {said.file} can't be read: {error}"
                raise self._wrong(words, "") from error
            except ProjectError as error:
                words = f"certificates.file {said.file} can't be read: {error.message}"
                raise self._wrong(words, error.hint) from error
        if "PRIVATE KEY" in text or "-----BEGIN CERTIFICATE-----" not in text:
            raise self._wrong(
                "[certificates] must contain certificates, and no private key",
                "write them as PEM: -----BEGIN CERTIFICATE-----",
            )
        return {"ca_certificates": Lock(text.strip() + "\n", "", "certificates")}

    def _refused(self, name: str, said: "ChoiceTable") -> dict[str, str]:
        question = self._question("choices", name)
        if not question.choices:
            raise self._wrong(f"choices.{name}: {name} has no choices", "remove it")
        allowed = said.allow
        known = isinstance(allowed, list) and all(one in question.choices for one in allowed)
        if not allowed or not known:
            raise self._wrong(
                f"choices.{name}.allow is {allowed!r}",
                f"write a list with some of these: {', '.join(question.choices)}",
            )
        words = said.reason or f"not in {Path(self.location).name}"
        return {choice: words for choice in question.choices if choice not in allowed}

    def _answer(self, table: str, name: str, value: object) -> Any:
        return self._question(table, name).parse(value, f"{self.location}: {table}.{name}")

    def _question(self, table: str, name: str) -> Question:
        if name not in self.questions:
            raise self._wrong(
                f"{table}.{name}: unknown question",
                f"known questions: {', '.join(self.questions)}",
            )
        return self.questions[name]

    def _wrong(self, words: str, hint: str) -> UsageError:
        return UsageError(f"{self.location}: {words}", hint or "read docs/team.md")


def _policy(said: "TeamFile") -> dict[str, Lock]:
    """Combine [limits] and [rules] into one answer, which a project's dockgen.toml is made from."""
    limits = said.limits.model_dump(exclude_unset=True)
    rules = said.rules.model_dump(exclude_unset=True, exclude={"ignored"})
    reasons = said.rules.ignored
    policy = {**limits, **rules, **({"ignored_rules": reasons} if reasons else {})}
    return {"policy": Lock(policy, "", "limits, rules")} if policy else {}
