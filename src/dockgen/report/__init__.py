"""The report: the only package that prints. One renderer for each format.

Results are plain data made elsewhere. A renderer decides nothing, writes no file of the user's and
knows no command: it draws what it is given. All that reaches a terminal is spelt out by `console`.
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
