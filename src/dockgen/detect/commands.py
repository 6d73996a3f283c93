"""Commands written down in Dockerfiles, compose files, Procfiles, Makefiles and CI.

They are evidence of how the project is built and started elsewhere. Shell is only split into words,
never run: variables with a default are replaced by it, and everything else stays as it is.
"""

import re
import shlex
from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import pairwise
from typing import Any

from dockgen.containerfiles import dockerfile
from dockgen.detect import written
from dockgen.detect.model import Argv, Command
from dockgen.detect.repository import Repository, join

_ASSIGNED = re.compile(r"([A-Za-z_]\w*)=(.*)", re.DOTALL)
_DEFAULT = re.compile(r"\$\{(\w+):?[-=]([^{}$]*)\}")
_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|\((\w+)\)|(\w+))")
# Words that start the command that follows them.
_PASSES_ON = {"exec", "sudo", "time", "nice", "then", "do", "else", "if", "env", "dumb-init", "@"}
_PASSES_ON |= {"tini", "nohup", "--", "-g"}
# The same, after the name of a user.
_AS_USER = {"gosu", "su-exec", "runuser", "chroot"}
# These only write into a pipe: they aren't what runs.
_FEEDS = ("yes", "echo", "printf")
# Longer than any real line of shell, in characters: it is read one by one.
_LONGEST = 20_000
_WINDOW = 4_000  # how many lines of a file are read
# A line of a Makefile that names targets, and one that sets a variable.
_TARGET = re.compile(r"^([\w./%-]+(?:[ \t]+[\w./%-]+)*)[ \t]*::?(?!=)")
_MAKE_VARIABLE = re.compile(r"^(?:export[ \t]+)?(\w+)[ \t]*[:?]?=[ \t]*(.*)$")


def of(repository: Repository, folder: str) -> tuple[Command, ...]:
    """Return the commands that concern a folder's service; those that start images come first."""
    return _of(repository, folder)


@lru_cache(maxsize=16)
def _of(repository: Repository, folder: str) -> tuple[Command, ...]:
    found: list[Command] = []
    for path in written.dockerfiles(repository, folder):
        found.extend(_built(repository, path))
    # A script that an image starts counts, whatever its name.
    named = {command.argv[0].rpartition("/")[2] for command in found}
    scripts = written.scripts(repository, folder)
    scripts += [
        path
        for path in repository.under(folder)
        if path.rpartition("/")[2] in named and path not in scripts and _is_shell(repository, path)
    ]
    for read, paths in (
        (_procs, written.procfiles(repository, folder)),
        (_composed, written.composes(repository, folder)),
        (_script, scripts),
        (_made, written.makefiles(repository, folder)),
        (_workflow, written.workflows(repository)),
    ):
        for path in paths:
            found.extend(read(repository, path))
    order = ("entrypoint", "procfile", "compose", "dockerfile", "script", "makefile", "ci")
    return tuple(sorted(found, key=lambda command: order.index(command.origin)))


def _is_shell(repository: Repository, path: str) -> bool:
    return path.endswith((".sh", ".bash")) or written.is_shell(repository, path)


def shell(text: str, folder: str = "") -> Iterator[tuple[tuple[str, ...], dict[str, str], str]]:
    """Yield the commands of a line of shell: words, variables set before them, and the folder.

    A ``cd`` before them, joined by ``&&`` or ``;``, gives the folder.
    """
    if len(text) > _LONGEST:
        return
    text = _DEFAULT.sub(lambda found: found[2] or found[0], text)
    lexer = shlex.shlex(text, posix=True, punctuation_chars=";&|()<>")
    lexer.whitespace_split = True
    lexer.commenters = "#"
    words: list[str] = []
    try:
        parts = [*lexer, ";"]
    except ValueError:
        parts = [*text.split(), ";"]
    for word in parts:
        if word and set(word) <= set(";&|()"):
            command = _simple(words)
            if command and command[0][0] == "cd" and len(command[0]) == 2:
                folder = join(folder or ".", command[0][1])
            elif command and not (word == "|" and command[0][0] in _FEEDS):
                yield (*command, folder)
            words = []
        else:
            words.append(word)


