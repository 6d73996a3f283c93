"""Servers and runners of Python: parse start commands, and make them reachable."""

import re
from collections.abc import Mapping
from typing import NamedTuple

from dockgen.detect.commands import option
from dockgen.detect.model import Argv


class Candidate(NamedTuple):
    """A way to start, and where it was found; ``rank`` 0 is the most reliable."""

    rank: int
    argv: Argv
    words: str
    file: str
    line: int
    server: str = ""


# Commands that run a web application.
WEB = (
    "gunicorn",
    "uvicorn",
    "hypercorn",
    "granian",
    "daphne",
    "waitress-serve",
    "uwsgi",
    "fastapi",
    "flask",
    "streamlit",
    "chainlit",
    "sanic",
    "litestar",
    "quart",
    "mlflow",
    "jupyter",
)
WORKERS = (
    "celery",
    "rq",
    "dramatiq",
    "arq",
    "huey_consumer",
    "huey_consumer.py",
    "taskiq",
    "procrastinate",
    "faust",
    "faststream",
)
# Options for a server's address: those from the answer `port` replace them.
_WHERE = {
    "gunicorn": (("-b", "--bind"), ("--bind", "0.0.0.0:{port}")),
    "uvicorn": (("--host", "--port", "--uds", "--fd"), ("--host", "0.0.0.0", "--port", "{port}")),
    "fastapi": (("--host", "--port"), ("--host", "0.0.0.0", "--port", "{port}")),
    "hypercorn": (("-b", "--bind"), ("--bind", "0.0.0.0:{port}")),
    "granian": (("--host", "--port"), ("--host", "0.0.0.0", "--port", "{port}")),
    "daphne": (("-b", "--bind", "-p", "--port"), ("-b", "0.0.0.0", "-p", "{port}")),
    "waitress-serve": (("--listen", "--host", "--port"), ("--listen=0.0.0.0:{port}",)),
    "uwsgi": (("--http", "--http-socket", "--socket"), ("--http", "0.0.0.0:{port}")),
    "flask": (("--host", "-h", "--port", "-p"), ("--host", "0.0.0.0", "--port", "{port}")),
    "quart": (("--host", "-h", "--port", "-p"), ("--host", "0.0.0.0", "--port", "{port}")),
    "sanic": (("--host", "-H", "--port", "-p"), ("--host", "0.0.0.0", "--port", "{port}")),
    "litestar": (("--host", "-H", "--port", "-p"), ("--host", "0.0.0.0", "--port", "{port}")),
    "chainlit": (("--host", "--port"), ("--host", "0.0.0.0", "--port", "{port}")),
    "streamlit": (
        ("--server.address", "--server.port"),
        ("--server.address", "0.0.0.0", "--server.port", "{port}"),
    ),
}
_DEVELOPMENT = ("--reload", "--debug", "--debugger", "--auto-reload", "-r")
# All arguments of a script, or all words of an array of Bash's.
_PASSED = re.compile(r"\$[@*]|\$\{@\}|\$\{\w+\[[@*]\]\}")
_RUNNERS = re.compile(r"(?:poetry|pdm|pipenv|hatch|rye|uv)")
# Frameworks with an own command, without `run` before it: the server of each.
_FALLBACKS = {
    "daphne": 8000,
    "fastapi": 8000,
    "flask": 5000,
    "gunicorn": 8000,
    "uvicorn": 8000,
    "hypercorn": 8000,
    "granian": 8000,
    "waitress-serve": 8080,
    "streamlit": 8501,
    "chainlit": 8000,
    "quart": 5000,
    "sanic": 8000,
    "litestar": 8000,
}


def plain(argv: Argv) -> Argv:
    """Remove what runs a command in an environment: ``poetry run``, ``python -m`` a server."""
    words = list(argv)
    while words:
        name = words[0].rpartition("/")[2]
        if _RUNNERS.fullmatch(name) and "run" in words[1:3]:
            del words[: words.index("run") + 1]
            while words and words[0].startswith("-"):
                takes = words[0] in ("--extra", "--group", "--with", "--package", "--python", "-p")
                del words[: 2 if takes else 1]
            continue
        if name == "opentelemetry-instrument" or (name == "coverage" and "run" in words[1:2]):
            del words[: 2 if name == "coverage" else 1]
            continue
        if re.fullmatch(r"python[\d.]*|pypy3?|\$\{?PYTHON\w*\}?", name):
            options = 1
            while options < len(words) and words[options] in ("-u", "-O", "-OO", "-I", "-B"):
                options += 1
            if (
                words[options : options + 1] == ["-m"]
                and words[options + 1 : options + 2]
                and (words[options + 1] in (*WEB, *WORKERS))
            ):
                del words[: options + 1]
                continue
            words[:options] = ["python"]
            return tuple(words)
        words[0] = name if name in (*WEB, *WORKERS) or "/bin/" in words[0] else words[0]
        break
    return tuple(word for word in words if not _PASSED.fullmatch(word))


