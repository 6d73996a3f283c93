"""The code of a JavaScript or TypeScript program: its calls, and what each name is set to.

Not a compiler: a name stands for all that is set under it, the nearest first.
"""

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from dockgen.detect import syntax
from dockgen.detect.node.sources import IMPORT, SUFFIXES, reached
from dockgen.detect.repository import Repository

if TYPE_CHECKING:
    from tree_sitter import Node

# How many bytes of one program are parsed, and how far a value is followed.
MAXIMUM_BYTES = 5_000_000
_LARGEST = 300_000
_DEPTH = 9
_MOST = 6
ENVIRONMENT = re.compile(r"[A-Z][A-Z0-9_]{1,60}")
_QUERY = """
(call_expression) @call
(new_expression) @new
(variable_declarator) @set
(assignment_expression) @set
(pair) @pair
(public_field_definition) @field
(member_expression) @member
(object_pattern) @pattern
(function_declaration) @function
(decorator) @decorator
(switch_case value: (string) @case)
"""
_PASSES = re.compile(
    r"(?i)Number|String|parse\w*|Boolean|toString|int|\w*port\w*|\w*number\w*|get|trim|from|coerce"
)
# What follows a value in a chain, and leaves it what it is.
_CHAINED = frozenset(
    [
        "transform",
        "optional",
        "min",
        "max",
        "asPortNumber",
        "asString",
        "asInt",
        "required",
        "int",
        "positive",
        "refine",
        "pipe",
        "asIntPositive",
        "integer",
        "describe",
        "port",
        "asUrlString",
        "asBool",
        "toString",
        "trim",
        "nonnegative",
    ]
)


class Value(NamedTuple):
    """A text that an expression can come to, the variable that changes it, and the place."""

    text: str
    env: str
    file: str
    line: int


class Call(NamedTuple):
    """A call: its whole name, the last part, the arguments, the place."""

    name: str
    last: str
    arguments: "list[Node]"
    node: "Node"
    file: str

    @property
    def line(self) -> int:
        """The line that it begins in."""
        return syntax.line(self.node)


class Read(NamedTuple):
    """An environment variable that is read: the node, and where it is."""

    name: str
    node: "Node"
    file: str


