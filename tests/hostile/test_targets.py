"""Hostile targets and machines: a one-line error names the obstacle, and nothing is left behind."""

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

from dockgen import apply, template
from dockgen.cli import main
from dockgen.errors import ProjectError
from tests.conftest import PLAIN, Run, tree
from tests.faults import each
from tests.table import table

NEW = [sys.executable, "-m", "dockgen", "new"]
UNSHARE = ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--map-root-user"])]


def assert_refused(done: "subprocess.CompletedProcess[str]", code: int, words: str) -> None:
    """Check for a one-line error, a one-line hint, and no traceback."""
    assert done.returncode == code, done.stderr
    lines = done.stderr.splitlines()
    assert words in lines[0]
    assert [line.split(":")[0].strip() for line in lines] == ["error", "try"]


def in_shell(script: str, cwd: Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Run bash with ``dockgen`` as the command."""
    return subprocess.run(
        ["bash", "-c", f'dockgen() {{ "{sys.executable}" -m dockgen "$@"; }}\n{script}'],
        cwd=cwd, env=PLAIN | environment, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


@contextmanager
def nobody() -> Iterator[None]:
    """Drop root's right to access everything."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


FOLDERS = (
    *("two words", "two\nlines", "ünï\u0301 🐳", "a\u202eb", "$(touch canary)", "`id`", "a'b\"c"),
    *("{{ 7 * 7 }}", "%s", "[red]x", "a\x1b[31mb", "~", "#", "...", "con", "x" * 255),
)


def test_folders_of_any_name(quick: Run, tmp_path: Path) -> None:
    """The project is in there and nowhere else, and the next command leads into it."""
    for folder in FOLDERS:
        done = quick("new", folder, "--defaults", "--json")
        assert (done.returncode, done.stderr) == (0, ""), folder
        facts = json.loads(done.stdout)
        assert facts["directory"] == str(tmp_path / folder)
        entered = in_shell(f"{facts['next'][0]} && pwd", tmp_path)
        assert entered.stdout == f"{tmp_path / folder}\n"
    assert {entry.name for entry in tmp_path.iterdir()} == set(FOLDERS)


@pytest.mark.parametrize("folder", ["two\nlines", "a\x1b[31mb", "a\u202eb"])
def test_a_terminal_is_told_nothing_by_a_folder(quick: Run, folder: str) -> None:
    """Control characters are escaped, in reports and in errors."""
    made = quick("new", folder, "--defaults")
    assert made.stdout.splitlines()[0].isprintable()
    again = quick("new", folder, "--defaults")
    assert_refused(again, 3, "exists and isn't empty")
    assert all(line.isprintable() for line in again.stderr.splitlines())


def test_a_folder_that_looks_like_an_option(quick: Run, tmp_path: Path) -> None:
    """Behind ``--``, as with any program; the next command can be typed, too."""
    facts = json.loads(quick("new", "--defaults", "--json", "--", "-rf").stdout)
    assert facts["next"][0] == "cd ./-rf"
    assert (tmp_path / "-rf/Dockerfile").is_file()


def test_a_folder_whose_name_is_no_text(tmp_path: Path) -> None:
    """Linux allows any byte but two."""
    name = b"caf\xe9"
    done = subprocess.run([*NEW, name, "--defaults"], cwd=tmp_path, env=PLAIN, capture_output=True)
    assert done.returncode == 0, done.stderr
    answers = yaml.safe_load((tmp_path / os.fsdecode(name) / ".copier-answers.yml").read_text())
    assert answers["name"] == "caf"


@pytest.mark.parametrize("folder", ["x" * 256, "deep/" * 1000 + "x"], ids=["name", "path"])
def test_a_path_that_is_too_long(quick: Run, tmp_path: Path, folder: str) -> None:
    """The file system's own words."""
    assert_refused(quick("new", folder, "--defaults"), 3, "File name too long")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["x" * 300, "../a", "/tmp", "a/b", "."])
