"""python -m benchmarks.commands: time short commands, beside Python's start and copier."""

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import click
from rich.console import Console

from dockgen import bundle

FILE = Path(__file__).parent / "commands.json"
ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class CommandResults:
    """Medians of ratios, each of two consecutive runs, so that a busy machine slows both.

    ``help`` and ``version`` are relative to `python -c pass`, and ``new`` to `copier copy` from the
    same bundle.
    """

    rounds: int
    help: float
    version: float
    new: float

    def sentence(self) -> str:
        """Return the results in words, as Markdown."""
        return (
            f"`dockgen --help` takes {self.help:.1f} times as long as `python -c pass`,"
            f" `dockgen --version` {self.version:.1f} times, and `dockgen new --defaults`"
            f" {self.new:.2f} times as long as `copier copy --defaults` from the same bundle:"
            f" medians of {self.rounds} pairs of runs."
        )


@click.command(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option("--rounds", default=20, show_default=True, type=click.IntRange(min=1))
@click.option("--save", is_flag=True, help=f"Write the results to benchmarks/{FILE.name}.")
def commands(rounds: int, save: bool) -> None:
    """Time short commands, each in turn with what it is compared with.

    \b
    Examples:
      make benchmark-commands
      make benchmark-commands ARGS="--save" && make docs
    """
    console = Console(stderr=True, highlight=False)
    with tempfile.TemporaryDirectory(prefix="dockgen-") as name, console.status("") as status:
        folder = Path(name)
        environment = _environment(_installed(folder / "site"))
        templates = folder / "site/dockgen/data" / bundle.BUNDLE
        version = bundle.Manifest.read(templates.with_name(bundle.MANIFEST)).latest.version
        python = [sys.executable, "-c", "pass"]
        dockgen, copier = ([sys.executable, "-m", tool] for tool in ("dockgen", "copier"))
        copy = [*copier, "copy", "--defaults", "--quiet", f"--vcs-ref={version}", str(templates)]
        pairs: dict[str, list[float]] = {"help": [], "version": [], "new": []}
        for number in range(rounds):
            status.update(f"{number + 1} of {rounds} rounds …")
            start = _seconds(python, folder, environment)
            pairs["help"].append(_seconds([*dockgen, "--help"], folder, environment) / start)
            pairs["version"].append(_seconds([*dockgen, "--version"], folder, environment) / start)
            ours = _seconds([*dockgen, "new", "ours", "--defaults"], folder, environment)
            theirs = _seconds([*copy, "theirs"], folder, environment)
            pairs["new"].append(ours / theirs)
            for made in ("ours", "theirs"):
                shutil.rmtree(folder / made)
    found = {key: round(statistics.median(ratios), 2) for key, ratios in pairs.items()}
    results = CommandResults(rounds, **found)
    if save:
        FILE.write_text(json.dumps(asdict(results), indent=2) + "\n", encoding="utf-8")
    Console(highlight=False).print(results.sentence(), soft_wrap=True)


def load() -> CommandResults | None:
    """Return the saved results, or None."""
    if not FILE.is_file():
        return None
    return CommandResults(**json.loads(FILE.read_text(encoding="utf-8")))


def _installed(site: Path) -> Path:
    """Copy dockgen as it is when installed: with its bundle, and without a checkout."""
    shutil.copytree(ROOT / "src/dockgen", site / "dockgen")
    shutil.copy(ROOT / bundle.QUESTIONNAIRE, site / "dockgen/data")
    return site


def _environment(site: Path) -> dict[str, str]:
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("GIT_", "COPIER_"))}
    return inherited | {"PYTHONPATH": str(site)}


def _seconds(command: list[str], folder: Path, environment: dict[str, str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=True)
    return time.perf_counter() - start


if __name__ == "__main__":
    commands()
