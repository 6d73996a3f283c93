"""Services beside a program in compose.yaml: databases, caches, queues.

They are for development and for a check: their passwords are public, and they have no port on the
host.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from dockgen.detect.model import Setting

# A variable for where the program itself listens: REDIS_EXPORTER_LISTEN_ADDRESS.
_OWN = re.compile("LISTEN|BIND")


@dataclass(frozen=True)
class Service:
    """A service: its image, and how a program finds it.

    ``volume`` is its persistent folder; ``healthy`` is its health check, in the form of compose's
    ``healthcheck.test``; ``names`` is a pattern for the names of variables that point to it;
    ``dsn`` is its address for drivers that take no URL.
    """

    image: str
    healthy: Sequence[str]
    host: str
    port: int
    names: str
    scheme: str = ""
    user: str = ""
    password: str = ""
    database: str = ""
    volume: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    query: str = ""
    dsn: str = ""

    @property
    def url(self) -> str:
        """The address, with everything needed to connect."""
        account = f"{self.user}:{self.password}@" if self.user else ""
        scheme = f"{self.scheme}://" if self.scheme else ""
        database = f"/{self.database}" if self.scheme else ""
        query = f"?{self.query}" if self.query else ""
        return f"{scheme}{account}{self.host}:{self.port}{database}{query}"

    def recorded(self) -> dict[str, Any]:
        """Its entry in compose.yaml."""
        found = {
            "image": self.image,
            "environment": dict(self.environment),
            "volume": self.volume,
            "healthy": list(self.healthy),
        }
        return {key: value for key, value in found.items() if value}

    def pointing(self, setting: str, settings: Iterable[Setting]) -> dict[str, str]:
        """Return the variables by which a program finds it, given all that the program reads.

        ``setting`` is the one that is known to point to it, or "".
        """
        pattern = re.compile(rf"(?:^|_)(?:{self.names})")
        found = {setting: self.dsn or self.url} if setting else {}
        for one in settings:
            name = one.name.upper()
            if one.name == setting:
                found[one.name] = self._like(one)
            elif _OWN.search(name):
                continue
            elif pattern.search(name) and (value := self._part(name, one)):
                found[one.name] = value
        return found

    def _part(self, name: str, setting: Setting) -> str:
        """Return the value of a variable of that name, or "" if it can't be told."""
        for ending, value in (
            ("URL|URI|DSN|CONNECTION|CONNECTION_STRING|BROKER|BACKEND", self._like(setting)),
            ("HOST|HOSTNAME|ADDR|ADDRESS|SERVER", self._like(setting, host_only=True)),
            ("PORT", str(self.port)),
            ("USER|USERNAME", self.user),
            ("PASS|PASSWORD|PASSWD|PWD", self.password),
            ("NAME|DB|DATABASE", self.database),
            ("SSLMODE|SSL_MODE", "disable" if self.scheme == "postgresql" else ""),
        ):
            if re.search(rf"(?:^|_|[A-Z])(?:{ending})$", name):
                return value
        return ""

    def _like(self, setting: Setting, *, host_only: bool = False) -> str:
        """Return the address in the form of the setting's own default: with its scheme or none."""
        default = setting.default or ""
        scheme, _, rest = default.partition("://") if "://" in default else (setting.scheme, "", "")
        # A default of another kind, such as sqlite:///app.db, doesn't show how to reach this one.
        if scheme and scheme[:5] == self.scheme[:5]:
            database = rest.partition("/")[2]
            own = self.url.partition("://")[2]
            kept = own if self.user or not database else f"{own.rpartition('/')[0]}/{database}"
            return f"{scheme}://{kept}"
        if re.fullmatch(r"[\w.-]*:\d+", default):
            return f"{self.host}:{self.port}"
        return self.host if host_only else self.dsn or self.url


# By kind, as detected. Each image is of the newest line with long-term fixes.
KNOWN: Mapping[str, Service] = {
    "postgres": Service(
        "postgres:17-alpine",
        # Over TCP: while it creates the database, a first server listens only on its socket.
        ("CMD", "pg_isready", "-h", "127.0.0.1", "-U", "app", "-d", "app"),
        "postgres",
        5432,
        "DATABASE|POSTGRES|POSTGRESQL|PG|DB|SQL",
        "postgresql",
        "app",
        "app",
        "app",
        "/var/lib/postgresql/data",
        {"POSTGRES_USER": "app", "POSTGRES_PASSWORD": "app", "POSTGRES_DB": "app"},
    ),
    "mysql": Service(
        "mysql:8.4",
        ("CMD-SHELL", "mysqladmin ping -h 127.0.0.1 -u app -papp"),
        "mysql",
        3306,
        "DATABASE|MYSQL|DB|SQL",
        "mysql",
        "app",
        "app",
        "app",
        "/var/lib/mysql",
        {
            "MYSQL_USER": "app",
            "MYSQL_PASSWORD": "app",
            "MYSQL_DATABASE": "app",
            "MYSQL_RANDOM_ROOT_PASSWORD": "yes",
        },
    ),
    "mariadb": Service(
        "mariadb:11.4",
        ("CMD", "healthcheck.sh", "--connect", "--innodb_initialized"),
        "mariadb",
        3306,
        "DATABASE|MARIADB|MYSQL|DB|SQL",
        "mysql",
        "app",
        "app",
        "app",
        "/var/lib/mysql",
        {
            "MARIADB_USER": "app",
            "MARIADB_PASSWORD": "app",
            "MARIADB_DATABASE": "app",
            "MARIADB_RANDOM_ROOT_PASSWORD": "yes",
        },
    ),
    "redis": Service(
        "redis:8-alpine",
        ("CMD", "redis-cli", "ping"),
        "redis",
        6379,
        "REDIS|VALKEY|CELERY_BROKER|CELERY_RESULT|CACHE|BROKER",
        "redis",
        database="0",
        volume="/data",
    ),
    "mongo": Service(
        "mongo:8",
        ("CMD", "mongosh", "--quiet", "--eval", "db.adminCommand('ping')"),
        "mongo",
        27017,
        "MONGO|MONGODB|DATABASE|DB",
        "mongodb",
        database="app",
        volume="/data/db",
    ),
    "rabbitmq": Service(
        "rabbitmq:4-alpine",
        ("CMD", "rabbitmq-diagnostics", "-q", "ping"),
        "rabbitmq",
        5672,
        "RABBIT|RABBITMQ|AMQP|BROKER|CELERY_BROKER",
        "amqp",
        "guest",
        "guest",
        volume="/var/lib/rabbitmq",
    ),
    "memcached": Service(
        "memcached:1.6-alpine",
        ("CMD-SHELL", "nc -z 127.0.0.1 11211"),
        "memcached",
        11211,
        "MEMCACHE|MEMCACHED",
    ),
    "nats": Service(
        "nats:2-alpine", ("CMD-SHELL", "nc -z 127.0.0.1 4222"), "nats", 4222, "NATS", "nats"
    ),
}

# Drivers of Go that want another address: lib/pq and others insist on TLS unless told not to, and
# that of MySQL takes no URL.
_IN_GO: Mapping[str, Service] = {
    "postgres": replace(KNOWN["postgres"], query="sslmode=disable"),
    "mysql": replace(KNOWN["mysql"], dsn="app:app@tcp(mysql:3306)/app?parseTime=true"),
    "mariadb": replace(KNOWN["mariadb"], dsn="app:app@tcp(mariadb:3306)/app?parseTime=true"),
}


def known(kind: str, language: str) -> Service | None:
    """Return the service of a kind, as programs in a language reach it; None if unknown."""
    return (_IN_GO.get(kind) if language == "go" else None) or KNOWN.get(kind)