def _simple(words: list[str]) -> tuple[tuple[str, ...], dict[str, str]] | None:
    """Return one command without what surrounds it; None if nothing is left."""
    environment = {}
    rest = list(words)
    while rest:
        if assigned := _ASSIGNED.fullmatch(rest[0]):
            environment[assigned[1]] = assigned[2]
        elif rest[0] in _AS_USER and len(rest) > 2:
            del rest[0]
        elif rest[0].lstrip("@-+") in _PASSES_ON or rest[0] in ("@", "-"):
            pass
        else:
            break
        del rest[0]
    if rest:
        rest[0] = rest[0].lstrip("@")
    for number, word in enumerate(rest):
        if word and set(word) <= set("<>&"):
            rest = rest[: number - 1 if number and rest[number - 1] == "2" else number]
            break
    return (tuple(rest), environment) if rest and rest[0] else None


def argv(value: Any) -> tuple[str, ...]:
    """Return a command from a compose file or Dockerfile: a list, or a line."""
    if isinstance(value, list):
        return tuple(str(word) for word in value)
    if isinstance(value, str):
        try:
            return tuple(shlex.split(value))
        except ValueError:
            return tuple(value.split())
    return ()


def _commands(
    text: str, origin: str, path: str, line: int, folder: str = "", extra: Mapping[str, str] = {}
) -> Iterator[Command]:
    for words, environment, inside in shell(text, folder):
        yield Command(words, {**extra, **environment}, inside, origin, path, line)


def started(command: tuple[str, ...]) -> tuple[str, ...]:
    """Return the program that a start command runs in the end, without shell and init."""
    if len(command) >= 3 and command[0].rpartition("/")[2] in ("sh", "bash", "ash"):
        flags, text = command[1], command[2]
        if flags.startswith("-") and flags.endswith("c"):
            inner = [words for words, _, _ in shell(text)]
            return inner[-1] if inner else ()
    while command and (command[0].rpartition("/")[2] in _PASSES_ON):
        command = command[1:]
    return command


def _built(repository: Repository, path: str) -> Iterator[Command]:
    """Yield the commands that a Dockerfile runs, and the start of its last stage."""
    entry: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    line = 0
    environment: dict[str, str] = {}
    stages: dict[str, tuple[Argv, Argv, int, dict[str, str]]] = {}
    name = ""
    for instruction in dockerfile.instructions(repository.text(path) or ""):
        if instruction.keyword == "FROM":
            stages[name] = (entry, command, line, environment)
            named = [word.lower() for word in instruction.words]
            # A stage that builds on another one inherits its start.
            base = stages.get(named[0] if named else "", ((), (), 0, {}))
            entry, command, line, environment = (*base[:3], dict(base[3]))
            name = named[2] if len(named) == 3 and named[1] == "as" else ""
        elif instruction.keyword == "ENV":
            environment |= written.pairs(instruction.rest)
        elif instruction.keyword == "RUN":
            text = re.sub(r"^(?:--\S+\s+)+", "", instruction.rest)
            if text.startswith("["):
                text = shlex.join(written.exec_form(text))
            yield from _commands(text, "dockerfile", path, instruction.line, extra=environment)
        elif instruction.keyword in ("CMD", "ENTRYPOINT"):
            words = written.exec_form(instruction.rest)
            if not instruction.rest.startswith("["):
                words = ("sh", "-c", instruction.rest)
            if instruction.keyword == "CMD":
                command = words
            else:
                entry, command = words, ()
            line = instruction.line
    if words := started((*entry, *command)):
        yield Command(words, environment, "", "entrypoint", path, line)


def _procs(repository: Repository, path: str) -> Iterator[Command]:
    for number, line in enumerate(repository.lines(path), 1):
        name, colon, text = line.partition(":")
        if colon and name.strip().isidentifier() and text.strip():
            for command in _commands(text, "procfile", path, number):
                yield command._replace(environment={**command.environment, "": name.strip()})


