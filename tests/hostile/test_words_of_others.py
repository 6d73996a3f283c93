"""Foreign text on a terminal: control characters are escaped everywhere."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from dockgen import report, shell
from dockgen.address import masked, without_credentials
from dockgen.errors import DockgenError
from dockgen.report import json as report_json
from tests.conftest import PLAIN, Run
from tests.integration.update.conftest import commit, git
from tests.table import table

# Writes the clipboard; 8-bit CSI; turns the direction of text around; a line of its own.
EVIL = "\x1b]52;c;cHduZWQ=\x1b\\ \x9b31m \u202e \u2028 \u2066 \x07 \x08 \x7f \r"
RAW = ["\x1b]", "\x9b", "\u202e", "\u2028", "\u2066", "\x07", "\x08", "\x7f"]
SPELT = r"\x1b]52;c;cHduZWQ=\x1b\ \x9b31m \u202e \u2028 \u2066 \x07 \x08 \x7f \r"
HEAD = "_src_path: https://dockgen.invalid/dockgen.git\n_commit: v0.7.0\n"


def on_terminal(folder: Path, *words: str, **environment: str) -> str:
    """Return what dockgen prints to a real terminal."""
    master, slave = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "dockgen", *words],
        cwd=folder, env=PLAIN | {"TERM": "xterm-256color", "COLUMNS": "300"} | environment,
        stdin=slave, stdout=slave, stderr=slave,
    ) as process:  # fmt: skip
        os.close(slave)
        printed = b""
        try:
            while part := os.read(master, 4096):
                printed += part
        except OSError:
            pass  # the other end was closed
        process.wait(timeout=300)
    os.close(master)
    return printed.decode(errors="surrogateescape")


def assert_spelt(printed: str) -> None:
    """Nothing reaches the terminal as it is, and all of it can be read."""
    for raw in RAW:
        assert raw not in printed
    assert r"\x1b]52;c;cHduZWQ=" in printed


def test_a_team_file_and_a_diff(tmp_path: Path) -> None:
    """Table, list and diff: in colours, and without them."""
    team = tmp_path / "team.toml"
    team.write_text(f"[locked]\nregistry = {json.dumps(EVIL)}\n")
    assert_spelt(on_terminal(tmp_path, "team", "show", "--team", "team.toml"))


@pytest.mark.parametrize("colors", [{}, {"NO_COLOR": "1"}], ids=["colours", "none"])
def test_a_diff(inline: Run, tmp_path: Path, colors: dict[str, str]) -> None:
    """On a terminal it is spelt; elsewhere it is byte for byte what git applies."""
    assert inline("new", "my-app", "--defaults").returncode == 0
    project = tmp_path / "my-app"
    file = project / "Dockerfile"
    file.write_text(f"# {EVIL[:-1]}\n{file.read_text()}")
    git("init", "--quiet", cwd=project)
    commit(project)
    dry = ("update", "--dry-run", "--data", "registry=r.example", "my-app")
    printed = on_terminal(tmp_path, *dry, **colors)
    assert_spelt(printed)
    assert f"# {EVIL[:-1]}" in inline(*dry).stdout


@pytest.mark.parametrize("way", ["answers", "folder", "line break"])
def test_names_and_answers_of_many(inline: Run, tmp_path: Path, way: str) -> None:
    """The table of `--all`: a folder's name makes no line of its own."""
    name = {"answers": "bad", "folder": f"bad{EVIL}", "line break": "bad\n9 updated"}[way]
    folder = tmp_path / "src" / name.replace("/", "")
    folder.mkdir(parents=True)
    version = json.dumps(EVIL) if way == "answers" else "v9.9.9"
    (folder / ".copier-answers.yml").write_text(
        f"_src_path: https://dockgen.invalid/dockgen.git\n_commit: {version}\n"
    )
    (tmp_path / "src/other").mkdir()
    (tmp_path / "src/other/.copier-answers.yml").write_text(HEAD)
    done = inline("update", "--check", "--all", "src")
    for raw in RAW:
        assert raw not in done.stdout + done.stderr
    assert len([line for line in done.stdout.splitlines() if "failed" in line]) == 2
    assert "\n9 updated" not in done.stdout


