"""pyproject.toml declares what dockgen imports."""

import ast
import sys
import tomllib
from importlib import metadata

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.conftest import ROOT


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
