"""Signals become answers, guesses and conflicts; commands become words; secrets are found."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from dockgen.detect import commands, given, resolve, survey
from dockgen.detect.model import BY_NAME, Beside, Evidence, Process, Setting, Step
from dockgen.detect.python.manager import allowed
from dockgen.detect.repository import Repository
from dockgen.detect.secrets import looks_secret
from dockgen.errors import UsageError
from tests.table import table


def _evidence(topic: str, *signals: tuple[object, bool]) -> Evidence:
    found = Evidence()
    for number, (value, strong) in enumerate(signals, 1):
        found.add(topic, value, str(value), "file", number, weak=not strong)
    return found


def test_a_strong_signal_wins_over_a_weak_one_before_it() -> None:
    """The weak one is listed as passed over."""
    detected = resolve.resolve(_evidence("port", (80, False), (8000, True)), {})

    (answer,) = detected.answers["port"]
    assert (answer.value, answer.is_guess) == (8000, False)
    assert [signal.place for signal in answer.passed_over] == ["file:1"]


def test_without_a_strong_signal_the_first_is_a_guess() -> None:
    """Weak signals have an order."""
    (answer,) = resolve.resolve(_evidence("port", (80, False), (81, False)), {}).answers["port"]

    assert (answer.value, answer.is_guess) == (80, True)


@table("topic", ["port", "package_manager", "entry", "health", "cgo"])
def test_two_strong_signals_that_disagree_are_a_conflict(topic: str) -> None:
    """Each topic of one value; two that agree are none."""
    evidence = _evidence(topic, ("a", True), ("b", True), ("a", True))
    detected = resolve.resolve(evidence, {})

    (conflict,) = detected.conflicts
    assert [signal.value for signal in conflict.signals] == ["a", "b"]
    assert topic not in detected.answers
    assert resolve.resolve(_evidence(topic, ("a", True), ("a", True)), {}).conflicts == ()
    decided = resolve.resolve(evidence, {topic: "b"})
    assert (decided.value(topic), decided.conflicts) == ("b", ())


@table(
    ("bounds", "version"),
    [
        ([(("3.14", "3.13"), True), (("3.13", "3.12"), True)], "3.13"),
        ([(("3.14", "3.13"), True), (("3.12",), False)], "3.14"),
        ([(("3.14", "3.13"), True), (("3.13",), False)], "3.13"),
        ([(("3.12",), False)], "3.12"),
        ([(("3.14",), True), (("3.13",), True)], None),
    ],
)
def test_a_version_is_inside_every_strong_bound(
    bounds: Sequence[tuple[object, bool]], version: str | None
) -> None:
    """Weak ones narrow it as far as the strong ones allow."""
    detected = resolve.resolve(_evidence("version", *bounds), {})

    assert detected.value("version") == version
    assert bool(detected.conflicts) == (version is None)


def test_parts_are_kept_once_and_a_flag_replaces_its_own() -> None:
    """By the setting's name; a strong signal replaces a weak one."""
    evidence = _evidence(
        "setting",
        (Setting("A", "1"), False),
        (Setting("B", "2"), False),
        (Setting("A", None, required=True), True),
    )
    said = {"setting": (Setting("B", "3"),)}
    detected = resolve.resolve(evidence, said)

    assert detected.values("setting") == (Setting("B", "3"), Setting("A", None, required=True))


def test_the_port_is_put_into_the_commands() -> None:
    """Further processes get it, too."""
    evidence = _evidence("entry", (("serve", "--port", "{port}"), True))
    evidence.add("process", Process("two", ("two", "{port}")), "two")
    detected = resolve.resolve(evidence, {"port": 9000})

    assert detected.value("entry") == ("serve", "--port", "9000")
    assert detected.values("process") == (Process("two", ("two", "9000")),)


@table(
    ("line", "words", "folder"),
    [
        ("cd app && exec gunicorn -b :${PORT:-80} a:b", ("gunicorn", "-b", ":80", "a:b"), "app"),
        ("A=1 B='2 3' python -m x >/dev/null 2>&1", ("python", "-m", "x"), ""),
        ("gosu app uvicorn a:b | tee log", ("uvicorn", "a:b"), ""),
        ("@go build ./cmd/x # comment", ("go", "build", "./cmd/x"), ""),
        ('echo "unclosed', ("echo", '"unclosed'), ""),
    ],
)
def test_a_line_of_shell_is_read_as_words(line: str, words: tuple[str, ...], folder: str) -> None:
    """Without what is around the command; what is no shell is split at blanks."""
    found = list(commands.shell(line))

    assert (found[0][0], found[0][2]) == (words, folder)


