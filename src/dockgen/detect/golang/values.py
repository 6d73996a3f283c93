"""Values: what a Go expression evaluates to, as far as the program's text shows it.

Not a compiler: a name stands for everything that is ever assigned to it, the nearest first. This
finds the default of a flag, an environment variable or a constant written in the usual ways, but
not what is computed.
"""

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from dockgen.detect import syntax
from dockgen.detect.syntax import Call

if TYPE_CHECKING:
    from tree_sitter import Node

# How far a value is followed, and how many are kept.
_DEPTH = 9
_MOST = 8
ENVIRONMENT = re.compile(r"[A-Z][A-Z0-9_]{1,60}")
_VERB = re.compile(r"%[-+#0 ]*\d*(?:\.\d+)?[a-zA-Z]")
_PASSES = frozenset(
    [
        "Itoa",
        "string",
        "int",
        "int64",
        "uint16",
        "uint",
        "int32",
        "TrimSpace",
        "FormatInt",
        "FormatUint",
        "Atoi",
        "ParseInt",
        "String",
        "TrimSuffix",
        "TrimPrefix",
        "ExpandEnv",
        "Clean",
        "ToSlash",
        "TrimRight",
        "TrimLeft",
        "Abs",
        "Duration",
        "Must",
    ]
)
FLAGS = re.compile(r"(?:String|Int|Uint|Int64|Uint16)(?:Var)?P?|(?:Text)?Var")
_GETS = frozenset({"GetString", "GetInt", "String", "Int", "GetUint", "GetUint16", "Uint", "Get"})


class Value(NamedTuple):
    """A text that an expression can evaluate to, with the variable and the flag that change it.

    ``before`` is what changes the part before a colon: the host of an address.
    """

    text: str
    env: str
    flag: str
    file: str
    line: int
    before: str = ""


@dataclass(frozen=True)
class Set:
    """Something that a name is set to: an expression, or the text of a tag."""

    node: "Node | None"
    file: str
    line: int
    text: str = ""
    env: str = ""
    flag: str = ""
    key: str = ""
    near: str = ""  # the file that it belongs to, if written in another one
    literal: "Node | None" = None  # for a flag that is a literal


