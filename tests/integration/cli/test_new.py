"""``dockgen new`` without a terminal: what it makes and says, and its own process."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from dockgen import matrix
from dockgen.matrix import Cell
from dockgen.signals import ENDINGS
from tests.conftest import PLAIN, ROOT, Render, Run, each_cell, tree
from tests.table import table


def flags(cell: Cell) -> list[str]:
    """Return the flags that choose a cell."""
    return ["--language", cell.language, "--flavor", cell.flavor]


@each_cell()
def test_makes_a_project(inline: Run, tmp_path: Path, cell: Cell) -> None:
    """Every cell is made by two flags; the answers file records what was chosen."""
    done = inline("new", "my-app", *flags(cell))
    assert (done.returncode, done.stderr) == (0, "")
    answers = yaml.safe_load((tmp_path / "my-app/.copier-answers.yml").read_text())
    assert (answers["name"], answers["language"], answers["flavor"]) == (
        "my-app",
        cell.language,
        cell.flavor,
    )


@pytest.mark.parametrize("cell", ["go-slim", "python-alpine", "node-scratch"])
def test_a_process_makes_the_same(
    dockgen: Run, rendered_project: Render, tmp_path: Path, cell: str
) -> None:
    """To the byte: what the tests remember of templates (tests/recall.py) changes nothing."""
    done = dockgen("new", "my-app", *flags(Cell.parse(cell)))
    assert (done.returncode, done.stderr) == (0, "")
    assert tree(tmp_path / "my-app") == tree(rendered_project(Cell.parse(cell)))


def test_says_what_it_made_the_size_to_expect_and_what_comes_next(inline: Run) -> None:
    """The end of a run: the tree, the size, two commands."""
    lines = inline("new", "my-app", "--defaults").stdout.splitlines()
    assert lines[0] == "Created my-app (python on slim)"
    assert "├── Dockerfile" in lines
    assert any(line.startswith("The image: at most 125 MB unpacked") for line in lines)
    assert lines[-3:] == ["Next:", "  cd my-app", "  docker compose up --build --wait"]


def test_defaults_are_python_on_slim(inline: Run, tmp_path: Path) -> None:
    """--defaults asks nothing and needs no other flag."""
    assert inline("new", "my-app", "--defaults").returncode == 0
    answers = yaml.safe_load((tmp_path / "my-app/.copier-answers.yml").read_text())
    assert answers == {
        "_commit": answers["_commit"],
        "_src_path": "https://dockgen.invalid/dockgen.git",
        "name": "my-app",
        "language": "python",
        "flavor": "slim",
        "cgo": False,
        "language_version": "3.14",
        "port": 8080,
        "registry": "",
        "kind": "service",
        "framework": "fastapi",
        "package_manager": "pip",
        "runtime_packages": [],
        "compose_name": True,
        "ci": "none",
        "labels": {},
        "ca_certificates": "",
        "policy": {},
        "private_dependencies": "none",
        "private_host": "",
        "package_index": "",
        "build_ca": False,
        "unmanaged": [],
    }


@table(
    ("arguments", "named"),
    [
        ([], ["--language", "--flavor"]),
        (["--language", "go"], ["--flavor"]),
        (["--flavor", "slim"], ["--language"]),
        (["--json"], ["--language", "--flavor"]),
    ],
)
def test_without_a_terminal_a_missing_answer_is_named(
    inline: Run, cwd: Path, arguments: list[str], named: list[str]
) -> None:
    """It never prompts and never hangs: exit 2, and the flags to add."""
    done = inline("new", "my-app", *arguments)
    assert done.returncode == 2
    assert [flag for flag in ("--language", "--flavor") if f"no {flag}" in done.stderr] == named
    assert list(cwd.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "flavor"), [((), "scratch"), (("--cgo", "yes"), "slim")], ids=["plain", "cgo"]
)
def test_the_default_flavor_of_go_is_one_that_works(
    inline: Run, tmp_path: Path, arguments: tuple[str, ...], flavor: str
) -> None:
    """The smallest, unless the program calls C."""
    done = inline("new", "my-app", "--language", "go", "--defaults", *arguments)
    assert done.returncode == 0, done.stderr
    answers = yaml.safe_load((tmp_path / "my-app/.copier-answers.yml").read_text())
    assert answers["flavor"] == flavor


@pytest.mark.parametrize("options", [(), ("--defaults",)], ids=["bare", "defaults"])
def test_without_a_terminal_a_directory_is_needed(dockgen: Run, options: tuple[str, ...]) -> None:
    """There is no terminal to prompt for the name."""
    done = dockgen("new", *options)
    assert done.returncode == 2
    assert "DIRECTORY is missing" in done.stderr


def test_a_name_alone_names_the_directory(inline: Run, tmp_path: Path) -> None:
    """--name does for both."""
    assert inline("new", "--name", "my-app", "--defaults").returncode == 0
    assert (tmp_path / "my-app/Dockerfile").is_file()


@table(
    ("directory", "name"),
    [
        ("My Shop_2", "my-shop-2"),
        ("123", "app"),
        ("42-things-", "things"),
        ("Ünïcode", "n-code"),
        ("x" * 80, "x" * 63),
        ("a" * 62 + "--b", "a" * 62),
    ],
)
def test_the_name_is_made_from_the_directory(
    inline: Run, cwd: Path, directory: str, name: str
) -> None:
    """Any folder name gives a name that is good for an image, a package and a module."""
    assert inline("new", directory, "--defaults").returncode == 0
    answers = yaml.safe_load((cwd / directory / ".copier-answers.yml").read_text())
    assert answers["name"] == name


@table(
    "name",
    ["", "-rf", "Upper", "dot.dot", "a/b", "a\nb", "a\n", "end-", "9lives", "x" * 64, "$(id)", "é"],
)
def test_a_bad_name_is_refused(inline: Run, cwd: Path, name: str) -> None:
    """Names are allow-listed: everything else is one clear line, and nothing on disk."""
    done = inline("new", "target", "--defaults", f"--name={name}")
    assert done.returncode == 2
    assert done.stderr.startswith("error: name: use up to 63 lower-case letters, digits and dashes")
    assert list(cwd.iterdir()) == []


@table(
    ("flag", "value", "message"),
    [
        ("--port", "80", "port: 1024 to 65535"),
        ("--port", "70000", "port: 1024 to 65535"),
        ("--port", "http", "--port is 'http', and port is a whole number"),
        ("--language-version", "latest", "language_version: use digits and dots"),
        ("--language-version", "3.14\nRUN evil", "language_version: use digits and dots"),
        ("--registry", "https://x", "registry: use a host with an optional port and path"),
        ("--registry", "x/", "registry: use a host with an optional port and path"),
        ("--registry", "x\nRUN evil", "registry: use a host with an optional port and path"),
        ("--runtime-packages", "a\\nRUN", "runtime_packages: "),
        ("--unmanaged", "Dockerfile", "unmanaged: use a list of paths"),
        ("--unmanaged", "[1]", "unmanaged: each path must be one line of text"),
        ("--language", "cobol", "Invalid value for '--language': 'cobol' is not one of"),
        ("--flavor", "distroless", "Invalid value for '--flavor': 'distroless' is not one of"),
    ],
)
def test_a_bad_answer_is_refused(
    inline: Run, cwd: Path, flag: str, value: str, message: str
) -> None:
    """The message names the question and what it takes; nothing is written."""
    done = inline("new", "my-app", "--defaults", flag, value)
    assert done.returncode == 2
    assert message in done.stderr
    assert list(cwd.iterdir()) == []


def test_every_answer_is_a_flag(inline: Run, tmp_path: Path) -> None:
    """Flags reach the files they are for."""
    arguments = ["--port", "9000", "--language-version", "3.13", "--registry", "mirror.invalid/hub"]
    assert inline("new", "my-app", "--defaults", *arguments).returncode == 0
    dockerfile = (tmp_path / "my-app/Dockerfile").read_text()
    assert "FROM mirror.invalid/hub/python:3.13-slim" in dockerfile
    assert "EXPOSE 9000" in dockerfile


def test_answers_come_from_a_file(inline: Run, tmp_path: Path) -> None:
    """An answers file can replace every flag."""
    (tmp_path / "team.yml").write_text("language: go\nflavor: scratch\nport: 9000\n")
    assert inline("new", "my-app", "--answers-file", "team.yml").returncode == 0
    assert "EXPOSE 9000" in (tmp_path / "my-app/Dockerfile").read_text()


def test_unmanaged_files_are_left_out(inline: Run, tmp_path: Path) -> None:
    """A project may keep a file to itself."""
    done = inline("new", "my-app", "--defaults", "-d", "unmanaged=[compose.yaml, app/main.py]")
    assert done.returncode == 0
    files = tree(tmp_path / "my-app")
    assert not {"compose.yaml", "app/main.py"} & set(files)
    assert "app/__init__.py" in files


def test_json_tells_programs_the_same(inline: Run, tmp_path: Path) -> None:
    """One object on standard output: where, what, which version, what next."""
    facts = json.loads(inline("new", "my-app", "--defaults", "--json").stdout)
    made = tmp_path / "my-app"
    assert facts["directory"] == str(made)
    assert facts["files"] == sorted(tree(made))
    assert facts["limit_mb"] == 125
    assert facts["answers"]["language"] == "python"
    assert facts["template_version"] in (made / ".copier-answers.yml").read_text()
    assert facts["next"] == ["cd my-app", "docker compose up --build --wait"]


@pytest.mark.parametrize("wish", ["FORCE_COLOR", "TTY_COMPATIBLE", "CLICOLOR_FORCE"])
def test_no_colours_where_nobody_looks(inline: Run, wish: str) -> None:
    """Output to files and programs is plain, even if a CI forces colours for all jobs."""
    done = inline("new", "my-app", "--defaults", "--dry-run", environment={wish: "1"})
    assert done.stdout.startswith("Would create my-app")
    assert "\x1b" not in done.stdout + done.stderr


def test_an_answer_that_is_neither_yes_nor_no(inline: Run) -> None:
    """The line below says what would be one."""
    done = inline("new", "my-app", "--language", "go", "--flavor", "slim", "--cgo", "maybe")
    assert done.returncode == 2
    assert done.stderr == (
        "error: --cgo is 'maybe', and cgo is yes or no\n  try: for example: --cgo no\n"
    )


def test_the_documentation_names_all_that_json_tells(inline: Run) -> None:
    """Each fact, and no other one."""
    facts = json.loads(inline("new", "my-app", "--defaults", "--dry-run", "--json").stdout)
    page = (ROOT / "docs/how-it-works.md").read_text()
    section = page.partition("## For programs\n")[2].partition(". A dry run")[0]
    named = set(re.findall(r"`(\w+)`", section))
    assert named - {"null"} == set(facts)


def test_a_dry_run_shows_the_tree_and_writes_nothing(inline: Run, tmp_path: Path) -> None:
    """The tree is the one that a real run makes."""
    planned = inline("new", "my-app", "--defaults", "--dry-run")
    assert planned.returncode == 0
    assert list(tmp_path.iterdir()) == []
    made = inline("new", "my-app", "--defaults")

    def branches(output: str) -> list[str]:
        return [line for line in output.splitlines() if "── " in line]

    assert branches(planned.stdout) == branches(made.stdout)
    assert len(branches(made.stdout)) >= len(tree(tmp_path / "my-app"))


def test_a_dry_run_refuses_what_a_real_run_refuses(inline: Run, tmp_path: Path) -> None:
    """It would be no use otherwise."""
    (tmp_path / "file").touch()
    done = inline("new", ".", "--defaults", "--dry-run")
    assert done.returncode == 3


def test_a_target_with_something_in_it_is_refused(inline: Run, tmp_path: Path) -> None:
    """Exit 3 with a hint, and what was there is untouched."""
    (tmp_path / "my-app").mkdir()
    (tmp_path / "my-app/Dockerfile").write_text("mine\n")
    done = inline("new", "my-app", "--defaults")
    assert done.returncode == 3
    assert "exists and isn't empty" in done.stderr
    assert "try: use a directory that doesn't exist yet" in done.stderr
    assert tree(tmp_path) == {"my-app/Dockerfile": b"mine\n"}


def test_a_link_to_nothing_is_not_written_through(inline: Run, tmp_path: Path) -> None:
    """Where it leads may be a mistake, so it is refused and nothing appears there."""
    (tmp_path / "my-app").symlink_to(tmp_path / "nowhere")
    done = inline("new", "my-app", "--defaults")
    assert done.returncode == 3
    assert "is a link to nothing" in done.stderr
    assert not (tmp_path / "nowhere").exists()


def test_the_folder_above_can_be_the_target(inline: Run) -> None:
    """A path may go up; the folder's own name still gives the name."""
    done = inline("new", "missing/../my-app", "--defaults", "--json")
    assert done.returncode == 0
    assert json.loads(done.stdout)["answers"]["name"] == "my-app"


