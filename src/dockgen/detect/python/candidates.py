"""The ways in which a Python project may start, and where each was found."""

import re
from collections.abc import Iterator
from itertools import chain

from dockgen.detect import commands, written
from dockgen.detect.commands import option
from dockgen.detect.model import Argv, Evidence
from dockgen.detect.python import django, servers, subcommands
from dockgen.detect.python.code import App, Code, Start
from dockgen.detect.python.project import Project, table
from dockgen.detect.python.servers import Candidate

_MAIN_FILES = (
    "main.py",
    "app.py",
    "server.py",
    "run.py",
    "bot.py",
    "wsgi.py",
    "asgi.py",
    "start.py",
    "application.py",
    "api.py",
    "cli.py",
    "worker.py",
)
_TASKS = (
    ("tool", "pdm", "scripts"),
    ("tool", "poe", "tasks"),
    ("tool", "taskipy", "tasks"),
    ("tool", "hatch", "envs", "default", "scripts"),
    ("tool", "rye", "scripts"),
)
_STARTS = re.compile(
    r"(?:start|serve|server|app|run|web|prod|production|up|api)(?:[-_:](?:prod|web|app|server|api))?"
)
# Interfaces that are served by their package's own command.
_OWN = {"streamlit": ("streamlit", "run"), "chainlit": ("chainlit", "run")}


_PROCFILE, _ENTRYPOINT = 0, 2
# From this rank on, a start is a guess.
GUESS = 8


def script(argv: Argv, project: Project, code: Code) -> str:
    """Return the project's file that ``python FILE`` or ``python -m MODULE`` runs, or ""."""
    if argv[:1] != ("python",):
        return ""
    if argv[1:2] == ("-m",) and len(argv) > 2:
        module = argv[2]
        return code.file_of(f"{module}.__main__") or code.file_of(module)
    if len(argv) > 1:
        path = project.path(argv[1].removeprefix("./").removeprefix("/app/").removeprefix("/code/"))
        return path if project.repository.has(path) else ""
    return ""


def of(project: Project, code: Code, found: Evidence) -> Iterator[Candidate]:
    """Yield all ways to start, ordered only by their ranks."""
    yield from _declared(project, code)
    yield from django.starts(project, code, found)
    yield from _console(project, code)
    yield from _objects(project, code)
    yield from _files(project, code)


def _declared(project: Project, code: Code) -> Iterator[Candidate]:
    """Yield written-down commands, if what they start exists."""
    ranks = {
        "procfile": _PROCFILE,
        "entrypoint": _ENTRYPOINT,
        "compose": 2,
        "script": 3,
        "makefile": 9,
    }
    for table_ in _TASKS:
        for name, task in project.table(*table_).items():
            text = task.get("cmd") if isinstance(task, dict) else task
            if isinstance(text, str) and _STARTS.fullmatch(name):
                path = project.path("pyproject.toml")
                line = project.repository.line(path, text[:60])
                for words, _, _ in commands.shell(text):
                    yield from _checked(project, code, words, 1, f"{name} = {text!r}", path, line)
    for name, text in table(project.pipfile, "scripts").items():
        if isinstance(text, str) and _STARTS.fullmatch(name):
            path = project.path("Pipfile")
            for words, _, _ in commands.shell(text):
                line = project.repository.line(path, text)
                yield from _checked(project, code, words, 1, f"{name} = {text!r}", path, line)
    written_down = commands.of(project.repository, project.folder)
    started = {
        word.rpartition("/")[2]
        for command in written_down
        if command.origin in ("entrypoint", "compose")
        for word in command.argv
    }
    for command in written_down:
        rank = ranks.get(command.origin)
        if rank is None:
            continue
        if command.origin == "procfile" and command.environment.get("") == "release":
            continue
        if written.is_development(command.file):
            rank = 10
        elif command.origin == "entrypoint" and written.is_one_of_several(command.file):
            rank = 4
        elif command.origin == "script" and command.file.rpartition("/")[2] not in started:
            rank = 9  # no image starts it
        shown = " ".join(command.argv)
        yield from _checked(project, code, command.argv, rank, shown, command.file, command.line)


