"""A starter template's repository: made, and moved to a newer dockgen.

It holds a copy of dockgen's templates in base/, and on top of it a questionnaire and one stub for
each file of a project, which takes that file over. The texts are templates, too: templates/starter/
of the release. So what `init` wrote can be made again from the release, and `bump` merges the
difference between two releases into what the team made of it.
"""

import json
import os
import re
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dockgen import (
    apply,
    bundle,
    fleet,
    git,
    gitfolder,
    includes,
    merge,
    reader,
    starters,
    tree,
    update,
)
from dockgen.errors import CheckFailedError, ProjectError, UsageError, unreadable
from dockgen.fleet import Mode, Outcome
from dockgen.inside import Folder, Inside, Saved
from dockgen.matrix import Language
from dockgen.merge import States
from dockgen.source import Source
from dockgen.tree import EXECUTABLE, File, Tree
from dockgen.update import Plan
from dockgen.worktree import Worktree

if TYPE_CHECKING:
    from jinja2 import Environment

FILE = "starter.toml"
BASE = "base/"

# Where a release has the texts of a starter.
_TEXTS = "templates/starter/"
_STUB = _TEXTS + "stubs/file.jinja"
_DOCKERFILE_STUB = _TEXTS + "stubs/Dockerfile.jinja"
_SUFFIX = ".jinja"
_PARTS = {
    "README.md": "how to go on from here",
    "copier.yml": "the questions: dockgen's, and yours",
    "starter.toml": "the version of dockgen, and tests of yours",
    "templates/": "a line for each file of a project: edit it, delete it, or add another",
    "base/": "dockgen's own templates, not to be edited",
    ".github/workflows/ci.yml": "tests each pull request",
    ".gitlab-ci.yml": "tests each merge request",
}
# What git leaves around two versions of a line that it can't merge.
_MARKER = re.compile(r"^(<<<<<<<|>>>>>>>) ", re.MULTILINE)


class Ci(StrEnum):
    """Which CI proves the starter."""

    GITHUB = "github"
    GITLAB = "gitlab"
    NONE = "none"


@dataclass(frozen=True)
class Settings:
    """What starter.toml says under [starter]; ``base`` is dockgen's version, such as "v0.4.0"."""

    name: str
    base: str
    languages: tuple[Language, ...] = tuple(Language)
    ci: Ci = Ci.GITHUB


@dataclass(frozen=True)
class Made:
    """A starter's repository that was made.

    ``committed`` says that it is a repository of its own with one commit, ``problem`` why it isn't
    although it should be, and ``inside`` that it lies in a repository that was there before.
    """

    directory: Path
    settings: Settings
    files: Sequence[Path]
    committed: bool
    inside: bool
    problem: str

    @property
    def message(self) -> str:
        """The message of the first commit."""
        return f"Start from dockgen {self.settings.base}"

    @property
    def parts(self) -> Mapping[str, str]:
        """What there is to see in it, and what each is for."""
        names = [path.as_posix() for path in self.files]
        return {
            part: words
            for part, words in _PARTS.items()
            if any(name == part or (part.endswith("/") and name.startswith(part)) for name in names)
        }


def load(directory: Path) -> Settings:
    """Read the starter.toml in ``directory``.

    Raises:
        ProjectError: there is none, or it can't be understood.
    """
    path = directory / FILE
    restore = f"bring back the last good version: git checkout -- {FILE}"
    try:
        text = reader.text(path, inside=directory, hint=restore)
        if _MARKER.search(text):
            raise ProjectError(
                f"{path} holds the conflict markers of an unfinished merge",
                "choose one side of each, and remove the markers; or: dockgen starter bump --undo",
            )
        read = reader.parse_toml(text, path, hint=restore)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise ProjectError(
            f"{directory} is no starter template: it has no {FILE}",
            "make one with: dockgen starter init",
        ) from error
    except OSError as error:
        raise unreadable(path, error) from error
    table = read.get("starter")
    if not isinstance(table, dict):
        raise ProjectError(
            f"{path} has no [starter] table", 'add it, with a name and a base = "v…"'
        )
    return Settings(
        name=_text(path, table, "name"),
        base=_text(path, table, "base"),
        languages=_languages(path, table.get("languages", list(Language))),
        ci=_ci(path, table.get("ci", Ci.GITHUB)),
    )


