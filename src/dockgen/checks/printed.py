"""What a program printed last, in one line: its error rather than the stack below it."""

import re

# How many lines are repeated.
_REPEATED = 5

# Lines of a stack trace: of Node, of Go, and what both print around it.
_FRAME = re.compile(
    r"^(?:at .+|Node\.js v\d.*|goroutine \d+ \[.*\]:|(?:[\w./*()-]+\.)+\w+\(.*\)|\S+\.go:\d+ \+0x.*"
    r"|created by .+|exit status \d+)$"
)
# The line that says what went wrong.
_ERROR = re.compile(r"^(?:Uncaught )?(?:[\w.]*(?:Error|Exception)\b.*:|panic: |fatal error: )")


def last(log: str) -> str:
    """Return the last lines of a log for a message, "" if it has none.

    An error further up replaces the first of them. Stack frames are left out, unless there is
    nothing else.
    """
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    kept = [line for line in lines if not _FRAME.match(line)] or lines
    shown = kept[-_REPEATED:]
    errors = [line for line in kept if _ERROR.match(line)]
    if errors and errors[-1] not in shown:
        shown = [errors[-1], *shown[1:]]
    return f"; it last printed: {' | '.join(shown)}" if shown else ""
