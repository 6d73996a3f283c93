"""Questions: how a given answer is parsed, and which source wins."""

from pathlib import Path

import pytest

from dockgen import questions
from dockgen.errors import UsageError
from tests.table import table


def test_flags_win_over_data_over_the_answers_file(tmp_path: Path) -> None:
    """The closer to the command line, the stronger."""
    answers = tmp_path / "answers.yml"
    answers.write_text("port: 1111\nregistry: from-file\nname: from-file\n")
    given = questions.collect(answers, {"port": "2222", "registry": "from-data"}, {"port": "3333"})
    assert given == {"port": 3333, "registry": "from-data", "name": "from-file"}


def test_a_project_s_own_answers_file_can_be_given(tmp_path: Path) -> None:
    """Copier's own keys in an answers file are not taken for answers."""
    answers = tmp_path / ".copier-answers.yml"
    answers.write_text("# comment\n_commit: v0.1.0\n_src_path: somewhere\nlanguage: go\n")
    assert questions.collect(answers, {}, {}) == {"language": "go"}


def test_an_empty_answers_file_answers_nothing(tmp_path: Path) -> None:
    """A file of comments alone is fine."""
    answers = tmp_path / "answers.yml"
    answers.write_text("# nothing yet\n")
    assert questions.collect(answers, {}, {}) == {}


def test_a_list_can_be_given_as_text() -> None:
    """A question whose answer is YAML takes YAML on the command line."""
    assert questions.collect(None, {"unmanaged": "[Dockerfile]"}, {}) == {
        "unmanaged": ["Dockerfile"]
    }


@table(
    ("content", "message"),
    [
        ("language_version: 3.10\n", "language_version in .* is 3.1, and language_version is text"),
        ("port: many\n", "port in .* is 'many', and port is a whole number"),
        ("port: true\n", "port in .* is True, and port is a whole number"),
        ("language: cobol\n", "language in .* is 'cobol', which isn't a choice of language"),
        ("colour: red\n", "unknown question 'colour'"),
        ("limit_mb: 9000\n", "unknown question 'limit_mb'"),
        ("- go\n", "has no answers"),
        ("a: [\n", "isn't valid YAML"),
        ("!!python/object/apply:os.system [true]\n", "isn't valid YAML"),
        ("\x00\x01", "isn't valid YAML"),
    ],
)
def test_bad_answers_files_are_refused(tmp_path: Path, content: str, message: str) -> None:
    """Each kind of bad answers file gets a message that names what is wrong."""
    answers = tmp_path / "answers.yml"
    answers.write_text(content)
    with pytest.raises(UsageError, match=message):
        questions.collect(answers, {}, {})


def test_a_missing_answers_file_is_refused(tmp_path: Path) -> None:
    """A path that can't be read is named."""
    with pytest.raises(UsageError, match=r"can't read .*nowhere\.yml: No such file"):
        questions.collect(tmp_path / "nowhere.yml", {}, {})


def test_every_question_has_a_default_and_a_help() -> None:
    """Unattended runs rely on defaults, and `--help` on the words."""
    incomplete = [q.name for q in questions.load() if q.default is None or not q.help]
    assert incomplete == []


def test_only_name_language_and_flavor_are_asked() -> None:
    """Two questions and the name; everything else is a flag with a safe default."""
    asked = [question.name for question in questions.load() if question.asked]
    assert asked == ["name", "language", "flavor"]


def test_every_default_is_told_in_words() -> None:
    """`usual` reads them out of the expressions; that of the name is the folder's."""
    told = {question.name: question.usual for question in questions.load()}
    assert [name for name, words in told.items() if "{{" in words or "{%" in words] == ["name"]
    assert told["flavor"] == "go: scratch, python: slim, node: alpine"
    assert (told["cgo"], told["build_ca"]) == ("no", "no")
    assert told["framework"] == "go: stdlib, python: fastapi, node: express"
    assert told["kind"] == "service"
