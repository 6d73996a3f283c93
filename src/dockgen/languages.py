"""Languages: what there is to choose from in each, as templates/<language>/language.yml says it."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from dockgen import bundle

# A language.yml, which templates/README.md explains.
Facts = Mapping[str, Any]


@cache
def load() -> Mapping[str, Facts]:
    """Dockgen's own language.yml files, by language."""
    from dockgen import questions

    return questions.languages(bundle.questionnaire())


@cache
def package_managers() -> Mapping[str, Facts]:
    """The package managers of all languages, by name."""
    return {
        name: one for facts in load().values() for name, one in facts["package_managers"].items()
    }


@cache
def tools() -> frozenset[str]:
    """The programs that install packages of a language, or compile."""
    return frozenset(name for facts in load().values() for name in facts["tools"])


@cache
def tool_folders() -> tuple[str, ...]:
    """What the paths of their packages end in, such as ``/site-packages/pip``."""
    return tuple(f"/{name}" for facts in load().values() for name in facts.get("tool_folders", ()))


def frameworks(language: str) -> tuple[str, ...]:
    """The frameworks of a language, its default first."""
    return tuple(load()[language]["frameworks"])


def limits() -> Mapping[str, Mapping[str, Facts]]:
    """The limits of each sample app by flavor: promised and measured MB (10^6 bytes), base, date.

    The default one of a language is called like it, such as "go"; others are "python-flask" or
    "go-worker". A worker or a job that has none has those of its language's stdlib.
    """
    found = {}
    for language, facts in load().items():
        default, *others = facts["frameworks"].items()
        found[language] = default[1]["limits"]
        for name, app in (*others, *facts.get("kinds", {}).items()):
            found[f"{language}-{name}"] = app["limits"]
    return found
