"""A pytest plugin: at the end of a run, list the base images of the measured images.

`dockgen.testing.plugin` prints the sizes. The test bed lists the base images that it provided in
the file named by $DOCKGEN_TESTBED_REPORT.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from dockgen.image import sizes

MB = 10**6


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print them below the sizes, if any was measured."""
    properties = [
        recorded
        for status in ("passed", "failed")
        for report in terminalreporter.getreports(status)
        for recorded in report.user_properties
    ]
    if not sizes.recorded(properties):
        return
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