def test_a_makefile_has_its_variables_put_in(tmp_path: Path) -> None:
    """As far as they are in the file; one that names itself ends."""
    (tmp_path / "Makefile").write_text(
        "TAGS := fs_embed\nME = $(ME)\nbuild: a\n\tgo build -tags $(TAGS) \\\n\t -o x . $(ME)\n"
    )
    command, *_ = commands.of(Repository(tmp_path), ".")

    assert command.argv[:6] == ("go", "build", "-tags", "fs_embed", "-o", "x")
    assert (command.file, command.line, command.environment) == ("Makefile", 4, {"": "build"})


@table(
    ("name", "value", "secret"),
    [
        ("SECRET_KEY", None, True),
        ("API_TOKEN", None, True),
        ("DB_PASSWORD", None, True),
        ("ADMIN_PASSWORD", "x", True),
        ("DATABASE_URL", "postgres://me:word@db/x", True),
        ("DATABASE_URL", "sqlite:///x", False),
        ("PASSWORD_MIN_LENGTH", "8", False),
        ("TOKEN_ENDPOINT", None, False),
        ("DB_PASSWORD_FILE", None, False),
        ("KEYBOARD", None, False),
        ("PORT", "8000", False),
    ],
)
def test_what_looks_secret(name: str, value: str | None, secret: bool) -> None:
    """By its name, or by a password in an address."""
    assert looks_secret(name, value) is secret


@table(
    ("bound", "newest"),
    [
        (">=3.11", "3.14"),
        (">=3.9,<3.13", "3.12"),
        ("^3.11", "3.14"),
        ("~3.12", "3.12"),
        ("~=3.12.1", "3.12"),
        ("3.13.*", "3.13"),
        ("==3.12.4", "3.12"),
        (">=3.12.4", "3.14"),
        ("<=3.12", "3.12"),
        (">3.11,<3.14", "3.13"),
        ("3.11.9", "3.11"),
        ("python-3.12.1", "3.12"),
        ("3.6.5", "3.6"),
        (">=3.10 <3.12", "3.11"),
        ("^3.10 || ^3.9", "3.14"),
    ],
)
def test_the_newest_python_inside_a_bound(bound: str, newest: str) -> None:
    """As pip, Poetry and pyenv write bounds."""
    assert allowed(bound)[0] == newest


def test_words_that_are_no_bound_say_nothing() -> None:
    """A branch of pyenv, or a name of a file."""
    assert allowed("system") == ()
    assert allowed("") == ()


@table(
    ("topic", "words", "value"),
    [
        ("port", "8080", 8080),
        ("cgo", "yes", True),
        ("entry", "python -m 'a b'", ("python", "-m", "a b")),
        ("setting", "A=1=2", Setting("A", "1=2")),
        ("setting", "A", Setting("A", None, required=True)),
        ("process", "w=celery worker", Process("w", ("celery", "worker"))),
        ("before", "m=alembic upgrade head", Step("m", ("alembic", "upgrade", "head"))),
        ("beside", "postgres=postgres:17", Beside("postgres", "postgres:17")),
        ("path", "a/./b/", "a/b"),
    ],
)
def test_a_flag_means_what_it_shows(topic: str, words: str, value: object) -> None:
    """A flag accepts the value that the table shows."""
    parsed = given.parse(BY_NAME[topic], words)

    assert parsed == value
    assert given.parse(BY_NAME[topic], given.spelled(BY_NAME[topic], parsed)) == parsed


@table(
    ("topic", "words"),
    [("port", "70000"), ("cgo", "x"), ("entry", "'"), ("path", "../x"), ("workload", "daemon")],
)
def test_a_flag_that_means_nothing(topic: str, words: str) -> None:
    """It is named, with an example."""
    with pytest.raises(UsageError, match=f"--{topic}"):
        given.parse(BY_NAME[topic], words)


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """Mistyped, or without a file that git tracks."""
    (tmp_path / "app.py").write_text("")
    with pytest.raises(UsageError, match="no files that git tracks"):
        survey.look(Repository(tmp_path), {"path": "other"})


def test_a_stage_starts_what_the_one_below_it_does(tmp_path: Path) -> None:
    """As Docker has it: CMD and ENTRYPOINT are inherited, by name only."""
    (tmp_path / "Dockerfile").write_text(
        'FROM python AS base\nENTRYPOINT ["serve"]\nCMD ["--all"]\n'
        'FROM python AS other\nCMD ["never"]\nFROM base AS more\nRUN true\n'
    )
    starts = [one for one in commands.of(Repository(tmp_path), ".") if one.origin == "entrypoint"]

    assert [(one.argv, one.line) for one in starts] == [(("serve", "--all"), 3)]
