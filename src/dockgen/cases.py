"""The cases of a template: the combinations of answers that it is tested with.

They are the matrix of its questionnaire (each language on each flavor), and the cases in a
starter's own starter.toml.
"""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from dockgen import bundle, matrix, project, questions, reader, template
from dockgen.errors import ProjectError, UsageError, unreadable
from dockgen.matrix import Flavor, Language, Workload
from dockgen.project import Project
from dockgen.source import Source

STARTER = "starter.toml"

# Names of groups in docker-bake.hcl.
_TAKEN = {"default", "test"}


@dataclass(frozen=True)
class Case:
    """A combination of answers, under a name such as "go-slim".

    Questions without an answer in ``answers`` take their default; ``usual_kind`` is the default
    kind.
    """

    name: str
    answers: Mapping[str, Any] = field(default_factory=dict)
    usual_kind: str = Workload.SERVICE

    @property
    def kind(self) -> Workload:
        """The kind of the project; an invalid one is reported when the case is rendered."""
        value = self.answers.get("kind", self.usual_kind)
        return Workload(value) if value in tuple(Workload) else Workload.SERVICE


def load(directory: Path | None = None) -> tuple[Case, ...]:
    """Return the cases of the starter in ``directory``, or dockgen's own; at least one.

    Raises:
        ProjectError: the questionnaire or starter.toml is invalid, or there is no cell.
    """
    if directory is None:
        return of_questionnaire(bundle.questionnaire())
    questionnaire = directory / bundle.QUESTIONNAIRE
    questions.load(questionnaire)  # report a question without a default first
    cells = of_questionnaire(questionnaire)
    return (*cells, *_declared(directory / STARTER, questionnaire, cells))


def select(cases: Sequence[Case], names: Sequence[str]) -> tuple[Case, ...]:
    """Return the cases of these names, in their own order; all if no name is given.

    Raises:
        UsageError: the case is unknown.
    """
    known = {case.name for case in cases}
    for name in names:
        if name not in known:
            raise UsageError(f"unknown case {name!r}", f"cases: {', '.join(sorted(known))}")
    return tuple(case for case in cases if not names or case.name in names)


def of_questionnaire(questionnaire: Path) -> tuple[Case, ...]:
    """Return each cell of language and flavor that a questionnaire offers and dockgen knows.

    Raises:
        ProjectError: it is not YAML, lacks one of the two questions, or offers no known cell.
    """
    entries = questions.read(questionnaire)
    offered = [_offered(entries, name, kind) for name, kind in _MATRIX.items()]
    known = {(str(cell.language), str(cell.flavor)) for cell in matrix.ALL}
    usual_kind = _usual_kind(entries)
    found = []
    for pair in itertools.product(*offered):
        values = dict(zip(_MATRIX, pair, strict=True))
        language, flavor = pair
        if not any(language in (None, one) and flavor in (None, other) for one, other in known):
            continue
        # Computed values can't be answered, and fixed ones don't need an answer.
        answers = {
            name: value
            for name, value in values.items()
            if value and not questions.is_hidden(entries[name])
        }
        name = "-".join(value for value in values.values() if value) or "only"
        found.append(Case(name, answers, usual_kind))
    if not found:
        raise ProjectError(
            f"{questionnaire.name} offers no language and flavor that dockgen knows",
            f"languages: {', '.join(Language)}; flavors: {', '.join(Flavor)}",
        )
    return tuple(found)


def render(case: Case, directory: Path, origin: Source | None = None) -> Project:
    """Render a case into ``directory``, which must not exist, and read the project.

    Args:
        case: its answers are given, and nothing is asked.
        directory: the project's default name is made from its name.
        origin: the template; None for dockgen's own.

    Raises:
        ProjectError: it can't be rendered, or isn't a dockgen project; it starts with the case.
        ToolMissingError: git is missing or too old.
    """
    try:
        template.render(directory, case.answers, ask=(), origin=origin)
        return project.load(directory)
    except UsageError as error:
        # The answers come from the starter's own files.
        hint = f"fix {bundle.QUESTIONNAIRE}, or the answers in {STARTER}"
        raise ProjectError(f"{case.name}: {error.message}", hint) from error
    except ProjectError as error:
        message = error.message.replace(f"{directory}/", "").replace(str(directory), "it")
        # Advice for a project in a user's folder doesn't help with the template.
        is_template = error.hint.startswith(("fix the template", "if you"))
        hint = error.hint if is_template else "fix the template"
        raise ProjectError(f"{case.name}: {message}", hint) from error


_MATRIX = {"language": Language, "flavor": Flavor}


def _offered(entries: Mapping[str, Any], name: str, kind: type[StrEnum]) -> list[str | None]:
    """Return the possible answers of a question; None stands for what only copier can compute."""
    if name not in entries:
        raise ProjectError(
            f"{bundle.QUESTIONNAIRE} has no question {name}",
            "include dockgen's questions: !include base/copier.yml",
        )
    entry = entries[name]
    if questions.is_hidden(entry):
        default = str(entry.get("default", ""))
        return [None if "{" in default else default]
    choices = entry.get("choices", ()) if isinstance(entry, dict) else ()
    values = questions.choices_of(choices)
    if not values or any("{" in value for value in values):
        values = tuple(str(value) for value in kind)
    taken = entries.get("unavailable")
    refused = taken.get("default") if isinstance(taken, dict) else None
    refused = refused.get(name) if isinstance(refused, dict) else None
    return [value for value in values if not refused or value not in refused]


def _usual_kind(entries: Mapping[str, Any]) -> str:
    """Return the default kind of a questionnaire; dockgen's own computes it, as a service."""
    entry = entries.get("kind")
    default = str(entry.get("default", "")) if isinstance(entry, dict) else ""
    return Workload.SERVICE if not default or "{" in default else default


def _declared(path: Path, questionnaire: Path, cells: Sequence[Case]) -> list[Case]:
    """Return the cases in the ``[[test]]`` tables of a starter.toml; none if it doesn't exist."""
    try:
        text = reader.text(path, inside=path.parent)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise unreadable(path, error) from error
    facts = reader.parse_toml(text, path.name)

    from dockgen import declared
    from dockgen.starter.starterfile import StarterFile

    tables = declared.read(StarterFile, facts, text, path.name).test
    taken, usual_kind = {case.name for case in cells}, cells[0].usual_kind
    found: list[Case] = []
    for number, table in enumerate(tables, start=1):
        where = f"{path.name}, [[test]] number {number}"
        case = _case(table.name, table.answers, where, questionnaire, usual_kind)
        if case.name in taken or case.name in _TAKEN:
            raise ProjectError(
                f"{path.name}: the case name {case.name!r} is already used",
                "give it another name",
            )
        taken = taken | {case.name}
        found.append(case)
    return found


def _case(
    name: str, given: Mapping[str, Any], where: str, questionnaire: Path, usual_kind: str
) -> Case:
    by_name = {question.name: question for question in questions.load(questionnaire)}
    answers = {}
    for key, value in given.items():
        if key not in by_name:
            raise ProjectError(
                f"{where}: unknown question {key!r}", f"known questions: {', '.join(by_name)}"
            )
        try:
            answers[key] = by_name[key].parse(value, f"{where}: {key}")
        except UsageError as error:
            raise ProjectError(error.message, f"fix it in {STARTER}") from error
    return Case(name, answers, usual_kind)