@dataclass
class Code:
    """What there is in the source files of a program."""

    files: list[str] = field(default_factory=list)
    imports: dict[str, tuple[str, int]] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    reads: list[Read] = field(default_factory=list)
    cases: "list[tuple[Node, str]]" = field(default_factory=list)
    decorators: list[Call] = field(default_factory=list)
    pairs: "dict[str, list[tuple[Node, str]]]" = field(default_factory=dict)
    names: "dict[str, list[tuple[Node, str]]]" = field(default_factory=dict)
    functions: "dict[str, list[tuple[Node, str]]]" = field(default_factory=dict)
    _known: dict[tuple[str, str, int], list[Value]] = field(default_factory=dict)

    def of(self, node: "Node | None", file: str, depth: int = _DEPTH) -> list[Value]:
        """What an expression can come to, the likeliest first."""
        if node is None or depth <= 0:
            return []
        line = syntax.line(node)
        if node.type == "number":
            return [Value(syntax.text(node), "", file, line)]
        if (words := syntax.string(node)) is not None:
            return [Value(words, "", file, line)]
        if node.type == "template_string":
            return self._template(node, file, depth)
        if node.type in ("identifier", "shorthand_property_identifier"):
            return self.named(syntax.text(node), file, depth - 1)
        if node.type in ("member_expression", "subscript_expression"):
            return self._member(node, file, depth)
        if node.type == "binary_expression":
            return self._binary(node, file, depth)
        if node.type == "ternary_expression":
            both = (
                node.child_by_field_name("consequence"),
                node.child_by_field_name("alternative"),
            )
            found = [one for part in both for one in self.of(part, file, depth - 1)]
            return _merged(found)
        if node.type in (
            "parenthesized_expression", "as_expression", "non_null_expression", "unary_expression",
            "await_expression", "satisfies_expression", "type_assertion",
        ):  # fmt: skip
            inner = [one for one in node.named_children if "type" not in one.type.split("_")]
            return self.of(inner[0] if inner else None, file, depth)
        if node.type == "object":
            return self._schema(node, file, depth)
        if node.type == "call_expression":
            return self._called(node, file, depth)
        return []

    def named(self, name: str, file: str, depth: int = _DEPTH) -> list[Value]:
        """What a name can stand for."""
        if (name, file, depth) in self._known:
            return self._known[name, file, depth]
        self._known[name, file, depth] = []
        folder = file.rpartition("/")[0]

        def far(one: "tuple[Node, str]") -> int:
            return 0 if one[1] == file else 1 if one[1].rpartition("/")[0] == folder else 2

        found: list[Value] = []
        nearest = sorted(self.names.get(name, []), key=far)[: 3 * _MOST]
        for tier in range(3):
            for node, path in nearest:
                own_name = node.type in ("identifier", "shorthand_property_identifier")
                if far((node, path)) != tier or (own_name and syntax.text(node) == name):
                    continue
                found += [one for one in self.of(node, path, depth) if one not in found]
            if any(one.text for one in found):
                break
        found = _merged(found)[:_MOST]
        self._known[name, file, depth] = found
        return found

    def _template(self, node: "Node", file: str, depth: int) -> list[Value]:
        text, env = "", ""
        for child in node.children:
            if child.type == "template_substitution":
                values = self.of(
                    child.named_children[0] if child.named_children else None, file, depth - 1
                )
                text += values[0].text if values else ""
                env = env or (values[0].env if values else "")
            elif child.type in ("string_fragment", "escape_sequence"):
                text += syntax.text(child)
        return [Value(text[:500], env, file, syntax.line(node))]

    def _member(self, node: "Node", file: str, depth: int) -> list[Value]:
        if name := read_name(node):
            return [Value("", name, file, syntax.line(node)), *self._declared(name, depth)]
        last = syntax.text(node.child_by_field_name("property"))
        if node.type == "subscript_expression":
            last = syntax.string(node.child_by_field_name("index")) or ""
        if not last:
            return []
        values = self.named(last, file, depth - 1)
        if ENVIRONMENT.fullmatch(last) and not any(one.env for one in values):
            told = syntax.text(node.child_by_field_name("object")).lower()
            if "env" in told:
                return _merged([Value("", last, file, syntax.line(node)), *values])
        return values

    def _declared(self, name: str, depth: int) -> list[Value]:
        """The default that a schema has: ``PORT: z.coerce.number().default(1)``."""
        found = []
        for node, path in self.pairs.get(name, [])[:3]:
            if node.type in ("call_expression", "object"):
                found += [
                    one._replace(env=name) for one in self.of(node, path, depth - 2) if one.text
                ]
        return found

    def _binary(self, node: "Node", file: str, depth: int) -> list[Value]:
        left = self.of(node.child_by_field_name("left"), file, depth - 1)
        right = self.of(node.child_by_field_name("right"), file, depth - 1)
        operator = syntax.text(node.child_by_field_name("operator"))
        if operator in ("||", "??"):
            return _merged([*left, *right])
        if operator == "+" and (left or right):
            one = (left or [Value("", "", file, syntax.line(node))])[0]
            other = (right or [Value("", "", file, syntax.line(node))])[0]
            return [
                Value(
                    f"{one.text}{other.text}"[:500], other.env or one.env, file, syntax.line(node)
                )
            ]
        return []

    def _schema(self, node: "Node", file: str, depth: int) -> list[Value]:
        """``{ env: "PORT", default: 3000 }``, as convict, fastify-env and others have it."""
        keys = keys_of(node)
        found = self.of(keys.get("default"), file, depth - 1)
        env = syntax.string(keys.get("env")) or ""
        if not found and not env:
            return []
        return [one._replace(env=one.env or env) for one in found] or [
            Value("", env, file, syntax.line(node))
        ]

    def _called(self, node: "Node", file: str, depth: int) -> list[Value]:
        call = call_of(node, file)
        arguments = call.arguments
        first = syntax.string(arguments[0]) if arguments else None
        if (
            call.last in ("default", "catch", "prefault")
            and arguments
            and call.node.type == "call_expression"
        ):
            found = self.of(arguments[0], file, depth - 1)
            inner = node.child_by_field_name("function")
            told = self.of(inner.child_by_field_name("object") if inner else None, file, depth - 1)
            env = next((one.env for one in told if one.env), "")
            return [one._replace(env=one.env or env) for one in found]
        function = node.child_by_field_name("function")
        if call.last in _CHAINED and function is not None and function.type == "member_expression":
            found = self.of(function.child_by_field_name("object"), file, depth - 1)
            if found:
                return found
        if first and ENVIRONMENT.fullmatch(first):
            default = self.of(arguments[1], file, depth - 1) if len(arguments) > 1 else []
            return _merged(
                [Value("", first, file, call.line), *default, *self._declared(first, depth)]
            )
        if first and call.last in ("get", "getOrThrow", "has") and arguments:
            default = self.of(arguments[1], file, depth - 1) if len(arguments) > 1 else []
            return _merged([*self.named(re.split(r"[.:]", first)[-1], file, depth - 1), *default])
        is_schema = bool(arguments) and arguments[0].type == "object" and call.last != "get"
        if is_schema and (found := self._schema(arguments[0], file, depth)):
            return found
        if (call.last in ("join", "resolve") and "path" in call.name) or call.name in (
            "join",
            "resolve",
        ):
            return self._path(arguments, file, depth)
        for target, path in self.functions.get(call.last, [])[:2]:
            found = [
                value
                for one in syntax.walk(target, "return_statement")
                for value in self.of(
                    one.named_children[0] if one.named_children else None, path, depth - 3
                )
            ]
            if found:
                return _merged(found)
        if arguments and _PASSES.fullmatch(call.last):
            return self.of(arguments[0], file, depth - 1)
        return []

    def _path(self, arguments: "list[Node]", file: str, depth: int) -> list[Value]:
        """A path: ``__dirname`` is the folder of the file, ``process.cwd()`` the root."""
        parts = []
        env = ""
        for one in arguments:
            text = syntax.text(one)
            if text in ("__dirname", "import.meta.dirname"):
                parts.append("\0/" + file.rpartition("/")[0])
            elif text == "process.cwd()":
                parts = []
            else:
                values = self.of(one, file, depth - 1)
                if not values:
                    return []
                env = env or values[0].env
                parts.append(values[0].text)
        return [Value("/".join(part for part in parts if part), env, file, 0)]


