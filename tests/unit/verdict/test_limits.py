"""The limits of a dockgen.toml, updated from measurements."""

import os
from decimal import Decimal
from pathlib import Path

import pytest

from dockgen import checks
from dockgen.check import Checked
from dockgen.checks import Observation
from dockgen.contract import Contract, Limits
from dockgen.errors import ProjectError
from dockgen.image import Config, Image, Layer
from dockgen.matrix import Workload
from dockgen.verdict import limits
from tests.table import table

MB = 10**6
FIGURES = {"size_mb": Decimal("12.5"), "stop_seconds": Decimal(2)}
TOML = """\
# mine
[limits]  # of the image
# why so much
size_mb = 6.9 # as measured
stop_seconds=1
[rules] # size_mb = 1
required_labels = ["size_mb = 3"]
"""


def test_only_figures_change() -> None:
    """Comments, order and everything below other sections stay."""
    assert limits.rewritten(TOML, FIGURES) == TOML.replace(
        "size_mb = 6.9 #", "size_mb = 12.5 #"
    ).replace("stop_seconds=1", "stop_seconds=2")


@table(
    ("before", "after"),
    [
        ("", "[limits]\nsize_mb = 12.5\nstop_seconds = 2\n"),
        ("# mine\n", "# mine\n\n[limits]\nsize_mb = 12.5\nstop_seconds = 2\n"),
        ("[limits]", "[limits]\nsize_mb = 12.5\nstop_seconds = 2\n"),
        (
            "[limits]\r\nsize_mb = 1\r\n",
            "[limits]\r\nstop_seconds = 2\r\nsize_mb = 12.5\r\n",
        ),
    ],
)
def test_what_is_missing_is_added(before: str, after: str) -> None:
    """With the file's own line endings."""
    assert limits.rewritten(before, FIGURES) == after


@table(
    "text",
    [
        "limits.size_mb = 3\n",
        "limits = { size_mb = 3, stop_seconds = 1 }\n",
        '[limits]\n"size_mb" = 3\n',
        'x = """\n[limits]\nsize_mb = 1\nstop_seconds = 1\n"""\n',
        "[[limits]]\nsize_mb = 1\n",
    ],
)
def test_another_form_is_left_alone(text: str) -> None:
    """A line that only looks like a limit is never changed."""
    with pytest.raises(ProjectError, match="line by line"):
        limits.rewritten(text, FIGURES)


def made(directory: Path, seen: Observation | None) -> Checked:
    """Return an image of 10 MB, with limits of 1 MB and 0.1 s."""
    contract = Contract(Workload.SERVICE, 8080, Limits(MB, 0.1, 0.1))
    image = Image(Config(), (Layer("sha256:0", 10 * MB, None, ()),))
    found = [one for one in checks.check_image(image, contract) if one.rule == "DG105"]
    if seen:
        timed = ("DG201", "DG208")
        found += [one for one in checks.check_running(seen, contract) if one.rule in timed]
    return Checked("my-app", directory, None, contract, image, seen, found)


def test_what_was_measured_holds_from_now_on(tmp_path: Path) -> None:
    """In the file and in this run; the file keeps its mode, and nothing is left beside it."""
    path = tmp_path / "dockgen.toml"
    path.write_text(TOML)
    path.chmod(0o640)
    checked = made(tmp_path, Observation(3.0, 200, None, True, (), 0, 0.5))
    assert {finding.rule for finding in checked.failures} == {"DG105", "DG201", "DG208"}
    held, figures = limits.update(tmp_path, checked)
    assert held.failures == []
    assert figures == {"size_mb": 11, "healthy_seconds": 9, "stop_seconds": 2}
    assert "size_mb = 11 # as measured" in path.read_text()
    assert path.stat().st_mode & 0o777 == 0o640
    assert os.listdir(tmp_path) == ["dockgen.toml"]  # noqa: PTH208


def test_what_was_not_seen_stays(tmp_path: Path) -> None:
    """Without a container there is only a size."""
    _, figures = limits.update(tmp_path, made(tmp_path, None))
    assert figures == {"size_mb": 11}
    assert (tmp_path / "dockgen.toml").read_text() == "[limits]\nsize_mb = 11\n"


def test_a_link_that_leads_out_is_not_followed(tmp_path: Path) -> None:
    """The file of someone else stays as it is."""
    (tmp_path / "theirs").write_text(TOML)
    (tmp_path / "project").mkdir()
    (tmp_path / "project/dockgen.toml").symlink_to(tmp_path / "theirs")
    with pytest.raises(ProjectError):
        limits.update(tmp_path / "project", made(tmp_path / "project", None))
    assert (tmp_path / "theirs").read_text() == TOML
