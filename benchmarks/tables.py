"""The results as tables: on the terminal, in the README and in docs/benchmarks.md."""

import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rich.table import Table

from benchmarks.results import Comparison, Figures, Results
from dockgen import matrix
from dockgen.compare.measuring import median
from dockgen.report.comparison import MISSING, number

MB = 10**6


@dataclass(frozen=True)
class Measure:
    """Something that was measured of an image, in ``unit``; None if the image doesn't have it."""

    title: str
    unit: str
    of: Callable[[Figures], float | None]


COLD_BUILD = Measure("cold build", "s", lambda figures: figures.cold_build_seconds)
REBUILD = Measure("rebuild", "s", lambda figures: median(figures.rebuild_seconds))
ANSWER = Measure("first answer", "s", lambda figures: median(figures.answer_seconds))
HEALTHY = Measure("healthy", "s", lambda figures: median(figures.healthy_seconds))
PROBE = Measure("probe", "s", lambda figures: median(figures.probe_seconds))
PROBE_CPU = Measure("probe CPU", "s", lambda figures: figures.probe_cpu_seconds)
UNPACKED = Measure("unpacked", "MB", lambda figures: figures.unpacked_bytes / MB)
GZIP = Measure("gzip -6", "MB", lambda figures: figures.gzip_bytes / MB)

COMPARED = (COLD_BUILD, REBUILD, ANSWER, UNPACKED, GZIP)
HEALTH = (HEALTHY, PROBE, PROBE_CPU)


def ratio(comparison: Comparison, measure: Measure) -> float | None:
    """Divide the naive figure by dockgen's; None if either was not measured."""
    ours, theirs = measure.of(comparison.dockgen), measure.of(comparison.naive)
    return theirs / ours if ours and theirs is not None else None


def times(value: float | None) -> str:
    """Format a ratio with about two digits: 0.68x, 3.3x, 114x."""
    if value is None:
        return MISSING
    digits = 0 if value >= 10 else 1 if round(value, 2) >= 1 else 2
    return f"{value:.{digits}f}x"


def terminal(results: Results) -> Table:
    """Return three lines per cell: dockgen's figures, the naive ones, and naive by dockgen's."""
    table = Table(box=None, padding=(0, 1, 0, 0))
    table.add_column("", no_wrap=True)
    table.add_column("", no_wrap=True)
    for measure in (*COMPARED, *HEALTH):
        head = f"{measure.title} {measure.unit}".replace(" ", "\n")
        table.add_column(head, justify="right", no_wrap=True, vertical="bottom")
    for cell, comparison in results.cells.items():
        for name, figures in (("dockgen", comparison.dockgen), ("naive", comparison.naive)):
            values = [number(measure.of(figures)) for measure in (*COMPARED, *HEALTH)]
            table.add_row(f"[bold]{cell}[/]" if name == "dockgen" else "", name, *values)
        ratios = [times(ratio(comparison, measure)) for measure in COMPARED]
        table.add_row("", "ratio", *ratios, *([""] * len(HEALTH)), end_section=True)
    return table


def short(results: Results) -> str:
    """Return the README's table as Markdown."""

    def row(comparison: Comparison) -> list[str]:
        compared = [
            f"**{_with_unit(comparison.dockgen, measure)}** vs "
            f"{_with_unit(comparison.naive, measure)} ({times(ratio(comparison, measure))})"
            for measure in (UNPACKED, REBUILD, COLD_BUILD)
        ]
        return [*compared, _with_unit(comparison.dockgen, HEALTHY)]

    heads = ["image", "rebuild", "cold build", "start to healthy"]
    words = (
        "Each cell shows **dockgen** vs the naive Dockerfile, and the ratio. The naive"
        " Dockerfile has a single stage with `FROM`, `COPY . .` and an install step, and no"
        " health check. Image sizes are in MB of 10⁶ bytes, unpacked. A rebuild is a `docker"
        " build` after a one-line edit of the source; in a cold build, only the base images are"
        f" cached. {origin(results)} [All results](docs/benchmarks.md)."
    )
    return _table(results, heads, row) + "\n" + "\n".join([*textwrap.wrap(words, 100), ""])


def detailed(results: Results) -> str:
    """Return the tables of docs/benchmarks.md as Markdown."""
    parts = [
        "\n".join([*textwrap.wrap(origin(results), 100), ""]),
        "## Builds, in seconds\n",
        _compared(results, (COLD_BUILD, REBUILD)),
        "## Sizes, in MB of 10⁶ bytes\n",
        _compared(results, (UNPACKED, GZIP)),
        "## Start, in seconds\n",
        _compared(results, (ANSWER,)),
        "## The health check, in seconds\n",
        _health(results),
    ]
    return "\n".join(parts)


def origin(results: Results) -> str:
    """Say when and on what the results were measured."""
    kinds = tuple(sorted(set(results.bases.values())))
    bases = {
        ("official",): "the official base images",
        ("stand-in",): "stand-ins of the official base images",
        ("official", "stand-in"): "official base images and stand-ins",
    }.get(kinds, "the base images that were there")
    processors = f"{results.processors} processor{'s' if results.processors > 1 else ''}"
    return f"Measured on {results.date}, on {bases}, Docker Engine {results.engine}, {processors}."


def _compared(results: Results, measures: Sequence[Measure]) -> str:
    def row(comparison: Comparison) -> list[str]:
        columns = []
        for measure in measures:
            columns.append(number(measure.of(comparison.dockgen)))
            columns.append(number(measure.of(comparison.naive)))
            columns.append(times(ratio(comparison, measure)))
        return columns

    heads = [head for measure in measures for head in (measure.title, "naive", "naive ÷ dockgen")]
    return _table(results, heads, row)


def _health(results: Results) -> str:
    def row(comparison: Comparison) -> list[str]:
        return [number(measure.of(comparison.dockgen)) for measure in HEALTH]

    return _table(results, ["start to healthy", "one probe", "processor time of a probe"], row)


def _table(
    results: Results, heads: Sequence[str], row: Callable[[Comparison], Sequence[str]]
) -> str:
    """Return a table with a line per cell of the matrix, measured or not."""
    lines = [f"| | {' | '.join(heads)} |", "|---" * (len(heads) + 1) + "|"]
    for cell in matrix.ALL:
        comparison = results.cells.get(cell)
        columns = row(comparison) if comparison else [MISSING] * len(heads)
        lines.append(f"| {cell} | {' | '.join(columns)} |")
    return "\n".join([*lines, ""])


def _with_unit(figures: Figures, measure: Measure) -> str:
    value = measure.of(figures)
    return MISSING if value is None else f"{number(value)} {measure.unit}"
