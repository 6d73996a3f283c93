"""The choice: which rules count in one run, and how much the image may grow."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from dockgen import checks
from dockgen.check import Checked
from dockgen.contract import AllowedGrowth, Ignored
from dockgen.errors import UsageError
from dockgen.verdict.baseline import Baseline

_MB = 10**6
_GROWTH = re.compile(r"(\d{1,6}(?:\.\d{1,6})?) ?(%|kB|MB|GB)")
_BYTES = {"kB": 10**3, "MB": _MB, "GB": 10**9}


@dataclass(frozen=True)
class Choice:
    """Which rules count in a run, in addition to dockgen.toml.

    ``selected`` has codes or prefixes of codes; if it is empty, all count. ``ignored`` has reasons
    by code. ``growth`` is how much the image may have grown since a former report; None for any
    amount.
    """

    selected: tuple[str, ...] = ()
    ignored: Mapping[str, Ignored] = field(default_factory=dict)
    growth: AllowedGrowth | None = None


def read(select: Sequence[str], ignore: Sequence[str], max_growth: str | None) -> Choice:
    """Parse the command line's options.

    Args:
        select: codes or prefixes of codes; one value may have several, separated by commas.
        ignore: ``CODE=REASON`` each.
        max_growth: a percentage, or a size with its unit.

    Raises:
        UsageError: the rule is unknown, the reason is missing, or the size is invalid.
    """
    codes = {rule.code for rule in checks.RULES}
    selected = tuple(code for words in select for code in words.split(","))
    for code in selected:
        if not code or not any(known.startswith(code) for known in codes):
            raise UsageError(f"--select {code}: unknown rule", "dockgen explain")
    ignored = {}
    for entry in ignore:
        code, _, reason = entry.partition("=")
        if code not in codes:
            raise UsageError(f"--ignore {code}: unknown rule", "dockgen explain")
        if not reason.strip():
            raise UsageError(
                f"--ignore {code} needs a reason",
                f'for example: --ignore "{code}=until the next release"',
            )
        ignored[code] = Ignored(reason)
    return Choice(selected, ignored, None if max_growth is None else _growth(max_growth))


def held(checked: Checked, choice: Choice, baseline: Baseline | None) -> Checked:
    """Apply the choice and a former report to what was checked."""
    policy = replace(
        checked.contract.policy,
        selected=choice.selected,
        ignored={**checked.contract.policy.ignored, **choice.ignored},
    )
    limits = replace(checked.contract.limits, growth=choice.growth)
    contract = replace(checked.contract, policy=policy, limits=limits)
    found = [*checked.findings]
    if baseline is not None:
        found += checks.check_growth(baseline.growth(checked.image), contract)
    codes = {rule.code for rule in checks.applicable(contract)}
    kept = [finding for finding in found if finding.rule in codes]
    return replace(checked, contract=contract, findings=kept)


def _growth(words: str) -> AllowedGrowth:
    found = _GROWTH.fullmatch(words)
    if not found:
        raise UsageError(
            f"--max-growth {words!r} is neither a percentage nor a size", "write 5% or 2MB"
        )
    number, unit = float(found[1]), found[2]
    if unit == "%":
        return AllowedGrowth(percent=number)
    return AllowedGrowth(size_bytes=round(number * _BYTES[unit]))
