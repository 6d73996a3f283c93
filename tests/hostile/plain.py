"""Plain answers, and what a hostile one may change of the project that they give."""

import re
from pathlib import Path
from typing import Any

import yaml

from tests.conftest import tree
from tests.hostile import shape

# Each appears in the files where its answer belongs, and nowhere else.
PLAIN = {
    "name": "plain-name",
    "port": 45678,
    "registry": "plain.invalid/hub",
}
# The same for answers that bring files or lines of their own along.
MORE = {
    "private_host": "plain-host.invalid",
    "package_index": "https://plain-index.invalid/simple",
    "runtime_packages": ["plain-package"],
}
VERSIONS = {"go": "1.9876", "python": "3.9876", "node": "9876"}
# Few cells do for all: flavors differ in their Dockerfiles alone, and CI in its own files.
CELLS = [("go", "scratch", "github"), ("python", "slim", "gitlab"), ("node", "alpine", "none")]
_HASH = re.compile(r'^content-hash = "[0-9a-f]{64}"$', re.MULTILINE)


def cell(number: int) -> dict[str, str]:
    """One of the cells, in turn, with the plain version of its language."""
    chosen = dict(zip(("language", "flavor", "ci"), CELLS[number % len(CELLS)], strict=True))
    return {**chosen, "language_version": VERSIONS[chosen["language"]]}


def recorded(project: Path) -> dict[str, Any]:
    """The answers that the next update starts from."""
    answers: dict[str, Any] = yaml.safe_load((project / shape.ANSWERS).read_text())
    return answers


def assert_only_values_differ(project: Path, plain: Path, **answers: Any) -> None:
    """The project is the plain one with these answers put where the plain ones stand."""
    assert shape.structures(project) == shape.structures(plain)
    expected = {name: text.decode() for name, text in tree(plain).items() if name != shape.ANSWERS}
    versions = {"language_version": VERSIONS[recorded(project)["language"]]}
    for question, value in answers.items():
        before, after = _written({**PLAIN, **MORE, **versions}[question]), _written(value)
        assert any(before in text for text in expected.values()), f"{question} stands nowhere"
        if question == "registry" and not value:
            before += "/"
        expected = {name: text.replace(before, after) for name, text in expected.items()}
    found = {name: text.decode() for name, text in tree(project).items() if name != shape.ANSWERS}
    for files in (expected, found):
        if "poetry.lock" in files:  # with a hash of what the manifest says, the index included
            files["poetry.lock"] = _HASH.sub("", files["poetry.lock"])
    assert found.keys() == expected.keys()
    # Where a name is no module path it gets another end, which its grammar was held to above; and
    # Yarn sorts its packages by name, the project's own among them.
    elsewhere = {"go.mod", "yarn.lock"} if "name" in answers else set()
    different = [name for name, text in expected.items() if found[name] != text]
    assert set(different) <= elsewhere
    assert {name: recorded(project)[name] for name in answers} == answers


def _written(value: Any) -> str:
    """An answer as the files have it; of a list there is one item."""
    (value,) = value if isinstance(value, list) else [value]
    return str(value)