def name_for(directory: Path) -> str:
    """The name of a starter in ``directory``: lower case, dashes for all else, a letter first.

    Raises:
        UsageError: nothing is left of the folder's name.
    """
    slug = re.sub(r"[^a-z0-9]+", "-", directory.name.lower())
    slug = re.sub(r"^[^a-z]+", "", slug)[:63].rstrip("-")
    if not slug:
        raise UsageError(f"{directory} gives no name for the starter", "add --name NAME")
    return slug


def scaffold(origin: Source, settings: Settings) -> dict[str, File]:
    """All files of a new starter, by path: the same for the same release and settings.

    Raises:
        ProjectError: the release isn't there, or is older than starters are.
    """
    with tempfile.TemporaryDirectory(prefix="dockgen-", ignore_cleanup_errors=True) as folder:
        git.run("init", "--quiet", "--bare", ".", cwd=Path(folder))
        _fetch(origin, Path(folder))
        return _scaffold(Path(folder), origin, settings)


def init(origin: Source, target: Path, name: str, languages: Iterable[Language], ci: Ci) -> Made:
    """Make the repository of a new starter in ``target``, all of it or nothing.

    Raises:
        UsageError: it can't be called that.
        ProjectError: something is in the way, or the disk can't be written.
    """
    starters.require_name(name)
    chosen = set(languages)
    settings = Settings(
        name=name,
        base=origin.manifest.latest.version,
        languages=tuple(language for language in Language if language in chosen),
        ci=ci,
    )
    files = scaffold(origin, settings)
    apply.check_target(target)
    with apply.staging(target) as folder:
        staged = folder / target.name
        try:
            write(files, staged)
        except OSError as error:
            raise apply.cannot_write(target, error) from error
        inside, problem = _is_inside(staged), ""
        made = Made(target, settings, apply.files(staged), not inside, inside, problem)
        if not inside:
            problem = _start(staged, made.message)
            made = Made(target, settings, made.files, not problem, inside, problem)
        apply.place(staged, target)
    return made


def bump(directory: Path, origin: Source, to: str | None, mode: Mode) -> Outcome:
    """Move the starter in ``directory`` to another release of dockgen, or take that back.

    Args:
        directory: the starter.
        origin: dockgen's own templates.
        to: a release; None for the newest.
        mode: to UPDATE, DRY_RUN or UNDO.

    Raises:
        UsageError: there is no release ``to``, or it is older than the starter's.
        ProjectError: the starter's state doesn't allow it, or a file can't be written.
    """
    if mode is not Mode.UNDO or not (directory / FILE).is_file():
        load(directory)  # no starter at all is told of first; a conflict in it can be undone
    if mode is Mode.UNDO:
        return fleet.undo(directory)
    return fleet.carry_out(directory, mode, lambda place: plan(place, origin, to))


def problem(outcome: Outcome, mode: Mode) -> CheckFailedError | None:
    """The error that a bump ends with, if it left conflicts."""
    conflicts = outcome.plan.conflicts if outcome.plan else []
    if not conflicts:
        return None
    words = f"in conflict: {', '.join(conflicts)}"
    if mode is Mode.DRY_RUN:
        return CheckFailedError(words, "take it, and choose in each: dockgen starter bump")
    hint = "choose in each, then: git add FILE; or take all back: dockgen starter bump --undo"
    return CheckFailedError(words, hint)


