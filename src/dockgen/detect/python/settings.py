"""What a Python program reads from its environment, and the port and address in its code."""

import re
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from dockgen.detect import syntax
from dockgen.detect.model import Evidence, Setting
from dockgen.detect.python import code as source
from dockgen.detect.python.code import Code
from dockgen.detect.secrets import looks_secret, scheme

if TYPE_CHECKING:
    from tree_sitter import Node

Value = TypeVar("Value")

_READS = re.compile(
    r"(?:os\.)?(?:environ\.get|getenv|environ\.setdefault|environ\.pop)|config|env(?:\.\w+)?|"
    r"get_env\w*|getenv_\w+|env_\w+|_env\w*"
)
# ``os.environ.get(name, default)``: the names are in a table.
_IN_A_LOOP = re.compile(r"(?:environ\.get|getenv)\(\s*[a-z]\w*\s*,\s*[a-z]\w*\s*\)")
_NEEDLES: tuple[bytes, ...] = (
    b"environ",
    b"getenv",
    b"BaseSettings",
    b"decouple",
    b"environs",
    b"env(",
    b"env.",
    b"PORT",
    b"_port",
    b"port =",
    b"argparse",
    b"click",
    b"typer",
)
# A condition that checks whether a variable is set.
_GUARD = re.compile(r"\bin\s+(?:os\.)?environ\b")
_IMPORTED = re.compile(r"from os import (?:[^(\n]*|\([^)]*)\benviron\b")
# Used in place of a file's text: ``environ`` is the process's.
_PROCESS = "environ"
# Variables that every machine sets, or that tools read: the program doesn't need them.
_USUAL = re.compile(
    r"(?:PATH|HOME|USER|SHELL|PWD|LANG|LC_\w+|TZ|TERM|TMPDIR|TEMP|TMP|HOSTNAME|CI|PYTHON\w*|VIRTUAL_ENV|"
    r"XDG_\w+|LOGNAME|APPDATA|LOCALAPPDATA|GITHUB_\w+|PYTEST\w*|COLUMNS|DISPLAY|NO_COLOR|EDITOR|"
    r"DJANGO_SETTINGS_MODULE|_|KUBERNETES_\w+|DYNO|SSH_\w+|SUDO_\w+|WERKZEUG_\w+|RUN_MAIN)"
)


class Read(NamedTuple):
    """An environment variable that the code reads; ``default`` is the node of its default."""

    name: str
    default: "Node | None"
    required: bool
    path: str
    line: int
    field: str = ""


class Options(NamedTuple):
    """The default of a command line option, such as ``--port``."""

    name: str
    value: "Node"
    path: str
    line: int


