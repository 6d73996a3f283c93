"""Accepted texts change nothing else, with each package manager, framework and kind."""

import json
import tomllib
from collections.abc import Mapping

import pytest

from tests.conftest import Make
from tests.hostile.plain import CELLS, MORE, PLAIN, VERSIONS, assert_only_values_differ
from tests.hostile.values import NAMES, TAKEN, TEXTS
from tests.table import table

# The cells of the other tests, and what they are not, each at least once.
CHOICES = {
    **{language: {"flavor": flavor, "ci": ci} for language, flavor, ci in CELLS},
    "go-worker": {"flavor": "alpine", "ci": "gitlab", "kind": "worker"},
    "python-uv-flask": {
        "flavor": "alpine",
        "ci": "github",
        "package_manager": "uv",
        "framework": "flask",
    },
    "python-poetry": {"flavor": "slim", "ci": "none", "package_manager": "poetry"},
    "node-pnpm-fastify": {
        "flavor": "slim",
        "ci": "gitlab",
        "package_manager": "pnpm",
        "framework": "fastify",
    },
    "node-yarn-ssh": {
        "flavor": "alpine",
        "ci": "github",
        "package_manager": "yarn",
        "private_dependencies": "ssh",
    },
    "node-vite": {"flavor": "alpine", "ci": "github", "framework": "vite"},
}
# The texts that each answer takes, in turn: the others have tests of their own.
VALUES = {
    "name": sorted(TAKEN["name"]),
    "registry": sorted(TAKEN["registry"] - {"empty"}),
    "private_host": sorted(TAKEN["host"]),
    "runtime_packages": sorted(TAKEN["package"]),
    "package_index": sorted(TAKEN["index path"]),
}
# So many projects hold all texts but those of package_index, which are spread over the choices.
ROUNDS = max(len(texts) for name, texts in VALUES.items() if name != "package_index")


def chosen(choice: str) -> dict[str, object]:
    """Return the choices of that name, with everything that any of them requires."""
    language = choice.partition("-")[0]
    return {
        "language": language,
        "language_version": VERSIONS[language],
        "private_dependencies": "token",
        **CHOICES[choice],
    }


def fitting(choice: str, answers: Mapping[str, object]) -> dict[str, object]:
    """Return the answers that are allowed there: scratch takes no packages."""
    taken = dict(answers)
    if CHOICES[choice]["flavor"] == "scratch":
        del taken["runtime_packages"]
    return taken


def hostile(choice: str, number: int) -> dict[str, object]:
    """One text for each answer."""
    offset = [*CHOICES].index(choice) * ROUNDS
    texts = {name: TEXTS[all_[number % len(all_)]] for name, all_ in VALUES.items()}
    indexes = VALUES["package_index"]
    path = TEXTS[indexes[(offset + number) % len(indexes)]]
    return {
        **texts,
        "runtime_packages": [texts["runtime_packages"]],
        "package_index": f"https://hostile.invalid/{path}",
    }


@table("choice", CHOICES)
def test_texts_that_are_taken(make: Make, plain_with: Make, choice: str) -> None:
    """Only the values differ, with a text for each answer at once."""
    before = plain_with(**chosen(choice), **fitting(choice, {**PLAIN, **MORE}))
    for number in range(ROUNDS):
        values = fitting(choice, hostile(choice, number))
        assert_only_values_differ(make(**{**PLAIN, **chosen(choice), **values}), before, **values)


def test_the_rounds_leave_no_text_out() -> None:
    """Each choice meets each text of each answer, and every path of an index is met by some."""
    paths = set()
    for choice in CHOICES:
        rounds = [hostile(choice, number) for number in range(ROUNDS)]
        for name in ("name", "registry", "private_host"):
            assert {values[name] for values in rounds} == {TEXTS[text] for text in VALUES[name]}
        paths |= {str(values["package_index"]).split("/", 3)[3] for values in rounds}
    assert paths == {TEXTS[text] for text in VALUES["package_index"]}


def test_an_empty_registry_is_docker_hub(make: Make, plain_with: Make) -> None:
    """It changes nothing else."""
    before = plain_with(**chosen("python"), **PLAIN, **MORE)
    project = make(**{**chosen("python"), **PLAIN, **MORE, "registry": ""})
    assert_only_values_differ(project, before, registry="")


@table("choice", [choice for choice in CHOICES if not choice.startswith("go")])
def test_manifests_have_the_name(make: Make, choice: str) -> None:
    """As text, however YAML or TOML would take the word."""
    for name in ("yes", "nan"):
        project = make(**chosen(choice), **{**MORE, "name": name})
        if choice.startswith("python"):
            manifest = tomllib.loads((project / "pyproject.toml").read_text())["project"]
        else:
            manifest = json.loads((project / "package.json").read_text())
        assert manifest["name"] == name


@pytest.mark.parametrize("choice", ["python-uv-flask", "python-poetry", "node-yarn-ssh"])
def test_names_that_mean_something(make: Make, plain_with: Make, choice: str) -> None:
    """To the language or to its tools, where the lock file has the name, too."""
    language = choice.partition("-")[0]
    before = plain_with(**chosen(choice), **PLAIN, **MORE)
    # uv and Poetry take a project called like one of its packages for that package.
    fit = [name for name in NAMES[language] if language != "python" or name != "fastapi"]
    for number in range(3):
        name = fit[number * len(fit) // 3]
        project = make(**chosen(choice), **{**PLAIN, **MORE, "name": name})
        assert_only_values_differ(project, before, name=name)
