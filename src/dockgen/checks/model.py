"""What a rule is, and what it finds."""

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from dockgen.matrix import Kind
from dockgen.project import Project

Facts = TypeVar("Facts")

# What a rule's function yields: what is wrong, and what to do about it.
Violation = tuple[str, str]


@dataclass(frozen=True)
class Finding:
    """A rule that doesn't hold: its code, what was found, and what to do about it."""

    rule: str
    message: str
    hint: str


@dataclass(frozen=True)
class Rule(Generic[Facts]):
    """Something that must hold for an image or a container: ``Facts`` is what it looks at.

    ``code`` never changes its meaning once released; ``title`` says what holds, ``why`` the
    reason and its source, ``kinds`` of what kinds of projects it must hold. Calling the rule yields
    its findings: none when it holds.
    """

    code: str
    title: str
    why: str
    kinds: frozenset[Kind]
    violations: Callable[[Facts, Project], Iterator[Violation]]

    def __call__(self, facts: Facts, project: Project) -> Iterator[Finding]:
        """Yield what is found in ``facts``, measured by the project's limits, flavor and kind."""
        if project.kind not in self.kinds:
            return
        for message, hint in self.violations(facts, project):
            yield Finding(self.code, message, hint)


def rule(
    code: str, *kinds: Kind
) -> Callable[[Callable[[Facts, Project], Iterator[Violation]]], Rule[Facts]]:
    """Make a rule of a function: the first line of its docstring is the title, the rest is why.

    It is for these kinds of projects; without one, for all of them.
    """

    def make(violations: Callable[[Facts, Project], Iterator[Violation]]) -> Rule[Facts]:
        title, _, why = inspect.cleandoc(violations.__doc__ or "").partition("\n\n")
        return Rule(code, title.removesuffix("."), why, frozenset(kinds or Kind), violations)

    return make
