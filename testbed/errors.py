"""What the test bed says when it cannot provide what was asked for."""


class TestbedError(Exception):
    """The engine or a base image cannot be provided: why, and the next command to type."""

    __test__ = False  # The name starts with "Test"; pytest is not to collect it.

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint
