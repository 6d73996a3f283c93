"""``dockgen add`` as a user runs it."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import ROOT, Run
from tests.integration.cli.test_prompts import DOWN, ENTER, Terminal

PROJECTS = ROOT / "tests/projects"


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
            "ignored",
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
    assert "package manager  poetry  --package-manager poetry; ignored uv.lock" in decided.stdout


def test_on_a_terminal_it_asks(tmp_path: Path) -> None:
    """Both are named with their place, and the choice holds."""
    shutil.copytree(PROJECTS / "python-two-services", tmp_path / "code")
    terminal = Terminal(tmp_path, "add", "--explain", "code")
    terminal.see("Which folder?")
    terminal.see("services/users  (app = Flask(…) in services/users/app.py:3)")
    terminal.press(DOWN, ENTER)
    terminal.see("gunicorn --bind 0.0.0.0:8000 app:app")
    assert terminal.end() == 0


def test_on_a_terminal_each_file_of_yours_is_decided(service: Path) -> None:
    """A diff is shown, and the choice holds; a proof is offered first."""
    terminal = Terminal(service.parent, "add", "shop")
    terminal.see("Build and test the image")
    terminal.press("n")
    terminal.see("+FROM")
    terminal.see("What to do with Dockerfile?")
    terminal.press(DOWN, ENTER)
    terminal.see("docker compose up")
    assert terminal.end() == 0
    assert 'CMD ["gunicorn"' in (service / "Dockerfile").read_text()


def test_a_flag_that_means_nothing_is_refused(inline: Run) -> None:
    """A port that is none, a folder outside, a step without a command."""
    for words in (["--port", "0"], ["--path", "../.."], ["--before", "migrate"], ["--cgo", "x"]):
        done = inline("add", "--explain", PROJECTS / "python-stdlib", *words)
        assert (done.returncode, words[0] in done.stderr) == (2, True), words


@pytest.fixture
def service(tmp_path: Path) -> Path:
    """A small service of someone's, with a Dockerfile of its own."""
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "requirements.txt").write_text("flask==3.1.1\ngunicorn==23.0.0\n")
    (folder / "shop.py").write_text(
        "import os\n\nfrom flask import Flask\n\napp = Flask(__name__)\n"
        "TOKEN = os.environ['SHOP_TOKEN']\n\n\n"
        "@app.get('/health')\ndef health() -> str:\n    return 'ok'\n"
    )
    (folder / "Dockerfile").write_text("FROM python\n")
    return folder


def test_it_writes_the_files(inline: Run, service: Path) -> None:
    """The source stays as it is; what was there is kept, with dockgen's version beside it."""
    source = (service / "shop.py").read_bytes()
    done = inline("add", service)

    assert done.returncode == 0, done.stderr
    written = {p.relative_to(service).as_posix() for p in service.rglob("*") if p.is_file()}
    assert written == {
        *("requirements.txt", "shop.py", "Dockerfile", "Dockerfile.dockgen-new", ".dockerignore"),
        *("compose.yaml", "dockgen.toml", ".copier-answers.yml"),
        *("docker/rootfs.py", "docker/healthcheck.py"),
    }
    assert (service / "shop.py").read_bytes() == source
    assert (service / "Dockerfile").read_text() == "FROM python\n"
    assert 'CMD ["gunicorn"' in (service / "Dockerfile.dockgen-new").read_text()
    assert "SHOP_TOKEN: ${SHOP_TOKEN:?" in (service / "compose.yaml").read_text()
    assert "dockgen add --replace Dockerfile" in done.stdout


def test_a_flag_takes_the_place_of_what_is_there(inline: Run, service: Path) -> None:
    """Of a file, and of an answer: a setting with a value is no longer asked for."""
    done = inline("add", service, "--replace", "Dockerfile", "--setting", "SHOP_TOKEN=none")

    assert done.returncode == 0, done.stderr
    assert 'CMD ["gunicorn"' in (service / "Dockerfile").read_text()
    assert 'SHOP_TOKEN: "none"' in (service / "compose.yaml").read_text()


def test_a_dry_run_writes_nothing(inline: Run, service: Path) -> None:
    """It shows all of it as a diff."""
    before = sorted(service.rglob("*"))
    done = inline("add", service, "--dry-run")

    assert done.returncode == 0, done.stderr
    assert "+FROM " in done.stdout
    assert sorted(service.rglob("*")) == before


