"""The result of a check: what was found, where in the repository, and whether it is new.

Plain data, made once for all formats. A finding keeps its fingerprint as long as the same thing is
wrong in the same place, whatever the figures in its message and the line number are.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from dockgen import checks
from dockgen.address import masked
from dockgen.check import Checked
from dockgen.checks import AnyRule, Finding, Severity
from dockgen.image.anatomy import Anatomy
from dockgen.image.sizes import Size
from dockgen.verdict import cause
from dockgen.verdict.baseline import Baseline
from dockgen.verdict.cause import Line, Sources

# Figures change from run to run.
_FIGURE = re.compile(r"\d[\d.,]*")


class Format(StrEnum):
    """The format of a report."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"
    SARIF = "sarif"
    JUNIT = "junit"
    GITLAB = "gitlab"
    GITHUB = "github"
    HTML = "html"


@dataclass(frozen=True)
class Found:
    """A finding, with everything that reports show about it.

    ``line`` is where in the repository it comes from, relative to the root; None if it comes from
    no file there. ``ignored`` has the reason why it doesn't fail the check, or None if it does, and
    ``expired`` the reason why it didn't until a day that is past. ``is_new`` says whether a former
    report lacks it; None without one.
    """

    finding: Finding
    rule: AnyRule
    line: Line | None
    fingerprint: str
    ignored: str | None
    expired: str = ""
    is_new: bool | None = None

    @property
    def fails(self) -> bool:
        """Whether it fails the check."""
        return self.ignored is None and self.finding.severity is Severity.ERROR


@dataclass(frozen=True)
class Result:
    """What a check found: what was checked, and each finding.

    ``prefix`` is the path from the repository's root to the project: "" or with a trailing slash.
    ``since`` is what has changed since a former report, or None; ``anatomy`` is the image layer by
    layer, if requested.
    """

    checked: Checked
    found: Sequence[Found]
    prefix: str = ""
    since: "Since | None" = None
    anatomy: Anatomy | None = None


@dataclass(frozen=True)
class Since:
    """What has changed since a former report.

    ``added`` and ``removed`` count layers; they are None if the former ones aren't known. ``gone``
    has the code of each finding that is gone.
    """

    before: Size
    added: int | None
    removed: int | None
    gone: tuple[str, ...]


def of(
    checked: Checked, sources: Sources, prefix: str = "", baseline: Baseline | None = None
) -> Result:
    """Return the result of a check.

    Args:
        checked: what was checked.
        sources: the files that findings may come from.
        prefix: the path from the repository's root to the project: "" or with a trailing slash.
        baseline: a former report, if there is one.
    """
    rules = {rule.code: rule for rule in checks.RULES}
    prints = fingerprints(
        [(f.rule, f.place.path if f.place else None, masked(f.message)) for f in checked.findings]
    )
    former = [(one.rule, one.path, one.message) for one in baseline.findings] if baseline else []
    known = dict(zip(fingerprints(former), former, strict=True))
    found = []
    for finding, fingerprint in zip(checked.findings, prints, strict=True):
        rule = rules[finding.rule]
        line = cause.find(finding, rule, sources, checked.image)
        line = line and Line(prefix + line.path, line.number)
        over = checked.expired(finding.rule)
        found.append(
            Found(
                finding,
                rule,
                line,
                fingerprint,
                checked.ignored(finding.rule),
                f"it was ignored until {over.until}: {over.reason}" if over else "",
                fingerprint not in known if baseline else None,
            )
        )
    gone = tuple(code for mark, (code, _, _) in known.items() if mark not in prints)
    return Result(checked, found, prefix, _since(baseline, checked, gone) if baseline else None)


def _since(baseline: Baseline, checked: Checked, gone: tuple[str, ...]) -> Since:
    added = len(baseline.growth(checked.image).added) if baseline.layers is not None else None
    return Since(baseline.size, added, baseline.removed(checked.image), gone)


def fingerprints(findings: Sequence[tuple[str, str | None, str]]) -> list[str]:
    """Return a fingerprint per finding, from its rule's code, its path and its message.

    Of the message, only the part before the first semicolon counts, without figures. Equal findings
    are numbered in order.
    """
    seen: Counter[str] = Counter()
    prints = []
    for code, path, message in findings:
        words = _FIGURE.sub("#", message.partition(";")[0])
        text = "\0".join((code, path or "", words))
        seen[text] += 1
        data = f"{text}\0{seen[text]}".encode("utf-8", "surrogatepass")
        prints.append(hashlib.sha256(data).hexdigest()[:32])
    return prints
