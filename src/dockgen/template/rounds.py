"""Rounds: which questions `dockgen new --ask` puts, after which others."""

from collections.abc import Mapping, Sequence
from typing import Any

# What --ask asks only where it has more than one answer: with these answers to questions before it.
_SENSIBLE_WITH: Mapping[str, Mapping[str, Sequence[str]]] = {
    "cgo": {"language": ("go",)},
    "framework": {"kind": ("service",)},
    "package_manager": {"language": ("python", "node")},
    "port": {"kind": ("service",)},
    "runtime_packages": {"flavor": ("slim", "alpine")},
    "private_host": {"private_dependencies": ("ssh", "token")},
}


def of(names: Sequence[str]) -> list[list[str]]:
    """Questions to ask, in as many rounds as it takes to know which of them make sense."""
    found: list[list[str]] = [[]]
    for name in names:
        if any(earlier in found[-1] for earlier in _SENSIBLE_WITH.get(name, ())):
            found.append([])
        found[-1].append(name)
    return found


def makes_sense(name: str, answers: Mapping[str, Any]) -> bool:
    """Whether a question can have more than one answer, as far as these answers tell."""
    wanted = _SENSIBLE_WITH.get(name, {})
    return all(answers.get(earlier, values[0]) in values for earlier, values in wanted.items())
