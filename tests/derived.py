"""A team's starter template for tests: dockgen's own, vendored in base/."""

import shutil
from pathlib import Path

from dockgen.matrix import Cell
from tests.conftest import ROOT

QUESTIONNAIRE = """\
!include base/copier.yml
---
template_root: {type: str, when: false, default: "base/"}
"""


def make(team: Path, *cells: Cell) -> Path:
    """Make a template in ``team`` that vendors dockgen's and includes all its files.

    If cells are given, its matrix has only these; they share one language or one flavor.
    """
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "templates", team / "base/templates", ignore=ignore)
    shutil.copy(ROOT / "copier.yml", team / "base/copier.yml")
    (team / "copier.yml").write_text(QUESTIONNAIRE)
    for name, values in (
        ("language", {cell.language for cell in cells}),
        ("flavor", {cell.flavor for cell in cells}),
    ):
        if values:
            choices = ", ".join(sorted(values))
            ask(team, f"{name}: {{type: str, choices: [{choices}], default: {min(values)}}}")
    for path in (ROOT / "templates").glob("*/project/**/*"):
        if path.is_file() and "__pycache__" not in path.parts:
            name = path.relative_to(ROOT).as_posix()
            own = team / (name if name.endswith(".jinja") else f"{name}.jinja")
            own.parent.mkdir(parents=True, exist_ok=True)
            own.write_text(f"{{% include 'base/{name}' %}}\n")
    return team


def ask(team: Path, lines: str) -> None:
    """Add lines to the questionnaire."""
    with (team / "copier.yml").open("a") as questionnaire:
        questionnaire.write(lines + "\n")


def override(team: Path, cell: Cell, blocks: dict[str, str]) -> None:
    """Override blocks of the vendored Dockerfile."""
    lines = [f"{{% extends 'base/templates/{cell.language}/{cell.flavor}.Dockerfile.jinja' %}}"]
    for name, text in blocks.items():
        lines.append(f"{{% block {name} %}}\n{text}\n{{% endblock %}}")
    (team / f"templates/{cell.language}/project/Dockerfile.jinja").write_text("\n".join(lines))
