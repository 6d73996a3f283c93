"""Render examples/: one project per cell, and a starter template, as committed.

Usage: python scripts/render_examples.py [DIRECTORY]

Files of the starter that its team hasn't edited since `dockgen starter init` are rendered again.
The team's own files are taken from examples/starters/acme, with their dockgen version updated. Its
base/ is a copy of templates/, so it isn't committed; `acme` adds it.
"""

import re
import shutil
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from dockgen import matrix, source, starter, template
from dockgen.git.tree import File
from dockgen.starter import scaffold

ROOT = Path(__file__).resolve().parent.parent
ACME = ROOT / "examples/starters/acme"

# What Acme's team has edited and added, and what it has deleted.
OWN = (
    "copier.yml",
    "starter.toml",
    "templates/go/project/Dockerfile.jinja",
    "templates/go/project/catalog-info.yaml.jinja",
    "templates/python/project/Dockerfile.jinja",
    "templates/python/project/catalog-info.yaml.jinja",
    "templates/shared/catalog-info.yaml.jinja",
    "templates/shared/labels.jinja",
)
DROPPED = (
    "templates/go/project/.editorconfig.jinja",
    "templates/python/project/.editorconfig.jinja",
)


def main(directory: Path) -> None:
    """Replace the content of ``directory`` with fresh renderings of every cell, and the starter."""
    with tempfile.TemporaryDirectory() as folder:
        for cell in matrix.ALL:
            answers = {"name": "my-app", "language": cell.language, "flavor": cell.flavor}
            template.render(Path(folder) / str(cell), answers, ask=())
        files = {name: file for name, file in acme().items() if not name.startswith(scaffold.BASE)}
        scaffold.write(files, Path(folder) / "starters/acme")
        shutil.rmtree(directory, ignore_errors=True)
        shutil.copytree(folder, directory)


def acme() -> dict[str, File]:
    """Return the files of the whole starter, with this checkout's templates."""
    with source.own() as origin:
        version = origin.manifest.latest.version
        files = scaffold.files(origin, replace(starter.load(ACME), base=version))
    for name in DROPPED:
        del files[name]
    for name in OWN:
        text = (ACME / name).read_text(encoding="utf-8")
        text = re.sub(
            r'^(base = "|  default: "git\+.*@)v[^"]+', rf"\g<1>{version}", text, flags=re.M
        )
        files[name] = File(text.encode(), "100644")
    return files


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "examples")
