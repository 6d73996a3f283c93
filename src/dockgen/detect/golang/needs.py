"""What a program reads, writes and connects to: settings, files, folders, services beside it."""

import re

from dockgen.detect import syntax
from dockgen.detect.golang import reading
from dockgen.detect.golang.modules import Module
from dockgen.detect.golang.packages import Program
from dockgen.detect.golang.values import Code
from dockgen.detect.model import Beside, Evidence, Setting
from dockgen.detect.repository import Repository, folder_of, join
from dockgen.detect.secrets import looks_secret
from dockgen.detect.syntax import Call

# Variables that the system, Go or a terminal sets.
_USUAL = re.compile(
    r"HOME|USER|PATH|SHELL|PWD|HOSTNAME|LANG|TERM|TZ|TMPDIR|TEMP|TMP|GO[A-Z]*|XDG_\w+|APPDATA|CI|"
    r"KUBERNETES_\w+|NO_COLOR|EDITOR|VISUAL|DISPLAY|SSH_\w+|INVOCATION_ID|NOTIFY_SOCKET|LISTEN_\w+"
    r"|HTTPS?_PROXY|NO_PROXY|USERPROFILE|LOCALAPPDATA|WSL\w*|PROGRAMFILES|LOGNAME|SUDO_\w+|COLUMNS"
)
_TESTS = re.compile(r"^(?:MOCK|TEST)_|_TESTS?$|_INTERNAL$")
# Parameter names that don't tell where a path leads.
_GENERIC = re.compile(
    r"(?i)(?:file|full|out|tmp|temp|dest|target|new|abs)?_?(?:path|name|file|dir|p|f|dst|out|folder|target|dest|filename|output)"
)
_NAME = re.compile(r"[A-Z][A-Z0-9_]{1,60}")
_DRIVERS = (
    ("postgres", ("github.com/jackc/pgx", "github.com/lib/pq", "gorm.io/driver/postgres",
                  "github.com/go-pg/pg", "github.com/uptrace/bun/driver/pgdriver"),
     r"DATABASE|POSTGRES|PG|DB_|(?:^|_)DSN$"),
    ("mysql", ("github.com/go-sql-driver/mysql", "gorm.io/driver/mysql"),
     r"MYSQL|DATABASE|DB_|(?:^|_)DSN$"),
    ("mongo", ("go.mongodb.org/mongo-driver",), r"MONGO"),
    ("redis", ("github.com/redis/go-redis", "github.com/go-redis/redis", "github.com/redis/rueidis",
               "github.com/gomodule/redigo", "github.com/hibiken/asynq"), r"REDIS|VALKEY"),
    ("nats", ("github.com/nats-io/nats.go",), r"NATS"),
    ("rabbitmq", ("github.com/rabbitmq/amqp091-go", "github.com/streadway/amqp"), r"AMQP|RABBIT"),
    ("kafka", ("github.com/segmentio/kafka-go", "github.com/confluentinc/confluent-kafka-go",
               "github.com/IBM/sarama", "github.com/twmb/franz-go"), r"KAFKA|BROKER"),
    ("elasticsearch", ("github.com/elastic/go-elasticsearch", "github.com/olivere/elastic"),
     r"ELASTIC"),
    ("memcached", ("github.com/bradfitz/gomemcache",), r"MEMCACHE"),
    ("minio", ("github.com/minio/minio-go",), r"MINIO|S3"),
    ("clickhouse", ("github.com/ClickHouse/clickhouse-go",), r"CLICKHOUSE"),
    ("meilisearch", ("github.com/meilisearch/meilisearch-go",), r"MEILI"),
)  # fmt: skip
_SQLITE = (
    "github.com/mattn/go-sqlite3", "modernc.org/sqlite", "github.com/glebarez/sqlite",
    "github.com/glebarez/go-sqlite", "gorm.io/driver/sqlite", "github.com/ncruces/go-sqlite3",
    "github.com/jinzhu/gorm/dialects/sqlite", "go.etcd.io/bbolt", "github.com/dgraph-io/badger",
    "zombiezen.com/go/sqlite",
)  # fmt: skip
_READERS = frozenset(
    [
        "ReadFile",
        "Open",
        "ReadDir",
        "DirFS",
        "Dir",
        "ParseFiles",
        "ParseGlob",
        "LoadHTMLGlob",
        "LoadHTMLFiles",
        "Static",
        "StaticFile",
        "StaticFS",
        "File",
        "ServeFile",
        "AddConfigPath",
        "Up",
        "WalkDir",
        "Walk",
    ]
)
_WRITERS = frozenset(["MkdirAll", "Mkdir", "Create", "WriteFile", "OpenFile"])
# What takes the name of a driver, and a path if that is of SQLite.
_OPENS = frozenset(["sql.Open", "gorm.Open", "sqlx.Open", "sqlx.Connect", "sqlx.MustConnect"])
_FATAL = re.compile(r"\b(?:log\.Fatal\w*|panic|os\.Exit|\w+\.Fatal\w*|\w+\.Panic\w*|exit)\(")


