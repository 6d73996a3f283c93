"""The table of sizes, and how it compares with another run's."""

from pathlib import Path

import pytest

from dockgen.errors import UsageError
from dockgen.image import sizes
from dockgen.image.sizes import Size
from dockgen.report import markdown
from tests.table import table

MB = 10**6
NOW = {"go": Size(7 * MB, 3 * MB, 8 * MB), "node": Size(9 * MB, 4 * MB, 10 * MB),
       "same": Size(5 * MB + 1, 2 * MB, 6_500_000)}  # fmt: skip
BEFORE = {"go": Size(6_500_000, 3 * MB, 8 * MB), "old": Size(MB, MB, MB),
          "same": Size(5 * MB, 2 * MB, 6_500_000)}  # fmt: skip


def test_a_file_gives_back_what_was_written(tmp_path: Path) -> None:
    """To the byte."""
    (tmp_path / "sizes.json").write_text(sizes.dump(NOW))
    assert sizes.read(tmp_path / "sizes.json") == NOW


@table("content", [None, "{", "[]", '{"go": 1}', '{"go": {"gzip_bytes": 1}}'])
def test_another_file_is_refused(tmp_path: Path, content: str | None) -> None:
    """As a mistake on the command line."""
    if content is not None:
        (tmp_path / "sizes.json").write_text(content)
    with pytest.raises(UsageError, match=r"sizes\.json"):
        sizes.read(tmp_path / "sizes.json")


def test_what_tests_record_is_found() -> None:
    """Among other properties."""
    properties = [("other", 1), sizes.property_of("go", NOW["go"])]
    assert sizes.recorded(properties) == {"go": NOW["go"]}


def test_differences() -> None:
    """Grown, new, gone, and the same in MB."""
    found = {row.case: row.difference for row in sizes.rows(NOW, BEFORE)}
    assert found == {"go": "+0.50", "node": "new", "old": "gone", "same": "0"}


def test_markdown() -> None:
    """With a column for the difference only if there is something to compare with."""
    assert markdown.sizes_table({"go": NOW["go"]}) == (
        "| case | unpacked MB | gzip MB | limit MB |\n"
        "| --- | ---: | ---: | ---: |\n"
        "| go | 7.00 | 3.00 | 8 |\n"
    )
    compared = markdown.sizes_table(NOW, BEFORE).splitlines()
    assert compared[0].endswith(" | difference |")
    assert "| old | - | - | - | gone |" in compared
