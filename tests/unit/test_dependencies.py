"""pyproject.toml declares what dockgen imports; its modules are layered."""

import ast
import graphlib
import sys
import tomllib
from collections.abc import Collection, Iterator
from importlib import metadata

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.conftest import ROOT

SOURCE = ROOT / "src"


def test_what_is_imported_is_declared() -> None:
    """Itself, and not only by a package that needs it too."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    texts = [*project["dependencies"], *project["optional-dependencies"]["testing"]]
    declared = {canonicalize_name(Requirement(text).name) for text in texts}
    imported = {
        name.partition(".")[0]
        for path in (ROOT / "src").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in ([node.module] if isinstance(node, ast.ImportFrom) else
                     [alias.name for alias in node.names])
        if name
    }  # fmt: skip
    packages = metadata.packages_distributions()
    undeclared = {
        name
        for name in imported - sys.stdlib_module_names - {"dockgen"}
        if not {canonicalize_name(package) for package in packages[name]} & declared
    }
    assert undeclared == set()


def _imported(node: ast.AST, names: Collection[str]) -> Iterator[str]:
    """Yield which of these modules code imports, in functions too, except only for types."""
    if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
        return
    if isinstance(node, ast.ImportFrom) and node.module:
        found = [f"{node.module}.{alias.name}" for alias in node.names]
        yield from (name if name in names else node.module for name in found)
    elif isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    for child in ast.iter_child_nodes(node):
        yield from _imported(child, names)


def test_no_module_comes_back_to_itself() -> None:
    """By way of those that it imports, at its start or later; and each fits in a head."""
    files = {
        ".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__"): path
        for path in SOURCE.rglob("*.py")
    }
    graph = {
        name: {
            one for one in _imported(ast.parse(path.read_text()), files) if one in files
        } - {name}
        for name, path in files.items()
    }  # fmt: skip
    graphlib.TopologicalSorter(graph).prepare()
    assert {
        name for name, path in files.items() if len(path.read_text().splitlines()) > 400
    } == set()
