"""A Dockerfile as data: its stages, and the images that it builds on.

Parses what dockgen needs as BuildKit does: continued lines, comments, heredocs, and the arguments
before the first FROM. Nothing is run, and nothing is fetched.
"""

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from dockgen import reader
from dockgen.errors import ProjectError, unreadable

# Real Dockerfiles have far fewer.
MOST_STAGES = 200
MOST_STEPS = 2000

# For the name of an image, or an argument's default, in characters.
_LONGEST = 1000
_LONGEST_VALUES = 20_000

# Directives such as `# syntax=docker/dockerfile:1` count only at the top.
_DIRECTIVE = re.compile(r"#\s*([A-Za-z]+)\s*=\s*(\S.*?)\s*")
# A word that opens a heredoc. `<<<` is a string for the shell, `1 << 2` an expression.
_HEREDOC = re.compile(r"(?:^|\s)\d*<<(-?)([\"']?)([A-Za-z_][\w.]*)\2(?=\s|$)")
_TAKES_HEREDOC = {"RUN", "COPY", "ADD"}
# $NAME, ${NAME}, ${NAME:-text} and ${NAME:+text}.
_VARIABLE = re.compile(r"\$(?:(\w+)|\{(\w+)(?::?([-+])([^{}]*))?\})")
# Numbers with more digits can't be stages.
_DIGITS = 6
_FLAG = re.compile(r"--([a-z-]+)=(\S+)")


@dataclass(frozen=True)
class ImageUse:
    """An image that a build pulls, and the line that names it, counted from 1.

    ``name`` is as written, with the defaults of arguments filled in.
    """

    name: str
    line: int


@dataclass(frozen=True)
class Instruction:
    """An instruction on one line: its keyword in capitals, the rest, and its heredocs' text."""

    keyword: str
    rest: str
    line: int
    heredoc: str = ""

    @property
    def flags(self) -> list[tuple[str, str]]:
        """The instruction's flags, such as ("from", "base")."""
        flags = []
        for word in self.rest.split():
            found = _FLAG.fullmatch(word)
            if not found:
                break
            flags.append((found[1], found[2].strip("\"'")))
        return flags

    @property
    def words(self) -> list[str]:
        """The words after the flags."""
        return [word.strip("\"'") for word in self.rest.split()[len(self.flags) :]]

    @property
    def values(self) -> list[tuple[str, str | None]]:
        """What an ARG, ENV or LABEL sets; None for an ARG without a default."""
        text = self.rest[:_LONGEST_VALUES]
        try:
            words = shlex.split(text)
        except ValueError:  # an unclosed quote
            words = text.split()
        if self.keyword != "ARG" and words and "=" not in words[0]:
            # the old form with a single name: ENV NAME, then the value
            return [(words[0], text.strip().removeprefix(words[0]).strip())]
        pairs = [word.partition("=") for word in words]
        return [(name, value if equals else None) for name, equals, value in pairs]


@dataclass(frozen=True)
class Stage:
    """A stage: it begins with a FROM.

    ``image`` is what follows FROM, with the defaults of arguments filled in: an image, or an
    earlier stage, whose position is ``parent``. ``line`` is the line of the FROM, ``instructions``
    are those below it, and ``uses`` the positions of the stages that these copy or mount from.
    ``name`` is in lower case, or "".
    """

    name: str
    image: str
    line: int
    parent: int | None
    instructions: tuple[Instruction, ...]
    uses: tuple[int, ...] = ()


@dataclass(frozen=True)
class Dockerfile:
    """A parsed Dockerfile.

    ``images`` are the images that a build pulls, in the order of their lines. ``base`` is what the
    last stage builds on through all stages between, as written in FROM: "debian:trixie-slim",
    "scratch", or None without a FROM. ``arguments`` are the instructions before the first FROM, and
    ``built`` is the position of the stage that becomes the image; None for the last one.
    """

    images: tuple[ImageUse, ...]
    base: str | None
    stages: tuple[Stage, ...] = ()
    arguments: tuple[Instruction, ...] = ()
    built: int | None = None

    def lineage(self, position: int) -> list[int]:
        """Return the positions of a stage and of the stages that it builds on, the lowest first."""
        found = [position]
        while (parent := self.stages[found[0]].parent) is not None:
            found.insert(0, parent)
        return found

    @property
    def shipped(self) -> list[int]:
        """The positions of the stages that make up the image, the lowest first."""
        last = len(self.stages) - 1 if self.built is None else self.built
        return self.lineage(last) if self.stages else []

    @property
    def needed(self) -> list[int]:
        """The positions of the stages that a build of the image runs."""
        found = set(self.shipped)
        # A stage can refer only to earlier stages.
        for position in reversed(range(len(self.stages))):
            if position in found:
                for used in self.stages[position].uses:
                    found.update(self.lineage(used))
        return sorted(found)


def find(directory: Path) -> Dockerfile | None:
    """Read the Dockerfile in ``directory``; None if there is none.

    Raises:
        ProjectError: it can't be read, or isn't text.
    """
    try:
        return read(directory / "Dockerfile", inside=directory)
    except FileNotFoundError:
        return None


def read(path: Path, *, inside: Path | None = None, target: str | None = None) -> Dockerfile:
    """Read a Dockerfile.

    Args:
        path: the file.
        inside: the folder that no link may lead out of; None for a file that the user names.
        target: the stage to build; None for the last one.

    Raises:
        FileNotFoundError: there is none.
        ProjectError: it can't be read, or isn't text.
    """
    hint = f"save it as UTF-8, or restore it: git checkout -- {path.name}"
    try:
        text = reader.text(path, inside=inside, hint=hint)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise unreadable(path, error) from error
    return parse(text, target)