def is_web(argv: Argv) -> bool:
    """Return whether a command starts a web server by name."""
    if not argv or argv[0] not in WEB:
        return False
    return argv[0] not in ("fastapi", "flask", "streamlit", "chainlit", "sanic", "litestar") or (
        len(argv) > 1 and (argv[0] == "sanic" or "run" in argv or "dev" in argv)
    )


def is_worker(argv: Argv) -> bool:
    """Return whether a command starts a task queue's worker by name."""
    return (
        bool(argv)
        and argv[0] in WORKERS
        and (argv[0] not in ("rq", "celery", "taskiq") or bool({"worker", "beat"} & set(argv)))
    )


def for_development(argv: Argv) -> bool:
    """Return whether a command is for development: it watches files, or is a test server."""
    return any(word in _DEVELOPMENT[:4] for word in argv) or (
        "runserver" in argv or argv[:2] == ("fastapi", "dev") or argv[0] in ("flask", "quart")
    )


def target(argv: Argv) -> str:
    """Return the application in a server's command, such as ``app.main:app``, or ""."""
    for word in argv[1:]:
        if re.fullmatch(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*(?:\(.*\))?", word):
            return word
    if argv[0] in ("gunicorn", "uwsgi", "waitress-serve", "daphne"):
        for word in argv[1:]:
            if re.fullmatch(r"[A-Za-z_]\w*(?:\.\w+)+", word) and not word.endswith(
                (".py", ".ini", ".Worker")
            ):
                return word
    if argv[0] == "uwsgi":
        return option(argv, "--module", "-w", "--wsgi") or ""
    return ""


def listening(argv: Argv) -> Argv:
    """Return the command with options to listen on all addresses, on ``{port}``."""
    if argv[0] not in _WHERE:
        return argv
    takes, adds = _WHERE[argv[0]]
    kept: list[str] = []
    words = list(argv)
    if argv[0] == "fastapi":
        words = ["run" if word == "dev" else word for word in words]
    while words:
        word = words.pop(0)
        if word in takes:
            if words:
                words.pop(0)
        elif not (
            word.startswith(tuple(f"{name}=" for name in takes))
            or word in _DEVELOPMENT[:4]
            or (word[:2] in takes and len(word) > 2 and not word.startswith("--"))
        ):
            kept.append(word)
    if argv[0] == "uwsgi" and "--die-on-term" not in kept:
        adds = (*adds, "--die-on-term")  # Else SIGTERM makes it load the program again.
    if argv[0] in ("gunicorn", "hypercorn", "daphne", "waitress-serve", "uwsgi"):
        return (kept[0], *adds, *kept[1:])
    return (*kept, *adds)


def port(argv: Argv) -> int | None:
    """Return the port in a server's command."""
    names = _WHERE.get(argv[0], ((), ()))[0]
    for name in names:
        found = re.search(r"(?:^|:)(\d{2,5})$", option(argv, name) or "")
        if found:
            return int(found[1])
    return None


def default_port(argv: Argv) -> int:
    """Return the default port of a server."""
    return _FALLBACKS.get(argv[0], 8000)


def run(kind: str, name: str, factory: bool, declared: Mapping[str, object]) -> tuple[Argv, str]:
    """Return the command to run an application, and the server to add ("" if one is declared).

    Args:
        kind: wsgi or asgi.
        name: the application, as ``module:name``.
        factory: whether it is a function that makes one.
        declared: the project's dependencies, by normalized name.
    """
    if kind == "wsgi":
        known = {"gunicorn": "gunicorn", "waitress": "waitress-serve", "uwsgi": "uwsgi"}
        known["granian"] = "granian"
        server = next((one for one in known if one in declared), "")
        command = known.get(server, "gunicorn")
        called = f"{name}()" if factory else name
        if command == "waitress-serve" and factory:
            return listening((command, "--call", name)), ""
        if command == "uwsgi":
            return listening((command, "--master", "--module", called)), ""
        if command == "granian":
            words = (command, "--interface", "wsgi", *(("--factory",) if factory else ()), name)
            return listening(words), ""
        return listening((command, called)), "" if server else "gunicorn"
    servers = ("uvicorn", "hypercorn", "granian", "daphne")
    server = next((one for one in servers if one in declared), "")
    standard = getattr(declared.get("fastapi"), "extras", ())
    if not server and ("fastapi-cli" in declared or {"standard", "all"} & set(standard)):
        server = "uvicorn"
    command = server or "uvicorn"
    flag = ("--factory",) if factory else ()
    if command == "granian":
        return listening((command, "--interface", "asgi", *flag, name)), ""
    if command == "daphne" and factory:
        command = "uvicorn"
    return listening((command, *flag, name)), "" if server else "uvicorn"
