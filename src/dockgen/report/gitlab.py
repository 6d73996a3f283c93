"""Render a check as GitLab's code quality report, which merge requests show.

https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format
"""

import json

from dockgen.report.words import advice, plain
from dockgen.verdict.result import Result

_SEVERITIES = {"error": "major", "warning": "minor", "info": "info"}


def checked(result: Result) -> str:
    """Return one issue per finding that isn't ignored. GitLab hides issues without a path."""
    issues = [
        {
            "type": "issue",
            "check_name": found.rule.code,
            "description": f"{found.rule.code}: {advice(found)}",
            "fingerprint": found.fingerprint,
            "severity": _SEVERITIES[found.finding.severity],
            "location": {
                "path": found.line.path if found.line else plain(result.checked.name),
                "lines": {"begin": found.line.number if found.line else 1},
            },
        }
        for found in result.found
        if found.ignored is None
    ]
    return json.dumps(issues, indent=2) + "\n"
