"""python -m benchmarks.fleet: `dockgen update` on many projects, and on one beside plain copier."""

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

from dockgen import bundle, template
from dockgen.bundle import Manifest

FILE = Path(__file__).parent / "fleet.json"
# The cells of the first release, from which all projects are updated.
CELLS = (("go", "scratch"), ("python", "slim"), ("node", "alpine"))
PERSON = {
    "GIT_AUTHOR_NAME": "A. Person",
    "GIT_AUTHOR_EMAIL": "person@example.com",
    "GIT_COMMITTER_NAME": "A. Person",
    "GIT_COMMITTER_EMAIL": "person@example.com",
    "GIT_CONFIG_NOSYSTEM": "1",
}


@dataclass(frozen=True)
class FleetResults:
    """Measurements in seconds. ``alone`` and ``copier`` are one project each, in turn."""

    projects: int
    processors: int
    check_all_seconds: float
    update_all_seconds: float
    nothing_to_do_seconds: float
    alone_seconds: tuple[float, ...]
    copier_seconds: tuple[float, ...]

    def sentence(self) -> str:
        """Return the results in words, as Markdown."""
        alone, copier = (
            statistics.median(self.alone_seconds),
            statistics.median(self.copier_seconds),
        )
        each = self.update_all_seconds / self.projects
        return (
            f"`dockgen update --all` brought {self.projects} projects from the first release to the"
            f" newest in {self.update_all_seconds:.0f} s on {self.processors} processors:"
            f" {each:.2f} s each. `--check --all` looked at them in {self.check_all_seconds:.1f} s."
            f" One project alone took {alone:.2f} s, plain `copier update` {copier:.2f} s in the"
            f" same run: {alone / copier:.2f} times as long, for which it renders both versions"
            " once more to see what copier would lose."
        )


@click.command(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option("--projects", default=200, show_default=True, type=click.IntRange(min=1))
@click.option("--rounds", default=5, show_default=True, type=click.IntRange(min=1))
@click.option("--save", is_flag=True, help=f"Write the results to benchmarks/{FILE.name}.")
def fleet(projects: int, rounds: int, save: bool) -> None:
    """Update many projects at once, and one at a time beside plain copier.

    \b
    Examples:
      make benchmark-fleet
      make benchmark-fleet ARGS="--projects 20 --rounds 2"
      make benchmark-fleet ARGS="--save" && make docs
    """
    console = Console(stderr=True, highlight=False)
    with tempfile.TemporaryDirectory(prefix="dockgen-") as name, console.status("") as status:
        folder = Path(name)
        status.update("Making the projects …")
        old = [_project(folder / "old" / language, language, flavor) for language, flavor in CELLS]
        source = folder / "src"
        for number in range(projects):
            shutil.copytree(old[number % len(old)], source / f"team-{number % 10}/app-{number}")
        status.update("Looking at them …")
        check_all = _seconds("--check", "--all", source, code=1)
        status.update("Updating all …")
        update_all = _seconds("--all", source)
        nothing = _seconds("--check", "--all", source)
        alone, copier = [], []
        with bundle.provide() as (path, manifest):
            settings = folder / "gitconfig"
            rules = f'[url "{path}"]\n\tinsteadOf = {manifest.url}\n'
            settings.write_text(rules + '[protocol "file"]\n\tallow = always\n')
            for number in range(rounds):
                status.update(f"One by one, round {number + 1} of {rounds} …")
                ours, theirs = folder / f"ours-{number}/my-app", folder / f"theirs-{number}/my-app"
                for place in (ours, theirs):
                    shutil.copytree(old[1], place)
                alone.append(_seconds(ours))
                copier.append(_copier_seconds(theirs, settings, folder / "cache", manifest))
    results = FleetResults(
        projects=projects,
        processors=os.cpu_count() or 1,
        check_all_seconds=check_all,
        update_all_seconds=update_all,
        nothing_to_do_seconds=nothing,
        alone_seconds=tuple(alone),
        copier_seconds=tuple(copier),
    )
    if save:
        FILE.write_text(json.dumps(asdict(results), indent=2) + "\n", encoding="utf-8")
    click.echo(results.sentence())


def load() -> FleetResults | None:
    """Return the saved results, or None."""
    if not FILE.exists():
        return None
    return FleetResults(**json.loads(FILE.read_text(encoding="utf-8")))


def _project(directory: Path, language: str, flavor: str) -> Path:
    """Make a committed project of the first release."""
    answers = {"name": "my-app", "language": language, "flavor": flavor}
    with template.offline() as origin:
        template.render_version(origin, origin.manifest.releases[0].version, directory, answers)
    for words in (["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "-m", "Start"]):
        subprocess.run(["git", *words], cwd=directory, env=os.environ | PERSON, check=True)
    return directory


def _seconds(*arguments: str | Path, code: int = 0) -> float:
    """Return how long `dockgen update` takes, as a whole process."""
    return _timed([sys.executable, "-m", "dockgen", "update", *map(str, arguments)], {}, code)


def _copier_seconds(project: Path, settings: Path, cache: Path, manifest: Manifest) -> float:
    """Return how long plain `copier update` takes to the same version, with a warm cache."""
    version = f"--vcs-ref={manifest.latest.version}"
    command = [sys.executable, "-m", "copier", "update", "--defaults", version, str(project)]
    place = {"GIT_CONFIG_GLOBAL": str(settings), "COPIER_CACHE_DIR": str(cache)}
    return _timed(command, PERSON | place, 0)


def _timed(command: list[str], environment: dict[str, str], code: int) -> float:
    began = time.monotonic()
    done = subprocess.run(
        command, env=os.environ | environment, stdin=subprocess.DEVNULL, capture_output=True,
        text=True, check=False,
    )  # fmt: skip
    seconds = time.monotonic() - began
    if done.returncode != code:
        raise click.ClickException(f"{' '.join(command)}: {done.stderr}")
    return seconds


if __name__ == "__main__":
    fleet(prog_name="python -m benchmarks.fleet")
