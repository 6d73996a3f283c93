"""A pytest plugin: a run reads and compiles each template once, and not once for each project.

copier does both anew for each of thousands of renderings, and it takes most of their time. A
process of its own knows nothing of this: for each language, test_a_process_makes_the_same in
tests/commands/test_new.py compares what one makes with what is made here.
"""

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jinja2
import pytest
from copier import _template


@pytest.fixture(scope="session", autouse=True)
def recall() -> Iterator[None]:
    """Keep what was made of a text for those that come with the same text."""
    with pytest.MonkeyPatch.context() as patches:
        start(patches)
        yield


def start(patches: pytest.MonkeyPatch | None = None) -> None:
    """Begin to keep; without ``patches`` for as long as the process lives."""
    patches = patches or pytest.MonkeyPatch()
    patches.setattr(jinja2.Environment, "compile", _Compiled())
    patches.setattr(_template, "load_template_config", _Configurations())


class _Compiled:
    """`Environment.compile`; code never changes, so all can have the same."""

    def __init__(self) -> None:
        self._compile = jinja2.Environment.compile
        self._found: dict[object, Any] = {}

    def __get__(self, environment: jinja2.Environment, _type: object) -> Any:
        """Be a method, as a function would."""

        def compile_once(source: Any, name: Any = None, filename: Any = None, *rest: Any) -> Any:
            if not isinstance(source, str):
                return self._compile(environment, source, name, filename, *rest)
            # Where the file lies is only for tracebacks.
            key = (source, name, *rest, *_language(environment))
            if key not in self._found:
                self._found[key] = self._compile(environment, source, name, filename, *rest)
            return self._found[key]

        return compile_once


def _language(environment: jinja2.Environment) -> Iterator[object]:
    """What a text is compiled by, of all that a template can change."""
    yield type(environment)
    yield from sorted([*environment.filters, *environment.extensions])
    yield environment.block_start_string
    yield environment.variable_start_string
    yield environment.trim_blocks
    yield environment.lstrip_blocks
    yield environment.keep_trailing_newline


class _Configurations:
    """`load_template_config`; who asks gets a copy of their own."""

    def __init__(self) -> None:
        self._load = _template.load_template_config
        self._found: dict[bytes, Any] = {}

    def __call__(self, path: Path, *rest: Any, **more: Any) -> Any:
        """Read the file, or take what was read from one with the same content."""
        content = path.read_bytes()
        if b"!include" in content:
            return self._load(path, *rest, **more)
        if content not in self._found:
            self._found[content] = self._load(path, *rest, **more)
        return copy.deepcopy(self._found[content])
