"""The user's flags: parse a value for its topic, and format it again."""

import shlex
from collections.abc import Callable, Mapping
from typing import Any

from dockgen.detect.model import Argv, Beside, Frontend, Many, Process, Setting, Step, Topic
from dockgen.detect.repository import join
from dockgen.errors import UsageError

_YES = {"yes": True, "true": True, "no": False, "false": False}
_WORKLOADS = ("service", "worker", "job", "site")


def parse(topic: Topic, words: str) -> Any:
    """Parse the value of a topic's flag.

    Raises:
        UsageError: the value is invalid.
    """
    if topic.takes is int:
        if not (words.isdecimal() and len(words) < 6 and 0 < int(words) < 65_536):
            raise UsageError(
                f"{topic.flag} {words!r} isn't a port", f"for example: {topic.flag} 8080"
            )
        return int(words)
    if topic.takes is bool:
        if words.lower() not in _YES:
            raise UsageError(
                f"{topic.flag} {words!r} is neither yes nor no", f"for example: {topic.flag} yes"
            )
        return _YES[words.lower()]
    if topic.takes is tuple:
        return _argv(topic, words)
    if topic.name in ("path", "root"):
        return _folder(topic, words)
    if topic.name == "workload" and words not in _WORKLOADS:
        raise UsageError(
            f"{topic.flag} {words!r} isn't a workload", f"one of: {', '.join(_WORKLOADS)}"
        )
    maker = _MAKERS.get(topic.name)
    return maker(topic, words) if maker else words


def _argv(topic: Topic, words: str) -> Argv:
    try:
        argv = tuple(shlex.split(words))
    except ValueError:
        argv = ()
    if not argv:
        raise UsageError(f"{topic.flag} {words!r} isn't a command", "quote it as in a shell")
    return argv


def _folder(topic: Topic, words: str) -> str:
    path = join(".", words)
    if not path:
        raise UsageError(
            f"{topic.flag} {words!r} is outside of the repository", "use a path inside it"
        )
    return path


def _named(topic: Topic, words: str) -> tuple[str, Argv]:
    name, equals, command = words.partition("=")
    if not equals or not name:
        raise UsageError(f"{topic.flag} {words!r} has no =", f"{topic.flag} NAME=COMMAND")
    return name, _argv(topic, command)


def _setting(topic: Topic, words: str) -> Setting:
    del topic
    name, equals, value = words.partition("=")
    return Setting(name, value if equals else None, required=not equals)


_MAKERS: Mapping[str, Callable[[Topic, str], Any]] = {
    "setting": _setting,
    "process": lambda topic, words: Process(*_named(topic, words)),
    "before": lambda topic, words: Step(*_named(topic, words)),
    "beside": lambda _, words: Beside(*words.partition("=")[::2]),
    "frontend": lambda topic, words: Frontend(_folder(topic, words), "", ""),
}


def spelled(topic: Topic, value: Any) -> str:
    """Format a value for its flag, and for display."""
    if topic.many is Many.VERSION and isinstance(value, tuple):
        return str(value[0]) if value else ""
    match value:
        case bool():
            return "yes" if value else "no"
        case Setting(name, default, _, secret):
            return name if secret or default is None else f"{name}={default}"
        case Process(name, argv) | Step(name, argv):
            return f"{name}={shlex.join(argv)}"
        case Beside(kind, image):
            return f"{kind}={image}" if image else kind
        case Frontend(folder):
            return folder
        case tuple():
            return shlex.join(value)
    return str(value)
