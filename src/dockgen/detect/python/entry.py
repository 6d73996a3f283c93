"""How a Python project starts: the command, and what else runs from the same image."""

import re
from collections.abc import Iterator
from itertools import chain
from typing import NamedTuple

from dockgen.detect import commands, written
from dockgen.detect.model import Argv, Evidence, Given, Process, Step
from dockgen.detect.python import django, servers
from dockgen.detect.python.code import App, Code, Start
from dockgen.detect.python.project import Project, table

# The main file of a program, the most telling name first.
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
# Interfaces that are served by a command of their own, by the package that brings it.
_OWN = {"streamlit": ("streamlit", "run"), "chainlit": ("chainlit", "run")}


class Candidate(NamedTuple):
    """A way to start, and where it was seen; ``rank`` 0 says most."""

    rank: int
    argv: Argv
    words: str
    file: str
    line: int
    server: str = ""


def look(project: Project, code: Code, given: Given, found: Evidence) -> None:
    """Add the start, its framework, port and address, further processes, and the kind."""
    del given  # the command is the user's own then, and resolve takes it
    candidates = list(_candidates(project, code, found))
    web = [one for one in candidates if _is_web(one.argv, project, code)]
    chosen = _best(web) or _best([one for one in candidates if not servers.is_worker(one.argv)])
    chosen = chosen or _best(candidates)
    for one in chosen:
        found.add("entry", one.argv, one.words, one.file, one.line, weak=one.rank >= _GUESS)
    first = chosen[0] if chosen else None
    for one in candidates:
        if first and one.argv not in [other.argv for other in chosen] and one.rank < _GUESS + 2:
            found.add("entry", one.argv, one.words, one.file, one.line, weak=True)
    _processes(project, code, chosen, candidates, found)
    if first:
        _script_steps(project, code, first, found)
    _kind(project, code, first, found)
    if first and first.server:
        found.default("server", first.server, "the project asks for none")
    if first:
        _environment(project, code, first, found)


_SERVES = re.compile(
    r"uvicorn|hypercorn|granian|run_app|serve|HTTPServer|WSGIServer|app\.run|launch|run_simple"
)
# From this rank on a start is a guess.
_GUESS = 7


def _best(candidates: list[Candidate]) -> list[Candidate]:
    """Those of the best rank, each program once; the first names of one are taken."""
    if not candidates:
        return []
    rank = min(one.rank for one in candidates)
    best: dict[str, Candidate] = {}
    for one in candidates:
        if one.rank == rank:
            best.setdefault(_program(one.argv), one)
    return list(best.values())


def _program(argv: Argv) -> str:
    """What a command starts, by which two of them are the same: a module, an object, a file."""
    if argv[0] in servers.WEB and (name := servers.target(argv)):
        return name.removesuffix("()")
    if argv[0] == "fastapi":
        return "fastapi"
    rest = [word for word in argv[1:] if not word.startswith("-")]
    return " ".join([argv[0], *rest[:2]])


def _is_web(argv: Argv, project: Project, code: Code) -> bool:
    if servers.is_web(argv):
        return True
    return any(_SERVES.search(start.call) for start in starts_of(argv, project, code))


def script(argv: Argv, project: Project, code: Code) -> str:
    """The file that ``python FILE`` or ``python -m MODULE`` runs; "" if it isn't the project's."""
    if argv[:1] != ("python",):
        return ""
    if argv[1:2] == ("-m",) and len(argv) > 2:
        module = argv[2]
        return code.file_of(f"{module}.__main__") or code.file_of(module)
    if len(argv) > 1:
        path = project.path(argv[1].removeprefix("./").removeprefix("/app/").removeprefix("/code/"))
        return path if project.repository.has(path) else ""
    return ""


def _candidates(project: Project, code: Code, found: Evidence) -> Iterator[Candidate]:
    yield from _declared(project, code)
    yield from django.starts(project, code, found)
    yield from _console(project, code)
    yield from _objects(project, code)
    yield from _files(project, code)


def _declared(project: Project, code: Code) -> Iterator[Candidate]:
    """Commands that somebody wrote down, if what they start is there."""
    ranks = {"procfile": 0, "entrypoint": 2, "compose": 2, "script": 3, "makefile": 8}
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
    for command in commands.of(project.repository, project.folder):
        rank = ranks.get(command.origin)
        if rank is None:
            continue
        if command.origin == "procfile" and command.environment.get("") == "release":
            continue
        if written.is_development(command.file):
            rank = 9
        shown = " ".join(command.argv)
        yield from _checked(project, code, command.argv, rank, shown, command.file, command.line)


def _checked(
    project: Project, code: Code, argv: Argv, rank: int, words: str, file: str, line: int
) -> Iterator[Candidate]:
    """The command, if what it starts is the project's own and it isn't for development."""
    argv = servers.plain(argv)
    if not argv or servers.for_development(argv) or len(words) > 1_000:
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
    elif servers.is_worker(argv) or _runs_script(project, code, argv):
        yield Candidate(rank, _relative(project, argv), words, file, line)
    elif argv[0] in scripts(project) and rank < 8:
        yield Candidate(rank, argv, words, file, line)


