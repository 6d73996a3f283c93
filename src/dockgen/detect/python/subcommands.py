"""The word without which a console script only prints its help: ``notes serve``."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from dockgen.detect import syntax
from dockgen.detect.python import code as source
from dockgen.detect.python.code import Code

if TYPE_CHECKING:
    from tree_sitter import Node

# What starts a server or a loop, by the words that people use; the first of them is taken.
_STARTS = ("serve", "server", "run", "start", "runserver", "run-server", "web", "daemon", "worker")


def of(code: Code, path: str) -> tuple[str, ...]:
    """Return the subcommand that starts the program of a file; () if it has none that does."""
    content = code.repository.content(path)
    if not re.search(rb"add_subparsers|\.group\(|\.command\(", content):
        return ()
    tree = syntax.tree(code.repository, path)
    names = {*_parsers(tree), *_commands(tree)}
    if b"Typer(" in content and len(names) == 1 and b".callback(" not in content:
        return ()  # its only command is the program itself
    return next(((name,) for name in _STARTS if name in names), ())


def _parsers(tree: "Node") -> Iterator[str]:
    """Yield those of argparse: ``subparsers.add_parser("serve")``."""
    for call in syntax.nodes(tree, "call"):
        called = syntax.text(call.child_by_field_name("function"))
        name = syntax.string(next(iter(source.positional(call)), None))
        if called.endswith(".add_parser") and name:
            yield name


def _commands(tree: "Node") -> Iterator[str]:
    """Yield those of click and typer: ``@cli.command()`` above ``def serve``."""
    for node in syntax.nodes(tree, "decorated_definition"):
        function = node.child_by_field_name("definition")
        for one in (child for child in node.named_children if child.type == "decorator"):
            call = one.named_children[0]
            called = call.child_by_field_name("function") or call
            if re.fullmatch(r"(?!click\b|typer\b)\w+\.command", syntax.text(called)):
                told = source.positional(call) if call.type == "call" else []
                name = syntax.string(told[0]) if told else None
                given = function.child_by_field_name("name") if function is not None else None
                yield name or syntax.text(given).replace("_", "-")
