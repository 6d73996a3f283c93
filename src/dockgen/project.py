"""A project that dockgen made, read from disk."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dockgen import reader, settings
from dockgen.contract import BASES, Contract, Limits, Policy, Run
from dockgen.errors import ProjectError
from dockgen.matrix import Cell, Flavor, Language, Workload

ANSWERS = ".copier-answers.yml"
# The answers file if .copier-answers.yml belongs to another template: copier's convention.
OWN_ANSWERS = ".copier-answers.dockgen.yml"

# The limit for an address or version in the answers file, in characters.
_LONGEST = 2000
# The path to a parent folder.
_UPWARDS = re.compile(r"\.\.(?:/\.\.){0,30}")


@dataclass(frozen=True)
class Project:
    """A project's directory, and what its answers file and dockgen.toml say.

    ``template_version`` is the release of the templates that it was rendered from, such as
    "v0.1.0", and ``port`` the one that a service listens on; workers and jobs have none.
    ``is_existing`` says that `dockgen add` made the project for an existing program; ``context`` is
    then the path to its build context, such as "../..", or "" for its own folder.
    """

    directory: Path
    name: str
    cell: Cell
    template_version: str
    port: int | None
    limits: Limits
    policy: Policy = field(default_factory=Policy)
    kind: Workload = Workload.SERVICE
    run: Run = field(default_factory=Run)
    is_existing: bool = False
    context: str = ""

    @property
    def contract(self) -> Contract:
        """The project's contract."""
        return Contract(
            self.kind, self.port, self.limits, self.policy, BASES[self.cell.flavor], self.run,
            is_ours=not self.is_existing,
        )  # fmt: skip


@dataclass(frozen=True)
class Recorded:
    """The content of an answers file: the template's address and version, and all answers."""

    url: str
    version: str
    answers: Mapping[str, Any]

    @property
    def existing(self) -> Mapping[str, Any]:
        """What `dockgen add` recorded about a program; empty for one that dockgen made."""
        found = self.answers.get("existing")
        return found if isinstance(found, dict) else {}


def answers_file(directory: Path) -> str:
    """Return the name of the answers file in ``directory``, which may not exist."""
    return OWN_ANSWERS if os.path.lexists(directory / OWN_ANSWERS) else ANSWERS


def recorded(directory: Path) -> Recorded:
    """Read the answers file of the project in ``directory``.

    Raises:
        ProjectError: there is none, or its format is unknown.
    """
    answers = _answers(directory)
    return Recorded(
        url=_text(answers, "_src_path"),
        version=_text(answers, "_commit"),
        answers={name: value for name, value in answers.items() if not name.startswith("_")},
    )


def is_one(directory: Path) -> bool:
    """Return whether dockgen seems to have made a folder: other templates have answers files, too.

    Raises:
        ProjectError: its answers can't be read.
    """
    answers = directory / ANSWERS
    if not answers.exists() and not answers.is_symlink():
        return False
    if (directory / settings.FILE).exists():
        return True
    text = reader.text(answers, inside=directory, hint=_restore(ANSWERS))
    return re.search(r"^flavor:", text, re.MULTILINE) is not None


def load(directory: Path) -> Project:
    """Read the project in ``directory``.

    Raises:
        ProjectError: dockgen didn't make this directory, or one of its two files is invalid.
    """
    answers = _answers(directory)
    found = settings.read(directory)
    run = settings.run(found)
    kind = run.workload or _kind(answers)
    return Project(
        directory=directory,
        name=_text(answers, "name"),
        cell=_cell(answers),
        template_version=_text(answers, "_commit"),
        port=(run.port or _port(answers)) if kind is Workload.SERVICE else None,
        limits=settings.limits(found, kind),
        policy=settings.policy(found),
        kind=kind,
        run=run,
        is_existing=bool(answers.get("existing")),
        context=_context(answers),
    )


class _Answers(dict[str, Any]):
    """The content of an answers file; ``file`` is its name, for messages."""

    file = ANSWERS


def _answers(directory: Path) -> _Answers:
    path = directory / answers_file(directory)
    content = _read(path)
    answers = reader.parse_yaml(content, path, hint=_restore(path.name))
    if not isinstance(answers, dict):
        raise ProjectError(f"{path} has no answers.", _restore(path.name))
    found = _Answers({str(name): value for name, value in answers.items()})
    found.file = path.name
    return found


def _cell(answers: _Answers) -> Cell:
    return Cell(
        Language(_choice(answers, "language", [str(language) for language in Language])),
        Flavor(_choice(answers, "flavor", [str(flavor) for flavor in Flavor])),
    )


def _context(answers: Mapping[str, Any]) -> str:
    existing = answers.get("existing")
    context = existing.get("context") if isinstance(existing, dict) else None
    return context if isinstance(context, str) and _UPWARDS.fullmatch(context) else ""


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
            f"{answers.file} has no answer for {key}: it is from another template, or was"
            " edited by hand.",
            _restore(answers.file),
        )
    if len(value) > _LONGEST:
        words = f"{answers.file}: {key} is too long: {value:.40}…"
        raise ProjectError(words, _restore(answers.file))
    return value


def _read(path: Path) -> str:
    try:
        return settings.content(path)
    except (FileNotFoundError, NotADirectoryError) as error:
        hint = "create one: dockgen new"
        if (path.parent / settings.FILE).exists():
            hint = (
                f"see which commit removed it: git log -1 --diff-filter=D -- {ANSWERS}  "
                f"(then: git checkout COMMIT^ -- {ANSWERS})"
            )
        raise ProjectError(
            f"{path.parent} isn't a dockgen project: it has no {path.name}.", hint
        ) from error


_restore = settings.restore
