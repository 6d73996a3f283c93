"""The report: the only package that prints. One renderer for each format.

Renderers only draw: results are plain data made elsewhere. A renderer decides nothing, writes none
of the user's files and knows no command. All text for a terminal goes through `console`, which
escapes control sequences.
"""

from dockgen.report.console import (
    bug,
    end_of_log,
    error,
    log,
    note,
    prepare_prompts,
    progress,
    spelt,
    text,
    warning,
)

__all__ = [
    "bug",
    "end_of_log",
    "error",
    "log",
    "note",
    "prepare_prompts",
    "progress",
    "spelt",
    "text",
    "warning",
]
