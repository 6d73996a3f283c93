"""Where a Python program listens: from the calls that start it, and from its settings."""

import re

from dockgen.detect import syntax
from dockgen.detect.model import Argv, Evidence, Setting
from dockgen.detect.python import code as source
from dockgen.detect.python import servers
from dockgen.detect.python.candidates import starts_of
from dockgen.detect.python.code import Code, Start
from dockgen.detect.python.project import Project
from dockgen.detect.python.settings import Settings

# Ports that aren't the service's own.
_OTHERS = re.compile(
    r"(?:DB|DATABASE|PG|POSTGRES\w*|MYSQL|MARIADB|REDIS|MONGO\w*|SMTP|MAIL|EMAIL|RABBIT\w*|AMQP|KAFKA|ES|"
    r"ELASTIC\w*|PROXY|SSH|FTP|STATSD|GRAPHITE|MEMCACHED?|CACHE|LDAP|MQTT|NATS|PROMETHEUS|METRICS|"
    r"BROKER|QUEUE|CLICKHOUSE|VALKEY|DEBUG\w*|DEBUGPY|JAEGER|OTEL\w*|IMAP|POP|SYSLOG|CHROMA|QDRANT|"
    r"GRPC|REMOTE|TARGET|UPSTREAM|CLIENT|PUBLIC|EXTERNAL)_",
    re.IGNORECASE,
)
_LOWEST_PORT = 1024
_ALL = ("", "0.0.0.0", "::")
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def look(project: Project, code: Code, settings: Settings, entry: Argv, found: Evidence) -> None:
    """Add port and address of a program that starts by ``entry``."""
    if not entry:
        return
    own = servers.is_web(entry)
    calls = starts_of(entry, project, code)
    said = Evidence()
    for start in [*calls, *(one for one in code.starts if one not in calls)]:
        _started(start, settings, said, strong=start in calls and not own, address=not own)
    _asked(settings, said, own=own, service=bool(calls) or own)
    if not own:
        if any(word in ("0.0.0.0", "::", "[::]") or "=0.0.0.0" in word for word in entry):
            said.signals.pop("open", None)
            said.signals.pop("bind", None)
            said.add("bind", "0.0.0.0", " ".join(entry))
        found.take(said)
        return
    # Its server gets the port as an option: the code's default is for developers.
    found.add("bind", "0.0.0.0", " ".join(entry).replace(":{port}", ""))
    for signal in said.of("port"):
        if signal.value < _LOWEST_PORT:
            continue  # for developers, or only for root in another image
        found.default("port", signal.value, signal.words, signal.file, signal.line)
    found.default("port", servers.default_port(entry), f"{entry[0]}'s default")


def _started(
    start: Start, settings: Settings, found: Evidence, *, strong: bool, address: bool
) -> None:
    """Add the port and the address of a call such as ``uvicorn.run(app, port=8000)``."""
    last = start.call.rpartition(".")[2]
    node = source.argument(start.node, "port")
    host = source.argument(start.node, "host") or source.argument(start.node, "address")
    arguments = source.positional(start.node)
    pair = next((one for one in arguments if one.type == "tuple"), None)
    if pair is not None and "HTTPServer" in last and len(pair.named_children) == 2:
        host, node = pair.named_children
    elif "HTTPServer" in last or last == "WSGIServer":
        node = node or None
    port, variable = settings.number(node)
    if port is None and last == "run_app" and strong:
        found.default("port", 8080, "aiohttp's default", start.path, start.line)
    if port is not None and 0 < port < 65_536:
        shown = f"{start.call}(…, port={syntax.text(node)[:50]})"
        found.add("port", port, shown, start.path, start.line, weak=not strong)
        if variable and strong:
            setting = Setting(variable, str(port))
            found.add("setting", setting, shown, start.path, start.line, weak=True)
    if not (strong and address):
        return
    where, variable = settings.words(host)
    if host is None and last in ("run", "run_simple") and not start.call.startswith("asyncio"):
        if start.call in ("asyncio.run", "anyio.run", "trio.run"):
            return
        where = "127.0.0.1" if (port or node is not None) else None
    if where is not None:
        shown = f"{start.call}(…, host={syntax.text(host) or 'its default'})"
        local = where in _LOOPBACK
        value = "127.0.0.1" if local else "0.0.0.0"
        found.add("bind", value, shown, start.path, start.line)
        if local and variable:
            found.add("open", f"{variable}=0.0.0.0", shown, start.path, start.line)
        last_name = syntax.text(host).rpartition(".")[2].replace("_", "-")
        option = next((one for one in settings.options if one.name == last_name), None)
        if local and option:
            shown = f"--{option.name}, else {where}"
            found.add("open", f"--{option.name}=0.0.0.0", shown, option.path, option.line)


def _asked(settings: Settings, found: Evidence, *, own: bool, service: bool) -> None:
    """Add the port and the address from variables and options with typical names."""
    for read in settings.reads:
        last = read.name.upper()
        if re.fullmatch(
            r"(?:\w+_)?(?:PORT|SERVER_PORT|HTTP_PORT|LISTEN_PORT)", last
        ) and not _OTHERS.search(last):
            port, _ = settings.number(read.default)
            if port and 0 < port < 65_536:
                shown = f"{read.name} or {port}"
                found.add("port", port, shown, read.path, read.line, weak=True)
        if re.fullmatch(r"(?:\w+_)?(?:HOST|BIND|LISTEN|BIND_ADDRESS|ADDRESS)", last) and not own:
            where, _ = settings.words(read.default)
            if where in _LOOPBACK and service and not _OTHERS.search(last):
                found.add(
                    "open",
                    f"{read.name}=0.0.0.0",
                    f"{read.name} or {where}",
                    read.path,
                    read.line,
                    weak=True,
                )
    for option in settings.options:
        if option.name in ("port", "http-port", "listen-port", "server-port"):
            port, _ = settings.number(option.value)
            if port and 0 < port < 65_536:
                shown = f"--{option.name}, else {port}"
                found.add("port", port, shown, option.path, option.line, weak=True)
        where = settings.words(option.value)[0]
        if (
            option.name in ("host", "bind", "address")
            and where in _LOOPBACK
            and service
            and not own
        ):
            shown = f"--{option.name}, else {where}"
            found.add("bind", "127.0.0.1", shown, option.path, option.line, weak=True)
            found.add(
                "open", f"--{option.name}=0.0.0.0", shown, option.path, option.line, weak=True
            )
        elif option.name in ("host", "bind", "address") and where in _ALL and not own:
            shown = f"--{option.name}, else {where}"
            found.add("bind", "0.0.0.0", shown, option.path, option.line, weak=True)
