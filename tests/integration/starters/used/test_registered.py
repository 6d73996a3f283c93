"""Starters: registered, listed, used by `dockgen new` and followed by `dockgen update`."""

import functools
import http.server
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.conftest import Run as Dockgen
from tests.conftest import answers, tree
from tests.integration.cli.test_prompts import DOWN, ENTER
from tests.integration.starters.used.conftest import Acme
from tests.integration.team.conftest import Run, on_terminal
from tests.integration.update.conftest import commit, edit, git

GO = ("--language", "go", "--flavor", "scratch")


@pytest.fixture
def registered(run: Run, acme: Acme) -> Acme:
    """The starter, registered as acme."""
    done = run("starter", "add", "acme", acme.folder)
    assert done.returncode == 0, done.stderr
    return acme


@pytest.fixture
def project(registered: Acme, run: Run, tmp_path: Path) -> Path:
    """A committed project of the starter at v1.0.0."""
    del registered
    done = run("new", "my-app", "--starter", "acme", *GO, "--owner", "payments")
    assert done.returncode == 0, done.stderr
    git("init", "--quiet", "--initial-branch=main", cwd=tmp_path / "my-app")
    commit(tmp_path / "my-app")
    return tmp_path / "my-app"


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves files and says nothing."""

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def served(acme: Acme, tmp_path: Path) -> Iterator[tuple[str, Callable[[], None]]]:
    """The starter's address on a git server by HTTP, and how to end that server."""
    folder = tmp_path / "served"
    folder.mkdir()
    git("clone", "--quiet", "--bare", acme.folder, "starter.git", cwd=folder)
    git("update-server-info", cwd=folder / "starter.git")
    handler = functools.partial(Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/starter.git", server.server_close
        server.shutdown()


def test_add_names_the_release_and_the_next_command(run: Run, acme: Acme) -> None:
    """The output names what was registered, and what to type."""
    done = run("starter", "add", "acme", acme.folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        f"Registered acme at v1.0.0 (1 release): {acme.folder}",
        "",
        "Next:",
        "  dockgen new --starter acme my-app",
    ]


def test_list_shows_what_is_registered(run: Run, registered: Acme) -> None:
    """Name, newest release, the day it was fetched, address."""
    registered.release("v1.1.0")
    run("starter", "add", "acme", registered.folder)
    (starter,) = json.loads(run("starter", "list", "--json").stdout)["starters"]
    assert (starter["name"], starter["releases"]) == ("acme", ["v1.0.0", "v1.1.0"])
    assert starter["url"] == str(registered.folder)
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    assert ["acme", "v1.1.0", today, str(registered.folder)] in [
        line.split() for line in run("starter", "list").stdout.splitlines()
    ]


def test_list_without_a_starter_says_how_to_register_one(run: Run) -> None:
    """An empty table would not help."""
    assert "dockgen starter add NAME URL" in run("starter", "list").stdout


def test_remove_forgets(run: Run, registered: Acme) -> None:
    """Afterwards the name means nothing."""
    assert run("starter", "remove", "acme").stdout == (f"Removed acme: {registered.folder}\n")
    done = run("new", "my-app", "--starter", "acme", "--defaults")
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        "error: unknown starter 'acme'",
        "  try: register it: dockgen starter add acme URL",
    ]


@pytest.mark.parametrize(
    ("name", "url", "words"),
    [
        ("Acme", "", "'Acme' isn't a valid name for a starter"),
        ("dockgen", "", "'dockgen' isn't a valid name for a starter"),
        ("acme", "--upload-pack=touch x", "isn't an address that dockgen lets git fetch from"),
        ("acme", "ext::sh -c 'touch x'", "isn't an address that dockgen lets git fetch from"),
    ],
)
def test_add_refuses(run: Run, acme: Acme, name: str, url: str, words: str) -> None:
    """A name that is no name, an address that is a command."""
    done = run("starter", "add", "--", name, url or acme.folder)
    assert done.returncode == 2
    assert words in done.stderr.splitlines()[0]
    assert "No starter" in run("starter", "list").stdout


def test_add_refuses_a_name_that_is_taken(run: Run, registered: Acme, tmp_path: Path) -> None:
    """Projects of the one would be updated by the other."""
    other = tmp_path / "other"
    git("clone", "--quiet", registered.folder, other, cwd=tmp_path)
    done = run("starter", "add", "acme", other)
    assert done.returncode == 2
    assert "acme is already registered, from" in done.stderr


