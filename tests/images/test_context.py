"""Which files .dockerignore sends to the builder."""

import subprocess
from pathlib import Path

import pytest

from dockgen import template
from dockgen.containerfiles import context, leftout
from tests.integration.update.conftest import PERSON
from tests.integration.update.conftest import git as person_git

PROBE = "FROM scratch\nCOPY . /\n"

# Of any language: what programs read, at the top and in folders of their own.
ENTERS = (
    "LICENSE", "VERSION", "alembic.ini", "schema.sql", "migrations/0001.sql", "patches/one.patch",
    "static/.well-known/security.txt", "static/app.log", "certs/ca.crt", "docker/start.sh",
    "templates/mail.html", "testdata/dump.sql",
)  # fmt: skip

STAYS_OUT = (
    ".aws/credentials", ".docker/config.json", ".env", ".env.local", ".git/config", ".gitignore",
    ".idea/workspace.xml", ".netrc", ".pypirc", ".secrets/token", ".vscode/settings.json",
    ".github/workflows/own.yml", "app.log", "backup.tar.gz", "db.sqlite3", "dist/bundle",
    "dump.sql", "id_ed25519", "server.key", "server.pem",
    "deep/.env", "deep/.env.production", "deep/.git/config", "deep/.npmrc", "deep/id_rsa",
    "deep/server.key", "deep/server.pem", "deep/store.p12",
    "Dockerfile.dev", "compose.override.yaml", "docker-compose.yml",
)  # fmt: skip

# Of each: what its builds and programs read besides, and what they leave behind.
OWN = {
    "go": (
        ("go.sum", "go.work", "tools/go.mod", "tools/main.go", "my-app/lib.go",
         "vendor/modules.txt", "vendor/x/embedded.pem", "build/notes.txt", "internal/x.s"),
        (".npmrc", "README.md", "coverage.out", "my-app.test"),
    ),
    "python": (
        ("README.md", "app/static/.well-known/security.txt", "conftest.py", "tests/data/one.json",
         "app/build/data.json", "poetry.toml", "uv.toml"),
        (".npmrc", "app/__pycache__/main.pyc", "tests/.pytest_cache/x", "build/lib/x.py",
         "lib/.venv/x", "x.egg-info/PKG-INFO"),
    ),
    "node": (
        (".npmrc", "README.md", "tsconfig.json", "src/.well-known/security.txt", "src/dist/x.js",
         "prisma/schema.prisma", "views/index.ejs", "packages/one/package.json"),
        ("node_modules/x/index.js", "packages/one/node_modules/x/index.js", "coverage/x"),
    ),
    "yarn": ((".yarnrc.yml", ".yarn/patches/one.patch", ".yarn/releases/yarn.cjs"),
             (".npmrc", ".yarn/cache/x.zip", ".yarn/install-state.gz")),
    "vite": (("about/index.html", "components/x.js", "svelte.config.js", "public/.well-known/x"),
             ("dist/index.html", "node_modules/x/index.js")),
}  # fmt: skip
ANSWERS = {
    "go": {"language": "go", "flavor": "scratch"},
    "python": {"language": "python", "flavor": "slim"},
    "node": {"language": "node", "flavor": "alpine"},
    "yarn": {"language": "node", "flavor": "alpine", "package_manager": "yarn"},
    "vite": {"language": "node", "flavor": "alpine", "framework": "vite"},
}


def reached(project: Path, folder: Path) -> set[str]:
    """Return the files that a build of the project gets, with their content."""
    (folder / "probe.Dockerfile").write_text(PROBE)
    subprocess.run(
        ["docker", "build", "--quiet", f"--file={folder}/probe.Dockerfile",
         f"--output=type=local,dest={folder}/seen", project],
        capture_output=True, timeout=60, check=True,
    )  # fmt: skip
    seen = folder / "seen"
    return {path.relative_to(seen).as_posix() for path in seen.rglob("*") if path.is_file()}


def lay(project: Path, names: tuple[str, ...]) -> None:
    """Make files of these names, where there are none."""
    for path in (project / name for name in names):
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            path.write_text("laid here")


