"""The variants: what is built and run besides the nine cells.

Each framework, kind and package manager is in at least two of them, on different flavors.
"""

import subprocess
import sys
from pathlib import Path

from dockgen.cases import Case


def _variant(language: str, flavor: str, *, index: str = "", **answers: str) -> Case:
    name = "-".join((language, *answers.values(), flavor))
    given = {"language": language, "flavor": flavor, **answers}
    return Case(name, {**given, "package_index": index} if index else given)


def _python_index() -> str:
    """The package index of this machine, as uv knows it.

    Without an address, Poetry asks the public one for JSON, which not each index in its place has.
    """
    uv = str(Path(sys.executable).with_name("uv"))
    command = [uv, "pip", "compile", "--quiet", "--no-header", "--emit-index-url", "-"]
    printed = subprocess.run(command, input="", capture_output=True, text=True, check=True).stdout
    return printed.split()[1]


PYTHON_INDEX = _python_index()

VARIANTS = (
    _variant("go", "scratch", kind="worker"),
    _variant("go", "alpine", kind="worker"),
    _variant("go", "scratch", kind="job"),
    _variant("go", "slim", kind="job"),
    Case("go-cgo-slim", {"language": "go", "flavor": "slim", "cgo": True}),
    _variant("node", "slim", framework="fastify", package_manager="pnpm"),
    _variant("node", "alpine", framework="fastify", package_manager="yarn"),
    _variant("node", "scratch", framework="express", package_manager="pnpm"),
    _variant("node", "slim", framework="express", package_manager="yarn"),
    _variant("node", "alpine", framework="stdlib", package_manager="npm"),
    _variant("node", "scratch", framework="stdlib", package_manager="npm"),
    _variant("node", "alpine", kind="worker", package_manager="npm"),
    _variant("node", "scratch", kind="worker", package_manager="pnpm"),
    _variant("node", "slim", kind="job", package_manager="npm"),
    _variant("node", "scratch", kind="job", package_manager="yarn"),
    _variant("node", "alpine", framework="vite", package_manager="npm"),
    _variant("node", "slim", framework="vite", package_manager="npm"),
    _variant("node", "alpine", framework="vite", package_manager="pnpm"),
    _variant("node", "slim", framework="vite", package_manager="yarn"),
    _variant("python", "slim", framework="flask", package_manager="uv"),
    _variant("python", "alpine", framework="flask", package_manager="poetry", index=PYTHON_INDEX),
    _variant("python", "alpine", framework="fastapi", package_manager="uv"),
    _variant(
        "python", "scratch", framework="fastapi", package_manager="poetry", index=PYTHON_INDEX
    ),
    _variant("python", "scratch", framework="stdlib"),
    _variant("python", "slim", framework="stdlib"),
    _variant("python", "alpine", kind="worker"),
    _variant("python", "slim", kind="worker", package_manager="uv"),
    _variant("python", "slim", kind="job"),
    _variant("python", "scratch", kind="job", package_manager="poetry", index=PYTHON_INDEX),
)