def test_add_says_what_git_said(run: Run, tmp_path: Path) -> None:
    """A repository that isn't there; nothing is registered."""
    done = run("starter", "add", "acme", tmp_path / "nowhere.git")
    assert done.returncode == 3
    assert "does not appear to be a git repository" in done.stderr.splitlines()[0]
    assert "git ls-remote" in done.stderr.splitlines()[1]
    assert "No starter" in run("starter", "list").stdout


def test_add_refuses_a_starter_without_a_release(run: Run, acme: Acme) -> None:
    """A tag that is no version is no release."""
    git("tag", "-d", "v1.0.0", cwd=acme.folder)
    git("tag", "latest", cwd=acme.folder)
    done = run("starter", "add", "acme", acme.folder)
    assert done.returncode == 3
    assert "acme has no releases" in done.stderr
    assert "git tag -a v1.0.0" in done.stderr


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("owner: [", "copier.yml isn't valid YAML in line"),
        ("owner: {type: str, help: Who}", "the question owner has no default"),
        ("!include base/nowhere.yml", "copier.yml includes 'base/nowhere.yml', which isn't a file"),
        ("!include ../../secret.yml", "copier.yml includes '../../secret.yml', which isn't a file"),
        ("just text", "copier.yml isn't a questionnaire"),
    ],
)
def test_add_refuses_a_starter_that_cannot_be_used(
    run: Run, acme: Acme, content: str, words: str
) -> None:
    """One clear line, and nothing is registered."""
    acme.write("copier.yml", content)
    acme.release("v1.1.0")
    done = run("starter", "add", "acme", acme.folder)
    assert done.returncode == 3
    assert words in done.stderr.splitlines()[0]
    assert "No starter" in run("starter", "list").stdout


def test_new_makes_a_project_of_it(run: Run, project: Path) -> None:
    """Its own question is a flag, and the project remembers where it came from."""
    found = answers(project)
    assert (found["owner"], found["_commit"], found["flavor"]) == ("payments", "v1.0.0", "scratch")
    assert str(found["_src_path"]).endswith("acme-starter")
    assert (project / "README.md").read_text().endswith("\nOwned by payments.\n")
    del run


def test_new_reports_the_starter(run: Run, registered: Acme) -> None:
    """On the first line, and to programs."""
    del registered
    done = run("new", "my-app", "--starter", "acme", "--defaults", "--dry-run")
    assert done.stdout.splitlines()[0] == "Would create my-app (python on slim, from acme v1.0.0)"
    done = run("new", "my-app", "--starter=acme", "--defaults", "--dry-run", "--json")
    facts = json.loads(done.stdout)
    assert (facts["starter"], facts["template_version"]) == ("acme", "v1.0.0")
    assert facts["answers"]["owner"] == "platform"


def test_new_lists_the_starter_s_questions(run: Run, registered: Acme) -> None:
    """The help of a starter names its flags; dockgen's own help doesn't."""
    del registered
    assert "--owner" in run("new", "--starter", "acme", "--help").stdout
    assert "--owner" not in run("new", "--help").stdout
    assert "No such option" in run("new", "my-app", "--owner", "me", "--defaults").stderr


def test_new_refuses_an_answer_that_the_starter_refuses(run: Run, registered: Acme) -> None:
    """Its validators count as dockgen's do."""
    del registered
    done = run("new", "my-app", "--starter", "acme", "--defaults", "--owner", "")
    assert done.returncode == 2
    assert done.stderr.splitlines()[0] == "error: owner: a team has a name"


def test_new_takes_the_newest_release(run: Run, registered: Acme, tmp_path: Path) -> None:
    """It is fetched; a pre-release, and a tag that is no version, don't count."""
    registered.release("v1.2.0")
    registered.release("v2.0.0rc1")
    git("tag", "-a", "stable", "-m", "stable", "v1.2.0^{}", cwd=registered.folder)
    assert run("new", "my-app", "--starter", "acme", "--defaults").returncode == 0
    assert answers(tmp_path / "my-app")["_commit"] == "v1.2.0"


def test_new_offline_takes_what_was_fetched(run: Run, registered: Acme, tmp_path: Path) -> None:
    """--offline doesn't look for newer releases."""
    registered.release("v1.2.0")
    assert run("new", "my-app", "--starter", "acme", "--defaults", "--offline").returncode == 0
    assert answers(tmp_path / "my-app")["_commit"] == "v1.0.0"


