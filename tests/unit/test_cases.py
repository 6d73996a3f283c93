"""Cases: the cells that a questionnaire offers and dockgen knows, and a starter's own cases."""

from pathlib import Path

import pytest

from dockgen import cases, matrix
from dockgen.cases import Case
from dockgen.errors import ProjectError, UsageError
from tests.table import table

QUESTIONS = """\
language: {type: str, choices: [go, python, node], default: go}
flavor: {type: str, choices: [slim, alpine, scratch], default: slim}
port: {type: int, default: 8080}
team: {type: str, choices: [red, blue], default: red}
"""


def template(folder: Path, *overrides: str, starter: str = "") -> Path:
    """Write a template with these questions; a later document overrides an earlier one."""
    (folder / "copier.yml").write_text("---\n".join([QUESTIONS, *(f"{o}\n" for o in overrides)]))
    if starter:
        (folder / "starter.toml").write_text(starter)
    return folder


def names(directory: Path) -> list[str]:
    """Return the names of a template's cases."""
    return [case.name for case in cases.load(directory)]


def test_our_own_are_the_matrix() -> None:
    """One for each cell, under its name."""
    assert [case.name for case in cases.load()] == [str(cell) for cell in matrix.ALL]
    assert cases.load()[0] == Case("go-slim", {"language": "go", "flavor": "slim"})


def test_only_what_is_offered(tmp_path: Path) -> None:
    """The choices narrow the matrix; order is the matrix's questions', then the choices'."""
    directory = template(
        tmp_path, "language: {type: str, choices: {Go: go, Py: {value: python}}, default: go}"
    )
    assert names(directory) == [
        *("go-slim", "go-alpine", "go-scratch"),
        *("python-slim", "python-alpine", "python-scratch"),
    ]


def test_what_dockgen_does_not_know_is_left_out(tmp_path: Path) -> None:
    """A team's own flavor is no cell of dockgen's."""
    directory = template(tmp_path, "flavor: {type: str, choices: [slim, wolfi], default: slim}")
    assert names(directory) == ["go-slim", "python-slim", "node-slim"]


def test_what_a_team_has_taken_away_is_left_out(tmp_path: Path) -> None:
    """`unavailable` has the choices, each with its reason."""
    directory = template(
        tmp_path,
        "unavailable: {type: yaml, when: false, default: {flavor: {alpine: musl, slim: big}}}",
    )
    assert names(directory) == ["go-scratch", "python-scratch", "node-scratch"]


def test_a_fixed_question_is_not_answered(tmp_path: Path) -> None:
    """`when: false` leaves its literal default alone."""
    directory = template(tmp_path, "flavor: {type: str, when: false, default: alpine}")
    assert cases.load(directory)[1] == Case("python-alpine", {"language": "python"})


def test_a_computed_question_is_not_answered(tmp_path: Path) -> None:
    """The name can't say which flavor it will be."""
    directory = template(
        tmp_path,
        "language: {type: str, choices: [go, node], default: go}",
        "flavor: {type: str, when: false, default: \"{{ 'slim' if language == 'go' }}\"}",
    )
    assert cases.load(directory) == (
        Case("go", {"language": "go"}),
        Case("node", {"language": "node"}),
    )


@table("choices", ["\"{{ ['slim'] }}\"", '["{{ base }}"]'])
def test_choices_that_copier_computes_may_be_any(tmp_path: Path, choices: str) -> None:
    """All of the matrix's."""
    directory = template(tmp_path, f"flavor: {{type: str, choices: {choices}, default: slim}}")
    assert len(cases.load(directory)) == len(matrix.ALL)


@table(
    ("override", "message"),
    [
        ("flavor: {type: str, choices: [wolfi], default: wolfi}", "no language and flavor"),
        ("team: {type: str}", "the question team has no default"),
        ("flavor: [", "copier.yml isn't valid YAML in line 7"),
    ],
)
def test_a_bad_questionnaire_is_refused(tmp_path: Path, override: str, message: str) -> None:
    """In one line."""
    with pytest.raises(ProjectError) as caught:
        cases.load(template(tmp_path, override))
    assert message in caught.value.message
    assert "\n" not in caught.value.message


def test_a_question_that_is_missing_is_named(tmp_path: Path) -> None:
    """Without a language there is no cell."""
    (tmp_path / "copier.yml").write_text("port: 8080\n")
    with pytest.raises(ProjectError, match=r"copier\.yml has no question language"):
        cases.load(tmp_path)


def test_a_starter_adds_its_own(tmp_path: Path) -> None:
    """After the matrix, with answers of the questions' types."""
    starter = (
        '[[test]]\nname = "blue"\n[test.answers]\nteam = "blue"\nport = 9000\n'
        '[[test]]\nname = "plain"\n'
    )
    directory = template(tmp_path, starter=starter)
    assert cases.load(directory)[-2:] == (
        Case("blue", {"team": "blue", "port": 9000}),
        Case("plain"),
    )


@table(
    ("starter", "message"),
    [
        ("[[test", "starter.toml isn't valid TOML"),
        ("test = 1", "test isn't a list of tables"),
        ("[[test]]", "test[1].name is missing (line 1)"),
        ('[[test]]\nname = "No Name"', "test[1].name is No Name, not lower-case letters"),
        ('[[test]]\nname = "a_b"', "test[1].name is a_b, not lower-case letters"),
        ('[[test]]\nname = "go-slim"', "'go-slim' is already used"),
        ('[[test]]\nname = "test"', "'test' is already used"),
        ('[[test]]\nname = "a"\n[[test]]\nname = "a"', "'a' is already used"),
        ('[[test]]\nname = "a"\nanswer = {}', "test[1].answer is unknown (line 3)"),
        ('[[test]]\nname = "a"\nanswers = 1', "test[1].answers isn't a table (line 3)"),
        ('[[test]]\nname = "a"\nanswers = {prot = 1}', "unknown question 'prot'"),
        (
            '[[test]]\nname = "a"\nanswers = {team = "green"}',
            "'green', which isn't a choice of team",
        ),
        ('[[test]]\nname = "a"\nanswers = {port = "x"}', "'x', and port is a whole number"),
    ],
)
def test_a_bad_table_is_refused(tmp_path: Path, starter: str, message: str) -> None:
    """In one line that names the file."""
    with pytest.raises(ProjectError) as caught:
        cases.load(template(tmp_path, starter=starter))
    assert caught.value.message.startswith("starter.toml")
    assert message in caught.value.message
    assert "\n" not in caught.value.message


def test_some_are_selected() -> None:
    """By name, in their own order; all if none is named."""
    every = (Case("a"), Case("b"), Case("c"))
    assert cases.select(every, ["c", "a"]) == (Case("a"), Case("c"))
    assert cases.select(every, []) == every


def test_an_unknown_case_is_refused() -> None:
    """The message names the known ones."""
    with pytest.raises(UsageError) as caught:
        cases.select((Case("a"), Case("b")), ["c"])
    assert (caught.value.message, caught.value.hint) == ("unknown case 'c'", "cases: a, b")
