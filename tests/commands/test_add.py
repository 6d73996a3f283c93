"""``dockgen add --explain`` as a user runs it."""

import json
import shutil
from pathlib import Path

from tests.commands.test_prompts import DOWN, ENTER, Terminal
from tests.conftest import Run

PROJECTS = Path(__file__).parents[1] / "projects"


def test_each_answer_is_shown_with_its_place(inline: Run) -> None:
    """The value, the line it was read from, and what was passed over."""
    done = inline("add", "--explain", PROJECTS / "python-aiohttp-loopback")

    assert done.returncode == 0, done.stderr
    line = next(line for line in done.stdout.splitlines() if line.startswith("port"))
    assert line.split() == [
        *(
            "port",
            "9000",
            "web.run_app(…,",
            "port=PORT)",
            "in",
            "app/main.py:18;",
            "passed",
            "over",
        ),
        *("EXPOSE", "80", "in", "docker/Dockerfile:2"),
    ]


def test_a_guess_is_called_one(inline: Run) -> None:
    """A weak signal is no certainty."""
    done = inline("add", "--explain", PROJECTS / "python-flask-factory")

    assert "port              5000  a guess  ports: 80:5000 in compose.yaml:4" in done.stdout


def test_json_has_the_same(inline: Run) -> None:
    """For programs: values as JSON has them, and no value of a secret."""
    done = inline("add", "--explain", "--json", PROJECTS / "python-settings")
    facts = json.loads(done.stdout)

    answers = {answer["name"]: answer for answer in facts["answers"]}
    assert answers["port"]["value"] == 7000
    assert answers["entry"]["value"] == ["python", "-m", "hooks"]
    assert (answers["port"]["signal"]["file"], answers["port"]["guess"]) == (
        "hooks/__main__.py",
        False,
    )
    assert facts["conflicts"] == []
    assert "hunter2" not in done.stdout


def test_without_a_terminal_a_conflict_names_both_and_the_flag(inline: Run) -> None:
    """Exit code 2, and the command that decides."""
    done = inline("add", "--explain", PROJECTS / "python-two-locks")

    assert done.returncode == 2
    assert "uv (uv.lock), poetry (poetry.lock)" in done.stderr
    assert "--package-manager uv --lock uv.lock" in done.stderr
    decided = inline(
        *("add", "--explain", PROJECTS / "python-two-locks"),
        *("--package-manager", "poetry", "--lock", "poetry.lock"),
    )
    assert decided.returncode == 0
    assert (
        "package manager  poetry  --package-manager poetry; passed over uv.lock" in decided.stdout
    )


def test_on_a_terminal_it_asks(tmp_path: Path) -> None:
    """Both are named with their place, and the choice holds."""
    shutil.copytree(PROJECTS / "python-two-services", tmp_path / "code")
    terminal = Terminal(tmp_path, "add", "--explain", "code")
    terminal.see("Which folder?")
    terminal.see("services/users  (app = Flask(…) in services/users/app.py:3)")
    terminal.press(DOWN, ENTER)
    terminal.see("gunicorn --bind 0.0.0.0:8000 app:app")
    assert terminal.end() == 0


def test_a_flag_that_means_nothing_is_refused(inline: Run) -> None:
    """A port that is none, a folder outside, a step without a command."""
    for words in (["--port", "0"], ["--path", "../.."], ["--before", "migrate"], ["--cgo", "x"]):
        done = inline("add", "--explain", PROJECTS / "python-stdlib", *words)
        assert (done.returncode, words[0] in done.stderr) == (2, True), words


def test_it_writes_nothing_yet(inline: Run, tmp_path: Path) -> None:
    """Without --explain it says so."""
    done = inline("add", tmp_path)

    assert done.returncode == 2
    assert "dockgen add --explain" in done.stderr


def test_nothing_to_find_is_said(inline: Run, tmp_path: Path) -> None:
    """A folder of texts is no service."""
    (tmp_path / "README.md").write_text("hello\n")
    done = inline("add", "--explain")

    assert done.returncode == 3
    assert "nothing that looks like" in done.stderr


def test_new_points_here_where_there_is_code(inline: Run, tmp_path: Path) -> None:
    """`dockgen new` overwrites nothing, and says which command is meant."""
    (tmp_path / "my code").mkdir()
    (tmp_path / "my code" / "pyproject.toml").write_text("")
    done = inline("new", "my code", "--defaults")

    assert done.returncode == 3
    assert "dockgen add --explain 'my code'" in done.stderr
