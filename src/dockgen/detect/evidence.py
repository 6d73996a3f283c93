"""Evidence that all languages share: the project's containers, and services beside it.

All of it is weak, except for a service whose driver the project depends on: another image is
evidence, not a requirement.
"""

import re
from collections.abc import Iterator
from typing import Any

from dockgen.containerfiles import dockerfile
from dockgen.detect import commands, frontend, written
from dockgen.detect.model import Beside, Evidence, Setting, Strength
from dockgen.detect.repository import Repository, folder_of, join
from dockgen.detect.secrets import looks_secret, scheme

# Services beside a program, by the name of the image.
KINDS = {
    "postgres": r"postgres|postgis|pgvector|timescale",
    "mysql": r"mysql|percona",
    "mariadb": r"mariadb",
    "mongo": r"mongo",
    "redis": r"redis|valkey|dragonfly|keydb",
    "rabbitmq": r"rabbitmq",
    "kafka": r"kafka|redpanda",
    "nats": r"nats",
    "elasticsearch": r"elasticsearch",
    "opensearch": r"opensearch",
    "meilisearch": r"meilisearch",
    "minio": r"minio",
    "memcached": r"memcached",
    "clickhouse": r"clickhouse",
    "qdrant": r"qdrant",
    "localstack": r"localstack",
    "mailpit": r"mailpit|mailhog|maildev",
}
# Packages of Debian and Alpine by need: a container needs these because they are programs.
PROGRAMS = {
    "git",
    "ffmpeg",
    "curl",
    "openssh-client",
    "imagemagick",
    "poppler-utils",
    "tesseract-ocr",
    "chromium",
    "pandoc",
    "graphviz",
    "wkhtmltopdf",
    "ghostscript",
    "libreoffice",
    "exiftool",
    "libimage-exiftool-perl",
    "postgresql-client",
    "sqlite3",
    "rsync",
    "gnupg",
    "unzip",
    "nodejs",
}
# Servers and frameworks read these before the program does.
_STARTERS = {"FLASK_APP", "QUART_APP", "DJANGO_SETTINGS_MODULE"}
# Typical names of data folders.
_FOLDER = re.compile(
    r"(?:DATA|STORAGE|UPLOADS?|MEDIA|STATE|DOWNLOADS?|DB|CACHE|TEMP)\w*_(?:DIR|PATH)"
)
# Images often have these for their own health check or shell, not for the program.
_TOOLS = {"curl", "unzip", "gnupg", "sqlite3", "nodejs", "rsync", "postgresql-client"}


_FIRST_FREE = 1024
_TMP = "/tmp/"  # noqa: S108 - a name to compare with


def look(repository: Repository, folder: str, known: Evidence) -> Evidence:
    """Return signals from outside the code; ``known`` has those of the language's module."""
    found = Evidence()
    for one in written.exposed(repository, folder):
        _port(found, one.port, f"EXPOSE {one.port}", one.file, one.line)
    for example in written.examples(repository, folder):
        _example(example, known, found)
    settings = {one.value.name for one in (*known.of("setting"), *found.of("setting"))}
    for path in written.dockerfiles(repository, folder):
        if not written.is_development(path):
            _dockerfile(repository, path, settings, found)
    for path in written.composes(repository, folder):
        _compose(repository, path, folder, known, found)
    _started(repository, folder, found)
    _made(repository, folder, found)
    # Go embeds its front end: its module knows what to build first.
    if (
        not known.of("frontend")
        and not known.of("main")
        and not any(
            one.value == "node" for one in known.of("language") if one.strength is Strength.STRONG
        )
    ):
        found.take(frontend.look(repository, folder))
    return found


def _dockerfile(repository: Repository, path: str, settings: set[str], found: Evidence) -> None:
    """Read a Dockerfile's last stage: variables, volumes, packages and its health check."""
    instructions = dockerfile.instructions(repository.text(path) or "")
    known: dict[str, str] = {}
    for one in instructions:
        if one.keyword in ("ARG", "ENV"):
            known |= written.pairs(one.rest)
    last = max((n for n, one in enumerate(instructions) if one.keyword == "FROM"), default=0)
    place = ""
    for instruction in instructions[last:]:
        words, line = [written.filled(word, known) for word in instruction.words], instruction.line
        if instruction.keyword == "VOLUME":
            for word in written.exec_form(instruction.rest) or words:
                if "$" not in word:
                    found.add("writable", word, f"VOLUME {word}", path, line, weak=True)
        elif instruction.keyword == "WORKDIR" and words:
            place = words[0].rstrip("/")
        elif instruction.keyword == "ENV":
            for name, value in written.pairs(instruction.rest).items():
                value = written.filled(value, known)
                is_read = name in settings | _STARTERS or _is_of_a_family(name, settings)
                if is_read and not (place and value.startswith(place)):
                    _set(found, name, value, path, line)
        elif instruction.keyword == "HEALTHCHECK":
            if route := re.search(r"https?://[^/\s\"']+(/[\w./-]*)", instruction.rest):
                found.add("health", route[1], "HEALTHCHECK", path, line, weak=True)
        elif instruction.keyword == "RUN":
            for package in _packages(instruction.rest):
                if package in PROGRAMS - _TOOLS:
                    found.add("native_run", package, f"installs {package}", path, line, weak=True)


