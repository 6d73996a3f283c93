"""Read dockgen.toml: the limits and rules for the image of a folder.

If dockgen didn't make the folder, each section is optional. The keys are declared in
`settingsfile`, which is imported only when a file is read.
"""

import re
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from dockgen import reader
from dockgen.contract import Limits, Policy, Run
from dockgen.errors import ProjectError
from dockgen.matrix import Workload

if TYPE_CHECKING:
    from dockgen.settingsfile import SettingsFile

FILE = "dockgen.toml"

_MB = 10**6
# The limits of a program that dockgen didn't make, unless its dockgen.toml says otherwise.
_OTHERS = Limits(size_bytes=None, healthy_seconds=30, stop_seconds=10, run_seconds=60)
# git's conflict markers.
_MARKER = re.compile(r"^(<<<<<<<|>>>>>>>) ", re.MULTILINE)


def read(directory: Path) -> "SettingsFile":
    """Read the dockgen.toml of a project that dockgen made.

    Raises:
        ProjectError: there is none, its format is unknown, or it has no limits.
    """
    try:
        found = _parsed(directory / FILE)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise ProjectError(
            f"{directory} isn't a dockgen project: it has no {FILE}.", restore(FILE)
        ) from error
    if "limits" not in found.model_fields_set:
        raise ProjectError(f"{directory / FILE} has no [limits] section.", restore(FILE))
    return found


def of_others(directory: Path | None) -> "SettingsFile":
    """Read the dockgen.toml of a folder that isn't from dockgen; it is optional.

    Raises:
        ProjectError: its format is unknown.
    """
    from dockgen.settingsfile import SettingsFile

    try:
        return _parsed(directory / FILE) if directory is not None else SettingsFile()
    except (FileNotFoundError, NotADirectoryError):
        return SettingsFile()


def _parsed(path: Path) -> "SettingsFile":
    text = content(path)
    # Decimal keeps 6.9 MB from becoming 6,900,000.000000001 bytes.
    facts = reader.parse_toml(text, path, hint=restore(FILE), parse_float=Decimal)

    from dockgen import declared
    from dockgen.settingsfile import SettingsFile

    return declared.read(SettingsFile, facts, text, FILE)


def content(path: Path) -> str:
    """Return the text of one of the two files that make a project.

    Raises:
        FileNotFoundError: there is none.
        NotADirectoryError: there is none, because a parent is a file.
        ProjectError: it can't be read, or has conflict markers.
    """
    found = reader.text(path, inside=path.parent, hint=restore(path.name))
    if _MARKER.search(found):
        raise ProjectError(
            f"{path} has conflict markers from an unfinished merge.",
            "resolve each conflict, remove the markers, then: git add " + path.name,
        )
    return found


def restore(name: str) -> str:
    """Say how to restore a project's file."""
    return f"restore the last good version: git checkout -- {name}"


def limits(settings: "SettingsFile", workload: Workload) -> Limits:
    """Return the limits of a project that dockgen made; it must have all those for its workload.

    Raises:
        ProjectError: one is missing.
    """
    found, is_job = settings.limits, workload is Workload.JOB
    for key in ("size_mb", "run_seconds" if is_job else "healthy_seconds", "stop_seconds"):
        if getattr(found, key) is None:
            raise ProjectError(f"{FILE} has no limits.{key}.", f"add it, for example: {key} = 10")
    return Limits(
        size_bytes=int(found.size_mb * _MB),
        healthy_seconds=0 if is_job else float(found.healthy_seconds),
        stop_seconds=float(found.stop_seconds),
        run_seconds=float(found.run_seconds) if is_job else 0,
        context_bytes=int(found.context_mb * _MB),
    )


def limits_of_others(settings: "SettingsFile") -> Limits:
    """Return the limits of anything else: by default no size limit, and generous times."""
    found, usual = settings.limits, _OTHERS
    return Limits(
        size_bytes=None if found.size_mb is None else int(found.size_mb * _MB),
        healthy_seconds=float(found.healthy_seconds or usual.healthy_seconds),
        stop_seconds=float(found.stop_seconds or usual.stop_seconds),
        run_seconds=float(found.run_seconds or usual.run_seconds),
        context_bytes=int(found.context_mb * _MB),
    )


def run(settings: "SettingsFile") -> Run:
    """Return how to run a container, from `[check]`."""
    found = settings.check
    return Run(
        workload=found.workload,
        port=found.port,
        path=found.path,
        service=found.service,
        environment=found.environment,
        memory_mb=None if found.memory_mb is None else int(found.memory_mb),
        timeout_seconds=None if found.timeout_seconds is None else float(found.timeout_seconds),
    )


def policy(settings: "SettingsFile") -> Policy:
    """Return the rules besides the limits: what is required, and what is ignored."""
    found = settings.rules
    return Policy(
        required_labels=found.required_labels,
        allowed_registries=found.allowed_registries,
        ignored=found.ignored,  # type: ignore[arg-type] # the validator makes them
    )
