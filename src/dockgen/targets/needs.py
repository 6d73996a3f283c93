"""Describe what a container needs and a hardened run doesn't provide.

Pure functions over observations and logs. Causes found in a log are guesses, and worded so.
"""

import posixpath
import re
from collections.abc import Iterable, Iterator, Sequence

from dockgen.checks.running import Observation

# How many paths, names or ports one sentence lists.
_NAMED = 5
_PRIVILEGED = 1024

# How much of a log is searched: its last lines, and the beginning of each.
_LINES, _LENGTH = 200, 500

# Names of variables have an underscore, except short ones such as PORT.
_NAME = r"[\"'`]?([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+|[A-Z]{3,})\b[\"'`]?"
# What programs print if an environment variable is missing.
_BEFORE = (
    r"KeyError:|environment variables?:?|env vars?:?|(?:missing|required|undefined|not set):?"
    r"|(?:specify|provide|set|define|requires?)"
)
_AFTER = (
    r"environment variable|env var|(?:is|was) (?:not|un)|(?:is )?(?:required|missing|undefined)"
    r"|not set|unset|must be|parameter not set|unbound|cannot be empty|field required"
)
_BETWEEN = r"(?:the|a|one of|for|key|(?i:required|environment variable))"
_VARIABLES = (
    re.compile(rf"\b(?i:{_BEFORE}) (?:{_BETWEEN} )*{_NAME}"),
    re.compile(rf"{_NAME}:? (?i:{_AFTER})"),
)
# Words in capitals that aren't variables.
_NO_VARIABLES = {
    *("ERROR", "WARN", "WARNING", "INFO", "DEBUG", "FATAL", "CRITICAL", "NOTICE", "HINT", "HTTP"),
    *("HTTPS", "JSON", "URL", "TCP", "TLS", "SSL", "API", "YAML", "TOML", "NOT", "ENV"),
}
# What programs print if they don't find another host.
_HOSTS = (
    re.compile(r"(?:ENOTFOUND|EAI_AGAIN) ([\w.-]+)"),
    re.compile(r"lookup ([\w.-]+)(?: on [\w.:\[\]-]+)?: (?:no such host|server misb|Temporary)"),
    re.compile(r"could not translate host name \"([\w.-]+)\""),
    re.compile(r"host not found in upstream \"([\w.-]+)"),
    re.compile(r"(?:[Uu]nknown host|[Cc]ould not resolve host):? \"?([\w.-]+)"),
)
_ADDRESS = r"((?:\d{1,3}\.){3}\d{1,3}:\d+)"
_REFUSED = re.compile(
    rf"(?:ECONNREFUSED|[Cc]onnection refused)\D{{0,40}}{_ADDRESS}"
    rf"|{_ADDRESS}\D{{0,40}}[Cc]onnection refused"
)
_READ_ONLY = re.compile(
    r"(?:(/[\w./@+-]+)[\"')]?[^\n/]{0,40}?|)[Rr]ead-only file system(?:[^\n/]{0,20}?(/[\w./@+-]+))?"
)
# Which of root's rights a message is about.
_RIGHTS = (
    (re.compile(r"\bchown\b[^\n]*(?:denied|not permitted)", re.I), "CHOWN"),
    (re.compile(r"\bset(?:e|re|res)?gid|setgroups|initgroups", re.I), "SETGID"),
    (re.compile(r"\bset(?:e|re|res)?uid|switch(?:ing)? user", re.I), "SETUID"),
    (re.compile(r"\bbind\b[^\n]*(?:denied|not permitted)", re.I), "NET_BIND_SERVICE"),
)
_DENIED = re.compile(r"not permitted|denied", re.I)


def of(
    seen: Observation, relaxed: Sequence[str], logs: Sequence[str], exposed: Sequence[int]
) -> tuple[str, ...]:
    """Return what it needs, one sentence per kind.

    Args:
        seen: the run in which it worked, or the last one.
        relaxed: the parts of the hardening that were dropped: "root", "capabilities", "memory".
        logs: what it printed in the runs in which it didn't work.
        exposed: the ports that its image exposes.
    """
    log = "\n".join(line[:_LENGTH] for text in logs for line in text.splitlines()[-_LINES:])
    found: list[str] = []
    paths = _written(seen.changes) if "root" in relaxed else []
    paths += [path for path in _read_only(log) if path not in paths]
    if paths or "root" in relaxed:
        found.append(f"writes {_few(paths)}" if paths else "writes to its root file system")
    rights = [right for pattern, right in _RIGHTS if _complains(pattern, log)]
    if rights or "capabilities" in relaxed:
        found.append("needs capabilities" + (f": {_few(rights)}" if rights else " of root's"))
    if "memory" in relaxed:
        found.append("needs more memory or processes than the hardened run allows")
    ports = sorted({one.port for one in seen.listening or () if not one.is_local})
    if odd := [port for port in ports if port < _PRIVILEGED or port not in exposed]:
        found.append(f"listens on port {_few(map(str, odd))}")
    if names := _variables(log):
        found.append(f"needs {_few(names)}")
    if hosts := _hosts(log):
        found.append(f"connects to {_few(hosts)}")
    return tuple(found)


def _written(changes: Sequence[str]) -> list[str]:
    """Return the written paths in `docker diff`; many files in a folder count as the folder."""
    changed = [line[2:] for line in changes]
    folders = {posixpath.dirname(path) for path in changed}
    leaves = [path for path in changed if path not in folders and not _is_passed_over(path)]
    if len(leaves) > _NAMED:
        leaves = list(dict.fromkeys(posixpath.dirname(path) for path in leaves))
        # Paths below another entry add nothing.
        leaves = [one for one in leaves if not any(one.startswith(f"{o}/") for o in leaves)]
    return leaves


def _is_passed_over(path: str) -> bool:
    """Return whether a hardened run allows writing the path, or the engine makes it."""
    return path == "/tmp" or path.startswith(("/tmp/", "/dev/", "/proc/", "/sys/"))  # noqa: S108


def _read_only(log: str) -> Iterator[str]:
    for found in _READ_ONLY.finditer(log):
        if path := found[1] or found[2]:
            yield path.rstrip(".")


def _complains(right: re.Pattern[str], log: str) -> bool:
    return any(right.search(line) and _DENIED.search(line) for line in log.splitlines())


def _variables(log: str) -> list[str]:
    found = [name for pattern in _VARIABLES for name in pattern.findall(log)]
    return [name for name in dict.fromkeys(found) if name not in _NO_VARIABLES]


def _hosts(log: str) -> list[str]:
    found = [name for pattern in _HOSTS for name in pattern.findall(log)]
    found += [one or other for one, other in _REFUSED.findall(log)]
    return list(dict.fromkeys(found))


def _few(words: Iterable[str]) -> str:
    named = list(words)
    more = f" and {len(named) - _NAMED} more" if len(named) > _NAMED else ""
    return ", ".join(named[:_NAMED]) + more
