"""Where a Node program listens, and which of its routes is for health checks."""

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from dockgen.detect import syntax
from dockgen.detect.model import Evidence
from dockgen.detect.node.code import Code, Value, keys_of
from dockgen.detect.node.manifest import Manifest, inside
from dockgen.detect.syntax import Call

if TYPE_CHECKING:
    from tree_sitter import Node

_HEALTH = (
    "/healthz", "/health", "/healthcheck", "/health-check", "/livez", "/health/live", "/live",
    "/liveness", "/readyz", "/ready", "/health/ready", "/ping", "/status", "/up", "/_health",
    "/heartbeat", "/alive", "/_status",
)  # fmt: skip
# Packages that add a route of their own.
_BROUGHT = {"express-actuator": "/health", "express-healthcheck": "/healthcheck"}
_ALL = "0.0.0.0"
_DEEPEST = 4  # routers that are mounted on each other
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_ASIDE = re.compile(
    r"metric|prometheus|debug|inspect|admin|https|ssl|tls|redis|mongo|database|smtp|mail|proxy|ws_"
    r"|socket|grpc|hmr|test|db_|postgres|mysql|remote|ldap|imap|target|upstream|dns|udp|peer",
    re.IGNORECASE,
)


class Address(NamedTuple):
    """An address to listen on: the port (None if it isn't set), the host ("" for all)."""

    port: int | None
    value: Value | None
    host: str
    host_value: Value | None
    call: Call


def _listens(code: Code) -> "Iterator[tuple[Call, Node, Node | None]]":
    """Yield the calls that listen, with the expressions of the port and the host."""
    for call in code.calls:
        arguments = call.arguments
        if call.last == "listen" and arguments and call.name != "listen":
            first = arguments[0]
            if first.type == "object":
                keys = keys_of(first)
                port = keys.get("port")
                if port is not None:
                    yield call, port, keys.get("host") or keys.get("hostname")
            elif first.type not in ("arrow_function", "function_expression", "spread_element"):
                second = arguments[1] if len(arguments) > 1 else None
                yield call, first, second
        elif call.last in (
            "serve",
            "listen",
            "startStandaloneServer",
            "startServer",
            "Elysia",
            "WebSocketServer",
            "server",
        ):
            for one in arguments[:2]:
                if one.type == "object":
                    keys = keys_of(one)
                    inner = keys.get("listen")
                    keys = keys_of(inner) if inner is not None and inner.type == "object" else keys
                    if "port" in keys:
                        yield call, keys["port"], keys.get("hostname") or keys.get("host")
                    break


def addresses(code: Code) -> list[Address]:
    """Return the addresses that the program listens on, the likeliest first."""
    found = []
    for call, port, host in _listens(code):
        hosts = code.of(host, call.file) if host is not None else []
        hosts = [one for one in hosts if not one.text.isdecimal()]
        host_value = hosts[0] if hosts else None
        values = code.of(port, call.file)
        known = [one for one in values if one.text.isdecimal() and 0 < int(one.text) < 65_536]
        place = syntax.text(port)
        for value in known or [one for one in values if one.env and not one.text]:
            number = int(value.text) if value.text else None
            found.append(
                Address(number, value, host_value.text if host_value else "", host_value, call)
            )
        if not values and re.search("(?i)port", place):
            found.append(
                Address(None, None, host_value.text if host_value else "", host_value, call)
            )

    return sorted(found, key=lambda one: (_is_aside(one), one.port is None))


def _is_aside(one: Address) -> bool:
    """Return whether a listener is for something else than the service's purpose."""
    env = one.value.env if one.value else ""
    around = f"{one.call.name} {syntax.text(one.call.node)[:80]} {env} {one.call.file}"
    return bool(_ASIDE.search(around.replace("process.env", "")))


def look(own: Manifest, code: Code, evidence: Evidence) -> bool:
    """Add the signals of port, address and route; return whether anything listens."""
    found = addresses(code)
    known = [one for one in found if one.port is not None]
    ports = list(dict.fromkeys(one.port for one in known))
    first = known[0] if known else None
    if first is not None and first.value is not None and _is_aside(first):
        evidence.default("port", first.port, _words(first), first.value.file, first.value.line)
        known = []
    for one in known[:4]:
        value = one.value
        assert value is not None  # noqa: S101 - known ones have a port
        words = _words(one)
        weak = one.port != ports[0] or _is_aside(one) or (len(ports) > 1 and not value.env)
        if one.port is not None and one.port < 1024 and value.env and one is first:
            evidence.add(
                "port",
                one.port + 8000,
                f"{words}: moved, below 1024 is for root",
                value.file,
                value.line,
                weak=weak,
            )
            if not evidence.of("open"):
                evidence.add("open", f"{value.env}={{port}}", words, value.file, value.line)
        else:
            evidence.add("port", one.port, words, value.file, value.line, weak=weak)
    unset = next((one for one in found if one.port is None and one.value is not None), None)
    if first is None and unset is not None and unset.value is not None:
        value = unset.value
        evidence.default("port", 3000, f"{_words(unset)}: not set", value.file, value.line)
        evidence.add("open", f"{value.env}={{port}}", _words(unset), value.file, value.line)
    chosen = first or unset or (found[0] if found else None)
    if chosen is not None:
        _bind(chosen, evidence)
    _health(own, code, evidence)
    return bool(found)


