"""A history of released templates for tests: today's templates, and three earlier versions.

Each version is made from the one after it by reverting a change. So the newest one renders the same
as the working copy, and images built from it are those of the working copy.

| version | what is new in it |
|---|---|
| v1.0.0 | |
| v1.1.0 | another Debian and Alpine release; the question `maintainer` is gone |
| v1.2.0 | docker/collect.py is renamed to docker/rootfs.py; NOTES.md is gone |
| v1.3.0 | `http_port` is renamed to `port`; SECURITY.md; a new picture; more settings in .env |
"""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

from dockgen import bundle
from tests.conftest import ROOT

VERSIONS = ("v1.0.0", "v1.1.0", "v1.2.0", "v1.3.0")
NEWEST = VERSIONS[-1]

PICTURE = b"\x89PNG\r\n\x1a\n\x00\x00version %d\x00"


class Checkout:
    """A folder with the template's files, to be edited."""

    def __init__(self, root: Path) -> None:
        """Copy the template of this checkout to ``root``."""
        self.root = root
        shutil.copytree(ROOT / "templates", root / "templates")
        for name in ("copier.yml", "pyproject.toml"):
            shutil.copy(ROOT / name, root)

    def write(self, name: str, content: bytes) -> None:
        """Write a file."""
        (self.root / name).write_bytes(content)

    def remove(self, name: str) -> None:
        """Remove a file."""
        (self.root / name).unlink()

    def rename(self, name: str, new: str) -> None:
        """Rename a file."""
        (self.root / name).rename(self.root / new)

    def substitute(self, name: str, pattern: str, text: str) -> None:
        """Replace what matches a pattern; something must match."""
        path = self.root / name
        content, number = re.subn(pattern, text, path.read_text(), flags=re.MULTILINE)
        assert number, f"{name} has no {pattern}"
        path.write_text(content)


PROJECT = "templates/python/project"


def to_1_3(checkout: Checkout) -> None:
    """Add what the newest release has besides the working copy."""
    checkout.substitute(
        "copier.yml", r"^  default: 8080$", '  default: "{{ http_port | default(8080) }}"'
    )
    checkout.write(f"{PROJECT}/SECURITY.md", b"# Security\n\nTell us.\n")
    checkout.write(f"{PROJECT}/logo.png", PICTURE % 3)
    checkout.write(f"{PROJECT}/.env", b"LOG_LEVEL=info\nWORKERS=1\n")


def back_to_1_2(checkout: Checkout) -> None:
    """Restore the old name of the port's question."""
    checkout.substitute("copier.yml", r"^port:$", "http_port:")
    checkout.substitute("copier.yml", r"\{\{ http_port \| default\(8080\) \}\}", "8080")
    checkout.substitute("copier.yml", r"not 1024 <= port <=", "not 1024 <= http_port <=")
    path = checkout.root / "copier.yml"
    computed = '\nport:\n  type: int\n  when: false\n  default: "{{ http_port }}"\n'
    path.write_text(path.read_text() + computed)
    checkout.remove(f"{PROJECT}/SECURITY.md")
    checkout.write(f"{PROJECT}/logo.png", PICTURE % 2)
    checkout.write(f"{PROJECT}/.env", b"LOG_LEVEL=info\n")
    checkout.substitute(
        f"{PROJECT}/README.md.jinja",
        r"^This pulls the newest images",
        "This gets the newest images",
    )


def back_to_1_1(checkout: Checkout) -> None:
    """Restore a file's old name, and a deleted file."""
    checkout.rename(f"{PROJECT}/docker/rootfs.py.jinja", f"{PROJECT}/docker/collect.py.jinja")
    checkout.substitute("templates/python/slim.Dockerfile.jinja", r"rootfs\.py", "collect.py")
    checkout.write(f"{PROJECT}/NOTES.md", b"# Notes\n\nRead me first.\n")
    checkout.substitute("templates/shared/compose.yaml.jinja", r"pids_limit: 128", "pids_limit: 64")
    checkout.substitute(
        f"{PROJECT}/docker/collect.py.jinja",
        r'^(def compile_imported.*\n    """)Compile',
        r"\1Byte-compile",
    )


def back_to_1_0(checkout: Checkout) -> None:
    """Restore the older base images, and a removed question."""
    for language in ("go", "python", "node"):
        for flavor in ("slim", "alpine"):
            path = checkout.root / f"templates/{language}/{flavor}.Dockerfile.jinja"
            text = path.read_text().replace("debian:trixie-slim", "debian:bookworm-slim")
            path.write_text(text.replace("alpine:3.24", "alpine:3.23"))
    path = checkout.root / "copier.yml"
    question = "\nmaintainer:\n  type: str\n  ask: false\n  help: Who?\n  default: nobody\n"
    path.write_text(path.read_text() + question)
    readme = checkout.root / f"{PROJECT}/README.md.jinja"
    readme.write_text(readme.read_text() + "\n## Maintainer\n\n{{ maintainer }}\n")


CHANGES: tuple[Callable[[Checkout], None], ...] = (back_to_1_0, back_to_1_1, back_to_1_2, to_1_3)


def release(folder: Path) -> Path:
    """Make a copy of dockgen in ``folder`` with this history; return the folder to import from.

    It is like an installed one: with its bundle, and without a checkout around it.
    """
    checkouts: list[Path] = []
    for count in range(len(CHANGES), 0, -1):
        root = folder / f"checkout-{count}"
        root.mkdir(parents=True)
        checkout = Checkout(root)
        for change in reversed(CHANGES[len(CHANGES) - count :]):
            change(checkout)
        checkouts.append(root)
    data = folder / "history/src/dockgen/data"
    data.mkdir(parents=True)
    for number, (version, root) in enumerate(zip(VERSIONS, checkouts, strict=True)):
        history = folder / "history"
        shutil.rmtree(history / "templates", ignore_errors=True)
        shutil.copytree(root / "templates", history / "templates")
        for name in ("copier.yml", "pyproject.toml"):
            shutil.copy(root / name, history)
        bundle.release(history, version, 1_700_000_000 + number)
    site = folder / "site"
    ignored = shutil.ignore_patterns("__pycache__", "data")
    shutil.copytree(ROOT / "src/dockgen", site / "dockgen", ignore=ignored)
    shutil.copytree(data, site / "dockgen/data")
    for path in bundle.questions(folder / "history"):
        (site / "dockgen/data" / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(folder / "history" / path, site / "dockgen/data" / path)
    return site
