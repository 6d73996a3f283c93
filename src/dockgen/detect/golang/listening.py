"""Where a program listens, and which of its routes tells that it is well."""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from dockgen.detect import syntax
from dockgen.detect.golang.packages import Program
from dockgen.detect.golang.values import Code, Value
from dockgen.detect.model import Evidence
from dockgen.detect.repository import Repository
from dockgen.detect.syntax import Call

if TYPE_CHECKING:
    from tree_sitter import Node

# The routes that tell of health by their name, the plainest first.
_HEALTH = [
    "/healthz",
    "/health",
    "/healthcheck",
    "/health-check",
    "/-/healthy",
    "/livez",
    "/live",
    "/liveness",
    "/health/live",
    "/healthz/live",
    "/readyz",
    "/ready",
    "/readiness",
    "/-/ready",
    "/health/ready",
    "/ping",
    "/up",
    "/status",
    "/_health",
    "/__heartbeat__",
    "/heartbeat",
    "/alive",
]
_METHODS = frozenset(
    [
        "HandleFunc",
        "Handle",
        "Get",
        "GET",
        "Any",
        "Head",
        "HEAD",
        "Add",
        "Route",
        "Path",
        "Match",
        "Method",
        "MethodFunc",
        "All",
        "Use",
        "HandlerFunc",
        "Endpoint",
        "Heartbeat",
    ]
)
_RESOLVED = ("identifier", "selector_expression", "call_expression", "binary_expression")
_ADDRESS = re.compile(r"(?:tcp://)?(?:(\[[\w:.]*\]|::|[\w.*-]*):)?(\d{1,5})?")
# What sets a port or an address is called so.
_NAMED = re.compile(r"port|addr|listen|bind|host|endpoint", re.IGNORECASE)
_ALL = "0.0.0.0"
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
# A listener of something else than what the service is for, told by the names around it.
_ASIDE = re.compile(
    r"metric|pprof|debug|admin|profil|prometheus|raft|ssh|gossip|cluster|https|tls|peer|redirect"
    r"|smtp|dns|proxy|telemetry|diagnos|ssl|cert|client|tunnel|AutoTLS",
    re.IGNORECASE,
)


class Address(NamedTuple):
    """What a program listens on: the host ("" for all), the port (None if it isn't set)."""

    host: str
    port: int | None
    value: Value
    words: str
    is_aside: bool


def _sinks(code: Code, program: Program) -> Iterator[tuple[str, "Node | None", Call | None, str]]:
    """The expressions that are listened on: what it is called, the node, the call, the file."""
    echo = program.uses("github.com/labstack/echo")
    gin = program.uses("github.com/gin-gonic/gin")
    fiber = program.uses("github.com/gofiber/fiber", "github.com/kataras/iris")
    for call in code.calls:
        arguments = call.arguments
        if call.last in ("ListenAndServe", "ListenAndServeTLS", "ListenAndServeAutoTLS"):
            if arguments:
                yield f"{call.name}(…)", arguments[0], call, call.file
        elif call.last in ("Listen", "ListenTCP", "Announce"):
            kinds = [syntax.string(one) or "" for one in arguments]
            after = [n for n, kind in enumerate(kinds) if kind.startswith("tcp")]
            if after and after[0] + 1 < len(arguments):
                yield f'{call.name}("tcp", …)', arguments[after[0] + 1], call, call.file
            elif call.name == "net.Listen" and len(arguments) == 2 and not kinds[0]:
                yield "net.Listen(…)", arguments[1], call, call.file
            elif fiber and arguments and call.name != "net.Listen":
                yield f"{call.name}(…)", arguments[0], call, call.file
        elif call.last == "Start" and echo and len(arguments) == 1:
            yield f"{call.name}(…)", arguments[0], call, call.file
        elif call.last == "Run" and gin and len(arguments) <= 1 and "cmd" not in call.name.lower():
            yield f"{call.name}(…)", arguments[0] if arguments else None, call, call.file
        elif call.last == "AddFlags" and len(arguments) == 2 and "web" in call.name:
            yield f"{call.name}(…)", arguments[1], call, call.file
    for kind, node, path in code.literals:
        if kind.lstrip("&").endswith("Server") or kind in ("StartConfig", "ListenConfig"):
            body = node.child_by_field_name("body")
            for one in body.named_children if body is not None else ():
                if one.type == "keyed_element" and syntax.text(one.named_children[0]) == "Addr":
                    yield f"{kind}{{Addr: …}}", one.named_children[-1].named_children[0], None, path
    for told in code.names.get("Addr", []):
        parent = told.node.parent.parent if told.node is not None and told.node.parent else None
        if parent is not None and parent.type == "assignment_statement":
            left = syntax.text(parent.child_by_field_name("left"))
            if re.search(r"(?i)(server|srv|^s)\.Addr$", left):
                yield f"{left} = …", told.node, None, told.file