def _words(one: Address) -> str:
    value = one.value
    parts = [f"{one.call.name[-40:]}(…)", value.env if value else "", value.text if value else ""]
    return " ".join(part for part in parts if part)


def _bind(one: Address, evidence: Evidence) -> None:
    value = one.host_value
    place = (value.file, value.line) if value is not None else (one.call.file, one.call.line)
    if one.host in _LOOPBACK:
        evidence.add("bind", "127.0.0.1", f"{one.call.name}(… {one.host})", *place)
        if value is not None and value.env:
            evidence.add("open", f"{value.env}={_ALL}", f"{value.env} or {one.host}", *place)
    elif one.call.name.endswith("fastify.listen") and value is None and one.host == "":
        evidence.add("bind", "127.0.0.1", "fastify listens on localhost unless told", *place)
    else:
        evidence.add("bind", _ALL, f"{one.call.name}(…)", *place)


def fastify(own: Manifest, code: Code, evidence: Evidence) -> None:
    """Add Fastify's address: by default, it listens on the loopback address."""
    if not own.needs("fastify") or own.needs("@nestjs/core"):
        return
    for call, _, host in _listens(code):
        receiver = call.name.rpartition(".")[0]
        if call.arguments[0].type == "object" and host is None and "http" not in receiver:
            evidence.signals.pop("bind", None)
            words = f"{call.name}(…) without a host: Fastify takes localhost"
            evidence.add("bind", "127.0.0.1", words, call.file, call.line)
            return


def _health(own: Manifest, code: Code, evidence: Evidence) -> None:
    found: list[tuple[int, str, str, str, int]] = []
    root: Call | None = None
    first = "/"
    prefix = _global_prefix(code)
    mounts = _mounts(code)
    for call in code.calls:
        if call.last not in ("get", "all", "head", "route", "use", "on") or not call.arguments:
            if (
                call.last == "static"
                and call.name in ("express.static", "serveStatic")
                and root is None
            ):
                root = call
            continue
        if call.arguments[0].type == "object":
            _route_object(call, found)
            continue
        if len(call.arguments) < 2 and call.last != "route":
            continue
        path = syntax.string(call.arguments[0])
        if call.last == "on" and path in ("GET", "get"):
            path = syntax.string(call.arguments[1])
        if path is None or not path.startswith("/"):
            continue
        router = call.name.partition(".")[0]
        prefixes = [""] if _is_app(call) else _prefixes(mounts, call.file, router, _DEEPEST)
        if path == "/" and call.last in ("get", "all") and root is None:
            root, first = call, min(prefixes, key=len) or "/"
        for before in prefixes:
            whole = re.sub("/+", "/", f"{before}{path}").rstrip("/")
            if rank := _rank(whole):
                found.append(
                    (
                        rank + (20 if call.last == "use" else 0),
                        whole,
                        f"{call.name[-30:]}('{path}')",
                        call.file,
                        call.line,
                    )
                )
    _nest(code, prefix, found)
    _files(own, found)
    for package, path in _BROUGHT.items():
        if place := code.imports.get(package):
            found.append((2, path, f"{package} answers it", *place))
    for rank, path, words, file, line in sorted(found)[:4]:
        evidence.add(
            "health", path, words, file, line, weak=bool(evidence.of("health")) or rank > 60
        )
    if root is not None and not found:
        evidence.default("health", first, f"{root.name[-30:]}: a guess", root.file, root.line)


def _is_app(call: Call) -> bool:
    return call.name.partition(".")[0] in ("app", "server", "fastify", "this")


def _rank(path: str) -> int:
    plain = path.lower()
    for number, name in enumerate(_HEALTH, 1):
        if plain == name:
            return number + (60 if name in ("/status", "/up") else 0)
        if plain.endswith(name) and not re.search(r"[:{*]", plain):
            return number + (80 if name in ("/status", "/up", "/live", "/ready", "/alive") else 30)
    return 0


def _global_prefix(code: Code) -> str:
    for call in code.calls:
        if call.last == "setGlobalPrefix" and call.arguments:
            values = code.of(call.arguments[0], call.file)
            if values and values[0].text:
                return "/" + values[0].text.strip("/")
    return ""


class _Mount(NamedTuple):
    """Where a file's router is mounted: all of it, or the ``part`` that it exports by a name."""

    path: str
    part: str
    call: Call


