"""Errors: one class and one exit code per kind."""

import pickle
import re
import signal

from dockgen import errors
from dockgen.cli import EXIT_CODES
from dockgen.errors import DockgenError


def kinds() -> list[type[DockgenError]]:
    """Every class of error."""
    return [
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, DockgenError)
    ]


def test_each_kind_has_an_exit_code_of_its_own() -> None:
    """No two classes share an exit code."""
    codes = [kind.exit_code for kind in kinds()]
    assert sorted(codes) == [1, 2, 3, 4, 70, 130]


def test_each_kind_comes_back_from_another_process() -> None:
    """With its hint: a fleet's projects are updated in processes of their own."""
    for kind in kinds():
        error = (
            kind("what happened", "what to type") if kind is not errors.Interrupted else kind("why")
        )
        error.hint = "what to type"
        back = pickle.loads(pickle.dumps(error))  # noqa: S301 - its own
        assert (type(back), back.message, back.hint) == (kind, error.message, "what to type")
        assert back.exit_code == error.exit_code


def test_help_lists_each_exit_code() -> None:
    """``dockgen --help`` says what each exit code means, and those of signals."""
    signals = {128 + number for number in (signal.SIGHUP, signal.SIGTERM)}
    listed = {int(code) for code in re.findall(r"^  (\d+) ", EXIT_CODES, re.MULTILINE)}
    assert listed == {0, *signals, *(kind.exit_code for kind in kinds())}
