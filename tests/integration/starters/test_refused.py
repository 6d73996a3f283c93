"""``dockgen starter test`` and ``bake`` without an engine: what is refused, and how.

tests/images/test_starters.py has what is built.
"""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from dockgen.matrix import Cell
from tests import derived
from tests.conftest import PLAIN, Run, tree

# No engine answers here, and no other one is found.
NO_ENGINE = {"DOCKER_HOST": "unix:///nowhere/docker.sock"}

FILE = "templates/go/project/x.jinja"


@pytest.fixture
def starter(tmp_path: Path) -> Path:
    """A small starter template in the current folder: Go on scratch."""
    return derived.make(tmp_path / "acme", Cell.parse("go-scratch"))


def file(content: str, name: str = FILE) -> Callable[[Path], object]:
    """Add a file to a starter."""
    return lambda directory: (directory / name).write_text(content)


def link(target: str) -> Callable[[Path], object]:
    """Add a symbolic link to a starter's project."""
    return lambda directory: (directory / FILE).with_suffix("").symlink_to(target)


def ask(lines: str) -> Callable[[Path], object]:
    """Add lines to a starter's questionnaire."""
    return lambda directory: derived.ask(directory, lines)


def leave(directory: Path) -> None:
    """Give a starter's project a file whose name leads out of it."""
    derived.ask(directory, 'up: {type: str, when: false, default: "../"}')
    (directory / "templates/go/project/{{ up }}evil.jinja").write_text("evil\n")


def forget_answers(directory: Path) -> None:
    """Take the answers file from a starter's project."""
    (directory / "templates/go/project/{{ _copier_conf.answers_file }}.jinja").unlink()


BAD: dict[str, tuple[Callable[[Path], object], str]] = {
    "no template": (
        lambda directory: (directory / "copier.yml").unlink(),
        "isn't a starter template: it has no copier.yml",
    ),
    "broken YAML": (ask("port: ["), "copier.yml isn't valid YAML in line "),
    "no default": (ask("team: {type: str}"), "the question team has no default"),
    "include of nothing": (
        file("!include base/nothing.yml\n", "copier.yml"),
        "copier.yml includes 'base/nothing.yml', which isn't a file of the template",
    ),
    "include from outside": (
        file("!include ../*.yml\n", "copier.yml"),
        "copier.yml includes '../*.yml', which isn't a file of the template",
    ),
    "bad default": (
        ask(
            "port: {type: int, default: 80,"
            ' validator: "{% if port < 1024 %}above\\n1023{% endif %}"}'
        ),
        "go-scratch: port: above 1023",
    ),
    "task": (
        ask("_tasks: [touch evil]"),
        "go-scratch: the template would run its own code on this machine (tasks)",
    ),
    "path": (
        leave,
        'go-scratch: the template writes outside of its folder: "../evil" is forbidden',
    ),
    "link": (
        link("/etc/passwd"),
        'go-scratch: the template writes outside of its folder: "x" is forbidden',
    ),
    "undefined variable": (
        file("one\n{{ nope }}\n"),
        f"go-scratch: {FILE}, line 2: 'nope' is undefined",
    ),
    "undefined variable in an include": (
        lambda directory: (
            file("{% include 'inner.jinja' %}\n")(directory),
            file("\n\n{{ nope }}\n", "inner.jinja")(directory),
        ),
        "go-scratch: inner.jinja, line 3: 'nope' is undefined",
    ),
    "broken Jinja": (
        file("{% if %}\n"),
        f"go-scratch: {FILE}, line 1: Expected an expression, got 'end of statement block'",
    ),
    "missing include": (
        file("one\n{% include 'gone.jinja' %}\n"),
        f"go-scratch: {FILE}, line 2: the template doesn't have the file 'gone.jinja'",
    ),
    "expression": (file("{{ 1 / 0 }}\n"), f"go-scratch: {FILE}, line 1: division by zero"),
    "no answers file": (
        forget_answers,
        "go-scratch: it isn't a dockgen project: it has no .copier-answers.yml.",
    ),
    "table": (file('[[test]]\nname = "A"\n', "starter.toml"), "name is A"),
}


