"""Run linters on many files at once: most take longer to start than to check them all."""

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

BIN = Path(sys.executable).parent

# Defaults, lines of up to 100 characters, and `on:`, which YAML 1.1 reads as true.
WORKFLOWS = (
    "{extends: default, rules: {line-length: {max: 100}, truthy: {check-keys: false},"
    " comments: {min-spaces-from-content: 1}}}"
)
# Compose files have no `---`.
COMPOSE = "{extends: default, rules: {line-length: {max: 100}, document-start: disable}}"


def yamllint(files: Iterable[Path], rules: str = WORKFLOWS) -> str:
    """Return yamllint's findings in these files, or ""."""
    return _complaints("yamllint", "--strict", "-d", rules, *_some(files))


def schema(name: str, files: Iterable[Path]) -> str:
    """Return the violations of a schema of check-jsonschema, such as gitlab-ci."""
    return _complaints("check-jsonschema", f"--builtin-schema=vendor.{name}", *_some(files))


def zizmor(projects: Iterable[Path]) -> str:
    """Return zizmor's findings in the workflows of these projects.

    All audits that need no network run, even the strict ones.
    """
    return _complaints(
        "zizmor", "--offline", "--no-progress", "--persona=pedantic", *_some(projects)
    )


def hadolint(dockerfiles: Iterable[Path]) -> str:
    """Return hadolint's findings at style level, without pragmas.

    Debian's and Alpine's packages are not pinned: old versions leave their repositories.
    """
    return _complaints(
        *("hadolint", "--no-color", "--disable-ignore-pragma", "--failure-threshold=style"),
        *("--ignore=DL3008", "--ignore=DL3018"),
        *_some(dockerfiles),
    )


def ruff_format(files: Iterable[Path]) -> str:
    """Return the Python files that ruff would reformat."""
    return _complaints("ruff", "format", "--check", "--no-cache", *_some(files))


def _some(paths: Iterable[Path]) -> list[Path]:
    """Require at least one path: a test without any would pass."""
    found = sorted(paths)
    assert found
    return found


def _complaints(program: str, *arguments: str | Path) -> str:
    done = subprocess.run(
        [BIN / program, *arguments], capture_output=True, text=True, timeout=120, check=False
    )
    return "" if done.returncode == 0 else done.stdout + done.stderr or f"exit {done.returncode}"
