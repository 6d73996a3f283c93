"""Parse source files into trees with tree-sitter: Go, TypeScript, JavaScript and Python.

It is one parser for all languages, needs no toolchain, knows versions newer than the Python that
runs dockgen, and parses the rest of a file with an error. It takes a second or two for 10 MB, so
files without any of the searched words aren't parsed (`Repository.holding`).
"""

import ast
import re
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from tree_sitter import Language, Node, Parser, Query

    from dockgen.detect.repository import Repository

_LANGUAGES = {
    ".go": "go",
    ".py": "python",
    ".pyi": "python",
    # TypeScript's grammar covers JavaScript; JSX's grammar doesn't know <Type>casts.
    ".ts": "typescript",
    ".mts": "typescript",
    ".cts": "typescript",
    ".tsx": "tsx",
    ".js": "tsx",
    ".mjs": "tsx",
    ".cjs": "tsx",
    ".jsx": "tsx",
}


# Deeper than people nest brackets. The cost of many operations on a tree grows with its depth.
MAXIMUM_DEPTH = 300
_BRACKETS = re.compile(rb"[()\[\]{}]")


@cache
def _language(name: str) -> "Language":
    from tree_sitter import Language

    if name == "go":
        import tree_sitter_go

        return Language(tree_sitter_go.language())
    if name == "python":
        import tree_sitter_python

        return Language(tree_sitter_python.language())
    import tree_sitter_typescript

    both = tree_sitter_typescript
    return Language(both.language_tsx() if name == "tsx" else both.language_typescript())


@cache
def _parser(name: str) -> "Parser":
    from tree_sitter import Parser

    return Parser(_language(name))


def parse(source: bytes, language: str) -> "Node":
    """Parse source text: go, python, typescript or tsx (also for JavaScript).

    Returns an empty tree for a text that is nested too deep.
    """
    if _is_deep(source):
        source = b""
    return _parser(language).parse(source).root_node


def _is_deep(source: bytes) -> bool:
    if source.count(b"(") + source.count(b"[") + source.count(b"{") < MAXIMUM_DEPTH:
        return False
    depth = deepest = 0
    for bracket in _BRACKETS.findall(source):
        depth = depth + 1 if bracket in b"([{" else max(depth - 1, 0)
        deepest = max(deepest, depth)
    return deepest > MAXIMUM_DEPTH


def tree(repository: "Repository", path: str, language: str = "") -> "Node":
    """Return the tree of a file, by its suffix or ``language``; an empty one if unreadable."""
    suffix = "." + path.rpartition(".")[2]
    return parse(repository.content(path), language or _LANGUAGES.get(suffix, "python"))


def walk(node: "Node", *kinds: str) -> "Iterator[Node]":
    """Yield the nodes of these kinds in a tree, in the order of the text, nested ones included."""
    waiting = [node]
    while waiting:
        found = waiting.pop()
        if found.type in kinds:
            yield found
        waiting.extend(reversed(found.named_children))


@cache
def _query(language: str, patterns: str) -> "Query":
    from tree_sitter import Query

    return Query(_language(language), patterns)


def captures(node: "Node", language: str, patterns: str) -> "dict[str, list[Node]]":
    """Return the nodes that patterns capture in a tree, by the name of the capture.

    Much faster than `walk` for a large tree: only captured nodes become Python objects.
    """
    from tree_sitter import QueryCursor

    found = QueryCursor(_query(language, patterns)).captures(node)
    return {name: sorted(nodes, key=lambda one: one.start_byte) for name, nodes in found.items()}


def text(node: "Node | None") -> str:
    """Return the source text of a node; "" for None."""
    return "" if node is None or node.text is None else node.text.decode(errors="replace")


def line(node: "Node") -> int:
    """Return the line where a node begins, from 1."""
    return node.start_point.row + 1


def nodes(node: "Node", *kinds: str) -> "list[Node]":
    """Return the same as `walk` for a tree of Python, in a fraction of its time."""
    found = captures(node, "python", " ".join(f"({kind}) @found" for kind in kinds))
    return sorted(found.get("found", []), key=lambda one: (one.start_byte, -one.end_byte))


class Call(NamedTuple):
    """A call: the whole name as written, its last part, the arguments, the file."""

    name: str
    last: str
    arguments: "list[Node]"
    node: "Node"
    file: str

    @property
    def line(self) -> int:
        """The line where it begins."""
        return line(self.node)


def string(node: "Node | None") -> str | None:
    """Return the value of a plain string in any of the languages; None for anything else.

    An f-string or template is plain if it has no placeholder.
    """
    if node is None or node.type not in (
        "string",
        "template_string",
        "interpreted_string_literal",
        "raw_string_literal",
    ):
        return None
    if any(child.type in ("interpolation", "template_substitution") for child in node.children):
        return None
    words = text(node)
    if words.startswith("`"):
        return words[1:-1]
    try:
        value = ast.literal_eval(words)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None
    return value if isinstance(value, str) else None


def number(node: "Node | None") -> int | None:
    """Return the value of an integer literal; None for anything else."""
    words = text(node).replace("_", "")
    return int(words) if words.isdecimal() and len(words) < 10 else None
