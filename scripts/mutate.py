"""Break dockgen in hundreds of small ways, one at a time, and list those that no test notices.

Usage: python scripts/mutate.py [--engine] [--only WORD]… [--jobs NUMBER] [--list]

Each mutation is made in a copy of the checkout, where its own few tests run until one fails: that
one has noticed. Exit code 1 if a mutation survives that is not in KNOWN.

A test that compares what is rendered with the committed examples notices every change, but asks
only for `make examples`, and passes. So it doesn't count here.
"""

import argparse
import contextlib
import fnmatch
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import traceback
from collections import Counter
from pathlib import Path

from mutations import ROOT, Mutation, every

# Survivors that change nothing that anybody could see, and why. A key is a path and what was done,
# without a line number; `*` stands for anything.
KNOWN: dict[str, str] = {
    '*/model.py: violations.__doc__ or "" -> *': "the linter wants a docstring of each rule",
    "*/running.py: is_job and seen.exit_code is not None -> *": "only a job is given an exit code",
    "*/running.py: seen.exit_code is None or seen.run_seconds is None -> *": (
        "a job has both, or it has neither"
    ),
}

# Without the tests that look at the committed examples, which a mutation leaves as they are.
COMPARING = ("not test_is_what_the_templates_render",)
# Seconds until a mutation counts as noticed because it has no end.
PATIENCE, ENGINE_PATIENCE = 300, 1800
# What pytest ends with when a test failed or a file can't even be imported.
NOTICED = (1, 2)


# The copies, and the tests in them.

_copy = Path()


def prepare(folder: str) -> None:
    """Give this process a copy of the checkout, and all that tests import of others."""
    global _copy
    _copy = Path(tempfile.mkdtemp(dir=folder))
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (_copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, _copy / name)
    (_copy / ".venv").symlink_to(ROOT / ".venv")
    for name in ("copier", "jinja2.sandbox", "pytest", "rich.console", "questionary", "yaml"):
        with contextlib.suppress(ImportError):
            __import__(name)


def attempt(mutation: Mutation) -> tuple[Mutation, bool]:
    """Make the mutation, ask its tests, take it back; return whether one noticed."""
    path = _copy / mutation.path
    before, times = path.read_bytes(), path.stat()
    path.write_text(mutation.text, encoding="utf-8")
    try:
        return mutation, ask(mutation.tests, ENGINE_PATIENCE if mutation.needs_engine else PATIENCE)
    finally:
        path.write_bytes(before)
        # What Python has compiled of it is good again.
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def unmutated(tests: tuple[str, ...]) -> tuple[tuple[str, ...], bool]:
    """Ask tests without a mutation; return whether one fails all the same."""
    return tests, ask(tests, ENGINE_PATIENCE, compiles=True)


def ask(tests: tuple[str, ...], patience: int, *, compiles: bool = False) -> bool:
    """Run tests in a process that has everything imported; return whether one fails."""
    child = os.fork()
    if child == 0:
        try:
            os._exit(_run(tests, compiles=compiles))
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(70)
    signal.signal(signal.SIGALRM, _give_up)
    signal.alarm(patience)
    try:
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    except TimeoutError:
        os.killpg(child, signal.SIGKILL)
        os.waitpid(child, 0)
        return True
    finally:
        signal.alarm(0)
    if code not in (0, *NOTICED):
        log = (_copy / "pytest.log").read_text()[-2000:]
        raise RuntimeError(f"pytest {' '.join(tests)} ended with {code}:\n{log}")
    return code != 0


def _run(tests: tuple[str, ...], *, compiles: bool) -> int:
    """Be pytest, in the copy."""
    os.setpgid(0, 0)
    log = os.open(_copy / "pytest.log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.chdir(_copy)
    sys.path[:0] = [str(_copy), str(_copy / "src")]
    os.environ["PYTHONPATH"] = str(_copy / "src")
    # Python tells by a file's time whether it is compiled, and counts whole seconds.
    sys.dont_write_bytecode = not compiles
    import pytest

    files, _, words = " ".join(tests).partition(" -k ")
    chosen = " and ".join([f"({words})" if words else "", *COMPARING]).removeprefix(" and ")
    options = ["-x", "-q", "-p", "no:cacheprovider", "-p", "no:unraisableexception"]
    return pytest.main([*options, *files.split(), "-k", chosen])


def _give_up(_number: int, _frame: object) -> None:
    raise TimeoutError


def main() -> int:
    """Make the mutations, and print a table and what has survived."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "--engine", action="store_true", help="those that only a build notices, too"
    )
    parser.add_argument(
        "--only", action="append", default=[], metavar="WORD", help="a group, or part of a path"
    )
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--list", action="store_true", help="list the mutations, and make none")
    given = parser.parse_args()
    mutations = [
        one for one in every()
        if not given.only or any(word == one.group or word in one.path for word in given.only)
    ]  # fmt: skip
    wanted = [one for one in mutations if given.engine or not one.needs_engine]
    if given.list:
        print(*(f"{one.path}:{one.line}: {one.what}" for one in wanted), sep="\n")
        return 0
    survivors: list[Mutation] = []
    with (
        tempfile.TemporaryDirectory(prefix="dockgen-mutate-") as folder,
        multiprocessing.get_context("fork").Pool(given.jobs, prepare, (folder,)) as pool,
    ):
        for tests, failed in pool.imap_unordered(unmutated, {one.tests for one in wanted}):
            if failed:
                print(f"error: without a mutation, a test fails of: {' '.join(tests)}")
                return 2
        for number, (one, noticed) in enumerate(pool.imap_unordered(attempt, wanted), 1):
            print(f"\r{number} of {len(wanted)}", end="", flush=True, file=sys.stderr)
            survivors += [] if noticed else [one]
    print(file=sys.stderr)
    return report(mutations, wanted, survivors)


def report(mutations: list[Mutation], wanted: list[Mutation], survivors: list[Mutation]) -> int:
    """Print a line for each group and for each survivor; return the exit code."""
    known = {
        one: why
        for one in survivors
        for key, why in KNOWN.items()
        if fnmatch.fnmatchcase(one.key, key)
    }
    print(f"{'':<16}{'made':>8}{'noticed':>9}{'known':>8}{'missed':>8}{'not made':>10}")
    total = Counter(one.group for one in mutations)
    for group in total:
        made = sum(one.group == group for one in wanted)
        survived = [one for one in survivors if one.group == group]
        equal = sum(one in known for one in survived)
        print(
            f"{group:<16}{made:>8}{made - len(survived):>9}{equal:>8}{len(survived) - equal:>8}"
            f"{total[group] - made:>10}"
        )
    missed = [one for one in survivors if one not in known]
    for one in sorted(missed, key=lambda one: (one.path, one.line)):
        print(f"{one.path}:{one.line}: {one.what}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
