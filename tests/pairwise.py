"""A pairwise cover of all answers: any two compatible answers meet in some project.

Most bugs in a template need one or two answers, never all twenty.
"""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from dockgen.cases import Case

PEM = "-----BEGIN CERTIFICATE-----\nMIIB+/==\n-----END CERTIFICATE-----\n"

# The questions of each language: frameworks, package managers and another version.
LANGUAGES: Mapping[str, Mapping[str, Sequence[Any]]] = {
    "go": {
        "framework": ["stdlib", "chi"],
        "package_manager": ["go"],
        "language_version": ["1.27", "1.26.3"],
        "cgo": [False, True],
    },
    "python": {
        "framework": ["fastapi", "flask", "stdlib"],
        "package_manager": ["pip", "uv", "poetry", "pdm"],
        "language_version": ["3.14", "3.13"],
    },
    "node": {
        "framework": ["express", "fastify", "stdlib", "vite"],
        "package_manager": ["npm", "pnpm", "yarn"],
        "language_version": ["24", "26.1"],
    },
}

# Values for the questions of all languages: each choice, or the default and another value.
COMMON: Mapping[str, Sequence[Any]] = {
    "flavor": ["slim", "alpine", "scratch"],
    "kind": ["service", "worker", "job"],
    "ci": ["none", "github", "gitlab"],
    "private_dependencies": ["none", "ssh", "token"],
    "package_index": ["", "https://mirror.example.com/packages/simple"],
    "build_ca": [False, True],
    "ca_certificates": ["", PEM],
    "runtime_packages": [[], ["ffmpeg", "tini"]],
    "registry": ["", "mirror.example.com/hub"],
    "labels": [{}, {"org.opencontainers.image.vendor": 'A "quoted" $name'}],
    "port": [8080, 9000],
    "compose_name": [True, False],
    "policy": [{}, {"size_mb": 300, "required_labels": ["com.example.owner"]}],
    "unmanaged": [[], ["README.md"]],
}

# Answers that exclude each other, and words from the error that users see.
IMPOSSIBLE: Sequence[tuple[Mapping[str, Any], str]] = (
    ({"kind": "worker", "framework": "chi"}, "a worker has no framework"),
    ({"kind": "job", "framework": "chi"}, "a job has no framework"),
    ({"kind": "worker", "framework": "fastapi"}, "a worker has no framework"),
    ({"kind": "worker", "framework": "flask"}, "a worker has no framework"),
    ({"kind": "worker", "framework": "express"}, "a worker has no framework"),
    ({"kind": "worker", "framework": "fastify"}, "a worker has no framework"),
    ({"kind": "worker", "framework": "vite"}, "a worker has no framework"),
    ({"kind": "job", "framework": "fastapi"}, "a job has no framework"),
    ({"kind": "job", "framework": "flask"}, "a job has no framework"),
    ({"kind": "job", "framework": "express"}, "a job has no framework"),
    ({"kind": "job", "framework": "fastify"}, "a job has no framework"),
    ({"kind": "job", "framework": "vite"}, "a job has no framework"),
    (
        {"flavor": "scratch", "framework": "vite"},
        "scratch has no program for a health check of nginx",
    ),
    ({"flavor": "scratch", "runtime_packages": ["ffmpeg", "tini"]}, "has no package manager"),
    ({"flavor": "scratch", "cgo": True}, "cgo needs a C library, and scratch has none"),
    ({"flavor": "alpine", "cgo": True}, "cgo needs the C library of Debian"),
)


def cover(language: str) -> list[Case]:
    """Return the projects of a language, under names such as "python-7".

    Each begins with a pair that no other project has, and adds the values that cover the most new
    pairs. allpairspy does the same, but misses pairs if some exclude each other.
    """
    # Values may not be hashable, so a value is identified by its question and its index.
    values = {
        (name, number): value
        for name, offered in {**LANGUAGES[language], **COMMON}.items()
        for number, value in enumerate(offered)
    }

    def fit(keys: Iterable[tuple[str, int]]) -> bool:
        return is_possible({name: values[name, number] for name, number in keys})

    missing = {
        pair for pair in itertools.combinations(values, 2) if pair[0][0] != pair[1][0] and fit(pair)
    }
    cases: list[Case] = []
    while missing:
        chosen = list(min(missing))
        for name in dict.fromkeys(name for name, _ in values):
            if name in dict(chosen):
                continue
            new = [key for key in values if key[0] == name and fit([*chosen, key])]
            chosen.append(max(new, key=lambda key: len(missing & pairs([*chosen, key]))))
        missing -= pairs(chosen)
        answers = {name: values[name, number] for name, number in chosen}
        if answers["private_dependencies"] != "none":
            answers["private_host"] = "git.example.com"
        cases.append(Case(f"{language}-{len(cases) + 1}", {"language": language, **answers}))
    return cases


def pairs(keys: Iterable[tuple[str, int]]) -> set[tuple[tuple[str, int], tuple[str, int]]]:
    """Return all pairs of these, each in a fixed order."""
    return set(itertools.permutations(keys, 2))


def is_possible(answers: Mapping[str, Any]) -> bool:
    """Return whether no two of these answers exclude each other."""
    return not any(
        all(answers.get(name) == value for name, value in pair.items()) for pair, _ in IMPOSSIBLE
    )


CASES = [case for language in LANGUAGES for case in cover(language)]