def plan(place: Worktree, origin: Source, to: str | None) -> Plan:
    """Find out what a bump does. Nothing of the starter's is written.

    It is a three-way merge: what this release makes of the starter's settings, what the team made
    of that, and what the other release makes of them.

    Raises:
        UsageError: there is no release ``to``, or it is older than the starter's.
        ProjectError: the starter's state doesn't allow it.
    """
    place.require_settled()
    place.require_clean()
    settings = load(place.directory)
    before, after = settings.base, update.target(origin.manifest, to)
    releases = [release.version for release in origin.manifest.releases]
    if before not in releases:
        raise _unknown(settings, releases)
    if releases.index(after) < releases.index(before):
        raise UsageError(
            f"{settings.name} is at {before}, newer than {after}: there is no way back",
            "take a bump back with: dockgen starter bump --undo",
        )
    if before == after:
        return Plan(place.directory, before, after, (), "")
    if place.object_format() != "sha1":
        raise ProjectError(
            f"{place.directory} is in a repository with {place.object_format()} object names, "
            "which dockgen's releases don't have",
            "keep the starter in a repository made with: git init --object-format=sha1",
        )
    with tempfile.TemporaryDirectory(prefix="dockgen-", ignore_cleanup_errors=True) as name:
        repository = update.scratch_repository(place, Path(name) / "merge") / ".git"
        _fetch(origin, repository)
        ours = tree.read(repository, place.tree)
        if FILE not in ours:
            raise ProjectError(
                f"{place.directory / FILE} isn't committed, and a bump is a merge",
                f"git add {FILE} && git commit",
            )
        gone = _gone(settings, ours)
        base, new = (
            {
                path: file
                for path, file in _scaffold(repository, origin, settings, version).items()
                if not path.startswith(gone)
            }
            for version in (before, after)
        )
        # What dockgen has no more stays as long as a file that the team wrote includes it; but for
        # a project's own files, whose stubs go along where they have another name.
        gone_files = {
            path: file
            for path, file in base.items()
            if path.startswith(BASE) and path not in new and "/project/" not in path
        }
        written = (file for path, file in ours.items() if file != base.get(path))
        new |= includes.needed(gone_files, written)
        _require_room(place, new)
        if unfinished := update.unfinished(ours, new):
            raise ProjectError(
                f"{place.directory / unfinished[0]} holds the conflict markers of an unfinished "
                "merge",
                "choose one side of each, remove the markers, and commit",
            )
        base_id, new_id = (
            tree.store(repository, write(files, Path(name) / part))
            for part, files in (("base", base), ("new", new))
        )
        own_renames = tree.renames(repository, base_id, place.tree)
        states = States(
            base=base,
            ours=ours,
            new=new,
            merged={},
            conflicts=(),
            template_renames=_renames(repository, base_id, new_id, base, new),
            # A stub is a line: only one that is the same to the byte has surely moved.
            own_renames={old: own for old, own in own_renames.items() if base[old] == ours[own]},
        )
        found = update.spare_untracked(place.directory, merge.changes(states, ""), base)
        return Plan(
            place.directory, before, after, found, update.diff(repository, place.tree, found)
        )


def write(files: Tree, directory: Path) -> Path:
    """Write files into the new folder ``directory``, and return it."""
    mask = os.umask(0)
    os.umask(mask)
    directory.mkdir(parents=True, exist_ok=True)
    for path, file in files.items():
        permissions = (0o777 if file.mode == EXECUTABLE else 0o666) & ~mask
        Folder(directory).write(Inside.of(path), Saved(file.content, permissions))
    return directory


def _text(path: Path, table: Mapping[str, Any], key: str) -> str:
    value = table.get(key)
    if not isinstance(value, str) or not value:
        raise ProjectError(
            f"{path}: starter.{key} is missing, or no text",
            f"bring back the last good version: git checkout -- {FILE}",
        )
    return value


def _languages(path: Path, names: object) -> tuple[Language, ...]:
    known = [str(language) for language in Language]
    if not isinstance(names, list) or not names or not all(name in known for name in names):
        raise ProjectError(
            f"{path}: starter.languages is no list of languages",
            f"there are: {', '.join(known)}",
        )
    return tuple(language for language in Language if str(language) in names)


