"""The result of a check in each format."""

from collections.abc import Callable

from dockgen.report import console, github, gitlab, html, json, junit, markdown, sarif
from dockgen.report.terminal import check as terminal
from dockgen.verdict.result import Format, Result

_RENDERERS: dict[Format, Callable[[Result], str]] = {
    Format.TEXT: terminal.text,
    Format.JSON: json.checked,
    Format.MARKDOWN: markdown.checked,
    Format.SARIF: sarif.checked,
    Format.JUNIT: junit.checked,
    Format.GITLAB: gitlab.checked,
    Format.GITHUB: github.checked,
    Format.HTML: html.checked,
}


def rendered(result: Result, form: Format) -> str:
    """Return the result as the content of a file in that format."""
    return _RENDERERS[form](result)


def show(result: Result, form: Format) -> None:
    """Print a result."""
    if form is Format.TEXT:
        terminal.checked(result)
    else:
        console.raw(rendered(result, form))
