"""Resolve signals and the user's flags into an answer, a guess or a conflict for each topic."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from dockgen.detect.model import (
    TOPICS,
    Answer,
    Conflict,
    Detected,
    Evidence,
    Given,
    Many,
    Signal,
    Strength,
    Topic,
)


def resolve(evidence: Evidence, given: Given, skipped: Iterable[tuple[str, str]] = ()) -> Detected:
    """Weigh the signals of one service.

    Args:
        evidence: the signals of its language and those that all share, the best first.
        given: what the user gave, by topic.
        skipped: the files that couldn't be read, and why.
    """
    answers: dict[str, tuple[Answer, ...]] = {}
    conflicts: list[Conflict] = []
    for topic in TOPICS:
        signals = list(evidence.of(topic.name))
        # A default from no file is shown only if there is nothing else.
        signals += [one for one in evidence.defaults.get(topic.name, ()) if one.file or not signals]
        found = _topic(topic, signals, given.get(topic.name))
        if isinstance(found, Conflict):
            conflicts.append(found)
        elif found:
            answers[topic.name] = found
    detected = Detected(answers, tuple(conflicts), tuple(evidence.refusals), tuple(skipped))
    return _with_port(detected)


def flag(topic: Topic, value: Any) -> Signal:
    """Return the signal for a flag's value."""
    words = " ".join(value) if isinstance(value, tuple) and topic.takes is tuple else str(value)
    return Signal(value, f"{topic.flag} {words}".rstrip())


def _topic(topic: Topic, signals: list[Signal], given: Any) -> tuple[Answer, ...] | Conflict:
    if topic.many is Many.ALL:
        return _parts(topic, signals, given)
    if given is not None:
        said = flag(topic, given)
        return (Answer(topic, given, said, _others(topic, signals, given)),)
    if not signals:
        return ()
    if topic.many is Many.VERSION:
        return _version(topic, signals)
    strong = [signal for signal in signals if signal.strength is Strength.STRONG]
    chosen = (strong or signals)[0]
    if any(signal.value != chosen.value for signal in strong):
        return Conflict(topic, _distinct(strong))
    return (Answer(topic, chosen.value, chosen, _others(topic, signals, chosen.value)),)


def _others(topic: Topic, signals: Iterable[Signal], value: Any) -> tuple[Signal, ...]:
    """Return the signals with other values, each value once."""
    if topic.many is Many.VERSION:
        return tuple(signal for signal in signals if value not in signal.value)
    return _distinct(signal for signal in signals if signal.value != value)


def _distinct(signals: Iterable[Signal]) -> tuple[Signal, ...]:
    found: list[Signal] = []
    for signal in signals:
        if all(signal.value != one.value for one in found):
            found.append(signal)
    return tuple(found)


def _version(topic: Topic, signals: Sequence[Signal]) -> tuple[Answer, ...] | Conflict:
    """Return the newest version within every strong bound, and within weak ones if possible."""
    strong = [signal for signal in signals if signal.strength is Strength.STRONG]
    weak = [signal for signal in signals if signal.strength is Strength.WEAK]
    left: list[str] | None = None
    narrowed: Signal | None = None
    for signal in strong:
        inner = [value for value in signal.value if left is None or value in left]
        if not inner:
            return Conflict(topic, tuple(strong))
        if left is None or inner[0] != left[0]:
            narrowed = signal
        left = inner
    passed = []
    for signal in weak:
        inner = [value for value in signal.value if left is None or value in left]
        if not inner:
            passed.append(signal)
            continue
        if left is None or inner[0] != left[0]:
            narrowed = signal
        left = inner
    if not left or narrowed is None:
        return ()
    return (Answer(topic, left[0], narrowed, tuple(passed)),)


def _parts(topic: Topic, signals: Iterable[Signal], given: Any) -> tuple[Answer, ...]:
    """Return each part once, by its name or value; the user's come first, and replace others."""
    found: dict[Any, Answer] = {}
    for value in given or ():
        words = f"{topic.flag} {getattr(value, 'name', value)}"
        found[key(value)] = Answer(topic, value, Signal(value, words))
    for signal in signals:
        name = key(signal.value)
        before = found.get(name)
        if before is None:
            found[name] = Answer(topic, signal.value, signal)
        elif before.value != signal.value:
            better = signal.strength is Strength.STRONG and before.is_guess and before.signal.file
            one, other = (signal, before.signal) if better else (before.signal, signal)
            over = (*before.passed_over, other)
            found[name] = Answer(topic, one.value, one, _distinct(over))
    return tuple(found.values())


def key(value: Any) -> Any:
    """Return what identifies a part of an answer: a setting's name, a service's kind."""
    for name in ("name", "kind", "folder"):
        if hasattr(value, name):
            return getattr(value, name)
    return value


def _with_port(detected: Detected) -> Detected:
    """Fill in the port in commands."""
    port = detected.value("port")
    if port is None:
        return detected

    def filled(value: Any) -> Any:
        if isinstance(value, tuple):
            parts = [filled(part) for part in value]
            return type(value)(*parts) if hasattr(value, "_fields") else tuple(parts)
        return value.replace("{port}", str(port)) if isinstance(value, str) else value

    answers = {
        name: tuple(replace(one, value=filled(one.value)) for one in found)
        for name, found in detected.answers.items()
    }
    conflicts = tuple(
        replace(one, signals=tuple(replace(two, value=filled(two.value)) for two in one.signals))
        for one in detected.conflicts
    )
    return replace(detected, answers=answers, conflicts=conflicts)
