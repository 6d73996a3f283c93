"""The variants: what is built and run besides the nine cells, and how thoroughly.

A container's behaviour depends on its app and its flavor, so each such pair is tested with all
contracts once. A package manager changes only how the image is built.
"""

import subprocess
import sys
from pathlib import Path

from dockgen import languages
from dockgen.cases import Case


def _variant(language: str, flavor: str, *, index: str = "", **answers: str) -> Case:
    name = "-".join((language, *answers.values(), flavor))
    given = {"language": language, "flavor": flavor, **answers}
    return Case(name, {**given, "package_index": index} if index else given)


def _python_index() -> str:
    """Return the package index of this machine, as configured for uv.

    Without one, Poetry requests JSON from the public index, which not every replacement offers.
    """
    uv = str(Path(sys.executable).with_name("uv"))
    command = [uv, "pip", "compile", "--quiet", "--no-header", "--emit-index-url", "-"]
    printed = subprocess.run(command, input="", capture_output=True, text=True, check=True).stdout
    return printed.split()[1]


PYTHON_INDEX = _python_index()

# Tested with all contracts. Each framework and each kind is here on at least two flavors.
APPS = (
    _variant("go", "scratch", kind="worker"),
    _variant("go", "alpine", kind="worker"),
    _variant("go", "scratch", kind="job"),
    _variant("go", "slim", kind="job"),
    _variant("go", "alpine", framework="chi"),
    _variant("go", "scratch", framework="chi"),
    _variant("node", "slim", framework="fastify", package_manager="pnpm"),
    _variant("node", "alpine", framework="fastify", package_manager="yarn"),
    _variant("node", "alpine", framework="stdlib"),
    _variant("node", "scratch", framework="stdlib"),
    _variant("node", "alpine", kind="worker"),
    _variant("node", "scratch", kind="worker", package_manager="pnpm"),
    _variant("node", "slim", kind="job"),
    _variant("node", "scratch", kind="job", package_manager="yarn"),
    _variant("node", "alpine", framework="vite"),
    _variant("node", "slim", framework="vite"),
    _variant("python", "slim", framework="flask", package_manager="uv"),
    _variant("python", "alpine", framework="flask", package_manager="poetry", index=PYTHON_INDEX),
    _variant("python", "scratch", framework="stdlib"),
    _variant("python", "slim", framework="stdlib"),
    _variant("python", "alpine", kind="worker"),
    _variant("python", "slim", kind="worker", package_manager="uv"),
    _variant("python", "slim", kind="job"),
    _variant("python", "scratch", kind="job", package_manager="poetry", index=PYTHON_INDEX),
)

# All other pairs of an app and a flavor: all contracts, before a release.
RELEASE = (
    _variant("go", "slim", framework="chi"),
    _variant("go", "slim", kind="worker"),
    _variant("go", "alpine", kind="job"),
    _variant("node", "scratch", framework="fastify"),
    _variant("node", "slim", framework="stdlib"),
    _variant("node", "slim", kind="worker"),
    _variant("node", "alpine", kind="job"),
    _variant("python", "scratch", framework="flask"),
    _variant("python", "alpine", framework="stdlib"),
    _variant("python", "scratch", kind="worker"),
    _variant("python", "alpine", kind="job"),
)

# Built, measured, started and stopped: an app and a flavor that are tested above, built in another
# way, and those of RELEASE that have a limit of their own.
BUILDS = (
    Case("go-cgo-slim", {"language": "go", "flavor": "slim", "cgo": True}),
    _variant("node", "scratch", framework="express", package_manager="pnpm"),
    _variant("node", "slim", framework="express", package_manager="yarn"),
    _variant("node", "alpine", framework="vite", package_manager="pnpm"),
    _variant("node", "slim", framework="vite", package_manager="yarn"),
    _variant("python", "alpine", framework="fastapi", package_manager="uv"),
    _variant(
        "python", "scratch", framework="fastapi", package_manager="poetry", index=PYTHON_INDEX
    ),
    _variant("python", "slim", framework="fastapi", package_manager="pdm"),
    _variant("python", "alpine", kind="job", package_manager="pdm"),
    _variant("go", "slim", kind="worker"),
    _variant("go", "slim", framework="chi"),
    _variant("go", "alpine", kind="job"),
    _variant("node", "scratch", framework="fastify"),
    _variant("python", "scratch", framework="flask"),
)

VARIANTS = APPS + BUILDS


def limit_of(case: Case) -> tuple[str, str]:
    """Return the entry of `languages.limits` for a case, such as ("go-worker", "slim").

    The rendered project has the limit: see test_cover.py.
    """
    language, flavor = str(case.answers["language"]), str(case.answers["flavor"])
    # The first framework is its language's default; workers and jobs have none.
    usual = languages.frameworks(language)[0] if case.kind == "service" else "stdlib"
    framework = case.answers.get("framework", usual)
    keys = (f"{language}-{case.kind}", f"{language}-{framework}", language)
    return next(key for key in keys if key in languages.limits()), flavor
