"""python -m testbed: an engine and base images for a command, or for as long as you like."""

import argparse
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from . import bases, cache, engine, progress, table
from .cache import Cache
from .engine import Engine
from .errors import TestbedError
from .progress import say
from .report import Origin, Report

EXIT_MISSING = 4
INTERRUPTED_SECONDS = 10
COMMAND_STOP_SECONDS = 60
ENDING_SIGNALS = (signal.SIGTERM, signal.SIGHUP)


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse, call one function, map errors to exit codes."""
    options = _parser().parse_args(arguments)
    for number in ENDING_SIGNALS:
        signal.signal(number, _end)
    here = cache.from_environment()
    try:
        if options.action == "run":
            return run(here, _names(options), options.command)
        if options.action == "up":
            return up(here, _names(options))
        if options.action == "down":
            return down(here)
        if options.action == "env":
            return env(here)
        return status(here)
    except TestbedError as error:
        say(f"error: {error}")
        if error.hint:
            say(f"next: {error.hint}")
        return EXIT_MISSING
    except KeyboardInterrupt:
        say("interrupted")
        return 128 + signal.SIGINT


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m testbed", description=__doc__)
    actions = parser.add_subparsers(dest="action", required=True)
    with_bases = argparse.ArgumentParser(add_help=False)
    with_bases.add_argument(
        "--base",
        action="append",
        metavar="NAME",
        help=f"a base image to provide; may be repeated (default: {', '.join(table.NEEDED)})",
    )
    with_bases.add_argument(
        "--also", action="append", default=[], metavar="NAME", help="another one beside those"
    )
    run_parser = actions.add_parser(
        "run", parents=[with_bases], help="provide, run a command, end what was started"
    )
    run_parser.add_argument("command", nargs="+", metavar="COMMAND", help="after --")
    actions.add_parser("up", parents=[with_bases], help="provide, and leave it running")
    actions.add_parser("down", help="end the private engine")
    actions.add_parser("status", help="say what is there")
    actions.add_parser("env", help="print the shell lines that point docker to the private engine")
    return parser


def _names(options: argparse.Namespace) -> Sequence[str]:
    return [*(options.base or table.NEEDED), *options.also]


def _end(number: int, _frame: FrameType | None) -> None:
    progress.stopping.set()
    raise SystemExit(128 + number)


def run(here: Cache, names: Sequence[str], command: Sequence[str]) -> int:
    """Provide an engine, run the command, and end the engine; return the command's exit code."""
    with _provided(here, names) as (provided, report):
        file = Path(os.environ.get("DOCKGEN_TESTBED_REPORT") or here.root / "report.json")
        report.write(file)
        variables = {**provided.variables(), "DOCKGEN_TESTBED_REPORT": str(file)}
        code = _run_command(command, variables)
        say(f"measured on {_origins(report)}")
        return code


@contextmanager
def _provided(here: Cache, names: Sequence[str]) -> Iterator[tuple[Engine, Report]]:
    """Yield an engine with base images.

    An engine that `up` started, or that was already there, is shared and stays. One that is started
    here belongs to this run, which holds the lock until it has ended.
    """
    with here.lock():
        found = _find(here)
        if found is not None and not _is_left_over(here, found):
            report = _bases(here, found, names)
        else:
            try:
                started = engine.start(here)  # this first ends what a killed run left
                yield started, _bases(here, started, names)
                return
            finally:
                _stop(here)
    yield found, report


def _find(here: Cache) -> Engine | None:
    return engine.find_private(here) or engine.find()


def _is_left_over(here: Cache, found: Engine) -> bool:
    """Return whether this is the private engine of a killed run: a live one holds the lock."""
    return found.private and not _kept(here).exists()


def _kept(here: Cache) -> Path:
    return here.runtime / "kept"


def _bases(here: Cache, found: Engine, names: Sequence[str]) -> Report:
    report = bases.provide(here, found, names)
    for line in report.lines():
        say(line)
    return report


def _stop(here: Cache) -> None:
    if not here.runtime.exists():
        return
    # A second Ctrl-C must not leave half of it running.
    for number in (*ENDING_SIGNALS, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    with progress.step("ending the private engine"):
        engine.stop(here)


def _run_command(command: Sequence[str], variables: dict[str, str]) -> int:
    say(f"running {shlex.join(command)}")
    try:
        process = subprocess.Popen(list(command), env=variables)
    except OSError as error:
        raise TestbedError(f"{command[0]} cannot be started: {error.strerror}") from error
    try:
        code = process.wait()
    except BaseException as ending:
        # Ctrl-C in a terminal reached the command, too; a signal to this process alone is passed
        # on.
        if not isinstance(ending, KeyboardInterrupt) or not _ends(process, INTERRUPTED_SECONDS):
            process.terminate()
        if not _ends(process, COMMAND_STOP_SECONDS):
            process.kill()
            process.wait()
        raise
    return code if code >= 0 else 128 - code


def _ends(process: subprocess.Popen[bytes], seconds: float) -> bool:
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return False
    return True


def _origins(report: Report) -> str:
    parts: list[str] = []
    for origin, title in ((Origin.OFFICIAL, "official images"), (Origin.STAND_IN, "stand-ins")):
        names = [base.name for base in report.bases if base.origin is origin]
        if names:
            parts.append(f"{title}: {', '.join(names)}")
    return "; ".join(parts)


def up(here: Cache, names: Sequence[str]) -> int:
    """Provide an engine, and leave it running."""
    with here.lock():
        found = _find(here)
        if found is not None and _is_left_over(here, found):
            found = None
        try:
            started = found or engine.start(here)
            _bases(here, started, names)
            if started.private:
                _kept(here).touch()
        except BaseException:
            if found is None:
                _stop(here)
            raise
    if started.private:
        say('to use it: eval "$(python -m testbed env)"')
    else:
        say("the engine that was there is used; nothing was started")
    return 0


def down(here: Cache) -> int:
    """End the private engine."""
    with here.lock():
        if not here.runtime.exists():
            say("no private engine runs")
            return 0
        _stop(here)
    return 0


def env(here: Cache) -> int:
    """Print the shell lines that point docker to the private engine."""
    found = engine.find_private(here)
    if found is None:
        if engine.find() is None:
            raise TestbedError("no private engine runs", "python -m testbed up")
        return 0
    for name, value in found.environment.items():
        if name == "PATH":
            print(f'export PATH="{engine.program_folders(here)}:$PATH"')
        else:
            print(f"export {name}={shlex.quote(value)}")
    return 0


def status(here: Cache) -> int:
    """Print what is running and cached."""
    found = _find(here)
    if found is None:
        say("no engine answers; `python -m testbed up` starts a private one")
        return 0
    say(f"engine {found.version}, {'private' if found.private else 'the one that was there'}")
    for base in table.TABLE:
        if base.is_base:
            there = found.image_id(base.name) is not None
            say(f"{base.name}: {'there' if there else 'not there'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
