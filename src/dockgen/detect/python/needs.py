"""What a Python service needs around it: services beside, steps before, folders, a front end."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from dockgen.detect import commands, syntax
from dockgen.detect.model import Argv, Beside, Evidence, Step
from dockgen.detect.python import code as source
from dockgen.detect.python import servers
from dockgen.detect.python.code import Code
from dockgen.detect.python.project import Project
from dockgen.detect.python.settings import Settings
from dockgen.detect.repository import folder_of

if TYPE_CHECKING:
    from tree_sitter import Node

# The driver of each service.
_DRIVERS = {
    "postgres": (
        "psycopg",
        "psycopg2",
        "psycopg2-binary",
        "asyncpg",
        "pg8000",
        "aiopg",
        "psycopg-binary",
    ),
    "mysql": ("mysqlclient", "pymysql", "aiomysql", "asyncmy", "mysql-connector-python"),
    "mongo": ("pymongo", "motor", "mongoengine", "beanie"),
    "redis": (
        "redis",
        "aioredis",
        "django-redis",
        "channels-redis",
        "arq",
        "rq",
        "valkey",
        "fakeredis",
    ),
    "rabbitmq": ("pika", "aio-pika", "kombu"),
    "kafka": ("kafka-python", "confluent-kafka", "aiokafka"),
    "nats": ("nats-py",),
    "elasticsearch": ("elasticsearch",),
    "opensearch": ("opensearch-py",),
    "meilisearch": ("meilisearch",),
    "minio": ("minio",),
    "memcached": ("pymemcache", "python-memcached", "pylibmc"),
    "clickhouse": ("clickhouse-connect", "clickhouse-driver"),
    "qdrant": ("qdrant-client",),
}
_POINTS = {
    "postgres": r"DATABASE_URL|POSTGRES\w*|DB_\w+|\w*DATABASE_URI|PG\w+",
    "redis": r"\w*REDIS\w*|\w*BROKER_URL",
    "mysql": r"DATABASE_URL|MYSQL\w*|DB_\w+",
    "mongo": r"\w*MONGO\w*",
    "rabbitmq": r"\w*(?:RABBIT|AMQP)\w*",
    "kafka": r"\w*KAFKA\w*",
}
_TMP = "/tmp/"  # noqa: S108 - a name to compare with


def look(project: Project, code: Code, read: Settings, found: Evidence) -> None:
    """Add what is needed around the service."""
    _beside(project, read, found)
    _before(project, code, found)
    _writable(code, read, found)
    _files(project, code, found)


def _beside(project: Project, read: Settings, found: Evidence) -> None:
    names = {one.name for one in read.reads} | {one.value.name for one in found.of("setting")}
    sqlite: tuple[str, ...] = ()
    if "aiosqlite" in project.declared or list(
        project.repository.holding(read.code.paths, b"sqlite:", b"sqlite+", b"backends.sqlite3")
    ):
        sqlite = ("postgres", "mysql", "mongo")
    for kind, drivers in _DRIVERS.items():
        if kind in sqlite:
            continue  # optional, if it can use a file as its database
        if driver := project.needs(*drivers):
            pattern = re.compile(_POINTS.get(kind, rf"\w*{kind.upper()}\w*"))
            pointing = sorted(
                (name for name in names if pattern.fullmatch(name)),
                key=lambda name: (not name.endswith(("_URL", "_URI")), name),
            )
            setting = pointing[0] if pointing else ""
            found.add(
                "beside",
                Beside(kind, "", setting),
                driver.name,
                driver.file,
                driver.line,
                weak=True,
            )


def _before(project: Project, code: Code, found: Evidence) -> None:
    """Add migrations, except those that the program runs itself."""
    repository = project.repository
    for path in repository.named("alembic.ini", project.folder)[:1]:
        own = [
            one
            for one in repository.holding(
                code.paths,
                b"command.upgrade",
                b'"alembic"',
                b"'alembic'",
                b"alembic.command",
                b"alembic upgrade",
            )
            if "/versions/" not in one and "migrations/" not in one
        ]
        inner = path if project.folder == "." else path[len(project.folder) + 1 :]
        argv = ("alembic", *(() if inner == "alembic.ini" else ("-c", inner)), "upgrade", "head")
        if not own and not project.needs("flask-migrate"):
            found.add("before", Step("migrate", argv), "alembic.ini", path)
        found.add("file", inner, "alembic reads it", path)
    if (one := project.needs("flask-migrate")) and "migrations" in {
        folder.rpartition("/")[2] for folder in repository.folders
    }:
        found.add(
            "before", Step("migrate", ("flask", "db", "upgrade")), one.name, one.file, one.line
        )
    if one := project.needs("aerich"):
        found.add("before", Step("migrate", ("aerich", "upgrade")), one.name, one.file, one.line)
    for command in commands.of(repository, project.folder):
        if command.origin == "procfile" and command.environment.get("") == "release":
            argv = servers.plain(command.argv)
            same = [one.value for one in found.of("before") if _told(argv) <= _told(one.value.argv)]
            words = " ".join(argv)
            step = same[0] if same else Step("release", argv)
            found.add("before", step, words, command.file, command.line)


def _told(argv: Argv) -> set[str]:
    """Return the words that say what a command does."""
    return {word for word in argv if not word.startswith("-")}


_FOLDER = re.compile(
    r"(?:\w+_)?(?:DATA|STORAGE|UPLOADS?|MEDIA|CONFIG|CACHE|LOGS?|DB|STATE|OUTPUT|DOWNLOADS?)_?"
    r"(?:DIR|PATH|FOLDER|ROOT|DIRECTORY|LOCATION)|(?:\w+_)?DIR_(?:DATA|LOGS|CACHE|BACKUPS|STORAGE)"
)


def _writable(code: Code, read: Settings, found: Evidence) -> None:
    """Add folders that the program makes, and files of SQLite."""
    for one in read.reads:
        if _FOLDER.fullmatch(one.name):
            value = read.words(one.default)[0]
            if value in ("True", "False"):
                continue
            where = value if value and re.fullmatch(r"[\w./-]+", value) else f"${one.name}"
            found.add("writable", where, f"reads {one.name}", one.path, one.line, weak=True)
    needles = (b"mkdir", b"makedirs", b"sqlite")
    for path, tree in code.trees(*needles):
        for where, words, line in _named_folders(code.repository.lines(path)):
            found.add("writable", where, words, path, line, weak=True)
        for node in syntax.nodes(tree, "string"):
            value = syntax.string(node) or ""
            if file := re.fullmatch(r"sqlite(?:\+\w+)?:///(/?[\w./-]+)", value):
                folder = folder_of(file[1].removeprefix("./"))
                words = value[:60]
                found.add("writable", folder, words, path, syntax.line(node), weak=True)
        for call in syntax.nodes(tree, "call"):
            called = syntax.text(call.child_by_field_name("function"))
            if not called.endswith(("mkdir", "makedirs")) or len(called) > 120:
                continue
            first = _path_of(call) or next(iter(source.positional(call)), None)
            made = read.words(first)[0] or syntax.string(_parameter(first))
            if made and re.fullmatch(r"[\w./~-]{1,100}", made) and not made.startswith(_TMP):
                where = made.removeprefix("./").rstrip("/")
                found.add(
                    "writable",
                    where,
                    f"{called}({made!r})"[:70],
                    path,
                    syntax.line(call),
                    weak=True,
                )


def _path_of(call: "Node") -> "Node | None":
    """Return what ``Path(…).mkdir()`` makes."""
    function = call.child_by_field_name("function")
    made = function.child_by_field_name("object") if function is not None else None
    if made is None or made.type != "call" or "Path" not in syntax.text(made)[:20]:
        return None
    return next(iter(source.positional(made)), None)


def _parameter(name: "Node | None") -> "Node | None":
    """Return the default of a parameter of the surrounding function."""
    held = name.parent if name is not None and name.type == "identifier" else None
    while held is not None and held.type != "function_definition":
        held = held.parent
    for one in syntax.walk(held, "default_parameter", "typed_default_parameter") if held else ():
        if syntax.text(one.child_by_field_name("name")) == syntax.text(name):
            return one.child_by_field_name("value")
    return None


# Longer lines are generated.
_LONGEST_LINE = 400
# NAME = Path("data"), NAME = BASE / "var" / "data", and "NAME": BASE_DIR / "data" / "db.sqlite3".
_PARTS = r"((?:\s*/\s*[\"'][\w.-]+[\"'])+)"
_PATH = re.compile(
    rf"^(\w+)\s*(?::[^=]{{1,60}})?=\s*(?:(?:pathlib\.)?Path\(\s*[\"']([\w./-]+)[\"']\s*\)|\w+{_PARTS})\s*$"
)
_MADE = re.compile(r"^\s*(\w+)(?:\.parent)?\.mkdir\(")
_DATABASE = re.compile(rf"[\"']NAME[\"']\s*:\s*\w+{_PARTS}")


def _named_folders(lines: list[str]) -> Iterator[tuple[str, str, int]]:
    """Yield folders that are named and made in the code, and those of Django's databases."""
    named: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        if len(line) > _LONGEST_LINE:
            continue
        if path := _PATH.match(line):
            named[path[1]] = path[2] or _joined(path[3])
        elif (made := _MADE.match(line)) and made[1] in named:
            yield named[made[1]], line.strip()[:60], number
        elif database := _DATABASE.search(line):
            folder, _, name = _joined(database[1]).rpartition("/")
            if name.endswith((".sqlite", ".sqlite3", ".db")):
                yield folder or ".", line.strip()[:60], number


def _joined(parts: str) -> str:
    return "/".join(re.findall(r"[\"']([\w.-]+)[\"']", parts))


def _files(project: Project, code: Code, found: Evidence) -> None:
    """Add files in the root that the code opens by name."""
    repository = project.repository
    names = {path.rpartition("/")[2]: path for path in repository.beside(project.folder)}
    telling = {
        name for name in names if not name.startswith(".") and not name.endswith((".py", ".md"))
    }
    telling -= {"LICENSE", "Makefile", "Dockerfile", "uv.lock", "poetry.lock", "requirements.txt"}
    if not telling:
        return
    needles = tuple(f"{quote}{name}{quote}".encode() for name in telling for quote in "\"'")
    for path, tree in code.trees(*needles):
        for node in syntax.nodes(tree, "string"):
            value = syntax.string(node)
            if value in telling:
                found.add(
                    "file", value, f"{value!r} in the code", path, syntax.line(node), weak=True
                )
    readme = project.table("project").get("readme")
    if project.has_backend and isinstance(readme, str) and repository.has(project.path(readme)):
        path = project.path("pyproject.toml")
        found.add("file", readme, "readme", path, repository.line(path, "readme"))
