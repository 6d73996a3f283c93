"""What a Python project's source contains: application objects, starts, imports, settings."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from dockgen.detect import syntax
from dockgen.detect.repository import Repository, folder_of

if TYPE_CHECKING:
    from tree_sitter import Node

# The class of an application by framework, and whether WSGI or ASGI servers run it.
FRAMEWORKS = {
    "FastAPI": ("fastapi", "asgi"),
    "Starlette": ("starlette", "asgi"),
    "Litestar": ("litestar", "asgi"),
    "Quart": ("quart", "asgi"),
    "APIFlask": ("flask", "wsgi"),
    "Flask": ("flask", "wsgi"),
    "Connexion": ("connexion", "wsgi"),
    "FlaskApp": ("connexion", "wsgi"),
    "AsyncApp": ("connexion", "asgi"),
    "Sanic": ("sanic", "own"),
    "Bottle": ("bottle", "wsgi"),
    "Dash": ("dash", "wsgi"),
    "BlackSheep": ("blacksheep", "asgi"),
    "Application": ("aiohttp", "own"),
    "get_wsgi_application": ("django", "wsgi"),
    "get_asgi_application": ("django", "asgi"),
    "ProtocolTypeRouter": ("django", "asgi"),
    "ASGIApp": ("socketio", "asgi"),
    "NinjaAPI": ("django", "none"),
    "FastMCP": ("mcp", "own"),
}
_MODULES = {
    "flask": ("flask", "apiflask"),
    "connexion": ("connexion",),
    "aiohttp": ("aiohttp", "web"),
    "django": ("django", "channels"),
    "dash": ("dash",),
    "socketio": ("socketio",),
    "mcp": ("mcp", "fastmcp"),
}
# Calls that don't return until the program ends.
_RUNS = re.compile(
    r"(?:uvicorn|hypercorn|granian|waitress|bjoern|cherrypy)\.run|uvicorn\.Server|"
    r"(?:\w+\.)*(?:run_app|run_polling|start_polling|run_forever|infinity_polling|polling|"
    r"serve_forever|run_webhook|run_until_disconnected|start_consuming|run_simple|"
    r"start_server|run_server|WSGIServer|ThreadingHTTPServer|HTTPServer|wait_for_termination)|"
    r"(?:app|application|api|server|bot|client|dp|worker|socketio|mcp|demo|dash_app|web_app|"
    r"\w+_app|\w+bot)\.(?:run|launch|start|serve|queue|run_async)|serve|run_simple|"
    r"(?:asyncio|anyio|trio)\.run|Granian|CrawlerProcess|execute_from_command_line|"
    r"BlockingScheduler"
)
_NEEDLES = (
    b"FastAPI",
    b"Starlette",
    b"Litestar",
    b"Quart",
    b"Flask",
    b"Sanic",
    b"Bottle",
    b"Dash",
    b"Application",
    b"ASGIApp",
    b"_application",
    b"FastMCP",
    b"__main__",
    b".run(",
    b"serve",
    b"polling",
    b"create_app",
    b"make_app",
    b"get_app",
    b"ProtocolTypeRouter",
    b"BlackSheep",
    b"AsyncApp",
    b".launch(",
    b"run_app",
    b"def main",
    b"_app(",
    b"HTTPServer",
)
# How many source files are read at most, the outermost first.
_MAXIMUM = 20_000
# How many of them are parsed for one question; a thousand take about a second.
_PARSED = 3_000
# How many levels up to look for what contains a call.
_STEPS_UP = 60


class App(NamedTuple):
    """An application object, or the function that makes one."""

    framework: str
    kind: str
    name: str
    path: str
    line: int
    words: str
    factory: bool = False


class Start(NamedTuple):
    """A call that runs until the end, in ``function``: "" at the top, "__main__" in that block."""

    path: str
    line: int
    call: str
    function: str
    node: "Node"


@dataclass
class Code:
    """The source files of a folder."""

    repository: Repository
    folder: str

    @cached_property
    def paths(self) -> list[str]:
        """The source files, without tests and examples."""
        return self.repository.sources(self.folder, ".py")[:_MAXIMUM]

    def trees(
        self, *needles: bytes, pattern: re.Pattern[bytes] | None = None
    ) -> list[tuple[str, "Node"]]:
        """Return the trees of files with one of the words, each parsed once; limited in number."""
        found = self.repository.holding(self.paths, *needles, pattern=pattern)
        return [(path, self._tree(path)) for path in islice(found, _PARSED)]

    def _tree(self, path: str) -> "Node":
        if path not in self._known_trees:
            self._known_trees[path] = syntax.tree(self.repository, path)
        return self._known_trees[path]

    @cached_property
    def _known_trees(self) -> dict[str, "Node"]:
        return {}

    @cached_property
    def _interesting(self) -> list[tuple[str, "Node"]]:
        return self.trees(*_NEEDLES)

    @cached_property
    def apps(self) -> list[App]:
        """Application objects at the top of modules, and functions that return one."""
        found = [app for path, tree in self._interesting for app in _apps(path, tree)]
        factories = {app.name: app for app in found if app.factory}
        for path, tree in self._interesting:
            for name, value in assigned(tree):
                called = syntax.text(value.child_by_field_name("function")).rpartition(".")[2]
                if (made := factories.get(called)) and not any(
                    app.path == path and app.name == name for app in found
                ):
                    words = f"{name} = {called}()"
                    line = syntax.line(value)
                    found.append(App(made.framework, made.kind, name, path, line, words))
        return found

    @cached_property
    def starts(self) -> list[Start]:
        """Calls that run a server, a bot or a loop."""
        found = []
        for path, tree in self._interesting:
            for call in syntax.nodes(tree, "call"):
                words = syntax.text(call.child_by_field_name("function"))
                if len(words) < 80 and _RUNS.fullmatch(words.replace("web.run_app", "run_app")):
                    found.append(Start(path, syntax.line(call), words, _holder(call), call))
        return found

    def functions(self, path: str) -> set[str]:
        """Return the names of the functions at the top of a module."""
        tree = syntax.tree(self.repository, path)
        return {syntax.text(node.child_by_field_name("name")) for node in _functions(tree)}

    def has_main(self, path: str) -> bool:
        """Return whether a module does something when it is run: ``if __name__ == "__main__"``."""
        return bool(re.search(rb"^if __name__\s*==", self.repository.content(path), re.MULTILINE))

    # Modules and where they are imported from.

    @cached_property
    def _known(self) -> frozenset[str]:
        return frozenset(self.paths)

    def import_root(self, path: str) -> str:
        """Return the folder that must be on Python's path for a module to import its neighbours."""
        place = folder_of(path)
        steps = [place]
        while steps[-1] not in (self.folder, "."):
            steps.append(folder_of(steps[-1]))
        votes = dict.fromkeys(steps, 0)
        for name in self._imports(path):
            for step in steps:
                inner = name if step == "." else f"{step}/{name}"
                file = f"{inner}.py"
                if (file in self._known and file != path) or self._holds(inner):
                    votes[step] += 1
        best = max(votes.values())
        if best:
            return next(step for step in reversed(steps) if votes[step] == best)
        while self.repository.has(f"{place}/__init__.py") and place not in (self.folder, "."):
            place = folder_of(place)
        if place != self.folder and place.rpartition("/")[2] not in ("src", "lib"):
            # A folder without __init__.py, such as that of app/main.py, is its own root.
            base = path.rpartition("/")[2]
            if not self.repository.has(f"{path.rpartition('/')[0]}/__init__.py") and base in (
                "main.py",
                "app.py",
                "server.py",
                "asgi.py",
                "wsgi.py",
            ):
                return self.folder
        return place

    @cached_property
    def _folders(self) -> frozenset[str]:
        return frozenset(path.rpartition("/")[0] for path in self.paths)

    def _holds(self, folder: str) -> bool:
        return folder in self._folders or any(one.startswith(f"{folder}/") for one in self._folders)

    def _imports(self, path: str) -> Iterator[str]:
        """Yield the first part of each absolute import of a module."""
        source = self.repository.content(path).decode(errors="replace")
        for found in re.finditer(
            r"^[ \t]*(?:from|import)[ \t]+([A-Za-z_]\w*)", source, re.MULTILINE
        ):
            yield found[1]

    def module(self, path: str) -> tuple[str, str]:
        """Return the dotted name of a module, and its import root."""
        root = self.import_root(path)
        name = path if root == "." else path[len(root) + 1 :]
        name = name.removesuffix(".py").removesuffix("/__init__")
        return name.replace("/", "."), root

    def file_of(self, module: str) -> str:
        """Return the file of a dotted name; "" if it isn't in the project."""
        inner = module.replace(".", "/")
        for base in (
            self.folder,
            f"{self.folder}/src",
            f"{self.folder}/app",
            f"{self.folder}/backend",
        ):
            prefix = "" if base == "." else base.removeprefix("./") + "/"
            for path in (f"{prefix}{inner}.py", f"{prefix}{inner}/__init__.py"):
                if path in self._known:
                    return path
        ends = (f"/{inner}.py", f"/{inner}/__init__.py")
        found = [path for path in self.paths if path.endswith(ends)]
        return found[0] if len(found) == 1 else ""


