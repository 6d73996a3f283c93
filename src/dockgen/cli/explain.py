"""``dockgen explain``."""

import click

from dockgen.cli.arguments import complete_rule
from dockgen.errors import UsageError


@click.command(short_help="Say what a rule of dockgen check asks, why, and how to meet it.")
@click.argument("codes", nargs=-1, metavar="[CODE]...", shell_complete=complete_rule)
@click.option("--json", "as_json", is_flag=True, help="Report as JSON.")
def explain(codes: tuple[str, ...], as_json: bool) -> None:
    """Explain the rules of `dockgen check`: what must be true, why, and how to get there.

    CODE is dockgen's, or the one that hadolint, Trivy, Dockle, Checkov or BuildKit gives to the
    same fault. Without one, all rules are listed.

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
            raise UsageError(f"there is no rule {code}", "see all: dockgen explain")
        found += [rule for rule in known if rule not in found]
    if as_json:
        json.rules(found or checks.RULES)
    elif found:
        terminal.explained(found)
    else:
        terminal.rules(checks.RULES)
