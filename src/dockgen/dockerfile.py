"""A Dockerfile as data: which images it builds on.

Reads what BuildKit reads, as far as that takes: continued lines, comments, heredocs, the arguments
before the first FROM. Nothing is run, and nothing is fetched.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from dockgen import reader
from dockgen.errors import unreadable

# Lines such as `# syntax=docker/dockerfile:1` count only before everything else.
_DIRECTIVE = re.compile(r"#\s*([A-Za-z]+)\s*=\s*(\S.*?)\s*")
# A word that opens a heredoc. `<<<` is a string for the shell, `1 << 2` a calculation.
_HEREDOC = re.compile(r"(?:^|\s)\d*<<(-?)([\"']?)([A-Za-z_][\w.]*)\2(?=\s|$)")
_TAKES_HEREDOC = {"RUN", "COPY", "ADD"}
# $NAME, ${NAME}, ${NAME:-text} and ${NAME:+text}.
_VARIABLE = re.compile(r"\$(?:(\w+)|\{(\w+)(?::?([-+])([^{}]*))?\})")
_FLAG = re.compile(r"--([a-z-]+)=(\S+)")


@dataclass(frozen=True)
class ImageUse:
    """An image that a build pulls, and the line that names it, counted from 1.

    ``name`` is as it is written, with the defaults of arguments put in.
    """

    name: str
    line: int


@dataclass(frozen=True)
class Dockerfile:
    """What a Dockerfile says.

    ``images`` are those that a build of it pulls, in the order of their lines; ``base`` is what the
    last stage stands on, through all stages between, as a FROM has it: "debian:trixie-slim",
    "scratch", or None without a FROM.
    """

    images: tuple[ImageUse, ...]
    base: str | None


@dataclass(frozen=True)
class _Instruction:
    """An instruction in one line: its keyword in capitals, and the rest."""

    keyword: str
    rest: str
    line: int

    @property
    def flags(self) -> list[tuple[str, str]]:
        """What stands before the instruction's own words, such as ("from", "base")."""
        flags = []
        for word in self.rest.split():
            found = _FLAG.fullmatch(word)
            if not found:
                break
            flags.append((found[1], found[2].strip("\"'")))
        return flags

    @property
    def words(self) -> list[str]:
        """What is left without the flags."""
        return [word.strip("\"'") for word in self.rest.split()[len(self.flags) :]]


def find(directory: Path) -> Dockerfile | None:
    """Read the Dockerfile in ``directory``; None if there is none.

    Raises:
        ProjectError: it can't be read, or is no text.
    """
    path = directory / "Dockerfile"
    try:
        text = reader.text(
            path,
            inside=directory,
            hint=f"save it as UTF-8, or bring it back: git checkout -- {path.name}",
        )
    except FileNotFoundError:
        return None
    except OSError as error:
        raise unreadable(path, error) from error
    return parse(text)


def parse(text: str) -> Dockerfile:
    """Read the text of a Dockerfile."""
    lines = text.removeprefix("\ufeff").splitlines()
    directives = _directives(lines)
    arguments: dict[str, str] = {}
    stages: list[str] = []
    bases: dict[str, str] = {}
    base = None
    images = []
    if "syntax" in directives:
        images.append(ImageUse(*directives["syntax"]))
    for instruction in _instructions(lines, directives.get("escape", ("\\", 0))[0]):
        if instruction.keyword == "ARG" and not stages:
            arguments |= _defaults(instruction.words, arguments)
        names = [_filled(name, arguments) for name in _named(instruction)]
        images += [
            ImageUse(name, instruction.line)
            for name in names
            if not _is_stage(name, stages, numbered=instruction.keyword != "FROM")
        ]
        if instruction.keyword == "FROM":
            words = instruction.words
            named = len(words) == 3 and words[1].upper() == "AS"
            base = _base(instruction, arguments, bases)
            stages.append(words[2].lower() if named else "")
            if named and base is not None:
                bases[stages[-1]] = base
    return Dockerfile(tuple(images), base)


def _directives(lines: list[str]) -> dict[str, tuple[str, int]]:
    """The directives at the top, with the line of each."""
    found: dict[str, tuple[str, int]] = {}
    for number, line in enumerate(lines, 1):
        directive = _DIRECTIVE.fullmatch(line.strip())
        if not directive:
            break
        found.setdefault(directive[1].lower(), (directive[2], number))
    return found


def _instructions(lines: list[str], escape: str) -> Iterator[_Instruction]:
    """Yield each instruction: continued lines are one, comments and heredocs are left out."""
    continued = re.compile(re.escape(escape) + r"[ \t]*$")
    number = 0
    while number < len(lines):
        start = number
        parts: list[str] = []
        while number < len(lines):
            line = lines[number]
            number += 1
            if line.lstrip().startswith("#") or not line.strip():
                # Between continued lines, such a line is passed over; else nothing has begun.
                if parts:
                    continue
                break
            parts.append(continued.sub("", line))
            if not continued.search(line):
                break
        if not parts:
            continue
        keyword, *rest = "".join(parts).split(maxsplit=1) or [""]
        instruction = _Instruction(keyword.upper(), "".join(rest), start + 1)
        if instruction.keyword in _TAKES_HEREDOC:
            number = _after_heredocs(instruction.rest, lines, number)
        yield instruction


def _after_heredocs(rest: str, lines: list[str], number: int) -> int:
    """Return the number of the line that follows the heredocs of an instruction."""
    for tabs, _, end in _HEREDOC.findall(rest):
        for position in range(number, len(lines)):
            line = lines[position].lstrip("\t") if tabs else lines[position]
            if line == end:
                number = position + 1
                break
    return number


def _named(instruction: _Instruction) -> list[str]:
    """The images or stages that an instruction names."""
    if instruction.keyword == "FROM":
        return [name for name in instruction.words[:1] if name != "scratch"]
    if instruction.keyword == "COPY":
        return [value for flag, value in instruction.flags if flag == "from"]
    if instruction.keyword == "RUN":
        options = [
            option.partition("=")
            for flag, value in instruction.flags
            if flag == "mount"
            for option in value.split(",")
        ]
        return [value for key, _, value in options if key == "from"]
    return []


def _base(
    instruction: _Instruction, arguments: Mapping[str, str], bases: Mapping[str, str]
) -> str | None:
    """What a FROM stands on: the base of the stage that it names, or its own image."""
    if not instruction.words:
        return None
    name = _filled(instruction.words[0], arguments)
    platforms = [f"--{flag}={_filled(value, arguments)} " for flag, value in instruction.flags]
    return bases.get(name.lower(), "".join(platforms) + name)


def _is_stage(name: str, stages: list[str], *, numbered: bool) -> bool:
    """Whether a name means a stage further up, by its name or, but for FROM, by its number."""
    return name.lower() in stages or (numbered and name.isdecimal())


def _defaults(words: list[str], known: Mapping[str, str]) -> dict[str, str]:
    pairs = [word.partition("=") for word in words]
    return {name: _filled(value.strip("\"'"), known) for name, equals, value in pairs if equals}


def _filled(text: str, arguments: Mapping[str, str]) -> str:
    """Put in the defaults of arguments; what has none stays as it is."""

    def value(found: re.Match[str]) -> str:
        name = found[1] or found[2]
        if found[3] == "-":
            return arguments.get(name) or found[4]
        if found[3] == "+":
            return found[4] if arguments.get(name) else ""
        return arguments.get(name, found[0])

    return _VARIABLE.sub(value, text)
