"""Render a check as one HTML page that needs no network and no script.

page.html is its structure, page.css its style. Every value in the page goes through `plain` and is
escaped, and the page's own content security policy lets a browser load and run nothing.
"""

import base64
import hashlib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dockgen import __version__
from dockgen.check import Verdict
from dockgen.checks import AnyRule
from dockgen.report import maps, words
from dockgen.verdict.result import Found, Result

if TYPE_CHECKING:
    from jinja2 import Template

_FILES = Path(__file__).parent
# How many findings are listed per rule.
_MOST = 50
_VERDICTS = (
    (Verdict.FINDING, "rule fails", "rules fail"),
    (Verdict.WARNING, "warns", "warn"),
    (Verdict.INFO, "remark", "remarks"),
    (Verdict.IGNORED, "ignored", "ignored"),
    (Verdict.NOT_ASKED, "not asked", "not asked"),
    (Verdict.BASE_UNKNOWN, "not asked: base unknown", "not asked: base unknown"),
    (Verdict.HOLDS, "rule passes", "rules pass"),
)


def checked(result: Result) -> str:
    """Return the whole page."""
    image, contract = result.checked.image, result.checked.contract
    parts = maps.parts(image)
    style = (_FILES / "page.css").read_text(encoding="utf-8")
    return _page().render(
        result=result,
        checked=result.checked,
        image=image,
        limits=contract.limits,
        whole=words.whole(result),
        since=words.since(result),
        gone=sorted(set(result.since.gone)) if result.since else [],
        counts=_counts(result),
        measures=words.measures(result.checked),
        scale=_scale(result),
        groups=_groups(result),
        left_out=_left_out(result),
        parts=parts,
        hidden=sum(part.root.hidden_bytes for part in parts),
        maps=maps.of_image(parts),
        maps_of=maps.of_folder,
        most=_MOST,
        style=style,
        style_hash=base64.b64encode(hashlib.sha256(style.encode()).digest()).decode(),
        version=__version__,
    )


@cache
def _page() -> "Template":
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(_FILES),
        autoescape=True,
        finalize=_finalized,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"size": words.size, "paragraphs": _paragraphs}
    return environment.get_template("page.html")


def _finalized(value: Any) -> Any:
    """Make a value one line without control characters; jinja escapes it after that."""
    return words.plain(value) if type(value) is str else value


def _paragraphs(text: str) -> list[str]:
    return [" ".join(paragraph.split()) for paragraph in text.split("\n\n")]


def _counts(result: Result) -> list[tuple[str, str]]:
    """Count the rules per verdict, with the verdict's label; the worst come first."""
    verdicts = [result.checked.verdict(rule.code) for rule in result.checked.rules]
    return [
        (str(verdict), f"{number} {one if number == 1 else several}")
        for verdict, one, several in _VERDICTS
        if (number := verdicts.count(verdict))
    ]


def _groups(result: Result) -> list[tuple[AnyRule, str, list[Found]]]:
    """Return the rules with findings and their verdicts; failures come first."""
    groups = []
    for verdict, _, _ in _VERDICTS:
        for rule in result.checked.rules:
            found = [one for one in result.found if one.rule.code == rule.code]
            if found and result.checked.verdict(rule.code) is verdict:
                groups.append((rule, str(verdict), found))
    return groups


def _left_out(result: Result) -> dict[str, list[str]]:
    """Map each reason why rules weren't asked to their codes."""
    reasons: dict[str, list[str]] = {}
    for code, reason in result.checked.left_out.items():
        reasons.setdefault(reason, []).append(code)
    return reasons


def _scale(result: Result) -> dict[str, float | None]:
    """Scale the size, its limit and the former size so that the largest of them is 1000."""
    size = result.checked.image.unpacked_bytes
    limit = result.checked.contract.limits.size_bytes
    before = result.since.before.unpacked_bytes if result.since else None
    end = max(size, limit or 0, before or 0, 1)
    return {
        "now": 1000 * size / end,
        "limit": None if limit is None else 1000 * limit / end,
        "before": None if before is None else 1000 * before / end,
    }
