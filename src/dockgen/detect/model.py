"""The model: topics, the signals for their values, and the answers made from them.

A language's module only collects signals. `resolve` weighs them, by the same rules for each topic.

1. A value that the user gives by a flag counts, and everything else is passed over.
2. All strong signals must agree. If two don't, that is a `Conflict`: the user is asked.
3. Without a strong signal, the first weak one is used, and shown as a guess.

A signal is strong if it says what the program or its build does: code, a manifest, a lock file, a
tool's configuration. It is weak if it suggests that indirectly: another container (a Dockerfile, a
compose file, CI), a convention, a framework's default. If the developers' tools define a
precedence, such as `.python-version` over `requires-python`, the two aren't in conflict: the module
gives only the result.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from dockgen.detect.secrets import looks_secret

if TYPE_CHECKING:
    from dockgen.detect.repository import Repository


class Strength(StrEnum):
    """How reliable a signal is; see above."""

    STRONG = "strong"
    WEAK = "weak"


class Many(StrEnum):
    """How the signals of one topic become its value."""

    ONE = "one"  # they must agree
    VERSION = "version"  # each is a bound: the allowed versions, the best first
    ALL = "all"  # each is a part of the answer: a setting, a package, a folder


@dataclass(frozen=True)
class Topic:
    """Something to know about a service.

    ``name`` is the key in JSON and in the answers, ``flag`` what sets it on the command line.
    ``takes`` is how the flag's value is parsed: text, a number, yes/no, or words as in a shell. A
    topic with many values takes its flag several times.
    """

    name: str
    label: str
    help: str
    many: Many = Many.ONE
    takes: type = str

    @property
    def flag(self) -> str:
        """The option of `dockgen add`."""
        return f"--{self.name.replace('_', '-')}"


# argv: a tuple of words; ``{port}`` in a word stands for the answer to ``port``. A path is relative
# to the repository, with slashes; "." is its root.
Argv = tuple[str, ...]


class Setting(NamedTuple):
    """An environment variable that the program reads.

    ``default`` is the value that applies if it isn't set, from the code or from an example file. It
    is None if there is none, and always for a ``secret``, of which only the ``scheme`` of an
    address is read: it names the driver of a database. ``required`` says that the program doesn't
    start without it.
    """

    name: str
    default: str | None = None
    required: bool = False
    secret: bool = False
    scheme: str = ""


class Process(NamedTuple):
    """A further process from the same image, such as a worker beside a web server."""

    name: str
    argv: Argv
    workload: str = "worker"


class Step(NamedTuple):
    """A step that must run before the start, such as migrations: a service of its own."""

    name: str
    argv: Argv


class Frontend(NamedTuple):
    """A front end that is built before the application, which serves its output.

    ``output`` is where its files belong, or "" if unknown.
    """

    folder: str
    package_manager: str
    build: str
    output: str = ""


class Beside(NamedTuple):
    """A service that must run beside: its ``kind``, such as postgres, and the ``image`` found.

    ``setting`` is the variable that tells the program where it is, or "" if unknown.
    """

    kind: str
    image: str = ""
    setting: str = ""


TOPICS: tuple[Topic, ...] = (
    # What it is.
    Topic("language", "language", "the language: go, python or node"),
    Topic("path", "folder", "the folder of the service in the repository"),
    Topic("root", "build context", "the folder that is the build context"),
    Topic(
        "framework", "framework", "the framework, such as fastapi, express or next; stdlib for none"
    ),
    Topic("workload", "kind", "what the program is: service, worker, job or site"),
    # What it is built with.
    Topic(
        "version", "version", "the version of the language, as major or major.minor", Many.VERSION
    ),
    Topic("package_manager", "package manager", "the package manager, such as uv, pip or pnpm"),
    Topic("manager_version", "its version", "the version of the package manager"),
    Topic("lock", "lock file", "the lock file to install from"),
    Topic("extra", "extra", "an optional dependency group to install", Many.ALL),
    Topic("is_package", "installed", "whether to install the project itself", takes=bool),
    Topic("frontend", "front end", "the folder of a front end to build first", Many.ALL),
    Topic("build", "build step", "a build command, run in the service's folder", Many.ALL),
    Topic("output", "output", "the folder that the build writes, such as dist"),
    Topic("main", "main package", "the folder of package main, relative to the Go module"),
    Topic("tag", "build tag", "a Go build tag", Many.ALL),
    Topic("ldflags", "ldflags", "the flags for Go's linker"),
    Topic("cgo", "cgo", "whether to build with cgo", takes=bool),
    Topic(
        "native_build",
        "needs to build",
        "a Debian or Alpine package that the build needs",
        Many.ALL,
    ),
    Topic("script", "install script", "an npm package whose install script must run", Many.ALL),
    # What it runs.
    Topic("entry", "start", "the start command, run in the service's folder", takes=tuple),
    Topic("argument", "needs", "an argument that the start command needs: --x=VALUE", Many.ALL),
    Topic("environment", "sets", "a variable to set in the image, as NAME=VALUE", Many.ALL),
    Topic("server", "server", "the server to add if the project has none"),
    Topic("package", "adds", "a package to install that the project doesn't ask for", Many.ALL),
    Topic("process", "process", "another process of the image, as NAME=COMMAND", Many.ALL),
    Topic(
        "before",
        "before the start",
        "a step before the start, such as migrations: NAME=COMMAND",
        Many.ALL,
    ),
    Topic(
        "native_run", "needs to run", "a Debian or Alpine package that the program needs", Many.ALL
    ),
    Topic("file", "needs the file", "a file or folder to copy beside the code", Many.ALL),
    Topic("writable", "writes to", "a folder that the program writes to", Many.ALL),
    # How it is reached, and what it reaches.
    Topic("port", "port", "the port that the service listens on", takes=int),
    Topic("bind", "listens on", "the address that it listens on: 0.0.0.0 or 127.0.0.1"),
    Topic(
        "open", "opened by", "a variable that makes it listen on 0.0.0.0, as NAME=VALUE", Many.ALL
    ),
    Topic(
        "health",
        "health route",
        "the path of the health check; '' to check only the port; of a worker, the file it touches",
    ),
    Topic(
        "setting",
        "setting",
        "a setting of the container, as NAME or NAME=DEFAULT",
        Many.ALL,
    ),
    Topic(
        "beside", "runs beside", "a service to run beside it, such as postgres or redis", Many.ALL
    ),
)
BY_NAME: Mapping[str, Topic] = {topic.name: topic for topic in TOPICS}

# What the user gave, by topic: the flag's value, or a tuple of values if the topic has many.
Given = Mapping[str, Any]


@dataclass(frozen=True)
class Signal:
    """Something in the repository that suggests a value.

    Args:
        value: the value, of the topic's type. For a version, it is a tuple of all versions that
            are allowed, the best first.
        words: how it is shown, short and as in the source: ``uvicorn.run(…, port=8000)``.
        file: the path of the file or folder; "" for a flag, or if nothing was found.
        line: the line, from 1; 0 for the whole file.
        strength: see the module.
    """

    value: Any
    words: str
    file: str = ""
    line: int = 0
    strength: Strength = Strength.STRONG

    @property
    def place(self) -> str:
        """The file and line as an editor opens them, or ""."""
        return f"{self.file}:{self.line}" if self.line else self.file


@dataclass(frozen=True)
class Answer:
    """The value of a topic, the reason, and the signals that were passed over.

    If a topic has many values, each has an answer of its own.
    """

    topic: Topic
    value: Any
    signal: Signal
    passed_over: tuple[Signal, ...] = ()

    @property
    def is_guess(self) -> bool:
        """Whether it rests only on weak signals."""
        return self.signal.strength is Strength.WEAK


@dataclass(frozen=True)
class Conflict:
    """Strong signals that disagree: two or more, with different values."""

    topic: Topic
    signals: tuple[Signal, ...]


@dataclass(frozen=True)
class Refusal:
    """What can't work: a flavor, or everything (""), with the reason and the alternative."""

    flavor: str
    reason: str
    hint: str
    signal: Signal


