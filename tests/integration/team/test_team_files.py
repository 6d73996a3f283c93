"""Team files, as `dockgen new`, `update` and `team show` take them."""

import functools
import http.server
import json
import threading
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import answers
from tests.integration.cli.test_prompts import ENTER
from tests.integration.starters.used.test_registered import Quiet
from tests.integration.team.conftest import Run, on_terminal
from tests.integration.update.conftest import commit, git

ACME = """\
name = "Acme"
contact = "#platform"

[defaults]
language = "go"
port = 9000

[locked]
registry = { value = "docker.io/library", reason = "Docker Hub is slow" }

[choices]
flavor = { allow = ["slim", "scratch"], reason = "our agent needs glibc" }
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Acme's team file, where it isn't found by default."""
    path = tmp_path / "acme.toml"
    path.write_text(ACME)
    return path


@pytest.fixture
def address(file: Path) -> Iterator[tuple[str, Callable[[], None]]]:
    """The file's address on the loopback device, and how to end its server."""
    handler = functools.partial(Quiet, directory=str(file.parent))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/{file.name}", server.server_close
        server.shutdown()


def test_new_takes_defaults_and_locked_answers(run: Run, file: Path, tmp_path: Path) -> None:
    """Without a terminal, what the team has a default for need not be given."""
    done = run("new", "my-app", "--team", file, "--flavor", "slim")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[:3] == [
        "team file Acme: acme.toml",
        "  locked registry = docker.io/library  (Docker Hub is slow)",
        "Created my-app (go on slim)",
    ]
    found = answers(tmp_path / "my-app")
    assert (found["language"], found["port"], found["registry"]) == (
        "go", 9000, "docker.io/library",
    )  # fmt: skip


def test_a_default_can_be_overridden(run: Run, file: Path, tmp_path: Path) -> None:
    """It is a default, after all."""
    run("new", "my-app", "--team", file, "--flavor", "slim", "--language", "node", "--port", "3000")
    found = answers(tmp_path / "my-app")
    assert (found["language"], found["port"]) == ("node", 3000)


@pytest.mark.parametrize(
    ("language", "kind", "taken"),
    [
        ("python", "service", ("flask", "uv")),
        ("python", "job", ("stdlib", "uv")),
        ("node", "service", ("express", "npm")),
        ("go", "worker", ("stdlib", "go")),
    ],
)
def test_a_default_of_one_language_is_taken_where_it_fits(
    run: Run, tmp_path: Path, language: str, kind: str, taken: tuple[str, str]
) -> None:
    """Projects in other languages aren't refused."""
    file = tmp_path / "acme.toml"
    file.write_text('[defaults]\nframework = "flask"\npackage_manager = "uv"\n')
    given = ["--language", language, "--kind", kind, "--flavor", "slim"]
    done = run("new", "my-app", "--team", file, *given)
    assert done.returncode == 0, done.stderr
    found = answers(tmp_path / "my-app")
    assert (found["framework"], found["package_manager"]) == taken


def test_a_locked_answer_is_refused_with_its_reason(run: Run, file: Path, tmp_path: Path) -> None:
    """The error also says whom to ask."""
    done = run("new", "my-app", "--team", file, "--defaults", "--registry", "quay.io")
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        "error: registry can't be 'quay.io': Acme's dockgen.team.toml locks it to "
        "'docker.io/library', because Docker Hub is slow",
        "  try: ask #platform",
    ]
    assert not (tmp_path / "my-app").exists()


def test_a_refused_choice_is_named_with_its_reason(run: Run, file: Path) -> None:
    """Nothing is made."""
    done = run("new", "my-app", "--team", file, "--flavor", "alpine")
    assert done.stderr.splitlines()[0] == "error: flavor can't be 'alpine': our agent needs glibc"


def test_a_refused_default_gives_way(run: Run, file: Path, tmp_path: Path) -> None:
    """Node's own default is alpine: the first flavor that can be had takes its place."""
    assert run("new", "my-app", "--team", file, "--language=node", "--defaults").returncode == 0
    assert answers(tmp_path / "my-app")["flavor"] == "slim"


def test_what_is_missing_is_named_without_the_refused(run: Run, file: Path) -> None:
    """The next command to type is one that works."""
    done = run("new", "my-app", "--team", file)
    assert done.returncode == 2
    assert "--flavor slim|scratch, or --defaults" in done.stderr


def test_a_person_sees_what_the_team_decided(
    file: Path, person: dict[str, str], tmp_path: Path
) -> None:
    """Locks are shown, defaults preselected, and refused choices shown with the reason."""
    terminal = on_terminal(tmp_path, person, "new", "my-app", "--team", str(file))
    terminal.see("registry = docker.io/library")
    terminal.see("Which language")
    terminal.press(ENTER)
    terminal.see("What is the base of the image?")
    terminal.see("our agent needs glibc")
    terminal.press(ENTER)
    assert terminal.end() == 0, terminal.text
    assert answers(tmp_path / "my-app")["language"] == "go"


def test_a_person_is_not_asked_for_what_is_locked(
    file: Path, person: dict[str, str], tmp_path: Path
) -> None:
    """A locked language leaves one question."""
    file.write_text('[locked]\nlanguage = "go"\n')
    terminal = on_terminal(tmp_path, person, "new", "my-app", "--team", str(file))
    terminal.see("What is the base of the image?")
    terminal.press(ENTER)
    assert terminal.end() == 0, terminal.text
    assert "Which language" not in terminal.text


def test_it_is_found_in_the_repository(run: Run, tmp_path: Path) -> None:
    """A new service in a monorepo takes the repository's."""
    git("init", "--quiet", cwd=tmp_path)
    (tmp_path / "dockgen.team.toml").write_text(ACME)
    assert run("new", "services/my-app", "--defaults", "--flavor", "slim").returncode == 0
    assert answers(tmp_path / "services/my-app")["port"] == 9000


