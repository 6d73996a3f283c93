"""``dockgen new`` on a real terminal: what it asks, and what a person sees."""

import re
import sys
from pathlib import Path

import pexpect

from tests.conftest import PLAIN, answers, tree

DOWN, ENTER, ESCAPE = "\x1b[B", "\r", "\x1b"
CTRL_C, CTRL_D, CTRL_U = "\x03", "\x04", "\x15"
COLOURS = re.compile(r"\x1b\[[0-9;]*m")
CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Terminal:
    """dockgen, or another program of Python's, on a pseudo-terminal of 100 columns."""

    def __init__(
        self,
        folder: Path,
        *arguments: str,
        python: tuple[str, ...] = ("-m", "dockgen"),
        **environment: str,
    ) -> None:
        self.process: pexpect.spawn[str] = pexpect.spawn(
            sys.executable,
            [*python, *arguments],
            cwd=str(folder),
            env=PLAIN | {"TERM": "xterm-256color", "PROMPT_TOOLKIT_NO_CPR": "1"} | environment,
            encoding="utf-8",
            dimensions=(40, 100),
            timeout=30,
        )
        self.raw = ""

    def see(self, words: str) -> None:
        """Wait until these words stand on the screen."""
        self.process.expect_exact(words)
        self.raw += f"{self.process.before}{words}"

    def press(self, *keys: str) -> None:
        """Type."""
        for key in keys:
            self.process.send(key)

    def end(self) -> int:
        """Wait for the end, and return the exit code."""
        self.process.expect(pexpect.EOF)
        self.raw += self.process.before or ""
        self.process.close()
        return self.process.exitstatus or 0

    @property
    def text(self) -> str:
        """All that was shown, without colours and cursor movements."""
        return CONTROL.sub("", self.raw).replace("\r", "")


def test_asks_language_and_flavor(tmp_path: Path) -> None:
    """Two questions with arrow keys; the folder gave the name."""
    terminal = Terminal(tmp_path, "new", "my-app")
    terminal.see("Which language is it written in?")
    terminal.press(DOWN, ENTER)
    terminal.see("What is the base of the image?")
    terminal.press(ENTER)
    terminal.see("docker compose up --build --wait")
    assert terminal.end() == 0
    assert "What is the project called?" not in terminal.text
    assert (answers(tmp_path / "my-app")["language"], answers(tmp_path / "my-app")["flavor"]) == (
        "node",
        "alpine",
    )


def test_enter_takes_the_default(tmp_path: Path) -> None:
    """Python on slim."""
    terminal = Terminal(tmp_path, "new", "my-app")
    terminal.see("Which language")
    terminal.press(ENTER)
    terminal.see("What is the base of the image?")
    terminal.press(ENTER)
    assert terminal.end() == 0
    assert answers(tmp_path / "my-app")["language"] == "python"


def test_asks_the_name_when_no_folder_gives_it(tmp_path: Path) -> None:
    """Three questions; the folder is named after the answer."""
    terminal = Terminal(tmp_path, "new", "--language", "go", "--flavor", "scratch")
    terminal.see("What is the project called?")
    terminal.press(CTRL_U, "shop", ENTER)
    assert terminal.end() == 0
    assert answers(tmp_path / "shop")["name"] == "shop"


def test_the_bare_command_asks_three_questions(tmp_path: Path) -> None:
    """The command that a beginner types."""
    terminal = Terminal(tmp_path, "new")
    terminal.see("What is the project called?")
    terminal.press(CTRL_U, "shop", ENTER)
    terminal.see("Which language")
    terminal.press(ENTER)
    terminal.see("What is the base of the image?")
    terminal.press(ENTER)
    assert terminal.end() == 0
    assert answers(tmp_path / "shop")["name"] == "shop"


def test_each_choice_has_its_reason_and_its_size(tmp_path: Path) -> None:
    """Each choice is shown with what a user needs to decide."""
    terminal = Terminal(tmp_path, "new", "my-app")
    terminal.see("Which language")
    terminal.see("Express on Node")
    terminal.press(ENTER)
    terminal.see("What is the base of the image?")
    terminal.see("scratch")
    terminal.see("no shell")
    terminal.press(ENTER)
    assert terminal.end() == 0
    assert re.search(r"go +one static binary with net/http: \d+ MB", terminal.text)
    assert re.search(r"python +FastAPI on uvicorn: \d+ MB", terminal.text)
    assert re.search(r"slim +Debian with its shell and glibc: at most \d+ MB", terminal.text)