def look(repository: Repository, module: Module, program: Program, code: Code) -> Evidence:
    """Return the signals of all these."""
    evidence = Evidence()
    _settings(code, evidence)
    _files(repository, module, code, evidence)
    _written(code, evidence)
    _beside(module, program, evidence)
    return evidence


def _settings(code: Code, evidence: Evidence) -> None:
    found: dict[str, tuple[Setting, str, str, int]] = {}

    def take(
        name: str, default: str | None, words: str, place: tuple[str, int], must: bool
    ) -> None:
        if not _NAME.fullmatch(name) or _USUAL.fullmatch(name) or _TESTS.search(name):
            return
        secret = looks_secret(name, default)
        setting = Setting(name, None if secret or not default else default[:200], must, secret)
        known = found.get(name)
        if known is None:
            found[name] = (setting, words, *place)
            return
        merged = Setting(
            name,
            known[0].default if known[0].default is not None else setting.default,
            known[0].required or must,
            known[0].secret or secret,
        )
        if merged.secret:
            merged = merged._replace(default=None)
        found[name] = (merged, *known[1:])

    for call in code.calls:
        name = _read(call, code)
        if name:
            default = None
            told = syntax.string(call.arguments[-1]) != name  # else the last is the name
            if len(call.arguments) == 2 and told and call.last not in ("Getenv", "LookupEnv"):
                texts = [one.text for one in code.of(call.arguments[1], call.file, 4)]
                default = texts[0] if texts else None
            words = f'{call.name}("{name}")'
            take(name, default, words, (call.file, call.line), _is_required(call))
        elif call.last == "BindEnv":
            for argument in call.arguments[1:]:
                if bound := syntax.string(argument):
                    take(bound, None, f'{call.name}("{bound}")', (call.file, call.line), False)
    for node, path, tags in code.fields:
        name, default, required = reading.tag_setting(tags, code.tag_prefix)
        if name:
            take(name, default, f'env:"{name}"', (path, syntax.line(node)), required)
    for sets in code.flags.values():
        for one in sets:
            if one.env:
                texts = [value.text for value in code.of(one.node, one.file, 4)]
                default = texts[0] if texts else None
                take(one.env, default, f"{one.flag} {one.env}".strip(), (one.file, one.line), False)
    for setting, words, file, line in found.values():
        evidence.add("setting", setting, words, file, line)


def _read(call: Call, code: Code) -> str:
    """Return the variable that a call reads, or ""."""
    if not call.arguments or re.match("(?i)set|unset|must_?bind|bind", call.last):
        return ""
    if call.name not in ("os.Getenv", "os.LookupEnv", "syscall.Getenv") and not re.search(
        r"(?i)^(?:\w+\.)?\w*env\w*$", call.name
    ):
        return ""
    name = syntax.string(call.arguments[0]) or ""
    if call.arguments[0].type == "unary_expression" and len(call.arguments) > 1:
        name = syntax.string(call.arguments[1]) or ""  # mustMapEnv(&address, "ADDRESS")
    if not name and call.arguments[0].type == "identifier":
        name = next((one.text for one in code.of(call.arguments[0], call.file, 2)), "")
    return name if _NAME.fullmatch(name) else ""


def _is_required(call: Call) -> bool:
    """Return whether the program ends without a variable: ``if token == "" { log.Fatal(…) }``."""
    if call.last not in ("Getenv", "LookupEnv") or "Must" in call.name:
        return "must" in call.last.lower() or "require" in call.last.lower()
    parent = call.node.parent
    while parent is not None and parent.type not in ("block", "source_file"):
        if parent.type == "if_statement":
            condition = parent.child_by_field_name("condition")
            within = condition is not None and (
                condition.start_byte <= call.node.start_byte < condition.end_byte
            )
            if not within and "!" not in syntax.text(condition):
                return False
            body = parent.child_by_field_name("consequence")
            return '== ""' in syntax.text(condition) and ends(syntax.text(body))
        parent = parent.parent
    statement = call.node.parent
    while statement is not None and statement.type not in (
        "short_var_declaration",
        "assignment_statement",
        "var_spec",
    ):
        if statement.type in ("block", "call_expression"):
            return False
        statement = statement.parent
    if statement is None:
        return False
    names = [re.split(r"\W", syntax.text(one))[0] for one in reading.names_of(statement)]
    after = statement.next_named_sibling
    for _ in range(3):
        if after is None:
            return False
        if after.type == "if_statement":
            test = syntax.text(after.child_by_field_name("condition"))
            empty = any(
                name
                and re.search(
                    rf'\b{re.escape(name)}\b\s*==\s*""|!\s*{re.escape(name)}\b|len\({re.escape(name)}\)\s*==\s*0',
                    test,
                )
                for name in names
            )
            if empty:
                return ends(syntax.text(after.child_by_field_name("consequence")))
        after = after.next_named_sibling
    return False


def ends(body: str) -> bool:
    """Return whether a block ends the program."""
    return bool(_FATAL.search(body[:1000]))


