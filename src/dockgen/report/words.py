"""The wording of findings in each format: on one line, without credentials, escaped."""

import html
import re
from dataclasses import dataclass

from dockgen.address import masked
from dockgen.check import Checked
from dockgen.report.console import in_one_line
from dockgen.verdict.result import Found, Result

# SARIF messages use these characters for links and placeholders.
_LINK = re.compile(r"\](?=\()")
_PLACEHOLDER = re.compile(r"\{(\d+)\}")
# How much of one message is shown, in characters: a comment has room for many of these.
_LONGEST = 1000
_MB = 10**6


def plain(words: str) -> str:
    """Return text on one line, cut to length, with unprintable characters escaped."""
    line = in_one_line(masked(words))
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"


@dataclass(frozen=True)
class Measure:
    """A measurement beside its limit; "-" stands for what could not be seen.

    ``share`` is the measurement as a share of its limit (1 = all of it), or None if unknown.
    """

    name: str
    measured: str
    limit: str
    share: float | None = None


def size(size_bytes: int) -> str:
    """Format a size for people: small ones in kB."""
    if 0 < size_bytes < _MB / 10:
        return f"{size_bytes / 1000:.1f} kB"
    return f"{size_bytes / _MB:.2f} MB" if size_bytes else "0 MB"


def whole(result: Result) -> str:
    """Summarize the check in a few words."""
    codes = {finding.rule for finding in result.checked.failures}
    if not codes:
        return "all rules pass"
    return f"{len(codes)} of {len(result.checked.rules)} rules fail"


def measures(checked: Checked) -> list[Measure]:
    """Return the size of the image, and the times of its container."""
    limits, seen = checked.contract.limits, checked.seen
    size, most = checked.image.unpacked_bytes, limits.size_bytes
    room = "none" if most is None else f"{most / _MB:g} MB"
    found = [Measure("size unpacked", f"{size / _MB:.2f} MB", room, size / most if most else None)]
    if limits.run_seconds:
        ran = seen.run_seconds if seen else None
        found.append(_time("time to its end", ran, limits.run_seconds, "never" if seen else "-"))
    else:
        healthy = seen.healthy_seconds if seen else None
        # Without a health check, a container never gets healthy, and isn't to blame.
        never = "never" if seen and seen.ready_seconds is None else "-"
        found.append(_time("time to healthy", healthy, limits.healthy_seconds, never))
    # A job that ended by itself was not stopped.
    stopped = seen.stop_seconds if seen and seen.exit_code is None else None
    return [*found, _time("time to stop", stopped, limits.stop_seconds, "-")]


def _time(name: str, seconds: float | None, limit: float, otherwise: str) -> Measure:
    if seconds is None:
        return Measure(name, otherwise, f"{limit:g} s")
    return Measure(name, f"{seconds:.2f} s", f"{limit:g} s", seconds / limit if limit else None)


def advice(found: Found) -> str:
    """Return what was found, and what to do about it."""
    expired = f". {plain(found.expired).capitalize()}" if found.expired else ""
    return f"{plain(found.finding.message)}{expired}. Try: {plain(found.finding.hint)}"


def since(result: Result) -> str:
    """Say in a sentence what has changed since the former report, or return "" without one."""
    if (change := result.since) is None:
        return ""
    now, before = result.checked.image.unpacked_bytes, change.before.unpacked_bytes
    percent = f" ({100 * (now - before) / before:+.1f} %)" if before else ""
    parts = [f"{(now - before) / _MB:+.2f} MB{percent}"]
    if change.added is not None and change.removed is not None:
        parts.append(f"{_counted(change.added, 'layer')} added, {change.removed} gone")
    new = sum(bool(found.is_new) for found in result.found)
    parts.append(f"{_counted(new, 'new finding')}, {len(change.gone)} gone")
    return f"Since the last report: {'; '.join(parts)}."


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def title(found: Found) -> str:
    """Return the rule's code, and what must be true."""
    return f"{found.rule.code}: {found.rule.title}"


def in_sarif(words: str) -> str:
    """Remove what a SARIF message would read as links and placeholders."""
    return _PLACEHOLDER.sub(r"{{\1}}", _LINK.sub("] ", words))


def in_code(words: str) -> str:
    """Return text as Markdown code, where nothing becomes markup, a link, a mention or HTML."""
    line = plain(words)
    longest = max(map(len, re.findall("`+", line)), default=0)
    fence = "`" * (longest + 1)
    room = " " if not line.strip() or line[0] in "` " or line[-1] in "` " else ""
    return f"{fence}{room}{line}{room}{fence}"


def in_cell(words: str) -> str:
    """Return text as code in a Markdown table cell, which a bar would end."""
    return in_code(words).replace("|", "\\|")


def in_comment(words: str) -> str:
    """Return text that can't end the HTML comment that it is part of."""
    return re.sub(r"-{2,}", "-", re.sub(r"[^A-Za-z0-9_./-]", "-", plain(words)))


def in_html(words: str) -> str:
    """Escape text for HTML."""
    return html.escape(plain(words))
