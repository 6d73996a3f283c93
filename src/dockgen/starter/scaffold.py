"""The scaffold: the files that a release of dockgen makes from a starter's settings.

The same release and settings always give the same files, so that `bump` can tell what the team has
changed. The files are rendered from templates/starter/ of the release.
"""

import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dockgen import bundle, git, reader
from dockgen.errors import ProjectError
from dockgen.git import tree
from dockgen.git.tree import EXECUTABLE, File, Tree
from dockgen.inside import Folder, Inside, Saved
from dockgen.matrix import Language
from dockgen.source import Source
from dockgen.update import releases

if TYPE_CHECKING:
    from jinja2 import Environment

FILE = "starter.toml"
BASE = "base/"

# The folder of a release with the texts of a starter.
_TEXTS = "templates/starter/"
_STUB = _TEXTS + "stubs/file.jinja"
_DOCKERFILE_STUB = _TEXTS + "stubs/Dockerfile.jinja"
_SUFFIX = ".jinja"


class Ci(StrEnum):
    """The CI that tests the starter."""

    GITHUB = "github"
    GITLAB = "gitlab"
    NONE = "none"


@dataclass(frozen=True)
class Settings:
    """The [starter] table of starter.toml; ``base`` is dockgen's version, such as "v0.4.0"."""

    name: str
    base: str
    languages: tuple[Language, ...] = tuple(Language)
    ci: Ci = Ci.GITHUB


def files(origin: Source, settings: Settings) -> dict[str, File]:
    """Return all files of a new starter, by path: always the same for a release and settings.

    Raises:
        ProjectError: the release isn't available, or is too old for starters.
    """
    with tempfile.TemporaryDirectory(prefix="dockgen-", ignore_cleanup_errors=True) as folder:
        git.run("init", "--quiet", "--bare", ".", cwd=Path(folder))
        fetch(origin, Path(folder))
        return of_release(Path(folder), origin, settings)


def fetch(origin: Source, repository: Path) -> None:
    """Fetch dockgen's releases into a repository of dockgen's own."""
    git.run(
        "fetch", "--quiet", origin.repository.resolve(), "+refs/tags/*:refs/dockgen/*",
        repository=repository,
    )  # fmt: skip


def of_release(
    repository: Path, origin: Source, settings: Settings, version: str = ""
) -> dict[str, File]:
    """Like `files`, for another release from a repository that `fetch` has filled."""
    version = version or settings.base
    release = next((r for r in origin.manifest.releases if r.version == version), None)
    if release is None:
        raise unknown(settings, [known.version for known in origin.manifest.releases])
    template = tree.read(repository, release.tree)
    if _STUB not in template:
        raise ProjectError(
            f"{version} of dockgen has no starters: they need v0.4.0 or later",
            f"set base in {FILE} to a later release",
        )
    return {
        **_vendored(template, settings.languages),
        **_stubs(template, settings.languages),
        **_texts(template, settings, version, origin.manifest.url),
    }


def _vendored(template: Tree, languages: Sequence[Language]) -> dict[str, File]:
    """Return the copy of the release, without the starter texts and other languages."""
    others = tuple(f"templates/{name}/" for name in set(Language) - set(languages))
    left_out = (_TEXTS, *others)
    return {BASE + path: file for path, file in template.items() if not path.startswith(left_out)}


def _stubs(template: Tree, languages: Sequence[Language]) -> dict[str, File]:
    """Return a stub for each project file, which includes that file."""
    found = {}
    for language in languages:
        for path, file in template.items():
            if not path.startswith(f"templates/{language}/project/"):
                continue
            if path.endswith("/project/Dockerfile.jinja"):
                found[path] = _rendered(template[_DOCKERFILE_STUB], language=language)
            elif _can_be_included(path, file):
                content = _rendered(template[_STUB], path=BASE + path).content
                found[stub_for(path)] = File(content, file.mode)
            else:
                found[path] = file
    return found


def stub_for(path: str) -> str:
    """Return the path of the stub for a file that can be included."""
    return path if path.endswith(_SUFFIX) else path + _SUFFIX


def _can_be_included(path: str, file: File) -> bool:
    """Return whether Jinja would reproduce the file unchanged: others are copied."""
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
    """Return the starter's own files: questionnaire, settings, README, CI."""
    questionnaire = reader.parse_yaml(
        template[bundle.QUESTIONNAIRE].content.decode(), bundle.QUESTIONNAIRE
    )
    language = questionnaire["language"]
    labels = {choice["value"]: label for label, choice in language["choices"].items()}
    choices = {labels[name]: str(name) for name in settings.languages}
    # Python's sample app is the default if it can be chosen.
    preferred = sorted(settings.languages, key=lambda name: name is not Language.PYTHON)
    facts = {
        "name": settings.name,
        "version": version,
        "url": url,
        "languages": [str(name) for name in settings.languages],
        "ci": str(settings.ci),
        "question": language,
        # List the choices only if they are a part of all.
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
    """Return the limits of a language's default sample app, by flavor."""
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
    """Return a Jinja environment with other delimiters: most texts of a starter contain Jinja."""
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
        autoescape=False,  # noqa: S701 (not HTML, and only our own text)
    )
    # Jinja's own filter also escapes characters that are special in HTML.
    environment.filters["tojson"] = lambda value: json.dumps(str(value), ensure_ascii=False)
    return environment


def unknown(settings: Settings, known: Sequence[str]) -> ProjectError:
    """Return the error for a starter on a release that isn't available."""
    return releases.unknown(
        f"{settings.name} uses dockgen {settings.base}",
        settings.base,
        known,
        brings="this one",
        mend=f"set base in {FILE} to the release that {BASE} is a copy of, up to {{nearest}},"
        " and commit",
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