def _checked(
    project: Project, code: Code, argv: Argv, rank: int, words: str, file: str, line: int
) -> Iterator[Candidate]:
    """Yield the command, if it starts the project's own code and isn't for development."""
    argv = servers.plain(argv)
    if argv[:1] == ("python",) and "/bin/" in "".join(argv[1:2]):
        name = argv[1].rpartition("/")[2]  # a console script, by its path in another image
        argv = (name, *argv[2:]) if name in scripts(project) else argv
    if not argv or servers.for_development(argv) or len(words) > 1_000:
        return
    if argv[0] == "celery" and not _has_app(argv, code):
        return
    words = words if len(words) <= 90 else f"{words[:89]}…"
    if servers.is_web(argv):
        named = servers.target(argv)
        module = named.partition(":")[0]
        inner = next((word for word in argv[2:] if "/" in word or word.endswith(".py")), "")
        found_by_itself = argv[0] == "fastapi" and not inner
        if (
            found_by_itself
            or (module and code.file_of(module))
            or (inner and _there(project, inner))
            or (
                argv[0] == "uwsgi"
                and any(word.endswith((".ini", ".yml", ".yaml")) for word in argv)
            )
        ):
            yield Candidate(rank, servers.listening(_relative(project, argv)), words, file, line)
    elif servers.is_worker(argv) or runs_script(project, code, argv):
        yield Candidate(rank, _relative(project, argv), words, file, line)
    elif argv[0] in scripts(project) and rank < 10:
        if len(argv) == 1:
            argv += _subcommand(code, file_of(argv, project, code))
        yield Candidate(rank, argv, words, file, line)
    elif rank in (_PROCFILE, _ENTRYPOINT) and len(argv) > 1 and project.needs(argv[0]):
        yield Candidate(rank, argv, words, file, line)  # a package's own command, and its argument


def _has_app(argv: Argv, code: Code) -> bool:
    """Return whether Celery gets no application, or one of the project's rather than an example."""
    module = (option(argv, "-A", "--app") or "").partition(":")[0]
    return not module or bool(code.file_of(module) or code.file_of(module.rpartition(".")[0]))


def _relative(project: Project, argv: Argv) -> Argv:
    """Remove the folder where another image has the code."""
    return tuple(_inner(project, word) for word in argv)


def _inner(project: Project, word: str) -> str:
    if not word.startswith("/") or word.count("/") > 20:
        return word
    parts = word.strip("/").split("/")
    for number in range(len(parts)):
        path = "/".join(parts[number:])
        full = project.path(path)
        if project.repository.has(full) or (number and full in project.repository.folders):
            return path
    return word


def _there(project: Project, word: str) -> bool:
    path = project.path(_relative(project, (word,))[0])
    return project.repository.has(path) or path in project.repository.folders


def runs_script(project: Project, code: Code, argv: Argv) -> bool:
    """Return whether a command runs a file of the project that isn't a tool beside it."""
    argv = _relative(project, argv)
    if argv[:2] == ("python", "manage.py") or "setup.py" in argv:
        return False
    path = script(argv, project, code)
    return bool(path) and not re.search(r"/(?:scripts?|tools?|bin|utils?)/", f"/{path}")


def scripts(project: Project) -> dict[str, str]:
    """Return the project's console scripts: ``module:function`` by name."""
    found = {**project.table("project", "scripts"), **project.table("tool", "poetry", "scripts")}
    block = re.search(
        r"console_scripts[\"']?\s*[:=]\s*(\[[^]]*\]|(?:\n[ \t]+[^\n]+)+)", project.setup_text
    )
    for name, value in re.findall(r"([\w.-]+)\s*=\s*([\w.]+:[\w.]+)", block[1] if block else ""):
        found.setdefault(name, value)
    return {str(name): value for name, value in found.items() if isinstance(value, str)}


def _console(project: Project, code: Code) -> Iterator[Candidate]:
    """Yield console scripts; those that start a server or a loop come first."""
    path = project.path("pyproject.toml")
    found = scripts(project)
    for name, value in found.items():
        module, _, function = value.partition(":")
        file = code.file_of(module)
        line = project.repository.line(path, name, value)
        place = path if line else project.path("setup.py")
        calls = [start for start in code.starts if start.path == file]
        runs = any(start.function in (function, "") for start in calls)
        runs = runs or (len(found) == 1 and bool(calls))
        words = f"{name} = {value}"
        argv = (name, *_subcommand(code, file))
        yield Candidate(5 if runs else GUESS, argv, words, place, line)


def _subcommand(code: Code, path: str) -> tuple[str, ...]:
    """Return the subcommand that starts the program of a console script's file, or its imports."""
    for file in [path, *sorted(imported(path, code))] if path else ():
        if code.repository.has(file) and (word := subcommands.of(code, file)):
            return word
    return ()


def _objects(project: Project, code: Code) -> Iterator[Candidate]:
    """Yield application objects, without those mounted in another one."""
    apps = [app for app in code.apps if app.kind in ("asgi", "wsgi") and app.framework != "django"]
    apps = list(_outermost(apps, code))
    objects = [app for app in apps if not app.factory] or apps
    for app in objects:
        module = code.module(app.path)[0]
        argv, add = servers.run(app.kind, f"{module}:{app.name}", app.factory, project.declared)
        main = app.path.rpartition("/")[2] in _MAIN_FILES or app.path.endswith("__init__.py")
        rank = 6 if main or len(objects) == 1 else 7
        yield Candidate(rank, argv, app.words, app.path, app.line, add)


