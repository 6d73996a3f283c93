"""No lock file in the templates names a registry: that depends on the machine."""

import re

from tests.conftest import Make, tree
from tests.table import table
from tests.variants import VARIANTS

LOCK_FILES = {
    "requirements.txt", "requirements-dev.txt", "poetry.lock", "pdm.lock", "go.sum",
    "package-lock.json", "pnpm-lock.yaml", "yarn.lock",
}  # fmt: skip

# What npm notes of who funds a package is no address of the package.
ADDRESS = re.compile(r'"resolved"|-index-url|--find-links|(?<!"url": ")\b(?:https?|git|ssh)://')


@table(
    "line",
    [
        '      "resolved": "https://registry.example.com/a/-/a-1.0.0.tgz",',
        "--extra-index-url https://index.example.com/simple",
        "    resolution: {tarball: https://registry.example.com/a/-/a-1.0.0.tgz}",
        'url = "https://index.example.com/simple"',
    ],
)
def test_an_address_would_be_found(line: str) -> None:
    """As each manager writes it."""
    assert ADDRESS.search(line)


def test_lock_files_carry_no_address(make: Make) -> None:
    """Hashes say what to install. Go needs a module for chi alone, and uv's file isn't rendered."""
    for case in VARIANTS:
        answers = {name: value for name, value in case.answers.items() if name != "package_index"}
        found = {
            name: content.decode()
            for name, content in tree(make(**answers)).items()
            if name in LOCK_FILES
        }
        needs_none = case.answers["language"] == "go" and case.answers.get("framework") != "chi"
        expected = not needs_none and case.answers.get("package_manager") != "uv"
        assert bool(found) == expected, case.name
        assert [name for name, text in found.items() if ADDRESS.search(text)] == [], case.name