def test_without_a_network_the_clone_does_and_its_age_is_told(
    run: Run, served: tuple[str, Callable[[], None]], tmp_path: Path
) -> None:
    """New and update work with what was fetched, and say how old it is."""
    url, end = served
    assert run("starter", "add", "acme", url).returncode == 0
    end()
    (clone,) = (tmp_path / "cache/dockgen/starters").glob("acme-*.git")
    then = datetime.now(UTC) - timedelta(days=3, minutes=1)
    os.utime(clone / "dockgen-fetched", (then.timestamp(), then.timestamp()))
    done = run("new", "my-app", "--starter", "acme", "--defaults")
    assert done.returncode == 0, done.stderr
    assert f"acme is as it was 3 days ago, on {then:%Y-%m-%d}" in done.stderr
    assert answers(tmp_path / "my-app")["_src_path"] == url
    done = run("update", "--check", "my-app")
    assert (done.returncode, done.stdout) == (0, "my-app: up to date (v1.0.0)\n")
    assert "acme is as it was 3 days ago" in done.stderr


def test_a_task_needs_trust(run: Run, registered: Acme, tmp_path: Path) -> None:
    """A template that would run code is refused, until --trust is typed."""
    registered.write("copier.yml", (registered.folder / "copier.yml").read_text() + TASK)
    registered.release("v1.1.0")
    done = run("new", "my-app", "--starter", "acme", "--defaults")
    assert done.returncode == 3
    assert done.stderr.splitlines() == [
        "error: the template would run its own code on this machine (tasks)",
        "  try: if you trust it, add --trust",
    ]
    assert not (tmp_path / "my-app").exists()
    assert run("new", "my-app", "--starter", "acme", "--trust", "--defaults").returncode == 0
    assert (tmp_path / "my-app/ran").is_file()


TASK = '_tasks: ["touch ran"]\n'


def test_a_file_that_leaves_the_project_is_refused(
    dockgen: Dockgen, person: dict[str, str], registered: Acme, tmp_path: Path
) -> None:
    """A name that is computed can't lead out of the new folder."""
    name = "base/templates/go/project/{{ owner }}.txt.jinja"
    registered.write(name, "caught\n")
    registered.release("v1.1.0")
    # In its own process: copier leaves a folder open here, which only its end closes.
    arguments = ("new", "my-app", "--starter", "acme", *GO, "--owner", "../../caught")
    done = dockgen(*arguments, environment=person)
    assert done.returncode == 3
    assert "the template writes outside of its folder" in done.stderr.splitlines()[0]
    assert not list(tmp_path.rglob("caught.txt"))


def test_a_starter_that_makes_no_dockgen_project_is_named(run: Run, acme: Acme) -> None:
    """Any copier template can be registered; what comes out is looked at."""
    acme.write("copier.yml", "_subdirectory: project\nname: {type: str, default: app}\n")
    acme.write(
        "project/{{ _copier_conf.answers_file }}.jinja", "{{ _copier_answers|to_nice_yaml }}"
    )
    acme.release("v2.0.0")
    run("starter", "add", "acme", acme.folder)
    done = run("new", "my-app", "--starter", "acme", "--defaults")
    assert done.returncode == 3
    assert "acme doesn't render a dockgen project" in done.stderr


def test_update_follows_the_starter(run: Run, project: Path, registered: Acme) -> None:
    """The next release is fetched and merged; the person's edit stays."""
    edit(project / "main.go", "package main", "// Ours.\npackage main")
    commit(project)
    registered.substitute("base/templates/go/scratch.Dockerfile.jinja", "USER 65532", "USER 65533")
    registered.release("v1.1.0")
    assert run("update", "--check", project).stdout == "my-app: behind (v1.0.0 → v1.1.0)\n"
    done = run("update", project)
    assert done.returncode == 0, done.stderr
    assert "USER 65533:" in (project / "Dockerfile").read_text()
    assert "// Ours." in (project / "main.go").read_text()
    assert answers(project)["_commit"] == "v1.1.0"


