"""Source files as trees, by tree-sitter: Go, TypeScript, JavaScript and Python.

One parser for all, which needs no toolchain, knows versions newer than the Python that runs
dockgen, and takes a file with an error in it for what the rest says. It reads 10 MB in a second or
two; what holds none of the words in question isn't parsed (`Repository.holding`).
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
    # The grammar of TypeScript knows all of JavaScript; that of JSX doesn't know <Type>casts.
    ".ts": "typescript",
    ".mts": "typescript",
    ".cts": "typescript",
    ".tsx": "tsx",
    ".js": "tsx",
    ".mjs": "tsx",
    ".cjs": "tsx",
    ".jsx": "tsx",
}


# Deeper than people nest brackets. Much that is done with a tree takes time by its depth.
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
    """The tree of a source text: go, python, typescript or tsx (JavaScript, too).

    An empty one of a text that is nested deeper than people write.
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
    """The tree of a file, by its suffix or in the language; an empty one of what can't be read."""
    suffix = "." + path.rpartition(".")[2]
    return parse(repository.content(path), language or _LANGUAGES.get(suffix, "python"))


def walk(node: "Node", *kinds: str) -> "Iterator[Node]":
    """The nodes of these kinds in a tree, in the order of the text; those in each other, too."""
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
    """The nodes that patterns capture in a tree, by the name that they give them.

    Much quicker than `walk` for a large tree: only what is captured comes to Python.
    """
    from tree_sitter import QueryCursor

    found = QueryCursor(_query(language, patterns)).captures(node)
    return {name: sorted(nodes, key=lambda one: one.start_byte) for name, nodes in found.items()}


def text(node: "Node | None") -> str:
    """The source text of a node; "" of none."""
    return "" if node is None or node.text is None else node.text.decode(errors="replace")


def line(node: "Node") -> int:
    """The line that a node begins in, from 1."""
    return node.start_point.row + 1


def nodes(node: "Node", *kinds: str) -> "list[Node]":
    """What `walk` finds in a tree of Python, in a fraction of its time."""
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
        """The line that it begins in."""
        return line(self.node)


def string(node: "Node | None") -> str | None:
    """The value of a plain string, in any of the languages; None if it is anything else.

    An f-string or a template is plain if nothing is put in.
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
    """The value of a whole number; None if it is anything else."""
    words = text(node).replace("_", "")
    return int(words) if words.isdecimal() and len(words) < 10 else None
