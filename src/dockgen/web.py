"""Fetch a small file from an https address, and keep a private copy for offline use."""

import hashlib
import ipaddress
import os
import tempfile
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dockgen import home, reader
from dockgen.address import require_no_user
from dockgen.errors import DockgenError, ProjectError, UsageError

# A host that doesn't answer in this time is unreachable, and so is one that hasn't sent everything
# in twice this time. In seconds.
FETCH_SECONDS = 15.0
# The largest size, in bytes.
MAXIMUM_BYTES = 1_000_000

_CHUNK = 1 << 16


@dataclass(frozen=True)
class Fetched:
    """A file's content; ``kept`` is when it was fetched, if its host can't be reached now."""

    content: bytes
    kept: datetime | None = None


# Each address is requested once, even if it doesn't answer.
_asked: dict[str, Fetched | DockgenError] = {}


def fetch(url: str) -> Fetched:
    """Fetch a file; if the host can't be reached, return the last copy.

    A file is requested once, however many projects need it. Redirects never lead from https to
    anything else.

    Args:
        url: by https, or by http on this machine itself.

    Raises:
        UsageError: the address is of another kind or has a user name, or the file is too large.
        ProjectError: it can't be fetched and there is no copy, or it redirects to an address that
            isn't allowed.
    """
    if url not in _asked:
        try:
            _asked[url] = _fetch(url)
        except DockgenError as error:
            _asked[url] = error
    answer = _asked[url]
    if isinstance(answer, DockgenError):
        raise answer
    return answer


def _fetch(url: str) -> Fetched:
    import urllib.parse  # these take longer to import than everything else

    require_no_user(url, "use an address without one, or a file: --team FILE")
    try:
        allowed = _is_allowed(url)
        urllib.parse.urlsplit(url).port  # noqa: B018 - raises if it isn't a number
    except ValueError as error:
        raise UsageError(f"{url} isn't an https address: {error}", "check --team") from error
    if not allowed:
        raise UsageError(f"{url} isn't an https address", "only https is allowed for a team file")
    copy = _folder() / hashlib.sha256(url.encode()).hexdigest()[:16]
    try:
        content = _download(url)
    except OSError as error:
        try:
            kept = reader.content(copy)
            when = datetime.fromtimestamp(copy.stat().st_mtime, UTC)
        except (OSError, ProjectError):
            reason = getattr(error, "reason", None) or error
            raise ProjectError(f"{url} can't be fetched: {reason}", "check --team") from error
        return Fetched(kept, when)
    if len(content) > MAXIMUM_BYTES:
        raise UsageError(f"{url} is too large for a team file", "check --team")
    _keep(copy, content)
    return Fetched(content)


def age(when: datetime) -> str:
    """Format how long ago that was, in days: "yesterday, on 2026-11-21"."""
    days = (datetime.now(UTC) - when).days
    words = "today" if days == 0 else "yesterday" if days == 1 else f"{days} days ago"
    return f"{words}, on {when:%Y-%m-%d}"


def _folder() -> Path:
    return home.cache() / "teams"


def _keep(copy: Path, content: bytes) -> None:
    """Keep a copy that only this user can read: its address may have required a password."""
    try:
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.parent.chmod(0o700)
        descriptor, name = tempfile.mkstemp(dir=copy.parent)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
        Path(name).replace(copy)
    except OSError:
        pass  # the cache is optional


def _is_allowed(url: str) -> bool:
    """Return whether an address uses https, or http on this machine."""
    import urllib.parse

    parts = urllib.parse.urlsplit(url)
    return parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(parts.hostname))


def _is_loopback(host: str | None) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False


def _download(url: str) -> bytes:
    """Download a file within the total time limit.

    Raises:
        OSError: it can't be reached.
        ProjectError: it redirects to an address that is not allowed.
    """
    outcome: list[bytes | Exception] = []

    def work() -> None:
        try:
            outcome.append(_downloaded(url, time.monotonic() + 2 * FETCH_SECONDS))
        except Exception as error:  # raised again below
            outcome.append(error)

    # The socket's timeout is per read: a host that sends a byte now and then would never be too
    # late.
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(2 * FETCH_SECONDS)
    if not outcome:
        raise TimeoutError(f"it took longer than {2 * FETCH_SECONDS:g} s")
    (result,) = outcome
    if isinstance(result, Exception):
        raise result
    return result


def _downloaded(url: str, deadline: float) -> bytes:
    import http.client
    import urllib.error
    import urllib.request

    class Redirects(urllib.request.HTTPRedirectHandler):
        """Refuses redirects from https to anything else, and from this machine to another."""

        def redirect_request(
            self, req: Any, fp: Any, code: Any, msg: Any, headers: Any, newurl: str
        ) -> Any:
            downgrade = req.full_url.startswith("https:") and not newurl.startswith("https:")
            if downgrade or not _is_allowed(newurl):
                fp.close()
                raise ProjectError(
                    f"{url} redirects to {newurl}, which isn't an https address", "check --team"
                )
            return super().redirect_request(req, fp, code, msg, headers, newurl)

    opener = urllib.request.OpenerDirector()
    # No handlers for ftp, files and data, which the usual opener has.
    for handler in (
        urllib.request.ProxyHandler,
        urllib.request.HTTPHandler,
        urllib.request.HTTPSHandler,
        urllib.request.HTTPDefaultErrorHandler,
        urllib.request.HTTPErrorProcessor,
        urllib.request.UnknownHandler,
        Redirects,
    ):
        opener.add_handler(handler())
    try:
        with opener.open(url, timeout=FETCH_SECONDS) as answer:
            content = b""
            while len(content) <= MAXIMUM_BYTES and (part := answer.read1(_CHUNK)):
                content += part
                if time.monotonic() > deadline:
                    raise TimeoutError(f"it took longer than {2 * FETCH_SECONDS:g} s")
            length = answer.headers.get("Content-Length", "")
            if length.isdecimal() and len(content) < min(int(length[:9]), MAXIMUM_BYTES):
                raise OSError("the answer was cut off")  # half a team file has half of its locks
            return content
    except urllib.error.HTTPError as error:
        error.close()  # it holds the response
        raise
    except (ValueError, http.client.HTTPException) as error:
        raise OSError(str(error) or type(error).__name__) from error