def test_the_current_folder_can_be_the_target(inline: Run, tmp_path: Path) -> None:
    """``dockgen new .`` in an empty folder."""
    assert inline("new", ".", "--name", "my-app", "--defaults").returncode == 0
    assert (tmp_path / "Dockerfile").is_file()


def test_a_full_disk_leaves_the_target_as_it_was(tmp_path: Path) -> None:
    """On a real file system of 32 kB: exit 3, one line, nothing left behind."""
    disk = tmp_path / "disk"
    disk.mkdir()
    script = (
        f"mount -t tmpfs -o size=32k tmpfs {disk} && cd {disk} && touch mine && "
        f"{sys.executable} -m dockgen new my-app --defaults; echo $? > {tmp_path}/code; "
        f"ls -A {disk} > {tmp_path}/left"
    )
    unshare = ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--map-root-user"])]
    done = subprocess.run(
        [*unshare, "sh", "-c", script], env=PLAIN, capture_output=True, text=True, timeout=60
    )
    assert (tmp_path / "code").read_text() == "3\n", done.stderr
    assert "No space left on device" in done.stderr
    assert "Traceback" not in done.stderr
    assert (tmp_path / "left").read_text() == "mine\n"


@pytest.mark.parametrize(
    ("number", "code"),
    [(number, 128 + number) for number in ENDINGS],
    ids=[number.name for number in ENDINGS],
)
def test_a_signal_leaves_the_target_as_it_was(
    tmp_path: Path, number: signal.Signals, code: int
) -> None:
    """In the middle of the work: the documented exit code, one line, nothing left behind."""
    # A git that stops at the first clone and waits, so the signal surely comes in the middle.
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "git").write_text(
        f'#!/bin/sh\ncase "$*" in *clone*) echo here > {gate}; exec cat {gate};; esac\n'
        'PATH=${PATH#*:}; exec git "$@"\n'
    )
    (programs / "git").chmod(0o755)
    work = tmp_path / "work"
    work.mkdir()
    process = subprocess.Popen(
        [sys.executable, "-m", "dockgen", "new", "my-app", "--defaults"],
        cwd=work,
        env=PLAIN | {"PATH": f"{programs}:{PLAIN['PATH']}", "TMPDIR": str(tmp_path)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert gate.read_text() == "here\n"
    process.send_signal(number)
    _, complaint = process.communicate(timeout=30)
    # A git that is still stopped goes on, and ends; one that ended already has no reader there.
    with contextlib.suppress(OSError):
        os.close(os.open(gate, os.O_WRONLY | os.O_NONBLOCK))
    assert process.returncode == code
    assert complaint.count("\n") == 1
    assert "no files were left behind" in complaint
    assert list(work.iterdir()) == []
    assert [entry for entry in tmp_path.iterdir() if entry.name.startswith("dockgen-")] == []


def test_what_is_ignored_stays_ignored(tmp_path: Path) -> None:
    """As nohup asks for SIGHUP: a terminal that closes doesn't end an update of all projects."""
    script = """
import signal, sys
signal.signal(signal.SIGHUP, signal.SIG_IGN)
from dockgen.cli import main
code = main(["--version"])
signal.raise_signal(signal.SIGHUP)
sys.exit(code)
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, env=PLAIN, check=False)
    assert done.returncode == 0


def test_git_is_needed(dockgen: Run, tmp_path: Path) -> None:
    """Exit 4, and what to install."""
    done = dockgen("new", "my-app", "--defaults", environment={"PATH": "/nonexistent"})
    assert done.returncode == 4
    assert "git is missing" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_person_s_git_and_copier_settings_decide_nothing(dockgen: Run, tmp_path: Path) -> None:
    """Neither a strict git nor a stray copier default gets in the way."""
    home = tmp_path / "home"
    (home / ".config/copier").mkdir(parents=True)
    (home / ".config/copier/settings.yml").write_text("defaults: {language: cobol, port: x}\n")
    (home / ".gitconfig").write_text(
        '[protocol "file"]\n\tallow = never\n[core]\n\tautocrlf = true\n'
        '[url "git@example.invalid:"]\n\tinsteadOf = https://\n'
    )
    done = dockgen("new", "my-app", "--defaults", environment={"HOME": str(home)})
    assert (done.returncode, done.stderr) == (0, "")
    assert b"\r" not in (tmp_path / "my-app/Dockerfile").read_bytes()


def test_the_same_answers_give_the_same_bytes(dockgen: Run, tmp_path: Path) -> None:
    """Locale, time zone and hash seed change nothing."""
    for number, environment in enumerate(
        [{}, {"LC_ALL": "C", "TZ": "Asia/Tokyo", "PYTHONHASHSEED": "7"}]
    ):
        folder = tmp_path / str(number)
        folder.mkdir()
        done = dockgen("new", f"{number}/my-app", "--defaults", environment=environment)
        assert done.returncode == 0
    assert tree(tmp_path / "0") == tree(tmp_path / "1")


def test_help_has_examples(dockgen: Run) -> None:
    """Each command's help has them, too."""
    assert "dockgen new my-app --language go --flavor scratch\n" in dockgen("--help").stdout
    assert "dockgen new my-app --defaults --dry-run\n" in dockgen("new", "--help").stdout


def test_version(dockgen: Run) -> None:
    """One line."""
    from dockgen import __version__

    assert dockgen("--version").stdout == f"dockgen {__version__}\n"


def test_an_unknown_flag_is_named(dockgen: Run) -> None:
    """Exit 2, with the way to the help."""
    done = dockgen("new", "--colour", "red")
    assert done.returncode == 2
    assert done.stderr.startswith("error: No such option '--colour'")
    assert done.stderr.endswith("\n  try: dockgen new --help\n")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(dockgen: Run, shell: str) -> None:
    """The script is printed; bash, which every machine here has, can read it."""
    done = dockgen("completion", shell)
    assert done.returncode == 0
    assert "_DOCKGEN_COMPLETE" in done.stdout
    if shell == "bash":
        subprocess.run(["bash", "-n"], input=done.stdout, text=True, check=True)


@pytest.mark.parametrize(("shell", "at"), [("bash", "3"), ("zsh", "3"), ("fish", "")])
def test_completion_answers_each_shell(dockgen: Run, shell: str, at: str) -> None:
    """In the form that its script reads: fish gives the word begun, the others its number."""
    words = "dockgen new --language" + ("" if shell == "fish" else " ")
    asked = {"_DOCKGEN_COMPLETE": f"{shell}_complete", "COMP_WORDS": words, "COMP_CWORD": at}
    offered = dockgen(environment=asked).stdout
    # zsh has a line each for the kind, the word and its description, which is missing.
    form = {"bash": "plain,{}\n", "zsh": "plain\n{}\n_\n", "fish": "plain,{}\n"}[shell]
    assert offered == "".join(form.format(language) for language in matrix.Language)


@pytest.mark.parametrize(("begun", "offered"), [("--fl", "plain,--flavor\n"), ("", "file,\n")])
def test_completion_knows_the_flags(dockgen: Run, begun: str, offered: str) -> None:
    """Right behind the command, too, where a folder may stand as well."""
    asked = {
        "_DOCKGEN_COMPLETE": "bash_complete",
        "COMP_WORDS": f"dockgen new {begun}",
        "COMP_CWORD": "2",
    }
    done = dockgen(environment=asked)
    assert (done.returncode, done.stdout, done.stderr) == (0, offered, "")


@pytest.mark.parametrize("group", [(), ("starter",), ("team",)], ids=["dockgen", "starter", "team"])
def test_a_group_alone_shows_its_help(dockgen: Run, group: tuple[str, ...]) -> None:
    """As it is written, on standard error: nothing was asked for."""
    done = dockgen(*group)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == dockgen(*group, "--help").stdout


def test_a_reader_that_goes_away_is_no_error() -> None:
    """``dockgen --help | head -1`` ends quietly."""
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {sys.executable} -m dockgen new --help | true"],
        env=PLAIN, capture_output=True, text=True, timeout=30,
    )  # fmt: skip
    assert done.stderr == ""
