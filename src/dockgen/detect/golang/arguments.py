"""Required arguments of Go programs, in the ways that flags are declared."""

import operator
import re
from typing import TYPE_CHECKING

from dockgen.detect import syntax
from dockgen.detect.golang import reading
from dockgen.detect.golang.needs import ends
from dockgen.detect.golang.packages import Program
from dockgen.detect.golang.values import Code
from dockgen.detect.model import Argv, Evidence

if TYPE_CHECKING:
    from tree_sitter import Node

_COUNT = re.compile(r"(?:ExactArgs|MinimumNArgs|RangeArgs)\(([1-9])")
_COMPARED = re.compile(r"(\w+\.NArg\(\)|len\(os\.Args\)|len\(\w+\.Args\(\)\))\s*(<=?|[!=]=)\s*(\d)")
_CALLED = re.compile(r"\b(\w+)\(")
_IS = {"<": operator.lt, "<=": operator.le, "==": operator.eq, "!=": operator.ne}


def look(program: Program, code: Code, entry: Argv, evidence: Evidence) -> None:
    """Add the arguments that a command requires, or the variables that can replace them."""
    subcommand = next((word for word in entry[1:2] if not word.startswith("-")), "")
    for sets in code.flags.values():  # urfave/cli: Required: true
        for one in sets:
            literal = one.literal
            keys = reading.keys_of(literal) if literal is not None else {}
            if syntax.text(keys.get("Required")) == "true" and _is_meant(literal, subcommand):
                evidence.require(one.flag, one.env, entry, one.file, one.line)
    for node, path, tags in code.fields:  # go-flags
        if tags.get("long") and tags.get("required") in ("true", "yes"):
            long = f"--{tags['long']}"
            evidence.require(long, tags.get("env", ""), entry, path, syntax.line(node))
    for call in code.calls:
        name = syntax.string(next(iter(call.arguments), None))
        if call.last == "Required" and not call.arguments:  # kingpin
            words = syntax.text(call.node)
            told = re.match(r"(?:kingpin|app|a)\.(Flag|Arg)\(\s*\"([\w.-]+)\"", words)
            variable = re.search(r"\.Envar\(\"(\w+)\"\)", words)
            if told:
                shown = f"--{told[2]}" if told[1] == "Flag" else f"<{told[2]}>"
                replaced = variable[1] if variable else ""
                evidence.require(shown, replaced, entry, call.file, call.line)
        elif name and call.last in ("MarkFlagRequired", "MarkPersistentFlagRequired"):  # cobra
            own = call.name.startswith("root") or not subcommand
            if own:
                evidence.require(f"--{name}", "", entry, call.file, call.line)
    _counted(program, code, subcommand, evidence)


def _is_meant(literal: "Node | None", subcommand: str) -> bool:
    """Return whether a flag belongs to the application itself, or to the started command."""
    held = literal.parent if literal is not None else None
    while held is not None:
        if held.type == "composite_literal":
            kind = syntax.text(held.child_by_field_name("type"))
            name = syntax.string(reading.keys_of(held).get("Name"))
            if kind.endswith("Command") and name not in (None, subcommand):
                return False
        held = held.parent
    return True


def _counted(program: Program, code: Code, subcommand: str, evidence: Evidence) -> None:
    """Find ``Args: cobra.ExactArgs(1)`` of the root command, and ``if flag.NArg() < 1 { … }``."""
    if subcommand:
        return
    for kind, node, path in code.literals:
        keys = reading.keys_of(node) if kind.endswith("cobra.Command") else {}
        wants = _COUNT.search(syntax.text(keys.get("Args")))
        held = node.parent if wants and {"Run", "RunE"} & keys.keys() else None
        while held is not None and held.type not in ("var_spec", "short_var_declaration"):
            held = held.parent
        names = [syntax.text(one) for one in reading.names_of(held)] if held else []
        if wants and any(re.match("(?i)root", one) for one in names):
            use = (syntax.string(keys.get("Use")) or "").split()[1:]
            shown = next((one for one in use if "flags" not in one), "<argument>")
            evidence.add("argument", shown, f"Args: {wants[0]})", path, syntax.line(node))
    for call in code.calls:
        if call.file.rpartition("/")[0] != program.folder.strip("."):
            continue
        test = call.node.parent
        branch = test.parent if test is not None else None
        told = _COMPARED.fullmatch(syntax.text(test)[:60])
        if not told or branch is None or branch.type != "if_statement":
            continue
        bare = 1 if "os.Args" in told[1] else 0  # the length without any argument
        body = syntax.text(branch.child_by_field_name("consequence"))
        called = (one for name in _CALLED.findall(body) for one in code.functions.get(name, []))
        fatal = ends(body) or any(ends(syntax.text(function)) for function, _ in called)
        if _IS[told[2]](bare, int(told[3])) and fatal:
            evidence.add("argument", "<argument>", f"if {told[0]}", call.file, call.line)
            return
