"""Where a Go program listens."""

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from dockgen.detect import syntax, written
from dockgen.detect.golang.modules import Module
from dockgen.detect.golang.packages import Program
from dockgen.detect.golang.values import Code, Value
from dockgen.detect.model import Evidence
from dockgen.detect.repository import Repository
from dockgen.detect.syntax import Call

if TYPE_CHECKING:
    from tree_sitter import Node

_ADDRESS = re.compile(r"(?:tcp://)?(?:(\[[\w:.]*\]|::|[\w.*-]*):)?(\d{1,5})?")
# Typical names of settings for a port or an address.
_NAMED = re.compile(r"port|addr|listen|bind|host|endpoint", re.IGNORECASE)
_ALL = "0.0.0.0"
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
# Listeners for something else than the service's purpose, by the names around them.
_ASIDE = re.compile(
    r"metric|pprof|debug|admin|profil|prometheus|raft|ssh|gossip|cluster|https|tls|peer|redirect"
    r"|smtp|pop3|imap|grpc|dns|proxy|telemetry|diagnos|ssl|cert|client|tunnel|AutoTLS|websocket",
    re.IGNORECASE,
)


class Address(NamedTuple):
    """An address to listen on: the host ("" for all), the port (None if it isn't set)."""

    host: str
    port: int | None
    value: Value
    words: str
    is_aside: bool


def _sinks(code: Code, program: Program) -> Iterator[tuple[str, "Node | None", Call | None, str]]:
    """Yield the expressions that are listened on: name, node, call and file."""
    echo = program.uses("github.com/labstack/echo")
    gin = program.uses("github.com/gin-gonic/gin")
    fiber = program.uses("github.com/gofiber/fiber", "github.com/kataras/iris")
    exporter = program.uses("github.com/prometheus/exporter-toolkit/web")
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
        elif call.last == "AddFlags" and len(arguments) == 2 and exporter:
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
    """Return the addresses that a program listens on, each once, the likeliest first."""
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
            if key not in found or (found[key].is_aside and not aside):
                found[key] = Address(host, port, value, words, aside)
    if not found:
        found = {("", one.port, one.value.env): one for one in _optioned(code)}
    return sorted(found.values(), key=lambda one: (one.is_aside, one.port is None))


def _host(text: str | None) -> str:
    """Return the host of an address; "" for all."""
    host = (text or "").strip("[]")
    return "" if host in ("*", _ALL, "::") else host


def _optioned(code: Code) -> Iterator[Address]:
    """Yield addresses in a table of options: ``"LISTEN_ADDR": {value: "127.0.0.1:8080"}``."""
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
    """Return the name of the function around a node."""
    parent = node.parent
    while parent is not None and parent.type not in ("function_declaration", "method_declaration"):
        parent = parent.parent
    return syntax.text(parent.child_by_field_name("name")) if parent is not None else ""


def serves(code: Code, program: Program) -> Call | None:
    """Return the first call that listens or serves."""
    names = {"ListenAndServe", "ListenAndServeTLS", "Serve", "ServeTLS"}
    for words, _, call, _ in _sinks(code, program):
        if call is not None and words:
            return call
    for call in code.calls:
        if call.last in names and call.name.count(".") <= 2:
            return call
    return None


def look(
    repository: Repository, module: Module, program: Program, code: Code, exposed: frozenset[int]
) -> Evidence:
    """Return the signals of the port and the address; ``exposed`` are a Dockerfile's ports."""
    evidence = Evidence()
    examples = {one.name: one for one in written.examples(repository, module.folder)}
    found = [_with_example(one, examples) for one in addresses(code, program)]
    if not exposed & {one.port for one in found}:
        found = [one for one in found if not _needs_root(one)]
    near = [one for one in found if not one.is_aside] or found
    ports = {one.port for one in near if one.port is not None}
    if len(ports) > 1 and len(ports & exposed) == 1:
        near = [one for one in near if one.port in exposed]
        ports &= exposed
    moved = sorted(near, key=lambda one: not (one.value.env or one.value.flag))
    # If several ways give one address, use the one that can be changed.
    chosen = next((one for one in moved if one.port is not None), None)
    told: set[int | None] = set()
    for one in [*([chosen] if chosen else []), *near, *found]:
        if one.port not in told and (one.port or not told):
            told.add(one.port)
            _add_port(evidence, one, weak=len(ports) > 1 or one not in near, moves=one is chosen)
    if first := chosen or next(iter(near), None):
        _add_bind(evidence, first)
    return evidence


def _needs_root(one: Address) -> bool:
    """Return whether an address is privileged and not the service's own: a redirect to HTTPS."""
    moves = one.value.env or one.value.flag
    return one.is_aside and not moves and one.port is not None and one.port < 1024


def _with_example(one: Address, examples: Mapping[str, written.Example]) -> Address:
    """Return the address with an example file's port, for a variable without a default."""
    told = examples.get(one.value.env) if one.port is None else None
    parsed = _ADDRESS.fullmatch(told.value) if told else None
    if told is None or parsed is None or not parsed[2]:
        return one
    value = one.value._replace(text=told.value, file=told.file, line=told.line)
    return one._replace(port=int(parsed[2]), value=value)


def _words(one: Address) -> str:
    told = ", ".join(filter(None, (one.value.flag, one.value.env)))
    return " ".join(filter(None, (one.words, told, one.value.text)))


def setting(value: Value, text: str) -> str:
    """Return how to set a value: ``NAME=text``, or ``--flag=text`` for the command."""
    return f"{value.env}={text}" if value.env else f"{value.flag}={text}"


def _add_port(evidence: Evidence, one: Address, *, weak: bool, moves: bool) -> None:
    value = one.value
    words = _words(one)
    whole = ":" in value.text  # the variable or flag has host and port
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
        if moves and not evidence.of("open"):
            text = ":{port}" if whole and not _is_number(value) else "{port}"
            evidence.add("open", setting(value, text), words, value.file, value.line)
    else:
        evidence.add("port", one.port, words, value.file, value.line, weak=weak)


def _is_number(value: Value) -> bool:
    """Return whether a variable or flag has only the port, going by its name."""
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
