"""Rounds: the order in which `dockgen new --ask` asks questions."""

from collections.abc import Mapping, Sequence
from typing import Any

# --ask skips these questions if earlier answers leave only one choice. Each needs these answers.
_SENSIBLE_WITH: Mapping[str, Mapping[str, Sequence[str]]] = {
    "cgo": {"language": ("go",)},
    "framework": {"kind": ("service",)},
    "package_manager": {"language": ("python", "node")},
    "port": {"kind": ("service",)},
    "runtime_packages": {"flavor": ("slim", "alpine")},
    "private_host": {"private_dependencies": ("ssh", "token")},
}


def of(names: Sequence[str]) -> list[list[str]]:
    """Group questions into rounds: each round's answers decide which later ones make sense."""
    found: list[list[str]] = [[]]
    for name in names:
        if any(earlier in found[-1] for earlier in _SENSIBLE_WITH.get(name, ())):
            found.append([])
        found[-1].append(name)
    return found


def makes_sense(name: str, answers: Mapping[str, Any]) -> bool:
    """Return whether a question can have more than one answer, given these answers."""
    wanted = _SENSIBLE_WITH.get(name, {})
    return all(answers.get(earlier, values[0]) in values for earlier, values in wanted.items())
