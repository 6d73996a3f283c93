"""The same answers give the same bytes, whatever the machine's settings."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from dockgen import template
from tests.conftest import PLAIN, ROOT, Make, tree

# Answers with an order, with accents and with numbers.
ANSWERS = """\
language: go
flavor: slim
ci: gitlab
labels: {b: "2", a: "ünï 🐳", c.d-e: "{{ 7 * 7 }}"}
policy:
  size_mb: {go: 5.5, default: 7}
  required_labels: [b, a]
  ignored_rules: {DG103: "ä", DG101: "b"}
unmanaged: [README.md, no-such-file]
"""

# How one machine differs from another, in all at once: variables, umask, the folder's name.
MACHINES: dict[str, tuple[dict[str, str], int, str]] = {
    "ascii": (
        {
            "LC_ALL": "C",
            "PYTHONUTF8": "0",
            "PYTHONCOERCECLOCALE": "0",
            "PYTHONHASHSEED": "4711",
            "TZ": "Pacific/Kiritimati",
        },
        0o077,
        "{{ 7 * 7 }}",
    ),
    "unknown-locale": (
        {
            "LC_ALL": "xx_YY.UTF-9",
            "LANGUAGE": "tr",
            "PYTHONOPTIMIZE": "2",
            "SOURCE_DATE_EPOCH": "1",
        },
        0o000,
        "ünï 🐳",
    ),
    "turkish": (
        {
            "LC_ALL": "tr_TR.UTF-8",
            "LANG": "tr_TR.UTF-8",
            "GIT_DIR": "/proc/nowhere",
            "GIT_AUTHOR_DATE": "2001-01-01T00:00:00Z",
            "COLUMNS": "20",
            "TERM": "dumb",
            "NO_COLOR": "1",
        },
        0o022,
        "a b'c",
    ),
    "nobody": ({"HOME": "/proc/nowhere", "USER": "", "LOGNAME": ""}, 0o022, "here"),
}


def new(folder: Path, environment: dict[str, str], umask: int = 0o022) -> dict[str, bytes]:
    """Make the project in ``folder``, and return its files."""
    folder.mkdir()
    (folder / "answers.yml").write_text(ANSWERS, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "dockgen", "new", "my-app", "--answers-file", "answers.yml"],
        cwd=folder, env=PLAIN | environment, stdin=subprocess.DEVNULL, umask=umask,
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return tree(folder / "my-app")


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The project of a machine like any other."""
    return new(tmp_path_factory.mktemp("expected") / "here", {})


@pytest.mark.parametrize("machine", MACHINES)
def test_the_machine_changes_nothing(
    tmp_path: Path, expected: dict[str, bytes], machine: str
) -> None:
    """Locale, time zone, hash seed, umask, whose it is, where it is, where temporary files are."""
    environment, umask, folder = MACHINES[machine]
    temporary = tmp_path / f"temporary {folder}"
    temporary.mkdir()
    assert new(tmp_path / folder, {**environment, "TMPDIR": str(temporary)}, umask) == expected
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize("coerced", ["0", "1"])
def test_an_ascii_machine_with_a_folder_that_is_not(
    tmp_path: Path, expected: dict[str, bytes], coerced: str
) -> None:
    """LC_ALL=C and accents together, whether Python helps itself to UTF-8 there or not."""
    folder = tmp_path / "ünï 🐳"
    temporary = tmp_path / "temporary ünï 🐳"
    temporary.mkdir()
    ascii_only = {"LC_ALL": "C", "LANG": "C", "PYTHONCOERCECLOCALE": coerced, "PYTHONUTF8": coerced}
    assert new(folder, {**ascii_only, "TMPDIR": str(temporary)}) == expected
    assert list(temporary.iterdir()) == []


def test_the_place_of_dockgen_changes_nothing(tmp_path: Path, expected: dict[str, bytes]) -> None:
    """A checkout elsewhere, under a strict umask, makes the same, version included."""
    copy = tmp_path / "somewhere else"
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.split("\0")  # fmt: skip
    for name in filter(None, listed):
        if name.startswith(("src/", "templates/", "copier.yml", "pyproject.toml")):
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, copy / name)
            os.utime(copy / name, (0, 0))
            (copy / name).chmod(0o600)
    assert new(tmp_path / "here", {"PYTHONPATH": str(copy / "src")}) == expected


def test_the_order_of_answers_changes_nothing(make: Make) -> None:
    """The order of a mapping's keys doesn't matter either."""

    def project(answers: dict[str, Any]) -> dict[str, bytes]:
        return tree(make(**answers))

    labels = {"b": "2", "a": "1", "c": "3"}
    policy = {"stop_seconds": 3, "ignored_rules": {"DG103": "x", "DG101": "y"}, "size_mb": 7}
    answers = {"language": "go", "flavor": "slim", "labels": labels, "policy": policy, "port": 9000}

    def turned(value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return {key: turned(value[key]) for key in reversed(value)}

    assert project(turned(answers)) == project(answers)


def test_the_same_process_makes_the_same_again(tmp_path: Path) -> None:
    """Nothing is kept from one rendering to the next."""
    answers = {"name": "my-app", "language": "node", "flavor": "slim", "labels": {"a": "b"}}
    template.render(tmp_path / "0/other", {"language": "go", "flavor": "slim", "port": 9000}, ())
    first = tree(template.render(tmp_path / "1/my-app", answers, ()).directory)
    assert tree(template.render(tmp_path / "2/my-app", answers, ()).directory) == first
