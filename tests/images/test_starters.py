"""``dockgen starter test`` and ``bake`` on a real engine, with a starter for Go on scratch.

tests/integration/starters/test_refused.py has what needs no engine.
"""

import json
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from dockgen.matrix import Cell
from tests import derived
from tests.conftest import PLAIN
from tests.images.conftest import in_release

# What takes longer never comes, in seconds.
PATIENCE = 300

CELL = Cell.parse("go-scratch")

# The first test's starter is built once.
pytestmark = pytest.mark.xdist_group("starter-test")

# A starter's own tests, with fixtures of the plugin: the whole of its tests folder.
OWN_TESTS = """\
from pathlib import Path

from dockgen.checks import Observation
from dockgen.image import Image
from dockgen.project import Project


def test_brings_its_certificates(image: Image) -> None:
    assert "etc/ssl/certs/ca-certificates.crt" in {path.lstrip("/") for path in image.tree}


def test_stops_at_once(seen: Observation, project: Project, image: Image) -> None:
    assert seen.stop_seconds <= project.limits.stop_seconds
    Path(__file__).with_name("measured").write_text(str(image.unpacked_bytes))
"""

BEFORE = {
    "go-scratch": {"unpacked_bytes": 6_000_000, "gzip_bytes": 2_000_000, "limit_bytes": 8_000_000},
    "go-slim": {"unpacked_bytes": 9_000_000, "gzip_bytes": 3_000_000, "limit_bytes": 9_500_000},
}


@dataclass(frozen=True)
class Done:
    """A run of dockgen: its exit code, what it printed and complained of, and where."""

    code: int
    out: str
    err: str
    folder: Path


