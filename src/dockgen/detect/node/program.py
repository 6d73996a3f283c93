"""Read a JavaScript or TypeScript program's source files into a `Code`."""

import re
from typing import TYPE_CHECKING

from dockgen.detect import syntax
from dockgen.detect.node.code import ENVIRONMENT, Code, Read, call_of, read_name
from dockgen.detect.node.sources import IMPORT, SUFFIXES, reached
from dockgen.detect.repository import Repository

if TYPE_CHECKING:
    from tree_sitter import Node

# Limits for parsing, in bytes: for one program, and for one file.
MAXIMUM_BYTES = 5_000_000
_LARGEST = 300_000
_ALIAS = re.compile(rb"\benv(?:\s*:[^=,()]{1,60})?\s*=\s*process\.env\s*[,;)\n]")
# Packages that load every file in a folder, so that no import names them.
_LOADERS = (b"@fastify/autoload", b"require-all", b"require-directory")
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


def read(repository: Repository, folder: str, start: str = "") -> Code:
    """Read the code that is reached from a file, or of all the folder's files if it is unknown."""
    paths = reached(repository, folder, start) if start else []
    if len(paths) < 2 or next(repository.holding(paths, *_LOADERS), None):
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
        found = syntax.captures(syntax.parse(source, language), language, _QUERY)
        _take(code, found, path, is_aliased=_ALIAS.search(source) is not None)
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


def _take(code: Code, found: "dict[str, list[Node]]", path: str, *, is_aliased: bool) -> None:
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
        if name := read_name(node) or (_aliased(node) if is_aliased else ""):
            code.reads.append(Read(name, node, path))
    for node in found.get("pattern", []):
        _take_pattern(code, node, path)


def _aliased(node: "Node") -> str:
    """Return the variable that ``env.NAME`` reads, if ``env`` is ``process.env``."""
    name = syntax.text(node.child_by_field_name("property"))
    is_env = syntax.text(node.child_by_field_name("object")) == "env"
    return name if is_env and ENVIRONMENT.fullmatch(name) else ""


def _take_pattern(code: Code, node: "Node", path: str) -> None:
    """Record ``const { PORT = 3000 } = process.env``."""
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
