"""The questions in copier.yml: their flags, and how given values are parsed."""

import os
import re
import reprlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from dockgen import bundle, reader
from dockgen.errors import ProjectError, UsageError, unreadable
from dockgen.matrix import Language

# Formats a value for a message: on one line and short, even if YAML's aliases make it endless.
_shown = reprlib.Repr()
_shown.maxstring = _shown.maxother = 80
_shown.maxlevel = _shown.maxlist = _shown.maxdict = _shown.maxset = 2

# The question that `dockgen add` answers, and `dockgen new` never asks.
OF_ADD = "existing"

# How many files a questionnaire may include, counting repeated ones each time.
_MAXIMUM_INCLUDES = 100


@dataclass(frozen=True)
class Question:
    """One question of the questionnaire.

    ``choices`` has the allowed values; it is empty for free text. ``asked`` is false for a question
    that is only asked with ``--ask``. ``by_language`` has the default of each language if it
    depends on that.
    """

    name: str
    type: str
    help: str
    default: object
    choices: tuple[str, ...]
    asked: bool
    by_language: Mapping[str, str] = field(default_factory=dict)

    @property
    def flag(self) -> str:
        """The option of ``dockgen new`` that answers this question."""
        return "--" + self.name.replace("_", "-")

    @property
    def usual(self) -> str:
        """The default as text.

        For a list of preferences, which a team may narrow, it is the first. A default that depends
        on the language is listed for each: "go: scratch, python: slim, node: alpine".
        """
        if self.type == "bool":
            return "yes" if self.default else "no"
        default = str(self.default)
        if not self.by_language and (preferences := re.match(r"\{\{ \['(\w+)'", default)):
            return preferences[1]
        # Starters on a release up to v0.7.0 have the table in the expression.
        written = re.findall(r"'(\w+)': '([^']+)'", default) if "{{" in default else []
        by_language = self.by_language.items() or written
        return ", ".join(f"{name}: {value}" for name, value in by_language) or default

    def parse(self, value: object, source: str) -> Any:
        """Parse a given value as an answer of the question's type.

        Args:
            value: text of the command line, or a value of an answers file.
            source: where it comes from, for the message.

        Raises:
            UsageError: it isn't a valid answer.
        """
        if self.type == "int":
            # Python refuses to parse more digits than that.
            if isinstance(value, str) and re.fullmatch(r"\s*[+-]?[0-9]{1,4000}\s*", value):
                return int(value)
            if isinstance(value, int) and not isinstance(value, bool):
                return value
            raise UsageError(
                f"{source} is {_text(value)}, and {self.name} is a whole number",
                f"for example: {self.flag} {self.default}",
            )
        if self.type in {"yaml", "json", "bool", "float"}:
            read: Any = value
            if isinstance(value, str):
                example = f"for example: {self.flag} '{self.default}'"
                read = reader.parse_yaml(value, source, hint=example, kind=UsageError)
            self._require_type(read, source)
            return read
        # YAML reads an unquoted 3.10 as the number 3.1: never guess what was meant.
        if not isinstance(value, str):
            raise UsageError(
                f"{source} is {_text(value)}, and {self.name} is text",
                f'quote it: {self.name}: "…"',
            )
        if self.choices and value not in self.choices:
            raise UsageError(
                f"{source} is {_text(value)}, which isn't a choice of {self.name}",
                f"choose one: {', '.join(self.choices)}",
            )
        return value

    def _require_type(self, value: object, source: str) -> None:
        if self.type == "bool" and not isinstance(value, bool):
            raise UsageError(
                f"{source} is {_text(value)}, and {self.name} is yes or no",
                f"for example: {self.flag} {'yes' if self.default is True else 'no'}",
            )
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if self.type == "float" and not is_number:
            raise UsageError(
                f"{source} is {_text(value)}, and {self.name} is a number",
                f"for example: {self.flag} {self.default}",
            )


@cache
def load(questionnaire: Path | None = None) -> tuple[Question, ...]:
    """Return all questions that can be answered, in their order.

    Args:
        questionnaire: a copier.yml, with its includes beside it; None for dockgen's own.

    Raises:
        ProjectError: it is not YAML, or a question in it has no default.
    """
    questionnaire = questionnaire or bundle.questionnaire()
    entries = read(questionnaire)
    by_language = _languages(questionnaire, entries)
    return tuple(
        _question(name, entry, by_language)
        for name, entry in entries.items()
        # `_…` are copier's settings; `when: false` values are computed, never answered.
        if not name.startswith("_") and not is_hidden(entry)
    )