def _merged(found: list[Value]) -> list[Value]:
    """A variable without a default takes the one that stands behind it."""
    env = next((one for one in found if one.env and not one.text), None)
    texts = [one for one in found if one.text]
    if env is None or not texts:
        return found
    return [
        one if one.env else one._replace(env=env.env, file=env.file, line=env.line) for one in texts
    ]


def read_name(node: "Node") -> str:
    """The variable that ``process.env.NAME`` reads; "" if it is anything else."""
    object_ = syntax.text(node.child_by_field_name("object"))
    if object_ not in ("process.env", "Bun.env", "env", "process.env!"):
        return ""
    name = syntax.text(node.child_by_field_name("property"))
    if node.type == "subscript_expression":
        name = syntax.string(node.child_by_field_name("index")) or ""
    return name if ENVIRONMENT.fullmatch(name) and object_ != "env" else ""


def keys_of(node: "Node") -> "dict[str, Node]":
    """The values of an object by key."""
    found = {}
    for one in node.named_children:
        if one.type == "pair":
            key = one.child_by_field_name("key")
            value = one.child_by_field_name("value")
            if value is not None:
                found[syntax.string(key) or syntax.text(key)] = value
        elif one.type == "shorthand_property_identifier":
            found[syntax.text(one)] = one
    return found


def call_of(node: "Node", file: str) -> Call:
    """A call expression as a call."""
    function = node.child_by_field_name("function") or node.child_by_field_name("constructor")
    last = function
    if function is not None and function.type == "member_expression":
        last = function.child_by_field_name("property")
    name = syntax.text(function)[:200].replace("\n", "")
    arguments = node.child_by_field_name("arguments")
    found = arguments.named_children if arguments is not None else []
    return Call(
        name, syntax.text(last)[:80], [one for one in found if one.type != "comment"], node, file
    )


