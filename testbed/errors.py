"""The error of the test bed."""


class TestbedError(Exception):
    """The engine or a base image can't be provided: why, and the next command to type."""

    __test__ = False  # the name starts with "Test", but pytest must not collect it

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint
