"""What the commands' arguments have in common."""

from dockgen.errors import UsageError


def pairs(data: tuple[str, ...]) -> dict[str, str]:
    """Read ``QUESTION=ANSWER``, as ``--data`` takes it.

    Raises:
        UsageError: one has no ``=``.
    """
    answers = {}
    for pair in data:
        name, equals, value = pair.partition("=")
        if not equals:
            raise UsageError(f"--data {pair!r} has no =", "for example: --data port=9000")
        answers[name] = value
    return answers
