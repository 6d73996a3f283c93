"""Rules and their findings."""

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

    ``path`` is relative to the project, or absolute in the image; ``line`` counts from 1; ``layer``
    is the digest of the unpacked layer tar ("sha256:…"). Each may be None.
    """

    path: str | None = None
    line: int | None = None
    layer: str | None = None


@dataclass(frozen=True)
class Violation:
    """What a rule's function yields: what is wrong, what to do about it, and where it is.

    The rule's ``fix`` is the default hint, and its severity the default severity.
    """

    message: str
    hint: str = ""
    place: Place | None = None
    severity: Severity | None = None


@dataclass(frozen=True)
class Finding:
    """A rule that fails: its code, what was found, what to do about it, and where it is."""

    rule: str
    message: str
    hint: str
    place: Place | None = None
    severity: Severity = Severity.ERROR


@dataclass(frozen=True)
class Rule(Generic[Facts]):
    """A requirement on files, an image or a container; ``Facts`` is the type that it looks at.

    ``code`` never changes its meaning once released. ``title`` says what must be true, ``why``
    gives the reason, ``fix`` what to type, ``sources`` who else requires it, and ``alike`` the
    codes of the same rule in other tools, by tool. ``kinds`` are the workloads that it applies to,
    and ``severity`` says how much a finding counts. ``at`` names what a finding may come from:
    instructions of a Dockerfile, in capitals, and keys of a service in a compose file.
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
        """Yield the findings in ``facts``, measured by the contract; nothing if all is well."""
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
    """Make a rule from a function: its docstring's first line is the title, the rest is why.

    It applies to the given workloads, or to all if there are none. Reports, `dockgen explain` and
    docs/rules.md read the rule from here and nowhere else.
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