def read(questionnaire: Path) -> dict[str, Any]:
    """Return the settings and questions of a copier.yml, combined as copier does.

    A later document in the file overrides an earlier one, and the documents that it includes.

    Raises:
        ProjectError: it is not YAML, or not a questionnaire.
    """
    entries: dict[str, Any] = {}
    for document in _documents(questionnaire, questionnaire.parent.resolve()):
        if not isinstance(document, dict):
            raise ProjectError(
                f"{questionnaire.name} isn't a questionnaire: {document!r:.40}",
                "write each question as: name: {default: …}",
            )
        if other := [name for name in document if not isinstance(name, str)]:
            raise ProjectError(
                f"{questionnaire.name}: a question is called {_text(other[0])}, which isn't text",
                "quote its name",
            )
        entries |= document
    return entries


def languages(questionnaire: Path) -> dict[str, Any]:
    """Return the language.yml files that a questionnaire reads, by language.

    Raises:
        ProjectError: one of the files is not YAML.
    """
    return _languages(questionnaire, read(questionnaire))


def _languages(questionnaire: Path, entries: Mapping[str, Any]) -> dict[str, Any]:
    vendored = entries.get("template_root", {})
    prefix = str(vendored.get("default", "")) if isinstance(vendored, dict) else ""
    if not re.fullmatch(r"[\w./-]*", prefix):
        return {}
    root = questionnaire.parent.resolve()
    files = {name: root / f"{prefix}templates/{name}/language.yml" for name in Language}
    return {
        str(name): document
        for name, path in files.items()
        if path.resolve().is_relative_to(root) and path.is_file()
        for document in _documents(path, root)
        if isinstance(document, dict)
    }


def is_hidden(entry: object) -> bool:
    """Return whether a question is never asked: its value is computed and not recorded."""
    if not isinstance(entry, dict):
        return False
    when = entry.get("when", True)
    if isinstance(when, str) and "{" in when:
        when = _constant(when)
    return _is_no(when)


def _is_no(value: Any) -> bool:
    """Return whether copier treats a value as false."""
    try:
        return float(value) == 0
    except (TypeError, ValueError):
        words = value.strip().lower() if isinstance(value, str) else value
        return not words or words in ("n", "no", "f", "false", "off", "~", "null", "none")


def _constant(expression: str) -> object:
    """Evaluate an expression without answers, such as "{{ false }}"; return True for others."""
    from jinja2 import StrictUndefined, TemplateError
    from jinja2.sandbox import SandboxedEnvironment

    try:
        return SandboxedEnvironment(undefined=StrictUndefined).from_string(expression).render()
    except (TemplateError, ArithmeticError, LookupError, TypeError, ValueError, RecursionError):
        return True


def _question(name: str, entry: object, by_language: Mapping[str, Any]) -> Question:
    # copier reads `name: value` as a question with that default.
    facts: dict[str, Any] = entry if isinstance(entry, dict) else {"default": entry}
    if "default" not in facts:
        raise ProjectError(
            f"the question {name} has no default, which an unattended update needs",
            f"add a default for {name} in {bundle.QUESTIONNAIRE}",
        )
    _require_shape(name, facts)
    kinds = {str: "str", bool: "bool", int: "int", float: "float"}
    return Question(
        name=name,
        type=facts.get("type", kinds.get(type(facts["default"]), "yaml")),
        help=facts.get("help", ""),
        default=facts["default"],
        choices=choices_of(facts.get("choices", ()), by_language),
        asked=facts.get("ask", True) is True,
        by_language=_defaults(str(facts["default"]), by_language),
    )


def _require_shape(name: str, facts: Mapping[str, Any]) -> None:
    """Check that a question's facts have types that copier accepts.

    Raises:
        ProjectError: one hasn't.
    """
    for fact in ("type", "help"):
        if not isinstance(facts.get(fact, ""), str):
            raise ProjectError(
                f"the question {name}: {fact} is {_text(facts[fact])}, not text",
                f"fix it in {bundle.QUESTIONNAIRE}",
            )
    try:
        choices_of(facts.get("choices", ()), {})
    except (TypeError, LookupError, ValueError) as error:
        raise ProjectError(
            f"the question {name}: can't read its choices: {_text(facts['choices'])}",
            "write them as a list, or as a mapping of labels to values",
        ) from error


