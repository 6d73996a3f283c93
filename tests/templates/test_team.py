"""What a platform team answers for its projects: labels, certificates, a policy."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from dockgen import template
from dockgen.errors import UsageError
from dockgen.matrix import Cell
from tests.conftest import each_cell, tree

BIN = Path(sys.executable).parent

# Text that means something to a shell, to YAML, to TOML or to a Dockerfile.
HOSTILE = 'Acme "A\\B" $HOME ${X} \'y\' {{ z }} # : <<EOF ünï 🐳'

LABELS = {
    "org.opencontainers.image.vendor": HOSTILE,
    "com.example.cost-center": "4711",
}


def render(directory: Path, **answers: Any) -> Path:
    """Render a project with these answers."""
    return template.render(directory / "my-app", {"name": "my-app", **answers}, ask=()).directory


def render_cell(directory: Path, cell: Cell, **answers: Any) -> Path:
    """Render a cell's project with these answers."""
    return render(directory, language=str(cell.language), flavor=str(cell.flavor), **answers)


def refusal(directory: Path, **answers: Any) -> str:
    """What is said about an answer that isn't allowed: one line."""
    with pytest.raises(UsageError) as caught:
        render(directory, **answers)
    assert "\n" not in caught.value.message
    return caught.value.message


def hadolint(dockerfile: Path) -> str:
    """What hadolint has to say; nothing when it is content."""
    done = subprocess.run(
        [BIN / "hadolint", "--no-color", "--failure-threshold", "style", dockerfile],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    return done.stdout + done.stderr


def instruction(dockerfile: Path, name: str) -> str:
    """The one instruction of this name, with the lines that continue it."""
    lines = dockerfile.read_text().splitlines()
    (start,) = (number for number, line in enumerate(lines) if line.startswith(f"{name} "))
    end = next(number for number in range(start, len(lines)) if not lines[number].endswith("\\"))
    return "\n".join(lines[start : end + 1])


@each_cell()
def test_labels_are_one_instruction(tmp_path: Path, cell: Cell) -> None:
    """A line for each, in the order of names; what a Dockerfile would replace is escaped."""
    dockerfile = render_cell(tmp_path, cell, labels=LABELS) / "Dockerfile"
    assert instruction(dockerfile, "LABEL") == (
        'LABEL com.example.cost-center="4711" \\\n'
        '    org.opencontainers.image.vendor="Acme \\"A\\\\B\\" \\$HOME \\${X} '
        "'y' {{ z }} # : <<EOF ünï 🐳\""
    )
    assert hadolint(dockerfile) == ""


@each_cell()
def test_labels_change_nothing_else(tmp_path: Path, cell: Cell) -> None:
    """Without the comment and the instruction, the Dockerfile is as it was."""
    plain = (render_cell(tmp_path / "plain", cell) / "Dockerfile").read_text()
    labeled = (render_cell(tmp_path, cell, labels={"vendor": "Acme"}) / "Dockerfile").read_text()
    added = '# What registries and scanners read about the image.\nLABEL vendor="Acme"\n'
    assert labeled.count(added) == 1
    assert labeled.replace(added, "") == plain


def test_labels_are_recorded(tmp_path: Path) -> None:
    """As they are, for the next update."""
    project = render(tmp_path, labels=LABELS)
    recorded = yaml.safe_load((project / ".copier-answers.yml").read_text())
    assert recorded["labels"] == LABELS
    # Rendered from what is recorded, nothing changes.
    again = render(tmp_path / "again", labels=recorded["labels"])
    assert tree(again) == tree(project)


@pytest.mark.parametrize(
    "labels",
    [
        ["vendor"],
        "vendor",
        None,
        {"Vendor": "x"},
        {"vendor_name": "x"},
        {"vendor\nUSER": "x"},
        {"vendor.": "x"},
        {"a..b": "x"},
        {"com.docker.x": "x"},
        {"a/b": "x"},
        {1: "x"},
        {"vendor": 1},
        {"vendor": ""},
        {"vendor": None},
        {"vendor": "two\nlines"},
        {"vendor": "bell\a"},
        {"vendor": "x" * 257},
    ],
)
def test_bad_labels_are_refused(tmp_path: Path, labels: Any) -> None:
    """Names as Docker wants them, values of one line."""
    assert refusal(tmp_path, labels=labels).startswith("labels: ")


@pytest.mark.parametrize("labels", [{}, {"a": "x"}, {"a.b-c.d1": "y" * 256}, {"a": "ünï 🐳"}])
def test_good_labels_are_taken(tmp_path: Path, labels: Any) -> None:
    """The bounds are within."""
    assert render(tmp_path, labels=labels).is_dir()
