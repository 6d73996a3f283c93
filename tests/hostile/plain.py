"""Plain answers, and how a project with a hostile answer may differ from one with these."""

import re
from pathlib import Path
from typing import Any

import yaml

from tests.conftest import tree
from tests.hostile import shape

# Each value appears in the files where its answer belongs, and nowhere else.
PLAIN = {
    "name": "plain-name",
    "port": 45678,
    "registry": "plain.invalid/hub",
}
# The same for answers that add files or lines.
MORE = {
    "private_host": "plain-host.invalid",
    "package_index": "https://plain-index.invalid/simple",
    "runtime_packages": ["plain-package"],
}
VERSIONS = {"go": "1.9876", "python": "3.9876", "node": "9876"}
# A few cells are enough: flavors differ only in their Dockerfiles, and CI in its own files.
CELLS = [("go", "scratch", "github"), ("python", "slim", "gitlab"), ("node", "alpine", "none")]
_HASH = re.compile(r'^content-hash = "[0-9a-f]{64}"$', re.MULTILINE)


def cell(number: int) -> dict[str, str]:
    """Return one of the cells, in turn, with the plain version of its language."""
    chosen = dict(zip(("language", "flavor", "ci"), CELLS[number % len(CELLS)], strict=True))
    return {**chosen, "language_version": VERSIONS[chosen["language"]]}


def recorded(project: Path) -> dict[str, Any]:
    """Return the answers that the next update starts from."""
    answers: dict[str, Any] = yaml.safe_load((project / shape.ANSWERS).read_text())
    return answers


def assert_only_values_differ(project: Path, plain: Path, **answers: Any) -> None:
    """Check that the project equals the plain one, except for these answers' values."""
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
        if "poetry.lock" in files:  # contains a hash of the manifest, which includes the index
            files["poetry.lock"] = _HASH.sub("", files["poetry.lock"])
    assert found.keys() == expected.keys()
    # A name that isn't a module path gets a suffix, which was checked above against its grammar;
    # and Yarn sorts its packages by name, the project's own among them.
    elsewhere = {"go.mod", "yarn.lock"} if "name" in answers else set()
    different = [name for name, text in expected.items() if found[name] != text]
    assert set(different) <= elsewhere
    assert {name: recorded(project)[name] for name in answers} == answers


def _written(value: Any) -> str:
    """Return an answer as it is written in the files; a list has one item."""
    (value,) = value if isinstance(value, list) else [value]
    return str(value)
