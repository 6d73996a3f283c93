"""Render a comparison of flavors as a table, as Markdown or as JSON."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from dockgen.report import console, json, markdown
from dockgen.report.console import drawing, named
from dockgen.report.words import in_code, plain

if TYPE_CHECKING:
    from dockgen.compare import Column, Comparison

_MB = 10**6
_MIB = 1024**2
MISSING = "-"


def show(found: "Comparison", form: str) -> None:
    """Print it as "text", "markdown" or "json"."""
    if form == "json":
        _as_json(found)
    elif form == "markdown":
        console.raw(_as_markdown(found))
    else:
        _as_text(found)


def number(value: float | None) -> str:
    """Format with three digits or more before the point: 0.61, 12.3, 905; below 0.1 s one more."""
    if value is None:
        return MISSING
    digits = 0 if value >= 100 else 1 if value >= 10 else 2 if value >= 0.1 else 3
    return f"{value:.{digits}f}"


def _rows(found: "Comparison") -> list[list[str]]:
    """Return one row per measure with a value per column; rows without any value are left out."""

    def row(title: str, values: Sequence[float | None]) -> list[str]:
        return [title, *(number(value) for value in values)]

    columns = found.columns
    images = [column.checked.image for column in columns]
    seen = [column.checked.seen for column in columns]
    rows = [
        row("unpacked MB", [image.unpacked_bytes / _MB for image in images]),
        row("gzip MB", [image.gzip_bytes and image.gzip_bytes / _MB for image in images]),
        ["layers", *(str(len(image.layers)) for image in images)],
        row("cold build s", [column.cold_build_seconds for column in columns]),
        row("rebuild s", [column.rebuild_seconds for column in columns]),
        row("first answer s", [column.answer_seconds for column in columns]),
        row("start to healthy s", [column.healthy_seconds for column in columns]),
        row("start to end s", [one.run_seconds if one else None for one in seen]),
        row("memory MiB", [_mib(column) for column in columns]),
        ["findings", *(str(len(_codes(column))) for column in columns)],
    ]
    return [cells for cells in rows if set(cells[1:]) != {MISSING}]


def _mib(column: "Column") -> float | None:
    return None if column.memory_bytes is None else column.memory_bytes / _MIB


def _codes(column: "Column") -> list[str]:
    """Return the codes of the rules that fail."""
    return sorted({finding.rule for finding in column.checked.failures})


def _heads(found: "Comparison") -> list[str]:
    return [
        f"{column.name} (now)" if column.name == found.current else column.name
        for column in found.columns
    ]


def _notes(found: "Comparison") -> list[str]:
    """Return the notes below the table, as sentences; text from others isn't escaped yet."""
    notes = [
        f"{column.name}: {', '.join(codes)}"
        for column in found.columns
        if (codes := _codes(column))
    ]
    notes += [f"{column.name}: {column.note}" for column in found.columns if column.note]
    notes += [f"{name} is left out: {why}" for name, why in found.left_out.items()]
    return notes


def _origin(found: "Comparison") -> str:
    """Say what was measured, and how."""
    processors = "1 processor" if found.processors == 1 else f"{found.processors} processors"
    edited = f"A rebuild follows an edit of {found.edited}; " if found.edited else ""
    rounds = "one round" if found.rounds == 1 else f"medians of {found.rounds} rounds"
    return (
        f"{edited}{rounds}. Container files are rendered from the answers: edits of the Dockerfile"
        f" don't count. Docker Engine {found.engine}, {processors}."
    )


def _as_text(found: "Comparison") -> None:
    from rich.table import Table

    drawn = drawing()
    cell = found.project.cell
    drawn.print(f"[bold]{named(found.project.name)}[/] ({cell.language})\n", soft_wrap=True)
    table = Table(box=None, padding=(0, 2, 0, 0))
    table.add_column("", no_wrap=True)
    for head in _heads(found):
        table.add_column(head, justify="right", no_wrap=True)
    for cells in _rows(found):
        table.add_row(*cells)
    drawn.print(table)
    if notes := _notes(found):
        drawn.print()
    for words in notes:
        drawn.print(named(plain(words)), soft_wrap=True)
    drawn.print(f"\n[dim]{named(plain(_origin(found)))}[/]", soft_wrap=True)


def _as_markdown(found: "Comparison") -> str:
    lines = [f"### {in_code(found.project.name)} ({found.project.cell.language})", ""]
    lines += [markdown.table(["", *_heads(found)], _rows(found))]
    lines += [f"- {in_code(words)}" for words in _notes(found)]
    return "\n".join([*lines, "", plain(_origin(found)), ""])


def _as_json(found: "Comparison") -> None:
    json.show(
        {
            "project": found.project.name,
            "language": found.project.cell.language,
            "flavor": found.current,
            "date": found.day.isoformat(),
            "engine": found.engine,
            "processors": found.processors,
            "rounds": found.rounds,
            "edited": found.edited,
            "columns": [_column(column) for column in found.columns],
            "left_out": dict(found.left_out),
        }
    )


def _column(column: "Column") -> dict[str, object]:
    checked = column.checked
    return {
        "name": column.name,
        "unpacked_bytes": checked.image.unpacked_bytes,
        "gzip_bytes": checked.image.gzip_bytes,
        "layers": len(checked.image.layers),
        "cold_build_seconds": round(column.cold_build_seconds, 3),
        "rebuild_seconds": _rounded(column.rebuild_seconds),
        "answer_seconds": _rounded(column.answer_seconds),
        "healthy_seconds": _rounded(column.healthy_seconds),
        "run_seconds": checked.seen and _rounded(checked.seen.run_seconds),
        "memory_bytes": column.memory_bytes,
        "findings": [
            {**asdict(finding), "ignored": checked.ignored(finding.rule)}
            for finding in checked.findings
        ],
        "note": column.note or None,
    }


def _rounded(seconds: float | None) -> float | None:
    """Round to milliseconds; anything finer is noise."""
    return None if seconds is None else round(seconds, 3)
