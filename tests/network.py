"""A pytest plugin: rerun tests that failed because of the network.

Hundreds of builds download from PyPI, npm, the Go module proxy and Debian. A lost response isn't a
bug here, and no reason to repeat the whole run. A test that fails for another reason, or three
times, has failed. The summary lists the rerun tests and the reasons.
"""

import re
from collections.abc import Iterator, Sequence

import pytest

# What programs print if a connection or server failed, but not if a request was wrong.
SYMPTOMS = re.compile(
    r"\b(EAI_AGAIN|ECANCELED|ECONNRESET|EPIPE|ERR_SOCKET_\w+|ETIMEDOUT)\b"  # Node, npm, Yarn
    r"|\bsocket hang up|\bfetch failed|ERR_PNPM_META_FETCH_FAIL"
    r"|Temporary failure (in name resolution|resolving)|Failed to fetch http"  # libc, apt
    r"|NameResolutionError"  # pip, whatever the C library says
    r"|\(from versions: none\)"  # pip, if the index returned no page: everything requested exists
    r"|All attempts to connect to \S+ failed|error sending request for url"  # Poetry, uv
    r"|TLS handshake timeout|\bi/o timeout|connection reset by peer|unexpected EOF"  # Go
    r"|Connection reset by peer|Connection timed out|Read timed out|operation timed out"  # the rest
    r"|\b50[234] (Bad Gateway|Service Unavailable|Gateway Time-?out)"
    r"|Hash Sum mismatch"  # apt, if the index was updated in between
)

# With more reruns than this, the network is down, and the run proves nothing.
AT_MOST = 20


def is_to_blame(error: BaseException | None) -> bool:
    """Return whether an error, its notes, or an error that caused it shows a network failure."""
    return any(SYMPTOMS.search(text) for text in _texts(error))


def _texts(error: BaseException | None) -> Iterator[str]:
    while error is not None:
        yield str(error)
        yield from getattr(error, "__notes__", ())  # the log of a build
        yield str(getattr(error, "stderr", ""))  # the output of a program, which its message lacks
        error = error.__cause__ or error.__context__


def pytest_configure(config: pytest.Config) -> None:
    """Set what pyproject.toml can't: the maximum number of reruns, and their report."""
    config.option.max_suite_reruns = AT_MOST
    config.option.rerun_show_tracebacks = True


def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    """Rerun a test up to twice after a network failure."""
    for item in items:
        item.add_marker(pytest.mark.flaky(reruns=2, reruns_delay=2, condition=is_to_blame))
