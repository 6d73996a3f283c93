"""How a Python project starts: the command, and what else runs from the same image."""

import re

from dockgen.detect import commands, written
from dockgen.detect.model import Argv, Evidence, Given, Process, Step
from dockgen.detect.python import candidates as ways
from dockgen.detect.python import servers
from dockgen.detect.python.candidates import GUESS, runs_script, script, starts_of
from dockgen.detect.python.code import Code
from dockgen.detect.python.project import Project
from dockgen.detect.python.servers import Candidate


def look(project: Project, code: Code, given: Given, found: Evidence) -> None:
    """Add the start, its framework, port and address, further processes, and the kind."""
    del given  # a command that the user gave is used by `resolve`
    candidates = list(ways.of(project, code, found))
    web = [one for one in candidates if _is_web(one.argv, project, code)]
    chosen = _best(web) or _best([one for one in candidates if not servers.is_worker(one.argv)])
    chosen = chosen or _best(candidates)
    for one in chosen:
        found.add("entry", one.argv, one.words, one.file, one.line, weak=one.rank >= GUESS)
    first = chosen[0] if chosen else None
    for one in candidates:
        if first and one.argv not in [other.argv for other in chosen] and one.rank < GUESS + 2:
            found.add("entry", one.argv, one.words, one.file, one.line, weak=True)
    _processes(project, code, chosen, candidates, found)
    if first:
        same = [one for one in candidates if _program(one.argv) == _program(first.argv)]
        _script_steps(project, code, next(filter(_in_a_script, same), first), found)
    _kind(project, code, first, found)
    if first and first.server:
        found.default("server", first.server, "the project asks for none")
    if first:
        _extras(project, first, found)
        _environment(project, code, first, found)


_SERVES = re.compile(
    r"uvicorn|hypercorn|granian|run_app|serve|HTTPServer|WSGIServer|app\.run|launch|run_simple"
)


def _best(candidates: list[Candidate]) -> list[Candidate]:
    """Return those of the best rank, one per program; the first name of a program counts."""
    if not candidates:
        return []
    rank = min(one.rank for one in candidates)
    best: dict[str, Candidate] = {}
    for one in candidates:
        if one.rank == rank:
            best.setdefault(_program(one.argv), one)
    return list(best.values())


def _program(argv: Argv) -> str:
    """Return what a command starts, to compare commands: a module, an object, a file."""
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


def _processes(
    project: Project,
    code: Code,
    chosen: list[Candidate],
    candidates: list[Candidate],
    found: Evidence,
) -> None:
    """Add workers beside a service, from the commands that name them."""
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


def _in_a_script(one: Candidate) -> bool:
    return one.file.endswith((".sh", ".bash"))


def _script_steps(project: Project, code: Code, first: Candidate, found: Evidence) -> None:
    """Add the commands that the start script runs first."""
    if not _in_a_script(first) and "." in first.file.rpartition("/")[2]:
        return
    for command in commands.of(project.repository, project.folder):
        if command.file != first.file or command.line >= first.line:
            continue
        argv = servers.plain(command.argv)
        if not argv:  # nothing but the arguments of the script
            continue
        tool = argv[:2] == ("python", "manage.py") or argv[0] in ("alembic", "aerich")
        tool = tool or (argv[0] == "flask" and argv[1:2] not in (("run",), ("shell",), ("routes",)))
        tool = tool or runs_script(project, code, argv)
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
    """Add the kind: service, worker or job."""
    if first and _is_web(first.argv, project, code):
        found.add("workload", "service", first.words, first.file, first.line)
        return
    if first and servers.is_worker(first.argv):
        found.add("workload", "worker", first.words, first.file, first.line)
        return
    if bot := project.needs(*_BOTS):
        found.add("workload", "worker", f"{bot.name}, and no server", bot.file, bot.line)
        return
    for exposed in written.exposed(project.repository, project.folder)[:1]:
        words = f"EXPOSE {exposed.port}"
        found.add("workload", "service", words, exposed.file, exposed.line, weak=True)
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


def _extras(project: Project, first: Candidate, found: Evidence) -> None:
    """Add the optional groups that the start needs: for its server, and for its options."""
    for word in first.argv:
        name = re.sub(r"[._]", "-", word.rpartition("/")[2].lower())
        dependency = project.declared.get(name)
        if dependency and dependency.group:
            words = f"{name} is in {dependency.group}"
            found.add("extra", dependency.group, words, dependency.file, dependency.line)


def _environment(project: Project, code: Code, first: Candidate, found: Evidence) -> None:
    """Add what must be on Python's path for the start to find the code."""
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
