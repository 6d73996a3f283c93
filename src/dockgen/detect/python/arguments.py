"""Required arguments of Python programs: those of argparse, click and typer."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from dockgen.detect import syntax
from dockgen.detect.model import Argv, Evidence
from dockgen.detect.python import code as source
from dockgen.detect.python.candidates import file_of, imported
from dockgen.detect.python.code import Code
from dockgen.detect.python.project import Project

if TYPE_CHECKING:
    from tree_sitter import Node


class Argument(NamedTuple):
    """A required argument: its name, the variable that can replace it, and the place."""

    name: str
    variable: str
    node: "Node"


def look(project: Project, code: Code, entry: Argv, found: Evidence) -> None:
    """Add the arguments that a command requires, or the variables that can replace them."""
    start = file_of(entry, project, code)
    if not start:
        return
    main = project.repository.content(start).decode(errors="replace")
    for path in [start, *sorted(imported(start, code) - {start})]:
        if not project.repository.has(path):
            continue
        text = project.repository.content(path).decode(errors="replace")
        if not re.search("argparse|click|typer", text):
            continue
        tree = syntax.tree(project.repository, path)
        prefix = re.search(r"auto_envvar_prefix\s*=\s*[\"'](\w+)[\"']", f"{main}\n{text}")
        called = main if path != start else text
        for one in (*_parsed(tree), *_decorated(tree, called), *_typed(tree)):
            variable = one.variable
            if not variable and prefix and one.name.startswith("--"):
                variable = f"{prefix[1]}_{one.name[2:].replace('-', '_').upper()}"
            found.require(one.name, variable, entry, path, syntax.line(one.node))


def _parsed(tree: "Node") -> Iterator[Argument]:
    """Yield those of ``argparse.ArgumentParser``, without its subcommands."""
    parsers = {
        syntax.text(node.child_by_field_name("left"))
        for node in syntax.walk(tree, "assignment")
        if re.match(r"(?:\w+\.)?ArgumentParser\(", syntax.text(node.child_by_field_name("right")))
    }
    for call in syntax.walk(tree, "call"):
        owner, _, last = syntax.text(call.child_by_field_name("function")).rpartition(".")
        if last != "add_argument" or owner not in parsers:
            continue
        names = [name for node in source.positional(call) if (name := syntax.string(node))]
        if not names or source.argument(call, "default") is not None:
            continue
        if names[0].startswith("-"):
            if syntax.text(source.argument(call, "required")) == "True":
                yield Argument(max(names, key=len), "", call)
        elif not re.search(r"[?*]|REMAINDER", syntax.text(source.argument(call, "nargs"))):
            yield Argument(f"<{names[0]}>", "", call)


def _decorated(tree: "Node", called: str) -> Iterator[Argument]:
    """Yield those of the called function with ``@click.command``."""
    for node in syntax.walk(tree, "decorated_definition"):
        definition = node.child_by_field_name("definition")
        name = syntax.text(definition.child_by_field_name("name")) if definition else ""
        decorators = [
            one.named_children[0]
            for one in node.named_children
            if one.type == "decorator" and one.named_children
        ]
        commands = [
            one for one in decorators if re.match(r"(?:click\.)?command\b", syntax.text(one))
        ]
        if not commands or not re.search(rf"(?<!def )\b{re.escape(name)}\(", called):
            continue
        for one in decorators:
            kind = syntax.text(one.child_by_field_name("function")).rpartition(".")[2]
            names = [word for part in source.positional(one) if (word := syntax.string(part))]
            if not names or source.argument(one, "default") is not None:
                continue
            required = syntax.text(source.argument(one, "required"))
            variable = syntax.string(source.argument(one, "envvar")) or ""
            if kind == "option" and required == "True":
                yield Argument(max(names, key=len), variable, one)
            several = syntax.text(source.argument(one, "nargs")) == "-1"
            if kind == "argument" and required != "False" and not several:
                yield Argument(f"<{names[0].lower()}>", variable, one)


def _typed(tree: "Node") -> Iterator[Argument]:
    """Yield the parameters without a default of the function given to ``typer.run``."""
    run = re.search(r"\btyper\.run\((\w+)\)", syntax.text(tree))
    for node in syntax.walk(tree, "function_definition") if run else ():
        if run and syntax.text(node.child_by_field_name("name")) == run[1]:
            parameters = node.child_by_field_name("parameters")
            for one in parameters.named_children if parameters else ():
                if one.type in ("identifier", "typed_parameter") and "typer." not in syntax.text(
                    one
                ):
                    name = syntax.text(one).partition(":")[0].strip()
                    yield Argument(f"<{name.lower()}>", "", one)
