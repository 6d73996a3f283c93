"""Find files that describe how a service is built and run elsewhere, and parse them."""

import re
import shlex
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from dockgen import reader
from dockgen.containerfiles import dockerfile
from dockgen.detect.repository import Repository, folder_of, is_aside, within

_DOCKERFILE = re.compile(r"(?:.*[.-])?(?:Dockerfile|Containerfile)(?:[.-].*)?", re.IGNORECASE)
_COMPOSE = re.compile(r"(?:docker-)?compose[\w.-]*\.ya?ml", re.IGNORECASE)
_WORKFLOWS = (".github/workflows", ".gitlab-ci.yml", ".forgejo/workflows", ".gitea/workflows")
_SCRIPT = re.compile(r".*(?:entry-?point|start|run|boot|serve|launch|build|httpd|docker)[\w.-]*")
# These files show that a neighbouring folder is another service's.
_MANIFESTS = ("package.json", "go.mod", "pyproject.toml", "requirements.txt", "setup.py")
# How many files of each kind are read, the nearest to the service first.
_LOOKED_AT = 20
# Files for development say little about the production image.
_DEVELOPMENT = re.compile(r"dev|test|debug|ci|local|example|docs?(?:[._-]|$)", re.IGNORECASE)


def _concerning(repository: Repository, folder: str, pattern: re.Pattern[str]) -> list[str]:
    """Return files of that name in the folder, its parents, and in folders such as docker/."""
    found = []
    for path in repository.files:
        name = path.rpartition("/")[2]
        if not pattern.fullmatch(name):
            continue
        place = folder_of(path)
        near = within(place, folder) or within(folder, place)
        beside = not near and within(folder, folder_of(place))
        beside = beside and not any(repository.has(f"{place}/{one}") for one in _MANIFESTS)
        if (near or beside) and not is_aside(path.replace(".examples/", "examples/")):
            development = bool(_DEVELOPMENT.search(path))
            odd = is_one_of_several(path)
            found.append((not near, development, _distance(folder, place), odd, path))
    if any(within(path, folder) for *_, path in found):
        found = [one for one in found if not one[0]]  # the others belong to another service
    return [path for *_, path in sorted(found)[:_LOOKED_AT]]


def _distance(folder: str, place: str) -> int:
    one, other = (name.split("/") if name != "." else [] for name in (folder, place))
    common = 0
    while common < min(len(one), len(other)) and one[common] == other[common]:
        common += 1
    return len(one) + len(other) - 2 * common


def is_development(path: str) -> bool:
    """Return whether a file is for development, tests or documentation, going by its name."""
    return bool(_DEVELOPMENT.search(path))


def is_one_of_several(path: str) -> bool:
    """Return whether a Dockerfile has a special name: one of several, and rarely the main one."""
    name = path.rpartition("/")[2].lower()
    return bool(_DOCKERFILE.fullmatch(name)) and not re.fullmatch(
        r"(?:dockerfile|containerfile)(?:\.prod(?:uction)?)?|(?:default|prod|production)\.dockerfile",
        name,
    )


def dockerfiles(repository: Repository, folder: str) -> list[str]:
    """Return Dockerfiles and Containerfiles, the nearest first, those for development last."""
    found = _concerning(repository, folder, _DOCKERFILE)
    return [path for path in found if not path.endswith((".dockerignore", ".md", ".py", ".go"))]


class Exposed(NamedTuple):
    """A TCP port that a Dockerfile's last stage exposes, and where."""

    port: int
    file: str
    line: int


def exposed(repository: Repository, folder: str) -> list[Exposed]:
    """Return the ports of a service's images, without those for development."""
    found = []
    for path in dockerfiles(repository, folder):
        if is_development(path):
            continue
        known: dict[str, str] = {}
        here: list[Exposed] = []
        for one in dockerfile.instructions(repository.text(path) or ""):
            if one.keyword in ("ARG", "ENV"):
                known |= pairs(one.rest)
            elif one.keyword == "FROM":
                here = []
            elif one.keyword == "EXPOSE":
                for word in one.words:
                    number, _, protocol = filled(word, known).partition("/")
                    if number.isdecimal() and protocol in ("", "tcp"):
                        here.append(Exposed(int(number), path, one.line))
        found += here
    return found