def _files(repository: Repository, module: Module, code: Code, evidence: Evidence) -> None:
    """Add files and folders of the repository that the program reads by path at run time."""
    told = set()
    for call in code.calls:
        if call.last not in _READERS or not call.arguments or "embed" in call.name.lower():
            continue
        if call.last == "Open" and not call.name.startswith("os."):
            continue
        for argument in call.arguments[:2]:
            for value in code.of(argument, call.file, 4)[:2]:
                path = value.text.removeprefix("file://").removeprefix("./")
                path = re.split(r"[*?\[{]", path)[0].rstrip("/")
                if not path or path.startswith(("/", "..", "~", "-")) or path == ".":
                    continue
                where = join(module.folder, path)
                if where in told or not where:
                    continue
                if where in repository.folders or repository.has(where):
                    told.add(where)
                    words = f'{call.name}("{value.text[:60]}")'
                    go = [one for one in repository.under(where) if not one.endswith(".go")]
                    if go or repository.has(where):
                        evidence.add("file", path, words, call.file, call.line)


def _written(code: Code, evidence: Evidence) -> None:
    told = set()

    def take(path: str, words: str, call: Call, *, weak: bool = False) -> None:
        path = path.removeprefix("./").rstrip("/")
        if path.startswith(("/usr", "/etc", "/proc", "/sys", "/dev", "/run/systemd", "/bin")):
            return
        if (
            path
            and path not in told
            and path not in (".", "/")
            and not re.search(r"[%\n {]|.\$", path)
        ):
            told.add(path)
            evidence.add("writable", path, words, call.file, call.line, weak=weak)

    for call in code.calls:
        words = f"{call.name}(…)"
        if call.last in ("MkdirTemp", "CreateTemp", "TempDir", "TempFile"):
            if call.name.startswith(("os.", "ioutil.")):
                take("/tmp", words, call)  # noqa: S108
        elif call.last in _WRITERS and call.name.startswith(("os.", "ioutil.")) and call.arguments:
            if call.last == "OpenFile" and "O_CREATE" not in syntax.text(call.node):
                continue
            first = call.arguments[0]
            if _GENERIC.fullmatch(syntax.text(first).rpartition(".")[2]):
                continue
            is_plain = syntax.string(first) is not None
            for value in code.of(first, call.file, 5)[:1]:
                folder = value.text
                if value.env.upper() in ("PROGRAMDATA", "APPDATA", "LOCALAPPDATA", "HOME"):
                    continue
                if folder.startswith("/") and not is_plain and not value.env:
                    continue
                if call.last not in ("MkdirAll", "Mkdir"):
                    folder = folder_of(folder)
                if value.env and folder.startswith("/") and not is_plain:
                    folder = f"${value.env}"  # its default is empty
                setting = f" ({value.env or value.flag})" if value.env or value.flag else ""
                words = f'{call.name}("{value.text[:60]}"){setting}'
                take(folder, words, call, weak=not is_plain)
        elif call.name == "sqlite.Open" and call.arguments:
            for value in code.of(call.arguments[0], call.file, 5)[:1]:
                path = value.text.removeprefix("file:").partition("?")[0]
                if "/" in path and "memory" not in path:
                    take(path.rpartition("/")[0], f'sqlite.Open("{path[:60]}")', call)
        elif call.name in _OPENS and len(call.arguments) == 2:
            kind = next((one.text for one in code.of(call.arguments[0], call.file, 3)), "")
            if "sqlite" in kind:
                for value in code.of(call.arguments[1], call.file, 5)[:1]:
                    path = value.text.removeprefix("file:").partition("?")[0]
                    if path and "memory" not in path:
                        take(
                            folder_of(path),
                            f'{call.name}("{kind}", "{path[:60]}")',
                            call,
                        )


def _beside(module: Module, program: Program, evidence: Evidence) -> None:
    """Add services whose driver is compiled in; with several databases, settings decide."""
    found = [
        (kind, used, pattern)
        for kind, paths, pattern in _DRIVERS
        if (used := program.uses(*paths)) is not None
    ]
    files = program.uses(*_SQLITE) or next(
        (line for path in _SQLITE if (line := module.requires.get(path)) and not line.indirect),
        None,
    )
    databases = [one for one in found if one[0] in ("postgres", "mysql", "mongo")]
    names = [(one.value.name, one.value.default) for one in evidence.of("setting")]
    for kind, used, pattern in found:
        is_database = kind in ("postgres", "mysql", "mongo")
        if is_database and (files is not None or kind != databases[0][0]):
            continue
        weak = (is_database and len(databases) > 1) or (not is_database and files is not None)
        if weak and not is_database:
            continue
        setting = next(
            (
                name
                for name, _ in names
                if re.search(pattern, name) and re.search("URL|URI|DSN|HOST|ADDR", name)
            ),
            next((name for name, _ in names if re.search(pattern, name)), ""),
        )
        evidence.add(
            "beside",
            Beside(kind, "", setting),
            f'import "{used.path}"',
            used.file,
            used.line,
            weak=weak,
        )