@pytest.mark.parametrize("name", BAD, ids=lambda name: name.replace(" ", "-"))
def test_a_bad_starter_is_refused(starter: Path, dockgen: Run, name: str) -> None:
    """Exit 3, one line and what to do about it, before an engine is looked for."""
    spoil, message = BAD[name]
    spoil(starter)
    done = dockgen("starter", "test", "acme", environment=NO_ENGINE)
    assert done.returncode == 3, done.stderr
    first, *others = done.stderr.splitlines()
    assert first.startswith("error: ")
    assert message in first
    assert len(others) <= 1
    assert all(line.startswith("  try: ") for line in others)
    assert not (starter / "evil").exists()
    assert not (starter.parent / "evil").exists()


def test_trust_lets_a_task_run(starter: Path, inline: Run) -> None:
    """Who has read it may type --trust."""
    derived.ask(starter, "_tasks: [touch made-by-a-task]")
    done = inline("starter", "bake", "acme", "--output", "made", "--trust")
    assert done.returncode == 0, done.stderr
    assert (starter.parent / "made/go-scratch/made-by-a-task").is_file()


def test_without_an_engine_nothing_is_proven(starter: Path, dockgen: Run) -> None:
    """Exit 4, never a pass: without an engine, nothing is tested."""
    assert starter.is_dir()
    done = dockgen("starter", "test", "acme", environment=NO_ENGINE)
    assert done.returncode == 4, done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--only", "go-slim"], "unknown case 'go-slim'"),
        (["--compare", "nothing.json"], "nothing.json can't be read"),
        (["--jobs", "0"], "0 is not in the range"),
    ],
    ids=["case", "compare", "jobs"],
)
def test_a_bad_option_is_refused(
    starter: Path, inline: Run, options: list[str], message: str
) -> None:
    """Exit 2."""
    assert starter.is_dir()
    done = inline("starter", "test", "acme", *options)
    assert (done.returncode, message in done.stderr) == (2, True), done.stderr


def test_the_whole_matrix_is_rendered_and_linted(tmp_path: Path, dockgen: Run) -> None:
    """Without an engine, and with a case of the starter's own."""
    starter = derived.make(tmp_path / "acme")
    (starter / "starter.toml").write_text(
        '[[test]]\nname = "other-port"\nanswers = {port = 9000}\n'
    )
    done = dockgen("starter", "test", "acme", "--no-images", "--json", environment=NO_ENGINE)
    assert done.returncode == 0, done.stderr + done.stdout
    facts = json.loads(done.stdout)
    assert (facts["holds"], facts["broken"], facts["skipped"]) == (True, [], {})
    assert [case["case"] for case in facts["cases"]][-2:] == ["node-scratch", "other-port"]
    # A rule about files, parsing, and hadolint.
    assert facts["held"] == 3 * 10


def test_a_file_that_cannot_be_parsed_is_reported(starter: Path, dockgen: Run) -> None:
    """By its contract and case; exit 1."""
    (starter / "templates/go/project/broken.json").write_text("{\n")
    done = dockgen("starter", "test", "acme", "--no-images")
    assert done.returncode == 1
    assert "go-scratch: files can be parsed\n  broken.json: Expecting property name" in done.stdout
    assert done.stderr == "error: 1 contract fails: go-scratch\n"


def test_a_flawed_dockerfile_is_reported(starter: Path, dockgen: Run) -> None:
    """By hadolint's code."""
    dockerfile = starter / "templates/go/project/Dockerfile.jinja"
    dockerfile.write_text(dockerfile.read_text() + "\nUSER root\n")
    done = dockgen("starter", "test", "acme", "--no-images", "--json")
    assert done.returncode == 1
    (broken,) = json.loads(done.stdout)["broken"]
    assert (broken["case"], broken["contracts"]) == ("go-scratch", ["dockerfile passes hadolint"])
    assert "DL3002" in broken["message"]


