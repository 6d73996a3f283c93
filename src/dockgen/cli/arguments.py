"""What the commands' arguments have in common."""

import click

from dockgen.errors import DockgenError, UsageError


def complete_starter(
    _ctx: click.Context, _parameter: click.Parameter, incomplete: str
) -> list[str]:
    """The registered starters that begin like this, for the shell's completion."""
    from dockgen import starters

    try:
        return [known.name for known in starters.load() if known.name.startswith(incomplete)]
    except DockgenError:
        return []


def complete_rule(_ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """The rules whose codes begin like this, for the shell's completion."""
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
