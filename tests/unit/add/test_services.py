"""Services beside a program: how the program finds them."""

from dockgen.add.services import KNOWN, known
from dockgen.detect.model import Setting
from tests.table import table


@table(
    ("kind", "setting", "value"),
    [
        ("postgres", Setting("DATABASE_URL"), "postgresql://app:app@postgres:5432/app"),
        (
            "postgres",
            Setting("DATABASE_URL", "postgresql+asyncpg://me:it@localhost:5432/mine"),
            "postgresql+asyncpg://app:app@postgres:5432/app",
        ),
        (
            "postgres",
            Setting("DATABASE_URL", secret=True, scheme="postgresql+psycopg"),
            "postgresql+psycopg://app:app@postgres:5432/app",
        ),
        (
            "postgres",
            Setting("DATABASE_URL", "sqlite:///notes.db"),
            "postgresql://app:app@postgres:5432/app",
        ),
        ("postgres", Setting("DB_HOST", "localhost"), "postgres"),
        ("postgres", Setting("PGPORT"), "5432"),
        ("postgres", Setting("POSTGRES_PASSWORD", secret=True), "app"),
        ("postgres", Setting("POSTGRES_DB"), "app"),
        ("redis", Setting("REDIS_URL", "redis://localhost:6379/3"), "redis://redis:6379/3"),
        ("redis", Setting("REDIS_ADDR", "localhost:6379"), "redis:6379"),
        ("redis", Setting("REDIS_HOST"), "redis"),
        ("rabbitmq", Setting("AMQP_URL"), "amqp://guest:guest@rabbitmq:5672/"),
    ],
)
def test_a_variable_points_to_the_service(kind: str, setting: Setting, value: str) -> None:
    """A variable points to the service."""
    assert KNOWN[kind].pointing("", [setting]) == {setting.name: value}


@table(
    ("kind", "setting", "value"),
    [
        (
            "postgres",
            Setting("DATABASE_URL"),
            "postgresql://app:app@postgres:5432/app?sslmode=disable",
        ),
        (
            "postgres",
            Setting("DATABASE_DSN", "postgres://127.0.0.1/mine?sslmode=disable&user=me"),
            "postgres://app:app@postgres:5432/app?sslmode=disable",
        ),
        ("postgres", Setting("DB_SSL_MODE"), "disable"),
        ("postgres", Setting("PGSSLMODE"), "disable"),
        ("mysql", Setting("MYSQL_DSN"), "app:app@tcp(mysql:3306)/app?parseTime=true"),
        ("mysql", Setting("DATABASE_URL", scheme="mysql"), "mysql://app:app@mysql:3306/app"),
        ("mysql", Setting("MYSQL_HOST"), "mysql"),
        ("redis", Setting("REDIS_URL"), "redis://redis:6379/0"),
    ],
)
def test_drivers_of_go_want_another_address(kind: str, setting: Setting, value: str) -> None:
    """Drivers of Go want another address: without TLS, or no URL."""
    service = known(kind, "go")
    assert service is not None
    assert service.pointing("", [setting]) == {setting.name: value}


def test_other_languages_keep_the_ordinary_address() -> None:
    """Other languages keep the ordinary address."""
    assert known("postgres", "python") is KNOWN["postgres"]
    assert known("mysql", "node") is KNOWN["mysql"]
    assert known("oracle", "go") is None


def test_other_variables_are_left_alone() -> None:
    """Other variables are left alone."""
    others = [Setting("PORT"), Setting("LOG_LEVEL"), Setting("REDIS_MAX_CONNECTIONS")]
    assert KNOWN["redis"].pointing("", others) == {}
    own = [Setting("REDIS_EXPORTER_WEB_LISTEN_ADDRESS", ":9121"), Setting("REDIS_UI_BIND_HOST")]
    assert KNOWN["redis"].pointing("", own) == {}
    assert KNOWN["postgres"].pointing("", [Setting("ADMIN_USER")]) == {}


def test_the_one_that_is_known_to_needs_no_telling_name() -> None:
    """The one that is known to needs no telling name."""
    assert KNOWN["redis"].pointing("QUEUE", []) == {"QUEUE": "redis://redis:6379/0"}
