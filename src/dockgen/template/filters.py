"""The filters of templates, without those that read the machine: its files, its variables."""

import posixpath
import time
from collections.abc import Callable, Mapping
from typing import Any

# Ansible's filters that only compute.
_PURE = (
    *("ans_groupby", "ans_random", "b64decode", "b64encode", "basename", "bool", "checksum"),
    *("combine", "comment", "dirname", "extract", "flatten", "from_json", "from_yaml"),
    *("from_yaml_all", "hash", "mandatory", "md5", "quote", "random_mac", "regex_escape"),
    *("regex_findall", "regex_replace", "regex_search", "sha1", "shuffle", "splitext"),
    *("subelements", "ternary", "to_datetime", "to_json", "to_nice_json", "to_nice_yaml"),
    *("to_uuid", "to_yaml", "type_debug", "win_basename", "win_dirname", "win_splitdrive"),
)


def pure(filters: Mapping[str, Callable[..., Any]]) -> dict[str, Callable[..., Any]]:
    """Keep the filters that don't read the machine's files or variables.

    copier provides all of Ansible's. New ones are treated as reading until they are listed here.
    """
    from jinja2.filters import FILTERS

    known = {name: filters[name] for name in (*FILTERS, *_PURE) if name in filters}
    own: dict[str, Callable[..., Any]] = {"relpath": _relpath, "strftime": _strftime}
    return {name: _refusal(name) for name in filters} | known | own


def _refusal(name: str) -> Callable[..., Any]:
    from jinja2 import TemplateRuntimeError

    def refuse(*_values: Any, **_options: Any) -> Any:
        raise TemplateRuntimeError(
            f"the filter {name} reads files of this machine, which needs --trust"
        )

    return refuse


def _relpath(path: str, start: str = ".") -> str:
    """Ansible's filter, but independent of the current folder."""
    return posixpath.relpath(posixpath.join("/", path), posixpath.join("/", start))


def _strftime(form: str, second: float | None = None) -> str:
    """Ansible's filter, but in UTC on every machine."""
    return time.strftime(form, time.gmtime(None if second is None else float(second)))