def read(repository: Repository, folder: str, start: str = "") -> Code:
    """The code that is reached from a file; of all the folder's files if that isn't known."""
    paths = reached(repository, folder, start) if start else []
    if len(paths) < 2:
        rest = [
            path
            for path in repository.sources(folder, *SUFFIXES)
            if not re.search(
                r"\.(?:test|spec|stories|config|d)\.\w+$|\.min\.js$|/(?:dist|build|public|static|client|frontend|web|ui|www|scripts|assets)/",
                f"/{path}",
            )
        ]
        paths = list(dict.fromkeys([*paths, *rest]))
    code = Code(files=paths)
    left = MAXIMUM_BYTES
    for path in paths:
        source = repository.content(path)
        left -= len(source)
        if left < 0:
            break
        if len(source) > _LARGEST or _is_minified(source):
            continue
        language = "typescript" if path.endswith((".ts", ".mts", ".cts")) else "tsx"
        _take(code, syntax.captures(syntax.parse(source, language), language, _QUERY), path)
        for told in IMPORT.finditer(source):
            name = told[1].decode(errors="replace").removeprefix("node:")
            line = source.count(b"\n", 0, told.start()) + 1
            parts = name.split("/")
            package = "/".join(parts[: 2 if name.startswith("@") else 1])
            if not name.startswith("."):
                code.imports.setdefault(package, (path, line))
                code.imports.setdefault(name, (path, line))
    return code


def _is_minified(source: bytes) -> bool:
    return len(source) > 20_000 and source.count(b"\n") * 500 < len(source)


def _take(code: Code, found: "dict[str, list[Node]]", path: str) -> None:
    for node in (*found.get("call", []), *found.get("new", [])):
        code.calls.append(call_of(node, path))
    code.cases += [(node, path) for node in found.get("case", [])]
    for node in found.get("decorator", []):
        inner = node.named_children[0] if node.named_children else None
        if inner is not None and inner.type == "call_expression":
            code.decorators.append(call_of(inner, path))
    for node in found.get("function", []):
        name = syntax.text(node.child_by_field_name("name"))
        code.functions.setdefault(name, []).append((node, path))
    for node in found.get("set", []):
        name_node = node.child_by_field_name("name") or node.child_by_field_name("left")
        value = node.child_by_field_name("value") or node.child_by_field_name("right")
        if name_node is None or value is None:
            continue
        if value.type in ("arrow_function", "function_expression"):
            code.functions.setdefault(syntax.text(name_node)[:80], []).append((value, path))
        if name_node.type == "member_expression":
            name_node = name_node.child_by_field_name("property") or name_node
        if name_node.type in ("identifier", "property_identifier"):
            code.names.setdefault(syntax.text(name_node), []).append((value, path))
    for node in found.get("pair", []):
        key, value = node.child_by_field_name("key"), node.child_by_field_name("value")
        if value is not None:
            name = syntax.string(key) or syntax.text(key)[:80]
            code.names.setdefault(name, []).append((value, path))
            code.pairs.setdefault(name, []).append((value, path))
    for node in found.get("field", []):
        value = node.child_by_field_name("value")
        if value is not None:
            name = syntax.text(node.child_by_field_name("name"))
            code.names.setdefault(name, []).append((value, path))
    for node in found.get("member", []):
        if name := read_name(node):
            code.reads.append(Read(name, node, path))
    for node in found.get("pattern", []):
        _take_pattern(code, node, path)


def _take_pattern(code: Code, node: "Node", path: str) -> None:
    """``const { PORT = 3000 } = process.env``."""
    parent = node.parent
    value = parent.child_by_field_name("value") if parent is not None else None
    if syntax.text(value) != "process.env":
        return
    for one in node.named_children:
        name_node = one.child_by_field_name("left") or one.child_by_field_name("key") or one
        name = syntax.text(name_node)
        if not ENVIRONMENT.fullmatch(name):
            continue
        code.reads.append(Read(name, one, path))
        default = one.child_by_field_name("right")
        if default is not None:
            code.names.setdefault(name, []).append((default, path))