def addresses(code: Code, program: Program) -> list[Address]:
    """The addresses that a program listens on, each once, the likeliest first."""
    found: dict[tuple[str, int | None, str], Address] = {}
    for words, node, call, path in _sinks(code, program):
        if node is None and call is not None:  # gin's Run() without an address
            value = Value(":8080", "PORT", "", path, call.line)
            found.setdefault(("", 8080, "PORT"), Address("", 8080, value, "gin's Run()", False))
            continue
        if node is None:
            continue
        around = f"{syntax.text(node)} {_function(node)} {path.rpartition('/')[2]}"
        for value in code.of(node, path):
            parsed = _ADDRESS.fullmatch(value.text.strip())
            if not parsed or not (value.text or value.env or value.flag):
                continue
            port = int(parsed[2]) if parsed[2] else None
            if port is not None and not 0 < port < 65536:
                continue
            if port is None and not _NAMED.search(f"{value.env}{value.flag}"):
                continue
            aside = bool(_ASIDE.search(f"{around} {words} {value.env} {value.flag} {value.file}"))
            host = _host(parsed[1])
            key = (host, port, value.env or value.flag)
            found.setdefault(key, Address(host, port, value, words, aside))
    if not found:
        found = {("", one.port, one.value.env): one for one in _optioned(code)}
    return sorted(found.values(), key=lambda one: (one.is_aside, one.port is None))


def _host(text: str | None) -> str:
    """A host as an address has it; "" for all."""
    host = (text or "").strip("[]")
    return "" if host in ("*", _ALL, "::") else host


def _optioned(code: Code) -> Iterator[Address]:
    """Addresses in a table of options: ``"LISTEN_ADDR": {value: "127.0.0.1:8080"}``."""
    for key, node, path in code.options:
        if not re.search("LISTEN|BIND|HTTP_ADDR|^ADDR", key) or _ASIDE.search(key):
            continue
        for literal in syntax.walk(node, "interpreted_string_literal"):
            parsed = _ADDRESS.fullmatch(syntax.string(literal) or "")
            if parsed and parsed[2] and parsed[1] is not None:
                text = syntax.string(literal) or ""
                value = Value(text, key, "", path, syntax.line(literal))
                yield Address(_host(parsed[1]), int(parsed[2]), value, f'"{key}": …', False)
                break


def _function(node: "Node") -> str:
    """The name of the function around a node."""
    parent = node.parent
    while parent is not None and parent.type not in ("function_declaration", "method_declaration"):
        parent = parent.parent
    return syntax.text(parent.child_by_field_name("name")) if parent is not None else ""


def serves(code: Code, program: Program) -> Call | None:
    """The first call that listens or serves."""
    names = {"ListenAndServe", "ListenAndServeTLS", "Serve", "ServeTLS"}
    for words, _, call, _ in _sinks(code, program):
        if call is not None and words:
            return call
    for call in code.calls:
        if call.last in names and call.name.count(".") <= 2:
            return call
    return None