OWN_TEST = """\
from dockgen.project import Project


def test_names_the_team(project: Project) -> None:
    assert "Acme" in (project.directory / "README.md").read_text()
"""


@pytest.mark.parametrize(("readme", "code"), [("Made by Acme\n", 0), ("Made by somebody\n", 1)])
def test_a_starter_s_own_tests_run_on_each_case(
    tmp_path: Path, dockgen: Run, readme: str, code: int
) -> None:
    """With the plugin's fixtures, and with nothing to set up."""
    cells = [Cell.parse("go-scratch"), Cell.parse("go-alpine")]
    starter = derived.make(tmp_path / "acme", *cells)
    (starter / "templates/go/project/README.md.jinja").write_text(readme)
    (starter / "tests").mkdir()
    (starter / "tests/test_team.py").write_text(OWN_TEST)
    done = dockgen("starter", "test", "acme", "--no-images", "--json")
    facts = json.loads(done.stdout)
    assert done.returncode == code
    broken = [(found["case"], found["contracts"]) for found in facts["broken"]]
    own = ["tests/test_team.py: names the team"]
    assert broken == ([] if code == 0 else [("go-alpine", own), ("go-scratch", own)])


def test_the_plugin_can_be_used_by_hand(starter: Path) -> None:
    """With plain pytest, and the plugin named in a conftest.py."""
    (starter / "tests").mkdir()
    (starter / "tests/conftest.py").write_text('pytest_plugins = ["dockgen.testing.plugin"]\n')
    (starter / "tests/test_team.py").write_text(
        f"{OWN_TEST}\n\ndef test_builds(built_image: str) -> None:\n    assert built_image\n"
    )
    readme = starter / "templates/go/project/README.md.jinja"
    readme.write_text("Made by Acme\n")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-v", "tests", "--dockgen-template=.",
         "--dockgen-no-images", "--dockgen-sizes=sizes.json"],
        cwd=starter, env=PLAIN, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "tests/test_team.py::test_names_the_team[go-scratch] PASSED" in done.stdout
    assert "1 passed, 1 deselected" in done.stdout
    assert json.loads((starter / "sizes.json").read_text()) == {}


def test_an_own_test_that_cannot_be_collected_is_reported(starter: Path, dockgen: Run) -> None:
    """It is no bug of dockgen's."""
    (starter / "tests").mkdir()
    (starter / "tests/test_team.py").write_text("import nothing_of_that_name\n")
    done = dockgen("starter", "test", "acme", "--no-images")
    assert done.returncode == 1, done.stderr
    assert "No module named 'nothing_of_that_name'" in done.stdout
    assert done.stderr == "error: 1 contract fails: the starter's own tests\n"


def test_the_extra_is_asked_for(
    starter: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 4 and the command that installs it."""
    from dockgen import cli
    from dockgen.testing import proof

    monkeypatch.setattr(proof, "_NEEDED", ("pytest", "a_package_that_is_not_there"))
    assert cli.main(["starter", "test", str(starter)]) == 4
    assert capsys.readouterr().err == (
        "error: the tests need packages that aren't installed: a_package_that_is_not_there\n"
        "  try: pip install '.[testing]', in a clone of dockgen\n"
    )


def test_bake_renders_each_case_beside_its_definition(starter: Path, inline: Run) -> None:
    """All of them or nothing; nothing is overwritten."""
    done = inline("starter", "bake", "acme", "--output", "made")
    assert done.returncode == 0, done.stderr
    made = tree(starter.parent / "made")
    assert "go-scratch/Dockerfile" in made
    assert b'tags    = ["acme:go-scratch"]' in made["docker-bake.hcl"]
    again = inline("starter", "bake", "acme", "--output", "made")
    assert (again.returncode, tree(starter.parent / "made")) == (3, made)