@pytest.mark.parametrize("kind", OWN)
def test_the_project_s_own_files_reach_the_build(kind: str, tmp_path: Path) -> None:
    """All of its own folders do; secrets, version control and what builds leave behind don't."""
    project = template.render(tmp_path / "my-app", {"name": "my-app", **ANSWERS[kind]}, ask=())
    enters, stays_out = OWN[kind]
    lay(project.directory, (*ENTERS, *STAYS_OUT, *enters, *stays_out))
    seen = reached(project.directory, tmp_path)
    assert {*ENTERS, *enters} - seen == set()
    assert {*STAYS_OUT, *stays_out} & seen == set()


def test_the_binary_of_a_go_build_stays_out(tmp_path: Path) -> None:
    """It has the name of a folder that may be there in its place."""
    answers = {"name": "my-app", **ANSWERS["go"]}
    project = template.render(tmp_path / "my-app", answers, ask=()).directory
    lay(project, ("my-app",))
    seen = reached(project, tmp_path)
    assert "my-app" not in seen
    assert "main.go" in seen


def test_a_public_certificate_can_be_let_in(tmp_path: Path) -> None:
    """By a last line, as the first one of .dockerignore says."""
    answers = {"name": "my-app", **ANSWERS["python"]}
    project = template.render(tmp_path / "my-app", answers, ask=()).directory
    ignored = project / ".dockerignore"
    (line,) = [
        words for text in ignored.read_text().splitlines() for words in text.split()
        if words.startswith("!certs/")
    ]  # fmt: skip
    with ignored.open("a") as file:
        file.write(f"{line}\n")
    lay(project, ("certs/public.pem", "certs/private.pem"))
    seen = reached(project, tmp_path)
    assert "certs/public.pem" in seen
    assert "certs/private.pem" not in seen


PATTERNS = """\
# A comment.
/rooted
folder/
deep/*/x
**/any.log
a?c
[de]*
!dkept
back
!back/in/again
./dotted/
spaced
star/**
!star/one/two
"""
NAMES = (
    "rooted", "sub/rooted", "folder/x", "sub/folder/x", "deep/a/x", "deep/a/b/x", "deep/x",
    "any.log", "sub/any.log", "abc", "abbc", "sub/abc", "drop", "ekept", "dkept", "back/out",
    "back/in/again", "back/in/out", "dotted/x", "spaced", "star/one/two", "star/one/three", "zzz",
)  # fmt: skip


def test_what_enters_is_what_the_builder_gets(tmp_path: Path) -> None:
    """The size of a build's context is known without a build, by the builder's own patterns."""
    project = tmp_path / "project"
    lay(project, NAMES)
    (project / ".dockerignore").write_text(PATTERNS.replace("spaced", "  spaced \t"))
    assert set(context.read(project).files) == reached(project, tmp_path)


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Python project in git, with files that a pattern of its .dockerignore fits."""
    for name, value in PERSON.items():
        monkeypatch.setenv(name, value)
    answers = {"name": "my-app", **ANSWERS["python"]}
    project = template.render(tmp_path / "my-app", answers, ask=()).directory
    lay(project, ("app/rds.pem", "app/kept.pem", "app/untracked.pem", "a/b/c.txt", "a/b/d.txt"))
    with (project / ".dockerignore").open("a") as file:
        # What fits a folder leaves out what is in it, and a later line lets in a part.
        file.write("!app/kept.pem\na\n!a/b/c.txt\n")
    person_git("init", "--quiet", cwd=project)
    (project / ".git/info/exclude").write_text("untracked.pem\n")
    person_git("add", "--all", "--force", ":!app/untracked.pem", cwd=project)
    return project


def test_what_git_tracks_and_the_build_leaves_out(repository: Path, tmp_path: Path) -> None:
    """As the builder reads .dockerignore, and without a program that the repository names."""
    ran = tmp_path / "ran"
    person_git("config", "core.fsmonitor", f"echo > '{ran}'; false", cwd=repository)
    found = leftout.find(repository, context.read(repository))
    assert found is not None
    assert {"app/rds.pem", "a/b/d.txt", ".gitignore"} <= set(found)
    assert not {"app/kept.pem", "app/untracked.pem", "a/b/c.txt", "app/main.py"} & set(found)
    assert not ran.exists()


def test_nothing_is_said_without_git(tmp_path: Path) -> None:
    """Without git, it is unknown what belongs to the project."""
    answers = {"name": "my-app", **ANSWERS["python"]}
    project = template.render(tmp_path / "my-app", answers, ask=()).directory
    assert leftout.find(project, context.read(project)) is None
