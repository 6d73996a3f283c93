"""A pytest plugin: a test that a network has failed is run again.

Hundreds of builds fetch from PyPI, npm, the Go module proxy and Debian. An answer that never comes
is no fault of ours, and no reason to run for another hour. Whatever else fails has failed, and so
has what fails three times. The run's last lines tell which tests that were, and why.
"""

import re
from collections.abc import Iterator, Sequence

import pytest

# What programs say of a connection or a server that failed, never of what was asked for.
SYMPTOMS = re.compile(
    r"\b(EAI_AGAIN|ECANCELED|ECONNRESET|EPIPE|ERR_SOCKET_\w+|ETIMEDOUT)\b"  # Node, npm, Yarn
    r"|\bsocket hang up|\bfetch failed|ERR_PNPM_META_FETCH_FAIL"
    r"|Temporary failure (in name resolution|resolving)|Failed to fetch http"  # libc, apt
    r"|NameResolutionError"  # pip, whatever the C library says
    r"|\(from versions: none\)"  # pip, where the index had no page; all that is asked for is there
    r"|All attempts to connect to \S+ failed|error sending request for url"  # Poetry, uv
    r"|TLS handshake timeout|\bi/o timeout|connection reset by peer|unexpected EOF"  # Go
    r"|Connection reset by peer|Connection timed out|Read timed out|operation timed out"  # the rest
    r"|\b50[234] (Bad Gateway|Service Unavailable|Gateway Time-?out)"
    r"|Hash Sum mismatch"  # apt, where the index was renewed in between
)

# More than this, and the network is down: a run of reruns proves nothing.
AT_MOST = 20


def is_to_blame(error: BaseException | None) -> bool:
    """Whether an error, its notes, or an error that led to it shows that a network failed."""
    return any(SYMPTOMS.search(text) for text in _texts(error))


def _texts(error: BaseException | None) -> Iterator[str]:
    while error is not None:
        yield str(error)
        yield from getattr(error, "__notes__", ())  # A build's log.
        yield str(getattr(error, "stderr", ""))  # A program's, which no message has.
        error = error.__cause__ or error.__context__


def pytest_configure(config: pytest.Config) -> None:
    """Set what pyproject.toml can't: at most so many, each with its reason."""
    config.option.max_suite_reruns = AT_MOST
    config.option.rerun_show_tracebacks = True


def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    """Let each test be run up to three times, on that condition."""
    for item in items:
        item.add_marker(pytest.mark.flaky(reruns=2, reruns_delay=2, condition=is_to_blame))