def _composed(repository: Repository, path: str) -> Iterator[Command]:
    for name, service in written.services(repository, path):
        words = (*argv(service.get("entrypoint")), *argv(service.get("command")))
        if words and "build" in service and (start := started(words)):
            line = repository.line(path, "command:") or repository.line(path, "entrypoint:")
            yield Command(start, {"": name}, "", "compose", path, line)


def _made(repository: Repository, path: str) -> Iterator[Command]:
    """Yield the recipes of a Makefile, with its variables filled in."""
    variables: dict[str, str] = {}

    def filled(text: str) -> str:
        for _ in range(4):
            if len(text) > 4_000:
                break
            text = _VARIABLE.sub(
                lambda found: variables.get(found[1] or found[2] or "", found[0]), text
            )
        return text.replace("$$", "$")

    target = ""
    for number, line in _numbered(repository.lines(path)[:_WINDOW]):
        if line.startswith("\t"):
            for command in _commands(filled(line.strip().lstrip("@-+")), "makefile", path, number):
                yield command._replace(environment={**command.environment, "": target})
        elif assigned := _MAKE_VARIABLE.match(line):
            variables.setdefault(assigned[1], assigned[2].partition(" #")[0].strip())
        elif named := _TARGET.match(line):
            target = named[1]


def _workflow(repository: Repository, path: str) -> Iterator[Command]:
    """Yield the commands in steps of a CI workflow: GitHub's, and GitLab's scripts."""
    for _, node in _mappings(repository.yaml(path)):
        run = node.get("run")
        lines = run.splitlines() if isinstance(run, str) else node.get("script")
        if isinstance(lines, str):
            lines = [lines]
        if not isinstance(lines, list):
            continue
        where = node.get("working-directory")
        folder = join(".", where) if isinstance(where, str) and "$" not in where else ""
        environment = node.get("env")
        extra = (
            {str(key): str(value) for key, value in environment.items()}
            if isinstance(environment, dict)
            else {}
        )
        for text in _joined(str(line) for line in lines):
            line = repository.line(path, text.strip()[:60]) if text.strip() else 0
            yield from _commands(text, "ci", path, line, folder, extra)


def _mappings(value: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    waiting = [("", value)]
    while waiting:
        name, node = waiting.pop()
        if isinstance(node, dict):
            yield name, node
            waiting.extend((str(key), inner) for key, inner in node.items())
        elif isinstance(node, list):
            waiting.extend((name, inner) for inner in node)


def _script(repository: Repository, path: str) -> Iterator[Command]:
    """Yield the commands of a shell script, with default values filled in."""
    variables: dict[str, str] = {}
    for number, text in _numbered(repository.lines(path)[:_WINDOW]):
        line = text.strip()
        if not line or line.startswith("#"):
            continue
        assigned = re.fullmatch(r"(?:export\s+)?(\w+)=[\"']?\$\{\w+:?-([^{}]*)\}[\"']?", line)
        if assigned:
            variables[assigned[1]] = assigned[2]
        line = _VARIABLE.sub(
            lambda found: variables.get(found[1] or found[3] or "", found[0]), line
        )
        yield from _commands(line, "script", path, number)


def _numbered(lines: list[str]) -> Iterator[tuple[int, str]]:
    """Yield lines with continued ones joined, each with the number of its first line."""
    number = 0
    while number < len(lines):
        first = number
        text = lines[number]
        number += 1
        while text.endswith("\\") and number < len(lines):
            text = text[:-1] + " " + lines[number].strip()
            number += 1
        yield first + 1, text


def _joined(lines: Any) -> Iterator[str]:
    return (text for _, text in _numbered(list(lines)))


def option(words: tuple[str, ...], *names: str) -> str | None:
    """Return the value of a command's option: ``--name value`` or ``--name=value``."""
    for word, after in pairwise((*words, "")):
        for name in names:
            if word == name and after:
                return after
            if word.startswith(f"{name}=") or (
                len(name) == 2 and word.startswith(name) and len(word) > 2
            ):
                return word[len(name) :].removeprefix("=")
    return None
