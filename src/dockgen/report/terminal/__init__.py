"""Render results on a terminal: one function per result, in modules by subject."""

from dockgen.report.terminal.additions import addition, clash
from dockgen.report.terminal.detected import detected
from dockgen.report.terminal.project import created, updated, updated_fleet
from dockgen.report.terminal.rules import explained, rules
from dockgen.report.terminal.starter import added, baked, made, proven, starters
from dockgen.report.terminal.team import team, team_counts

__all__ = [
    "added",
    "addition",
    "baked",
    "clash",
    "created",
    "detected",
    "explained",
    "made",
    "proven",
    "rules",
    "starters",
    "team",
    "team_counts",
    "updated",
    "updated_fleet",
]