@lru_cache(maxsize=16)
def of(repository: Repository, folder: str) -> Code:
    """The source files of a folder, looked at once for all questions."""
    return Code(repository, folder)


def _apps(path: str, tree: "Node") -> Iterator[App]:
    text = syntax.text(tree)
    for name, value in assigned(tree):
        if made := _makes(value, text):
            words = f"{name} = {syntax.text(value.child_by_field_name('function'))}(…)"
            yield App(*made, name, path, syntax.line(value), words)
    for function in _functions(tree):
        name = syntax.text(function.child_by_field_name("name"))
        body = function.child_by_field_name("body")
        if body is None or name.startswith("test"):
            continue
        returned = {
            syntax.text(node.named_children[0])
            for node in syntax.walk(body, "return_statement")
            if node.named_children
        }
        for call in syntax.walk(body, "call"):
            if not (made := _makes(call, text)) or made[1] == "none":
                continue
            parent = call.parent
            target = syntax.text(parent.child_by_field_name("left")) if parent else ""
            if (target and target in returned) or syntax.text(call) in returned:
                parameters = function.child_by_field_name("parameters")
                if not _required(parameters):
                    words = f"def {name}(…): {syntax.text(call.child_by_field_name('function'))}(…)"
                    yield App(*made, name, path, syntax.line(function), words, factory=True)
                break


