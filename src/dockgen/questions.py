"""The questions, as read from copier.yml: what is a flag, and what a given value means."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from dockgen import bundle
from dockgen.errors import UsageError


@dataclass(frozen=True)
class Question:
    """One question of the questionnaire.

    ``choices`` holds the values to choose from; it is empty for free text. ``asked`` is false for
    a question that is only asked with ``--ask``.
    """

    name: str
    type: str
    help: str
    default: object
    choices: tuple[str, ...]
    asked: bool

    @property
    def flag(self) -> str:
        """The option of ``dockgen new`` that answers this question."""
        return "--" + self.name.replace("_", "-")

    @property
    def usual(self) -> str:
        """The default as text: of a list of preferences, which a team may narrow, the first."""
        preferences = re.match(r"\{\{ \['(\w+)'", str(self.default))
        return preferences[1] if preferences else str(self.default)

    def parse(self, value: object, source: str) -> Any:
        """Turn a given value into an answer of the question's type.

        Args:
            value: text of the command line, or a value of an answers file.
            source: where it comes from, for the message.

        Raises:
            UsageError: it can't be one.
        """
        if self.type == "int":
            if isinstance(value, str) and value.strip().lstrip("+-").isdecimal():
                return int(value)
            if isinstance(value, int) and not isinstance(value, bool):
                return value
            raise UsageError(
                f"{source} is {value!r}, and {self.name} is a whole number",
                f"for example: {self.flag} {self.default}",
            )
        if self.type == "yaml":
            try:
                return yaml.safe_load(value) if isinstance(value, str) else value
            except yaml.YAMLError as error:
                raise UsageError(
                    f"{source} is not YAML: {_first_line(error)}",
                    f"for example: {self.flag} '{self.default}'",
                ) from error
        # YAML reads an unquoted 3.10 as the number 3.1: never guess what was meant.
        if not isinstance(value, str):
            raise UsageError(
                f"{source} is {value!r}, and {self.name} is text", f'quote it: {self.name}: "…"'
            )
        if self.choices and value not in self.choices:
            raise UsageError(
                f"{source} is {value!r}, which {self.name} can't be",
                f"choose one: {', '.join(self.choices)}",
            )
        return value


@cache
def load() -> tuple[Question, ...]:
    """All questions that can be answered, in their order."""
    folder = bundle.checkout() or bundle.DATA
    entries: dict[str, Any] = yaml.safe_load(
        (folder / bundle.QUESTIONNAIRE).read_text(encoding="utf-8")
    )
    return tuple(
        Question(
            name=name,
            type=entry["type"],
            help=entry["help"],
            default=entry["default"],
            choices=tuple(
                choice["value"] if isinstance(choice, dict) else choice
                for choice in entry.get("choices", {}).values()
            ),
            asked=entry.get("ask", True),
        )
        for name, entry in entries.items()
        # `_…` are copier's settings; `when: false` values are computed, never answered.
        if not name.startswith("_") and entry.get("when", True) is not False
    )


def collect(
    answers_file: Path | None, data: Mapping[str, str], flags: Mapping[str, str]
) -> dict[str, Any]:
    """Bring the given answers together; flags win over data, data over the answers file.

    Raises:
        UsageError: a file that can't be read, an unknown question, or a value of the wrong type.
    """
    by_name = {question.name: question for question in load()}
    answers: dict[str, Any] = {}
    for values, source in (
        (_read(answers_file) if answers_file else {}, str(answers_file)),
        (data, "--data"),
        (flags, ""),
    ):
        for name, value in values.items():
            if name not in by_name:
                raise UsageError(
                    f"{source}: there is no question {name!r}",
                    f"known questions: {', '.join(by_name)}",
                )
            question = by_name[name]
            where = f"{name} in {source}" if source else question.flag
            answers[name] = question.parse(value, where)
    return answers


def _read(path: Path) -> dict[str, Any]:
    try:
        answers = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"can't read {path}: {error.strerror}", "check --answers-file") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UsageError(
            f"{path} is not YAML: {_first_line(error)}", "write it as lines of `question: answer`"
        ) from error
    if answers is None:
        return {}
    if not isinstance(answers, dict):
        raise UsageError(
            f"{path} holds no answers: it is not a mapping", "write it as `question: answer`"
        )
    # A project's own .copier-answers.yml may be given: copier's keys in it are no answers.
    return {str(key): value for key, value in answers.items() if not str(key).startswith("_")}


def _first_line(error: Exception) -> str:
    return " ".join(str(error).split())[:120]