def _relative(project: Project, argv: Argv) -> Argv:
    """The words without the folder that another image has the code in."""
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


def _runs_script(project: Project, code: Code, argv: Argv) -> bool:
    argv = _relative(project, argv)
    if argv[:2] == ("python", "manage.py") or "setup.py" in argv:
        return False
    path = script(argv, project, code)
    return bool(path) and not re.search(r"/(?:scripts?|tools?|bin|utils?)/", f"/{path}")


def scripts(project: Project) -> dict[str, str]:
    """The console scripts that the project brings: ``module:function`` by name."""
    found = {**project.table("project", "scripts"), **project.table("tool", "poetry", "scripts")}
    block = re.search(
        r"console_scripts[\"']?\s*[:=]\s*(\[[^]]*\]|(?:\n[ \t]+[^\n]+)+)", project.setup_text
    )
    for name, value in re.findall(r"([\w.-]+)\s*=\s*([\w.]+:[\w.]+)", block[1] if block else ""):
        found.setdefault(name, value)
    return {str(name): value for name, value in found.items() if isinstance(value, str)}


def _console(project: Project, code: Code) -> Iterator[Candidate]:
    """Console scripts: those that start a server or a loop first."""
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
        yield Candidate(4 if runs else _GUESS, (name,), words, place, line)


def _objects(project: Project, code: Code) -> Iterator[Candidate]:
    """Application objects, those that another one takes in left out."""
    apps = [app for app in code.apps if app.kind in ("asgi", "wsgi") and app.framework != "django"]
    apps = list(_outermost(apps, code))
    objects = [app for app in apps if not app.factory] or apps
    for app in objects:
        module = code.module(app.path)[0]
        argv, add = servers.run(app.kind, f"{module}:{app.name}", app.factory, project.declared)
        main = app.path.rpartition("/")[2] in _MAIN_FILES or app.path.endswith("__init__.py")
        rank = 5 if main or len(objects) == 1 else 6
        yield Candidate(rank, argv, app.words, app.path, app.line, add)


def _outermost(apps: list[App], code: Code) -> Iterator[App]:
    """Without those that a module mounts in another, and without copies in the same module."""
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
    """Modules that run: __main__.py of a package, a main file, a script without suffix."""
    repository = project.repository
    starting = {start.path for start in code.starts if start.function in ("__main__", "", "main")}
    for path in code.paths:
        if path.endswith("/__main__.py") and path.count("/") <= project.folder.count("/") + 3:
            module = code.module(path)[0].removesuffix(".__main__")
            argv = ("python", "-m", module)
            yield Candidate(6 if path in starting else _GUESS, argv, "__main__.py", path, 1)
    for number, name in enumerate(_MAIN_FILES):
        for folder in ("", "src/"):
            path = project.path(f"{folder}{name}")
            if not repository.has(path):
                continue
            runs = code.has_main(path) or path in starting
            if runs:
                words = "if __name__ == '__main__'" if code.has_main(path) else _first(code, path)
                line = repository.line(path, "__name__") or 1
                rank = 6 if number < 6 and path in starting else _GUESS
                yield Candidate(rank, ("python", f"{folder}{name}"), words, path, line)
    name = project.name.replace("-", "_") or project.folder.rpartition("/")[2]
    own = [start.path for start in code.starts if start.function == "__main__"]
    for path in dict.fromkeys(own):
        inner = path if project.folder == "." else path[len(project.folder) + 1 :]
        if inner.count("/") <= 1 and inner.removeprefix("src/") not in _MAIN_FILES:
            rank = 6 if inner == f"{name}.py" else _GUESS
            if inner.rpartition("/")[2] not in _MAIN_FILES or rank == _GUESS:
                line = repository.line(path, "__name__") or 1
                yield Candidate(rank, ("python", inner), "if __name__ == '__main__'", path, line)
    for path in repository.beside(project.folder):
        name = path.rpartition("/")[2]
        if "." not in name and re.match(r"#!.*\bpython", repository.lines(path)[0]):
            yield Candidate(_GUESS, ("python", name), repository.lines(path)[0], path, 1)
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


def _processes(
    project: Project,
    code: Code,
    chosen: list[Candidate],
    candidates: list[Candidate],
    found: Evidence,
) -> None:
    """Workers beside a service, by the commands that name them."""
    taken = {_program(one.argv) for one in chosen}
    for one in candidates:
        if one.rank <= 3 and servers.is_worker(one.argv) and _program(one.argv) not in taken:
            name = "beat" if "beat" in one.argv else "worker"
            found.add("process", Process(name, one.argv), one.words, one.file, one.line)
    if not any(one.rank <= 3 and servers.is_worker(one.argv) for one in candidates):
        celery = project.needs("celery")
        if celery and chosen and not servers.is_worker(chosen[0].argv):
            for path in project.repository.named("celery.py", project.folder):
                module = code.module(path)[0].removesuffix(".celery")
                argv = ("celery", "-A", module, "worker")
                found.add("process", Process("worker", argv), "celery.py", path, 1, weak=True)
                break


