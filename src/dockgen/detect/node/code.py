"""The code of a JavaScript or TypeScript program: its calls, and what each name is set to.

Not a compiler: a name stands for everything that is assigned to it, the nearest first.
"""

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from dockgen.detect import syntax
from dockgen.detect.syntax import Call

if TYPE_CHECKING:
    from tree_sitter import Node

# How far a value is followed.
_DEPTH = 9
_MOST = 6
ENVIRONMENT = re.compile(r"[A-Z][A-Z0-9_]{1,60}")
_PASSES = re.compile(
    r"(?i)Number|String|parse\w*|Boolean|toString|int|\w*port\w*|\w*number\w*|get|trim|from|coerce"
)
# Methods that return the value that they are called on, or nearly so.
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
    """A text that an expression can evaluate to, the variable that changes it, and the place."""

    text: str
    env: str
    file: str
    line: int


class Read(NamedTuple):
    """An environment variable that is read: the node, and its place."""

    name: str
    node: "Node"
    file: str


@dataclass
class Code:
    """The content of a program's source files."""

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
        """Return what an expression can evaluate to, the likeliest first."""
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
        """Return what a name can stand for."""
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
        """Return the default in a schema: ``PORT: z.coerce.number().default(1)``."""
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
        """Parse ``{ env: "PORT", default: 3000 }``, as used by convict, fastify-env and others."""
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
        """Evaluate a path: ``__dirname`` is the folder of the file, ``process.cwd()`` the root."""
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
    """Give a variable without a default the value that follows it."""
    env = next((one for one in found if one.env and not one.text), None)
    texts = [one for one in found if one.text]
    if env is None or not texts:
        return found
    return [
        one if one.env else one._replace(env=env.env, file=env.file, line=env.line) for one in texts
    ]


def read_name(node: "Node") -> str:
    """Return the variable that ``process.env.NAME`` reads; "" for anything else."""
    object_ = syntax.text(node.child_by_field_name("object"))
    if object_ not in ("process.env", "Bun.env", "env", "process.env!"):
        return ""
    name = syntax.text(node.child_by_field_name("property"))
    if node.type == "subscript_expression":
        name = syntax.string(node.child_by_field_name("index")) or ""
    return name if ENVIRONMENT.fullmatch(name) and object_ != "env" else ""


def keys_of(node: "Node") -> "dict[str, Node]":
    """Return the values of an object by key."""
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
    """Return a call expression as a Call."""
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