def look(repository: Repository, program: Program, code: Code, exposed: frozenset[int]) -> Evidence:
    """The signals of the port, of the address and of the route; ``exposed`` are a Dockerfile's."""
    evidence = Evidence()
    found = addresses(code, program)
    near = [one for one in found if not one.is_aside] or found
    ports = {one.port for one in near if one.port is not None}
    if len(ports) > 1 and len(ports & exposed) == 1:
        near = [one for one in near if one.port in exposed]
        ports &= exposed
    moved = sorted(near, key=lambda one: not (one.value.env or one.value.flag))
    # One address by several ways: the one that can be changed is it.
    chosen = next((one for one in moved if one.port is not None), None)
    told: set[int | None] = set()
    for one in [*([chosen] if chosen else []), *near, *found]:
        if one.port not in told and (one.port or not told):
            told.add(one.port)
            _add_port(evidence, one, weak=len(ports) > 1 or one not in near)
    if first := chosen or next(iter(near), None):
        _add_bind(evidence, first)
    _add_health(evidence, repository, code)
    return evidence


def _words(one: Address) -> str:
    told = ", ".join(filter(None, (one.value.flag, one.value.env)))
    return " ".join(filter(None, (one.words, told, one.value.text)))


def setting(value: Value, text: str) -> str:
    """What sets a value to a text: ``NAME=text``, or ``--flag=text`` for the command."""
    return f"{value.env}={text}" if value.env else f"{value.flag}={text}"


def _add_port(evidence: Evidence, one: Address, *, weak: bool) -> None:
    value = one.value
    words = _words(one)
    whole = ":" in value.text  # the variable, or the flag, holds host and port
    if one.port is None:
        if value.env or value.flag:
            evidence.default("port", 8080, f"{words}: not set", value.file, value.line)
            if not evidence.of("open"):
                text = "{port}" if _is_number(value) else ":{port}"
                evidence.add("open", setting(value, text), words, value.file, value.line)
    elif one.port < 1024 and (value.env or value.flag):
        moved = one.port + 8000
        words = f"{words}: moved, below 1024 is for root"
        evidence.add("port", moved, words, value.file, value.line, weak=weak)
        if not evidence.of("open"):
            text = ":{port}" if whole and not _is_number(value) else "{port}"
            evidence.add("open", setting(value, text), words, value.file, value.line)
    else:
        evidence.add("port", one.port, words, value.file, value.line, weak=weak)


def _is_number(value: Value) -> bool:
    """Whether a variable or a flag by its name holds the port alone."""
    name = (value.env or value.flag).lower()
    return "port" in name and "addr" not in name


def _add_bind(evidence: Evidence, one: Address) -> None:
    value = one.value
    if one.host in _LOOPBACK:
        evidence.add("bind", "127.0.0.1", _words(one), value.file, value.line)
        if value.before and not evidence.of("open"):
            evidence.add("open", f"{value.before}={_ALL}", _words(one), value.file, value.line)
        elif (value.env or value.flag) and one.port and not evidence.of("open"):
            text = f"{_ALL}:{{port}}" if not _is_number(value) else "{port}"
            if re.search("host|bind|^ip$", (value.env or value.flag).lower()):
                text = _ALL
            evidence.add("open", setting(value, text), _words(one), value.file, value.line)
    else:
        evidence.add("bind", _ALL, _words(one), value.file, value.line)