class TestPrinter:
    """Each way out of the one module that prints."""

    @pytest.mark.parametrize(
        "show",
        [
            report.text,
            report.log,
            report.warning,
            report.end_of_log,
            report.bug,
            lambda words: report.error(DockgenError(words, words)),
        ],
        ids=["text", "log", "warning", "end of log", "bug", "error"],
    )
    def test_spells(self, show: object, capsys: pytest.CaptureFixture[str]) -> None:
        """Control characters, and text that rich would take for its markup."""
        assert callable(show)
        show(f"[bold]x[/bold] {EVIL} https://me:s3cret@host/?token=s3cret")
        printed = "".join(capsys.readouterr())
        assert "[bold]x[/bold] " in printed
        assert SPELT.split(" ", maxsplit=1)[0] in printed
        assert not any(raw in printed for raw in RAW)
        assert "s3cret" not in printed

    def test_colours_of_a_log_are_left_out(self, capsys: pytest.CaptureFixture[str]) -> None:
        """They are a program's, and its words stay."""
        report.log("\x1b[31mred\x1b[0m words")
        assert capsys.readouterr().err == "red words\n"

    def test_json(self, capsys: pytest.CaptureFixture[str]) -> None:
        """It escapes as JSON does, and reads back as the same."""
        report_json.show({"words": EVIL, 1: "https://me:s3cret@h"})
        printed = capsys.readouterr().out
        assert printed.isascii()
        assert not any(raw in printed for raw in RAW)
        assert json.loads(printed) == {"words": EVIL, "1": "https://***@h"}

    def test_a_folder_is_entered_by_a_command_of_one_line(self) -> None:
        """As bash reads it."""
        name = "two\nlines 'quoted' \x1b]0;x\x07"
        quoted = shell.quoted(name)
        assert quoted.isprintable()
        done = subprocess.run(
            ["bash", "-c", f"printf %s {quoted}"], capture_output=True, check=True
        )
        assert done.stdout.decode() == name


def test_a_starter_s_help(inline: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its questions are a part of --help."""
    from dockgen import questions

    asked = questions.Question("x", "str", f"What? {EVIL}", EVIL, (), False)
    monkeypatch.setattr(questions, "load", lambda *_: (asked,))
    printed = inline("new", "--help").stdout
    assert r"\x1b]52;c;cHduZWQ=" in printed
    assert not any(raw in printed for raw in RAW)


def test_a_question_on_the_terminal() -> None:
    """prompt_toolkit spells control characters; the other ones are added."""
    from prompt_toolkit.layout.screen import Char

    report.prepare_prompts()
    for raw in "\x1b\x9b\u202e\u2066\u2028\x07":
        assert Char(raw).char != raw


@table(
    ("address", "shown", "plain"),
    [
        ("https://u:p@h/x", "https://***@h/x", "https://h/x"),
        ("https://token@h/x", "https://***@h/x", "https://h/x"),
        ("git+https://u:p@h/x", "git+https://***@h/x", "git+https://h/x"),
        ("https://u:p@q@h/x", "https://***@h/x", "https://h/x"),
        ("HTTPS://u:p@h/x", "HTTPS://***@h/x", "HTTPS://h/x"),
        ("https://h/x?a=1&t=2", "https://h/x?a=***&t=***", "https://h/x"),
        ("https://h/x?secret", "https://h/x?***", "https://h/x"),
        ("ssh://git@h/x", "ssh://git@h/x", "ssh://git@h/x"),
        ("ssh://git:p@h/x", "ssh://git:***@h/x", "ssh://git@h/x"),
        ("git@h:x", "git@h:x", "git@h:x"),
        ("/a/path", "/a/path", "/a/path"),
    ],
)
def test_addresses(address: str, shown: str, plain: str) -> None:
    """Masked in words around them, too; and masking twice changes nothing."""
    assert masked(f"fatal: '{address}' is gone") == f"fatal: '{shown}' is gone"
    assert masked(masked(address)) == shown
    assert without_credentials(address) == plain