def test_it_is_taken_back(inline: Run, service: Path) -> None:
    """All files of the last run go."""
    before = sorted(service.rglob("*"))
    inline("add", service)
    done = inline("add", service, "--undo")

    assert done.returncode == 0, done.stderr
    assert sorted(path for path in service.rglob("*") if path.is_file()) == [
        path for path in before if path.is_file()
    ]


def test_a_second_run_has_nothing_to_say(inline: Run, service: Path) -> None:
    """It shows no file, and no next command: what the first one wrote is as it is found now."""
    inline("add", service, "--replace", "Dockerfile")
    before = {path: path.read_bytes() for path in service.rglob("*") if path.is_file()}
    done = inline("add", service)

    assert done.returncode == 0, done.stderr
    assert "up to date" in done.stdout.rstrip().splitlines()[-1]
    assert {path: path.read_bytes() for path in service.rglob("*") if path.is_file()} == before


def test_what_was_offered_is_no_file_of_yours(inline: Run, service: Path) -> None:
    """The template's version beside a kept file isn't read as part of the repository."""
    inline("add", service)
    assert (service / "Dockerfile.dockgen-new").exists()
    assert "dockgen-new:" not in inline("add", "--explain", service).stdout


def test_the_commit_takes_what_was_written(inline: Run, service: Path) -> None:
    """It leaves out other files, such as .env with its secrets; without git, there is no commit."""
    assert "git add" not in inline("add", service, "--replace", "Dockerfile").stdout
    inline("add", service, "--undo")
    subprocess.run(["git", "init", "--quiet"], cwd=service, check=True)
    done = inline("add", service, "--replace", "Dockerfile")
    assert done.stdout.rstrip().splitlines()[-1] == (
        "  git add .copier-answers.yml .dockerignore Dockerfile compose.yaml docker/healthcheck.py "
        "docker/rootfs.py dockgen.toml && git commit"
    )


def test_for_programs(inline: Run, service: Path) -> None:
    """One object: what it is, the answers, and each file."""
    done = inline("add", service, "--json", "--flavor", "alpine")

    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["answers"]["flavor"] == "alpine"
    assert told["answers"]["existing"]["health"] == "/health"
    assert {"path": "compose.yaml", "status": "clean", "note": ""} in told["files"]
    assert told["trials"] == []


def test_nothing_is_written_while_something_is_undecided(inline: Run, tmp_path: Path) -> None:
    """Both signals are named, and the flag that decides."""
    folder = shutil.copytree(PROJECTS / "python-two-locks", tmp_path / "locks")
    before = sorted(folder.rglob("*"))
    done = inline("add", folder)

    assert done.returncode == 2
    assert "--package-manager" in done.stderr
    assert sorted(folder.rglob("*")) == before


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
    assert "dockgen add 'my code'" in done.stderr


def test_a_dockerfile_that_is_kept_installs_packages_itself(inline: Run, tmp_path: Path) -> None:
    """What the program needs is only in dockgen's version, which is written beside it."""
    code = tmp_path / "code"
    shutil.copytree(PROJECTS / "python-programs", code)
    (code / "Dockerfile").write_text("FROM python:3.14\n")
    done = inline("add", code, "--flavor", "slim")

    assert done.returncode == 0, done.stderr
    assert (code / "Dockerfile").read_text() == "FROM python:3.14\n"
    assert "ffmpeg" in (code / "Dockerfile.dockgen-new").read_text()
    assert "runtime_packages: []" in (code / ".copier-answers.yml").read_text()


@pytest.mark.parametrize("flag", ["--dry-run", "--check", "--replace=*"])
def test_a_project_of_dockgen_new_is_refused(inline: Run, tmp_path: Path, flag: str) -> None:
    """Before anything is built: the files of its app would be deleted."""
    project = tmp_path / "my-app"
    assert inline("new", "my-app", "--language=go", "--flavor=scratch").returncode == 0
    before = {path: path.read_bytes() for path in project.rglob("*") if path.is_file()}

    done = inline("add", flag, "my-app")

    assert (done.returncode, done.stdout) == (3, "")
    assert "is a dockgen project already" in done.stderr
    assert "try: get the newest ones: dockgen update" in done.stderr
    after = {path: path.read_bytes() for path in project.rglob("*") if path.is_file()}
    assert after == before

    again = inline("new", "my-app", "--defaults")
    assert "try: update the project in it: dockgen update my-app\n" in again.stderr
