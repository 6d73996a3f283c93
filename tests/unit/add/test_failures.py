"""Real output of builds and programs, and the flag that helps."""

from dockgen.add import failures
from tests.table import table

BUILD = {
    "\tserver response: This module version is not available.": "try again",
    "ld: attempted static link of dynamic object `/usr/lib/libvips.so'": "--flavor slim",
    "ld: cannot find -lvips: No such file\nld: have you installed the static version of the vips"
    " library ?": "--flavor slim",
    "/usr/bin/ld: cannot find -lmagic: No such file or directory": "--native-build libmagic-dev",
    "go: go.mod requires go >= 1.28.1 (running go 1.27; GOTOOLCHAIN=local)": "--version 1.28",
    "tokeninternal/tokeninternal.go:64:9: invalid array length -delta * delta (constant -256)": (
        "--version"
    ),
    "grpc/internal/transport/handler_server.go:271:18: undefined: http2.TrailerPrefix": "--version",
    "link: example.com/sonic/loader: invalid reference to runtime.lastmoduledatap": "--version",
    "src/_psycopg.h:31:10: fatal error: libpq-fe.h: No such file or directory": (
        "--native-build libpq-dev"
    ),
    "x.c:1:10: fatal error: unheard.h: No such file or directory": "--native-build libunheard-dev",
    "Error: pg_config executable not found.": "--native-build libpq-dev",
    "error: [Errno 2] No such file or directory: 'gcc'": "--native-build build-essential",
    "error: command 'gcc' failed: No such file or directory": "--native-build build-essential",
    "error: the configured Python interpreter version (3.14) is newer than PyO3's maximum "
    "supported version (3.13)": "--version 3.13",
    "error: The lockfile at `uv.lock` needs to be updated, but `--locked` was provided": "uv lock",
    "pyproject.toml changed significantly since poetry.lock was last generated.": "poetry lock",
    "Unable to find installation candidates for amqp (5.3.1)": "--data package_index=URL",
    "npm error `npm ci` can only install packages when your package.json and package-lock.json": (
        "npm install"
    ),
    " ERR_PNPM_OUTDATED_LOCKFILE  Cannot install with frozen-lockfile": "pnpm install",
    "YN0028: The lockfile would have been modified by this install": "yarn install",
    "main.go:8:2: missing go.sum entry for module providing package a.example/b": "go mod tidy",
    "web.go:3:12: pattern dist/*: no matching files found": "--frontend FOLDER",
    "gyp ERR! find Python You need to install the latest version of Python.": "--script",
    "FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory": (
        "--max-old-space-size=4096"
    ),
    "node:22-alpine3.24: failed to resolve source metadata for docker.io/library/"
    "node:22-alpine3.24: failed to do request": "docker pull node:22-alpine3.24",
    "ERROR: unable to select packages: gcc-multilib (no such package)": "--flavor slim",
    "Failed to fetch `Manrope` from Google Fonts.": "next/font/local",
    'failed to calculate checksum of ref a::b: "/schema.sql": not found': "!schema.sql",
}
RUN = {
    "2026/11/28 04:36:22 mkdir /usr/local/bin/pb_data: read-only file system": (
        "--writable /usr/local/bin/pb_data"
    ),
    "open data/store.db: permission denied": "--writable data",
    "the image has package managers or compilers: /app/.venv/bin/pip, /app/.venv/bin/pip3.14, "
    "/app/.venv/lib/python3.14/site-packages/pip": "{ignored_rules: {DG107: it runs pip}}",
    "OSError: [Errno 30] Read-only file system: '/app/data/db.sqlite3'": "--writable /app/data",
    "OSError: [Errno 30] Read-only file system: '/app/bot.log'": "a folder of its own",
    "FileNotFoundError: [Errno 2] No such file or directory: '/etc/pve.yml'": (
        "./pve.yml:/etc/pve.yml:ro"
    ),
    "Error: EACCES: permission denied, mkdir '/var/lib/app'": "--writable /var/lib/app",
    "KeyError: 'DATABASE_URL'": "--setting DATABASE_URL=VALUE",
    "Error: Missing required environment variable BOT_TOKEN": "--setting BOT_TOKEN=VALUE",
    "panic: API_KEY is not set": "--setting API_KEY=VALUE",
    "token\n  Field required [type=missing, input_value={}]": "--setting TOKEN=VALUE",
    "ModuleNotFoundError: No module named 'gevent'": "--package",
    "ModuleNotFoundError: No module named 'psycopg2'": "--setting DATABASE_URL=",
    "Error: Cannot find module '/app/dist/main.js'": "--entry",
    "connect ECONNREFUSED 127.0.0.1:5432": "--beside postgres",
    "Error: pq: SSL is not enabled on the server": "sslmode=disable",
    "failed to connect to `host=db`: tls error (server refused TLS connection)": "sslmode=disable",
    "Error 111 connecting to localhost:6379. Connection refused.": "--beside redis",
    "FileNotFoundError: [Errno 2] No such file or directory: 'config.yaml'": "--file config.yaml",
    "open config.yaml: no such file or directory": "--file config.yaml",
    "GET /api/status on port 3000 gets no answer: it listens on 0.0.0.0:80": (
        "--argument=--port=8080"
    ),
    "GET / on port 3000 gets no answer: it listens on [::]:8081": "--port 8081",
    "it was still running after 60 s": "--workload worker",
    "GET / on port 3000 returns status 302, not 200": "--health ''",
    "Error: The server does not support SSL connections": "TLS",
    "Error: Cannot find module '../../config/config.json'": "in git",
    "node: error while loading shared libraries: libvips.so.42: cannot open": "--native-run",
}


@table("log", BUILD)
def test_a_build_that_failed_is_explained(log: str) -> None:
    """A build that failed is explained."""
    found = failures.of_build(f"#12 3.4 before\n{log}\n#12 ERROR: exit code: 1\n")
    assert found is not None
    assert BUILD[log] in found.fix


@table("log", RUN)
def test_a_program_that_failed_is_explained(log: str) -> None:
    """A program that failed is explained."""
    found = failures.of_run(f"starting\n{log}\n")
    assert found is not None
    assert RUN[log] in found.fix


def test_a_program_that_ends_tells_why_in_its_last_line() -> None:
    """A program that ends tells why in its last line, without its colors."""
    log = "it ended with exit code 1, not 0; it last printed: Starting | \x1b[31mno provider\x1b[0m"
    found = failures.of_run(f"Starting\n{log}")
    assert found is not None
    assert found.cause.endswith(": no provider")
    assert found.fix.startswith("--setting NAME=VALUE")
    assert failures.of_run(log.replace("code 1", "code 0")) is None


def test_what_is_not_known_is_not_guessed() -> None:
    """What is not known is not guessed."""
    assert failures.of_build("#4 exporting layers\n") is None
    assert failures.of_run("listening on port 8080\n") is None


def test_an_error_code_is_no_setting() -> None:
    """Node's own names look like variables: a fix that sets them would help nobody."""
    for log in (
        "Error [ERR_HTTP_HEADERS_SENT]: Cannot set headers after they are set",
        "code: 'ERR_MODULE_NOT_FOUND' is missing",
        "{ code: 'MODULE_NOT_FOUND', required: [] } undefined MODULE_NOT_FOUND",
    ):
        assert failures.of_run(log) is None