def test_a_name_is_not_taken_for_a_path(quick: Run, tmp_path: Path, name: str) -> None:
    """Without a directory the name gives it, once it is known to be a name."""
    assert_refused(quick("new", "--defaults", "--name", name), 2, "error: name: ")
    assert list(tmp_path.iterdir()) == []


def test_a_name_that_exists_is_not_overwritten(quick: Run, tmp_path: Path) -> None:
    """As with a directory."""
    (tmp_path / "my-app").write_text("mine")
    assert_refused(quick("new", "--defaults", "--name=my-app"), 3, "isn't a directory")
    assert tree(tmp_path) == {"my-app": b"mine"}


def test_no_folder_is_not_this_folder(quick: Run, tmp_path: Path) -> None:
    """`dockgen new "$TARGET"` with nothing in it."""
    assert_refused(quick("new", "", "--defaults"), 2, "it is empty")
    assert list(tmp_path.iterdir()) == []


def test_the_root_is_not_empty(quick: Run) -> None:
    """So it can't be a target."""
    assert_refused(quick("new", "/", "--defaults"), 3, "/ exists and isn't empty")


@pytest.mark.parametrize("target", ["link", "link/my-app"], ids=["target", "parent"])
@pytest.mark.parametrize("to", ["link", "nowhere", "file"], ids=["loop", "dangling", "file"])
def test_a_link_that_leads_to_no_folder(quick: Run, tmp_path: Path, to: str, target: str) -> None:
    """Nothing is written through it, and it stays."""
    (tmp_path / "file").write_text("mine")
    (tmp_path / "link").symlink_to(to)
    done = quick("new", target, "--defaults")
    assert done.returncode == 3
    assert "Traceback" not in done.stderr
    assert (tmp_path / "link").readlink() == Path(to)
    assert {entry.name for entry in tmp_path.iterdir()} == {"file", "link"}


def test_a_link_above_the_target_is_followed(quick: Run, tmp_path: Path) -> None:
    """Every program follows it."""
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    assert quick("new", "link/my-app", "--defaults").returncode == 0
    assert (tmp_path / "real/my-app/Dockerfile").is_file()


def test_a_link_to_an_empty_folder_elsewhere_is_followed(quick: Run, tmp_path: Path) -> None:
    """The project goes where the link leads; the link stays."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "here").mkdir()
    (tmp_path / "here/my-app").symlink_to(tmp_path / "elsewhere")
    assert quick("new", "here/my-app", "--defaults").returncode == 0
    assert (tmp_path / "here/my-app").readlink() == tmp_path / "elsewhere"
    assert (tmp_path / "elsewhere/Dockerfile").is_file()
    assert [entry.name for entry in (tmp_path / "here").iterdir()] == ["my-app"]


def test_a_link_to_a_folder_in_use_is_not(quick: Run, tmp_path: Path) -> None:
    """Nothing is added to the folder outside."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/file").write_text("mine")
    (tmp_path / "my-app").symlink_to("elsewhere")
    assert_refused(quick("new", "my-app", "--defaults"), 3, "exists and isn't empty")
    assert (tmp_path / "my-app").readlink() == Path("elsewhere")
    assert tree(tmp_path / "elsewhere") == {"file": b"mine"}


@pytest.mark.parametrize("place", ["target", "in-the-target"])
def test_a_hard_link_to_a_file_outside(quick: Run, tmp_path: Path, place: str) -> None:
    """A file with two names isn't written through either."""
    outside = tmp_path / "outside"
    outside.write_text("mine")
    (tmp_path / "work").mkdir()
    link = tmp_path / "work/my-app"
    if place == "in-the-target":
        link.mkdir()
        link /= "Dockerfile"
    link.hardlink_to(outside)
    before = outside.stat()
    words = {"target": "isn't a directory", "in-the-target": "isn't empty"}[place]
    assert_refused(quick("new", "work/my-app", "--defaults"), 3, words)
    assert outside.read_text() == "mine"
    assert (outside.stat().st_ino, outside.stat().st_nlink) == (before.st_ino, 2)
    assert link.samefile(outside)


def bare(folder: Path) -> None:
    """Make a repository without files of its own: the target is its git folder."""
    subprocess.run(["git", "init", "--quiet", "--bare", folder], check=True)