def _ci(path: Path, name: object) -> Ci:
    with suppress(ValueError):
        return Ci(str(name))
    raise ProjectError(
        f"{path}: starter.ci is {name!s:.40}, not one of {', '.join(Ci)}",
        f"bring back the last good version: git checkout -- {FILE}",
    )


def _unknown(settings: Settings, releases: Sequence[str]) -> ProjectError:
    return update.unknown_release(
        f"{settings.name} is at {settings.base} of dockgen",
        settings.base,
        releases,
        brings="this one",
        mend=f"set base in {FILE} to the release that {BASE} is a copy of, at most {{nearest}}, "
        "and commit",
    )


def _fetch(origin: Source, repository: Path) -> None:
    """Bring dockgen's releases into a repository of ours."""
    git.run(
        "fetch", "--quiet", origin.repository.resolve(), "+refs/tags/*:refs/dockgen/*",
        repository=repository,
    )  # fmt: skip


def _scaffold(
    repository: Path, origin: Source, settings: Settings, version: str = ""
) -> dict[str, File]:
    version = version or settings.base
    release = next((r for r in origin.manifest.releases if r.version == version), None)
    if release is None:
        raise _unknown(settings, [known.version for known in origin.manifest.releases])
    template = tree.read(repository, release.tree)
    if _STUB not in template:
        raise ProjectError(
            f"{version} of dockgen knows no starters: they begin with v0.4.0",
            f"take a later release for base in {FILE}",
        )
    return {
        **_vendored(template, settings.languages),
        **_stubs(template, settings.languages),
        **_texts(template, settings, version, origin.manifest.url),
    }


def _vendored(template: Tree, languages: Sequence[Language]) -> dict[str, File]:
    """The copy of the release: without its texts for starters, and other languages."""
    others = tuple(f"templates/{name}/" for name in set(Language) - set(languages))
    left_out = (_TEXTS, *others)
    return {BASE + path: file for path, file in template.items() if not path.startswith(left_out)}


def _stubs(template: Tree, languages: Sequence[Language]) -> dict[str, File]:
    """A file for each one of the projects, that takes it over."""
    found = {}
    for language in languages:
        for path, file in template.items():
            if not path.startswith(f"templates/{language}/project/"):
                continue
            if path.endswith("/project/Dockerfile.jinja"):
                found[path] = _rendered(template[_DOCKERFILE_STUB], language=language)
            elif _can_be_included(path, file):
                content = _rendered(template[_STUB], path=BASE + path).content
                found[_stub_for(path)] = File(content, file.mode)
            else:
                found[path] = file
    return found


def _stub_for(path: str) -> str:
    """The path of the stub for a file that can be included."""
    return path if path.endswith(_SUFFIX) else path + _SUFFIX


def _can_be_included(path: str, file: File) -> bool:
    """Whether Jinja would give the file as it is: others are copied."""
    if path.endswith(_SUFFIX):
        return True
    if file.mode == tree.SYMLINK:
        return False
    try:
        text = file.content.decode()
    except UnicodeDecodeError:
        return False
    return not any(mark in text for mark in ("{{", "{%", "{#", "\r"))


def _texts(template: Tree, settings: Settings, version: str, url: str) -> dict[str, File]:
    """What is the starter's own from the beginning: questionnaire, settings, read-me, CI."""
    questionnaire = reader.parse_yaml(
        template[bundle.QUESTIONNAIRE].content.decode(), bundle.QUESTIONNAIRE
    )
    language = questionnaire["language"]
    labels = {choice["value"]: label for label, choice in language["choices"].items()}
    choices = {labels[name]: str(name) for name in settings.languages}
    # Python's sample app is the default wherever it can be chosen.
    preferred = sorted(settings.languages, key=lambda name: name is not Language.PYTHON)
    facts = {
        "name": settings.name,
        "version": version,
        "url": url,
        "languages": [str(name) for name in settings.languages],
        "ci": str(settings.ci),
        "question": language,
        # Only a part of them has to be named.
        "choices": choices if len(choices) < len(labels) else {},
        "preferred": ", ".join(f"'{name}'" for name in preferred),
        "limits": {
            str(name): {
                flavor: figures["promised"]
                for flavor, figures in _limits(template, questionnaire, name).items()
            }
            for name in settings.languages
        },
    }
    found = {}
    for folder in ("repository/", f"ci/{settings.ci}/"):
        for path, file in template.items():
            if path.startswith(_TEXTS + folder):
                name = path.removeprefix(_TEXTS + folder)
                if name.endswith(_SUFFIX):
                    found[name.removesuffix(_SUFFIX)] = _rendered(file, **facts)
                else:
                    found[name] = file
    return found


