"""Malicious files: each is refused in one line, and none stops the other projects."""

import json
import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from dockgen import project, questions, reader
from dockgen.errors import ProjectError
from dockgen.update import fleet
from tests.conftest import Run
from tests.table import table

ANSWERS = project.ANSWERS
HEAD = "_src_path: https://dockgen.invalid/dockgen.git\n_commit: v0.7.0\n"
# Each value of one is all of the one before it, nine times.
LAUGHS = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 10)
)
LONG = "x" * 200_000

BAD_YAML = {
    "bool": "x: !!bool maybe\n",
    "int": 'x: !!int ""\n',
    "float": "x: !!float one\n",
    "timestamp": "x: !!timestamp foo\n",
    "binary": "x: !!binary gICA\n",
    "set": "x: !!set {a, b}\n",
    "python": "x: !!python/object/apply:os.system [id]\n",
    "long number": f"x: {'1' * 5000}\n",
    "long hexadecimal number": f"x: 0x{'f' * 5000}\n",
    "sixties": "x: 1" + ":59" * 3000 + "\n",
    "laughs": LAUGHS,
    "long laughs": f"a: &a {LONG}\nb: [{', '.join(['*a'] * 20)}]\n",
    "merged laughs": "a0: &a0 {x: y}\n"
    + "".join(f"a{n}: &a{n} {{<<: [{','.join([f'*a{n - 1}'] * 9)}]}}\n" for n in range(1, 10)),
    "in itself": "x: &x [*x]\n",
    "in itself as a key": "&x x: *x\ny: &y {a: *y}\n",
    "deep": "x: " + "[" * 500 + "]" * 500 + "\n",
    "many": "x: [" + "1," * 30_000 + "]\n",
    "list as a key": "? [a]\n: b\n",
    "two documents": "x: 1\n---\ny: 2\n",
    "zero byte": "x: \0\n",
}


def fifo(path: Path) -> None:
    """Make a pipe that is never written to."""
    os.mkfifo(path)


def to(target: str) -> Callable[[Path], None]:
    """Make a link."""
    return lambda path: path.symlink_to(target)


def large(path: Path) -> None:
    """Four times what a file may hold."""
    path.write_text(HEAD + "x: |\n" + f"  {LONG}\n" * 20)


ODD: dict[str, Callable[[Path], object]] = {
    "pipe": fifo,
    "device": to("/dev/zero"),
    "terminal": to("/dev/tty"),
    "loop": lambda path: path.symlink_to(path.name),
    "outside": to("../../outside.yml"),
    "memory": to("/proc/self/mem"),
    "large": large,
    "no text": lambda path: path.write_bytes(b"\xff\xfe"),
}


def empty(tmp_path: Path) -> Path:
    """An empty project's folder."""
    (tmp_path / "outside.yml").write_text(HEAD)
    (tmp_path / "src/bad").mkdir(parents=True)
    return tmp_path / "src/bad"


directory = pytest.fixture(empty)


@table("name", BAD_YAML)
def test_yaml_is_bounded(name: str) -> None:
    """Errors of constructors and growing values give a one-line error at once."""
    begin = time.monotonic()
    with pytest.raises(ProjectError, match=r"^f\.yml isn't valid YAML") as caught:
        reader.parse_yaml(BAD_YAML[name], "f.yml")
    assert caught.value.message.isprintable()
    assert len(caught.value.message) < 300
    assert time.monotonic() - begin < 10


def test_yaml_that_people_write_is_read() -> None:
    """Aliases, merges, dates and long certificates stay what they are."""
    text = (
        "a: &a {b: 1, c: 2026-01-01}\nd: {<<: *a, b: 2}\ne: |\n" + "  line of a bundle\n" * 10_000
    )
    read = reader.parse_yaml(text, "f.yml")
    assert (read["d"]["b"], str(read["d"]["c"])) == (2, "2026-01-01")
    assert read["e"].count("\n") == 10_000