def only_git(folder: Path) -> None:
    """Make an empty repository."""
    subprocess.run(["git", "init", "--quiet", folder], check=True)


def git_file(folder: Path) -> None:
    """As a submodule or a worktree has it."""
    bare(folder.parent / "elsewhere.git")
    folder.mkdir()
    (folder / ".git").write_text("gitdir: ../elsewhere.git\n")


@pytest.mark.parametrize("repository", [only_git, git_file, bare])
def test_a_repository_without_files(
    quick: Run, tmp_path: Path, repository: Callable[[Path], None]
) -> None:
    """It isn't empty, and all of its files stay as they are."""
    repository(tmp_path / "my-app")
    before, names = tree(tmp_path), sorted(tmp_path.rglob("*"))
    assert_refused(quick("new", "my-app", "--defaults"), 3, "exists and isn't empty")
    assert (tree(tmp_path), sorted(tmp_path.rglob("*"))) == (before, names)


@pytest.mark.parametrize(
    "make", [os.mkfifo, lambda path: Path(path).touch(0o000)], ids=["fifo", "0000"]
)
def test_what_is_no_folder(quick: Run, tmp_path: Path, make: Callable[[Path], None]) -> None:
    """It is neither opened nor replaced."""
    make(tmp_path / "my-app")
    before = (tmp_path / "my-app").lstat()
    assert_refused(quick("new", "my-app", "--defaults"), 3, "isn't a directory")
    assert (tmp_path / "my-app").lstat() == before


@pytest.mark.parametrize("mode", [0o000, 0o444], ids=["0000", "0444"])
def test_a_parent_that_nobody_may_enter(tmp_path: Path, mode: int) -> None:
    """Its content is unknown."""
    (tmp_path / "closed").mkdir(mode=mode)
    with nobody(), pytest.raises(ProjectError, match="Permission denied"):
        apply.check_target(tmp_path / "closed/my-app")


def test_a_parent_that_nobody_may_write_to() -> None:
    """Nothing is made, not even for a moment."""
    with tempfile.TemporaryDirectory() as folder:  # pytest's own can't be entered by nobody
        Path(folder).chmod(0o555)
        with (
            nobody(),
            pytest.raises(ProjectError, match="Permission denied"),
            apply.staging(Path(folder) / "my-app"),
        ):
            pass
        assert list(Path(folder).iterdir()) == []
        Path(folder).chmod(0o755)


# For root alone: starts a program without the right to pass by a mode, which no one else has.
WITHOUT_RIGHTS = [
    "setpriv",
    "--bounding-set=-dac_override,-dac_read_search",
    "--inh-caps=-dac_override,-dac_read_search",
]


