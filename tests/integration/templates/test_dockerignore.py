""".dockerignore: what a step copies reaches the build, and possible secrets don't.

tests/images/test_leaks.py asks the engine, which decides.
"""

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pathspec import PathSpec

from tests.conftest import Make
from tests.integration.templates.test_private import instructions
from tests.table import table

CA = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
SAMPLES: dict[str, dict[str, Any]] = {
    "go": {"language": "go", "flavor": "slim"},
    "go-cgo": {"language": "go", "flavor": "slim", "cgo": True},
    **{
        manager: {"language": language, "flavor": "slim", "package_manager": manager}
        for language, managers in {
            "python": ("pip", "uv", "poetry", "pdm"),
            "node": ("npm", "pnpm", "yarn"),
        }.items()
        for manager in managers
    },
    **{
        f"vite-{manager}-{flavor}": {
            "language": "node",
            "flavor": flavor,
            "package_manager": manager,
            "framework": "vite",
        }
        for manager, flavor in (("npm", "slim"), ("pnpm", "alpine"), ("yarn", "alpine"))
    },
}
# What belongs to a build that the sample app does without.
LATER = {
    "go": [
        *("go.sum", "sub/main.go", "sub/a.s", "sub/a.h", "my-app/main.go"),
        *("vendor/modules.txt", "vendor/example.com/a/embedded.pem"),
    ],
    "cgo": [f"sub/a.{suffix}" for suffix in ("c", "cc", "cpp", "hpp", "S")],
    "npm": [".npmrc"],  # and pnpm
    "vite": ["vite.config.js", "tsconfig.json"],
    "yarn": [f".yarn/{folder}/a" for folder in ("patches", "plugins", "releases")],
}
# What has come to be somewhere in the project.
SECRETS = [
    *(".env", ".git/config", ".github/a.yml", "dump.sql", "node_modules/a/index.js"),
    *(f"{folder}/{name}" for folder in ("src", "test", "app", "tests", "public")
      for name in (".env", ".env.local", "sub/.env", "tls.key", "sub/tls.key", "tls.pem")),
    *(f"sub/{name}" for name in (".DS_Store", ".git/config", ".netrc", ".npmrc", ".pypirc")),
    *(f"sub/{name}" for name in ("a.p12", "a.pfx", "id_ecdsa", "id_ed25519", "id_rsa")),
    *(f"a.{name}" for name in ("db", "dump", "log", "sqlite3", "tar", "tar.gz", "zip")),
    *("Dockerfile", "compose.yaml", "dockgen.toml"),
]  # fmt: skip
# What the tools of a language leave behind.
LEFTOVERS = {
    "go": ["my-app", "a.test", "a.out", "dist/a", "README.md"],
    "python": [
        *("app/__pycache__/main.pyc", "tests/sub/__pycache__/a.pyc", "app/.mypy_cache/a"),
        *("sub/a.pyc", "build/a", "dist/a", "htmlcov/a", "venv/a", "sub/.venv/a"),
        *("sub/a.egg-info/a", "app/__pycache__/a"),
    ],
    "node": ["dist/index.js", "sub/node_modules/a/index.js", "coverage/a"],
}
# What no build of an existing repository may read: in any folder, at its top, and by language.
ANYWHERE = [
    *(".DS_Store", ".env.local", ".git/config", ".netrc", ".pypirc", ".pytest_cache/a", ".venv/a"),
    *("a.key", "a.p12", "a.pem", "a.pfx", "id_ecdsa", "id_ed25519", "id_rsa.old", "a.sqlite3"),
    *("__pycache__/a", "a.egg-info/a", "a.pyc", "node_modules/a/index.js", "venv/a"),
    *("compose.dev.yaml", "Dockerfile.dev", "api.Dockerfile"),
]  # fmt: skip
TOP = [
    *(".copier-answers.yml", ".github/a.yml", ".gitlab-ci.yml", ".idea/a", ".vscode/a"),
    *("a.dump", "a.log", "a.tar", "a.tar.gz", "a.zip", "coverage/a", "dockgen.toml", "htmlcov/a"),
    *("docs/a", "certs/private.pem"),
]
EXISTING = {
    "go": ["a.out", "a.test", "sub/a_test.go"],
    "node": ["dist/index.js", ".next/a", ".turbo/a"],
    "python": ["build/a", "dist/a"],
}


def passes(project: Path, path: str) -> bool:
    """Return whether a path reaches the build: the last pattern that matches it counts.

    Docker's patterns are git's, but begin at the top, also without a slash.
    """
    lines = [
        line.replace("!", "!/", 1) if line.startswith("!") else f"/{line}"
        for line in (project / ".dockerignore").read_text().splitlines()
        if line and not line.startswith("#")
    ]
    return not PathSpec.from_lines("gitignore", lines).match_file(path)


def sources(project: Path) -> Iterator[str]:
    """Yield what the Dockerfile's steps copy from the project, as written."""
    for line in instructions(project / "Dockerfile"):
        keyword, *words = line.split() or [""]
        flags = [word for word in words if word.startswith("--")]
        if keyword == "COPY" and not any(flag.startswith("--from=") for flag in flags):
            yield from words[len(flags) : -1]
        for flag in flags:
            options = dict(option.partition("=")[::2] for option in flag.split(","))
            if "source" in options and "from" not in options:
                yield options["source"]


@table(("ca_certificates", "sample"), itertools.product(["", CA], SAMPLES))
def test_what_a_step_takes_is_let_in(make: Make, sample: str, ca_certificates: str) -> None:
    """Each file of the project that a COPY or a bind mount names, and what may come later."""
    project = make(**SAMPLES[sample], ca_certificates=ca_certificates)
    taken = {source.removesuffix("/") for source in sources(project)} - {"."}
    files = [
        path.relative_to(project).as_posix()
        for source in taken
        for found in project.glob(source)
        for path in (found.rglob("*") if found.is_dir() else [found])
        if path.is_file()
    ]
    assert len(files) >= len(
        [source for source in taken if "*" not in source and "[" not in source]
    )
    later = [path for word, paths in LATER.items() if word in sample for path in paths]
    assert [path for path in [*files, *later] if not passes(project, path)] == []


@table("sample", SAMPLES)
def test_a_secret_stays_out(make: Make, sample: str) -> None:
    """A secret is left out in any folder, also next to the source, and so is output of tools."""
    project = make(**SAMPLES[sample])
    kept_out = SECRETS + LEFTOVERS[SAMPLES[sample]["language"]]
    assert [path for path in kept_out if passes(project, path)] == []


@table("language", EXISTING)
def test_an_existing_repository_keeps_its_secrets(make: Make, language: str) -> None:
    """They stay out of the build, with what the user leaves out; the rest of it passes."""
    lines = {"leave_out": ["docs"], "keep": ["certs/public.pem"]}
    project = make(language=language, flavor="slim", existing={"command": ["serve"], **lines})
    anywhere = [f"{folder}{path}" for path in ANYWHERE for folder in ("", "sub/")]
    kept_out = [*anywhere, *TOP, *EXISTING[language]]
    assert [path for path in kept_out if passes(project, path)] == []
    let_in = ["certs/public.pem", "sub/main.go", ".npmrc", "README.md", "sub/coverage/a"]
    assert [path for path in let_in if not passes(project, path)] == []