def parse(text: str, target: str | None = None) -> Dockerfile:
    """Parse a Dockerfile's text; ``target`` is the stage to build, or None for the last one.

    Raises:
        ProjectError: it has more stages or steps than any real one.
    """
    lines = text.removeprefix("\ufeff").splitlines()
    directives = _directives(lines)
    arguments: dict[str, str] = {}
    stages: list[str] = []
    bases: dict[str, str] = {}
    base = None
    images = []
    heads: list[tuple[str, str, int, int | None]] = []
    bodies: list[list[Instruction]] = [[]]
    uses: list[set[int]] = [set()]
    if "syntax" in directives:
        images.append(ImageUse(*directives["syntax"]))
    for instruction in _instructions(lines, directives.get("escape", ("\\", 0))[0]):
        if len(stages) > MOST_STAGES or len(bodies[-1]) > MOST_STEPS:
            raise ProjectError(
                f"the Dockerfile has more than {MOST_STAGES} stages, or {MOST_STEPS} steps in one",
                "split it, or check the image: dockgen check --image NAME",
            )
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
            image = _filled(words[0], arguments) if words else ""
            stage = words[2].lower() if named else ""
            heads.append((stage, image, instruction.line, _position(image, stages)))
            bodies.append([])
            uses.append(set())
            base = _base(instruction, arguments, bases)
            stages.append(stage)
            if named and base is not None:
                bases[stages[-1]] = base
        else:
            bodies[-1].append(instruction)
            above = [_position(name, stages[:-1], numbered=True) for name in names]
            uses[-1].update(position for position in above if position is not None)
    parts = [(tuple(body), tuple(sorted(used))) for body, used in zip(bodies, uses, strict=True)]
    found = tuple(Stage(*head, *part) for head, part in zip(heads, parts[1:], strict=True))
    if target is not None:
        base = bases.get(target.lower())
    built = None if target is None else _position(target, stages)
    return Dockerfile(tuple(images), base, found, parts[0][0], built)


def instructions(text: str) -> list[Instruction]:
    """Return all instructions of a Dockerfile, in the order of their lines."""
    lines = text.removeprefix("\ufeff").splitlines()
    return list(_instructions(lines, _directives(lines).get("escape", ("\\", 0))[0]))


def _directives(lines: list[str]) -> dict[str, tuple[str, int]]:
    """Return the directives at the top, with the line of each."""
    found: dict[str, tuple[str, int]] = {}
    for number, line in enumerate(lines, 1):
        directive = _DIRECTIVE.fullmatch(line.strip())
        if not directive:
            break
        found.setdefault(directive[1].lower(), (directive[2], number))
    return found


def _instructions(lines: list[str], escape: str) -> Iterator[Instruction]:
    """Yield each instruction, with continued lines joined, without comments and heredocs."""
    continued = re.compile(re.escape(escape) + r"[ \t]*$")
    number = 0
    while number < len(lines):
        start = number
        parts: list[str] = []
        while number < len(lines):
            line = lines[number]
            number += 1
            if line.lstrip().startswith("#") or not line.strip():
                # Skip such lines between continued lines; otherwise no instruction has begun.
                if parts:
                    continue
                break
            parts.append(continued.sub("", line))
            if not continued.search(line):
                break
        if not parts:
            continue
        keyword, *rest = "".join(parts).split(maxsplit=1) or [""]
        instruction = Instruction(keyword.upper(), "".join(rest), start + 1)
        if instruction.keyword in _TAKES_HEREDOC:
            end = _after_heredocs(instruction.rest, lines, number)
            instruction = replace(instruction, heredoc="\n".join(lines[number:end]))
            number = end
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


def _named(instruction: Instruction) -> list[str]:
    """Return the images or stages that an instruction refers to."""
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
    instruction: Instruction, arguments: Mapping[str, str], bases: Mapping[str, str]
) -> str | None:
    """Return what a FROM builds on: the base of the stage that it names, or its own image."""
    if not instruction.words:
        return None
    name = _filled(instruction.words[0], arguments)
    platforms = [f"--{flag}={_filled(value, arguments)} " for flag, value in instruction.flags]
    return bases.get(name.lower(), "".join(platforms) + name)


def _is_stage(name: str, stages: list[str], *, numbered: bool) -> bool:
    """Return whether a name is an earlier stage: its name or, except in FROM, its number."""
    return name.lower() in stages or (numbered and name.isdecimal())


def _position(name: str, stages: list[str], *, numbered: bool = False) -> int | None:
    """Return the position of the stage of that name, or None; of equal names, the last wins."""
    if numbered and name.isdecimal() and len(name) < _DIGITS and int(name) < len(stages):
        return int(name)
    found = [number for number, stage in enumerate(stages) if stage == name.lower() != ""]
    return found[-1] if found else None


def _defaults(words: list[str], known: Mapping[str, str]) -> dict[str, str]:
    pairs = [word.partition("=") for word in words]
    return {name: _filled(value.strip("\"'"), known) for name, equals, value in pairs if equals}


def _filled(text: str, arguments: Mapping[str, str]) -> str:
    """Fill in the defaults of arguments; variables without one stay as they are."""

    def value(found: re.Match[str]) -> str:
        name = found[1] or found[2]
        if found[3] == "-":
            return arguments.get(name) or found[4]
        if found[3] == "+":
            return found[4] if arguments.get(name) else ""
        return arguments.get(name, found[0])

    # Defaults that repeat each other could grow without limit.
    return _VARIABLE.sub(value, text[:_LONGEST])[:_LONGEST]