def composes(repository: Repository, folder: str) -> list[str]:
    """Return compose files."""
    return _concerning(repository, folder, _COMPOSE)


def main_composes(repository: Repository, folder: str) -> list[str]:
    """Return the compose file that is started without an option, if it has services; else all.

    Others beside it, such as docker-compose.mysql.yml, are for a choice that somebody makes.
    """
    every = composes(repository, folder)
    plain = [
        path
        for path in every
        if re.fullmatch(r"(?:docker-)?compose\.ya?ml", path.rpartition("/")[2], re.IGNORECASE)
        and folder_of(path) == folder
        and any(True for _ in services(repository, path))
    ]
    return plain or every


def procfiles(repository: Repository, folder: str) -> list[str]:
    """Return Procfiles."""
    return [path for path in repository.named("Procfile", folder) if not is_aside(path)]


def makefiles(repository: Repository, folder: str) -> list[str]:
    """Return Makefiles."""
    return _concerning(repository, folder, re.compile(r"(?:GNU)?[Mm]akefile"))


def workflows(repository: Repository) -> list[str]:
    """Return the CI workflows of the whole repository, those that build images first."""
    found = [
        path
        for path in repository.files
        if path.startswith(_WORKFLOWS) and path.endswith((".yml", ".yaml"))
    ]
    return sorted(found, key=lambda path: not re.search("docker|release|build|image", path))[:40]


def scripts(repository: Repository, folder: str) -> list[str]:
    """Return shell scripts that may start or build the service, going by their names."""
    return [
        path
        for path in _concerning(repository, folder, _SCRIPT)
        if path.endswith((".sh", ".bash")) or is_shell(repository, path)
    ]


def is_shell(repository: Repository, path: str) -> bool:
    """Return whether a file without a suffix is a shell script, by its first line."""
    if "." in path.rpartition("/")[2]:
        return False
    return bool(re.match(r"#!.*\b(?:ba|da|a)?sh\b", repository.lines(path)[0]))


def environments(repository: Repository, folder: str) -> list[str]:
    """Return example files of settings, never a real .env."""
    names = re.compile(
        r"\.?(?:env)[._-](?:example|sample|template|dist|default)s?|"
        r"(?:example|sample|template)\.env|\.env\.docker\.example"
    )
    return _concerning(repository, folder, names)


class Example(NamedTuple):
    """A setting in an example file, and where."""

    name: str
    value: str
    file: str
    line: int


def examples(repository: Repository, folder: str) -> Iterator[Example]:
    """Yield the settings in a service's example files."""
    for path in environments(repository, folder):
        for number, line in enumerate(repository.lines(path), 1):
            if parts := re.fullmatch(r"\s*(?:export\s+)?([A-Za-z_]\w*)\s*=\s*(.*?)\s*", line):
                value = parts[2].partition(" #")[0].strip().strip("\"'")
                yield Example(parts[1], value, path, number)


def services(repository: Repository, path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the services of a compose file by name."""
    found = repository.yaml(path)
    named = found.get("services") if isinstance(found, dict) else None
    for name, service in named.items() if isinstance(named, dict) else ():
        if isinstance(service, dict):
            yield str(name), service


def exec_form(text: str) -> tuple[str, ...]:
    """Return the words of a JSON list, or nothing."""
    if not text.lstrip().startswith("["):
        return ()
    try:
        words = reader.parse_json(text)
    except ValueError:
        return ()
    return tuple(str(word) for word in words) if isinstance(words, list) else ()


def pairs(text: str) -> dict[str, str]:
    """Return what an ENV or a LABEL sets: ``NAME=VALUE …`` or the old ``NAME VALUE``."""
    try:
        words = shlex.split(text)
    except ValueError:
        words = text.split()
    if words and "=" not in words[0]:
        return {words[0]: " ".join(words[1:])}
    return {name: value for name, equals, value in (w.partition("=") for w in words) if equals}


def filled(text: str, known: Mapping[str, str]) -> str:
    """Fill in the variables that a Dockerfile sets."""
    for _ in range(3):
        if "$" not in text or len(text) > 1_000:
            break
        text = re.sub(
            r"\$(?:\{(\w+)(?::?-([^}]*))?\}|(\w+))",
            lambda found: known.get(found[1] or found[3] or "", "") or found[2] or found[0],
            text,
        )
    return text
