"""The languages: their choices and limits, from templates/<language>/language.yml."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from dockgen import bundle

# The content of a language.yml, which templates/README.md explains.
Facts = Mapping[str, Any]


@cache
def load() -> Mapping[str, Facts]:
    """Return dockgen's own language.yml files, by language."""
    from dockgen import questions

    return questions.languages(bundle.questionnaire())


@cache
def package_managers() -> Mapping[str, Facts]:
    """Return the package managers of all languages, by name."""
    return {
        name: one for facts in load().values() for name, one in facts["package_managers"].items()
    }


@cache
def tools() -> frozenset[str]:
    """Return the programs that install a language's packages, or compile."""
    return frozenset(name for facts in load().values() for name in facts["tools"])


@cache
def tool_folders() -> tuple[str, ...]:
    """Return the endings of their packages' paths, such as ``/site-packages/pip``."""
    return tuple(f"/{name}" for facts in load().values() for name in facts.get("tool_folders", ()))


def frameworks(language: str) -> tuple[str, ...]:
    """Return the frameworks of a language, its default first."""
    return tuple(load()[language]["frameworks"])


def limits() -> Mapping[str, Mapping[str, Facts]]:
    """Return each sample app's limits by flavor: limit and measured MB (10^6 bytes), base, date.

    A language's default app has the language's name, such as "go"; others are "python-flask" or
    "go-worker". A worker or job without limits of its own has those of its language's stdlib.
    """
    found = {}
    for language, facts in load().items():
        default, *others = facts["frameworks"].items()
        found[language] = default[1]["limits"]
        for name, app in (*others, *facts.get("kinds", {}).items()):
            found[f"{language}-{name}"] = app["limits"]
    return found