class Settings:
    """The settings that a project's code reads."""

    def __init__(self, code: Code) -> None:
        """Take these source files."""
        self.code = code

    @cached_property
    def _trees(self) -> list[tuple[str, "Node"]]:
        return self.code.trees(*_NEEDLES)

    @cached_property
    def _bases(self) -> set[str]:
        """The names of the classes that read their fields from the environment."""
        found = {"BaseSettings"}
        if next(self.code.repository.holding(self.code.paths, b"BaseSettings"), None) is None:
            return found
        classes = [
            (
                syntax.text(node.child_by_field_name("name")),
                set(re.findall(r"\w+", syntax.text(node.child_by_field_name("superclasses")))),
            )
            for _, tree in self._trees
            for node in syntax.nodes(tree, "class_definition")
        ]
        for _ in range(3):
            found |= {name for name, bases in classes if bases & found}
        return found

    @cached_property
    def reads(self) -> list[Read]:
        """Each read of the environment, in the order of the files."""
        found: list[Read] = []
        for path, tree in self._trees:
            text = syntax.text(tree)
            for call in syntax.nodes(tree, "call", "subscript"):
                found.extend(_read(call, path, text))
            fields = any(base in text for base in self._bases)
            for definition in syntax.nodes(tree, "class_definition") if fields else ():
                found.extend(_fields(definition, path, self._bases))
            if _IN_A_LOOP.search(text):
                found.extend(_table(tree, path))
        return found

    @cached_property
    def options(self) -> list[Options]:
        """The defaults of options for a port or a host, going by their names."""
        found = []
        for path, tree in self.code.trees(b"add_argument", b"option(", b"Option(", b"define("):
            for call in syntax.nodes(tree, "call"):
                called = syntax.text(call.child_by_field_name("function")).rpartition(".")[2]
                if called not in ("add_argument", "option", "Option", "define"):
                    continue
                names = [syntax.string(node) for node in source.positional(call)]
                value = source.argument(call, "default")
                if called == "Option" and value is None:
                    value = next(iter(source.positional(call)), None)
                    names = [syntax.string(node) for node in source.positional(call)[1:]]
                for name in names:
                    if name and value is not None and name.startswith("-"):
                        found.append(Options(name.lstrip("-"), value, path, syntax.line(call)))
        return found

    def constant(self, name: str) -> "tuple[Node, str] | None":
        """Return the value of a top-level name of a module, or of a field of settings."""
        last = name.rpartition(".")[2]
        for read in self.reads:
            if last.lower() in (read.name.lower(), read.field) and read.default is not None:
                return read.default, read.path
        for path, tree in self._trees:
            for left, right in source.assigned(tree):
                if left == last:
                    return right, path
        return None

    def number(self, node: "Node | None", depth: int = 0) -> tuple[int | None, str]:
        """Return the integer that an expression evaluates to, and the variable that changes it."""
        if node is None or depth > 5:
            return None, ""
        if (plain := syntax.number(node)) is not None:
            return plain, ""
        if (words := syntax.string(node)) is not None:
            return (int(words), "") if re.fullmatch(r"\d{1,5}", words) else (None, "")
        if node.type == "call":
            for read in _read(node, "", _PROCESS):
                return self.number(read.default, depth + 1)[0], read.name
            return self.number(next(iter(source.positional(node)), None), depth + 1)
        if node.type == "boolean_operator":
            left = self.number(node.child_by_field_name("left"), depth + 1)
            right = self.number(node.child_by_field_name("right"), depth + 1)
            return (left[0] if left[0] is not None else right[0]), left[1] or right[1]
        if node.type == "parenthesized_expression" and node.named_children:
            return self.number(node.named_children[0], depth + 1)
        return self._named(node, lambda value: self.number(value, depth + 1))

    def words(self, node: "Node | None", depth: int = 0) -> tuple[str | None, str]:
        """Return the text that an expression evaluates to, and the variable that changes it."""
        if node is None or depth > 5:
            return None, ""
        if (plain := syntax.string(node)) is not None:
            return plain, ""
        if node.type == "call":
            for read in _read(node, "", _PROCESS):
                return self.words(read.default, depth + 1)[0], read.name
        if node.type == "boolean_operator":
            left = self.words(node.child_by_field_name("left"), depth + 1)
            right = self.words(node.child_by_field_name("right"), depth + 1)
            return left[0] if left[0] is not None else right[0], left[1] or right[1]
        return self._named(node, lambda value: self.words(value, depth + 1))

    def _named(
        self, node: "Node", read: "Callable[[Node | None], tuple[Value | None, str]]"
    ) -> tuple["Value | None", str]:
        """Apply ``read`` to the value of a name; return the result and the variable."""
        if node.type not in ("identifier", "attribute"):
            return None, ""
        for option in self.options:
            if option.name.replace("-", "_") == syntax.text(node).rpartition(".")[2]:
                return read(option.value)
        if found := self.constant(syntax.text(node)):
            name = next(
                (r.name for r in self.reads if r.default is found[0] and r.name.isupper()), ""
            )
            value, variable = read(found[0])
            return value, variable or name
        return None, ""


def _read(node: "Node", path: str, text: str) -> Iterator[Read]:
    if node.type == "subscript":
        owner = syntax.text(node.child_by_field_name("value"))
        if owner == "os.environ" or (owner == "environ" and _imports_environ(text)):
            name = syntax.string(node.child_by_field_name("subscript"))
            parent = node.parent
            written = (
                parent is not None
                and parent.type == "assignment"
                and (parent.child_by_field_name("left") == node)
            )
            if (
                re.fullmatch(r"[A-Za-z_]\w*", name or "")
                and not written
                and node.parent is not None
                and node.parent.type != "delete_statement"
            ):
                yield Read(str(name), None, not _is_tried(node), path, syntax.line(node))
        return
    called = syntax.text(node.child_by_field_name("function"))
    if len(called) > 60 or not _READS.fullmatch(called):
        return
    if called.startswith("environ.") and not _imports_environ(text):
        return
    if called.startswith("env.") and "PATH_INFO" in text:  # a request to a WSGI application
        return
    if called == "config" and "decouple" not in text and "starlette.config" not in text:
        return
    if called.startswith("env") and not re.search(r"environ|\bEnv\b", text):
        return
    arguments = source.positional(node)
    name = syntax.string(arguments[0]) if arguments else None
    if not name or not re.fullmatch(r"[A-Za-z_]\w*", name):
        return
    default = source.argument(node, "default") or (arguments[1] if len(arguments) > 1 else None)
    soft = called.endswith(("environ.get", "getenv", "setdefault", "pop")) or called.startswith(
        ("get_env", "_env", "env_")
    )
    yield Read(name, default, default is None and not soft, path, syntax.line(node))