def docker(*arguments: str, cwd: Path | None = None) -> str:
    """Return docker's output; it must succeed."""
    done = subprocess.run(
        ["docker", *arguments], cwd=cwd, capture_output=True, text=True, timeout=PATIENCE
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def start(folder: Path, *arguments: str) -> "subprocess.Popen[str]":
    """Start `dockgen starter` in a folder, with a place of its own for temporary files."""
    (folder / "temporary").mkdir(exist_ok=True)
    return subprocess.Popen(
        [sys.executable, "-m", "dockgen", "starter", *arguments],
        cwd=folder,
        env=PLAIN | {"TMPDIR": str(folder / "temporary")},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(folder: Path, *arguments: str) -> Done:
    """Run `dockgen starter` to its end; it leaves no temporary file and no container."""
    process = start(folder, *arguments)
    out, err = process.communicate(timeout=PATIENCE)
    assert left(folder) == []
    return Done(process.returncode, out, err, folder)


def left(folder: Path) -> list[str]:
    """Return what a run left: temporary files, and containers that compose made for it."""
    label = '{{.Label "com.docker.compose.project.working_dir"}}'
    made = docker("ps", "--all", f"--format={label}").splitlines()
    return [
        *(path.name for path in (folder / "temporary").iterdir()),
        *(path for path in made if path.startswith(str(folder))),
    ]


@pytest.fixture(scope="module")
def proven(tmp_path_factory: pytest.TempPathFactory) -> Done:
    """A good starter with tests of its own, proven with all that can be reported."""
    folder = tmp_path_factory.mktemp("proven")
    starter = derived.make(folder / "acme", CELL)
    (starter / "tests").mkdir()
    (starter / "tests/test_own.py").write_text(OWN_TESTS)
    (folder / "before.json").write_text(json.dumps(BEFORE))
    (folder / "summary.md").write_text("# Sizes\n\n")
    reports = ("--sizes=sizes.json", "--compare=before.json", "--markdown=summary.md")
    # The engine's own builder has its context's name.
    builder = docker("context", "show").strip()
    return run(folder, "test", "acme", "--jobs=2", f"--builder={builder}", *reports)


def test_a_good_starter_passes(proven: Done) -> None:
    """Exit 0; only the table and one line of words."""
    assert (proven.code, proven.err) == (0, "")
    titles, _, _, _, last = proven.out.splitlines()
    assert titles.split() == ["case", "unpacked", "MB", "gzip", "MB", "limit", "MB", "difference"]
    assert re.fullmatch(r"1 case, \d+ contracts pass", last)


def test_its_own_tests_ran(proven: Done) -> None:
    """They saw the very image that was measured."""
    measured = (proven.folder / "acme/tests/measured").read_text()
    sizes = json.loads((proven.folder / "sizes.json").read_text())
    assert int(measured) == sizes["go-scratch"]["unpacked_bytes"]


def test_sizes_are_written(proven: Done) -> None:
    """In bytes, by case, as --compare reads them."""
    (found,) = json.loads((proven.folder / "sizes.json").read_text().strip()).items()
    name, size = found
    assert (name, size["limit_bytes"]) == ("go-scratch", 8_000_000)
    assert 0 < size["gzip_bytes"] < size["unpacked_bytes"] <= size["limit_bytes"]


def test_sizes_are_compared(proven: Done) -> None:
    """With the difference of the unpacked sizes; a case that went is named."""
    unpacked = json.loads((proven.folder / "sizes.json").read_text())["go-scratch"][
        "unpacked_bytes"
    ]
    difference = f"{(unpacked - 6_000_000) / 1e6:+.2f}"
    _, here, gone, *_ = [line.split() for line in proven.out.splitlines()]
    assert (here[0], here[-1]) == ("go-scratch", difference)
    assert (gone[0], gone[-1]) == ("go-slim", "gone")


def test_the_table_is_appended_as_markdown(proven: Done) -> None:
    """After what the file held."""
    lines = (proven.folder / "summary.md").read_text().splitlines()
    assert lines[0] == "# Sizes"
    assert [line.split("|")[1].strip() for line in lines[2:]] == [
        "case", "---", "go-scratch", "go-slim",
    ]  # fmt: skip


def test_a_broken_rule_is_reported(tmp_path: Path) -> None:
    """By its code, with what to do; exit 1."""
    starter = derived.make(tmp_path / "acme", CELL)
    derived.override(
        starter, CELL, {"runtime": "{{ super() -}}\nCOPY --from=build /bin/sh /bin/sh"}
    )
    done = run(tmp_path, "test", "acme")
    assert (done.code, done.err) == (1, "error: 1 contract fails: go-scratch\n")
    assert done.out.startswith(
        "go-scratch: image holds\n"
        "  DG108 the image has a shell: /bin/sh\n"
        "  try: remove it, or use the alpine flavor\n"
    )


@pytest.mark.release
def test_what_cannot_be_built_is_reported_once(tmp_path: Path) -> None:
    """With the reason in the first line, and not once for each contract."""
    starter = derived.make(tmp_path / "acme", CELL)
    derived.override(starter, CELL, {"build": "RUN echo canary && false"})
    done = run(tmp_path, "test", "acme", "--json")
    assert done.code == 1
    facts: dict[str, Any] = json.loads(done.out)
    assert [case["holds"] for case in facts["cases"]] == [False]
    broken = {found["contracts"][0]: found for found in facts["broken"]}
    assert sorted(broken) == ["builds", "its own tests pass"]
    assert "container holds" in broken["builds"]["contracts"]
    first, *others = broken["builds"]["message"].splitlines()
    assert "can't be built: " in first
    assert "did not complete successfully: exit code: 1" in first
    assert any("canary" in line for line in others)


@pytest.mark.release
def test_a_container_that_is_not_healthy_is_reported(tmp_path: Path) -> None:
    """Its image is still checked, and no other test waits for it again."""
    starter = derived.make(tmp_path / "acme", CELL)
    main = starter / "templates/go/project/main.go.jinja"
    main.write_text('package main\n\nimport "fmt"\n\nfunc main() { fmt.Println("canary") }\n')
    done = run(tmp_path, "test", "acme", "--json")
    facts: dict[str, Any] = json.loads(done.out)
    messages = {name: found["message"] for found in facts["broken"] for name in found["contracts"]}
    assert done.code == 1
    assert messages["container holds"].startswith("DG201 ")
    assert "canary" in messages["container holds"]
    assert messages["runs under any user"] == "not asked, as its container doesn't turn healthy"
    assert {"builds", "image holds"} & set(messages) == set()
    assert facts["cases"][0]["size"] is not None


def test_a_builder_that_is_not_there_is_named(tmp_path: Path) -> None:
    """Exit 4."""
    derived.make(tmp_path / "acme", CELL)
    done = run(tmp_path, "test", "acme", "--builder=nobody-made-it")
    assert done.code == 4
    assert done.err.startswith("error: buildx can't use a builder nobody-made-it: ")


@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGINT, 130), *in_release((signal.SIGTERM, 143))],
    ids=["SIGINT", "SIGTERM"],
)
def test_interrupted(tmp_path: Path, number: signal.Signals, code: int) -> None:
    """One line; containers and files are gone."""
    derived.make(tmp_path / "acme", CELL)
    process = start(tmp_path, "test", "acme")
    deadline = time.monotonic() + PATIENCE
    while not any(path.startswith(os.sep) for path in left(tmp_path)):
        assert time.monotonic() < deadline
        assert process.poll() is None
    process.send_signal(number)
    out, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, out) == (code, "")
    assert err.count("\n") == 1
    assert "no files were left behind" in err
    assert left(tmp_path) == []


@pytest.mark.release
def test_bake_builds_what_is_written(tmp_path: Path) -> None:
    """The definition is valid, the Dockerfiles lint-free; image and tests can be built."""
    starter = derived.make(tmp_path / f"acme-{os.getpid()}", CELL)
    tag = f"{starter.name}:go-scratch"
    assert run(tmp_path, "bake", starter.name, "--output=made").code == 0
    made = tmp_path / "made"
    plan = json.loads(docker("buildx", "bake", "--print", "default", "test", cwd=made))
    assert plan["target"]["go-scratch"]["tags"] == [tag]
    assert plan["target"]["go-scratch_test"]["target"] == "test"
    assert "no warnings found" in docker("buildx", "bake", "--check", "default", "test", cwd=made)
    try:
        docker("buildx", "bake", "default", "test", "--load", cwd=made)
        assert docker("image", "inspect", "--format={{.Config.User}}", tag) == "65532:65532\n"
    finally:
        docker("image", "rm", "--force", tag)