@dataclass
class Evidence:
    """The signals of one service by topic, the best first, as its language collects them."""

    signals: dict[str, list[Signal]] = field(default_factory=dict)
    refusals: list[Refusal] = field(default_factory=list)
    # Used if there is no other signal, such as a framework's default port: weak, and last.
    defaults: dict[str, list[Signal]] = field(default_factory=dict)

    def add(
        self,
        topic: str,
        value: Any,
        words: str,
        file: str = "",
        line: int = 0,
        *,
        weak: bool = False,
    ) -> None:
        """Add a signal after the topic's existing ones."""
        strength = Strength.WEAK if weak else Strength.STRONG
        found = Signal(value, words, file, line, strength)
        self.signals.setdefault(BY_NAME[topic].name, []).append(found)

    def require(self, name: str, variable: str, entry: Argv, file: str, line: int) -> None:
        """Add an argument that the program needs to start, or the variable that can replace it.

        An argument that is in the start command already isn't added.
        """
        words = f"{name} is required"
        if variable:
            others = [one for one in self.of("setting") if one.value.name != variable]
            self.signals["setting"] = others
            setting = Setting(variable, None, True, looks_secret(variable, None))
            self.add("setting", setting, words, file, line)
        elif all(word.partition("=")[0].lstrip("-") != name.lstrip("-") for word in entry[1:]):
            self.add("argument", name, words, file, line)

    def default(self, topic: str, value: Any, words: str, file: str = "", line: int = 0) -> None:
        """Add a default in case neither this module nor the shared evidence has a signal."""
        found = Signal(value, words, file, line, Strength.WEAK)
        self.defaults.setdefault(BY_NAME[topic].name, []).append(found)

    def of(self, topic: str) -> list[Signal]:
        """Return the signals of a topic."""
        return self.signals.get(topic, [])

    def take(self, other: "Evidence") -> None:
        """Add another's signals after these."""
        for topic, signals in other.signals.items():
            self.signals.setdefault(topic, []).extend(signals)
        self.refusals.extend(other.refusals)
        for topic, signals in other.defaults.items():
            self.defaults.setdefault(topic, []).extend(signals)


