"""What a rule is, and what it finds."""

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from dockgen.contract import Contract
from dockgen.matrix import Workload

Facts = TypeVar("Facts")


class Severity(StrEnum):
    """How much a finding counts: only an error makes a check fail."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True)
class Place:
    """Where something was found: a project's file and line, or an image's layer and path.

    ``path`` is relative to the project, or absolute in the image; ``line`` counts from 1;
    ``layer`` is the digest of the layer's unpacked tar ("sha256:…"). Each is None if it says
    nothing.
    """

    path: str | None = None
    line: int | None = None
    layer: str | None = None


@dataclass(frozen=True)
class Violation:
    """What a rule's function yields: what is wrong, what to do about it, and where it is.

    Without a hint, the rule's ``fix`` is the hint; without a severity, it has the rule's.
    """

    message: str
    hint: str = ""
    place: Place | None = None
    severity: Severity | None = None


@dataclass(frozen=True)
class Finding:
    """A rule that isn't met: its code, what was found, what to do about it, and where it is."""

    rule: str
    message: str
    hint: str
    place: Place | None = None
    severity: Severity = Severity.ERROR


@dataclass(frozen=True)
class Rule(Generic[Facts]):
    """Something that must be true of files, an image or a container: ``Facts`` is what it looks at.

    ``code`` never changes its meaning once released; ``title`` says what must be true, ``why`` the
    reason, ``fix`` what to type, ``sources`` who asks for the same, and ``alike`` the codes that
    other tools have for it, by tool. ``kinds`` are the workloads that it is for, and ``severity``
    says how much a finding counts. ``at`` names what a finding may come from: instructions of a
    Dockerfile, in capitals, and keys of a service in a compose file.
    """

    code: str
    title: str
    why: str
    fix: str
    sources: tuple[str, ...]
    alike: Mapping[str, tuple[str, ...]]
    kinds: frozenset[Workload]
    severity: Severity
    at: tuple[str, ...]
    violations: Callable[[Facts, Contract], Iterator[Violation]]

    def __call__(self, facts: Facts, contract: Contract) -> Iterator[Finding]:
        """Yield what is found in ``facts``, measured by the contract; nothing if all is well."""
        if contract.workload not in self.kinds:
            return
        for found in self.violations(facts, contract):
            hint = found.hint or self.fix
            severity = found.severity or self.severity
            yield Finding(self.code, found.message, hint, found.place, severity)


def rule(
    code: str,
    *kinds: Workload,
    fix: str,
    sources: Sequence[str] = (),
    alike: Mapping[str, Sequence[str]] | None = None,
    severity: Severity = Severity.ERROR,
    at: Sequence[str] = (),
) -> Callable[[Callable[[Facts, Contract], Iterator[Violation]]], Rule[Facts]]:
    """Make a rule of a function: the first line of its docstring is the title, the rest is why.

    It is for these workloads; without one, for all of them. This is the one place of all that there
    is to say about a rule: reports, `dockgen explain` and docs/rules.md read it.
    """

    def make(violations: Callable[[Facts, Contract], Iterator[Violation]]) -> Rule[Facts]:
        title, _, why = inspect.cleandoc(violations.__doc__ or "").partition("\n\n")
        return Rule(
            code=code,
            title=title.removesuffix("."),
            why=why,
            fix=fix,
            sources=tuple(sources),
            alike={tool: tuple(codes) for tool, codes in (alike or {}).items()},
            kinds=frozenset(kinds or Workload),
            severity=severity,
            at=tuple(at),
            violations=violations,
        )

    return make
