"""The routes of a Python service: which one tells that it is healthy."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from dockgen.detect import syntax
from dockgen.detect.model import Evidence
from dockgen.detect.python import code as source
from dockgen.detect.python.code import Code

if TYPE_CHECKING:
    from tree_sitter import Node

# The last part of a route that is made to be asked, the plainest first.
_TELLING = (
    "healthz",
    "health",
    "livez",
    "livenessz",
    "liveness",
    "live",
    "alive",
    "healthcheck",
    "health-check",
    "health_check",
    "readyz",
    "ready",
    "readiness",
    "ping",
    "heartbeat",
    "__heartbeat__",
    "__lbheartbeat__",
    "up",
    "status",
    "hc",
)
_DECORATORS = re.compile(r"[\w.()]+\.(?:get|route|api_route|head|add_get|add_route|add_api_route)")
_NEEDLES = (b"route", b".get(", b"path(", b"add_get", b"mount", b"Route(", b"re_path(")


class Route(NamedTuple):
    """A route as it is written, without what it is mounted under, and what it hangs on."""

    path: str
    owner: str
    file: str
    line: int
    words: str


def look(code: Code, found: Evidence) -> None:
    """Add the health route; without one that is made for it, a page that is there."""
    trees = [
        (path, syntax.tree(code.repository, path))
        for path in code.repository.holding(code.paths, *_NEEDLES)
    ]
    routes = [route for path, tree in trees for route in _routes(path, tree)]
    prefixes = _prefixes(trees)
    telling = [route for route in routes if _rank(route) is not None]
    for route in sorted(telling, key=lambda one: (_rank(one), one.path.count("/"), one.file))[:4]:
        prefix = _prefix(route, prefixes)
        full = re.sub(r"/{2,}", "/", f"/{prefix}/{route.path}")
        certain = _rank(route) in range(13) and prefix is not None
        found.add(
            "health",
            full,
            route.words,
            route.file,
            route.line,
            weak=not certain or bool(found.of("health")),
        )
    for route in routes:
        if route.path in ("/", "") and (prefix := _prefix(route, prefixes)) in ("", "/"):
            found.default("health", "/", route.words, route.file, route.line)
            del prefix
            break
    found.default("health", "", "no route found: the port alone")


def _rank(route: Route) -> int | None:
    last = route.path.strip("/$^").rpartition("/")[2].lower()
    return _TELLING.index(last) if last in _TELLING and "<" not in route.path else None


def _routes(path: str, tree: "Node") -> Iterator[Route]:
    for call in syntax.walk(tree, "call"):
        called = syntax.text(call.child_by_field_name("function"))
        if len(called) > 100:
            continue
        arguments = source.positional(call)
        last = called.rpartition(".")[2]
        node = next(iter(arguments), None)
        if last in ("path", "re_path", "url", "Route") and node is not None and len(arguments) > 1:
            if last == "Route" or "include" not in syntax.text(arguments[1])[:12]:
                name = syntax.string(node)
                if name is not None:
                    name = name.strip("^$")
                    yield Route(
                        f"/{name.lstrip('/')}",
                        last,
                        path,
                        syntax.line(call),
                        f"{last}({syntax.text(node)}, …)",
                    )
            continue
        if not _DECORATORS.fullmatch(called):
            continue
        name = syntax.string(node) or syntax.string(source.argument(call, "path"))
        if name is None or not (name.startswith("/") or name == ""):
            continue
        methods = syntax.text(source.argument(call, "methods"))
        if methods and "GET" not in methods:
            continue
        decorator = call.parent is not None and call.parent.type == "decorator"
        if last in ("get", "head") and not decorator:
            continue  # a client's call
        owner = called.rpartition(".")[0]
        yield Route(name, owner, path, syntax.line(call), f"{called}({syntax.text(node)})")


def _prefixes(trees: "list[tuple[str, Node]]") -> dict[tuple[str, str], str]:
    """What each router lies under, by file and name: of its own, and where it is taken in."""
    own: dict[tuple[str, str], str] = {}
    mounted: dict[str, str] = {}
    for path, tree in trees:
        for name, value in source._assigned(tree):
            if value.type == "call":
                called = syntax.text(value.child_by_field_name("function"))
                prefix = source.argument(value, "prefix") or source.argument(value, "url_prefix")
                if re.search(r"Router|Blueprint|FastAPI|Flask|Namespace|Starlette", called):
                    own[path, name] = syntax.string(prefix) or ""
        for call in syntax.walk(tree, "call"):
            called = syntax.text(call.child_by_field_name("function")).rpartition(".")[2]
            arguments = source.positional(call)
            if called in ("include_router", "register_blueprint") and arguments:
                prefix = source.argument(call, "prefix") or source.argument(call, "url_prefix")
                mounted[syntax.text(arguments[0])] = syntax.string(prefix) or ""
            elif called == "mount" and len(arguments) > 1:
                mounted[syntax.text(arguments[1])] = syntax.string(arguments[0]) or ""
    found: dict[tuple[str, str], str] = {}
    for (path, name), under_own in own.items():
        whole = under_own
        module = path.rpartition("/")[2].removesuffix(".py")
        if module == "__init__":
            module = path.split("/")[-2] if "/" in path else ""
        for taken, under in mounted.items():
            owner, _, last = taken.rpartition(".")
            if last == name and (not owner or owner.rpartition(".")[2] == module):
                whole = f"{under}/{whole}"
                break
            # `from app.api.health import router as health_router`.
            if name == "router" and last in (f"{module}_router", f"{module}router"):
                whole = f"{under}/{whole}"
                break
        found[path, name] = whole
    return found


def _prefix(route: Route, prefixes: dict[tuple[str, str], str]) -> str | None:
    """What a route lies under; None if that isn't known."""
    if (route.file, route.owner) in prefixes:
        return prefixes[route.file, route.owner].strip("/")
    if route.owner in ("app", "application", "server", "api", "path", "re_path", "url", "Route"):
        return ""
    return None