def _add_health(evidence: Evidence, repository: Repository, code: Code) -> None:
    found: list[tuple[int, bool, str, Call]] = []
    root: Call | None = None
    for call in code.calls:
        if call.last not in _METHODS or not call.arguments:
            continue
        for argument in call.arguments[:2]:
            route = syntax.string(argument)
            if route is None and argument.type in _RESOLVED:
                route = next((one.text for one in code.of(argument, call.file, 3)), None)
            if not route:
                continue
            method, _, path = route.rpartition(" ")
            if method not in ("", "GET", "HEAD") or not path:
                continue
            whole = _prefix(call, code) + (path if path.startswith("/") else f"/{path}")
            whole = re.sub("/+", "/", whole)
            if whole in ("/", "/{$}"):
                root = root or call
            elif rank := _rank(whole):
                found.append((rank, len(whole) > 40, whole, call))
            break
    for rank, _, path, call in sorted(found, key=lambda one: (one[0], len(one[2])))[:4]:
        first = not evidence.of("health")
        words = f"{call.last}(…{path}…)"
        evidence.add("health", path, words, call.file, call.line, weak=not first or rank > 100)
    if not found:
        _add_compared(evidence, repository, code)
    if root is not None and not evidence.of("health"):
        words = f'{root.last}("/", …): a guess'
        evidence.default("health", "/", words, root.file, root.line)


def _rank(path: str) -> int:
    """How plainly a path tells of health, from 1; 0 if it doesn't."""
    plain = path.rstrip("/").lower()
    for number, name in enumerate(_HEALTH, 1):
        if plain == name:
            return number
        if plain.endswith(name) and not re.search(r"[{:*]|/\w*(user|order|payment)", plain):
            return number + 40 + (100 if name in ("/status", "/up", "/live", "/alive") else 0)
    return 0


def _prefix(call: Call, code: Code, depth: int = 4) -> str:
    """The path of the group that a route is in."""
    parts = []
    node = call.node.parent
    while node is not None:  # r.Route("/api", func(r) { r.Get("/health", …) })
        if node.type == "call_expression" and node is not call.node:
            function = node.child_by_field_name("function")
            last = syntax.text(function).rpartition(".")[2] if function else ""
            arguments = node.child_by_field_name("arguments")
            if last in ("Route", "Group") and arguments is not None and arguments.named_children:
                parts.append(syntax.string(arguments.named_children[0]) or "")
        node = node.parent
    inside = "/".join(reversed(parts))
    receiver = call.name.rpartition(".")[0]
    if parts or depth <= 0 or not receiver.isidentifier():
        return inside
    for one in code.names.get(receiver, []):
        made = one.node
        if one.file == call.file and made is not None and made.type == "call_expression":
            function = made.child_by_field_name("function")
            name = syntax.text(function)[:200]
            arguments = made.child_by_field_name("arguments")
            first = syntax.string(next(iter(arguments.named_children), None)) if arguments else None
            if re.search(r"\.(Group|PathPrefix|Party)\b", name):
                if first is None:  # r.PathPrefix("/api").Subrouter()
                    quoted = re.search(r'PathPrefix\("([^"]*)"\)', syntax.text(made)[:200])
                    first = quoted[1] if quoted else ""
                outer = Call(f"{name.split('.')[0]}.x", "x", [], made, call.file)
                before = _prefix(outer, code, depth - 1) if outer.name != call.name else ""
                return f"{before}/{first}" if first else before
    return inside


def _add_compared(evidence: Evidence, repository: Repository, code: Code) -> None:
    """A route that a program compares by itself: ``strings.HasPrefix(r.URL.Path, "/readyz")``."""
    files = {call.file for call in code.calls if call.last in ("ServeHTTP", "HandlerFunc", "Serve")}
    files |= {call.file for call in code.calls if "URL.Path" in syntax.text(call.node)[:200]}
    for path in sorted(files):
        for node in syntax.walk(syntax.tree(repository, path), "interpreted_string_literal"):
            text = syntax.string(node) or ""
            if text in _HEALTH[:20] and node.parent is not None:
                around = syntax.text(node.parent.parent)[:200]
                if "URL.Path" in around or "case" in around[:5]:
                    words = f'URL.Path is compared with "{text}"'
                    evidence.add("health", text, words, path, syntax.line(node), weak=True)
    if len(evidence.of("health")) > 1:
        signals = evidence.signals["health"]
        signals.sort(key=lambda one: _HEALTH.index(one.value))
        evidence.signals["health"] = [replace(one) for one in signals[:4]]
