"""The naive Dockerfile: one stage that starts what the project's own image starts."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from dockgen import matrix
from dockgen.compare import naive
from dockgen.containerfiles import dockerfile
from dockgen.errors import UsageError
from tests.conftest import ROOT
from tests.table import table

GO: dict[str, Any] = {"name": "my-app", "language": "go", "language_version": "1.27", "port": 8080}
PYTHON = GO | {"language": "python", "language_version": "3.14", "package_manager": "pip"}
NODE = GO | {"language": "node", "language_version": "24", "package_manager": "npm"}
ADDED: dict[str, Any] = {"command": ["python", "run.py"]}


def made(answers: dict[str, Any], start: str = 'CMD ["x"]') -> list[str]:
    """Return the steps of a project's naive Dockerfile, if its own ends like this."""
    text = naive.dockerfile(answers, dockerfile.parse(f"FROM a AS b\nCMD old\nFROM b\n{start}\n"))
    return text.splitlines()[1:]


@table("language", list(matrix.Language))
def test_it_is_a_single_stage(language: matrix.Language) -> None:
    """It copies everything, installs, and starts as the image of the example does."""
    folder = ROOT / "examples" / f"{language}-slim"
    answers = yaml.safe_load((folder / ".copier-answers.yml").read_text())
    own = dockerfile.find(folder)
    assert own is not None
    lines = naive.dockerfile(answers, own).splitlines()[1:]
    start = "CMD" if language == "python" else "ENTRYPOINT"
    assert [line.split()[0] for line in lines] == [
        "FROM", "WORKDIR", "COPY", "RUN", "EXPOSE", start
    ]  # fmt: skip
    assert lines[-1] in (folder / "Dockerfile").read_text()


@table(
    ("answers", "step"),
    [
        (PYTHON, "pip install --no-cache-dir -r requirements.txt"),
        (PYTHON | {"package_manager": "uv"},
         "pip install --no-cache-dir uv && uv sync --no-dev --no-cache"),
        (PYTHON | {"package_manager": "poetry"},
         "pip install --no-cache-dir poetry && POETRY_VIRTUALENVS_IN_PROJECT=true"
         " poetry install --only main --no-root"),
        (PYTHON | {"package_manager": "pdm"},
         "pip install --no-cache-dir pdm && pdm install --prod"),
        (NODE, "npm install"),
        (NODE | {"package_manager": "pnpm"}, "npm install --global --force pnpm && pnpm install"),
        (NODE | {"package_manager": "yarn"},
         "npm install --global --force @yarnpkg/cli-dist && yarn install"),
        (GO, "go build -o /usr/local/bin/my-app ."),
    ],
)  # fmt: skip
def test_each_package_manager_installs(answers: dict[str, Any], step: str) -> None:
    """From the lock file that the project has; a virtual environment is found by its path."""
    lines = made(answers)
    assert f"RUN {step}" in lines
    manager = answers.get("package_manager")
    assert ("ENV PATH=/app/.venv/bin:$PATH" in lines) is (manager in ("uv", "poetry", "pdm"))


@table(
    ("install", "steps"),
    [
        ({}, []),
        ({"requirements": ["requirements/prod.txt"], "packages": ["gunicorn"]},
         ["RUN pip install --no-cache-dir -r requirements/prod.txt gunicorn"]),
        ({"package": True, "extras": ["web"]}, ["RUN pip install --no-cache-dir .[web]"]),
        ({"pipenv": True},
         ["RUN pip install --no-cache-dir pipenv && pipenv install --system --deploy"]),
    ],
)  # fmt: skip
def test_an_added_program_installs_what_was_found(
    install: dict[str, Any], steps: list[str]
) -> None:
    """Without packages, it installs nothing."""
    lines = made(PYTHON | {"existing": ADDED | {"install": install}})
    assert [line for line in lines if line.startswith("RUN")] == steps


def test_an_added_program_is_built_in_its_folder() -> None:
    """With its packages, variables and commands, and started there."""
    existing = ADDED | {
        "folder": "services/api", "build_packages": ["libpq-dev"], "mains": {"api": "./cmd/api"},
        "tags": ["prod"], "build": ["go generate ./..."], "build_environment": {"A": "b c"},
        "environment": {"HOME_DIR": 'a "b" $c'},
    }  # fmt: skip
    lines = made(GO | {"existing": existing, "registry": "mirror.example.com/hub"})
    assert lines == [
        "FROM mirror.example.com/hub/golang:1.27",
        "WORKDIR /app",
        "RUN apt-get update && apt-get install -y libpq-dev",
        "COPY . .",
        "WORKDIR /app/services/api",
        "RUN A='b c' go generate ./... && A='b c' go build -tags=prod -o /usr/local/bin/api"
        " ./cmd/api",
        'ENV HOME_DIR="a \\"b\\" \\$c"',
        "EXPOSE 8080",
        'CMD ["x"]',
    ]


def test_a_worker_has_no_port() -> None:
    """Nothing listens."""
    assert "EXPOSE 8080" not in made(GO | {"kind": "worker"})


@table("more", [{"framework": "vite"}, {"existing": ADDED | {"frontend": {"folder": "web"}}}])
def test_what_takes_two_stages_is_refused(more: dict[str, Any]) -> None:
    """With the reason, which the report shows."""
    with pytest.raises(UsageError, match="two stages"):
        made(NODE | more)


def test_a_copy_becomes_naive(tmp_path: Path) -> None:
    """Files of dockgen are gone, and the container isn't hardened; other services stay."""
    for name in (".dockerignore", ".copier-answers.yml", "dockgen.toml", "app.py"):
        (tmp_path / name).write_text("x")
    (tmp_path / "compose.yaml").write_text(
        "services:\n  app: {build: ., read_only: true, cap_drop: [ALL], depends_on: [db]}\n"
        "  db: {image: postgres}\n"
    )
    naive.lay(tmp_path, "FROM x\n")
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "Dockerfile", "app.py", "compose.yaml"
    ]  # fmt: skip
    assert json.loads((tmp_path / "compose.yaml").read_text()) == {
        "services": {"app": {"build": ".", "depends_on": ["db"]}, "db": {"image": "postgres"}}
    }