def test_the_size_of_a_language_is_that_of_the_kind(tmp_path: Path) -> None:
    """A kind that was given counts; a job has no framework."""
    terminal = Terminal(tmp_path, "new", "my-app", "--kind", "job", "--dry-run")
    terminal.see("Which language")
    terminal.see("at best")
    terminal.press(ENTER)
    terminal.see("What is the base of the image?")
    terminal.press(ENTER)
    assert terminal.end() == 0
    assert re.search(r"go +one static binary: 4 MB at best", terminal.text)
    assert re.search(r"python +CPython: 38 MB at best", terminal.text)
    assert re.search(r"node +Node: 116 MB at best", terminal.text)


def test_a_given_answer_is_not_asked(tmp_path: Path) -> None:
    """A flag stands for its question."""
    terminal = Terminal(tmp_path, "new", "my-app", "--language", "go")
    terminal.see("What is the base of the image?")
    terminal.press(ENTER)
    assert terminal.end() == 0
    assert "Which language" not in terminal.text


def test_a_bad_name_is_corrected_on_the_spot(tmp_path: Path) -> None:
    """The question stays until the answer is good."""
    terminal = Terminal(tmp_path, "new", "--language", "go", "--flavor", "scratch")
    terminal.see("What is the project called?")
    terminal.press(CTRL_U, "My Shop", ENTER)
    terminal.see("lower-case letters, digits and dashes")
    terminal.press(CTRL_U, "my-shop", ENTER)
    assert terminal.end() == 0
    assert (tmp_path / "my-shop/Dockerfile").is_file()


def test_ask_asks_everything(tmp_path: Path) -> None:
    """--ask also puts the questions that have a safe default, except those without a choice."""
    terminal = Terminal(
        tmp_path, "new", "my-app", "--language", "go", "--flavor", "scratch", "--ask"
    )
    terminal.see("Does the program use cgo?")
    terminal.press(ENTER)
    terminal.see("Is it a service, a background worker or a job?")
    terminal.press(ENTER)
    terminal.see("Which framework does the sample app use?")
    terminal.press(ENTER)
    terminal.see("Which version of the language")
    terminal.press(ENTER)
    terminal.see("Which port does the service listen on?")
    terminal.press(CTRL_U, "9000", ENTER)
    terminal.see("Does compose.yaml set the name of the project")
    terminal.press(ENTER)
    terminal.see("Which mirror do base images come from")
    terminal.press(ENTER)
    terminal.see("Which CI builds, checks and releases the image?")
    terminal.press(ENTER)
    terminal.see("Which labels does the image have")
    terminal.press(ENTER)
    terminal.see("Which certificate authorities of your own")
    terminal.see("Finish with 'Alt+Enter' or 'Esc then Enter'")
    terminal.press(ESCAPE, ENTER)
    terminal.see("How does the build fetch private packages?")
    terminal.press(DOWN, ENTER)
    terminal.see("Which host are the private packages on")
    terminal.press(CTRL_U, "git.example.com", ENTER)
    terminal.see("Which package index does the build use")
    terminal.press(ENTER)
    terminal.see("Does the build trust the certificate authorities")
    terminal.press(ENTER)
    terminal.see("Which limits and rules does the image have")
    terminal.press(ENTER)
    terminal.see("Which files does dockgen leave alone")
    terminal.press(ENTER)
    assert terminal.end() == 0
    assert answers(tmp_path / "my-app")["port"] == 9000
    assert answers(tmp_path / "my-app")["private_host"] == "git.example.com"
    for words in ("Which package manager does it use", "Which packages of Debian or Alpine"):
        assert words not in terminal.text


def test_ask_leaves_out_what_an_answer_settles(tmp_path: Path) -> None:
    """A worker in Python calls no C, has one framework and listens on no port."""
    given = ["--registry", "", "--ci", "none", "--labels", "{}", "--ca-certificates", ""]
    given += ["--policy", "{}", "--unmanaged", "[]", "--build-ca", "no", "--package-index", ""]
    given += ["--compose-name", "yes"]
    terminal = Terminal(tmp_path, "new", "my-app", *given, "--ask")
    for words in (
        "Which language is it written in?",
        "What is the base of the image?",
        "Is it a service",
    ):
        terminal.see(words)
        terminal.press(*([DOWN, ENTER] if words.startswith("Is it") else [ENTER]))
    for words in ("Which package manager", "Which version", "Which packages", "private packages?"):
        terminal.see(words)
        terminal.press(ENTER)
    assert terminal.end() == 0
    for words in ("cgo", "Which framework", "Which port", "Which host"):
        assert words not in terminal.text
    assert answers(tmp_path / "my-app")["kind"] == "worker"


