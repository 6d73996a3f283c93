"""Malicious or huge repositories: `dockgen add --explain` ends soon, with what it found."""

import os
import shutil
import time
from pathlib import Path

from dockgen.detect import survey
from dockgen.detect.repository import Repository
from tests.conftest import Run
from tests.table import table

APP = "from fastapi import FastAPI\n\napp = FastAPI()\n"


def _service(root: Path) -> None:
    (root / "requirements.txt").write_text("fastapi\nuvicorn\n")
    (root / "main.py").write_text(APP)


@table(
    ("name", "content"),
    [
        ("Dockerfile", "RUN " + "a && " * 100_000 + "\\\n" * 10_000),
        ("Dockerfile", "ENTRYPOINT " + "[" * 50_000),
        ("Makefile", "A = $(A) $(A)\nall:\n\techo $(A)\n" * 2_000),
        ("compose.yaml", "a: &a [1]\nb: &b [*a, *a]\nc: &c [*b, *b]\nservices: *c\n"),
        ("compose.yaml", "services: {a: {image: 5, ports: 7, volumes: {x: y}, environment: [1]}}"),
        ("Procfile", "web: " + "x" * 500_000),
        ("requirements.txt", "-r requirements.txt\nfastapi\nuvicorn\n"),
        ("requirements.txt", "-r ../../../../etc/passwd\n-r /etc/passwd\nfastapi\nuvicorn\n"),
        ("requirements.txt", "fastapi\nuvicorn\n" + "a" * 900_000),
        ("pyproject.toml", "[project]\nname = 7\ndependencies = {a = 1}\nscripts = ['x']\n"),
        ("pyproject.toml", "project = 1\ntool = 2\nbuild-system = []\n"),
        ("uv.lock", "package = 7\n"),
        ("Pipfile.lock", '{"default": [1]}'),
        ("deep.py", "FastAPI(" * 20_000),
        ("deep.py", "x = " + "(" * 50_000 + "uvicorn.run()" + ")" * 50_000),
        ("wide.py", "app = FastAPI(" + "a," * 200_000 + ")"),
        (".env.example", "A=" + "b" * 900_000),
        (".github/workflows/x.yml", "jobs: {a: {steps: [{run: 5}, {run: [a]}, 7, {env: 3}]}}"),
        ("package.json", '{"scripts": {"build": 7}, "dependencies": []}'),
        ("package.json", '{"scripts": {"build": "vite"}, "devDependencies": {"vite": 1}}'),
    ],
)
def test_a_file_that_is_no_such_file(tmp_path: Path, name: str, content: str) -> None:
    """The rest is found, in seconds."""
    _service(tmp_path)
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).write_text(content)
    start = time.monotonic()

    detected = survey.look(Repository(tmp_path), {})

    assert detected.value("framework") == "fastapi"
    assert time.monotonic() - start < 10


def test_what_lies_outside_is_never_read(tmp_path: Path) -> None:
    """No link and no name in a manifest leads there; pipes don't block."""
    root = tmp_path / "code"
    root.mkdir()
    _service(root)
    (tmp_path / "secret.env").write_text("TOKEN=hunter2\nPORT=4321\n")
    (root / ".env.example").symlink_to("../secret.env")
    (root / ".env").write_text("PORT=4321\n")
    (root / ".gitignore").write_text(".env\n")
    (root / "example.env").symlink_to(".env")
    os.mkfifo(root / "Procfile")
    os.mkfifo(root / "compose.yaml")
    (root / "Dockerfile").symlink_to("/dev/zero")

    detected = survey.look(Repository(root), {})

    assert detected.value("port") == 8000
    assert "hunter2" not in repr(detected)
    assert {name for name, _ in detected.skipped} >= {".env.example", "Procfile", "Dockerfile"}


def test_words_of_others_move_no_cursor(inline: Run, tmp_path: Path) -> None:
    """Control characters in quoted code are escaped."""
    _service(tmp_path)
    (tmp_path / "Procfile").write_text("web: uvicorn main:app \x1b[2J\x1b]0;x\x07\n")
    (tmp_path / "a\nb.py").write_text("import os\nos.environ['X']\n")

    done = inline("add", "--explain")

    assert done.returncode == 0, done.stderr
    assert "\x1b" not in done.stdout
    assert "\x07" not in done.stdout


def test_a_tree_too_deep_for_a_path(tmp_path: Path) -> None:
    """Files that are nested too deep are left out; the rest is found."""
    _service(tmp_path)
    top = folder = tmp_path / ("d" * 200)
    here = os.open(tmp_path, os.O_RDONLY)
    try:
        os.chdir(tmp_path)
        for _ in range(60):
            Path(folder.name).mkdir()
            os.chdir(folder.name)
        Path("deep.py").write_text(APP)
    finally:
        os.fchdir(here)
        os.close(here)
    detected = survey.look(Repository(tmp_path), {})

    assert detected.value("entry") is not None
    assert len(detected.skipped) == 1
    shutil.rmtree(top)


def test_twenty_thousand_files_take_seconds(tmp_path: Path) -> None:
    """Of which most hold nothing that is looked for."""
    _service(tmp_path)
    for number in range(200):
        folder = tmp_path / f"part{number}"
        folder.mkdir()
        for name in range(20):
            (folder / f"m{name}.py").write_text(f"def f{name}(x):\n    return x + {name}\n")
        for name in range(80):
            (folder / f"t{name}.txt").touch()
    start = time.monotonic()

    detected = survey.look(Repository(tmp_path), {})

    assert detected.value("entry")[0] == "uvicorn"
    assert time.monotonic() - start < 15
