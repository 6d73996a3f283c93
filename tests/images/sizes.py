"""A pytest plugin: at the end of a run, the measured sizes beside the bases they stand on.

Tests record their sizes as properties, which pytest-xdist brings from its workers; the test bed
says in the file that $DOCKGEN_TESTBED_REPORT names which bases it provided.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

MB = 10**6


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the table, if any size was measured."""
    sizes = [
        value
        for status in ("passed", "failed")
        for report in terminalreporter.getreports(status)
        for name, value in report.user_properties
        if name == "size"
    ]
    if not sizes:
        return
    terminalreporter.section("image sizes, MB of 10^6 bytes")
    terminalreporter.write_line(f"{'cell':<20}{'unpacked':>10}{'gzip -6':>10}{'limit':>10}")
    for size in sorted(sizes, key=lambda size: str(size["cell"])):
        terminalreporter.write_line(
            f"{size['cell']:<20}{_mb(size['unpacked_bytes'])}{_mb(size['gzip_bytes'])}"
            f"{_mb(size['limit_bytes'])}"
        )
    for line in _bases():
        terminalreporter.write_line(line)


def _bases() -> Iterator[str]:
    path = os.environ.get("DOCKGEN_TESTBED_REPORT")
    if not path:
        yield "on the base images that were there: $DOCKGEN_TESTBED_REPORT names no report"
        return
    report = json.loads(Path(path).read_text(encoding="utf-8"))
    yield ""
    yield f"{'base':<20}{'unpacked':>10}{'gzip':>10}  origin (the official one's published size)"
    for base in report["bases"]:
        published = base["published"] or {}
        official = published.get("unpacked_mb")
        yield (
            f"{base['name']:<20}{_mb(base['unpacked_bytes'])}{_mb(base['gzip_bytes'])}"
            f"  {base['origin']} ({'not known' if official is None else f'{official:g}'})"
        )


def _mb(size: int | None) -> str:
    return f"{'?' if size is None else f'{size / MB:.2f}':>10}"
