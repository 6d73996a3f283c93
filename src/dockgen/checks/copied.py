"""What the steps of a Dockerfile copy from the build's folder, and would copy if it were there."""

from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase

from dockgen.containerfiles.dockerfile import Dockerfile

# No program reads these, in any folder.
_FOR_TOOLS = (
    ".git*", ".keep", ".DS_Store", ".editorconfig", ".dockerignore", "*.dockerignore", ".npmignore",
    ".eslint*", ".prettier*", ".stylelint*", ".markdownlint*", ".pre-commit*", ".nvmrc", ".mailmap",
    "*.example", "*.sample", "*.md", "Dockerfile*", "Containerfile*", "*compose*.y*ml",
    "docker-bake.*", "dockgen*.toml",
)  # fmt: skip
# Top-level folders that images don't need, if a step copies the whole folder.
_ASIDE = (
    "chart*", "ci", "deploy*", "doc", "docs", "example*", "helm", "infra*", "k8s", "kubernetes",
    "script*", "spec", "terraform", "test*",
)  # fmt: skip
# Top-level names that begin with a dot are for tools, except these.
_DOTS = (
    ".babelrc*", ".browserslistrc", ".env*", ".npmrc", ".postcssrc*", ".swcrc", ".well-known",
    ".yarn", ".yarnrc*",
)  # fmt: skip


def looks_needed(dockerfile: Dockerfile, left_out: Iterable[str]) -> list[str]:
    """Return which of these paths a step copies, except files that are only for tools."""
    sources = set(_sources(dockerfile))
    return [
        path
        for path in left_out
        if not any(_fits(part, _FOR_TOOLS) for part in path.split("/"))
        and any(_is_of(path, source) for source in sources)
    ]


def _sources(dockerfile: Dockerfile) -> Iterator[str]:
    """Yield what steps copy from the build's folder: patterns of paths, "" for all of it."""
    for stage in dockerfile.stages:
        for step in stage.instructions:
            flags = {name for name, _ in step.flags}
            if step.keyword in ("COPY", "ADD") and "from" not in flags:
                for word in step.words[:-1]:
                    source = word.strip("[],\"'").removeprefix("./").strip("/")
                    yield "" if source in (".", "*") else source


def _is_of(path: str, source: str) -> bool:
    """Return whether a step that copies ``source`` would copy the file."""
    parts = path.split("/")
    if not source:
        return _fits(parts[0], _DOTS) if path.startswith(".") else not _fits(parts[0], _ASIDE)
    patterns = source.split("/")
    return len(patterns) <= len(parts) and all(map(fnmatchcase, parts, patterns))


def _fits(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)
