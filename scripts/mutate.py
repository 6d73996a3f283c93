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
import functools
import gc
import inspect
import itertools
import json
import multiprocessing
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Any

from mutations import ROOT, Mutation, every

if TYPE_CHECKING:
    import pytest

# Survivors that change nothing visible, and why. A key is a path and what was done, without a line
# number; `*` matches anything.
KNOWN: dict[str, str] = {
    '*/model.py: violations.__doc__ or "" -> (violations.__doc__)': (
        "the linter wants a docstring of each rule"
    ),
    "*/running.py: is_job and seen.exit_code is not None -> (seen.exit_code *": (
        "only a job is given an exit code"
    ),
    "*/running.py: seen.exit_code is None or seen.run_seconds is None -> *": (
        "a job has both, or it has neither"
    ),
    "*/existing.jinja: language not in [[]'go', 'python', 'node'] -> false": (
        "only the template of a starter could have another language"
    ),
}

# Leaves out the test of the committed examples, which a mutation doesn't change.
NOT_COMPARING = "not test_is_what_the_templates_render"
# Seconds of processor time until a mutation counts as noticed because it never ends.
PATIENCE = 120
# The exit code of a process that couldn't even start pytest.
UNFIT = 70
# That, and pytest's exit codes if a test failed, a file can't be imported, or the time is up.
NOTICED = (1, 2, UNFIT, -signal.SIGXCPU)
# The exit code of a process whose mutation affects something already imported.
TOO_LATE = 71
# How many mutations one process tests.
CHUNK = 24
# The copies are in memory, if there is such a folder.
MEMORY = next((name for name in ("/dev/shm",) if os.access(name, os.W_OK)), None)  # noqa: S108

_copy = Path()
_times = itertools.count(1)


def prepare(folder: str) -> None:
    """Give this process a copy of the checkout, and import the tests' third-party packages."""
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
        __import__(name)


def attempt(mutations: Sequence[Mutation]) -> list[tuple[Mutation, bool]]:
    """Make mutations that have the same tests; return each, and whether a test noticed it."""
    tests = mutations[0].tests
    found = []
    for mutation, noticed in zip(mutations, ask(tests, mutations), strict=True):
        if noticed is None:
            # before Python imports it
            with made(mutation):
                (noticed,) = ask(tests)
        found.append((mutation, bool(noticed)))
    return found


@contextlib.contextmanager
def made(mutation: Mutation | None) -> Iterator[None]:
    """Apply the mutation to the copy."""
    if mutation is None:
        yield
        return
    path = _copy / mutation.path
    before, times = path.read_bytes(), path.stat()
    path.write_text(mutation.text, encoding="utf-8")
    # Python decides by the time in whole seconds and the size whether bytecode is current.
    os.utime(path, (0, next(_times)))
    try:
        yield
    finally:
        path.write_bytes(before)
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def ask(
    tests: tuple[str, ...], mutations: Sequence[Mutation | None] = (None,)
) -> list[bool | None]:
    """Run tests with each mutation in turn; return for each whether a test fails.

    None stands for a mutation that works only before its module is imported.
    """
    answers = _copy / "answers.json"
    answers.unlink(missing_ok=True)
    code = _forked(lambda: _run(tests, mutations, answers))
    if not answers.exists() and (code not in NOTICED or len(mutations) > 1):
        log = (_copy / "pytest.log").read_text(encoding="utf-8")[-2000:]
        words = "without a mutation, too" if code == 1 else f"with {code}"
        raise RuntimeError(f"pytest {' '.join(tests)} ended {words}:\n{log}")
    codes = json.loads(answers.read_text()) if answers.exists() else [code]
    return [None if code == TOO_LATE else code in NOTICED for code in codes]


