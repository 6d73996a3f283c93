"""Two releases of dockgen for tests: today's templates, and a few changes on top of them.

| | v1.0.0 | v1.1.0 |
|---|---|---|
| Go's NOTES.md | there | gone |
| Go's SECURITY.md, run.sh (executable), logo.png (no text) | | new |
| Go's handlers.go | | renamed to routes.go |
| Node's EXTRA.md | | new |
| python-slim's Dockerfile | | a comment has changed |
| the starter's README.md and Dockerfile stubs | | a line has changed |
"""

import shutil
from pathlib import Path

from dockgen import bundle
from tests.integration.update.history import Checkout

OLD, NEW = VERSIONS = ("v1.0.0", "v1.1.0")
PICTURE = b"\x89PNG\r\n\x1a\n\x00\x00"


def to_old(checkout: Checkout) -> None:
    """Make the changes of the older release."""
    checkout.write("templates/go/project/NOTES.md", b"# Notes\n")


def to_new(checkout: Checkout) -> None:
    """Make the changes of the newer release."""
    checkout.remove("templates/go/project/NOTES.md")
    checkout.write("templates/go/project/SECURITY.md", b"# Security\n\nTell us.\n")
    checkout.write("templates/go/project/run.sh", b"#!/bin/sh\nexec go run .\n")
    (checkout.root / "templates/go/project/run.sh").chmod(0o755)
    checkout.write("templates/go/project/logo.png", PICTURE)
    checkout.rename(
        "templates/go/project/handlers.go.jinja", "templates/go/project/routes.go.jinja"
    )
    checkout.write("templates/node/project/EXTRA.md", b"# More\n")
    checkout.substitute(
        "templates/python/slim.Dockerfile.jinja",
        r"^# The base of the image",
        "# The base of it",
    )
    checkout.substitute(
        "templates/starter/repository/README.md.jinja", "^A starter template for", "A template for"
    )
    checkout.substitute(
        "templates/starter/stubs/Dockerfile.jinja", "the place for a LABEL", "a LABEL of yours"
    )


def release(folder: Path) -> Path:
    """Write the data of a dockgen with these releases into ``folder``; return its path."""
    root = folder / "history"
    root.mkdir()
    checkout = Checkout(root)
    for number, (version, change) in enumerate(zip(VERSIONS, (to_old, to_new), strict=True)):
        change(checkout)
        (root / "src/dockgen/data").mkdir(parents=True, exist_ok=True)
        bundle.release(root, version, 1_700_000_000 + number)
    data = root / "src/dockgen/data"
    for path in bundle.questions(root):
        (data / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(root / path, data / path)
    return data