@table(
    "text",
    [
        "x = " + "[" * 3000,
        ".".join(["a"] * 20_000) + " = 1",
        "[" + " . ".join(['"a"'] * 20_000) + "]",
        f"x = 0x{'f' * 5000}",
        f"x = {'1' * 5000}",
        "x = [" + "1," * 30_000 + "]",
    ],
)
def test_toml_is_bounded(text: str) -> None:
    """Tomllib alone takes minutes for a key of many parts."""
    begin = time.monotonic()
    with pytest.raises(ProjectError, match=r"^f\.toml isn't valid TOML: "):
        reader.parse_toml(text, "f.toml")
    assert time.monotonic() - begin < 5


@table("text", ["[" * 100_000, "[" * 200 + "]" * 200, f"[{'1,' * 30_000}1]"])
def test_json_is_bounded(text: str) -> None:
    """Deep and many are errors of the value."""
    with pytest.raises(ValueError, match=r"deep|many"):
        reader.parse_json(text)


@table("name", ODD)
def test_what_is_no_file_of_the_project_is_refused(tmp_path: Path, name: str) -> None:
    """Nothing blocks, and nothing of another folder is read."""
    directory = empty(tmp_path)
    path = directory / ANSWERS
    ODD[name](path)
    begin = time.monotonic()
    with pytest.raises(ProjectError) as caught:
        project.recorded(directory)
    assert str(path) in caught.value.message
    assert time.monotonic() - begin < 5


def test_a_link_inside_of_the_project_is_followed(directory: Path) -> None:
    """It is the project's own file."""
    (directory / "answers.yml").write_text(HEAD)
    (directory / ANSWERS).symlink_to("answers.yml")
    assert project.recorded(directory).version == "v0.7.0"


@table("limit", ["1e999999999", "inf", "nan", "0x" + "f" * 4000, "10000001"])
def test_a_limit_is_a_limit(tmp_path: Path, limit: str) -> None:
    """A number that takes all memory to write out is none."""
    directory = empty(tmp_path)
    (directory / ANSWERS).write_text(HEAD + "name: x\nlanguage: go\nflavor: slim\nport: 8080\n")
    (directory / "dockgen.toml").write_text(
        f"[limits]\nsize_mb = {limit}\nhealthy_seconds = 1\nstop_seconds = 1\n"
    )
    with pytest.raises(ProjectError, match=r"dockgen\.toml"):
        project.load(directory)


@table(
    "text",
    [
        "!include copier.yml\n",
        "!include '*.yml'\n",
        "1: {default: x}\n",
        "x: {default: y, type: [str]}\n",
        "x: {default: y, help: {a: b}}\n",
        "x: {default: y, choices: 5}\n",
        "x: {default: y, choices: [[a]]}\n",
        "x: {default: y, choices: {a: {b: c}}}\n",
        LAUGHS,
    ],
)
def test_a_questionnaire_that_is_none_is_an_error(tmp_path: Path, text: str) -> None:
    """Includes go round in no circle, and each fact has the kind that copier takes."""
    path = tmp_path / "copier.yml"
    path.write_text(text)
    with pytest.raises(ProjectError):
        questions.load(path)


@table("when", ["false", "no", "0", '"{{ false }}"', '"{{ 1 > 2 }}"', "[]", "off"])
def test_what_is_never_asked_is_hidden(when: str) -> None:
    """In each way in which copier takes it for no."""
    assert questions.is_hidden(reader.parse_yaml(f"{{default: x, when: {when}}}", "f.yml"))


@table("when", ["true", "\"{{ language == 'go' }}\"", '"{{ true }}"', "1"])
def test_what_may_be_asked_is_not(when: str) -> None:
    """A condition depends on answers."""
    assert not questions.is_hidden(reader.parse_yaml(f"{{default: x, when: {when}}}", "f.yml"))


