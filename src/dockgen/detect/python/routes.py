"""The routes of a Python service: which one is for health checks."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from dockgen.detect import syntax
from dockgen.detect.model import Evidence
from dockgen.detect.python import code as source
from dockgen.detect.python.code import Code
from dockgen.detect.python.settings import Settings

if TYPE_CHECKING:
    from tree_sitter import Node

# The last part of health routes, the clearest first.
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
# Only a decorator's ``.get(``: a dictionary's is in every file.
_DECORATED = re.compile(rb"@[\w.()]{1,60}\.(?:get|route|api_route|head)\(")
_NEEDLES = (
    *(b"add_get", b"add_route", b"add_api_route", b"_router(", b"_blueprint(", b"path(", b"url("),
    *(b"Route(", b".mount(", b"Blueprint", b"Router("),
)


class Route(NamedTuple):
    """A route as written, without the prefix of its router, and that router."""

    path: str
    owner: str
    file: str
    line: int
    words: str
    router: tuple[str, str] = ("", "")


def look(code: Code, read: Settings, found: Evidence) -> None:
    """Add the health route; without one, an existing page."""
    trees = code.trees(*_NEEDLES, pattern=_DECORATED)
    imports = {path: _imported(code, path, tree) for path, tree in trees}
    routes = [
        route._replace(router=_key(path, route.owner, imports[path]))
        for path, tree in trees
        for route in _routes(path, tree)
    ]
    prefixes = _prefixes(code, read, trees, imports)
    telling = [route for route in routes if _rank(route) is not None]
    for route in sorted(telling, key=lambda one: (_rank(one), one.path.count("/"), one.file))[:4]:
        prefix = _prefix(route, prefixes)
        full = re.sub(r"/{2,}", "/", f"/{prefix or ''}/{route.path}")
        certain = _rank(route) in range(17) and prefix is not None
        found.add(
            "health",
            full,
            route.words,
            route.file,
            route.line,
            weak=not certain or bool(found.of("health")),
        )
    for route in routes:
        if route.path in ("/", "") and _prefix(route, prefixes) == "":
            found.default("health", "/", route.words, route.file, route.line)
            break
    found.default("health", "", "no route found: the port alone")


def _rank(route: Route) -> int | None:
    last = route.path.strip("/$^").rpartition("/")[2].lower()
    return _TELLING.index(last) if last in _TELLING and "<" not in route.path else None


def _routes(path: str, tree: "Node") -> Iterator[Route]:
    for call in syntax.nodes(tree, "call"):
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
                        _list_of(call) or last,
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
            continue  # a call of a client
        owner = called.rpartition(".")[0]
        yield Route(name, owner, path, syntax.line(call), f"{called}({syntax.text(node)})")


_Key = tuple[str, str]


def _prefixes(
    code: Code,
    read: Settings,
    trees: "list[tuple[str, Node]]",
    imports: dict[str, dict[str, _Key]],
) -> dict[_Key, str]:
    """Return the prefix of each router, by file and name: its own, and where it is included."""
    own: dict[_Key, str] = {}
    mounted: dict[_Key, tuple[str, _Key]] = {}
    for path, tree in trees:
        for name, value in source.assigned(tree):
            called = syntax.text(value.child_by_field_name("function"))
            if re.search(r"Router|Blueprint|FastAPI|Flask|Namespace|Starlette|Quart", called):
                prefix = source.argument(value, "prefix") or source.argument(value, "url_prefix")
                own[path, name] = read.words(prefix)[0] or ""
        imported = imports[path]
        mounted |= dict(_included(code, path, tree))
        for call in syntax.nodes(tree, "call"):
            called = syntax.text(call.child_by_field_name("function"))
            owner, _, last = called.rpartition(".")
            arguments = source.positional(call)
            if last in ("include_router", "register_blueprint") and arguments:
                prefix = source.argument(call, "prefix") or source.argument(call, "url_prefix")
                taken = syntax.text(arguments[0])
            elif last == "mount" and len(arguments) > 1:
                prefix, taken = arguments[0], syntax.text(arguments[1])
            else:
                continue
            while prefix is not None and prefix.type == "binary_operator":
                prefix = prefix.child_by_field_name("right")  # the left side is empty by default
            under = read.words(prefix)[0] or ""
            mounted[_key(path, taken, imported)] = (under, _key(path, owner, imported))
    return {key: _under(key, own, mounted) for key in {*own, *mounted}}


def _included(code: Code, path: str, tree: "Node") -> "Iterator[tuple[_Key, tuple[str, _Key]]]":
    """Yield what Django's ``include`` includes: a module's urlpatterns, or a list in the module."""
    for call in syntax.nodes(tree, "call"):
        called = syntax.text(call.child_by_field_name("function"))
        arguments = source.positional(call)
        if called not in ("path", "re_path", "url") or len(arguments) < 2:
            continue
        taken = arguments[1]
        if syntax.text(taken.child_by_field_name("function")) != "include":
            continue
        inner = next(iter(source.positional(taken)), None)
        while inner is not None and inner.type in ("tuple", "parenthesized_expression", "list"):
            inner = next(iter(inner.named_children), None)
        under = (syntax.string(arguments[0]) or "").strip("^$")
        key = (path, _list_of(call) or "urlpatterns")
        module = syntax.string(inner)
        if module and (file := code.file_of(module)):
            yield (file, "urlpatterns"), (under, key)
        elif inner is not None and inner.type == "identifier":
            yield (path, syntax.text(inner)), (under, key)


def _list_of(node: "Node") -> str:
    """Return the name of the top-level list that a call is in."""
    held = node.parent
    for _ in range(12):
        if held is None:
            break
        if held.type in ("assignment", "augmented_assignment"):
            return syntax.text(held.child_by_field_name("left"))
        held = held.parent
    return ""


def _under(key: _Key, own: dict[_Key, str], mounted: dict[_Key, tuple[str, _Key]]) -> str:
    """Return the whole prefix of a router, through all that include it."""
    whole = own.get(key, "")
    for _ in range(8):
        if key not in mounted:
            break
        under, key = mounted[key]
        whole = f"{own.get(key, '')}/{under}/{whole}"
    return re.sub(r"/{2,}", "/", whole)


def _key(path: str, name: str, imported: dict[str, _Key]) -> _Key:
    """Return the file and the top-level name that a name in a file refers to."""
    module, _, last = name.rpartition(".")
    if module in imported:
        return imported[module][0], last
    return imported.get(name, (path, name))


def _imported(code: Code, path: str, tree: "Node") -> dict[str, _Key]:
    """Map imported names to the file and name there; a module's name maps to its file."""
    found: dict[str, _Key] = {}
    for node in syntax.nodes(tree, "import_from_statement"):
        module = syntax.text(node.child_by_field_name("module_name"))
        for child in node.children_by_field_name("name"):
            name = syntax.text(child.child_by_field_name("name") or child)
            alias = syntax.text(child.child_by_field_name("alias")) or name
            if file := _file(
                code,
                path,
                f"{module.rstrip('.')}.{name}" if module.strip(".") else f"{module}{name}",
            ):
                found[alias] = (file, "")
            elif file := _file(code, path, module):
                found[alias] = (file, name)
    return found


def _file(code: Code, path: str, module: str) -> str:
    """Return the file of a module as another one names it, including leading dots."""
    dots = len(module) - len(module.lstrip("."))
    if not dots:
        return code.file_of(module)
    parts = path.split("/")[:-dots]
    base = "/".join([*parts, *module.lstrip(".").split(".")]).strip("/")
    for file in (f"{base}.py", f"{base}/__init__.py"):
        if code.repository.has(file):
            return file
    return ""


def _prefix(route: Route, prefixes: dict[_Key, str]) -> str | None:
    """Return the prefix of a route; None if unknown."""
    if route.router in prefixes:
        return prefixes[route.router].strip("/")
    if route.words.startswith(("path(", "re_path(", "url(", "Route(")):
        return ""
    if re.fullmatch(r"\w*(?:app|application|server|api|path|url|Route|routes)", route.owner):
        return ""
    return None  # such as an application made by a function