@dataclass
class Code:
    """The code of a program: calls, literals, and what each name is set to."""

    calls: list[Call] = field(default_factory=list)
    literals: "list[tuple[str, Node, str]]" = field(default_factory=list)
    names: dict[str, list[Set]] = field(default_factory=dict)
    flags: dict[str, list[Set]] = field(default_factory=dict)
    functions: "dict[str, list[tuple[Node, str]]]" = field(default_factory=dict)
    fields: "list[tuple[Node, str, dict[str, str]]]" = field(default_factory=list)
    options: "list[tuple[str, Node, str]]" = field(default_factory=list)
    switches: "list[tuple[Node, str]]" = field(default_factory=list)
    prefix: str = ""
    tag_prefix: str = ""
    imports: dict[tuple[str, str], str] = field(default_factory=dict)
    _known: dict[tuple[str, str, int], list[Value]] = field(default_factory=dict)

    def of(self, node: "Node | None", file: str, depth: int = _DEPTH) -> list[Value]:
        """Return what an expression can evaluate to, the likeliest first; nothing if unknown."""
        if node is None or depth <= 0:
            return []
        line = syntax.line(node)
        if (words := syntax.string(node)) is not None:
            return [Value(words, "", "", file, line)]
        if node.type == "int_literal":
            return [Value(syntax.text(node), "", "", file, line)]
        if node.type == "identifier":
            return self.named(syntax.text(node), file, depth - 1)
        if node.type == "selector_expression":
            return self.named(syntax.text(node.child_by_field_name("field")), file, depth - 1)
        if node.type in ("parenthesized_expression", "unary_expression"):
            return self.of(node.named_children[0] if node.named_children else None, file, depth)
        if node.type == "binary_expression":
            left = self.of(node.child_by_field_name("left"), file, depth - 1)
            right = self.of(node.child_by_field_name("right"), file, depth - 1)
            return _joined(left, right, "") if left and right else []
        if node.type == "call_expression":
            return self._called(node, file, depth)
        return []

    def named(self, name: str, file: str, depth: int = _DEPTH) -> list[Value]:
        """Return what a name can stand for; assignments in the same file come first."""
        if (name, file, depth) in self._known:
            return self._known[name, file, depth]
        self._known[name, file, depth] = []  # for a name that is set to itself
        self._known[name, file, depth] = found = self._named(name, file, depth)
        return found

    def dashed(self, name: str, call: Call) -> str:
        """Return a flag as it is typed: with one dash for the standard library's."""
        standard = call.name.startswith("flag.") or self.imports.get((call.file, "flag")) == "flag"
        return f"-{name}" if standard else f"--{name}"

    def _named(self, name: str, file: str, depth: int) -> list[Value]:
        sets = [one for one in self.names.get(name, []) if not _is_name(one.node, name)]
        if not sets and self.names.get("\0viper") and name.lower() in self.flags:
            return self.flag(name.lower(), file, depth)
        return self._all(sets, file, depth)

    def flag(self, name: str, file: str, depth: int = _DEPTH) -> list[Value]:
        """Return the values of a flag, or of a key of a configuration."""
        sets = self.flags.get(name) or next(
            (sets for key, sets in self.flags.items() if key.endswith(f".{name}")), []
        )
        found = self._all(sets, file, depth)
        if self.names.get("\0viper"):
            env = re.sub(r"\W", "_", f"{self.prefix}_{name}" if self.prefix else name).upper()
            found = [one if one.env else one._replace(env=env) for one in found]
        return found

    def _all(self, sets: list[Set], file: str, depth: int) -> list[Value]:
        folder = file.rpartition("/")[0]

        def far(one: Set) -> int:
            where = one.near or one.file
            return 0 if where == file else 1 if where.rpartition("/")[0] == folder else 2

        found: list[Value] = []
        nearest = sorted(sets, key=far)
        for one in nearest[: _MOST * 2]:
            values = self.of(one.node, one.file, depth) if one.node is not None else []
            if one.key and depth > 1:
                values = self.flag(one.key, one.file, depth - 1)
            if not values and (one.text or one.env or one.flag):
                values = [Value(one.text, "", "", one.file, one.line)]
            for value in values:
                new = value._replace(env=value.env or one.env, flag=value.flag or one.flag)
                if one.flag or one.env:
                    new = new._replace(file=one.file, line=one.line)
                if new not in found:
                    found.append(new)
        # A tag's or variable's name and the default set elsewhere are one value.
        told = next((one for one in found if _told(one) > 1 and not one.text), None)
        plain = [one for one in found if one.text]
        if told is not None and plain:
            found = [
                one if one.env or one.flag else one._replace(env=told.env, flag=told.flag)
                for one in plain
            ]
        return found[:_MOST]

    def _called(self, node: "Node", file: str, depth: int) -> list[Value]:
        call = call_of(node, file)
        arguments = call.arguments
        line = call.line
        texts = [syntax.string(one) for one in arguments[:2]]
        first = texts[0] if texts else None
        if call.last in ("Getenv", "LookupEnv") and arguments:
            name = first or next((one.text for one in self.of(arguments[0], file, 2)), "")
            return [Value("", name, "", file, line)] if name else []
        if re.search("env", call.last, re.IGNORECASE) and len(arguments) >= 2:
            name = first or next((one.text for one in self.of(arguments[0], file, 2)), "")
            if ENVIRONMENT.fullmatch(name):
                found = self.of(arguments[1], file, depth - 1) or [Value("", "", "", file, line)]
                return [one._replace(env=name, file=file, line=line) for one in found]
        if chained := _chain(node):
            default = self.of(chained.get("Default"), file, depth - 1)
            env = syntax.string(chained.get("Envar")) or ""
            flag = "--" + (syntax.string(chained["Flag"]) or "")
            return [
                one._replace(env=env, flag=flag, file=file, line=line)
                for one in default or [Value("", "", "", file, line)]
            ]
        if FLAGS.fullmatch(call.last) and first and len(arguments) >= 3:
            default = self.of(arguments[2 if call.last.endswith("P") else 1], file, depth - 1)
            return [
                one._replace(flag=self.dashed(first, call), file=file, line=line) for one in default
            ]
        if call.last in _GETS and first and len(arguments) == 1:
            return self.flag(first, file, depth - 1)
        if call.last == "Sprintf" and first is not None:
            return self._printed(first, arguments[1:], file, depth)
        if call.last == "JoinHostPort" and len(arguments) == 2:
            host = self.of(arguments[0], file, depth - 1) or [Value("", "", "", file, line)]
            return _joined(host, self.of(arguments[1], file, depth - 1), ":")
        if call.last == "Or":
            return [value for one in arguments for value in self.of(one, file, depth - 1)][:_MOST]
        if call.last == "Join" and call.name.startswith(("filepath.", "path.")):
            found = []
            for one in arguments:
                part = self.of(one, file, depth - 1)
                found = _joined(found, part, "/") if found and part else found or part
            return found
        if call.name == "os.TempDir":
            return [Value("/tmp", "", "", file, line)]  # noqa: S108
        if call.last in _PASSES and arguments:
            return self.of(arguments[0], file, depth - 1)
        return self._returned(call, depth)

    def _returned(self, call: Call, depth: int) -> list[Value]:
        """Return what a function of the program returns."""
        found: list[Value] = []
        for function, where in self.functions.get(call.last, [])[:4]:
            for node in syntax.walk(function, "return_statement"):
                values = node.named_children[0].named_children if node.named_children else []
                found += self.of(values[0], where, depth - 3) if values else []
        return found[:_MOST]

    def _printed(self, form: str, arguments: "list[Node]", file: str, depth: int) -> list[Value]:
        pieces = _VERB.split(form)
        if len(pieces) > 6 or len(pieces) - 1 > len(arguments):
            return []
        found = [Value(pieces[0], "", "", file, 0)]
        for piece, argument in zip(pieces[1:], arguments, strict=False):
            values = self.of(argument, file, depth - 1)
            empty = [Value("", "", "", file, syntax.line(argument))]
            found = _joined(
                _joined(found, values or empty, ""), [empty[0]._replace(text=piece)], ""
            )
        return found