@pytest.mark.parametrize("target", ["closed/my-app", "closed/deep/my-app", "closed"])
def test_a_closed_parent_on_the_command_line(tmp_path: Path, target: str) -> None:
    """Mode 0555: one line, and nothing is made in there."""
    (tmp_path / "closed").mkdir(mode=0o555)
    without = WITHOUT_RIGHTS if os.geteuid() == 0 else []
    done = subprocess.run(
        [*without, *NEW, target, "--defaults"], cwd=tmp_path, env=PLAIN, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert_refused(done, 3, "Permission denied")
    assert [entry.name for entry in tmp_path.rglob("*")] == ["closed"]
    assert (tmp_path / "closed").stat().st_mode & 0o777 == 0o555


def test_an_open_parent_without_rights(tmp_path: Path) -> None:
    """Mode 0755 is enough: what is refused above is so for the mode's sake."""
    (tmp_path / "open").mkdir(mode=0o755)
    without = WITHOUT_RIGHTS if os.geteuid() == 0 else []
    done = subprocess.run(
        [*without, *NEW, "open/my-app", "--defaults"], cwd=tmp_path, env=PLAIN,
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "open/my-app/Dockerfile").is_file()


def test_a_read_only_disk(tmp_path: Path) -> None:
    """Missing parent folders don't matter."""
    script = (
        f"mount -t tmpfs -o ro tmpfs {tmp_path} && {' '.join(NEW)} {tmp_path}/one/two --defaults"
    )
    done = subprocess.run(
        [*UNSHARE, "sh", "-c", script], env=PLAIN, capture_output=True, text=True, timeout=60
    )
    assert_refused(done, 3, "Read-only file system")


@table("size", ["48k", "200k", "400k", "800k"])
def test_a_temporary_folder_that_is_full(tmp_path: Path, size: str) -> None:
    """The result is a one-line error, whichever program runs out of space."""
    small, work = tmp_path / "small", tmp_path / "work"
    small.mkdir()
    work.mkdir()
    script = (
        f"mount -t tmpfs -o size={size} tmpfs {small} && "
        f"TMPDIR={small} {' '.join(NEW)} {work}/my-app --defaults; code=$?; "
        f"ls -A {small}; exit $code"
    )
    done = subprocess.run(
        [*UNSHARE, "sh", "-c", script], env=PLAIN, capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stdout) == (3, ""), done.stderr
    assert "Traceback" not in done.stderr
    assert list(work.iterdir()) == []


def test_no_temporary_folder_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Python has no number for that error."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setattr(tempfile, "_candidate_tempdir_list", lambda: ["/proc/nowhere"])
    assert main(["new", "my-app", "--defaults"]) == 3
    assert "No usable temporary directory" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "arguments", ["new my-app --defaults", "new . --defaults", "check", "update", "team show"]
)
def test_a_current_folder_that_is_gone(tmp_path: Path, arguments: str) -> None:
    """Someone removed what the shell is in."""
    done = in_shell(f"mkdir gone && cd gone && rmdir ../gone && dockgen {arguments}", tmp_path)
    assert_refused(done, 3, "the current folder can't be used")