def _is_of_a_family(name: str, settings: set[str]) -> bool:
    """Return whether several settings share a prefix, as those of a library do."""
    family = f"{name.partition('_')[0]}_"
    return "_" in name and sum(one.startswith(family) for one in settings) > 3


def _set(found: Evidence, name: str, value: str, path: str, line: int) -> None:
    """Take over the variables of another image, except secrets and where it listens."""
    if not value or "$" in value or looks_secret(name, value):
        return
    if re.search(r"HOST|LISTEN|BIND|ADDR", name):
        return
    said = f"{name}={value}"
    if "PORT" in name:  # the template sets where the service listens, and the user may change it
        if value not in {str(one.value) for one in found.of("port")}:
            return
        value = "{port}"
    found.add("environment", f"{name}={value}", f"ENV {said}"[:80], path, line, weak=True)
    if re.fullmatch(r"/[\w./-]+", value):
        if re.search(r"\.(?:db|sqlite3?)$", value):
            value = value.rpartition("/")[0]
        elif not _FOLDER.search(name):
            return
        found.add("writable", value, f"ENV {said}"[:80], path, line, weak=True)


def _port(found: Evidence, port: int, words: str, path: str, line: int) -> None:
    """Add a port that a container had; privileged ports come last."""
    if port < _FIRST_FREE:
        found.default("port", port, words, path, line)
    else:
        found.add("port", port, words, path, line, weak=True)


def _packages(text: str) -> Iterator[str]:
    for words, _, _ in commands.shell(re.sub(r"^(?:--\S+\s+)+", "", text)):
        if words[0] in ("apt-get", "apt", "apk") and {"install", "add"} & set(words):
            yield from (word.partition("=")[0] for word in words[2:] if not word.startswith("-"))


def _started(repository: Repository, folder: str, found: Evidence) -> None:
    """Add the port in a start command: ``--port 8080``, ``:8080``."""
    for command in commands.of(repository, folder):
        if command.origin not in ("entrypoint", "procfile", "compose", "script"):
            continue
        if command.argv[0] in ("docker", "curl", "wget", "podman", "echo", "ssh"):
            continue
        words = commands.option(command.argv, "--port", "--bind", "-b", "--http", "--listen")
        port = re.search(r"(?:^|:)(\d{2,5})$", words or "")
        if port and 0 < int(port[1]) < 65_536:
            shown = f"{command.argv[0].rpartition('/')[2]} … {words}"
            _port(found, int(port[1]), shown, command.file, command.line)


def _made(repository: Repository, folder: str, found: Evidence) -> None:
    """Add folders that a start script makes: the program writes to them."""
    for command in commands.of(repository, folder):
        if command.origin != "script" or command.argv[0] != "mkdir":
            continue
        for word in command.argv[1:]:
            if re.fullmatch(r"/?[A-Za-z][\w./-]*", word) and not word.startswith(_TMP):
                where = word.rstrip("/")
                inner = any(where.startswith(f"{one.value}/") for one in found.of("writable"))
                if not inner:
                    found.add(
                        "writable", where, f"mkdir {word}", command.file, command.line, weak=True
                    )


def kind_of(image: str) -> str:
    """Return the kind of service of an image, or ""."""
    name = image.partition("@")[0].rpartition("/")[2].partition(":")[0].lower()
    path = image.partition("@")[0].partition(":")[0].lower()
    for kind, pattern in KINDS.items():
        if re.search(pattern, name) or re.search(pattern, path):
            return "" if re.search(r"exporter|admin|commander|ui\b|express|backup", name) else kind
    return ""


