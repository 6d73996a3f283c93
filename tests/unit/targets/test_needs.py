"""What a container needs, by its behaviour and its output; guesses are few."""

from dockgen.checks import Observation
from dockgen.targets import needs
from dockgen.targets.sockets import Listener
from tests.table import table

SEEN = Observation(
    healthy_seconds=None, root_status=None, process=None, read_only=False, changes=(),
    stop_exit_code=0, stop_seconds=0,
)  # fmt: skip


def seen(*changes: str, ports: tuple[int, ...] = ()) -> Observation:
    """A run that changed paths and listened at ports."""
    listening = tuple(Listener(port, "0.0.0.0") for port in ports)
    return Observation(**{**vars(SEEN), "changes": changes, "listening": listening})


def test_what_is_written_is_named() -> None:
    """Files by their path, many of them by their folder; not what a hardened run lets it write."""
    changes = ("C /var", "C /var/run", "A /var/run/app.pid", "A /data", "C /tmp", "A /tmp/x")
    assert needs.of(seen(*changes), ["root"], [], []) == ("writes /var/run/app.pid, /data",)
    many = [f"A /data/{number}" for number in range(50)]
    assert needs.of(seen("A /data", *many), ["root"], [], []) == ("writes /data",)
    assert needs.of(seen(), ["root"], [], []) == ("writes to its root file system",)
    assert needs.of(seen(*changes), [], [], []) == ()


def test_odd_ports_are_named() -> None:
    """Privileged ports, and ports that the image doesn't expose; not unreachable ones."""
    assert needs.of(seen(ports=(80, 8080)), [], [], [8080]) == ("listens on port 80",)
    assert needs.of(seen(ports=(9000,)), [], [], []) == ("listens on port 9000",)
    loopback = Observation(**{**vars(SEEN), "listening": (Listener(80, "127.0.0.1"),)})
    assert needs.of(loopback, [], [], []) == ()


def test_capabilities_are_named_as_far_as_it_says() -> None:
    """By the calls that were refused."""
    log = 'nginx: [emerg] chown("/var/cache/nginx", 101) failed (1: Operation not permitted)\n'
    found = needs.of(SEEN, ["capabilities", "memory"], [log], [])
    assert found == (
        "needs capabilities: CHOWN",
        "needs more memory or processes than the hardened run allows",
    )
    assert needs.of(SEEN, ["capabilities"], [""], []) == ("needs capabilities of root's",)
    assert needs.of(SEEN, [], ["chown of /a done"], []) == ()


@table(
    ("line", "name"),
    [
        ("KeyError: 'DATABASE_URL'", "DATABASE_URL"),
        ("sh: DATABASE_URL: parameter not set", "DATABASE_URL"),
        ("/run.sh: line 3: API_TOKEN: unbound variable", "API_TOKEN"),
        ("panic: environment variable REDIS_URL is not set", "REDIS_URL"),
        ("Error: Missing required environment variable: SECRET_KEY", "SECRET_KEY"),
        ("You need to specify one of POSTGRES_PASSWORD", "POSTGRES_PASSWORD"),
        ("required key DATABASE_URL missing value", "DATABASE_URL"),
        ("env: SECRET_KEY_BASE must be set", "SECRET_KEY_BASE"),
        ("Error: superuser password is not specified", None),
        ("ERROR: connection is not set up", None),
        ("listening on PORT 8080", None),
        ("INFO required modules were loaded", None),
    ],
)
def test_variables_are_read_from_what_it_prints(line: str, name: str | None) -> None:
    """As languages, shells and people word it; capitals alone are no variable."""
    assert needs.of(SEEN, [], [line], []) == ((f"needs {name}",) if name else ())


@table(
    ("line", "host"),
    [
        ("Error: getaddrinfo ENOTFOUND db", "db"),
        ("dial tcp: lookup db on 127.0.0.11:53: no such host", "db"),
        ('could not translate host name "postgres" to address: Name', "postgres"),
        ('nginx: [emerg] host not found in upstream "api:80" in /etc', "api"),
        ("Error: connect ECONNREFUSED 127.0.0.1:5432", "127.0.0.1:5432"),
        ("dial tcp 10.0.0.5:6379: connect: connection refused", "10.0.0.5:6379"),
        ("connected to db", None),
    ],
)
def test_other_machines_are_read_from_what_it_prints(line: str, host: str | None) -> None:
    """By name or address."""
    assert needs.of(SEEN, [], [line], []) == ((f"connects to {host}",) if host else ())


@table(
    "line",
    [
        "open /data/state.db: read-only file system",
        "OSError: [Errno 30] Read-only file system: '/data/state.db'",
        "touch: cannot touch '/data/state.db': Read-only file system",
    ],
)
def test_what_could_not_be_written_is_read_from_what_it_prints(line: str) -> None:
    """The path, wherever it stands."""
    assert needs.of(SEEN, [], [line], []) == ("writes /data/state.db",)


def test_a_long_log_takes_no_time() -> None:
    """A line of a million characters, and a million lines."""
    logs = ["A_" * 500_000, "/" * 500_000 + "read-only file system", "x\n" * 1_000_000]
    assert needs.of(SEEN, [], logs, []) == ()