def _is_name(node: "Node | None", name: str) -> bool:
    """Return whether an expression is only this name."""
    if node is None or node.type not in ("identifier", "selector_expression"):
        return False
    return syntax.text(node).rpartition(".")[2] == name


def _joined(left: list[Value], right: list[Value], between: str) -> list[Value]:
    """Combine each left with each right value; the place is that of a variable or a flag."""
    return [_both(one, other, between) for one in left[:_MOST] for other in right[:_MOST]][:_MOST]


def _both(one: Value, other: Value, between: str) -> Value:
    text = f"{one.text}{between}{other.text}"[:500]
    named = one.env or one.flag
    if other.env or other.flag or any(char.isdigit() for char in other.text):
        before = one.before or named
        return Value(text, other.env, other.flag, other.file, other.line, before)
    return Value(text, one.env, one.flag, one.file, one.line, one.before)


def _told(value: Value) -> int:
    return 2 * bool(value.env or value.flag) + (len(value.text) > 1)


def call_of(node: "Node", file: str) -> Call:
    """Return a call expression as a Call."""
    function = node.child_by_field_name("function")
    name = (
        syntax.text(function)
        if function is not None and function.end_byte - function.start_byte < 200
        else ""
    )
    last = syntax.text(function)
    if function is not None and function.type == "selector_expression":
        last = syntax.text(function.child_by_field_name("field"))
    arguments = node.child_by_field_name("arguments")
    return Call(name, last[:80], arguments.named_children if arguments else [], node, file)


def _chain(node: "Node") -> "dict[str, Node]":
    """Return the calls of kingpin's ``Flag("name", …).Default("value").String()``, by name."""
    found = {}
    for _ in range(8):
        function = node.child_by_field_name("function")
        if node.type != "call_expression" or function is None:
            break
        if function.type != "selector_expression":
            break
        arguments = node.child_by_field_name("arguments")
        if arguments is not None and arguments.named_children:
            found[syntax.text(function.child_by_field_name("field"))] = arguments.named_children[0]
        inner = function.child_by_field_name("operand")
        if inner is None:
            break
        node = inner
    return found if "Flag" in found and len(found) > 1 else {}
