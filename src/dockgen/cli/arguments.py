"""Arguments that several commands share."""

import click

from dockgen.errors import DockgenError, UsageError

PASSED_ON = "Passed to docker build; repeatable."


def complete_starter(
    _ctx: click.Context, _parameter: click.Parameter, incomplete: str
) -> list[str]:
    """Complete the names of registered starters in the shell."""
    from dockgen import starters

    try:
        return [known.name for known in starters.load() if known.name.startswith(incomplete)]
    except DockgenError:
        return []


def complete_rule(_ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """Complete the codes of rules in the shell."""
    from dockgen import checks

    return [rule.code for rule in checks.RULES if rule.code.startswith(incomplete.upper())]


def pairs(
    data: tuple[str, ...], flag: str = "--data", example: str = "port=9000"
) -> dict[str, str]:
    """Read ``QUESTION=ANSWER``, as ``--data`` takes it, or ``NAME=VALUE``.

    Raises:
        UsageError: one has no ``=``.
    """
    answers = {}
    for pair in data:
        name, equals, value = pair.partition("=")
        if not equals:
            raise UsageError(f"{flag} {pair!r} has no =", f"for example: {flag} {example}")
        answers[name] = value
    return answers


def named_format(shown: str | None, *, as_json: bool) -> str:
    """Return the format that --format and --json select; "text" without either.

    Raises:
        UsageError: they name different formats.
    """
    if as_json and shown not in (None, "json"):
        raise UsageError(
            f"--json and --format {shown} can't be used together", "use only one of them"
        )
    return "json" if as_json else shown or "text"
