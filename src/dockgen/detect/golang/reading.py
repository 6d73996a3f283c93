"""Read the code of a program once: its calls, its literals, and what each name is set to."""

import re
from typing import TYPE_CHECKING

from dockgen.detect import syntax
from dockgen.detect.golang import packages
from dockgen.detect.golang.packages import Program
from dockgen.detect.golang.values import ENVIRONMENT, FLAGS, Code, Set, call_of
from dockgen.detect.repository import Repository
from dockgen.detect.syntax import Call

if TYPE_CHECKING:
    from tree_sitter import Node

# How many bytes of one program are fully parsed: those reached first.
MAXIMUM_BYTES = 6_000_000
_WORDS = (
    b"env", b"Env", b"flag", b"Flag", b"Listen", b"LISTEN", b"Addr", b"addr", b"Port", b"port",
    b"PORT", b"exec.", b"os.", b"viper", b"default", b"Default", b"Handle", b"http", b".Open(",
    b"Use:",
)  # fmt: skip
_QUERY = """
(call_expression) @call
(short_var_declaration) @set
(assignment_statement) @set
(var_spec) @set
(const_spec) @set
(keyed_element) @key
(composite_literal) @literal
(expression_switch_statement) @switch
(field_declaration tag: (_)) @field
(function_declaration) @function
(method_declaration) @function
"""
_TAG = re.compile(r'([\w-]+):"((?:[^"\\]|\\.)*)"')


def read(repository: Repository, program: Program) -> Code:
    """Return the code of a program; only of its first files if it is very large."""
    code = Code()
    left = MAXIMUM_BYTES
    for path in program.files:
        if "/vendor/" in f"/{path}":
            continue
        source = repository.content(path)
        left -= len(source)
        if left < 0:
            break
        if path.endswith(".pb.go") or re.search("mock|fake", path.rpartition("/")[2]):
            continue
        if any(word in source for word in _WORDS):
            for one in packages.head(repository, path).imports:
                place = re.sub(r"/v\d+$", "", one.path).rpartition("/")[2]
                code.imports[path, one.name or place] = place
            _take(code, syntax.captures(syntax.parse(source, "go"), "go", _QUERY), path)
    code.tag_prefix = _tag_prefix(code)
    for node, path, tags in code.fields:
        if told := _tagged(tags, path, syntax.line(node), code.tag_prefix):
            _set(code, node.child_by_field_name("name"), told)
    for call in code.calls:
        _take_call(code, call)
    return code


def _tag_prefix(code: Code) -> str:
    """Return the prefix that a library puts before the variables in fields' tags."""
    for call in code.calls:
        text = syntax.string(next(iter(call.arguments), None)) or ""
        if call.name == "envconfig.Process" and text:  # kelseyhightower
            return f"{text.upper()}_"
        if call.name in ("env.New", "envconfig.PrefixLookuper") and text:  # qiangxue, sethvargo
            return text
    for kind, node, _ in code.literals:
        if kind == "env.Options" and (text := syntax.string(keys_of(node).get("Prefix")) or ""):
            return text  # caarlos0
    return ""


def _take(code: Code, found: "dict[str, list[Node]]", path: str) -> None:
    code.calls += [call_of(node, path) for node in found.get("call", [])]
    code.switches += [(node, path) for node in found.get("switch", [])]
    for node in found.get("function", []):
        called = syntax.text(node.child_by_field_name("name"))
        code.functions.setdefault(called, []).append((node, path))
    for node in found.get("set", []):
        names, values = _pair(node)
        for name, value in zip(names, values, strict=False):
            _set(code, name, Set(value, path, syntax.line(node)))
    for node in found.get("key", []):
        if len(node.named_children) == 2:
            name, value = (
                one.named_children[0] if one.named_children else one for one in node.named_children
            )
            _set(code, name, Set(value, path, syntax.line(node)))
            key = syntax.string(name) or ""
            if ENVIRONMENT.fullmatch(key):
                code.options.append((key, value, path))
    for node in found.get("literal", []):
        kind = syntax.text(node.child_by_field_name("type"))
        if len(kind) < 60:
            code.literals.append((kind, node, path))
            if kind.endswith("Flag"):
                _take_flag(code, node, path)
    for node in found.get("field", []):
        code.fields.append((node, path, _tags(node)))


def names_of(node: "Node") -> "list[Node]":
    """Return the names that a declaration or an assignment sets."""
    return _pair(node)[0]


def keys_of(node: "Node") -> "dict[str, Node]":
    """Return the values of a literal's keys."""
    body = node.child_by_field_name("body")
    found = {}
    for one in body.named_children if body is not None else ():
        if one.type == "keyed_element" and len(one.named_children) == 2:
            key, value = one.named_children
            found[syntax.text(key)] = value.named_children[0] if value.named_children else value
    return found


def _pair(node: "Node") -> "tuple[list[Node], list[Node]]":
    """Return the names and the values of a declaration or an assignment."""
    value = node.child_by_field_name("right") or node.child_by_field_name("value")
    left = node.child_by_field_name("left")
    names = left.named_children if left is not None else node.children_by_field_name("name")
    return names, value.named_children if value is not None else []


