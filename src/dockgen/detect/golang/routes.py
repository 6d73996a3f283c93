"""Which of a Go program's routes is for health checks."""

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from dockgen.detect import syntax
from dockgen.detect.golang.values import Code, call_of
from dockgen.detect.model import Evidence
from dockgen.detect.repository import Repository
from dockgen.detect.syntax import Call

if TYPE_CHECKING:
    from tree_sitter import Node

# Routes with names for health, the clearest first.
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
    "/_healthz",
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
        "To",
    ]
)
# Of these, one argument alone is no route: http.Get(url).
_WITH_HANDLER = frozenset(["Get", "GET", "Head", "HEAD", "Any", "All"])
# Files with a server of their own, beside the service's.
_ASIDE = re.compile(r"(?i)websocket|metric|pprof|debug|profil")
_RESOLVED = ("identifier", "selector_expression", "call_expression", "binary_expression")


def look(repository: Repository, code: Code, evidence: Evidence) -> None:
    """Add the signals of the health route."""
    found: list[tuple[int, bool, str, Call]] = []
    root: Call | None = None
    for call in code.calls:
        if call.last not in _METHODS or not call.arguments:
            continue
        if call.last in _WITH_HANDLER and len(call.arguments) == 1:
            continue
        for argument in call.arguments[:2]:
            route = syntax.string(argument)
            if route is None and argument.type in _RESOLVED:
                route = next((one.text for one in code.of(argument, call.file, 3)), None)
            if route is None and argument.type == "binary_expression":
                route = syntax.string(argument.child_by_field_name("right"))  # prefix + "/health"
            if not route or re.fullmatch("[A-Z,]+", route):
                continue  # Method("GET", "/healthz", …)
            method, _, path = route.rpartition(" ")
            if method not in ("", "GET", "HEAD") or not path:
                continue
            if call.last == "Add" and not path.startswith("/"):
                continue  # to a list
            whole = _prefix(call, code) + (path if path.startswith("/") else f"/{path}")
            whole = re.sub("/+", "/", whole)
            if whole in ("/", "/{$}"):
                root = root or (None if _ASIDE.search(call.file) else call)
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
    """Return how clearly a path is for health, from 1; 0 if it isn't."""
    plain = path.rstrip("/").lower()
    for number, name in enumerate(_HEALTH, 1):
        if plain == name:
            return number
        if plain.endswith(name) and not re.search(r"[{:*]|/\w*(user|order|payment)", plain):
            return number + 40 + (100 if name in ("/status", "/up", "/live", "/alive") else 0)
    return 0


def _prefix(call: Call, code: Code, depth: int = 4) -> str:
    """Return the path of the group that a route is in."""
    parts = []
    function = None
    node = call.node.parent
    while node is not None:  # r.Route("/api", func(r) { r.Get("/health", …) })
        if node.type == "call_expression" and node is not call.node:
            outer = call_of(node, call.file)
            if outer.last in ("Route", "Group") and outer.arguments:
                parts.append(syntax.string(outer.arguments[0]) or "")
        elif node.type in ("function_declaration", "method_declaration"):
            function = node
        node = node.parent
    inside = "/".join(reversed(parts))
    receiver = call.name.rpartition(".")[0]
    if parts or depth <= 0 or not receiver.isidentifier():
        return inside
    for one in code.names.get(receiver, []):
        made = one.node
        if one.file == call.file and made is not None and made.type == "call_expression":
            group = call_of(made, call.file)
            if re.search(r"\.(Group|PathPrefix|Party)\b", group.name):
                first = syntax.string(next(iter(group.arguments), None))
                if first is None:  # r.PathPrefix("/api").Subrouter()
                    quoted = re.search(r'PathPrefix\("([^"]*)"\)', syntax.text(made)[:200])
                    first = quoted[1] if quoted else ""
                name = group.name.split(".")[0]
                before = _of_router(name, made, call, code, depth) if name != receiver else ""
                return f"{before}/{first}" if first else before
    return _mounted(receiver, call, code) or _handed(receiver, function, code, depth)


def _of_router(name: str, node: "Node", call: Call, code: Code, depth: int) -> str:
    """Return the prefix of another router in a file."""
    return _prefix(Call(f"{name}.x", "x", [], node, call.file), code, depth - 1)


def _mounted(router: str, call: Call, code: Code) -> str:
    """Return the path that a router is mounted at: ``r.Mount("/api", router)``."""
    mounts = (one for one in code.calls if one.last == "Mount" and one.file == call.file)
    for one in mounts:
        if len(one.arguments) == 2 and syntax.text(one.arguments[1]) == router:
            return (syntax.string(one.arguments[0]) or "").rstrip("/")
    return ""


def _handed(parameter: str, function: "Node | None", code: Code, depth: int) -> str:
    """Return the prefix of a router that is passed to a function: ``health.Register(api)``."""
    if function is None:
        return ""
    name = syntax.text(function.child_by_field_name("name"))
    own = re.findall(r"\w+", syntax.text(function.child_by_field_name("receiver")))
    names = [
        syntax.text(one)
        for declared in syntax.walk(function, "parameter_declaration")
        if declared.parent == function.child_by_field_name("parameters")
        for one in declared.children_by_field_name("name")
    ]
    if parameter not in names:
        return ""
    for one in code.calls:
        if one.last != name or len(one.arguments) != len(names):
            continue
        on = one.name.rpartition(".")[0].rpartition(".")[2].lower()
        if own and on and not own[-1].lower().endswith(on):
            continue
        router = syntax.text(one.arguments[names.index(parameter)])
        if router.isidentifier():
            return _of_router(router, one.node, one, code, depth)
    return ""


def _add_compared(evidence: Evidence, repository: Repository, code: Code) -> None:
    """Add a route that a program compares itself: ``strings.HasPrefix(r.URL.Path, "/readyz")``."""
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
