"""Add the templates to the committed bundle as a release.

Usage: python scripts/release.py 0.2.0

Checks first, then writes the bundle, its manifest, and examples/ under the new version. Commit
them, and tag that commit with the version; `git push --follow-tags` publishes both.
"""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import render_examples

from dockgen import __version__, bundle

ROOT = Path(__file__).resolve().parent.parent


def main(version: str) -> int:
    """Release ``version``, written without a leading v."""
    if problem := obstacle(version):
        print(f"error: {problem}", file=sys.stderr)
        return 1
    manifest = bundle.release(ROOT, f"v{version}", int(time.time()))
    render_examples.main(ROOT / "examples")
    print(f"The bundle holds {', '.join(release.version for release in manifest.releases)}.")
    print("Next, once `make test-all` has passed:")
    print(f"  git add --all && git commit --message 'Release {version}'")
    print(f"  git tag --annotate v{version} --message 'dockgen {version}'")
    return 0


def obstacle(version: str) -> str:
    """Return why ``version`` can't be released now, or ""."""
    if not re.fullmatch(r"\d+\.\d+\.\d+", version):
        return f"{version!r} is not a version: make release VERSION=0.2.0"
    if version != __version__:
        return f"src/dockgen/__init__.py says {__version__}: set it to {version} first"
    if f"\n## {version} " not in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"):
        return f"CHANGELOG.md has no section `## {version} (date)`: write it first"
    manifest = ROOT / "src/dockgen/data" / bundle.MANIFEST
    released = bundle.Manifest.read(manifest).releases if manifest.is_file() else ()
    if released and as_numbers(version) <= as_numbers(released[-1].version[1:]):
        return f"{released[-1].version} is out already, and releases never change"
    if git("tag", "--list", f"v{version}"):
        return f"the tag v{version} is there already"
    status = ("status", "--porcelain", "--untracked-files=all", "--", "copier.yml", "templates")
    if changed := git(*status):
        return f"commit these first:\n{changed}"
    return ""


def git(*arguments: str) -> str:
    """Return git's output for this repository, whatever the developer's own settings hide."""
    return subprocess.run(
        ["git", "-c", "core.excludesFile=", *arguments],
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if not name.startswith("GIT_")},
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def as_numbers(version: str) -> tuple[int, ...]:
    """Parse a version, so that ``0.10.0`` comes after ``0.9.0``."""
    return tuple(map(int, version.split(".")))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else ""))