def _compose(
    repository: Repository, path: str, folder: str, known: Evidence, found: Evidence
) -> None:
    asked = {one.value.kind for one in known.of("beside")}
    every = list(written.services(repository, path))
    built = [service for _, service in every if _is_own(service, folder)]
    if not built:
        rest = [one for _, one in every if not kind_of(str(one.get("image", "")))]
        built = rest if len(rest) == 1 and folder == "." else []
    needed = _needed(every, folder)
    is_main = path in written.main_composes(repository, folder)
    for name, service in every:
        image = service.get("image")
        if needed is not None and name not in needed:
            continue
        if isinstance(image, str) and (kind := kind_of(image)) and (is_main or kind in asked):
            line = repository.line(path, "image:", image)
            setting, address = _pointing(built, name)
            if form := scheme(address):
                named = Setting(setting, secret=looks_secret(setting, address), scheme=form)
                number = repository.line(path, setting)
                found.add("setting", named, f"{setting}={form}://…", path, number, weak=True)
            value = Beside(kind, image, setting)
            # The project has the driver, and its own compose file the service: both agree.
            found.add("beside", value, f"{name}: image {image}", path, line, weak=kind not in asked)
    if len(built) != 1:
        return
    service = built[0]
    ports = service.get("ports")
    for one in ports if isinstance(ports, list) else ():
        target = one.get("target") if isinstance(one, dict) else _target(str(one))
        if isinstance(target, int) or (isinstance(target, str) and target.isdecimal()):
            line = repository.line(path, str(target))
            _port(found, int(target), f"ports: {one}", path, line)
            break
    volumes = service.get("volumes")
    for one in volumes if isinstance(volumes, list) else ():
        source, _, place = str(one).partition(":") if isinstance(one, str) else ("", "", "")
        place = place.partition(":")[0]
        if (
            place.startswith("/")
            and not source.startswith(("/", ".."))
            and not _is_source(repository, path, source)
        ):
            if re.search(r"\.\w{1,5}$|node_modules|/app$|/code$|/src$", place):
                continue
            line = repository.line(path, str(one))
            found.add("writable", place, f"volumes: {one}", path, line, weak=True)


def _needed(every: list[tuple[str, dict[str, Any]]], folder: str) -> set[str] | None:
    """Return the services that one of several applications depends on; None if unknown."""
    built = {name: service for name, service in every if "build" in service}
    own = [name for name in built if folder != "." and _is_own(built[name], folder)]
    own = own or [name for name, _ in every if name == folder.rpartition("/")[2]]
    if len(own) != 1:
        return None
    services, found = dict(every), set(own)
    waiting = list(own)
    for name in waiting:
        for key in ("depends_on", "links"):
            after = services.get(name, {}).get(key)
            for one in after if isinstance(after, (list, dict)) else ():
                if (other := str(one).partition(":")[0]) not in found:
                    found.add(other)
                    waiting.append(other)
    return found if len(found) > 1 else None


def _is_source(repository: Repository, path: str, source: str) -> bool:
    """Return whether a mount in a compose file is a folder of the repository: code, not data."""
    place = join(folder_of(path), source)
    return source.startswith(".") and place in repository.folders


def _is_own(service: dict[str, Any], folder: str) -> bool:
    """Return whether a compose service is built from the folder."""
    build = service.get("build")
    if build is None:
        return False
    context = build.get("context", ".") if isinstance(build, dict) else str(build)
    where = str(context).removeprefix("./").rstrip("/") or "."
    return where in (folder, ".", "..") or where.endswith(f"/{folder}")


def _target(text: str) -> str:
    text = re.sub(r"\$\{[^}]*?(\d+)\}", r"\1", text)
    return text.partition("/")[0].rpartition(":")[2].partition("-")[0]


def _pointing(services: list[dict[str, Any]], name: str) -> tuple[str, str]:
    """Return the variable by which a service finds the one of that name, and its value."""
    for service in services:
        variables = service.get("environment")
        if isinstance(variables, list):
            variables = dict(str(one).split("=", 1) for one in variables if "=" in str(one))
        if isinstance(variables, dict):
            for key, value in variables.items():
                if re.search(rf"(?:^|[/@])({re.escape(name)})(?:[:/]|$)", str(value)):
                    return str(key), str(value)
    return "", ""


def _example(one: written.Example, known: Evidence, found: Evidence) -> None:
    """Add a setting from an example file, with its default unless it looks secret."""
    name, value, file, line = one
    secret = looks_secret(name, value)
    default = None if secret or not value else value
    setting = Setting(name, default, secret=secret, scheme=scheme(value))
    words = f"{name}=…" if secret else f"{name}={value}"[:60]
    found.add("setting", setting, words, file, line, weak=True)
    # A library reads it: in code, a default would be known.
    read = any(known_.value.name == name for known_ in known.of("setting"))
    if _FOLDER.search(name) and value.startswith("/") and not read:
        found.add("writable", f"${name}", words, file, line, weak=True)
