"""Linters, each on many files at once: most of them take longer to start than for all the files."""

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

BIN = Path(sys.executable).parent

# Defaults, lines of up to 100 characters, and `on:`, which YAML 1.1 takes for a truth.
WORKFLOWS = (
    "{extends: default, rules: {line-length: {max: 100}, truthy: {check-keys: false},"
    " comments: {min-spaces-from-content: 1}}}"
)
# A compose file has no `---`.
COMPOSE = "{extends: default, rules: {line-length: {max: 100}, document-start: disable}}"


def yamllint(files: Iterable[Path], rules: str = WORKFLOWS) -> str:
    """What yamllint has to say of these files; "" if that is nothing."""
    return _complaints("yamllint", "--strict", "-d", rules, *_some(files))


def schema(name: str, files: Iterable[Path]) -> str:
    """What doesn't keep to a schema that check-jsonschema has, such as gitlab-ci."""
    return _complaints("check-jsonschema", f"--builtin-schema=vendor.{name}", *_some(files))


def zizmor(projects: Iterable[Path]) -> str:
    """What zizmor finds in the workflows of these projects.

    All its audits that need no network, the strict ones among them.
    """
    return _complaints(
        "zizmor", "--offline", "--no-progress", "--persona=pedantic", *_some(projects)
    )


def hadolint(dockerfiles: Iterable[Path]) -> str:
    """What hadolint has to say, at style level, and without pragmas.

    Packages of Debian and Alpine are not pinned: old versions leave their repositories.
    """
    return _complaints(
        *("hadolint", "--no-color", "--disable-ignore-pragma", "--failure-threshold=style"),
        *("--ignore=DL3008", "--ignore=DL3018"),
        *_some(dockerfiles),
    )


def ruff_format(files: Iterable[Path]) -> str:
    """The Python files that ruff would format otherwise than they are."""
    return _complaints("ruff", "format", "--check", "--no-cache", *_some(files))


def _some(paths: Iterable[Path]) -> list[Path]:
    """At least one, or a test would pass that looked at nothing."""
    found = sorted(paths)
    assert found
    return found


def _complaints(program: str, *arguments: str | Path) -> str:
    done = subprocess.run(
        [BIN / program, *arguments], capture_output=True, text=True, timeout=120, check=False
    )
    return "" if done.returncode == 0 else done.stdout + done.stderr or f"exit {done.returncode}"
