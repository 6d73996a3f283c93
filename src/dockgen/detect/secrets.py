"""Recognize settings that may be secrets: they are named, and their values never read."""

import re

_NAME = re.compile(
    r"SECRET|TOKEN|PASSW|PASSPHRASE|(?:^|_)PASS(?:$|_)|PWD|CREDENTIAL|PRIVATE|API_?KEY|(?:^|_)KEY$|"
    r"_KEY_|ACCESS_?KEY|(?:^|_)SALT(?:$|_)|DSN|WEBHOOK|(?:^|_)AUTH$|COOKIE|SIGNATURE|JWT|LICENSE_KEY",
    re.IGNORECASE,
)
# Names that only refer to a secret: a path to it, a switch, its lifetime.
_ABOUT = re.compile(
    r"(?:FILE|PATH|DIR|ENABLED?|EXPIR\w*|TTL|LIFETIME|LENGTH|ALGORITHM|NAME|HEADER|MINUTES|SECONDS|"
    r"DAYS|ROUNDS|TIMEOUT|URL|URI|ENDPOINT|ISSUER|REQUIRED|(?<![A-Z])(?:MIN|MAX)\w*|LIMIT|TYPE)$",
    re.IGNORECASE,
)
# user:password@host in an address.
_IN_ADDRESS = re.compile(r"://[^/\s:@]*:[^/\s@]+@")


def looks_secret(name: str, value: str | None = None) -> bool:
    """Return whether a setting's value may be a secret, by its name or by the value."""
    if _NAME.search(name) and not _ABOUT.search(name):
        return True
    return value is not None and bool(_IN_ADDRESS.search(value))


def scheme(value: str | None) -> str:
    """Return the scheme of an address, such as postgresql+psycopg; "" for anything else."""
    found = re.match(r"([a-z][a-z0-9+.-]{0,30})://", value or "")
    return found[1] if found else ""
