"""Plain copier on the repository gives what `dockgen new` gives, and needs no --trust."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from dockgen.matrix import Cell
from tests.conftest import PLAIN, ROOT, Render, each_cell, tree


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone's content: what is committed here or waits to be."""
    copy = tmp_path_factory.mktemp("repository")
    kinds = ["--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(
        ["git", "ls-files", "-z", *kinds, "copier.yml", "templates"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            (copy / name).write_bytes((ROOT / name).read_bytes())
    return copy


def copier(*arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    """Run the copier command as its own users do."""
    return subprocess.run(
        [sys.executable, "-m", "copier", *arguments],
        env=PLAIN, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
    )  # fmt: skip


@each_cell()
def test_gives_the_same_bytes(
    repository: Path, rendered_project: Render, tmp_path: Path, cell: Cell
) -> None:
    """Every file is the same; the answers file differs in where the template came from."""
    answers = ["--data", f"language={cell.language}", "--data", f"flavor={cell.flavor}"]
    done = copier("copy", "--defaults", *answers, repository, tmp_path / "my-app")
    assert done.returncode == 0, done.stderr

    def comparable(directory: Path) -> dict[str, bytes]:
        files = tree(directory)
        origin = rb"(?m)^(_commit|_src_path): .*\n"
        files[".copier-answers.yml"] = re.sub(origin, b"", files[".copier-answers.yml"])
        return files

    assert comparable(tmp_path / "my-app") == comparable(rendered_project(cell))


@pytest.mark.parametrize("tags", [["v1.0.0"], []], ids=["a tag", "no tag"])
def test_a_git_repository_gives_the_same_bytes(
    repository: Path, rendered_project: Render, tmp_path: Path, tags: list[str]
) -> None:
    """Copier clones it, and takes the newest tag; a clone may have none."""
    served = shutil.copytree(repository, tmp_path / "dockgen")
    author = ["-c", "user.name=test", "-c", "user.email=test@localhost"]
    for words in (
        ["init", "--quiet"],
        ["add", "--all", "--force"],
        [*author, "commit", "--quiet", "--message", "all"],
        *(["tag", tag] for tag in tags),
    ):
        subprocess.run(["git", *words], cwd=served, env=PLAIN, check=True)
    cell = Cell.parse("go-scratch")
    answers = ["--data", "language=go", "--data", "flavor=scratch"]
    done = copier("copy", "--defaults", *answers, f"git+file://{served}", tmp_path / "my-app")
    assert done.returncode == 0, done.stderr
    made, expected = tree(tmp_path / "my-app"), tree(rendered_project(cell))
    recorded = yaml.safe_load(made.pop(".copier-answers.yml"))
    assert recorded["_commit"] == (tags[0] if tags else recorded["_commit"])
    expected.pop(".copier-answers.yml")
    assert made == expected


# Answers, and the commands behind `cd`.
NEXT = [
    ((), ["docker compose up --build --wait"]),
    (("kind=job", "language=go"), ["docker compose up --build --exit-code-from app"]),
    (
        ("package_manager=uv",),
        ["docker build --no-cache --target lock --output . .", "docker compose up --build --wait"],
    ),
    (
        ("package_manager=uv", "build_ca=true"),
        ["# To create uv.lock, see README.md", "docker compose up --build --wait"],
    ),
]


@pytest.mark.parametrize(("answers", "commands"), NEXT)
def test_says_what_to_type_next(
    repository: Path, tmp_path: Path, answers: tuple[str, ...], commands: list[str]
) -> None:
    """Users of plain copier get the next commands, too, wherever the project is."""
    given = [word for answer in answers for word in ("--data", answer)]
    done = copier("copy", "--defaults", *given, repository, tmp_path / "my app")
    lines = [f"cd '{tmp_path / 'my app'}'", *commands]
    assert "\n\n  " + "\n  ".join(lines) + "\n" in done.stderr, done.stderr


def test_the_template_runs_no_code() -> None:
    """No tasks, migrations or extensions: nothing that copier would ask trust for."""
    questionnaire = (ROOT / "copier.yml").read_text()
    assert not re.search(
        r"^_(tasks|migrations|jinja_extensions|external_data)\b", questionnaire, re.MULTILINE
    )
