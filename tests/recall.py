"""A pytest plugin: a run reads and compiles each template once, and not once for each project.

copier does both again for each of thousands of renderings, parses the answers that templates
compute, such as the language.yml files, and starts git to learn what is known. A checkout of
dockgen makes its bundle for each command. Together that is most of the time of a rendering. A
process of its own knows nothing of this: for each language, test_a_process_makes_the_same in
tests/integration/cli/test_new.py compares what one makes with what is made here.
"""

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import jinja2
import pytest
import yaml
from copier import _template, _user_data, _vcs
from plumbum import local

from dockgen import bundle
from dockgen.bundle import Manifest

# What was found: of the process, so that those that it forks have it, too (scripts/mutate.py).
_COMPILED: dict[object, Any] = {}
_CONFIGURATIONS: dict[bytes, Any] = {}
_ANSWERS: dict[str, Any] = {}


@pytest.fixture(scope="session", autouse=True)
def recall(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep what was made of a text for those that come with the same text."""
    with pytest.MonkeyPatch.context() as patches:
        start(patches)
        bundles = _Bundles(tmp_path_factory.mktemp("bundle"))
        patches.setattr(bundle, "provide", bundles.provide)
        yield


def start(patches: pytest.MonkeyPatch | None = None) -> None:
    """Begin to keep; without ``patches`` for as long as the process lives."""
    patches = patches or pytest.MonkeyPatch()
    patches.setattr(jinja2.Environment, "compile", _Compiled())
    patches.setattr(_template, "load_template_config", _Configurations())
    answers = _Answers()
    patches.setitem(_user_data.CAST_STR_TO_NATIVE, "yaml", answers)
    patches.setattr(_user_data, "parse_yaml_string", answers)
    is_bundle, get_git = _vcs.is_git_bundle, _vcs.get_git
    patches.setattr(_vcs, "is_git_bundle", lambda path: not path.is_dir() and is_bundle(path))
    patches.setattr(_vcs, "get_git", lambda *where: _Git(get_git(*where)))
    patches.setattr(_vcs, "get_git_version", cache(_vcs.get_git_version))
    patches.setattr(_vcs, "_get_or_create_mirror", _Mirrors())


class _Bundles:
    """`bundle.provide`; the checkout's own bundle is made once."""

    def __init__(self, folder: Path) -> None:
        self._provide = bundle.provide
        self._folder = folder
        self._made: tuple[Path, Manifest] | None = None

    @contextmanager
    def provide(self) -> Iterator[tuple[Path, Manifest]]:
        """What was made before; a dockgen that a test made has its own."""
        root = bundle.checkout()
        if root is None:
            with self._provide() as found:
                yield found
            return
        if self._made is None:
            self._made = bundle.with_working_copy(root, self._folder)
        yield self._made


class _Mirrors:
    """`_get_or_create_mirror`; one that is there is up to date: `found` begins with none."""

    def __init__(self) -> None:
        self._get = _vcs._get_or_create_mirror

    def __call__(self, url: str) -> Path:
        """Where the mirror of a repository is."""
        mirror = _vcs._get_mirror_path(url)
        return mirror if mirror.exists() else self._get(url)


class _Git:
    """git as copier starts it, except the scripts about submodules where a clone has none."""

    def __init__(self, command: Any) -> None:
        self._command = command

    def __call__(self, *arguments: str) -> str:
        """Start it."""
        if arguments[:1] == ("submodule",) and not Path(local.cwd, ".gitmodules").exists():
            return ""
        return str(self._command(*arguments))

    def __getitem__(self, arguments: Any) -> Any:
        """A command with arguments."""
        return self._command[arguments]

    def with_env(self, **variables: str) -> Any:
        """A command with variables."""
        return self._command.with_env(**variables)


class _Compiled:
    """`Environment.compile`; code never changes, so all can have the same."""

    def __init__(self) -> None:
        self._compile = jinja2.Environment.compile
        self._languages: WeakKeyDictionary[jinja2.Environment, tuple[object, ...]]
        self._languages = WeakKeyDictionary()

    def __get__(self, environment: jinja2.Environment, _type: object) -> Any:
        """Be a method, as a function would."""

        def compile_once(source: Any, name: Any = None, filename: Any = None, *rest: Any) -> Any:
            if not isinstance(source, str):
                return self._compile(environment, source, name, filename, *rest)
            # Where the file lies is only for tracebacks.
            if environment not in self._languages:
                self._languages[environment] = tuple(_language(environment))
            key = (source, name, *rest, *self._languages[environment])
            if key not in _COMPILED:
                _COMPILED[key] = self._compile(environment, source, name, filename, *rest)
            return _COMPILED[key]

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

    def __call__(self, path: Path, *rest: Any, **more: Any) -> Any:
        """Read the file, or take what was read from one with the same content."""
        content = path.read_bytes()
        if b"!include" in content:
            return self._load(path, *rest, **more)
        if content not in _CONFIGURATIONS:
            _CONFIGURATIONS[content] = self._load(path, *rest, **more)
        return copy.deepcopy(_CONFIGURATIONS[content])


class _Answers:
    """`parse_yaml_string`; who asks gets a copy of their own."""

    def __init__(self) -> None:
        self._parse = _user_data.parse_yaml_string

    def __call__(self, text: str) -> Any:
        """Parse the text, or take what was parsed from the same one."""
        if text not in _ANSWERS:
            try:
                _ANSWERS[text] = yaml.load(text, Loader=yaml.CSafeLoader)
            except yaml.YAMLError:
                _ANSWERS[text] = self._parse(text)  # which says it in other words
        return copy.deepcopy(_ANSWERS[text])