@dataclass(frozen=True)
class Claim:
    """A folder that a language recognizes as a service, or as a library (weak)."""

    language: str
    folder: str
    signal: Signal


@dataclass(frozen=True)
class Detected:
    """Everything known about one service.

    ``answers`` has those of each topic that has any; a topic is either in ``conflicts`` or in
    ``answers``. ``skipped`` maps files that couldn't be read to the reason: the answers don't
    depend on them.
    """

    answers: Mapping[str, tuple[Answer, ...]]
    conflicts: tuple[Conflict, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    skipped: tuple[tuple[str, str], ...] = ()

    def __iter__(self) -> Iterator[Answer]:
        """Yield each answer, in the order of the topics."""
        for topic in TOPICS:
            yield from self.answers.get(topic.name, ())

    def value(self, topic: str, default: Any = None) -> Any:
        """Return the value of a topic with one value."""
        found = self.answers.get(BY_NAME[topic].name, ())
        return found[0].value if found else default

    def values(self, topic: str) -> tuple[Any, ...]:
        """Return the values of a topic with many."""
        return tuple(answer.value for answer in self.answers.get(BY_NAME[topic].name, ()))


class Command(NamedTuple):
    """A written-down command, from `commands.of(repository, folder)`.

    ``argv`` excludes the variables before it, which are in ``environment``; ``folder`` is where it
    runs, or "" if unknown. ``origin`` is dockerfile, entrypoint (a Dockerfile's ENTRYPOINT and CMD
    combined), compose, procfile, makefile, ci or script.
    """

    argv: Argv
    environment: Mapping[str, str]
    folder: str
    origin: str
    file: str
    line: int


class Language(Protocol):
    """A language's module: ``detect.python``, ``detect.golang``, ``detect.node``."""

    name: str

    def claims(self, repository: "Repository") -> list[Claim]:
        """Return the folders that contain a service in the language, or may contain one (weak).

        A manifest only for development tools or a library is weak.
        """

    def look(self, repository: "Repository", folder: str, given: Given) -> Evidence:
        """Return the signals of the service in a folder.

        ``given`` are the user's values: signals that depend on another answer, such as the port in
        the file that starts, use them. Signals that all languages share aren't added here:
        `evidence` adds them later, as weak ones.
        """
