"""A pytest plugin: read and compile each template once per run, not once per project.

copier repeats both for each of thousands of renderings, parses the answers that templates compute,
such as the language.yml files, and starts git to learn what is already known. A checkout of dockgen
makes its bundle for each command. Together that is most of a rendering's time. A separate process
has none of these caches: for each language, test_a_process_makes_the_same in
tests/integration/cli/test_new.py compares its output with the output here.
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

# Cached in the process, so that forked processes have it, too (scripts/mutate.py).
_COMPILED: dict[object, Any] = {}
_CONFIGURATIONS: dict[bytes, Any] = {}
_ANSWERS: dict[str, Any] = {}


@pytest.fixture(scope="session", autouse=True)
def recall(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Cache what is made from a text for later uses of the same text."""
    with pytest.MonkeyPatch.context() as patches:
        start(patches)
        bundles = _Bundles(tmp_path_factory.mktemp("bundle"))
        patches.setattr(bundle, "provide", bundles.provide)
        yield


def start(patches: pytest.MonkeyPatch | None = None) -> None:
    """Install the caches; without ``patches``, for the life of the process."""
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
    """Caches `bundle.provide`: the checkout's own bundle is made once."""

    def __init__(self, folder: Path) -> None:
        self._provide = bundle.provide
        self._folder = folder
        self._made: tuple[Path, Manifest] | None = None

    @contextmanager
    def provide(self) -> Iterator[tuple[Path, Manifest]]:
        """Yield the cached bundle; a dockgen that a test made has its own."""
        root = bundle.checkout()
        if root is None:
            with self._provide() as found:
                yield found
            return
        if self._made is None:
            self._made = bundle.with_working_copy(root, self._folder)
        yield self._made


class _Mirrors:
    """Replaces `_get_or_create_mirror`: an existing mirror is current, as none exists at first."""

    def __init__(self) -> None:
        self._get = _vcs._get_or_create_mirror

    def __call__(self, url: str) -> Path:
        """Return the mirror of a repository."""
        mirror = _vcs._get_mirror_path(url)
        return mirror if mirror.exists() else self._get(url)


class _Git:
    """Runs git as copier does, but skips the submodule scripts if a clone has no submodules."""

    def __init__(self, command: Any) -> None:
        self._command = command

    def __call__(self, *arguments: str) -> str:
        """Run it."""
        if arguments[:1] == ("submodule",) and not Path(local.cwd, ".gitmodules").exists():
            return ""
        return str(self._command(*arguments))

    def __getitem__(self, arguments: Any) -> Any:
        """Return a command with arguments."""
        return self._command[arguments]

    def with_env(self, **variables: str) -> Any:
        """Return a command with variables."""
        return self._command.with_env(**variables)


class _Compiled:
    """Caches `Environment.compile`: code objects are immutable, so they can be shared."""

    def __init__(self) -> None:
        self._compile = jinja2.Environment.compile
        self._languages: WeakKeyDictionary[jinja2.Environment, tuple[object, ...]]
        self._languages = WeakKeyDictionary()

    def __get__(self, environment: jinja2.Environment, _type: object) -> Any:
        """Bind to the environment, as a function would."""

        def compile_once(source: Any, name: Any = None, filename: Any = None, *rest: Any) -> Any:
            if not isinstance(source, str):
                return self._compile(environment, source, name, filename, *rest)
            # The file's place matters only for tracebacks.
            if environment not in self._languages:
                self._languages[environment] = tuple(_language(environment))
            key = (source, name, *rest, *self._languages[environment])
            if key not in _COMPILED:
                _COMPILED[key] = self._compile(environment, source, name, filename, *rest)
            return _COMPILED[key]

        return compile_once


def _language(environment: jinja2.Environment) -> Iterator[object]:
    """Yield what affects the compilation of a text, as far as a template can change it."""
    yield type(environment)
    yield from sorted([*environment.filters, *environment.extensions])
    yield environment.block_start_string
    yield environment.variable_start_string
    yield environment.trim_blocks
    yield environment.lstrip_blocks
    yield environment.keep_trailing_newline


class _Configurations:
    """Caches `load_template_config`; each caller gets a copy."""

    def __init__(self) -> None:
        self._load = _template.load_template_config

    def __call__(self, path: Path, *rest: Any, **more: Any) -> Any:
        """Read the file, or return what was read from one with the same content."""
        content = path.read_bytes()
        if b"!include" in content:
            return self._load(path, *rest, **more)
        if content not in _CONFIGURATIONS:
            _CONFIGURATIONS[content] = self._load(path, *rest, **more)
        return copy.deepcopy(_CONFIGURATIONS[content])


class _Answers:
    """Caches `parse_yaml_string`; each caller gets a copy."""

    def __init__(self) -> None:
        self._parse = _user_data.parse_yaml_string

    def __call__(self, text: str) -> Any:
        """Parse the text, or return the cached result."""
        if text not in _ANSWERS:
            try:
                _ANSWERS[text] = yaml.load(text, Loader=yaml.CSafeLoader)
            except yaml.YAMLError:
                _ANSWERS[text] = self._parse(text)  # a mistake is reported again
        return copy.deepcopy(_ANSWERS[text])
