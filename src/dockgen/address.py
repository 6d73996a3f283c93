"""Addresses of templates and team files: without credentials, and masked for display.

An address is recorded in projects and printed in logs, so it must not contain a password. Use git's
credential helpers and ~/.netrc for passwords.
"""

import re

from dockgen.errors import UsageError

# A user name, with or without a password, before the host of a URL.
_USER = re.compile(
    r"(?<![a-z0-9+.-])([a-z][a-z0-9+.-]*://)([^/?#\s@\"'`<>]*(?:@[^/?#\s@\"'`<>]+)*)@", re.I
)
_QUERY = re.compile(r"(?<![a-z0-9+.-])([a-z][a-z0-9+.-]*://[^\s?#\"'`<>]*)([?#][^\s\"'`<>]*)", re.I)
_VALUE = re.compile(r"([?&#;][^=&#;\s]*=)[^&#;\s]*")
# scp's notation: user:password@host:path. git would take the user for the host.
_SCP = re.compile(r"[^/@:\s]+:[^/@\s]*@")


def masked(words: str) -> str:
    """Mask credentials in the addresses within a text: ``https://***@host/?token=***``.

    The user name of ssh stays, as in ssh://git@host; in other addresses, it may be a token.
    """
    if "://" not in words:
        return words
    words = _USER.sub(_masked_user, words)
    return _QUERY.sub(lambda found: found[1] + _masked_query(found[2]), words)


def _masked_user(found: re.Match[str]) -> str:
    scheme, user = found[1], found[2]
    name, colon, _ = user.partition(":")
    if scheme.lower() in {"ssh://", "git+ssh://"}:
        return f"{scheme}{name}:***@" if colon else f"{scheme}{user}@"
    return f"{scheme}***@"


def _masked_query(query: str) -> str:
    if "=" in query:
        return _VALUE.sub(r"\1***", query)
    return f"{query[0]}***" if len(query) > 1 and query[0] == "?" else query


def without_credentials(url: str) -> str:
    """Remove user name, password and query from an address; ssh keeps its user name."""
    found = _USER.search(url)
    if found:
        name = found[2].partition(":")[0]
        is_ssh = found[1].lower() in {"ssh://", "git+ssh://"}
        url = url[: found.start()] + found[1] + (f"{name}@" if is_ssh else "") + url[found.end() :]
    return re.sub(r"[?#].*", "", url, flags=re.S) if "://" in url else url


def require_no_credentials(url: str, hint: str) -> None:
    """Check that an address has no user name (except ssh's), no password and no query.

    Args:
        url: as git takes it, or a URL.
        hint: what to do instead.

    Raises:
        UsageError: it has one; the message doesn't repeat it.
    """
    if url != without_credentials(url) or ("://" not in url and _SCP.match(url)):
        shown = masked(url) if "://" in url else "the address"
        raise UsageError(
            f"{shown} contains a user name, a password or a query, and projects record the address"
            " in plain text",
            hint,
        )


def require_no_user(url: str, hint: str) -> None:
    """Check that an address has no user name and no password; a query is allowed.

    Raises:
        UsageError: it has one; the message doesn't repeat it.
    """
    if _USER.search(url):
        raise UsageError(f"{masked(url)} contains a user name or a password", hint)
