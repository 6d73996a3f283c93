"""Show on a terminal what a repository is: each answer, why, and what was passed over."""

from typing import TYPE_CHECKING

from dockgen.detect.given import spelled
from dockgen.report.console import drawing, in_one_line, spelt, styled

if TYPE_CHECKING:
    from dockgen.detect.model import Answer, Conflict, Detected, Signal

# Lines that say where something was read are cut here, in characters.
_WIDTH = 200


def detected(result: "Detected") -> None:
    """Draw the table of `dockgen add --explain`."""
    console = drawing()
    labels = [answer.topic.label for answer in result]
    labels += [conflict.topic.label for conflict in result.conflicts]
    width = max(map(len, labels), default=0)
    before = ""
    for answer in result:
        label = answer.topic.label if answer.topic.label != before else ""
        before = answer.topic.label
        line = styled(f"{label:<{width}}  ", style="bold")
        line.append(spelt(in_one_line(spelled(answer.topic, answer.value)) or "none"))
        if answer.is_guess:
            line.append("  a guess", style="yellow")
        line.append(spelt(_why(answer)), style="dim")
        console.print(line, soft_wrap=True)
    for conflict in result.conflicts:
        _conflict(conflict, width)
    for refusal in result.refusals:
        what = refusal.flavor or "impossible"
        console.print(
            styled(f"{what}: {spelt(in_one_line(refusal.reason))}", style="red"), soft_wrap=True
        )
    for name, reason in result.skipped[:20]:
        words = in_one_line(f"skipped {name}: {reason}")[:_WIDTH]
        console.print(styled(spelt(words), style="dim"), soft_wrap=True)


def _why(answer: "Answer") -> str:
    words = f"  {seen(answer.signal)}"
    for signal in answer.passed_over:
        words += f"; ignored {seen(signal)}"
    return in_one_line(words)[: 3 * _WIDTH]


def seen(signal: "Signal") -> str:
    """Describe a signal: what is there, and where."""
    words = in_one_line(signal.words)[:_WIDTH]
    return f"{words} in {signal.place}" if signal.place and words != signal.place else words


def _conflict(conflict: "Conflict", width: int) -> None:
    console = drawing()
    line = styled(f"{conflict.topic.label:<{width}}  ", style="bold")
    line.append(f"conflict: use {conflict.topic.flag}", style="red")
    console.print(line, soft_wrap=True)
    for signal in conflict.signals:
        line = styled(f"{'':<{width}}    ")
        line.append(spelt(in_one_line(spelled(conflict.topic, signal.value))))
        line.append(spelt(f"  {seen(signal)}"), style="dim")
        console.print(line, soft_wrap=True)
