"""Known failures: output of builds and programs, and the flag of `dockgen add` that may help.

Pure. The first matching entry of the table is used, so more specific ones come first.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from dockgen.add import headers

# How much of a log is searched, in characters from its end: errors come last.
_LOOKED_AT = 40_000
_COLOR = re.compile(r"\x1b\[[\d;]*m")


@dataclass(frozen=True)
class Likely:
    """The likely cause, and what to type: flags of `dockgen add`, or a command."""

    cause: str
    fix: str


@dataclass(frozen=True)
class _Known:
    pattern: re.Pattern[str]
    likely: Callable[[re.Match[str]], Likely]


def _known(pattern: str, cause: str, fix: str | Callable[[re.Match[str]], str]) -> _Known:
    """Return an entry: ``{0}`` and so on in its text are groups of the pattern."""

    def likely(match: re.Match[str]) -> Likely:
        groups = [group or "" for group in match.groups()]
        return Likely(cause.format(*groups), fix(match) if callable(fix) else fix.format(*groups))

    return _Known(re.compile(pattern, re.MULTILINE), likely)


def _header(match: re.Match[str]) -> str:
    return f"--native-build {headers.package(match[1])}"


_BUILD: Sequence[_Known] = (
    _known(
        r"attempted static link of dynamic object|have you installed the static version",
        "the C code calls a library that can't be linked statically",
        "--flavor slim",
    ),
    _known(r"ld: cannot find -l(\w+)", "the C library {0} is missing", "--native-build lib{0}-dev"),
    _known(
        r"^.*go: .* requires go >= (\d+\.\d+)[\d.]* \(running",
        "the program needs Go {0} or later",
        "--version {0}",
    ),
    _known(
        r"tokeninternal\.go:\S+ invalid array length -delta \* delta"
        r"|can't be built on Go 1\.\d+"
        r"|undefined: http2\.\w+$"
        r"|link: [\w./-]+: invalid reference to (?:runtime|syscall|reflect)\.",
        "a package that go.mod names is too old for this Go",
        "--version with the Go that your CI has, or update the package",
    ),
    _known(r"fatal error: ([\w./+-]+\.h): No such file", "the C header {0} is missing", _header),
    _known(r"Error: (pg_config|mysql_config) (?:executable )?not found", "{0} is missing", _header),
    _known(
        r"(xslt-config|xml2-config|mysql_config|pg_config):? (?:command )?not found",
        "{0} is missing",
        _header,
    ),
    _known(
        r"Package '?([\w.+-]+)'?,? (?:required by .*|was )?not found"
        r"|No package '([\w.+-]+)' found",
        "a library is missing: {0}{1}",
        lambda m: f"--native-build lib{(m[1] or m[2]).removeprefix('lib')}-dev",
    ),
    _known(
        r"error: (?:command '?|linker `?)(gcc|cc|g\+\+|x86_64-linux-gnu-gcc)'?`? "
        r"(?:failed: No such file|not found)|No such file or directory: '(?:gcc|cc|g\+\+)'"
        r"|\bunable to execute \W?(gcc|g\+\+|cc)\b",
        "a package must be compiled, but there is no compiler",
        "--native-build build-essential",
    ),
    _known(
        r"can't find Rust compiler|Cargo, the Rust package manager, is not installed"
        r"|requires rustc|is newer than PyO3's maximum",
        "a package has no wheel for this Python, and needs Rust to compile",
        "--version with the Python that your lock file was written for, such as --version 3.13",
    ),
    _known(
        r"[Tt]he lockfile at `uv\.lock` needs to be updated|Unable to find lockfile at `uv\.lock`",
        "uv.lock doesn't fit pyproject.toml",
        "uv lock",
    ),
    _known(
        r"pyproject\.toml changed significantly since poetry\.lock was last generated",
        "poetry.lock doesn't fit pyproject.toml",
        "poetry lock",
    ),
    _known(
        r"Unable to find installation candidates for ([\w.-]+) \(",
        "the package index has no file of {0} for this Python, or isn't PyPI and lacks its JSON",
        "--data package_index=URL with your index, or --version with an older Python",
    ),
    _known(
        r"`npm ci` can only install packages when",
        "package-lock.json doesn't fit package.json",
        "npm install",
    ),
    _known(
        r"npm error code EUSAGE|The `npm ci` command can only install",
        "package-lock.json is missing or doesn't fit",
        "npm install",
    ),
    _known(
        r"ERR_PNPM_(?:OUTDATED_LOCKFILE|LOCKFILE_\w+|NO_LOCKFILE)",
        "pnpm-lock.yaml doesn't fit package.json",
        "pnpm install",
    ),
    _known(
        r"YN0028|Your lockfile needs to be updated",
        "yarn.lock doesn't fit package.json",
        "yarn install",
    ),
    _known(r"Pipfile\.lock .* out of date", "Pipfile.lock doesn't fit the Pipfile", "pipenv lock"),
    _known(r"missing go\.sum entry", "go.sum lacks an entry", "go mod tidy"),
    _known(
        r"no required module provides package ([\w./-]+)", "go.mod doesn't name {0}", "go mod tidy"
    ),
    _known(
        r"pattern ([\w./*-]+): no matching files found",
        "files that Go embeds are missing: {0}",
        "--frontend FOLDER if a front end makes them, or commit them",
    ),
    _known(
        r"gyp ERR! (?:find Python|stack Error: not found: make)",
        "a Node package must be compiled",
        "--script with the name of that package",
    ),
    _known(
        r"JavaScript heap out of memory",
        "the build needs more memory than Node uses by default",
        "--build 'NODE_OPTIONS=--max-old-space-size=4096 npm run build'",
    ),
    _known(
        r'failed to calculate checksum of ref .*: "/?([^"]+)": not found|"/([^"]+)": not found',
        "{0}{1} isn't in the build context",
        lambda m: f"a line at the end of .dockerignore: !{m[1] or m[2]}",
    ),
    _known(
        r"(?:sh|/bin/sh): (?:\d+: )?(?:1: )?([\w.-]+): not found",
        "the build runs {0}, which isn't installed",
        "--native-build {0}",
    ),
    _known(
        r"Failed to fetch [`'\"]?[\w ]+?[`'\"]? from Google Fonts|next/font/google/\w+",
        "the build downloads a font from Google, which it can't reach",
        "again where fonts.googleapis.com can be reached, or keep the font in the repository: "
        "next/font/local",
    ),
    _known(
        r"failed to resolve source metadata for (?:docker\.io/library/)?([^\s:]+:[^\s:]+):",
        "the base image {0} can't be downloaded",
        "docker pull {0}",
    ),
    _known(
        r"unable to select packages:\s+([\w.+-]+)",
        "Alpine has no package {0}",
        "--flavor slim",
    ),
    _known(
        r"(?:server response: This module|404 Not Found|E404|No matching version found"
        r"|not found in registry)[^\n]*",
        "a package can't be downloaded: the index doesn't have it",
        "try again, or write the lock file again",
    ),
)


def _writable(match: re.Match[str]) -> str:
    folder = _folder(match[1])
    if folder == "/app":  # Where the code lies: no volume can be there.
        return "let it write into a folder of its own, and name that: --writable data"
    return f"--writable {folder}"


def _needed(match: re.Match[str]) -> str:
    path = match[1]
    if not path.startswith("/") or path.startswith("/app/"):
        return f"--file {path}, or --native-run with the package, if it is a program"
    return (
        f"mount yours in compose.yaml: ./{path.rpartition('/')[2]}:{path}:ro,"
        " or --argument with the option that names another file"
    )


def _port(match: re.Match[str]) -> str:
    """Return the port, or what moves it to one that doesn't need root."""
    if int(match[1]) >= _LOWEST_PORT:
        return f"--port {match[1]}"
    return "--port 8080, with the option that moves it: --argument=--port=8080"


