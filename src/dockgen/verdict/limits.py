"""Update the limits in a dockgen.toml from measurements. The rest of the file stays."""

import math
import re
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from dockgen import checks, reader
from dockgen.check import Checked
from dockgen.contract import Limits
from dockgen.errors import ProjectError
from dockgen.settings import FILE

_MB = 10**6
# The margin for sizes: a share, and at least so many bytes; and how much slower another machine may
# be, with the least margin in seconds.
_ROOM, _LEAST_ROOM = 0.05, 1 * _MB
_SLOWER = 3
_LEAST = {"healthy_seconds": 5, "stop_seconds": 2, "run_seconds": 10}
# The rules that use the limits.
_JUDGED = ("DG105", "DG201", "DG208", "DG209")

_TABLE = re.compile(r"^\s*\[")
_HEAD = re.compile(r"^\s*\[\s*limits\s*\]\s*(#.*)?$")


def measured(checked: Checked) -> dict[str, Decimal]:
    """Return limits that fit the measurements, with a margin, by their key in dockgen.toml."""
    size = checked.image.unpacked_bytes
    room = max(size * (1 + _ROOM), size + _LEAST_ROOM)
    found = {"size_mb": Decimal(math.ceil(room / _MB * 10)) / 10}
    seen, limits = checked.seen, checked.contract.limits
    if seen is None:
        return found
    times = {
        "healthy_seconds": seen.healthy_seconds if limits.healthy_seconds else None,
        "stop_seconds": seen.stop_seconds if seen.exit_code is None else None,
        "run_seconds": seen.run_seconds if limits.run_seconds else None,
    }
    for key, seconds in times.items():
        if seconds is not None:
            found[key] = Decimal(max(_LEAST[key], math.ceil(seconds * _SLOWER)))
    return found


def update(directory: Path, checked: Checked) -> tuple[Checked, Mapping[str, Decimal]]:
    """Write limits that fit the measurements into dockgen.toml, and apply them to the check.

    Raises:
        ProjectError: the file can't be read or written, or has its limits in another form.
    """
    figures = measured(checked)
    path = directory / FILE
    try:
        text = reader.text(path, inside=directory)
    except FileNotFoundError:
        text = ""
    changed = rewritten(text, figures)
    if changed != text:
        _replace(path.resolve(), changed)
    limits = checked.contract.limits
    limits = replace(
        limits,
        size_bytes=int(figures["size_mb"] * _MB),
        healthy_seconds=float(figures.get("healthy_seconds", limits.healthy_seconds)),
        stop_seconds=float(figures.get("stop_seconds", limits.stop_seconds)),
        run_seconds=float(figures.get("run_seconds", limits.run_seconds)),
    )
    return _judged(checked, limits), figures


def rewritten(text: str, figures: Mapping[str, Decimal]) -> str:
    """Return the text of a dockgen.toml with these limits; comments and everything else stay.

    Raises:
        ProjectError: there is no section [limits] with one line per limit.
    """
    lines = text.splitlines(keepends=True)
    end = "\r\n" if text.endswith("\r\n") else "\n"
    head = next((number for number, line in enumerate(lines) if _HEAD.match(line)), None)
    if head is None:
        lines += [end] if text.strip() else []
        lines.append(f"[limits]{end}")
        head = len(lines) - 1
    stop = next(
        (number for number in range(head + 1, len(lines)) if _TABLE.match(lines[number])),
        len(lines),
    )
    missing = []
    for key, value in figures.items():
        line = re.compile(rf"^(\s*{key}\s*=\s*)[^\s#]+")
        for number in range(head + 1, stop):
            if line.match(lines[number]):
                lines[number] = line.sub(rf"\g<1>{value}", lines[number])
                break
        else:
            missing.append(f"{key} = {value}{end}")
    if missing and not lines[head].endswith("\n"):
        lines[head] += end
    lines[head + 1 : head + 1] = missing
    changed = "".join(lines)
    _require_nothing_else(text, changed, figures)
    return changed


def _require_nothing_else(before: str, after: str, figures: Mapping[str, Decimal]) -> None:
    """Check that only these limits differ, according to TOML."""
    try:
        old = reader.parse_toml(before, FILE, parse_float=Decimal)
        new = reader.parse_toml(after, FILE, parse_float=Decimal)
        old["limits"] = {**old.get("limits", {}), **figures}
    except (ProjectError, TypeError):
        old, new = {}, {"limits": None}
    if old != new:
        raise ProjectError(
            f"{FILE} has limits that dockgen can't edit line by line",
            f"write a section [limits] with: "
            f"{', '.join(f'{key} = {value}' for key, value in figures.items())}",
        )


def _replace(path: Path, text: str) -> None:
    """Replace a file atomically; it keeps its mode."""
    try:
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", newline="", dir=path.parent, prefix=".dockgen-", delete=False
        ) as stream:
            written = Path(stream.name)
            stream.write(text)
        try:
            if path.exists():
                shutil.copymode(path, written)
            written.replace(path)
        finally:
            written.unlink(missing_ok=True)
    except OSError as error:
        raise ProjectError(
            f"can't write {path}: {error.strerror}", "make it writable, or free some space"
        ) from error


def _judged(checked: Checked, limits: Limits) -> Checked:
    """Apply other limits to the same check."""
    contract = replace(checked.contract, limits=limits)
    again = checks.check_image(checked.image, contract)
    if checked.seen is not None:
        again += checks.check_running(checked.seen, contract)
    # Without a container, the finding is that it couldn't be started.
    codes = _JUDGED if checked.seen is not None else _JUDGED[:1]
    kept = [finding for finding in checked.findings if finding.rule not in codes]
    found = [*kept, *(finding for finding in again if finding.rule in codes)]
    return replace(checked, contract=contract, findings=found)
