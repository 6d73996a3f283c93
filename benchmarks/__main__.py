"""python -m benchmarks: measure cells beside a naive image of the same app."""

import datetime
import json
import os
import signal
import sys
import time
from pathlib import Path

import click
from rich.console import Console

from benchmarks import measurement, results, tables
from benchmarks.results import Comparison, Results
from dockgen import engine, matrix, report
from dockgen.engine import BuildError
from dockgen.errors import DockgenError
from dockgen.matrix import Cell

CELLS = [str(cell) for cell in matrix.ALL]


@click.command(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "--cell",
    "names",
    multiple=True,
    metavar="CELL",
    type=click.Choice(CELLS),
    help=f"Measure this cell; repeatable. One of {', '.join(CELLS)}.  [default: all]",
)
@click.option(
    "--rounds",
    default=3,
    show_default=True,
    type=click.IntRange(min=1),
    help="How often a rebuild and a start are measured; the median is shown.",
)
@click.option("--save", is_flag=True, help=f"Write the results to benchmarks/{results.FILE.name}.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def benchmark(names: tuple[str, ...], rounds: int, save: bool, as_json: bool) -> None:
    """Measure each cell's image beside a naive single-stage one of the same app.

    Cold build, rebuild after a one-line edit, start to the first answer and to healthy, the cost of
    a health probe, and sizes. What is built and started here is removed at the end; the build cache
    stays. All cells take a quarter of an hour on two processors, one takes one to three minutes.

    \b
    Examples:
      make benchmark
      make benchmark ARGS="--cell go-scratch --cell python-slim"
      make benchmark ARGS="--cell go-scratch --rounds 1 --json"
      make benchmark ARGS="--save" && make docs
    """
    chosen = [cell for cell in matrix.ALL if not names or str(cell) in names]
    try:
        measured = _run(chosen, rounds, save=save)
    except DockgenError as problem:
        if isinstance(problem, BuildError):
            report.end_of_log(problem.log)
        report.error(problem)
        sys.exit(problem.exit_code)
    if as_json:
        click.echo(measured.to_json(), nl=False)
    else:
        console = Console(highlight=False)
        console.print(tables.terminal(measured))
        console.print(f"\n{tables.origin(measured)}")


def _run(chosen: list[Cell], rounds: int, *, save: bool) -> Results:
    """Measure these cells one after the other; saved ones stay if a later one fails."""
    version = engine.require()
    cells: dict[Cell, Comparison] = {}
    measured = Results(
        date=datetime.datetime.now(datetime.UTC).date().isoformat(),
        engine=version.server,
        processors=os.cpu_count() or 1,
        bases=_bases(),
        cells=cells,
    )
    console = Console(stderr=True, highlight=False)
    began = time.monotonic()
    with console.status("") as status:
        for count, cell in enumerate(chosen, start=1):

            def doing(words: str, where: str = f"{cell} ({count} of {len(chosen)})") -> None:
                status.update(f"{where}: {words} …")
                if not console.is_terminal:
                    console.print(f"{time.monotonic() - began:6.0f} s  {where}: {words}")

            cells[cell] = measurement.measure(cell, rounds, doing)
            if save:
                results.FILE.write_text(measured.to_json(), encoding="utf-8")
    return measured


def _bases() -> dict[str, str]:
    """Return the origin of each base image if the test bed provided them: it writes a file."""
    path = os.environ.get("DOCKGEN_TESTBED_REPORT")
    if not path:
        return {}
    provided = json.loads(Path(path).read_text(encoding="utf-8"))["bases"]
    return {base["name"]: base["origin"] for base in provided}


def _terminate(number: int, _frame: object) -> None:
    # Unwinds the stack, so that everything is cleaned up.
    sys.exit(128 + number)


if __name__ == "__main__":
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _terminate)
    benchmark(prog_name="python -m benchmarks")
