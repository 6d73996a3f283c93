"""The shape of a rendered project, as parsers see it."""

import json
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from dockgen.containerfiles import dockerfile

ANSWERS = ".copier-answers.yml"

# https://github.com/distribution/reference, for names with a host.
_PART = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_HOST = r"(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
_IMAGE = re.compile(
    rf"(?:{_HOST}(?:\.{_HOST})*(?::[0-9]+)?/)?(?P<path>{_PART}(?:/{_PART})*)"
    r"(?::(?P<tag>\w[\w.-]{0,127}))?",
    re.ASCII,
)
# golang.org/x/mod: what `go` accepts in go.mod, and what a module path must not contain.
_GO_MOD = re.compile(
    r"module example\.com/(?P<name>[a-z0-9-]+)\n\n"
    r"go [1-9][0-9]*\.(?:0|[1-9][0-9]*)(?:\.(?:0|[1-9][0-9]*))?\n"
    r"(?:\nrequire github\.com/[a-z/-]+/v[0-9]+ v[0-9.]+\n)?"
)
_WINDOWS = re.compile(r"con|prn|aux|nul|com[1-9]|lpt[1-9]")
_OWN_ENTRY = re.compile(r"^[a-z0-9-]+@workspace:\.$")
_PAIR = re.compile(r'([a-z0-9.-]+)="((?:[^"\\]|\\.)*)"')


def structures(project: Path) -> dict[str, Any]:
    """Return what each file of a project parses to, without the answers' values.

    Raises:
        ValueError: a file doesn't parse.
    """
    return {
        path.relative_to(project).as_posix(): _structure(path)
        for path in sorted(project.rglob("*"))
        if path.is_file() and path.name != ANSWERS
    }


def labels(project: Path) -> dict[str, str]:
    """Return the labels in a project's Dockerfile as Docker reads them: unquoted, unescaped."""
    found: dict[str, str] = {}
    for instruction in _instructions(project / "Dockerfile"):
        if instruction.keyword == "LABEL":
            assert not _PAIR.sub("", instruction.rest).strip(), instruction.rest
            for name, text in _PAIR.findall(instruction.rest):
                assert not re.search(r"(?<!\\)(?:\\\\)*\$", text), "a variable"
                found[name] = re.sub(r"\\(.)", r"\1", text)
    return found


def is_image(name: str) -> bool:
    """Return whether Docker accepts this as the name of an image."""
    found = _IMAGE.fullmatch(name)
    # The one reserved name: a digest begins with it.
    return bool(found) and len(name) <= 255 + 128 and name != "sha256"


def _structure(path: Path) -> Any:
    text = path.read_bytes().decode()  # unchanged: line endings aren't translated
    if path.name == "Dockerfile":
        images = [image.name for image in dockerfile.parse(text).images]
        assert [name for name in images if not is_image(name)] == []
        return [
            (instruction.keyword, len(instruction.rest.split()))
            for instruction in _instructions(path)
            if instruction.keyword != "LABEL"
        ]
    if path.name == "go.mod":
        module = _GO_MOD.fullmatch(text)
        assert module, text
        assert not _WINDOWS.fullmatch(module["name"])
        return "module"
    if path.suffix == ".json":
        return _types(json.loads(text))
    if path.suffix == ".toml" or path.name in {"pdm.lock", "poetry.lock", "uv.lock"}:
        return _types(tomllib.loads(text))
    if path.suffix in {".yml", ".yaml"} or path.name == "yarn.lock":
        read = yaml.safe_load(text)
        if path.name == "yarn.lock":  # the project itself is one of its packages
            read = {_OWN_ENTRY.sub("@workspace:.", key): entry for key, entry in read.items()}
        if path.name == "compose.yaml":
            assert is_image(read["services"]["app"]["image"])
        return _types(read)
    if path.suffix == ".py":
        compile(text, path.name, "exec")
    return len(text.split("\n"))


def _types(value: Any) -> Any:
    """Return the keys and types of a parsed value."""
    if isinstance(value, Mapping):
        return {key: _types(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_types(inner) for inner in value]
    # A limit can be 125 or 125.5.
    return "number" if isinstance(value, int | float) else type(value).__name__


def _instructions(path: Path) -> list[Any]:
    return list(dockerfile._instructions(path.read_text().split("\n"), "\\"))
