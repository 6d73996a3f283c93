"""The private engine's programs: Debian packages, unpacked into the cache."""

import shutil
import subprocess
from pathlib import Path

from . import progress
from .apt import TRIXIE, Apt, Names
from .cache import Cache
from .errors import TestbedError

PACKAGES = ("docker.io", "docker-cli", "docker-buildx", "docker-compose", "containerd")


def fetch(cache: Cache) -> None:
    """Unpack the engine's packages into the cache: the newest from sid, or those of trixie.

    If sid's mirror doesn't serve a file, forky is tried: it mostly has the same engine.
    """
    if _runs(cache.programs):
        return
    apt = Apt(cache)
    try:
        _fetch(cache, apt, (*PACKAGES, "tini-static"), (("sid",), ("forky",)))
    except TestbedError as newest:
        progress.say(f"Debian sid does not give an engine: {newest}")
        try:
            _fetch(cache, apt, (*PACKAGES, "tini"), (TRIXIE,))
        except TestbedError as error:
            raise TestbedError(f"{newest}\nand of trixie: {error}", error.hint) from error


def _fetch(cache: Cache, apt: Apt, packages: Names, groups: tuple[Names, ...]) -> None:
    """Take each package from the first group of suites with a version that is served."""
    files: list[Path] = []
    with progress.step(f"fetching the engine from Debian {groups[0][0]}"):
        for package in packages:
            candidates = (
                candidate
                for suites in groups
                for candidate in apt.packages(packages, suites)
                if candidate.package == package
            )
            used, file = apt.first_served(f"the package {package}", candidates)
            progress.say(f"  {used}")
            files.append(file)
    unpacked = cache.root / "engine.partial"
    for folder in (unpacked, cache.programs):
        shutil.rmtree(folder, ignore_errors=True)
    for file in files:
        subprocess.run(["dpkg", "-x", str(file), str(unpacked)], check=True)
        file.unlink()
    # dockerd looks for docker-init on PATH; Debian uses another name.
    init = unpacked / "usr/bin/docker-init"
    for name in ("tini-static", "tini"):
        if not init.exists() and (init.parent / name).exists():
            init.unlink(missing_ok=True)
            init.symlink_to(name)
    if not _runs(unpacked):
        shutil.rmtree(unpacked)
        raise TestbedError(f"dockerd of Debian {groups[0][0]} does not run on this system's libc")
    unpacked.rename(cache.programs)


def _runs(programs: Path) -> bool:
    dockerd = programs / "usr/sbin/dockerd"
    if not dockerd.exists():
        return False
    return subprocess.run([dockerd, "--version"], capture_output=True, check=False).returncode == 0
