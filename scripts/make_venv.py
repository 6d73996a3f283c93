"""Make the virtual environment that every `make` command uses. Standard library only.

Usage: python3 scripts/make_venv.py DIRECTORY
"""

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MINIMUM = (3, 11)


def main(directory: Path) -> int:
    """Create ``directory`` anew and install the locked tools and dockgen itself into it."""
    if sys.version_info < MINIMUM:
        found = ".".join(map(str, sys.version_info[:3]))
        return fail(
            f"Python {found} is too old: dockgen needs 3.11 or later",
            "make PYTHON=python3.13 venv",
        )
    if shutil.which("git") is None:
        return fail("git is missing: dockgen keeps its templates in git", "apt-get install git")
    if not has_ensurepip() and not install_ensurepip():
        return fail(
            "this Python cannot make virtual environments (no ensurepip)",
            "apt-get install python3-venv",
        )

    print(f"Setting up {directory} (once, about half a minute) …", flush=True)
    directory = directory.resolve()
    if subprocess.run([sys.executable, "-m", "venv", "--clear", directory]).returncode != 0:
        return fail("Python could not make it (its words are above)", "make venv")
    pip = [
        str(directory / "bin/python"),
        "-m",
        "pip",
        "--disable-pip-version-check",
        "install",
        "-q",
    ]
    steps = [
        # Hashes first: no download is run before it is known to be the locked one.
        ["--require-hashes", "-r", "requirements/dev.txt"],
        # The build backend is in the lock too, so nothing unlocked is fetched for it.
        ["--no-deps", "--no-build-isolation", "--editable", "."],
    ]
    for step in steps:
        if subprocess.run([*pip, *step], cwd=ROOT).returncode != 0:
            return fail("pip could not install the locked tools (its words are above)", "make venv")
    return 0


def has_ensurepip() -> bool:
    """Debian splits ensurepip off into the package python3-venv."""
    return importlib.util.find_spec("ensurepip") is not None


def install_ensurepip() -> bool:
    """Install Debian's python3-venv where that is possible without asking: as root, by apt."""
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        return False
    print("Installing Debian's python3-venv (this Python has no ensurepip) …", flush=True)
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    package = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
    subprocess.run(["apt-get", "-qq", "update"], env=quiet)
    command = ["apt-get", "-qq", "install", "-y", "--no-install-recommends", package]
    return subprocess.run(command, env=quiet, stdout=subprocess.DEVNULL).returncode == 0


def fail(problem: str, command: str) -> int:
    """Say what is wrong and what to type next."""
    print(f"error: {problem}\n  try: {command}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