def _script_steps(project: Project, code: Code, first: Candidate, found: Evidence) -> None:
    """What the script that starts it runs before."""
    if not first.file.endswith((".sh", ".bash")) and "." in first.file.rpartition("/")[2]:
        return
    for command in commands.of(project.repository, project.folder):
        if command.file != first.file or command.line >= first.line:
            continue
        argv = servers.plain(command.argv)
        tool = argv[:2] == ("python", "manage.py") or argv[0] in ("alembic", "aerich")
        tool = tool or argv[:3] == ("flask", "db", "upgrade") or _runs_script(project, code, argv)
        if tool and "collectstatic" not in argv and not any("$" in word for word in argv):
            name = argv[2] if argv[0] == "python" and len(argv) > 2 else "migrate"
            name = re.sub(r"[^a-z0-9]+", "-", name.rpartition("/")[2].removesuffix(".py").lower())
            words = " ".join(argv)
            found.add(
                "before", Step(name.strip("-") or "step", argv), words, command.file, command.line
            )


_BOTS = (
    "discord-py",
    "py-cord",
    "disnake",
    "nextcord",
    "hikari",
    "python-telegram-bot",
    "aiogram",
    "pytelegrambotapi",
    "pyrogram",
    "telethon",
    "slack-bolt",
    "pydis-core",
    "twitchio",
    "slixmpp",
    "mautrix",
    "matrix-nio",
    "interactions-py",
)
_LOOPS = (
    "celery",
    "rq",
    "dramatiq",
    "arq",
    "kafka-python",
    "confluent-kafka",
    "aiokafka",
    "pika",
    "faust-streaming",
    "apscheduler",
    "schedule",
    "nats-py",
    "paho-mqtt",
    "aiomqtt",
)


def _kind(project: Project, code: Code, first: Candidate | None, found: Evidence) -> None:
    """Service, worker or job."""
    if first and _is_web(first.argv, project, code):
        found.add("workload", "service", first.words, first.file, first.line)
        return
    if first and servers.is_worker(first.argv):
        found.add("workload", "worker", first.words, first.file, first.line)
        return
    if bot := project.needs(*_BOTS):
        found.add("workload", "worker", f"{bot.name}, and no server", bot.file, bot.line)
        return
    loops = [
        start
        for start in code.starts
        if re.search("polling|forever|consuming|Scheduler", start.call)
    ]
    if loop := project.needs(*_LOOPS):
        found.add(
            "workload", "worker", f"{loop.name}, and no server", loop.file, loop.line, weak=True
        )
    elif loops:
        one = loops[0]
        found.add("workload", "worker", f"{one.call}()", one.path, one.line, weak=True)
    elif app := next((app for app in code.apps if app.kind != "none"), None):
        found.add("workload", "service", app.words, app.path, app.line, weak=True)
    else:
        found.default("workload", "job", "nothing that serves, waits or listens")


def _environment(project: Project, code: Code, first: Candidate, found: Evidence) -> None:
    """What has to be on Python's path for the start to find the code."""
    name = servers.target(first.argv).partition(":")[0]
    path = code.file_of(name) if name else ""
    if first.argv[:2] == ("python", "-m") and len(first.argv) > 2:
        path = script(first.argv, project, code)
    if not path:
        return
    module = name or first.argv[2]
    inner = module.replace(".", "/")
    ends = (f"{inner}/__main__.py", f"{inner}/__init__.py", f"{inner}.py")
    end = next((one for one in ends if path == one or path.endswith(f"/{one}")), "")
    root = path.removesuffix(end).rstrip("/") or "."
    if end and root != project.folder and not (project.has_backend and root.endswith("src")):
        inner = root if project.folder == "." else root[len(project.folder) + 1 :]
        found.add("environment", f"PYTHONPATH={inner}", f"the modules lie in {inner}/", path)


def starts_of(argv: Argv, project: Project, code: Code) -> list[Start]:
    """The calls that run in what a command starts."""
    path = script(argv, project, code)
    if not path and argv and argv[0] in (found := scripts(project)):
        path = code.file_of(found[argv[0]].partition(":")[0])
    direct = [start for start in code.starts if start.path == path]
    if direct or not path:
        return direct
    # One step on: what the file imports.
    source = code.repository.content(path).decode(errors="replace")
    names = re.findall(r"^\s*from\s+(\.*[\w.]*)\s+import\s+([\w, ]+)", source, re.MULTILINE)
    near = path.rpartition("/")[0]
    reached = set()
    for module, imported in names:
        for name in chain([module], (f"{module}.{one.strip()}" for one in imported.split(","))):
            inner = name.strip(".").replace(".", "/")
            for candidate in (f"{near}/{inner}.py", f"{near}/{inner}/__init__.py"):
                reached.add(candidate.removeprefix("/"))
            if not name.startswith(".") and (other := code.file_of(name.strip("."))):
                reached.add(other)
    return [start for start in code.starts if start.path in reached]
