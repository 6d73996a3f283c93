"""Draw docs/page.png: the page of a check of a sample app, as Chromium shows its beginning.

Usage: python -m testbed run -- python -m scripts.draw_page
"""

import base64
import subprocess
import sys
import tempfile
from pathlib import Path

from dockgen import template
from tests import browser

ROOT = Path(__file__).resolve().parent.parent
ANSWERS = {"name": "my-app", "language": "python", "flavor": "slim"}
WIDTH, HEIGHT = 1120, 1370


def main() -> None:
    """Check a project, and take a picture of the page."""
    with tempfile.TemporaryDirectory() as temporary, browser.started() as ask:
        directory = template.render(Path(temporary, "my-app"), ANSWERS, ask=()).directory
        page = Path(temporary, "page.html")
        command = [sys.executable, "-m", "dockgen", "check", str(directory)]
        subprocess.run([*command, "--output", f"html={page}"], check=True)
        found = ask(page.read_text(encoding="utf-8"), "picture", str(WIDTH), str(HEIGHT), "light")
    (ROOT / "docs/page.png").write_bytes(base64.b64decode(found))


if __name__ == "__main__":
    main()