def _limits(
    template: Tree, questionnaire: Mapping[str, Any], language: Language
) -> Mapping[str, Any]:
    """The limits of a language's default sample app, by flavor."""
    file = template.get(f"templates/{language}/language.yml")
    if file is None:  # up to v0.7.0
        limits: Mapping[str, Any] = questionnaire["limits"]["default"][language]
        return limits
    facts: Any = reader.parse_yaml(file.content.decode(), "language.yml")
    frameworks = facts["frameworks"]
    found: Mapping[str, Any] = next(iter(frameworks.values()))["limits"]
    return found


def _rendered(file: File, **facts: object) -> File:
    text = _environment().from_string(file.content.decode()).render(facts)
    return File(text.encode(), file.mode)


def _environment() -> "Environment":
    """Jinja with marks of its own, because most texts of a starter hold Jinja."""
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        variable_start_string="<<",
        variable_end_string=">>",
        block_start_string="<%",
        block_end_string="%>",
        comment_start_string="<#",
        comment_end_string="#>",
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701 (no HTML, and nobody's text but our own)
    )
    # Jinja's own would escape what HTML must not hold.
    environment.filters["tojson"] = lambda value: json.dumps(str(value), ensure_ascii=False)
    return environment


def _gone(settings: Settings, ours: Tree) -> tuple[str, ...]:
    """The folders of languages that the team has dropped: nothing new comes into them."""
    folders = (f"{root}templates/{name}/" for name in settings.languages for root in ("", BASE))
    return tuple(folder for folder in folders if not any(path.startswith(folder) for path in ours))


def _renames(repository: Path, base_id: str, new_id: str, base: Tree, new: Tree) -> dict[str, str]:
    """The files of the copy that have another name in the newer release, and their stubs.

    Stubs are too short for git to tell them from each other.
    """
    found = {
        old: name
        for old, name in tree.renames(repository, base_id, new_id).items()
        if old.startswith(BASE)
    }
    stubs = {
        _stub_for(old.removeprefix(BASE)): _stub_for(name.removeprefix(BASE))
        for old, name in found.items()
    }
    moved = {
        old: name
        for old, name in stubs.items()
        if old != name and old in base and name in new and old not in new and name not in base
    }
    return {**found, **moved}


def _require_room(place: Worktree, new: Tree) -> None:
    """Make sure that no file, link or repository lies where dockgen has a folder."""
    submodules = place.submodules()
    for path in new:
        if folder := update.obstacle(place, path, submodules):
            raise ProjectError(
                f"{folder} is in the way: dockgen has a folder of that name",
                "give it another name, and commit",
            )


def _is_inside(directory: Path) -> bool:
    """Whether a folder lies in a git repository."""
    return gitfolder.find(directory) is not None


def _start(directory: Path, message: str) -> str:
    """Make a folder a git repository with one commit; return "", or why that didn't work."""
    try:
        git.ask("init", "--quiet", "--initial-branch=main", cwd=directory)
        git.ask("add", "--force", "--all", cwd=directory)
        git.ask("commit", "--quiet", f"--message={message}", cwd=directory)
    except ProjectError as error:
        return error.message.replace(os.fspath(directory), directory.name)
    return ""