def _mounts(code: Code) -> dict[str, list[_Mount]]:
    """Return where routers are mounted: by the file, and a variable of it as file#name."""
    found: dict[str, list[_Mount]] = {}
    for call in code.calls:
        path = syntax.string(call.arguments[0]) if call.arguments else None
        if call.last not in ("use", "route", "register") or len(call.arguments) < 2:
            continue
        target = call.arguments[-1]
        if call.last == "register":
            keys = keys_of(target) if target.type == "object" else {}
            path = syntax.string(keys.get("prefix"))
            target = call.arguments[0]
        if path is None or not path.startswith("/"):
            continue
        name, _, part = syntax.text(target).partition("(")[0].partition(".")
        found.setdefault(f"{call.file}#{name}", []).append(_Mount(path.rstrip("/"), "", call))
        for file in code.files:
            stem = re.sub(r"\.\w+$", "", file.rpartition("/")[2])
            parent = file.split("/")[-2] if stem == "index" and "/" in file else stem
            if _plain(name) in {_plain(stem), _plain(parent)}:
                found.setdefault(file, []).append(_Mount(path.rstrip("/"), part, call))
    return found


def _prefixes(mounts: Mapping[str, list[_Mount]], file: str, router: str, left: int) -> list[str]:
    """Return the whole prefixes of a router, through those that it is mounted on."""
    every = mounts.get(f"{file}#{router}", mounts.get(file, [])) if left else []
    same = [one for one in every if router.lower().startswith(one.part.lower())]
    found = []
    for path, _, call in same if router and same else every:
        on = "" if _is_app(call) else call.name.partition(".")[0]
        before = _prefixes(mounts, call.file, on, left - 1) if on and call.file != file else [""]
        found += [f"{one}{path}" for one in before]
    return found or [""]


def _plain(name: str) -> str:
    """Return a name without what says that it holds routes; itself if nothing else is left."""
    return re.sub(r"(?i)route[rs]?|controller|\.|_|-", "", name).lower() or name.lower()


def _route_object(call: Call, found: list[tuple[int, str, str, str, int]]) -> None:
    """Add Fastify's ``route({ method: "GET", url: "/health" })``, and Hapi's."""
    keys = keys_of(call.arguments[0])
    path = syntax.string(keys.get("url")) or syntax.string(keys.get("path"))
    if path and (rank := _rank(path)):
        found.append((rank, path, f"{call.name}(… {path})", call.file, call.line))


def _nest(code: Code, prefix: str, found: list[tuple[int, str, str, str, int]]) -> None:
    controllers: dict[str, str] = {}
    for one in code.decorators:
        if one.last == "Controller":
            first = one.arguments[0] if one.arguments else None
            path = syntax.string(first) or ""
            if first is not None and first.type == "object":
                path = syntax.string(keys_of(first).get("path")) or ""
            controllers[one.file] = path.strip("/")
    versioned = any(call.last == "enableVersioning" for call in code.calls)
    for one in code.decorators:
        if one.last not in ("Get", "All") or one.file not in controllers:
            continue
        path = (syntax.string(one.arguments[0]) or "") if one.arguments else ""
        parts = [part for part in (controllers[one.file], path.strip("/")) if part]
        whole = prefix + "/" + "/".join(parts)
        if rank := _rank(whole.rstrip("/")):
            found.append(
                (
                    rank + (40 if versioned else 0),
                    whole.rstrip("/"),
                    f"@Get('{path}')",
                    one.file,
                    one.line,
                )
            )
        elif whole == "/":
            found.append((70, "/", f"@Get({path!r})", one.file, one.line))


def _files(own: Manifest, found: list[tuple[int, str, str, str, int]]) -> None:
    """Add routes that are files: Next, Nuxt, SvelteKit, Astro, Remix."""
    for path in own.repository.under(own.folder):
        name = inside(path, own.folder)
        for pattern in (
            r"(?:src/)?app/((?:[\w()@-]+/)*)route\.[jt]s",
            r"(?:src/)?pages/(api/[\w/-]+)\.[jt]s",
            r"src/routes/((?:[\w()-]+/)*)\+server\.[jt]s",
            r"server/(api/[\w/-]+?)(?:\.get)?\.[jt]s",
            r"server/routes/([\w/-]+?)(?:\.get)?\.[jt]s",
            r"src/pages/((?:[\w-]+/)*[\w-]+)\.[jt]s",
            r"app/routes/([\w.-]+)\.tsx?",
        ):
            if told := re.fullmatch(pattern, name):
                route = "/" + re.sub(r"\([^/]*\)/", "", told[1]).strip("/").removesuffix("/index")
                if pattern.startswith("app/routes"):
                    route = route.replace(".", "/")
                if rank := _rank(route):
                    found.append((rank, route, f"the route {route}", path, 0))
                break
