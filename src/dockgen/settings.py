"""dockgen.toml: what a folder asks to be held to, in a project of dockgen's or any other.

Each of its sections may be missing where dockgen didn't make the folder.
"""

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from dockgen import reader
from dockgen.contract import Ignored, Limits, Policy, Run
from dockgen.errors import ProjectError
from dockgen.matrix import Workload

FILE = "dockgen.toml"

_MB = 10**6
# Above this, in MB or seconds, a limit is a mistake; and 1e999999999 as an int takes all memory.
_HIGHEST = 10**6
_HIGHEST_PORT = 65535
# What a program that dockgen didn't make is held to, unless its dockgen.toml says otherwise.
_OTHERS = Limits(size_bytes=None, healthy_seconds=30, stop_seconds=10, run_seconds=60)
# What git leaves around two versions of a line that it can't merge.
_MARKER = re.compile(r"^(<<<<<<<|>>>>>>>) ", re.MULTILINE)
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def read(directory: Path) -> Mapping[str, Any]:
    """Read the dockgen.toml of a project that dockgen made.

    Raises:
        ProjectError: there is none, it can't be understood, or has no limits.
    """
    try:
        found = _parsed(directory / FILE)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise ProjectError(
            f"{directory} is not a dockgen project: it has no {FILE}.", restore(FILE)
        ) from error
    if not isinstance(found.get("limits"), dict):
        raise ProjectError(f"{directory / FILE} has no [limits] section.", restore(FILE))
    return found


def of_others(directory: Path) -> Mapping[str, Any]:
    """Read the dockgen.toml of a folder that dockgen didn't make; empty if there is none.

    Raises:
        ProjectError: it can't be understood.
    """
    try:
        return _parsed(directory / FILE)
    except (FileNotFoundError, NotADirectoryError):
        return {}


def _parsed(path: Path) -> Mapping[str, Any]:
    # Decimal keeps 6.9 MB from becoming 6,900,000.000000001 bytes.
    return reader.parse_toml(content(path), path, hint=restore(FILE), parse_float=Decimal)


def content(path: Path) -> str:
    """The text of one of the two files that make a project.

    Raises:
        FileNotFoundError: there is none.
        NotADirectoryError: the same, as a file lies where a folder would.
        ProjectError: it can't be read, or holds an unfinished merge.
    """
    found = reader.text(path, inside=path.parent, hint=restore(path.name))
    if _MARKER.search(found):
        raise ProjectError(
            f"{path} holds the conflict markers of an unfinished merge.",
            "choose one side of each, remove the markers, then: git add " + path.name,
        )
    return found


def restore(name: str) -> str:
    """What to do about a file of a project that was spoilt."""
    return f"bring back the last good version: git checkout -- {name}"


def limits(settings: Mapping[str, Any], workload: Workload) -> Limits:
    """The limits of a project that dockgen made, which has all that are for its workload.

    Raises:
        ProjectError: one is missing, or impossible.
    """
    found, is_job = settings["limits"], workload is Workload.JOB
    return Limits(
        size_bytes=int(_number(found, "limits", "size_mb") * _MB),
        healthy_seconds=0 if is_job else float(_number(found, "limits", "healthy_seconds")),
        stop_seconds=float(_number(found, "limits", "stop_seconds")),
        run_seconds=float(_number(found, "limits", "run_seconds")) if is_job else 0,
        context_bytes=_context(found),
    )


def limits_of_others(settings: Mapping[str, Any]) -> Limits:
    """The limits of anything else: none for its size, and some patience, unless it says so.

    Raises:
        ProjectError: one is impossible.
    """
    found = _section(settings, "limits")
    size = _number({"size_mb": None, **found}, "limits", "size_mb", optional=True)
    said = vars(_OTHERS) | dict(found)
    return Limits(
        size_bytes=None if size is None else int(size * _MB),
        healthy_seconds=float(_number(said, "limits", "healthy_seconds")),
        stop_seconds=float(_number(said, "limits", "stop_seconds")),
        run_seconds=float(_number(said, "limits", "run_seconds")),
        context_bytes=_context(found),
    )


def _context(limits: Mapping[str, Any]) -> int:
    # Younger than the first projects.
    return int(_number({"context_mb": 100, **limits}, "limits", "context_mb") * _MB)


def run(settings: Mapping[str, Any]) -> Run:
    """What `[check]` says of how a container is run.

    Raises:
        ProjectError: it says something impossible.
    """
    found = _section(settings, "check")
    known = ("workload", "port", "path", "service", "environment", "memory_mb", "timeout_seconds")
    for key in found:
        if key not in known:
            raise ProjectError(f"{FILE}: check.{key} is unknown.", f"known: {', '.join(known)}")
    workload = _one_text(found, "workload")
    if workload is not None and workload not in list(Workload):
        raise ProjectError(
            f"{FILE}: check.workload is {workload:.40}, not one of {', '.join(Workload)}.",
            'write it as: workload = "service"',
        )
    memory = _number(found, "check", "memory_mb", optional=True)
    timeout = _number(found, "check", "timeout_seconds", optional=True)
    return Run(
        workload=None if workload is None else Workload(workload),
        port=_port(found),
        path=_path(found),
        service=_one_text(found, "service"),
        environment=_environment(found),
        memory_mb=None if memory is None else int(memory),
        timeout_seconds=None if timeout is None else float(timeout),
    )


