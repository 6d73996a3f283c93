"""Which settings look like secrets: they are named, and their values never read."""

import re

_NAME = re.compile(
    r"SECRET|TOKEN|PASSW|PASSPHRASE|(?:^|_)PASS(?:$|_)|PWD|CREDENTIAL|PRIVATE|API_?KEY|(?:^|_)KEY$|"
    r"_KEY_|ACCESS_?KEY|(?:^|_)SALT(?:$|_)|DSN|WEBHOOK|(?:^|_)AUTH$|COOKIE|SIGNATURE|JWT|LICENSE_KEY",
    re.IGNORECASE,
)
# A name that only tells of one: a path to it, a switch, how long it holds.
_ABOUT = re.compile(
    r"(?:FILE|PATH|DIR|ENABLED?|EXPIR\w*|TTL|LIFETIME|LENGTH|ALGORITHM|NAME|HEADER|MINUTES|SECONDS|"
    r"DAYS|ROUNDS|TIMEOUT|URL|URI|ENDPOINT|ISSUER|REQUIRED|(?<![A-Z])(?:MIN|MAX)\w*|LIMIT|TYPE)$",
    re.IGNORECASE,
)
# user:password@host in an address.
_IN_ADDRESS = re.compile(r"://[^/\s:@]*:[^/\s@]+@")


def looks_secret(name: str, value: str | None = None) -> bool:
    """Whether the value of a setting may be a secret, by its name or by how it looks."""
    if _NAME.search(name) and not _ABOUT.search(name):
        return True
    return value is not None and bool(_IN_ADDRESS.search(value))


def scheme(value: str | None) -> str:
    """The scheme of an address, such as postgresql+psycopg; "" of anything else."""
    found = re.match(r"([a-z][a-z0-9+.-]{0,30})://", value or "")
    return found[1] if found else ""