# Ports below it need root.
_LOWEST_PORT = 1024
# The words of a flag and of one folder.
_FLAG_AND_FOLDER = 2

_RUN: Sequence[_Known] = (
    _known(
        r"\b(?:mkdir|open|create|rename|unlink|chmod) ([\w./-]+): (?:read-only|permission denied)",
        "it writes to {0}",
        _writable,
    ),
    _known(
        r"^the image has package managers or compilers: (?:/app/.venv/[\w./-]*/(?:pip|uv)[\w.]*"
        r"(?:, (?=/app)|$))+",
        "a package that the project asks for needs pip or uv itself",
        "--data 'policy={{ignored_rules: {{DG107: it runs pip}}}}'",
    ),
    _known(
        r"(?:Read-only file system|EROFS|read-only file system)[^\n'\"]*['\"]?([\w./-]+)?",
        "it writes to {0}",
        _writable,
    ),
    _known(
        r"(?:Permission denied|EACCES|permission denied)[^\n'\"]*['\"]?(/[\w./-]+)",
        "it isn't allowed to write to {0}",
        _writable,
    ),
    _known(
        r"unable to open database file",
        "it can't write its database",
        "--writable with the folder of the database",
    ),
    _known(
        r"bind: permission denied|EACCES: permission denied 0\.0\.0\.0:(\d+)",
        "it listens on a port that needs root",
        "--port 8080, and --open with the variable that moves it",
    ),
    _known(
        r"gets no answer: it listens on (?:\d+\.\d+\.\d+\.\d+|\[::\]):(\d+)$",
        "it listens on port {0}",
        _port,
    ),
    _known(
        r"The server does not support SSL connections",
        "it asks PostgreSQL for TLS, which the one beside it doesn't have",
        "--setting with the variable that turns TLS off, if it has one",
    ),
    _known(r"KeyError: '([A-Z][A-Z0-9_]+)'", "the setting {0} is missing", "--setting {0}=VALUE"),
    _known(
        r"(?:[Mm]issing|[Rr]equired|must be set|is not set|not defined|undefined)"
        r"[^\n]{0,60}?\b((?!ERR_)[A-Z][A-Z0-9]*_[A-Z0-9_]+)\b(?<!_NOT_FOUND)",
        "the setting {0} is missing",
        "--setting {0}=VALUE",
    ),
    _known(
        r"\b((?!ERR_)[A-Z][A-Z0-9]*_[A-Z0-9_]+)\b(?<!_NOT_FOUND)[^\n]{0,60}?"
        r"(?:is required|is not set|must be set|not set|missing|is undefined)",
        "the setting {0} is missing",
        "--setting {0}=VALUE",
    ),
    _known(
        r"^(\w+)\n  Field required \[type=missing",
        "a setting is missing: {0}",
        lambda m: f"--setting {m[1].upper()}=VALUE",
    ),
    _known(
        r"ModuleNotFoundError: No module named 'psycopg2'",
        "no driver for the address of the database is installed",
        "--setting DATABASE_URL=postgresql+psycopg://app:app@postgres:5432/app, with your driver",
    ),
    _known(
        r"ModuleNotFoundError: No module named '([\w.]+)'",
        "the Python module {0} isn't installed",
        "--package with the name on PyPI, or --extra with the group that has it",
    ),
    _known(
        r"Cannot find module '(?:\.\.?/)+([^']+\.(?:json|ya?ml|toml))'",
        "it reads {0}, which isn't in the repository",
        "again with that file in git, such as a copy of an example beside it",
    ),
    _known(
        r"Cannot find (?:module|package) '([^']+)'",
        "Node can't find {0}",
        "--entry with the file that the build writes, or --output with its folder",
    ),
    _known(
        r"exec:? \"?([\w./-]+)\"?: (?:executable file not found|no such file)",
        "it starts {0}, which isn't in the image",
        "--entry with another command, or --native-run with the package that has it",
    ),
    _known(
        r"(?:ECONNREFUSED|[Cc]onnection refused|could not connect)[^\n]*?5432",
        "it can't connect to PostgreSQL",
        "--beside postgres",
    ),
    _known(
        r"(?:ECONNREFUSED|[Cc]onnection refused|Error 111 connecting)[^\n]*?6379",
        "it can't connect to Redis",
        "--beside redis",
    ),
    _known(
        r"(?:ECONNREFUSED|[Cc]onnection refused)[^\n]*?3306",
        "it can't connect to MySQL",
        "--beside mysql",
    ),
    _known(
        r"(?:ECONNREFUSED|[Cc]onnection refused)[^\n]*?27017",
        "it can't connect to MongoDB",
        "--beside mongo",
    ),
    _known(
        r"pq: SSL is not enabled on the server|server refused TLS connection",
        "its driver insists on TLS, which the database beside it doesn't have",
        "--setting DATABASE_URL=postgresql://app:app@postgres:5432/app?sslmode=disable, "
        "with your variable",
    ),
    _known(
        r"FileNotFoundError: \[Errno 2\] No such file or directory: '([^']+)'",
        "it needs {0}",
        _needed,
    ),
    _known(
        r"ENOENT: no such file or directory, \w+ '(?:/app/)?([^']+)'", "it reads {0}", "--file {0}"
    ),
    _known(r"open ([\w./-]+): no such file or directory", "it reads {0}", "--file {0}"),
    _known(
        r"error while loading shared libraries: (\S+):|Error loading shared library (\S+):",
        "the library {0}{1} is missing",
        "--native-run with the package that has it",
    ),
    _known(
        r"it was still running after \d+ s",
        "it is no job: it doesn't end by itself",
        "--workload worker, or --workload service and --port with its port",
    ),
    _known(
        r"^GET (\S+) on port \d+ returns status (\d+), not 200",
        "{0} is no health route: it answers {1}",
        "--health with a route that answers 200, or --health '' to check only the port",
    ),
    # Nothing that is known: what it printed last has to tell.
    _known(
        r"it ended with exit code [1-9]\d*, not 0; it last printed: (?:[^\n]* \| )?([^\n|]+)$",
        "it stops by itself, because of what it printed last: {0}",
        "--setting NAME=VALUE, --argument=VALUE or --file PATH, with what it asks for",
    ),
)


def writable(likely: Likely | None) -> str:
    """Return the folder that must be writable; "" if that isn't the cause."""
    words = likely.fix.split() if likely else []
    return words[1] if words[:1] == ["--writable"] and len(words) == _FLAG_AND_FOLDER else ""


def is_no_route(likely: Likely | None) -> bool:
    """Return whether the program answers, but its health route doesn't with 200."""
    return likely is not None and likely.fix.startswith("--health")


def of_build(log: str) -> Likely | None:
    """Return the likely reason why a build failed, from its output, or None."""
    return _first(_BUILD, log)


def of_run(log: str) -> Likely | None:
    """Return the likely reason why a program failed, from its output, or None."""
    return _first(_RUN, log)


def _first(table: Sequence[_Known], log: str) -> Likely | None:
    text = _COLOR.sub("", log[-_LOOKED_AT:])
    for known in table:
        if match := known.pattern.search(text):
            return known.likely(match)
    return None


def _folder(path: str | None) -> str:
    """Return the folder of a file that couldn't be written; without a suffix, it is the folder."""
    if not path:
        return "with that folder"
    head, _, tail = path.rpartition("/")
    return (head or "/") if "." in tail else path
