"""The model: topics, the signals that speak for their values, and the answers made of them.

A language module only collects signals. It never weighs one against another: that is done by
`resolve`, by the same rule for each topic.

1. What the user says by a flag holds, and everything else is passed over.
2. All strong signals have to agree. Two that don't are a `Conflict`: the user is asked.
3. Without a strong one the first weak signal is taken, and shown as a guess.

A signal is strong if it says what the program or its build does: code, a manifest, a lock file, a
tool's configuration. It is weak if it tells of something else from which this follows: what another
container did (a Dockerfile, a compose file, CI), a convention, a framework's default. Where the
developers' own precedence is documented, such as `.python-version` over `requires-python`, both
are not two opinions but one: the module gives only what remains.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from dockgen.detect.repository import Repository


class Strength(StrEnum):
    """How much a signal says; see above."""

    STRONG = "strong"
    WEAK = "weak"


class Many(StrEnum):
    """How signals of one topic become its value."""

    ONE = "one"  # they have to agree
    VERSION = "version"  # each is a bound: the versions that it allows, the best first
    ALL = "all"  # each is a part of the answer: a setting, a package, a folder


@dataclass(frozen=True)
class Topic:
    """One thing to know about a service.

    ``name`` is the key in JSON and of the answers, ``flag`` what decides it on the command line.
    ``takes`` is how the flag's word is read: text, a number, yes/no, or words as in a shell. A
    topic of many values takes its flag several times.
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


# argv: a tuple of words; ``{port}`` in a word is the answer to ``port``. A path is relative to the
# repository, with slashes; "." is its root.
Argv = tuple[str, ...]


class Setting(NamedTuple):
    """An environment variable that the program reads.

    ``default`` is what it does without: from the code, or from an example file. None if there is
    none, and always for a ``secret``, of whose value no more is read than the ``scheme`` of an
    address: it names the driver of a database. ``required`` says that the program doesn't start
    without it.
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
    """What has to have run before the start, such as migrations: a service of its own."""

    name: str
    argv: Argv


class Frontend(NamedTuple):
    """A front end that is built before the application, which serves what comes out of it.

    ``output`` is where its files have to be; "" if that isn't known.
    """

    folder: str
    package_manager: str
    build: str
    output: str = ""


class Beside(NamedTuple):
    """A service that has to run beside: ``kind`` such as postgres, ``image`` as someone named it.

    ``setting`` is the variable that tells the program where it is; "" if that isn't known.
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

# What the user said, by topic: the value of the flag, a tuple of them if the topic has many.
Given = Mapping[str, Any]


@dataclass(frozen=True)
class Signal:
    """Something in the repository that speaks for a value.

    Args:
        value: what it says, of the topic's kind. A version's is the tuple of all the versions that
            it allows, the best first.
        words: how it is shown, short and as it is there: ``uvicorn.run(…, port=8000)``.
        file: the path of the file, or of a folder; "" for a flag, or if nothing was found.
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
        """The file and line as an editor opens them; "" without a file."""
        return f"{self.file}:{self.line}" if self.line else self.file


@dataclass(frozen=True)
class Answer:
    """The value of a topic, why, and what was passed over for it.

    Of a topic with many values each has an answer of its own.
    """

    topic: Topic
    value: Any
    signal: Signal
    passed_over: tuple[Signal, ...] = ()

    @property
    def is_guess(self) -> bool:
        """Whether only weak signals speak for it."""
        return self.signal.strength is Strength.WEAK


@dataclass(frozen=True)
class Conflict:
    """Strong signals that disagree: two or more, of different values."""

    topic: Topic
    signals: tuple[Signal, ...]


@dataclass(frozen=True)
class Refusal:
    """What can't work: a flavor, or all of it (""), why, and what does instead."""

    flavor: str
    reason: str
    hint: str
    signal: Signal


@dataclass
class Evidence:
    """The signals of one service by topic, the best first, as its language module collects them."""

    signals: dict[str, list[Signal]] = field(default_factory=dict)
    refusals: list[Refusal] = field(default_factory=list)
    # What holds if nothing at all speaks of it, such as a framework's port: weak, behind the rest.
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
        """Add a signal behind those of the topic that are there."""
        strength = Strength.WEAK if weak else Strength.STRONG
        found = Signal(value, words, file, line, strength)
        self.signals.setdefault(BY_NAME[topic].name, []).append(found)

    def default(self, topic: str, value: Any, words: str, file: str = "", line: int = 0) -> None:
        """Say what holds if neither this module nor what all languages share knows better."""
        found = Signal(value, words, file, line, Strength.WEAK)
        self.defaults.setdefault(BY_NAME[topic].name, []).append(found)

    def of(self, topic: str) -> list[Signal]:
        """The signals of a topic."""
        return self.signals.get(topic, [])

    def take(self, other: "Evidence") -> None:
        """Put another's signals behind these."""
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
    """All that is known of one service.

    ``answers`` has those of each topic that has any; a topic is in ``conflicts`` or in ``answers``.
    ``skipped`` are files that couldn't be read, with the reason: the answers don't rest on them.
    """

    answers: Mapping[str, tuple[Answer, ...]]
    conflicts: tuple[Conflict, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    skipped: tuple[tuple[str, str], ...] = ()

    def __iter__(self) -> Iterator[Answer]:
        """Each answer, in the order of the topics."""
        for topic in TOPICS:
            yield from self.answers.get(topic.name, ())

    def value(self, topic: str, default: Any = None) -> Any:
        """The value of a topic of one value."""
        found = self.answers.get(BY_NAME[topic].name, ())
        return found[0].value if found else default

    def values(self, topic: str) -> tuple[Any, ...]:
        """The values of a topic of many."""
        return tuple(answer.value for answer in self.answers.get(BY_NAME[topic].name, ()))


class Command(NamedTuple):
    """A command that someone wrote down, from `commands.of(repository, folder)`.

    ``argv`` is without the variables that stand before it, which are in ``environment``; ``folder``
    is where it runs, "" if that isn't known. ``origin`` is dockerfile, entrypoint (a Dockerfile's
    ENTRYPOINT and CMD as one), compose, procfile, makefile, ci or script.
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
        """The folders that hold a service in the language, or what may be one (weak).

        A manifest of development tools alone, or of a library, is weak.
        """

    def look(self, repository: "Repository", folder: str, given: Given) -> Evidence:
        """The signals of the service in a folder.

        ``given`` is what the user said: what follows from another answer, such as the port from
        the file that starts, follows from that one. Signals of what all languages share are not
        added here: `evidence` adds them behind these, weak.
        """