def _outermost(apps: list[App], code: Code) -> Iterator[App]:
    """Drop those that a module mounts in another, and copies in the same module."""
    for app in apps:
        module = code.module(app.path)[0].rpartition(".")[2]
        mounted = re.compile(
            rf"(?:\.mount\(|include_router\(|DispatcherMiddleware\(|other_asgi_app\s*=\s*)[^\n]*"
            rf"\b(?:{re.escape(module)}\.)?{re.escape(app.name)}\b"
        )
        others = {one.path for one in apps if one.path != app.path} | {app.path}
        inner = any(
            mounted.search(code.repository.content(path).decode(errors="replace"))
            for path in others
        )
        if not inner or len(apps) == 1:
            yield app


def _files(project: Project, code: Code) -> Iterator[Candidate]:
    """Yield modules that run: __main__.py of a package, a main file, a script without a suffix."""
    repository = project.repository
    starting = {start.path for start in code.starts if start.function in ("__main__", "", "main")}
    for path in code.paths:
        if path.endswith("/__main__.py") and path.count("/") <= project.folder.count("/") + 3:
            module = code.module(path)[0].removesuffix(".__main__")
            argv = ("python", "-m", module)
            yield Candidate(7 if path in starting else GUESS, argv, "__main__.py", path, 1)
    for number, name in enumerate(_MAIN_FILES):
        for folder in ("", "src/"):
            path = project.path(f"{folder}{name}")
            if not repository.has(path):
                continue
            runs = code.has_main(path) or path in starting
            if runs:
                words = "if __name__ == '__main__'" if code.has_main(path) else _first(code, path)
                line = repository.line(path, "__name__") or 1
                rank = 7 if number < 6 and path in starting else GUESS
                yield Candidate(rank, ("python", f"{folder}{name}"), words, path, line)
    name = project.name.replace("-", "_") or project.folder.rpartition("/")[2]
    own = [
        start.path
        for start in code.starts
        if start.function == "__main__" or code.has_main(start.path)
    ]
    for path in dict.fromkeys(own):
        inner = path if project.folder == "." else path[len(project.folder) + 1 :]
        if inner.count("/") <= 1 and inner.removeprefix("src/") not in _MAIN_FILES:
            rank = 7 if inner == f"{name}.py" else GUESS
            if inner.rpartition("/")[2] not in _MAIN_FILES or rank == GUESS:
                line = repository.line(path, "__name__") or 1
                yield Candidate(rank, ("python", inner), "if __name__ == '__main__'", path, line)
    for path in repository.beside(project.folder):
        name = path.rpartition("/")[2]
        if "." not in name and re.match(r"#!.*\bpython", repository.lines(path)[0]):
            yield Candidate(GUESS, ("python", name), repository.lines(path)[0], path, 1)
    for package, start in _OWN.items():
        if package in project.declared:
            needle = f"import {package}".encode()
            holding = list(repository.holding(code.paths, needle))
            main = [path for path in holding if path.count("/") <= 1 + project.folder.count("/")]
            ordered = sorted(
                main, key=lambda path: (path.rpartition("/")[2] not in _MAIN_FILES, path)
            )
            for path in ordered[:1]:
                inner = path if project.folder == "." else path[len(project.folder) + 1 :]
                yield Candidate(4, servers.listening((*start, inner)), f"import {package}", path, 1)


def _first(code: Code, path: str) -> str:
    return next((f"{start.call}(…)" for start in code.starts if start.path == path), path)


def file_of(argv: Argv, project: Project, code: Code) -> str:
    """Return the file that a command starts: a script, a module, a console script's; or ""."""
    path = script(argv, project, code)
    if not path and argv and argv[0] in (found := scripts(project)):
        path = code.file_of(found[argv[0]].partition(":")[0])
    return path


def starts_of(argv: Argv, project: Project, code: Code) -> list[Start]:
    """Return the calls that run in the file that a command starts, or in what it imports."""
    path = file_of(argv, project, code)
    direct = [start for start in code.starts if start.path == path]
    if direct or not path:
        return direct
    reached = imported(path, code)
    return [start for start in code.starts if start.path in reached]


def imported(path: str, code: Code) -> set[str]:
    """Return the files of the project that one imports names from."""
    source = code.repository.content(path).decode(errors="replace")
    names = re.findall(r"^\s*from\s+(\.*[\w.]*)\s+import\s+([\w, ]+)", source, re.MULTILINE)
    near = path.rpartition("/")[0]
    reached = set()
    for module, words in names:
        for name in chain([module], (f"{module}.{one.strip()}" for one in words.split(","))):
            inner = name.strip(".").replace(".", "/")
            for candidate in (f"{near}/{inner}.py", f"{near}/{inner}/__init__.py"):
                reached.add(candidate.removeprefix("/"))
            if not name.startswith(".") and (other := code.file_of(name.strip("."))):
                reached.add(other)
    return reached