def test_update_gives_what_plain_copier_gives(
    run: Run,
    project: Path,
    registered: Acme,
    person: dict[str, str],
    tmp_path: Path,
) -> None:
    """The same bytes, from the same repository, without --trust."""
    edit(project / "main.go", "package main", "// Ours.\npackage main")
    commit(project)
    plain = tmp_path / "plain/my-app"
    git("clone", "--quiet", project, plain, cwd=tmp_path)
    registered.substitute("base/templates/go/scratch.Dockerfile.jinja", "USER 65532", "USER 65533")
    registered.write("base/templates/go/project/OWNERS.jinja", "{{ owner }}\n")
    registered.release("v1.1.0")
    assert run("update", project).returncode == 0
    done = subprocess.run(
        [sys.executable, "-m", "copier", "update", "--defaults", plain],
        env=person, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=100,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    ours, theirs = tree(project), tree(plain)
    assert {k: v for k, v in ours.items() if not k.startswith(".git/")} == {
        k: v for k, v in theirs.items() if not k.startswith(".git/")
    }


def test_update_changes_a_starter_s_answer(run: Run, project: Path) -> None:
    """--data knows the starter's own questions, and their validators."""
    assert run("update", "--data", "owner=orders", project).returncode == 0
    assert (project / "README.md").read_text().endswith("\nOwned by orders.\n")
    done = run("update", "--data", "nothing=1", project)
    assert done.returncode == 2
    assert "unknown question 'nothing'" in done.stderr


def test_an_answers_file_cannot_name_another_template(
    run: Run, project: Path, registered: Acme, tmp_path: Path
) -> None:
    """Only what the user registered is followed, whatever the project says."""
    other = tmp_path / "other"
    git("clone", "--quiet", registered.folder, other, cwd=tmp_path)
    edit(project / ".copier-answers.yml", str(registered.folder), str(other))
    commit(project)
    done = run("update", project)
    assert done.returncode == 3
    assert done.stderr.splitlines() == [
        # Who wrote that address is unknown, so it is told in part.
        f"error: {project} was created from a template that isn't registered here:"
        f" {str(other)[:80]}",
        f"  try: if you trust it: dockgen starter add NAME {other}",
    ]


def test_a_fleet_follows_several_templates(
    run: Run, project: Path, registered: Acme, tmp_path: Path
) -> None:
    """Dockgen's own, a starter's, and one that isn't registered: each is reported."""
    own = tmp_path / "own"
    assert run("new", own, *GO).returncode == 0
    git("init", "--quiet", cwd=own)
    commit(own)
    strange = tmp_path / "strange"
    git("clone", "--quiet", project, strange, cwd=tmp_path)
    edit(strange / ".copier-answers.yml", str(registered.folder), "https://example.com/x.git")
    commit(strange)
    registered.substitute("base/templates/go/scratch.Dockerfile.jinja", "USER 65532", "USER 65533")
    registered.release("v1.1.0")
    done = run("update", "--all", "--json", tmp_path)
    results = {
        Path(entry["directory"]).name: entry["result"]
        for entry in json.loads(done.stdout)["projects"]
    }
    assert results == {"my-app": "updated", "own": "up to date", "strange": "failed"}
    assert done.returncode == 3


def test_a_person_is_offered_the_registered_ones_first(
    registered: Acme, person: dict[str, str], tmp_path: Path
) -> None:
    """On a terminal the first question is which template."""
    del registered
    terminal = on_terminal(tmp_path, person, "new", "my-app", *GO)
    terminal.see("Which template?")
    terminal.see("acme")
    terminal.see("its own templates")
    terminal.press(ENTER)
    terminal.see("Which team owns the service?")
    terminal.press(ENTER)
    assert terminal.end() == 0, terminal.text
    assert answers(tmp_path / "my-app")["owner"] == "platform"


def test_a_person_can_choose_dockgen_s_own(
    registered: Acme, person: dict[str, str], tmp_path: Path
) -> None:
    """It is the last of the choices."""
    del registered
    terminal = on_terminal(tmp_path, person, "new", "my-app", *GO)
    terminal.see("its own templates")
    terminal.press(DOWN, ENTER)
    assert terminal.end() == 0, terminal.text
    assert "owner" not in answers(tmp_path / "my-app")


def test_a_broken_registry_is_told_of(run: Run, tmp_path: Path) -> None:
    """One line and no traceback."""
    settings = tmp_path / "settings/dockgen/starters.json"
    settings.parent.mkdir(parents=True)
    settings.write_text("[1]")
    done = run("starter", "list")
    assert done.returncode == 3
    assert done.stderr.splitlines()[0] == f"error: {settings} isn't a list of starters"


@pytest.mark.parametrize("words", ["dockgen new --starter a", "dockgen starter remove a"])
def test_the_shell_completes_a_starter_s_name(
    dockgen: Dockgen, person: dict[str, str], registered: Acme, words: str
) -> None:
    """From the registry, without a fetch."""
    del registered
    asked = {"_DOCKGEN_COMPLETE": "bash_complete", "COMP_WORDS": words}
    count = str(len(words.split()) - 1)
    done = dockgen(environment=person | asked | {"COMP_CWORD": count})
    assert done.stdout.split() == ["plain,acme"]
