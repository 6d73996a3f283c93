"""Any two answers work together: each pair is rendered and linted, or refused with a reason.

tests/images/test_pairwise.py checks the Dockerfiles of the same projects with the engine.
"""

import itertools
import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from dockgen import questions
from dockgen.cases import Case
from dockgen.errors import UsageError
from dockgen.testing import linters
from tests.conftest import Make, answers, tree
from tests.pairwise import CASES, COMMON, IMPOSSIBLE, LANGUAGES, is_possible
from tests.table import table
from tests.variants import VARIANTS

each_language = pytest.mark.parametrize(
    "language",
    [pytest.param(name, marks=pytest.mark.xdist_group(f"pairs-{name}")) for name in LANGUAGES],
    indirect=True,
)
Rendered = Mapping[str, tuple[Case, Path]]


@pytest.fixture(scope="session")
def rendered(make: Make, language: str) -> Rendered:
    """The projects of a language, each with its case, by its name."""
    cases = [case for case in CASES if case.answers["language"] == language]
    return {case.name: (case, make(**case.answers)) for case in cases}


@pytest.fixture(scope="session")
def language(request: pytest.FixtureRequest) -> str:
    """One of them."""
    return str(request.param)


@each_language
def test_renders_files_that_pass_all_linters(rendered: Rendered) -> None:
    """Dockerfile, JSON, TOML and YAML; text is tidy, and nothing of Jinja is left in it."""
    program = linters.find_hadolint()
    assert program is not None
    found = {
        name: [
            *linters.unparsable(project),
            *linters.hadolint(program, project).splitlines(),
            *(file for file, content in tree(project).items() if is_untidy(file, content.decode())),
        ]
        for name, (_, project) in rendered.items()
    }
    assert {name: lines for name, lines in found.items() if lines} == {}


def is_untidy(name: str, text: str) -> bool:
    """Return whether there is trailing whitespace, or blank lines where they don't belong."""
    # copier writes the answers file, and knows nothing of tidiness.
    if name == ".copier-answers.yml":
        return False
    blank_lines = 2 if name.endswith(".py") else 1
    return bool(
        not text.endswith("\n")
        or text.endswith("\n\n")
        or text.startswith("\n")
        or re.search(r"[ \t]\n|\{\{ |\{% ", text.replace("${{ ", ""))
        or "\n" * (blank_lines + 2) in text
    )


@each_language
def test_records_the_answers(rendered: Rendered) -> None:
    """The next update starts from the given answers."""
    for name, (case, project) in rendered.items():
        recorded = answers(project)
        found = {question: recorded[question] for question in case.answers}
        assert found == dict(case.answers), name


@each_language
def test_readme_names_only_files_and_commands_that_exist(rendered: Rendered) -> None:
    """Commands are Docker's and dockgen's; files in backquotes are in the project.

    Who develops a site has Node on the machine, and the read-me says so.
    """
    for name, (case, project) in rendered.items():
        if not (project / "README.md").exists():
            assert "README.md" in case.answers["unmanaged"], name
            continue
        readme = (project / "README.md").read_text()
        blocks = re.findall(r"^```sh\n(.*?)^```", readme, re.DOTALL | re.MULTILINE)
        commands = [line for block in blocks for line in block.splitlines() if line[:1].strip()]
        own = {case.answers["package_manager"]} if case.answers["framework"] == "vite" else set()
        own |= {"chmod", "echo", "mkdir", "printf"}  # every shell has them, or every Unix
        assert {command.split()[0] for command in commands} <= {"docker", "dockgen"} | own, name
        named = set(re.findall(r"`([\w./-]+\.(?:toml|yml|yaml|json|txt|py|js|go|mod|md))`", readme))
        # The read-me says what to write there.
        to_write = {"compose.override.yaml", "tsconfig.json", "vite.config.js"}
        to_write |= {"pdm.toml", "poetry.toml", "uv.toml"}
        assert {file for file in named - to_write if not (project / file).exists()} == set(), name


@each_language
def test_each_pair_is_covered(language: str) -> None:
    """Any two answers are in one of the projects, unless they exclude each other."""
    values = {**LANGUAGES[language], **COMMON}
    projects = [case.answers for case in CASES if case.answers["language"] == language]
    missing = [
        {one: first, other: second}
        for one, other in itertools.combinations(values, 2)
        for first, second in itertools.product(values[one], values[other])
        if is_possible({one: first, other: second})
        and not any(given[one] == first and given[other] == second for given in projects)
    ]
    assert missing == []


def test_each_question_has_values() -> None:
    """A new question belongs into the cover; what `dockgen add` answers has one of its own."""
    covered = {"name", "language", "private_host", *COMMON, *LANGUAGES["go"], questions.OF_ADD}
    assert {question.name for question in questions.load()} == covered


def test_each_choice_is_covered() -> None:
    """A new choice does, too."""
    found = {
        question.name: {str(case.answers[question.name]) for case in CASES}
        for question in questions.load()
        if question.choices
    }
    assert found == {
        question.name: set(question.choices) for question in questions.load() if question.choices
    }


@table("name", ["kind", "framework", "package_manager"])
def test_each_choice_is_built_on_two_flavors(name: str) -> None:
    """The variants, which tests/images builds and runs, leave none out but what the cells have."""
    flavors: dict[str, set[str]] = {}
    for case in VARIANTS:
        if name in case.answers:
            flavors.setdefault(case.answers[name], set()).add(case.answers["flavor"])
    choices = next(question.choices for question in questions.load() if question.name == name)
    in_cells = {"service", "go", "pip", "npm"}
    assert [
        choice for choice in choices if len(flavors.get(choice, ())) < 2 and choice not in in_cells
    ] == []


def test_what_excludes_each_other_is_refused(make: Make) -> None:
    """With the reason and a way on, and nothing is written."""
    for pair, reason in IMPOSSIBLE:
        language = next(
            language
            for language, own in LANGUAGES.items()
            if all(pair[name] in own[name] for name in pair.keys() & own.keys())
        )
        with pytest.raises(UsageError, match=reason) as caught:
            make(**{"language": language, "flavor": "slim", **pair})
        assert "choose" in caught.value.message