@table("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_closed_stream(tmp_path: Path, closed: str) -> None:
    """As services and cron jobs have it: the project is made, and no file takes its number."""
    done = in_shell(f"dockgen new my-app --defaults {closed}", tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert b"Created" not in b"".join(tree(tmp_path).values())


@pytest.mark.parametrize("flag", ["", "--json"], ids=["text", "json"])
def test_an_output_that_is_full(tmp_path: Path, flag: str) -> None:
    """It is reported, because the output is incomplete."""
    done = in_shell(f"dockgen new my-app --defaults {flag} >/dev/full", tmp_path)
    assert_refused(done, 3, "No space left on device")


def test_errors_that_nobody_can_get(tmp_path: Path) -> None:
    """The exit code tells them."""
    done = in_shell("dockgen new / --defaults 2>/dev/full", tmp_path)
    assert (done.returncode, done.stdout) == (3, "")


@pytest.mark.parametrize("flag", ["", "--json"], ids=["text", "json"])
def test_a_reader_that_has_gone(tmp_path: Path, flag: str) -> None:
    """The project is made, and the exit code is that of a project that is made."""
    done = in_shell(f"set -o pipefail; dockgen new my-app --defaults {flag} | true", tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "my-app/Dockerfile").is_file()


def test_few_open_files(tmp_path: Path) -> None:
    """A few more than the three streams are enough to say what is missing."""
    done = in_shell("ulimit -n 8; dockgen new my-app --defaults", tmp_path)
    assert_refused(done, 3, "Too many open files")
    assert list(tmp_path.iterdir()) == []


def test_little_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Python may notice anywhere."""

    def refuse(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(template, "render", refuse)
    assert main(["new", "my-app", "--defaults"]) == 3
    assert "out of memory" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "home", ["", "/proc/nowhere", "/dev/null"], ids=["empty", "missing", "file"]
)
def test_a_home_that_is_none(quick: Run, tmp_path: Path, home: str) -> None:
    """Settings and caches are looked for in there, and nothing more."""
    folders = dict.fromkeys(("HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"), home)
    done = quick("new", "my-app", "--defaults", environment=folders)
    assert (done.returncode, done.stderr) == (0, "")
    assert [entry.name for entry in tmp_path.iterdir()] == ["my-app"]


@pytest.mark.parametrize("umask", [0o000, 0o027, 0o077], ids=oct)
def test_modes_are_git_s(tmp_path: Path, umask: int) -> None:
    """Executable bits are the same; the umask decides who may read a file, as with a clone."""
    done = subprocess.run(
        [*NEW, "my-app", "--defaults"], cwd=tmp_path, env=PLAIN, umask=umask,
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    for path in [tmp_path / "my-app", *(tmp_path / "my-app").rglob("*")]:
        full = 0o777 if path.is_dir() else 0o666
        assert path.stat().st_mode & 0o777 == full & ~umask, path


def test_of_runs_for_one_missing_target_one_wins(tmp_path: Path) -> None:
    """The others are refused in one line, and nothing is mixed."""
    processes = [
        subprocess.Popen(
            [*NEW, "my-app", "--defaults", "--port", str(9000 + number)],
            cwd=tmp_path, env=PLAIN, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for number in range(3)
    ]  # fmt: skip
    ended = [(process, *process.communicate(timeout=60)) for process in processes]
    (winner,) = [number for number, (one, *_) in enumerate(ended) if one.returncode == 0]
    assert [one.returncode for one, *_ in ended].count(3) == len(ended) - 1
    assert all("Traceback" not in errors for *_, errors in ended)
    for name in ("Dockerfile", "compose.yaml", "README.md", ".copier-answers.yml"):
        assert str(9000 + winner) in (tmp_path / "my-app" / name).read_text()
    assert [entry.name for entry in tmp_path.iterdir()] == ["my-app"]


# Sends itself a signal at the given change of a file system, and counts them all without one.
BREAKING = """
import os, signal, sys
at, number, seen = int(sys.argv.pop(1)), int(sys.argv.pop(1)), 0
CHANGES = {"os.mkdir", "os.rename", "os.remove", "os.rmdir", "shutil.rmtree", "subprocess.Popen"}
def watch(event, arguments):
    global seen
    if event in CHANGES or (event == "open" and arguments[2] & (os.O_WRONLY | os.O_RDWR)):
        seen += 1
        if seen == at:
            os.kill(os.getpid(), number)
from dockgen.cli import main
import tempfile
tempfile.gettempdir()  # where Python tries out each folder, with a file of its own
sys.addaudithook(watch)
code = main()
if not at:
    print(seen)
sys.exit(code)
"""


def broken(cwd: Path, at: int, number: int) -> "subprocess.CompletedProcess[str]":
    """`dockgen new`, with a signal at one of its changes of a file system."""
    (cwd / "temporary").mkdir(parents=True)
    (cwd / "work").mkdir()
    return subprocess.run(
        [sys.executable, "-c", BREAKING, str(at), str(number), "new", "my-app", "--defaults"],
        cwd=cwd / "work", env=PLAIN | {"TMPDIR": str(cwd / "temporary")},
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


@each
def test_a_signal_at_any_moment(tmp_path: Path, *, every: bool) -> None:
    """All of the project is there or nothing, and no temporary file."""
    whole = broken(tmp_path / "whole", 0, signal.SIGTERM)
    count = int(whole.stdout.splitlines()[-1])
    assert count > 50
    expected = tree(tmp_path / "whole/work")
    moments = {1, 2, *range(3, count, count // 4), *range(count - 3, count + 1)}
    if every:
        moments |= {*range(1, 5), *range(5, count, count // 16), *range(count - 6, count + 1)}
    for at in sorted(moments):
        number = (signal.SIGTERM, signal.SIGINT)[at % 2]
        done = broken(tmp_path / str(at), at, number)
        assert done.returncode == {signal.SIGTERM: 143, signal.SIGINT: 130}[number], at
        assert done.stderr.count("\n") == 1, f"{at}: {done.stderr}"
        left = tree(tmp_path / str(at) / "work")
        assert left in ({}, expected), at
        assert ("no files were left behind" in done.stderr) == (left == {}), at
        assert ("my-app was created in the meantime" in done.stderr) == (left == expected), at
        folders = [path.name for path in (tmp_path / str(at)).glob("*/*")]
        assert folders in ([], ["my-app"]), at
