"""Hostile texts through each input of `dockgen new`: the result is that of the answer.

The input's handling doesn't depend on the text: a few texts stand for what could be lost or
interpreted on the way.
"""

from pathlib import Path

import pytest
import yaml

from tests.conftest import Make, Run, tree
from tests.hostile import shape
from tests.hostile.conftest import VERSION
from tests.hostile.plain import MORE, PLAIN, cell
from tests.hostile.values import TAKEN, TEXTS

WAYS = ("flag", "data", "answers-file", "team-file")
# What a shell, YAML, TOML, a terminal or an option's parser might read, or drop, on the way.
ON_EACH_WAY = ("empty", "newline-last", "escape", "jinja-expression", "option", "null", "version")
# Free text, beside the name, which decides first; each is refused under its own name.
OTHERS = ("language_version", "registry", "private_host", "package_index")
# Plain answers to all of these, so that nothing else can be refused.
PYTHON = {**PLAIN, **cell(1), "private_dependencies": "token", "private_host": MORE["private_host"]}


def toml(value: object) -> str:
    """Return a value as TOML, with everything special escaped."""
    if isinstance(value, dict):
        inner = ", ".join(f"{toml(key)} = {toml(one)}" for key, one in value.items())
        return f"{{ {inner} }}"
    return '"' + "".join(f"\\U{ord(char):08x}" for char in str(value)) + '"'


def given(folder: Path, way: str, question: str, value: object) -> list[str]:
    """Return the arguments that give `dockgen new` an answer in this way; may make a file."""
    # What is no text stands as YAML on the command line.
    typed = value if isinstance(value, str) else yaml.safe_dump(value)
    if way == "flag":
        return [f"--{question.replace('_', '-')}", typed]
    if way == "data":
        return ["--data", f"{question}={typed}"]
    file = folder / way
    if way == "answers-file":
        file.write_text(yaml.safe_dump({question: value}))
        return ["--answers-file", way]
    file.write_text(f"[defaults]\n{question} = {toml(value)}\n")
    return ["--team", way]


def run(
    quick: Run, folder: Path, way: str, question: str, value: object
) -> tuple[int, list[str], list[str]]:
    """Give one answer on this way and plain ones besides: exit code, errors, what is new."""
    plain = {name: answer for name, answer in PYTHON.items() if name != question}
    rest = [word for name, answer in plain.items() for word in ("--data", f"{name}={answer}")]
    arguments = given(folder, way, question, value)
    before = {entry.name for entry in folder.iterdir()}
    done = quick("new", "project", "--defaults", "--json", *rest, *arguments)
    new = sorted({entry.name for entry in folder.iterdir()} - before)
    return done.returncode, done.stderr.splitlines(), new


def assert_refused(outcome: tuple[int, list[str], list[str]], question: str) -> None:
    """One error line that names the question, one with a hint, and nothing is written."""
    code, errors, new = outcome
    assert (code, new) == (2, []), errors
    assert errors[0].startswith(f"error: {question}: ")
    assert [line.split(":")[0].strip() for line in errors] == ["error", "try"]
    assert all(line.isprintable() for line in errors)


def assert_made(outcome: tuple[int, list[str], list[str]], folder: Path, direct: Path) -> None:
    """Check that the files are the same as without a command line."""
    assert outcome == (0, [], ["project"])
    found, expected = tree(folder / "project"), tree(direct)
    expected[shape.ANSWERS] += VERSION.encode()
    assert found == expected


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("text", ON_EACH_WAY)
def test_a_name(quick: Run, plain_with: Make, tmp_path: Path, way: str, text: str) -> None:
    """As the answer that nothing else comes before."""
    outcome = run(quick, tmp_path, way, "name", TEXTS[text])
    if text not in TAKEN["name"]:
        assert_refused(outcome, "name")
        return
    assert_made(outcome, tmp_path, plain_with(**{**PYTHON, "name": TEXTS[text]}))


def test_what_only_a_file_can_hold(quick: Run, tmp_path: Path) -> None:
    """No process is given half of a character, nor a NUL."""
    for text in ("surrogate", "nul"):
        assert_refused(run(quick, tmp_path, "answers-file", "name", TEXTS[text]), "name")


@pytest.mark.parametrize("way", WAYS)
def test_another_answer(quick: Run, plain_with: Make, tmp_path: Path, way: str) -> None:
    """Each of the other free texts, and one that is taken."""
    for question in OTHERS:
        assert_refused(run(quick, tmp_path, way, question, TEXTS["instruction"]), question)
    outcome = run(quick, tmp_path, way, "language_version", "3.20")
    assert_made(outcome, tmp_path, plain_with(**{**PYTHON, "language_version": "3.20"}))


@pytest.mark.parametrize("way", WAYS)
def test_labels(quick: Run, plain_with: Make, tmp_path: Path, way: str) -> None:
    """All texts that a label can have at once: Docker reads what was given."""
    labels = {f"x-{text}": TEXTS[text] for text in sorted(TAKEN["label"])}
    outcome = run(quick, tmp_path, way, "labels", labels)
    assert_made(outcome, tmp_path, plain_with(**PYTHON, labels=labels))
    assert shape.labels(tmp_path / "project") == labels


@pytest.mark.parametrize("way", WAYS)
def test_no_label(quick: Run, tmp_path: Path, way: str) -> None:
    """A label of several lines is refused, however it is given."""
    for text in ("newline-last", "next-line", "escape"):
        assert_refused(run(quick, tmp_path, way, "labels", {"a": TEXTS[text]}), "labels")