def _section(settings: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = settings.get(name, {})
    if not isinstance(found, dict):
        raise ProjectError(f"{FILE}: {name} is no section.", f"write it as: [{name}]")
    return found


def _number(section: Mapping[str, Any], name: str, key: str, *, optional: bool = False) -> Any:
    """A number of a section, as a Decimal; None for one that is optional and isn't there."""
    value = section.get(key)
    if value is None:
        if optional:
            return None
        raise ProjectError(f"{FILE} has no {name}.{key}.", f"add it, for example: {key} = 10")
    # In Python, true is a number; in a limit, it is a mistake.
    is_number = isinstance(value, int | float | Decimal) and not isinstance(value, bool)
    if not is_number or not Decimal(value).is_finite() or not 0 < value <= _HIGHEST:
        raise ProjectError(
            f"{FILE}: {name}.{key} is {value!s:.40}, not a number above 0 and up to {_HIGHEST}.",
            f"write a number, for example: {key} = 10",
        )
    return Decimal(value)


def _port(section: Mapping[str, Any]) -> int | None:
    port = section.get("port")
    if port is not None and (type(port) is not int or not 0 < port <= _HIGHEST_PORT):
        raise ProjectError(
            f"{FILE}: check.port is {port!s:.40}, not a number from 1 to {_HIGHEST_PORT}.",
            "write a number, for example: port = 8080",
        )
    return port


def _path(section: Mapping[str, Any]) -> str | None:
    path = _one_text(section, "path")
    if path is not None and not re.fullmatch(r"/[!-~]*", path):
        raise ProjectError(
            f"{FILE}: check.path is {path:.40}, not a path of a page.",
            'write it as: path = "/healthz"',
        )
    return path


def _one_text(section: Mapping[str, Any], key: str) -> str | None:
    value = section.get(key)
    if value is not None and (not isinstance(value, str) or not value):
        raise ProjectError(
            f"{FILE}: check.{key} is {value!s:.40}, not a text.", f'write it as: {key} = "…"'
        )
    return value


def _environment(section: Mapping[str, Any]) -> Mapping[str, str]:
    found = section.get("environment", {})
    if not isinstance(found, dict):
        raise ProjectError(
            f"{FILE}: check.environment is no table.", 'write it as: environment = {NAME = "text"}'
        )
    for name, value in found.items():
        if not _VARIABLE.fullmatch(name) or not isinstance(value, str) or "\0" in value:
            raise ProjectError(
                f"{FILE}: check.environment.{name:.40} is {value!s:.40}, not a variable's text.",
                'write it as: environment = {NAME = "text"}',
            )
    return found


def policy(settings: Mapping[str, Any]) -> Policy:
    """What is required besides the limits, and what isn't.

    Raises:
        ProjectError: it says something impossible.
    """
    rules = _section(settings, "rules")
    known = ("required_labels", "allowed_registries", "ignored")
    for key in rules:
        if key not in known:
            raise ProjectError(f"{FILE}: rules.{key} is unknown.", f"known: {', '.join(known)}")
    return Policy(
        required_labels=_texts(rules, "required_labels"),
        allowed_registries=_texts(rules, "allowed_registries"),
        ignored=_ignored(rules.get("ignored", {})),
    )


def _texts(rules: Mapping[str, Any], key: str) -> tuple[str, ...]:
    texts = rules.get(key, [])
    if not isinstance(texts, list) or not all(isinstance(text, str) and text for text in texts):
        raise ProjectError(
            f"{FILE}: rules.{key} is {texts!s:.40}, not a list of texts.",
            f'write it as: {key} = ["…"]',
        )
    return tuple(texts)


def _ignored(ignored: object) -> Mapping[str, Ignored]:
    if not isinstance(ignored, dict):
        raise ProjectError(
            f"{FILE}: rules.ignored is no section.", 'write below [rules.ignored]: DG103 = "why"'
        )
    if not ignored:
        return {}
    # Only a project that ignores a rule needs to know them all.
    from dockgen import checks

    codes = {rule.code for rule in checks.RULES}
    found = {}
    for code, entry in ignored.items():
        reason, until = entry, None
        if isinstance(entry, dict) and not entry.keys() - {"reason", "until"}:
            reason, until = entry.get("reason"), entry.get("until")
        if code not in codes:
            raise ProjectError(
                f"{FILE}: rules.ignored.{code} is unknown: dockgen has no such rule.",
                "remove the line, or correct the code: dockgen check lists them all",
            )
        if not isinstance(reason, str) or not reason.strip():
            raise ProjectError(
                f"{FILE}: rules.ignored.{code} is {reason!s:.40}, not a reason.",
                f'say why, for example: {code} = "the probe starts late on purpose"',
            )
        # A point in time is a date in Python, too, but not a day.
        if until is not None and type(until) is not date:
            raise ProjectError(
                f"{FILE}: rules.ignored.{code}.until is {until!s:.40}, not a day.",
                f'write it without quotes: {code} = {{ reason = "…", until = 2030-12-31 }}',
            )
        found[code] = Ignored(reason, until)
    return found
