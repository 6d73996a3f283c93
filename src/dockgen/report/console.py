"""The console: what prints, and spells out what a terminal would obey. Renderers draw on it.

rich takes longer to import than all else that a short answer needs, so it is imported where
something is drawn. It leaves colours out off a terminal and with NO_COLOR, whatever
FORCE_COLOR says: many set it for all of a CI's jobs, and a diff in a file is to be applied.
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

# What a terminal obeys or doesn't show: control sequences and their 8-bit twins, marks that turn
# the direction of text around or take no room, halves of characters. Line break and tab stay.
_OBEYED = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e"
    "\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e0fff]"
)
# Colours of a program whose output is shown.
_COLORS = re.compile(r"\x1b\[[0-9;]*m")
# How many lines of a build's log tell why it failed.
_LOG_LINES = 20


def text(words: str) -> None:
    """Plain text."""
    print(spelt(words))


def raw(content: str) -> None:
    """What a program reads, byte for byte; the renderer has escaped what is foreign in it."""
    print(content, end="")


def log(words: str) -> None:
    """A program's whole output, on standard error."""
    print(spelt(_COLORS.sub("", words)), file=sys.stderr)


def end_of_log(log: str) -> None:
    """The last lines of a build's log, on standard error: of the step that failed, if it says."""
    console = drawing(stderr=True)
    lines = [line for line in _COLORS.sub("", log).splitlines() if line.strip()]
    for line in _of_failed_step(lines)[-_LOG_LINES:]:
        console.print(styled(line), soft_wrap=True)


def _of_failed_step(lines: list[str]) -> list[str]:
    """What BuildKit repeats of a failed step, between two rules; else all that was printed."""
    starts = [number for number, line in enumerate(lines) if line.startswith(" > [")]
    if not starts:
        return lines
    rest = lines[starts[-1] :]
    ends = [number for number, line in enumerate(rest) if set(line) == {"-"}]
    step = rest[: ends[0]] if ends else rest
    return step if len(step) > 1 else lines


def note(words: str) -> None:
    """Something to know before it begins, on standard error."""
    print(spelt(words), file=sys.stderr)


def warning(words: str) -> None:
    """One line on standard error about something that didn't work but was not needed."""
    console = drawing(stderr=True)
    words = named(words)
    console.print(f"[bold yellow]warning:[/] {words}", soft_wrap=True)


def error(problem: DockgenError) -> None:
    """One line of what happened and why, and one of what to do next, on standard error."""
    console = drawing(stderr=True)
    message, hint = named(problem.message), named(problem.hint)
    console.print(f"[bold red]error:[/] {message}", soft_wrap=True)
    if hint:
        console.print(f"  [dim]try:[/] {hint}", soft_wrap=True)


def bug(details: str = "") -> None:
    """The traceback of the exception that is being handled, which only a bug can be.

    ``details`` are others' tracebacks in its place.
    """
    print(spelt(details or traceback.format_exc()), file=sys.stderr)
    print("This is a bug in dockgen. Please report it with the lines above.", file=sys.stderr)


@contextmanager
def progress() -> Iterator[Callable[[str], None]]:
    """Show what is being done while it lasts, on standard error, if that is a terminal.

    Yields the function that takes the words.
    """
    console = drawing(stderr=True)
    with console.status("") as status:
        yield lambda words: status.update(styled(f"{words} …"))


def prepare_prompts() -> None:
    """Let questions that are asked on the terminal spell out what it would obey.

    prompt_toolkit, which copier asks with, does so for control characters. Of what has no room of
    its own it knows little.
    """
    from prompt_toolkit.layout.screen import Char

    for number in (*range(0x200B, 0x2010), *range(0x2028, 0x202F), *range(0x2060, 0x2070), 0x61C):
        if number not in {0x200C, 0x200D}:  # joiners, as in emoji
            Char.display_mappings[chr(number)] = f"<{number:x}>"


def spelt(words: str) -> str:
    """Words of someone else's as they may reach a terminal.

    What a terminal would obey is spelt out, and credentials in addresses are left out.
    """
    if words.isascii() and words.isprintable() and "://" not in words:
        return words
    spelled = _OBEYED.sub(
        lambda found: found[0].encode("unicode_escape", "surrogatepass").decode(), words
    )
    return masked(spelled)


def in_one_line(words: str) -> str:
    """Words with what a terminal would obey, such as the line break in a folder's name, spelt."""
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape", "surrogatepass").decode()
        for char in words
    )


def named(words: str) -> str:
    """Words of someone else's as a part of one line with rich's markup."""
    from rich.markup import escape

    return escape(in_one_line(words))


def styled(words: str, style: str = "") -> "Text":
    """Text that is drawn as it is: nothing in it is markup."""
    from rich.text import Text

    return Text(spelt(words), style=style)


def drawing(file: TextIO | None = None, *, stderr: bool = False) -> "Console":
    """A console of rich's, on standard output, standard error or a file."""
    from rich.console import Console
    from rich.segment import Segment

    class Plain(Console):
        """Spells out what a terminal would obey, in all that is drawn.

        It leaves a reader that has gone to the command line, as `print` does.
        """

        def render_str(self, text: str, **options: Any) -> "Text":
            # rich drops a few of them without a word, so they are spelt before it sees them.
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
    """What to type next, each in a line of its own."""
    from rich.markup import escape

    console.print("\nNext:")
    for command in commands:
        console.print(f"  [bold cyan]{escape(command)}[/]", soft_wrap=True)


def diff(console: "Console", changes: str) -> None:
    """A diff: in colours on a terminal, else byte for byte, so that it can be applied."""
    from rich.syntax import Syntax

    if not console.is_terminal:
        raw(changes)
    elif console.no_color:
        console.print(styled(changes.removesuffix("\n")), soft_wrap=True)
    else:
        spelled = spelt(changes)
        console.print(Syntax(spelled, "diff", theme="ansi_dark", background_color="default"))