def _makes(value: "Node", text: str) -> tuple[str, str] | None:
    """Return the framework of the application that a call makes, and the kind of its server."""
    if value.type != "call":
        return None
    called = syntax.text(value.child_by_field_name("function"))
    found = FRAMEWORKS.get(called.rpartition(".")[2])
    if found is None:
        return None
    modules = _MODULES.get(found[0], (found[0],))
    known = any(
        re.search(rf"^\s*(?:from|import)\s+{name}\b", text, re.MULTILINE) for name in modules
    )
    if found[0] == "aiohttp":
        known = "web.Application" in called and known
    return found if known or found[0] in ("fastapi", "flask", "starlette") else None


def _required(parameters: "Node | None") -> bool:
    """Return whether a function can't be called without arguments."""
    plain = ("identifier", "typed_parameter")
    return any(
        child.type in plain and not syntax.text(child).startswith("*")
        for child in (parameters.named_children if parameters else ())
    )


def _statements(tree: "Node") -> Iterator["Node"]:
    """Yield the statements at the top of a module, including those in a try or an if."""
    waiting = list(reversed(tree.named_children))
    while waiting:
        node = waiting.pop()
        yield node
        if node.type in (
            "try_statement",
            "if_statement",
            "else_clause",
            "block",
            "with_statement",
            "except_clause",
        ):
            waiting.extend(reversed(node.named_children))


def assigned(tree: "Node") -> Iterator[tuple[str, "Node"]]:
    """Yield names at the top of a module, and the value of each."""
    for node in _statements(tree):
        for child in node.named_children if node.type == "expression_statement" else ():
            if child.type == "assignment":
                left, right = (child.child_by_field_name(side) for side in ("left", "right"))
                if left is not None and right is not None and left.type == "identifier":
                    yield syntax.text(left), right


def _functions(tree: "Node") -> Iterator["Node"]:
    for node in _statements(tree):
        if node.type == "decorated_definition":
            node = node.child_by_field_name("definition") or node
        if node.type == "function_definition":
            yield node


def _holder(node: "Node") -> str:
    """Return the top-level function that contains a node; "__main__" for the script block."""
    held = node.parent
    name = ""
    # Each step up starts again at the root.
    for _ in range(_STEPS_UP):
        if held is None:
            break
        if held.type == "function_definition":
            name = syntax.text(held.child_by_field_name("name"))
        elif held.type == "if_statement" and "__name__" in syntax.text(
            held.child_by_field_name("condition")
        ):
            return "__main__"
        held = held.parent
    return name


def argument(call: "Node", name: str) -> "Node | None":
    """Return the value of a keyword argument of a call."""
    arguments = call.child_by_field_name("arguments")
    for child in arguments.named_children if arguments else ():
        if (
            child.type == "keyword_argument"
            and syntax.text(child.child_by_field_name("name")) == name
        ):
            return child.child_by_field_name("value")
    return None


def positional(call: "Node") -> list["Node"]:
    """Return the positional arguments of a call."""
    arguments = call.child_by_field_name("arguments")
    return [
        child
        for child in (arguments.named_children if arguments else ())
        if child.type not in ("keyword_argument", "comment", "list_splat", "dictionary_splat")
    ]
