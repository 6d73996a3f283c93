"""The job as the image runs it: a process that ends, or is stopped."""

import signal
import subprocess
import sys

COMMAND = [sys.executable, "-u", "-m", "app"]


def test_runs_to_its_end() -> None:
    """It prints a line for each of its five items, and exits with 0."""
    job = subprocess.run(COMMAND, capture_output=True, text=True, timeout=30, check=True)
    assert job.stdout.count("worked: item ") == 5
    assert job.stderr == ""


def test_sigterm_stops_after_the_item_in_work() -> None:
    """`docker stop` ends the job with an exit code that tells it from a finished one."""
    with subprocess.Popen(COMMAND, stdout=subprocess.PIPE, text=True) as job:
        assert job.stdout is not None
        assert "item 1" in job.stdout.readline()
        job.send_signal(signal.SIGTERM)
        rest = job.stdout.read()
        assert job.wait(timeout=10) == 128 + signal.SIGTERM
    assert "worked: item 5" not in rest
