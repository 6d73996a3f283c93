"""docker-bake.hcl; in tests/images/test_starters.py, bake itself reads it."""

from dockgen.containerfiles import bake
from tests.table import table


def test_two_targets_for_each_case() -> None:
    """Its image, and its own tests."""
    assert bake.definition("acme", ["go-slim"]).splitlines()[2:] == [
        'group "default" {',
        '  targets = ["go-slim"]',
        "}",
        "",
        'group "test" {',
        '  targets = ["go-slim_test"]',
        "}",
        "",
        'target "go-slim" {',
        '  context = "go-slim"',
        '  tags    = ["acme:go-slim"]',
        "}",
        "",
        'target "go-slim_test" {',
        '  context = "go-slim"',
        '  target  = "test"',
        '  output  = ["type=cacheonly"]',
        "}",
    ]


@table(
    ("words", "name"),
    [("acme-starter", "acme-starter"), ("Acme ${x}_1", "acme-x-1"), ("…", "starter")],
)
def test_any_folder_gives_a_name_for_images(words: str, name: str) -> None:
    """Lower case, no special characters."""
    assert bake.image_name(words) == name
