"""``dockgen explain``."""

import click

from dockgen.cli.arguments import complete_rule
from dockgen.errors import UsageError


@click.command(short_help="Explain the rules of dockgen check.")
@click.argument("codes", nargs=-1, metavar="[CODE]...", shell_complete=complete_rule)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def explain(codes: tuple[str, ...], as_json: bool) -> None:
    """Explain the rules of `dockgen check`: what each requires, why, and how to fix it.

    CODE is a code of dockgen, or of the same rule in hadolint, Trivy, Dockle, Checkov or BuildKit.
    Without CODE, all rules are listed.

    \b
    Examples:
      dockgen explain
      dockgen explain DG105
      dockgen explain DL3002
    """
    from dockgen import checks
    from dockgen.report import json, terminal

    found = []
    for code in codes:
        wanted = code.upper()
        known = [
            rule
            for rule in checks.RULES
            if wanted in (rule.code, *(c.upper() for alike in rule.alike.values() for c in alike))
        ]
        if not known:
            raise UsageError(f"unknown rule {code}", "list all rules: dockgen explain")
        found += [rule for rule in known if rule not in found]
    if as_json:
        json.rules(found or checks.RULES)
    elif found:
        terminal.explained(found)
    else:
        terminal.rules(checks.RULES)