def test_defaults_ask_nothing_on_a_terminal_either(tmp_path: Path) -> None:
    """--defaults means what it says."""
    terminal = Terminal(tmp_path, "new", "my-app", "--defaults")
    assert terminal.end() == 0
    assert "Which" not in terminal.text


def test_ctrl_c_at_a_question(tmp_path: Path) -> None:
    """Exit 130, one line, nothing on disk."""
    terminal = Terminal(tmp_path, "new", "my-app")
    terminal.see("Which language")
    terminal.see("Express on Node")
    terminal.press(CTRL_C)
    assert terminal.end() == 130
    assert (
        terminal.text.rstrip().splitlines()[-1] == "error: interrupted: no files were left behind"
    )
    assert list(tmp_path.iterdir()) == []


def test_ctrl_d_at_a_question(tmp_path: Path) -> None:
    """The end of the input is Ctrl-C's twin."""
    terminal = Terminal(tmp_path, "new", "--language", "go", "--flavor", "scratch")
    terminal.see("What is the project called?")
    terminal.press(CTRL_U, CTRL_D)
    assert terminal.end() == 130
    assert (
        terminal.text.rstrip().splitlines()[-1] == "error: interrupted: no files were left behind"
    )
    assert list(tmp_path.iterdir()) == []


def test_a_name_whose_folder_is_taken_is_refused(tmp_path: Path) -> None:
    """After the question, before anything is written."""
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop/mine").touch()
    terminal = Terminal(tmp_path, "new", "--language", "go", "--flavor", "scratch")
    terminal.see("What is the project called?")
    terminal.press(CTRL_U, "shop", ENTER)
    assert terminal.end() == 3
    assert tree(tmp_path) == {"shop/mine": b""}


def test_colours_on_a_terminal(tmp_path: Path) -> None:
    """The report is coloured where it is read by a person."""
    terminal = Terminal(tmp_path, "new", "my-app", "--defaults")
    assert terminal.end() == 0
    assert COLOURS.search(terminal.raw)


def test_no_color_is_kept(tmp_path: Path) -> None:
    """NO_COLOR leaves bold and the like at most, in the questions and in the report."""
    terminal = Terminal(tmp_path, "new", "my-app", NO_COLOR="1")
    terminal.see("Which language")
    terminal.see("Express on Node")
    terminal.press(ENTER)
    terminal.see("What is the base of the image?")
    terminal.press(ENTER)
    assert terminal.end() == 0
    styles = {style for code in COLOURS.findall(terminal.raw) for style in code[2:-1].split(";")}
    # None, bold, dim, italic, underlined, inverse, and their ends.
    assert styles <= {"", "0", "1", "2", "3", "4", "7", "22", "23", "24", "27"}


def test_a_line_that_a_terminal_shows_is_a_line_that_can_be_pasted(tmp_path: Path) -> None:
    """A folder with a space is quoted in the command to type next."""
    terminal = Terminal(tmp_path, "new", "my app", "--defaults")
    assert terminal.end() == 0
    assert "cd 'my app'" in terminal.text


NARROWED = """
import sys
from pathlib import Path

from dockgen import template

unavailable = {"language": {"python": "we run no Python"}}
unavailable["flavor"] = {"alpine": "nobody knows musl"}
made = template.render(Path(sys.argv[1]), {"unavailable": unavailable}, ask=("language", "flavor"))
"""


def test_a_choice_that_a_team_took_away_is_shown_with_the_reason(tmp_path: Path) -> None:
    """It can't be chosen: the arrow keys pass over it, and the default is another one."""
    terminal = Terminal(tmp_path, python=("-c", NARROWED, "my-app"))
    terminal.see("Which language")
    terminal.see("we run no Python")
    terminal.see("Express on Node")
    terminal.press(DOWN, ENTER)
    terminal.see("What is the base of the image?")
    terminal.see("nobody knows musl")
    terminal.see("scratch")
    terminal.press(ENTER)
    assert terminal.end() == 0
    made = answers(tmp_path / "my-app")
    assert (made["language"], made["flavor"]) == ("node", "slim")
    assert "unavailable" not in made
    assert re.search(
        r"- python +FastAPI on uvicorn: \d+ MB at best \(we run no Python\)", terminal.text
    )
