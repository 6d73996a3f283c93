"""Render a check as GitHub workflow commands: annotations on the lines of a pull request.

https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
"""

from dockgen.report.words import advice, plain, since, title
from dockgen.verdict.result import Found, Result

_COMMANDS = {"error": "error", "warning": "warning", "info": "notice"}
_MB = 10**6


def checked(result: Result) -> str:
    """Return one command per finding that isn't ignored, and one with the size."""
    lines = [_command(found) for found in result.found if found.ignored is None]
    size = f"{result.checked.image.unpacked_bytes / _MB:.2f} MB unpacked"
    limit = result.checked.contract.limits.size_bytes
    size += "." if limit is None else f" of {limit / _MB:g} MB."
    size += f" {words}" if (words := since(result)) else ""
    name = f"dockgen check {plain(result.checked.name)}"
    lines.append(f"::notice title={_property(name)}::{_data(size)}")
    return "\n".join(lines) + "\n"


def _command(found: Found) -> str:
    properties = {"title": title(found)}
    if found.line:
        properties = {"file": found.line.path, "line": str(found.line.number), **properties}
    listed = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    return f"::{_COMMANDS[found.finding.severity]} {listed}::{_data(advice(found))}"


def _data(words: str) -> str:
    """Escape a command's message, which follows the second pair of colons."""
    return plain(words).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(words: str) -> str:
    """Escape a command's property, which a colon or comma would end."""
    return _data(words).replace(":", "%3A").replace(",", "%2C")
