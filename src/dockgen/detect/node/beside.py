"""The services that a Node program needs beside it, by the drivers that it depends on."""

import re

from dockgen.detect import written
from dockgen.detect.model import Beside, Evidence
from dockgen.detect.node.code import Code
from dockgen.detect.node.manifest import Manifest

_DRIVERS = (
    ("postgres", ("pg", "postgres", "pg-promise", "@neondatabase/serverless", "pg-boss"),
     r"DATABASE|POSTGRES|PG|DB_"),
    ("mysql", ("mysql", "mysql2"), r"MYSQL|DATABASE|DB_"),
    ("mariadb", ("mariadb",), r"MARIADB|DATABASE|DB_"),
    ("mongo", ("mongodb", "mongoose", "@nestjs/mongoose", "monk"), r"MONGO|DATABASE|DB_"),
    ("redis", ("redis", "ioredis", "bull", "bullmq", "connect-redis", "@redis/client"),
     r"REDIS|VALKEY"),
    ("rabbitmq", ("amqplib", "amqp-connection-manager", "rascal"), r"AMQP|RABBIT"),
    ("kafka", ("kafkajs", "node-rdkafka", "@confluentinc/kafka-javascript"), r"KAFKA|BROKER"),
    ("nats", ("nats", "@nats-io/transport-node"), r"NATS"),
    ("elasticsearch", ("@elastic/elasticsearch",), r"ELASTIC"),
    ("opensearch", ("@opensearch-project/opensearch",), r"OPENSEARCH"),
    ("meilisearch", ("meilisearch",), r"MEILI"),
    ("memcached", ("memcached", "memjs"), r"MEMCACHE"),
    ("minio", ("minio",), r"MINIO|S3"),
    ("clickhouse", ("@clickhouse/client",), r"CLICKHOUSE"),
)  # fmt: skip
_SQLITE = (
    "sqlite3", "better-sqlite3", "@libsql/client", "sqlite", "sql.js", "nedb", "lowdb",
    "@seald-io/nedb",
    "@louislam/sqlite3", "better-sqlite3-multiple-ciphers", "node:sqlite",
)  # fmt: skip
_PRISMA = {"postgresql": "postgres", "postgres": "postgres", "mysql": "mysql", "mongodb": "mongo",
           "cockroachdb": "", "sqlserver": "", "sqlite": "sqlite"}  # fmt: skip


def look(own: Manifest, code: Code, evidence: Evidence) -> None:
    """Add them. Among several databases, settings decide, so those are guesses."""
    names = [one.value.name for one in evidence.of("setting")]

    def setting(pattern: str) -> str:
        return next(
            (
                name
                for name in names
                if re.search(pattern, name) and re.search("URL|URI|DSN|HOST|CONN", name)
            ),
            next((name for name in names if re.search(pattern, name)), ""),
        )

    prisma = _schema(own)
    if prisma is not None:
        kind, env, path, line = prisma
        if kind and kind != "sqlite":
            evidence.add("beside", Beside(kind, "", env), f'provider = "{kind}"', path, line)
    files = own.needs(*_SQLITE) or (prisma[0] == "sqlite" if prisma is not None else False)
    found = [
        (kind, package, pattern)
        for kind, packages, pattern in _DRIVERS
        if (package := own.needs(*packages))
    ]
    databases = [one for one in found if one[0] in ("postgres", "mysql", "mariadb", "mongo")]
    for kind, package, pattern in found:
        is_database = kind in ("postgres", "mysql", "mariadb", "mongo")
        if is_database and (files or prisma is not None):
            continue
        if not is_database and _is_left_out(own, kind):
            continue
        weak = (is_database and len(databases) > 1) or package not in code.imports
        if weak and not is_database and files:
            continue
        line = own.line(f'"{package}"')
        evidence.add(
            "beside", Beside(kind, "", setting(pattern)), package, own.file, line, weak=weak
        )


def _is_left_out(own: Manifest, kind: str) -> bool:
    """Return whether the project's compose files have other services, but not this one."""
    paths = [
        path
        for path in written.main_composes(own.repository, own.folder)
        if list(written.services(own.repository, path))
    ]
    return bool(paths) and not any(kind in (own.repository.text(path) or "") for path in paths)


def _schema(own: Manifest) -> tuple[str, str, str, int] | None:
    """Return the database in Prisma's schema: the kind, and the variable."""
    for path in schemas(own):
        text = own.repository.text(path) or ""
        told = re.search(r"datasource\s+\w+\s*\{([^}]*)\}", text)
        if told:
            provider = re.search(r'provider\s*=\s*"(\w+)"', told[1])
            env = re.search(r'url\s*=\s*env\("(\w+)"\)', told[1])
            kind = _PRISMA.get(provider[1], "") if provider else ""
            return kind, env[1] if env else "", path, own.repository.line(path, "provider")
    return None


def schemas(own: Manifest) -> list[str]:
    """Return the schemas of Prisma."""
    if not own.has("prisma", "@prisma/client"):
        return []
    told = own.data.get("prisma")
    named = told.get("schema") if isinstance(told, dict) else None
    places = [str(named)] if isinstance(named, str) else []
    places += [
        "prisma/schema.prisma",
        "schema.prisma",
        "src/prisma/schema.prisma",
        "prisma/schema/schema.prisma",
        "db/schema.prisma",
    ]
    return [own.at(one) for one in places if own.repository.has(own.at(one))]