def _set(code: Code, name: "Node | None", one: Set) -> None:
    if name is None:
        return
    if name.type == "unary_expression":  # *port = "8080"
        name = name.child_by_field_name("operand") or name
    if name.type == "selector_expression":
        name = name.child_by_field_name("field")
    if name is not None and name.type in ("identifier", "field_identifier"):
        code.names.setdefault(syntax.text(name), []).append(one)


def _tags(node: "Node") -> dict[str, str]:
    """The tags of a field, with what the groups around it put before its names."""
    tags = dict(_TAG.findall(syntax.string(node.child_by_field_name("tag")) or ""))
    around = node.parent
    while around is not None and around.type != "source_file":
        if around.type == "field_declaration":
            outer = dict(_TAG.findall(syntax.string(around.child_by_field_name("tag")) or ""))
            for name, key, between in (  # the first two are go-flags', the last is caarlos0's
                ("env", "env-namespace", "_"),
                ("long", "namespace", "."),
                ("env", "envPrefix", ""),
            ):
                if tags.get(name) and outer.get(key):
                    tags[name] = f"{outer[key]}{between}{tags[name]}"
        around = around.parent
    return tags


def tag_setting(tags: dict[str, str], prefix: str = "") -> tuple[str, str, bool]:
    """Return the variable, the default and whether it is required, from a field's tags."""
    words = tags.get("env") or tags.get("envconfig") or tags.get("envvar") or ""
    name, *options = [word.strip() for word in words.split(",")]
    default = tags.get("envDefault", tags.get("env-default", tags.get("default", "")))
    for option in options:
        if option.startswith("default="):
            default = option[8:]
    required = bool({"required", "notEmpty"} & set(options)) or tags.get("required") == "true"
    required = required or tags.get("env-required") == "true"
    return (f"{prefix}{name}" if ENVIRONMENT.fullmatch(name) else ""), default, required


def _tagged(tags: dict[str, str], path: str, line: int, prefix: str) -> Set | None:
    env, default, _ = tag_setting(tags, prefix)
    flag = f"--{tags['long']}" if tags.get("long") else ""
    key = next((tags[one] for one in ("mapstructure", "koanf") if tags.get(one)), "")
    if not (default or env or flag or key):
        return None
    return Set(None, path, line, default, env, flag, key.split(",")[0])


def _take_flag(code: Code, node: "Node", path: str) -> None:
    """Record a flag of urfave/cli: ``&cli.StringFlag{Name: "port", Value: "8080", EnvVars: …}``."""
    found = keys_of(node)
    name = syntax.string(found.get("Name"))
    if not name:
        return
    env = next(
        (
            syntax.string(one) or ""
            for key in ("EnvVars", "EnvVar", "Sources")
            if key in found
            for one in syntax.walk(found[key], "interpreted_string_literal")
        ),
        "",
    ).split(",")[0]
    flag = Set(found.get("Value"), path, syntax.line(node), "", env, f"--{name}", literal=node)
    code.flags.setdefault(name, []).append(flag)
    if "Destination" in found:
        target = found["Destination"]
        _set(code, target.named_children[0] if target.named_children else None, flag)


def _take_call(code: Code, call: Call) -> None:
    """Record what a call sets: a flag's variable, a key's default, the parameters of a function."""
    arguments = call.arguments
    if FLAGS.fullmatch(call.last) and len(arguments) >= 3:
        target = 1 if "Var" in call.last and arguments[0].type == "unary_expression" else 0
        name = syntax.string(arguments[target])
        at = target + (2 if call.last.endswith("P") else 1)
        if name and at < len(arguments):
            one = Set(arguments[at], call.file, call.line, "", "", code.dashed(name, call))
            code.flags.setdefault(name, []).append(one)
            if target and arguments[0].named_children:
                _set(code, arguments[0].named_children[0], one)
    elif call.last == "SetDefault" and len(arguments) == 2:
        if name := syntax.string(arguments[0]):
            code.flags.setdefault(name, []).append(Set(arguments[1], call.file, call.line))
    elif call.last == "BindEnv" and arguments:
        words = [syntax.string(one) for one in arguments]
        if words[0] and len(words) > 1 and words[1]:
            code.flags.setdefault(words[0], []).append(
                Set(None, call.file, call.line, "", words[1])
            )
    elif call.last == "AutomaticEnv":
        code.names["\0viper"] = [Set(None, call.file, call.line)]
    elif call.last == "SetEnvPrefix" and arguments:
        code.prefix = syntax.string(arguments[0]) or ""
    elif call.last in code.functions:
        qualifier = call.name.rpartition(".")[0]
        place = code.imports.get((call.file, qualifier), "")
        for function, path in code.functions[call.last]:
            if place and (path.rpartition("/")[0].rpartition("/")[2] or ".") != place:
                continue
            parameters = function.child_by_field_name("parameters")
            names = [
                name
                for one in (parameters.named_children if parameters else ())
                for name in one.children_by_field_name("name")
            ]
            if len(names) > len(arguments):
                continue
            for parameter, argument in zip(names, arguments, strict=False):
                if syntax.text(parameter) != syntax.text(argument):
                    _set(code, parameter, Set(argument, call.file, call.line, near=path))
