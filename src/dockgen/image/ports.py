"""The ports that an image exposes, as its configuration names them."""

from collections.abc import Iterable

_HIGHEST = 65535


def tcp(exposed: Iterable[str]) -> tuple[int, ...]:
    """Return the TCP ports among exposed ones, such as "80/tcp", "8000-8010/tcp" or "53/udp".

    Raises:
        ValueError: one of them isn't a number.
    """
    found: set[int] = set()
    for words in exposed:
        numbers, _, protocol = words.partition("/")
        first, _, last = numbers.partition("-")
        if not (first.isdecimal() and (last or first).isdecimal()):
            raise ValueError(f"it exposes {words!s:.40}, which isn't a port")
        if protocol in ("", "tcp") and int(last or first) <= _HIGHEST:
            found.update(range(int(first), int(last or first) + 1))
    return tuple(sorted(found))