def test_it_is_found_in_the_settings(run: Run, tmp_path: Path) -> None:
    """For all projects of a person."""
    settings = tmp_path / "settings/dockgen/dockgen.team.toml"
    settings.parent.mkdir(parents=True)
    settings.write_text(ACME)
    done = run("new", "my-app", "--defaults", "--json")
    assert json.loads(done.stdout)["team"] == str(settings)
    assert answers(tmp_path / "my-app")["port"] == 9000


def test_it_is_fetched_and_kept_for_work_without_a_network(
    run: Run, address: tuple[str, Callable[[], None]], tmp_path: Path
) -> None:
    """Once it was fetched it counts also when its host is out of reach."""
    url, end = address
    assert run("new", "one", "--team", url, "--defaults").returncode == 0
    end()
    assert run("new", "two", "--defaults", DOCKGEN_TEAM=url).returncode == 0
    assert answers(tmp_path / "one")["port"] == answers(tmp_path / "two")["port"] == 9000
    done = run("new", "three", "--team", f"{url}.other", "--defaults")
    assert done.returncode == 3
    assert "can't be fetched" in done.stderr


def test_show_says_where_each_answer_comes_from(run: Run, file: Path) -> None:
    """A line for each question."""
    lines = run("team", "show", "--team", file).stdout.splitlines()
    assert lines[0] == "Acme: acme.toml"
    rows = {line.split()[0]: " ".join(line.split()[1:]) for line in lines[3:]}
    assert rows["language"] == "[defaults] go"
    assert rows["registry"] == "[locked] docker.io/library (locked: Docker Hub is slow)"
    assert rows["flavor"] == (
        "dockgen go: scratch, python: slim, node: alpine (no alpine: our agent needs glibc)"
    )
    assert rows["ci"] == "dockgen none"


def test_show_for_programs(run: Run, file: Path) -> None:
    """The same facts as JSON."""
    facts = json.loads(run("team", "show", "--json", "--team", file).stdout)
    team = {"location": str(file), "name": "Acme", "contact": "#platform", "kept_since": None}
    assert facts["team"] == team
    by_name = {question["name"]: question for question in facts["questions"]}
    assert by_name["registry"]["reason"] == "Docker Hub is slow"
    assert by_name["flavor"]["choices"] == ["slim", "scratch"]
    assert by_name["flavor"]["refused"] == {"alpine": "our agent needs glibc"}
    assert by_name["port"]["from"] == "defaults"


def test_show_without_a_team_file(run: Run) -> None:
    """It says so, and shows dockgen's own defaults."""
    done = run("team", "show")
    assert done.returncode == 0
    assert done.stdout.startswith("No team file applies here")


def test_update_brings_what_is_locked_into_projects(run: Run, tmp_path: Path) -> None:
    """A project from before the team file is behind, and an update moves it; defaults don't."""
    project = tmp_path / "my-app"
    assert run("new", project, "--defaults").returncode == 0
    git("init", "--quiet", cwd=project)
    (project / "dockgen.team.toml").write_text(ACME)
    commit(project)
    assert run("update", "--check", project).returncode == 1
    done = run("update", project)
    assert done.returncode == 0, done.stderr
    found = answers(project)
    assert (found["registry"], found["port"]) == ("docker.io/library", 8080)
    assert "FROM docker.io/library/debian:" in (project / "Dockerfile").read_text()
    commit(project)
    assert run("update", "--check", project).returncode == 0


DECIDED = """\
[labels]
"org.opencontainers.image.vendor" = 'Acme "and" Sons, $5'

[certificates]
file = "acme-ca.pem"

[limits]
stop_seconds = 5
[limits.size_mb]
go = 30
go-scratch = 9.5

[rules]
required_labels = ["org.opencontainers.image.vendor"]
allowed_registries = ["docker.io/library"]
[rules.ignored]
DG206 = "our agent writes there"
"""

PEM = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"


def test_labels_authorities_limits_and_rules_reach_the_project(run: Run, tmp_path: Path) -> None:
    """They are in its own files, so its CI needs no team file."""
    (tmp_path / "team").mkdir()
    (tmp_path / "team/dockgen.team.toml").write_text(DECIDED)
    (tmp_path / "team/acme-ca.pem").write_text(PEM)
    done = run(
        "new", "my-app", "--team", "team", "--language=go", "--flavor=scratch",
        "--data", "labels={mine: x}",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    project = tmp_path / "my-app"
    assert (
        '\nLABEL mine="x" \\\n    org.opencontainers.image.vendor="Acme \\"and\\" Sons, \\$5"\n'
        in (project / "Dockerfile").read_text()
    )
    assert (project / "docker/ca-certificates.crt").read_text() == PEM
    written = tomllib.loads((project / "dockgen.toml").read_text())
    assert written == {
        "limits": {"size_mb": 9.5, "healthy_seconds": 10, "stop_seconds": 5},
        "rules": {
            "required_labels": ["org.opencontainers.image.vendor"],
            "allowed_registries": ["docker.io/library"],
            "ignored": {"DG206": "our agent writes there"},
        },
    }


def test_update_refuses_to_leave_what_is_locked(run: Run, file: Path, tmp_path: Path) -> None:
    """As `dockgen new` does."""
    project = tmp_path / "my-app"
    run("new", project, "--defaults")
    git("init", "--quiet", cwd=project)
    commit(project)
    done = run("update", "--team", file, "--data", "registry=quay.io", project)
    assert done.returncode == 2
    assert "locks it to 'docker.io/library'" in done.stderr
