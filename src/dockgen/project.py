"""A project that dockgen made, as read from disk."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from dockgen import reader
from dockgen.contract import BASES, Contract, Limits, Policy
from dockgen.errors import ProjectError
from dockgen.matrix import Cell, Flavor, Language, Workload

ANSWERS = ".copier-answers.yml"
# Where that is another template's; copier's convention for several templates in one project.
OWN_ANSWERS = ".copier-answers.dockgen.yml"
LIMITS = "dockgen.toml"

_MB = 10**6
# Above this, in MB or seconds, a limit is a mistake; and 1e999999999 as an int takes all memory.
_HIGHEST = 10**6
# The longest address or version that a project records.
_LONGEST = 2000
# What git leaves around two versions of a line that it can't merge.
_MARKER = re.compile(r"^(<<<<<<<|>>>>>>>) ", re.MULTILINE)


@dataclass(frozen=True)
class Project:
    """A project's directory, and what its answers file and dockgen.toml say.

    ``template_version`` is the release of the templates that it was rendered from, such as
    "v0.1.0", and ``port`` the one that a service listens on; workers and jobs have none.
    """

    directory: Path
    name: str
    cell: Cell
    template_version: str
    port: int | None
    limits: Limits
    policy: Policy = field(default_factory=Policy)
    kind: Workload = Workload.SERVICE

    @property
    def contract(self) -> Contract:
        """What the project is held to."""
        base = BASES[self.cell.flavor]
        return Contract(self.kind, self.port, self.limits, self.policy, base)


@dataclass(frozen=True)
class Recorded:
    """What a project's answers file says: the template's address and version, and all answers."""

    url: str
    version: str
    answers: Mapping[str, Any]


def answers_file(directory: Path) -> str:
    """The name of the answers file in ``directory``, which need not be there."""
    return OWN_ANSWERS if os.path.lexists(directory / OWN_ANSWERS) else ANSWERS


def recorded(directory: Path) -> Recorded:
    """Read the answers file of the project in ``directory``.

    Raises:
        ProjectError: there is none, or it can't be understood.
    """
    answers = _answers(directory)
    return Recorded(
        url=_text(answers, "_src_path"),
        version=_text(answers, "_commit"),
        answers={name: value for name, value in answers.items() if not name.startswith("_")},
    )


def load(directory: Path) -> Project:
    """Read the project in ``directory``.

    Raises:
        ProjectError: dockgen didn't make this directory, or one of its two files can't be
            understood.
    """
    answers = _answers(directory)
    settings = _settings(directory)
    kind = _kind(answers)
    return Project(
        directory=directory,
        name=_text(answers, "name"),
        cell=_cell(answers),
        template_version=_text(answers, "_commit"),
        port=_port(answers) if kind is Workload.SERVICE else None,
        limits=_limits(settings, kind),
        policy=_policy(settings),
        kind=kind,
    )


class _Answers(dict[str, Any]):
    """What an answers file says; ``file`` is its name, for messages."""

    file = ANSWERS


def _answers(directory: Path) -> _Answers:
    path = directory / answers_file(directory)
    content = _read(path)
    answers = reader.parse_yaml(content, path, hint=_restore(path.name))
    if not isinstance(answers, dict):
        raise ProjectError(f"{path} holds no answers.", _restore(path.name))
    found = _Answers({str(name): value for name, value in answers.items()})
    found.file = path.name
    return found


def _settings(directory: Path) -> Mapping[str, Any]:
    content = _read(directory / LIMITS)
    # Decimal keeps 6.9 MB from becoming 6,900,000.000000001 bytes.
    settings = reader.parse_toml(
        content, directory / LIMITS, hint=_restore(LIMITS), parse_float=Decimal
    )
    if not isinstance(settings.get("limits"), dict):
        raise ProjectError(f"{directory / LIMITS} has no [limits] section.", _restore(LIMITS))
    return settings


def _limits(settings: Mapping[str, Any], kind: Workload) -> Limits:
    limits = settings["limits"]
    is_job = kind is Workload.JOB
    return Limits(
        size_bytes=int(_limit(limits, "size_mb") * _MB),
        healthy_seconds=0 if is_job else float(_limit(limits, "healthy_seconds")),
        stop_seconds=float(_limit(limits, "stop_seconds")),
        run_seconds=float(_limit(limits, "run_seconds")) if is_job else 0,
        # Younger than the first projects.
        context_bytes=int(_limit({"context_mb": 100, **limits}, "context_mb") * _MB),
    )


def _limit(limits: Mapping[str, Any], key: str) -> Decimal:
    if key not in limits:
        raise ProjectError(f"{LIMITS} has no limits.{key}.", f"add it, for example: {key} = 10")
    value = limits[key]
    # In Python, true is a number; in a limit, it is a mistake.
    is_number = isinstance(value, int | Decimal) and not isinstance(value, bool)
    if not is_number or not Decimal(value).is_finite() or not 0 < value <= _HIGHEST:
        raise ProjectError(
            f"{LIMITS}: limits.{key} is {value!s:.40}, not a number above 0 and up to {_HIGHEST}.",
            f"write a number, for example: {key} = 10",
        )
    return Decimal(value)


def _policy(settings: Mapping[str, Any]) -> Policy:
    rules = settings.get("rules", {})
    if not isinstance(rules, dict):
        raise ProjectError(f"{LIMITS}: rules is no section.", "write it as: [rules]")
    known = ("required_labels", "allowed_registries", "ignored")
    for key in rules:
        if key not in known:
            raise ProjectError(f"{LIMITS}: rules.{key} is unknown.", f"known: {', '.join(known)}")
    return Policy(
        required_labels=_texts(rules, "required_labels"),
        allowed_registries=_texts(rules, "allowed_registries"),
        ignored=_ignored(rules.get("ignored", {})),
    )


def _texts(rules: Mapping[str, Any], key: str) -> tuple[str, ...]:
    texts = rules.get(key, [])
    if not isinstance(texts, list) or not all(isinstance(text, str) and text for text in texts):
        raise ProjectError(
            f"{LIMITS}: rules.{key} is {texts!s:.40}, not a list of texts.",
            f'write it as: {key} = ["…"]',
        )
    return tuple(texts)


def _ignored(ignored: object) -> Mapping[str, str]:
    if not isinstance(ignored, dict):
        raise ProjectError(
            f"{LIMITS}: rules.ignored is no section.", 'write below [rules.ignored]: DG103 = "why"'
        )
    if not ignored:
        return {}
    # Only a project that ignores a rule needs to know them all.
    from dockgen import checks

    codes = {rule.code for rule in checks.RULES}
    for code, reason in ignored.items():
        if code not in codes:
            raise ProjectError(
                f"{LIMITS}: rules.ignored.{code} is unknown: dockgen has no such rule.",
                "remove the line, or correct the code: dockgen check lists them all",
            )
        if not isinstance(reason, str) or not reason.strip():
            raise ProjectError(
                f"{LIMITS}: rules.ignored.{code} is {reason!s:.40}, not a reason.",
                f'say why, for example: {code} = "the probe starts late on purpose"',
            )
    return ignored


def _cell(answers: _Answers) -> Cell:
    return Cell(
        Language(_choice(answers, "language", [str(language) for language in Language])),
        Flavor(_choice(answers, "flavor", [str(flavor) for flavor in Flavor])),
    )


def _kind(answers: _Answers) -> Workload:
    # Templates before this question made services.
    if "kind" not in answers:
        return Workload.SERVICE
    return Workload(_choice(answers, "kind", [str(kind) for kind in Workload]))


def _choice(answers: _Answers, key: str, choices: list[str]) -> str:
    value = _text(answers, key)
    if value not in choices:
        raise ProjectError(
            f"{answers.file}: {key} is {value:.40}, not one of {', '.join(choices)}.",
            _restore(answers.file),
        )
    return value


def _port(answers: _Answers) -> int:
    port = answers.get("port")
    if not isinstance(port, int) or not 1024 <= port <= 65535:
        raise ProjectError(
            f"{answers.file}: port is {port!s:.40}, not a number from 1024 to 65535.",
            _restore(answers.file),
        )
    return port


def _text(answers: _Answers, key: str) -> str:
    value = answers.get(key)
    if not isinstance(value, str) or not value:
        raise ProjectError(
            f"{answers.file} has no answer for {key}: another template's, or edited by hand.",
            _restore(answers.file),
        )
    if len(value) > _LONGEST:
        words = f"{answers.file}: {key} is too long: {value:.40}…"
        raise ProjectError(words, _restore(answers.file))
    return value


def _read(path: Path) -> str:
    try:
        content = reader.text(path, inside=path.parent, hint=_restore(path.name))
    except (FileNotFoundError, NotADirectoryError) as error:
        if path.name == LIMITS:
            hint = _restore(path.name)
        elif (path.parent / LIMITS).exists():
            hint = (
                f"see which commit removed it: git log -1 --diff-filter=D -- {ANSWERS}  "
                f"(then: git checkout COMMIT^ -- {ANSWERS})"
            )
        else:
            hint = "make one with: dockgen new"
        raise ProjectError(
            f"{path.parent} is not a dockgen project: it has no {path.name}.", hint
        ) from error
    if _MARKER.search(content):
        raise ProjectError(
            f"{path} holds the conflict markers of an unfinished merge.",
            "choose one side of each, remove the markers, then: git add " + path.name,
        )
    return content


def _restore(name: str) -> str:
    return f"bring back the last good version: git checkout -- {name}"
