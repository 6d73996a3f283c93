"""Render examples/: one project per cell, as committed.

Usage: python scripts/render_examples.py [DIRECTORY]
"""

import shutil
import sys
import tempfile
from pathlib import Path

from dockgen import matrix, template

ROOT = Path(__file__).resolve().parent.parent


def main(directory: Path) -> None:
    """Replace what is in ``directory`` by a fresh rendering of every cell."""
    with tempfile.TemporaryDirectory() as folder:
        for cell in matrix.ALL:
            answers = {"name": "my-app", "language": cell.language, "flavor": cell.flavor}
            template.render(Path(folder) / str(cell), answers, ask=())
        shutil.rmtree(directory, ignore_errors=True)
        shutil.copytree(folder, directory)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "examples")