def _imports_environ(text: str) -> bool:
    """Return whether ``environ`` is the process's, and not a WSGI request's."""
    return text == _PROCESS or _IMPORTED.search(text) is not None


def _is_tried(node: "Node") -> bool:
    """Return whether the program works without what a node reads.

    ``try: … except KeyError: …``, or ``if "NAME" in os.environ: …``.
    """
    held = node.parent
    while held is not None and held.type not in ("function_definition", "module"):
        if held.type == "try_statement":
            handlers = [one for one in held.named_children if one.type == "except_clause"]
            return any(re.search("KeyError|Exception", syntax.text(one)[:200]) for one in handlers)
        if held.type in ("if_statement", "conditional_expression") and _GUARD.search(
            syntax.text(held.child_by_field_name("condition") or held)[:1_000]
        ):
            return not re.search(r"\braise\b|\bexit\(", syntax.text(held))
        held = held.parent
    return False


def _table(tree: "Node", path: str) -> Iterator[Read]:
    """Yield the reads of a dictionary of defaults by variable: ``{"PORT": "8081", …}``."""
    for node in syntax.nodes(tree, "dictionary"):
        pairs = [one for one in node.named_children if one.type == "pair"]
        names = [syntax.string(one.child_by_field_name("key")) or "" for one in pairs]
        if len(names) > 1 and all(re.fullmatch(r"[A-Z][A-Z0-9_]+", name) for name in names):
            for name, one in zip(names, pairs, strict=True):
                yield Read(name, one.child_by_field_name("value"), False, path, syntax.line(one))


def _fields(definition: "Node", path: str, settings: set[str]) -> Iterator[Read]:
    """Yield the fields of a pydantic BaseSettings class, by the names of their variables."""
    bases = syntax.text(definition.child_by_field_name("superclasses"))
    if not settings & set(re.findall(r"\w+", bases)):
        return
    body = definition.child_by_field_name("body")
    if body is None:
        return
    prefix = re.search(r"env_prefix\s*=\s*[\"']([^\"']*)[\"']", f"{bases} {syntax.text(body)}")
    for node in body.named_children:
        inner = node.named_children[0] if node.named_children else None
        if node.type != "expression_statement" or inner is None or inner.type != "assignment":
            continue
        name = field = syntax.text(inner.child_by_field_name("left"))
        if name in ("model_config",) or not inner.child_by_field_name("type"):
            continue
        value = inner.child_by_field_name("right")
        kind = syntax.text(inner.child_by_field_name("type"))
        if value is not None and value.type == "call":
            called = syntax.text(value.child_by_field_name("function"))
            if called in ("Field", "pydantic.Field"):
                alias = source.argument(value, "validation_alias") or source.argument(
                    value, "alias"
                )
                name = syntax.string(alias) or name
                positional = source.positional(value)
                default = source.argument(value, "default") or (
                    positional[0] if positional else None
                )
                value = default if default is None or syntax.text(default) != "..." else None
        required = value is None and "None" not in kind and "Optional" not in kind
        full = (prefix[1] if prefix else "") + name
        yield Read(full.upper(), value, required, path, syntax.line(inner), field)


def look(settings: Settings, found: Evidence) -> None:
    """Add the settings that the code reads."""
    seen: set[str] = set()
    for read in settings.reads:
        if read.name in seen or _USUAL.fullmatch(read.name):
            continue
        seen.add(read.name)
        number, text = settings.number(read.default)[0], settings.words(read.default)[0]
        value = text if text is not None else (str(number) if number is not None else None)
        if value is None and syntax.text(read.default) in ("True", "False"):
            value = syntax.text(read.default)
        secret = looks_secret(read.name, value)
        default = None if secret else value or None
        setting = Setting(read.name, default, read.required, secret, scheme(value))
        shown = f"reads {read.name}"
        found.add("setting", setting, shown, read.path, read.line, weak=not read.required)
