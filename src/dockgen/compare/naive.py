"""The naive image, for comparison: what most tutorials start with.

One stage, everything copied, nothing left out. It is made from a project's answers, and starts as
the project's own image does. pip keeps no cache, and Python and Node use their slim images: the
full ones would be several times as large.
"""

import json
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dockgen import reader, settings
from dockgen.containerfiles import composefile
from dockgen.containerfiles.dockerfile import Dockerfile
from dockgen.errors import UsageError
from dockgen.project import ANSWERS, OWN_ANSWERS

# A naive project has none of these.
_IGNORE_FILES = (".dockerignore", "Dockerfile.dockerignore")
# Options that a `docker run` without flags doesn't set.
_HARDENING = ("cap_drop", "init", "mem_limit", "pids_limit", "read_only", "security_opt", "tmpfs")

_IMAGES = {
    "go": "golang:{}",
    "python": "python:{}-slim-trixie",
    "node": "node:{}-trixie-slim",
}
_HEAD = "# What a tutorial's first page says, for comparison: one stage, everything copied."


def dockerfile(answers: Mapping[str, Any], rendered: Dockerfile) -> str:
    """Return the naive Dockerfile of a project.

    Args:
        answers: the project's recorded answers.
        rendered: its own Dockerfile, on any flavor.

    Raises:
        UsageError: a single stage can't make it; the message says why.
    """
    existing: Mapping[str, Any] = answers.get("existing") or {}
    if answers.get("framework") == "vite":
        raise UsageError("nginx serves what Node builds: that takes two stages")
    if existing.get("frontend"):
        raise UsageError("a front end is built first: that takes two stages")
    language = str(answers["language"])
    image = _IMAGES[language].format(answers["language_version"])
    registry = str(answers.get("registry") or "")
    lines = [_HEAD, f"FROM {registry.rstrip('/') + '/' if registry else ''}{image}", "WORKDIR /app"]
    if packages := [*existing.get("build_packages", ()), *(answers.get("runtime_packages") or ())]:
        lines.append(f"RUN apt-get update && apt-get install -y {' '.join(sorted(set(packages)))}")
    lines.append("COPY . .")
    told = existing.get("install", {}) if existing else {"requirements": ["requirements.txt"]}
    if install := _INSTALLS[language](str(answers.get("package_manager")), told):
        lines.append(f"RUN {' && '.join(install)}")
    if folder := existing.get("folder"):
        lines.append(f"WORKDIR /app/{folder}")
    build = list(existing.get("build", ()))
    if language == "go":
        build += _compiled(str(answers["name"]), existing)
    if build:
        variables = existing.get("build_environment", {}).items()
        before = "".join(f"{name}={shlex.quote(str(value))} " for name, value in variables)
        lines.append(f"RUN {' && '.join(before + command for command in build)}")
    if language == "python" and answers.get("package_manager") != "pip":
        lines.append("ENV PATH=/app/.venv/bin:$PATH")
    lines += [f"ENV {name}={_quoted(value)}"
              for name, value in existing.get("environment", {}).items()]  # fmt: skip
    if answers.get("kind", "service") == "service":
        lines.append(f"EXPOSE {answers['port']}")
    return "\n".join([*lines, *_start(rendered), ""])


def lay(folder: Path, text: str) -> None:
    """Replace dockgen's files in a copy of a project with a naive Dockerfile.

    Other services in compose.yaml stay; the container isn't hardened.

    Raises:
        ProjectError: compose.yaml is invalid.
    """
    for name in (*_IGNORE_FILES, settings.FILE, ANSWERS, OWN_ANSWERS):
        (folder / name).unlink(missing_ok=True)
    (folder / "Dockerfile").write_text(text, encoding="utf-8")
    compose = folder / composefile.NAMES[0]
    model = reader.parse_yaml(compose.read_text(encoding="utf-8"), compose)
    for service in model["services"].values():
        for key in _HARDENING:
            service.pop(key, None)
    # JSON is YAML, too.
    compose.write_text(json.dumps(model), encoding="utf-8")


def _python(manager: str, install: Mapping[str, Any]) -> Sequence[str]:
    """Return the commands that install a Python program's packages."""
    extras = [str(extra) for extra in install.get("extras", ())]
    packages = [str(package) for package in install.get("packages", ())]
    server = [f"pip install --no-cache-dir {' '.join(packages)}"] if packages else []
    if manager == "pip":
        if install.get("pipenv"):
            pipenv = ["pip install --no-cache-dir pipenv", "pipenv install --system --deploy"]
            return [*pipenv, *server]
        files = install.get("requirements", ())
        words = [f"-r {name}" for name in files if name != "pyproject.toml"]
        if install.get("package") or "pyproject.toml" in files:
            words.append(f".[{','.join(extras)}]" if extras else ".")
        words += packages
        return [f"pip install --no-cache-dir {' '.join(words)}"] if words else []
    flag = {"uv": "--extra", "poetry": "--extras", "pdm": "--group"}[manager]
    options = "".join(f" {flag} {extra}" for extra in extras)
    if manager == "uv":
        member = f" --package {install['member']}" if install.get("member") else ""
        commands = [f"uv sync --no-dev --no-cache{member}{options}"]
    elif manager == "poetry":
        root = "" if install.get("package") else " --no-root"
        commands = [f"POETRY_VIRTUALENVS_IN_PROJECT=true poetry install --only main{root}{options}"]
    else:
        commands = [f"pdm install --prod{options}"]
    return [f"pip install --no-cache-dir {manager}", *commands, *server]


def _node(manager: str, install: Mapping[str, Any]) -> Sequence[str]:
    """Return the commands that install a Node program's packages, including dev dependencies."""
    if manager == "npm":
        return ["npm install"]
    tool = "@yarnpkg/cli-dist" if manager == "yarn" else manager
    return [f"npm install --global --force {install.get('manager') or tool}", f"{manager} install"]


def _go(manager: str, install: Mapping[str, Any]) -> Sequence[str]:
    """Return the commands that download a Go program's modules."""
    del manager, install
    return []


_INSTALLS = {"go": _go, "python": _python, "node": _node}


def _compiled(name: str, existing: Mapping[str, Any]) -> list[str]:
    tags = f" -tags={','.join(existing['tags'])}" if existing.get("tags") else ""
    mains: Mapping[str, str] = existing.get("mains") or {name: "."}
    return [
        f"go build{tags} -o /usr/local/bin/{binary} {package}" for binary, package in mains.items()
    ]


def _start(rendered: Dockerfile) -> list[str]:
    """Return the instructions that start the program as the project's own image does."""
    found = {
        step.keyword: f"{step.keyword} {step.rest}"
        for step in rendered.stages[-1].instructions
        if step.keyword in ("ENTRYPOINT", "CMD")
    }
    return list(found.values())


def _quoted(value: object) -> str:
    words = str(value).replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$")
    return f'"{words}"'