class TestFleet:
    """`--all`, over projects of which one is odd."""

    @pytest.fixture
    def good(self, tmp_path: Path) -> Path:
        """The answers file of a project that is up to date for `--check`."""
        path = tmp_path / "good.yml"
        path.write_text(HEAD + "name: good\nlanguage: go\nflavor: slim\n")
        return path

    def check(self, inline: Run, tmp_path: Path, good: Path) -> tuple[dict[str, str], int]:
        """Return what is reported about each project, by its folder."""
        (tmp_path / "src/good").mkdir(parents=True, exist_ok=True)
        (tmp_path / "src/good" / ANSWERS).write_bytes(good.read_bytes())
        done = inline("update", "--check", "--all", "--json", "src")
        told = {
            Path(one["directory"]).name: (one["error"] or {"message": ""})["message"]
            for one in json.loads(done.stdout)["projects"]
        }
        return told, done.returncode

    @pytest.mark.parametrize("name", ODD)
    def test_an_odd_answers_file(
        self, inline: Run, directory: Path, tmp_path: Path, good: Path, name: str
    ) -> None:
        """The odd one is named, and the good one is reported."""
        ODD[name](directory / ANSWERS)
        told, code = self.check(inline, tmp_path, good)
        assert (code, told["good"]) == (3, "")
        assert str(directory / ANSWERS) in told["bad"]

    @pytest.mark.parametrize(
        ("field", "value"),
        [("_commit", f"v{'1' * 5000}"), ("_commit", f"v{'1' * 1500}"), ("_src_path", LONG)],
        ids=["number", "shorter number", "address"],
    )
    def test_an_odd_text(
        self, inline: Run, directory: Path, tmp_path: Path, good: Path, field: str, value: str
    ) -> None:
        """A version that is a number of more digits than Python reads, and an endless address."""
        lines = {"_src_path": "https://dockgen.invalid/dockgen.git", "_commit": "v0.7.0"}
        lines[field] = value
        text = "".join(f"{key}: {words}\n" for key, words in lines.items())
        (directory / ANSWERS).write_text(text)
        told, code = self.check(inline, tmp_path, good)
        assert (code, told["good"]) == (3, "")
        assert 0 < len(told["bad"]) < 2500

    def test_folders_without_end(self, inline: Run, tmp_path: Path, good: Path) -> None:
        """Folders deeper than the longest path are skipped, and reported."""
        deep = tmp_path / "src/deep"
        deep.mkdir(parents=True)
        here = os.open(deep, os.O_RDONLY)
        for _ in range(2500):
            os.mkdir("dd", dir_fd=here)
            inner = os.open("dd", os.O_RDONLY, dir_fd=here)
            os.close(here)
            here = inner
        os.close(here)
        try:
            told, code = self.check(inline, tmp_path, good)
        finally:  # Too deep for Python's own rmtree, with which pytest removes old folders.
            subprocess.run(["rm", "-r", deep], check=True)
        assert (code, told) == (1, {"good": ""}) or (code, told) == (0, {"good": ""})

    @pytest.mark.parametrize("mode", ["--check", "--dry-run"])
    def test_a_bug_stays_one(
        self,
        inline: Run,
        directory: Path,
        tmp_path: Path,
        good: Path,
        monkeypatch: pytest.MonkeyPatch,
        mode: str,
    ) -> None:
        """It names its project, the others are done, and the traceback comes last, with 70."""
        (directory / ANSWERS).write_bytes(good.read_bytes())
        (tmp_path / "src/good").mkdir()
        (tmp_path / "src/good" / ANSWERS).write_bytes(good.read_bytes())
        data = fleet._data

        def broken(directory: Path, *others: object) -> object:
            if directory.name == "bad":
                raise AssertionError("so wrong")
            return data(directory, *others)  # type: ignore[arg-type]

        monkeypatch.setattr(fleet, "_data", broken)
        done = inline("update", mode, "--all", "src")
        assert done.returncode == 70
        assert "bad   failed: a bug in dockgen: AssertionError: so wrong" in done.stdout
        assert "src/good  " in done.stdout
        assert "Traceback" in done.stderr
        assert "AssertionError: so wrong\n" in done.stderr
