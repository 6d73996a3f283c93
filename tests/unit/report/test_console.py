"""How the console prints another program's output."""

import pytest

from dockgen import report

LOG = """#15 [build 4/5] COPY . .
#15 DONE 0.1s
#16 ERROR: process "/bin/sh -c go build" did not complete successfully: exit code: 1
------
 > [build 5/5] RUN go build:
12.3 main.go:3:2: undefined: x
------
Dockerfile:41
--------------------
  41 | >>> RUN go build
--------------------
failed to solve: process "/bin/sh -c go build" did not complete successfully: exit code: 1
"""


def test_the_step_that_failed_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """Its own words, and not the Dockerfile around it."""
    report.end_of_log(LOG)
    shown = capsys.readouterr().err
    assert shown.splitlines() == [" > [build 5/5] RUN go build:", "12.3 main.go:3:2: undefined: x"]


def test_a_log_without_a_step_is_shown_from_its_end(capsys: pytest.CaptureFixture[str]) -> None:
    """Such as one of an image that can't be fetched."""
    report.end_of_log("".join(f"line {number}\n" for number in range(50)))
    assert capsys.readouterr().err.splitlines()[-1] == "line 49"
