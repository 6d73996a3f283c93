"""The settings, secrets and data of the README work as documented, and so do the limits.

One project for each language, with code that uses all of it. They are in folders of one name, and
run at the same time.
"""

import json
import re
import secrets
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from dockgen import engine, template
from dockgen.checks import image as image_rules
from dockgen.engine import Container, RunOptions
from dockgen.image import saved as saved_image
from dockgen.project import Project, load
from tests.images.inside import PATIENCE

PORT = 8080
# The user that a platform picks: it has no name, and no home of its own.
OTHER_USER = "1000680000:0"

# A route that tells what it found, and writes where it may; one more that does harm.
CODE = {
    "go": ("handlers.go", (
        ('"encoding/json"\n', '"crypto/rand"\n\t"encoding/json"\n'),
        ('"net/http"\n', '"net/http"\n\t"os"\n'),
        ('mux.HandleFunc("GET /healthz", health)\n',
         'mux.HandleFunc("GET /healthz", health)\n\tmux.HandleFunc("GET /facts", facts)\n'),
        ("func index(", """\
func facts(w http.ResponseWriter, _ *http.Request) {
	home, _ := os.UserHomeDir()
	secret, _ := os.ReadFile("/run/secrets/database_password")
	if _, err := os.Stat("/data/one"); err != nil {
		os.WriteFile("/data/one", []byte(rand.Text()), 0o600)
	}
	data, _ := os.ReadFile("/data/one")
	err := os.WriteFile(home+"/own", nil, 0o600)
	writeJSON(w, map[string]any{
		"home": home, "level": os.Getenv("LOG_LEVEL"), "secret": string(secret),
		"data": string(data), "written": err == nil,
	})
}

func index("""),
    )),
    "python": ("app/main.py", (
        ("from fastapi import FastAPI\n", """\
import os
import secrets
from contextlib import suppress
from pathlib import Path

from fastapi import FastAPI
"""),
        ('@app.get("/healthz")\n', """\
@app.get("/facts")
def facts() -> dict[str, object]:
    secret, data = Path("/run/secrets/database_password"), Path("/data/one")
    words = ""
    with suppress(OSError):
        data.exists() or data.write_text(secrets.token_hex())
        words = data.read_text()
    (Path.home() / "own").touch()
    return {
        "home": str(Path.home()),
        "level": os.environ.get("LOG_LEVEL"),
        "secret": secret.read_text() if secret.exists() else "",
        "data": words,
        "written": (Path.home() / "own").exists(),
    }


@app.get("/harm")
def harm() -> dict[str, object]:
    try:
        Path("/tmp/large").write_bytes(bytes(100_000_000))
    except OSError as error:
        Path("/tmp/large").unlink()
        return {"harm": error.strerror}
    return {"harm": "none"}


@app.get("/healthz")
"""),
    )),
    "node": ("src/app.js", (
        ("import express from 'express';\n", """\
import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import express from 'express';
"""),
        ("app.get('/', ", """\
app.get('/facts', (_request, response) => {
  const read = (path) => (existsSync(path) ? readFileSync(path, 'utf8') : '');
  try {
    writeFileSync('/data/one', randomUUID(), { flag: 'wx' });
  } catch {} // it is there, or may not be written
  writeFileSync(`${homedir()}/own`, '');
  response.json({
    home: homedir(),
    level: process.env.LOG_LEVEL,
    secret: read('/run/secrets/database_password'),
    data: read('/data/one'),
    written: existsSync(`${homedir()}/own`),
  });
});

app.get('/harm', (_request, response) => {
  const shell = () => spawnSync('sh', ['-c', 'sleep 0.01 &'], { stdio: 'ignore' }).status;
  response.json({ harm: Array.from({ length: 200 }, shell).some((status) => status !== 0) });
});

app.get('/', """),
    )),
}  # fmt: skip
FLAVORS = {"go": "scratch", "python": "slim", "node": "alpine"}
each = pytest.mark.parametrize("language", CODE)
pytestmark = pytest.mark.xdist_group("settings")


@dataclass(frozen=True)
class Composed:
    """A project that `docker compose` has started."""

    project: Project

    @property
    def container(self) -> Container:
        """The one that runs now."""
        return Container(self.compose("ps", "--quiet", "app").strip())

    def compose(self, *arguments: str) -> str:
        """Run `docker compose` in the project's folder."""
        return subprocess.run(
            ["docker", "compose", *arguments], cwd=self.project.directory,
            capture_output=True, text=True, timeout=600, check=True,
        ).stdout  # fmt: skip

    def ask(self, path: str) -> dict[str, object]:
        """GET a path."""
        return ask(self.container, path)


def ask(container: Container, path: str) -> dict[str, object]:
    """GET a path of a container."""
    answer = container.get(path, PORT, PATIENCE)
    assert answer.status == 200
    found: dict[str, object] = json.loads(answer.body)
    return found


def followed(language: str, folder: Path) -> Project:
    """Make a project that uses settings, secrets and data, as in its README."""
    name = f"field-{secrets.token_hex(4)}-{language}"
    answers = {"name": name, "language": language, "flavor": FLAVORS[language]}
    directory = template.render(folder / language / "backend", answers, ask=()).directory
    path, replacements = CODE[language]
    text = (directory / path).read_text()
    for old, new in replacements:
        assert text.count(old) == 1
        text = text.replace(old, new)
    (directory / path).write_text(text)

    readme = (directory / "README.md").read_text()
    section = readme.partition("\n## Settings, secrets and data\n")[2].partition("\n## ")[0]
    blocks = dict(re.findall(r"^```(\w+)\n(.*?)^```$", section, re.MULTILINE | re.DOTALL))
    (directory / "compose.override.yaml").write_text(blocks["yaml"])
    subprocess.run(["sh", "-euc", blocks["sh"]], cwd=directory, check=True)
    dockerfile = directory / "Dockerfile"
    user = "USER 65532:65532\n"
    assert dockerfile.read_text().count(user) == 1
    dockerfile.write_text(dockerfile.read_text().replace(user, blocks["dockerfile"] + user))
    return load(directory)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Composed]]:
    """All three, started by `docker compose up` in folders of one name."""
    folder = tmp_path_factory.mktemp("settings")
    found = {}
    with ExitStack() as stack, pytest.MonkeyPatch.context() as environment:
        environment.setenv("HOST_PORT", "0")
        for language in CODE:
            one = found[language] = Composed(followed(language, folder))
            stack.callback(one.compose, "down", "--volumes", "--rmi=all", "--timeout=0")
            one.compose("up", "--build", "--wait")
        yield found


@each
def test_settings_secrets_and_data_are_where_the_read_me_says(
    language: str, running: dict[str, Composed]
) -> None:
    """A variable from a file, a secret as a file, and a volume that can be written to."""
    found = running[language].ask("/facts")
    assert found.pop("data")
    assert found == {"home": "/tmp", "level": "info", "secret": "correct horse", "written": True}


@each
def test_data_outlives_the_container(language: str, running: dict[str, Composed]) -> None:
    """The next one finds what the last one wrote, which was made up there and then."""
    one = running[language]
    before, words = one.container.inspect().identifier, one.ask("/facts")["data"]
    one.compose("up", "--force-recreate", "--wait", "--timeout=0")
    assert one.container.inspect().identifier != before
    assert words
    assert one.ask("/facts")["data"] == words


@each
def test_the_image_holds_to_the_rules_all_the_same(
    language: str, running: dict[str, Composed], tmp_path: Path
) -> None:
    """The folder of the volume is the one thing in it that is the user's."""
    one = running[language]
    engine.save(one.container.inspect().image, tmp_path / "image.tar")
    image = saved_image.read(tmp_path / "image.tar")
    contract = one.project.contract
    assert [found for rule in image_rules.RULES for found in rule(image, contract)] == []


@each
def test_any_user_has_a_home(language: str, running: dict[str, Composed]) -> None:
    """A platform picks one that no file of the image knows. The data are another user's."""
    image = running[language].container.inspect().image
    with engine.run(image, RunOptions(port=PORT, user=OTHER_USER)) as container:
        assert container.wait_healthy(PATIENCE).status == "healthy"
        found = ask(container, "/facts")
    assert (found["home"], found["written"], found["data"]) == ("/tmp", True, "")


def test_a_large_file_in_tmp_is_an_error_and_not_the_end(running: dict[str, Composed]) -> None:
    """It would count as memory of the container."""
    one = running["python"]
    assert one.ask("/harm") == {"harm": "No space left on device"}
    assert one.container.inspect().running


def test_children_of_children_are_reaped(running: dict[str, Composed]) -> None:
    """Two hundred of them, and pids_limit is 128."""
    assert running["node"].ask("/harm") == {"harm": False}


def test_folders_of_one_name_are_projects_of_their_own(running: dict[str, Composed]) -> None:
    """The one that was started last has taken none of the others' containers away."""
    assert all(one.container.inspect().running for one in running.values())