def _defaults(expression: str, by_language: Mapping[str, Any]) -> dict[str, str]:
    """Return a default by language, if it is, or begins with, a fact of language.yml."""
    found = re.search(r"languages\[language\]\.(\w+)", expression)
    facts = {name: of.get(found[1]) for name, of in by_language.items()} if found else {}
    # For a table, the first entry is the default.
    return {
        name: str(next(iter(one)) if isinstance(one, dict) else one)
        for name, one in facts.items()
        if one
    }


def choices_of(choices: Any, by_language: Mapping[str, Any] | None = None) -> tuple[str, ...]:
    """Return the allowed values, or () for choices that only copier can compute.

    Args:
        choices: as in the questionnaire.
        by_language: the language.yml files, where ``choices('frameworks')`` comes from.
    """
    if isinstance(choices, str):
        table = re.search(r"\bchoices\('(\w+)'", choices)
        tables = [of.get(table[1]) for of in (by_language or {}).values()] if table else []
        names = (name for one in tables if isinstance(one, dict) for name in one)
        return tuple(dict.fromkeys(map(str, names)))
    pairs = choices.items() if isinstance(choices, dict) else ((None, item) for item in choices)
    # An item of a list is a value, or a pair of label and value.
    values = [item[1] if isinstance(item, list) else item for _, item in pairs]
    return tuple(str(value["value"] if isinstance(value, dict) else value) for value in values)


def _documents(path: Path, root: Path, included: list[Path] | None = None) -> list[Any]:
    """Return all documents of a YAML file, with included documents in their place."""
    included = [] if included is None else included
    included.append(path)
    if len(included) > _MAXIMUM_INCLUDES:
        raise ProjectError(
            f"{path.name} includes itself", "include each file once, and never in itself"
        )

    def include(pattern: str) -> list[Any]:
        found = sorted(Path(os.path.realpath(file)) for file in root.glob(pattern) if pattern)
        if not found or not all(file.is_relative_to(root) for file in found):
            raise ProjectError(
                f"{path.name} includes {pattern!r}, which isn't a file of the template",
                "use a file below its own folder",
            )
        return [document for file in found for document in _documents(file, root, included)]

    if root == bundle.questionnaire().parent:
        documents = reader.own_yaml_documents(path, include)
    else:
        try:
            text = reader.text(path, inside=root)
        except OSError as error:
            raise unreadable(path, error) from error
        documents = reader.yaml_documents(text, path.name, include=include)
    flat: list[Any] = []
    for document in filter(None, documents):
        flat.extend(document if isinstance(document, list) else [document])
    return flat


def collect(
    answers_file: Path | None,
    data: Mapping[str, str],
    flags: Mapping[str, str],
    questionnaire: Path | None = None,
) -> dict[str, Any]:
    """Combine the given answers; flags override data, data overrides the answers file.

    Args:
        answers_file: a YAML file of answers, if one was given.
        data: answers by the question's name.
        flags: answers by the question's name.
        questionnaire: a copier.yml; None for dockgen's own.

    Raises:
        UsageError: a file that can't be read, an unknown question, or a value of the wrong type.
    """
    by_name = {question.name: question for question in load(questionnaire)}
    answers: dict[str, Any] = {}
    for values, source in (
        (_answers(answers_file) if answers_file else {}, str(answers_file)),
        (data, "--data"),
        (flags, ""),
    ):
        for name, value in values.items():
            if name not in by_name:
                raise UsageError(
                    f"{source}: unknown question {name!r}",
                    f"known questions: {', '.join(by_name)}",
                )
            question = by_name[name]
            where = f"{name} in {source}" if source else question.flag
            answers[name] = question.parse(value, where)
    return answers


def _answers(path: Path) -> dict[str, Any]:
    try:
        text = reader.text(path)
    except OSError as error:
        raise UsageError(f"can't read {path}: {error.strerror}", "check --answers-file") from error
    except ProjectError as error:
        raise UsageError(error.message, "check --answers-file") from error
    answers = reader.parse_yaml(
        text, path, hint="write it as lines of `question: answer`", kind=UsageError
    )
    if answers is None:
        return {}
    if not isinstance(answers, dict):
        raise UsageError(
            f"{path} has no answers: it isn't a mapping", "write it as `question: answer`"
        )
    # It may be a project's .copier-answers.yml, where copier's own keys aren't answers.
    return {str(key): value for key, value in answers.items() if not str(key).startswith("_")}


def _text(value: object) -> str:
    """Format a value for a message."""
    try:
        return _shown.repr(value)
    except ValueError:  # a number with more digits than Python writes
        return "too large"