def _forked(act: Callable[[], int]) -> int:
    """Fork a process that has everything imported so far, and run a function in it."""
    child = os.fork()
    if child == 0:
        try:
            os._exit(act())
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(UNFIT)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _run(tests: tuple[str, ...], mutations: Sequence[Mutation | None], answers: Path) -> int:
    """Run pytest in the copy."""
    log = os.open(_copy / "pytest.log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.chdir(_copy)
    sys.path[:0] = [str(_copy), str(_copy / "src")]
    os.environ["PYTHONPATH"] = str(_copy / "src")
    import pytest

    files, _, words = " ".join(tests).partition(" -k ")
    chosen = f"({words}) and {NOT_COMPARING}" if words else NOT_COMPARING
    options = ["-x", "-q", "-p", "no:cacheprovider", "-p", "no:unraisableexception"]
    options += [f"--basetemp={_copy}.tests", *files.split(), "-k", chosen]
    return pytest.main(options, plugins=[_Each(mutations, answers)])


class _Each:
    """A pytest plugin: run the collected tests once per mutation.

    Each mutation runs in a forked process, so that imports and collection happen only once.
    """

    def __init__(self, mutations: Sequence[Mutation | None], answers: Path) -> None:
        self._mutations, self._answers = mutations, answers

    def pytest_runtestloop(self, session: "pytest.Session") -> bool | None:
        from _pytest import main

        if session.testsfailed or not session.items:
            return None  # pytest reports that itself
        if self._mutations[0] is not None and not self._mutations[0].path.endswith(".py"):
            # Run once without a mutation: the others then find everything compiled and parsed.
            main.pytest_runtestloop(session)
        codes = []
        for mutation in self._mutations:
            with made(mutation):
                codes.append(_forked(functools.partial(self._loop, main, session, mutation)))
        self._answers.write_text(json.dumps(codes))
        return True

    @staticmethod
    def _loop(main: Any, session: "pytest.Session", mutation: Mutation | None) -> int:
        if mutation is not None and mutation.path.endswith(".py") and not swapped(mutation):
            return TOO_LATE
        forget()
        resource.setrlimit(resource.RLIMIT_CPU, (PATIENCE, PATIENCE + 5))
        try:
            main.pytest_runtestloop(session)
        except session.Failed:
            return 1
        return 1 if session.testsfailed else 0


def swapped(mutation: Mutation) -> bool:
    """Swap in the mutated functions of an imported module; return False if more has changed."""
    file = str(_copy / mutation.path)
    module = next(one for one in sys.modules.values() if getattr(one, "__file__", None) == file)
    before = compile(inspect.getsource(module), file, "exec", dont_inherit=True)
    after = compile(mutation.text, file, "exec", dont_inherit=True)
    if _words(before) != _words(after):
        return False
    codes = {old.co_qualname: new for old, new in _functions(before, after)}
    functions = [
        one for one in gc.get_objects()
        if isinstance(one, FunctionType)
        and one.__code__.co_filename == file and one.__code__.co_qualname in codes
    ]  # fmt: skip
    try:
        for one in functions:
            one.__code__ = codes[one.__code__.co_qualname]
    except ValueError:  # it has other free variables
        return False
    return bool(functions)


def _functions(before: CodeType, after: CodeType) -> Iterator[tuple[CodeType, CodeType]]:
    """Yield the functions that differ, before and after."""
    for old, new in zip(_inner(before), _inner(after), strict=True):
        if old.co_flags & inspect.CO_NEWLOCALS:
            if _words(old, deep=True) != _words(new, deep=True):
                yield old, new
        else:
            yield from _functions(old, new)  # a class


def _inner(code: CodeType) -> list[CodeType]:
    return [one for one in code.co_consts if isinstance(one, CodeType)]


def _words(code: CodeType, *, deep: bool = False) -> object:
    """Return what a code object does, wherever it is; without inner functions unless ``deep``."""
    consts = [
        (_words(one, deep=deep) if deep or not one.co_flags & inspect.CO_NEWLOCALS else None)
        if isinstance(one, CodeType) else (type(one), one)
        for one in code.co_consts
    ]  # fmt: skip
    return (code.co_code, code.co_names, code.co_varnames, code.co_freevars, consts)


def forget() -> None:
    """Clear the caches of dockgen's own files."""
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] == "dockgen":
            for value in vars(module).values():
                if hasattr(value, "cache_clear"):
                    value.cache_clear()


def main() -> int:
    """Make the mutations, and print a table and the survivors."""
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
        tempfile.TemporaryDirectory(prefix="dockgen-mutate-", dir=MEMORY) as folder,
        multiprocessing.get_context("fork").Pool(given.jobs, prepare, (folder,)) as pool,
    ):
        done = 0
        for answers in pool.imap_unordered(attempt, chunks(wanted)):
            done += len(answers)
            survivors += [one for one, noticed in answers if not noticed]
            print(f"\r{done}/{len(wanted)}, {len(survivors)} not noticed", end="", file=sys.stderr)
        # Tests that notice everything may fail even without a mutation.
        proven = {one.tests for one in survivors}
        for tests, failed in pool.imap_unordered(unmutated, {one.tests for one in wanted} - proven):
            if failed:
                print(f"error: without a mutation, a test fails of: {' '.join(tests)}")
                return 2
    print(file=sys.stderr)
    return report(mutations, wanted, survivors)


def unmutated(tests: tuple[str, ...]) -> tuple[tuple[str, ...], bool]:
    """Run tests without a mutation; return whether one fails."""
    return tests, any(ask(tests))


def chunks(mutations: list[Mutation]) -> Iterator[list[Mutation]]:
    """Yield a few mutations at a time with the same tests and the same language."""
    groups: dict[object, list[Mutation]] = {}
    for one in mutations:
        groups.setdefault((one.tests, one.path.endswith(".py")), []).append(one)
    for group in groups.values():
        for start in range(0, len(group), CHUNK):
            yield group[start : start + CHUNK]


def report(mutations: list[Mutation], wanted: list[Mutation], survivors: list[Mutation]) -> int:
    """Print a line for each group and each survivor; return the exit code."""
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
