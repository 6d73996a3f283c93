"""Print to the console, with control sequences escaped. Renderers draw on it.

rich takes longer to import than everything else that a short answer needs, so it is imported only
where something is drawn. Without a terminal or with NO_COLOR, there are no colours, whatever
FORCE_COLOR says: many set it for all jobs of a CI, and a diff in a file has to apply.
"""

import re
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TextIO

from dockgen.address import masked
from dockgen.errors import DockgenError

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderableType
    from rich.segment import Segment
    from rich.text import Text

# What a terminal obeys or doesn't show: control sequences and their 8-bit twins, marks that change
# the direction of text or have no width, and lone surrogates. Line breaks and tabs stay.
_OBEYED = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e"
    "\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e0fff]"
)
# Colours in the output of another program.
_COLORS = re.compile(r"\x1b\[[0-9;]*m")
# How many lines of a build's log are shown to tell why it failed.
_LOG_LINES = 20


def text(words: str) -> None:
    """Print plain text."""
    print(spelt(words))


def raw(content: str) -> None:
    """Print output for programs, byte for byte; the renderer has already escaped foreign text."""
    print(content, end="")


def log(words: str) -> None:
    """Print a program's whole output on standard error."""
    print(spelt(_COLORS.sub("", words)), file=sys.stderr)


def end_of_log(log: str) -> None:
    """Print the end of a build's log on standard error: the failed step, if it is named."""
    console = drawing(stderr=True)
    lines = [line for line in _COLORS.sub("", log).splitlines() if line.strip()]
    for line in _of_failed_step(lines)[-_LOG_LINES:]:
        console.print(styled(line), soft_wrap=True)


def _of_failed_step(lines: list[str]) -> list[str]:
    """Return what BuildKit repeats of a failed step, between two rules, or else all lines."""
    starts = [number for number, line in enumerate(lines) if line.startswith(" > [")]
    if not starts:
        return lines
    rest = lines[starts[-1] :]
    ends = [number for number, line in enumerate(rest) if set(line) == {"-"}]
    step = rest[: ends[0]] if ends else rest
    return step if len(step) > 1 else lines


def note(words: str) -> None:
    """Print a note on standard error before the work begins."""
    print(spelt(words), file=sys.stderr)


def warning(words: str) -> None:
    """Print a one-line warning on standard error: something failed that wasn't needed."""
    console = drawing(stderr=True)
    words = named(words)
    console.print(f"[bold yellow]warning:[/] {words}", soft_wrap=True)


def error(problem: DockgenError) -> None:
    """Print an error on standard error: a line for what happened and why, a line for what to do."""
    console = drawing(stderr=True)
    message, hint = named(problem.message), named(problem.hint)
    console.print(f"[bold red]error:[/] {message}", soft_wrap=True)
    if hint:
        console.print(f"  [dim]try:[/] {hint}", soft_wrap=True)


def bug(details: str = "") -> None:
    """Print the traceback of the current exception, which is always a bug.

    ``details`` are tracebacks from elsewhere, which are printed instead.
    """
    print(spelt(details or traceback.format_exc()), file=sys.stderr)
    print("This is a bug in dockgen. Please report it with the lines above.", file=sys.stderr)


@contextmanager
def progress() -> Iterator[Callable[[str], None]]:
    """Show on standard error what is being done, if that is a terminal.

    Yields the function to call with the current step.
    """
    console = drawing(stderr=True)
    with console.status("") as status:
        yield lambda words: status.update(styled(f"{words} …"))


def prepare_prompts() -> None:
    """Make the prompts on the terminal escape what a terminal would obey.

    prompt_toolkit, which copier asks with, escapes control characters, but few of the characters
    without a width.
    """
    from prompt_toolkit.layout.screen import Char

    for number in (*range(0x200B, 0x2010), *range(0x2028, 0x202F), *range(0x2060, 0x2070), 0x61C):
        if number not in {0x200C, 0x200D}:  # joiners, as in emoji
            Char.display_mappings[chr(number)] = f"<{number:x}>"


def spelt(words: str) -> str:
    """Make foreign text safe for a terminal.

    Control sequences are escaped, and credentials in addresses are left out.
    """
    if words.isascii() and words.isprintable() and "://" not in words:
        return words
    spelled = _OBEYED.sub(
        lambda found: found[0].encode("unicode_escape", "surrogatepass").decode(), words
    )
    return masked(spelled)


def in_one_line(words: str) -> str:
    """Escape everything that a terminal would obey, such as line breaks in folder names."""
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape", "surrogatepass").decode()
        for char in words
    )


def named(words: str) -> str:
    """Make foreign text safe as part of one line of rich's markup."""
    from rich.markup import escape

    return escape(in_one_line(words))


def styled(words: str, style: str = "") -> "Text":
    """Return text that is drawn as it is: rich finds no markup in it."""
    from rich.text import Text

    return Text(spelt(words), style=style)


def drawing(file: TextIO | None = None, *, stderr: bool = False) -> "Console":
    """Return a rich console for standard output, standard error or a file."""
    from rich.console import Console
    from rich.segment import Segment

    class Plain(Console):
        """A console that escapes what a terminal would obey in everything that it draws.

        If its reader has gone, it leaves the error to the command line, as `print` does.
        """

        def render_str(self, text: str, **options: Any) -> "Text":
            # rich silently drops some of them, so escape them first
            return super().render_str(spelt(text), **options)

        def render(
            self, renderable: "RenderableType", options: "ConsoleOptions | None" = None
        ) -> "Iterable[Segment]":
            for text, style, control in super().render(renderable, options):
                yield Segment(text if control else spelt(text), style, control)

        def on_broken_pipe(self) -> None:
            raise BrokenPipeError

    stream = file or (sys.stderr if stderr else sys.stdout)
    return Plain(file=stream, force_terminal=stream.isatty(), highlight=False, emoji=False)


def next_commands(console: "Console", commands: Sequence[str]) -> None:
    """Print the next commands to type, one per line."""
    from rich.markup import escape

    console.print("\nNext:")
    for command in commands:
        console.print(f"  [bold cyan]{escape(command)}[/]", soft_wrap=True)


def diff(console: "Console", changes: str) -> None:
    """Print a diff: in colours on a terminal, otherwise byte for byte, so that it applies."""
    from rich.syntax import Syntax

    if not console.is_terminal:
        raw(changes)
    elif console.no_color:
        console.print(styled(changes.removesuffix("\n")), soft_wrap=True)
    else:
        spelled = spelt(changes)
        console.print(Syntax(spelled, "diff", theme="ansi_dark", background_color="default"))
