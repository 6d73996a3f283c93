"""Render a check as SARIF 2.1.0, which code scanning reads, for example on GitHub.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

from typing import Any
from urllib.parse import quote

from dockgen import __version__
from dockgen.checks import AnyRule
from dockgen.report import json
from dockgen.report.words import advice, in_sarif, plain
from dockgen.verdict.result import Found, Result

_SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
_LEVELS = {"error": "error", "warning": "warning", "info": "note"}
_ROOT = "%SRCROOT%"


def checked(result: Result) -> str:
    """Return a log with one run: the rules, and one result per finding."""
    rules = result.checked.rules
    numbers = {rule.code: number for number, rule in enumerate(rules)}
    run = {
        "tool": {
            "driver": {
                "name": "dockgen",
                "semanticVersion": __version__,
                "rules": [_rule(rule) for rule in rules],
            }
        },
        # Two projects in one repository are two runs, and neither replaces the other.
        "automationDetails": {
            "id": f"dockgen/{quote(plain(result.prefix or result.checked.name))}/"
        },
        "originalUriBaseIds": {_ROOT: {"description": {"text": "The root of the repository."}}},
        "invocations": [{"executionSuccessful": True}],
        "columnKind": "utf16CodeUnits",
        "results": [_result(found, numbers[found.rule.code]) for found in result.found],
    }
    return json.dumped({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}) + "\n"


def _rule(rule: AnyRule) -> dict[str, Any]:
    alike = [f"{tool}: {', '.join(codes)}" for tool, codes in rule.alike.items()]
    more = [f"Sources: {'; '.join(rule.sources)}."] if rule.sources else []
    more += [f"Alike: {'; '.join(alike)}."] if alike else []
    help_text = "\n\n".join([rule.why, f"Fix: {rule.fix}", *more])
    return {
        "id": rule.code,
        "shortDescription": {"text": f"{rule.title}."},
        "fullDescription": {"text": rule.why},
        "help": {"text": help_text},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
        "properties": {"tags": ["container"]},
    }


def _result(found: Found, number: int) -> dict[str, Any]:
    finding, place = found.finding, found.finding.place
    location: dict[str, Any] = {}
    if found.line:
        location["physicalLocation"] = {
            "artifactLocation": {
                "uri": quote(found.line.path, errors="surrogateescape"),
                "uriBaseId": _ROOT,
            },
            "region": {"startLine": found.line.number},
        }
    if place and place.layer:
        inside = plain(f"{place.layer}{place.path or ''}")
        location["logicalLocations"] = [{"fullyQualifiedName": inside, "kind": "resource"}]
    facts: dict[str, Any] = {
        "ruleId": finding.rule,
        "ruleIndex": number,
        "level": _LEVELS[finding.severity],
        "message": {"text": in_sarif(advice(found))},
        "locations": [location] if location else [],
        # GitHub compares by the first, dockgen by the second.
        "partialFingerprints": {
            "primaryLocationLineHash": f"{found.fingerprint}:1",
            "dockgen/v1": found.fingerprint,
        },
    }
    if found.is_new is not None:
        facts["baselineState"] = "new" if found.is_new else "unchanged"
    if found.ignored is not None:
        suppression = {"kind": "external", "justification": plain(found.ignored)}
        facts["suppressions"] = [suppression]
    return facts
