"""The answers for an existing repository: what was detected, in the form of the questions.

Pure. `templates/questions/existing.jinja` lists the keys of the answer ``existing``.
"""

import posixpath
import re
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dockgen.add import installs, ordinary, services
from dockgen.detect.golang import embedded
from dockgen.detect.model import Answer, Argv, Detected
from dockgen.detect.repository import Repository, join
from dockgen.errors import UsageError

# Next's output folder.
_NEXT = ".next"
# The value of a setting without one in build steps that read it.
_TO_BUILD = "only-to-build"
# The framework of a front end that nginx serves.
SITE = "vite"
# Folders for people and tests. If the program needs one, a signal names it.
_FOR_PEOPLE = re.compile(
    r"(tests?|__tests__|e2e|spec|specs|cypress|docs?|documentation|examples?|samples|benchmarks?)"
)
# System folders that any container may write to, or that contain no files.
_IN_MEMORY = ("/tmp", "/var/tmp", "/dev", "/proc", "/sys")  # noqa: S108


def usual_name(directory: Path) -> str:
    """Return the default name of an image, from its folder, as for the question ``name``."""
    slug = re.sub(r"[^a-z0-9]+", "-", directory.name.lower())
    slug = re.sub(r"^[^a-z]+", "", slug)[:63].rstrip("-")
    return slug if slug not in ("", "sha256") else "app"


def folder(detected: Detected) -> str:
    """Return the service's folder, relative to the repository; "." is its root."""
    return str(detected.value("path", "."))


def answers(
    repository: Repository, detected: Detected, name: str, flavor: str | None
) -> dict[str, Any]:
    """Return the answers to the template's questions.

    Args:
        repository: the service's repository.
        detected: what is known of it, without conflicts.
        name: the project's name.
        flavor: the requested base; None for the best that can work.

    Raises:
        UsageError: an answer is missing that only the user can give.
        ProjectError: the repository can't be put into an image.
    """
    language = str(detected.value("language"))
    workload = str(detected.value("workload", "service"))
    told: dict[str, Any] = {
        "name": name,
        "language": language,
        "flavor": ordinary.flavor(detected, language, workload, flavor),
        "kind": "service" if workload == "site" else workload,
        "package_manager": ordinary.manager(detected, language),
        "framework": SITE if workload == "site" else "stdlib",
    }
    if version := detected.value("version"):
        told["language_version"] = ordinary.supported(language, str(version))
    if workload in ("service", "site"):
        told["port"] = ordinary.port(detected, workload)
    if language == "go" and detected.value("cgo"):
        told["cgo"] = True
    if packages := [str(package) for package in detected.values("native_run")]:
        told["runtime_packages"] = packages
    told["existing"] = _Existing(repository, detected, told).all()
    return told


def with_volume(answers: Mapping[str, Any], path: str) -> dict[str, Any] | None:
    """Return the answers with one more persistent folder, or None if that is not possible."""
    existing = dict(answers["existing"])
    volumes = list(existing.get("volumes") or ())
    below = posixpath.normpath(posixpath.join("/app", existing.get("folder") or ""))
    absolute = posixpath.normpath(posixpath.join(below, path))
    if absolute in ("/", "/app", below, *volumes) or absolute.startswith(_IN_MEMORY):
        return None
    return {**answers, "existing": {**existing, "volumes": sorted([*volumes, absolute])}}


def without_route(answers: Mapping[str, Any], detected: Detected) -> dict[str, Any] | None:
    """Return the answers without a guessed health route; None if there is none, or it is sure."""
    existing = dict(answers["existing"])
    guessed = [one.is_guess for one in detected.answers.get("health", ())]
    if not existing.pop("health", "") or guessed != [True]:
        return None
    return {**answers, "existing": existing}


class _Existing:
    """Builds the answer ``existing``, with only the keys that are needed."""

    def __init__(self, repository: Repository, detected: Detected, told: Mapping[str, Any]) -> None:
        self.repository = repository
        self.detected = detected
        self.told = told
        self.path = folder(detected)
        self.root = str(detected.value("root", self.path))
        self.language = str(told["language"])

    def all(self) -> dict[str, Any]:
        """Return the whole answer."""
        found = {
            **self._place(),
            **(self._go() if self.language == "go" else self._installed()),
            **self._commands(),
            "health": self._health(),
            **self._settings(),
            "volumes": self._writable(),
            "leave_out": self._leave_out(),
            "keep": self._keep(),
        }
        if build := {str(package) for package in self.detected.values("native_build")}:
            if "gcc" in build:  # It comes without the headers of the C library.
                on_musl = self.told["flavor"] == "alpine" and self.language != "go"
                build.add("musl-dev" if on_musl else "libc6-dev")
            found["build_packages"] = sorted(build)
        if self.language == "python" and found.get("build"):
            found["build_environment"] = self._to_build(found["settings"])
        if frontend := self._frontend():
            found["frontend"] = frontend
        return {key: value for key, value in found.items() if value}

    def _health(self) -> str:
        """Return the health route; for a worker, the file it touches, which only a flag names."""
        answer = self.detected.answers.get("health", [None])[0]
        if answer is None or (self.told["kind"] != "service" and answer.signal.file):
            return ""
        return str(answer.value) if self.told["kind"] != "job" else ""

    def _place(self) -> dict[str, Any]:
        if self.root == self.path:
            return {}
        inside = posixpath.relpath(self.path, self.root)
        return {"context": posixpath.relpath(self.root, self.path), "folder": inside}

    def _commands(self) -> dict[str, Any]:
        """Return the start, further processes, and steps before the start, as argument lists."""
        if self.told["framework"] == SITE:
            return {"command": ["nginx"]}
        entry = self.detected.value("entry")
        if not entry:
            raise UsageError(
                "couldn't find the command that starts it", "give the command: --entry 'COMMAND'"
            )
        opened = [str(one) for one in self.detected.values("open")]
        flags = [one for one in opened if one.startswith("-")]
        return {
            "command": [*self._argv(entry), *flags, *self._arguments()],
            **{
                key: {one.name: self._argv(one.argv) for one in self.detected.values(topic)}
                for key, topic in (("processes", "process"), ("before", "before"))
            },
        }

    def _arguments(self) -> list[str]:
        """Return the user's arguments, which must include all that the program requires."""
        every = self.detected.answers.get("argument", ())
        given = [str(one.value) for one in every if not one.signal.file]
        missing = [str(one.value) for one in every if one.signal.file]
        named = {word.partition("=")[0] for word in given}
        options = [name for name in missing if name.startswith("-") and name not in named]
        values = [name for name in missing if not name.startswith("-")]
        if len(values) > sum(not word.startswith("-") for word in given):
            options += values
        if options:
            example = options[0] if options[0].startswith("-") else "VALUE"
            example += "=VALUE" if example.startswith("-") else ""
            raise UsageError(
                f"the program doesn't start without {', '.join(options)}",
                f"give it: --argument={shlex.quote(example)}",
            )
        return given

    def _argv(self, argv: Argv) -> list[str]:
        words = [str(word) for word in argv]
        if self.language == "go":
            words[0] = f"/usr/local/bin/{self._binary(words[0])}"
        return words

    def _binary(self, word: str) -> str:
        """Return the binary that a Go command starts: the one of that name, or the only one."""
        name = posixpath.basename(word)
        return name if name in self._mains() else next(iter(self._mains()))

    def _mains(self) -> dict[str, str]:
        """Return Go's binaries, and the packages that they are built from."""
        main = str(self.detected.value("main", "."))
        found = {self._name_of(main): _package(main)}
        for process in self.detected.values("process"):
            name = posixpath.basename(process.argv[0])
            for candidate in (f"cmd/{name}", name):
                if join(self.path, candidate) in self.repository.folders:
                    found.setdefault(name, _package(candidate))
        return found

    def _name_of(self, main: str) -> str:
        name = posixpath.basename(main)
        return str(self.told["name"]) if name in (".", "", "cmd", "main", "src", "app") else name

    def _go(self) -> dict[str, Any]:
        return {
            "mains": self._mains(),
            "tags": [str(tag) for tag in self.detected.values("tag")],
            "ldflags": self.detected.value("ldflags", ""),
            "files": [str(path) for path in self.detected.values("file")],
        }

    def _installed(self) -> dict[str, Any]:
        install = installs.python if self.language == "python" else installs.node
        output = str(self.detected.value("output") or "")
        build = [str(line) for line in self.detected.values("build")]
        if output and self.language == "python":  # without any file, nothing makes the folder
            build.append(f"mkdir -p {output}")
        if output == _NEXT:
            more, output = self._next()
            build += more
        return {
            "install": install(self.repository, self.detected, str(self.told["package_manager"])),
            "build": build,
            "outputs": [output] if output else [],
        }

    def _next(self) -> tuple[list[str], str]:
        """Return the command that completes Next's build, and the part of its output that runs.

        Next's standalone server lacks the files for browsers.
        https://nextjs.org/docs/app/api-reference/config/next-config-js/output
        """
        standalone = f"{_NEXT}/standalone"
        if standalone not in " ".join(map(str, self.detected.value("entry") or ())):
            return [f"rm -rf {_NEXT}/cache"], _NEXT
        copied = [f"cp -r {_NEXT}/static {standalone}/{_NEXT}/"]
        if join(self.path, "public") in self.repository.folders:
            copied.append(f"cp -r public {standalone}/")
        return [*copied, f"rm -rf {_NEXT}/cache"], standalone

    def _settings(self) -> dict[str, Any]:
        """Return the variables that the image and compose.yaml set, and those they require."""
        given = (*self.detected.values("environment"), *self.detected.values("open"))
        words = [str(one) for one in given]
        named = [one for one in words if "=" in one and not one.startswith("-")]
        environment = {**self._kept(), **dict(one.split("=", 1) for one in named)}
        settings: dict[str, str] = {}
        beside = {}
        read = [
            answer.value._replace(scheme=_scheme(answer))
            for answer in self.detected.answers.get("setting", ())
        ]
        ordered = sorted(self.detected.answers.get("beside", ()), key=lambda one: one.is_guess)
        for answer in ordered:
            one = answer.value
            if known := services.known(one.kind, self.language):
                pointing = known.pointing(one.setting, read)
                if answer.is_guess and pointing.keys() <= settings.keys():
                    continue  # a choice: no variable tells of it, or it tells of another one
                beside[one.kind] = known.recorded()
                settings = pointing | settings
        settings |= {
            answer.value.name: answer.value.default
            for answer in self.detected.answers.get("setting", ())
            if not answer.signal.file and answer.value.default is not None
        }
        required = [
            one.name
            for one in self.detected.values("setting")
            if one.required and one.default is None and one.name not in {**environment, **settings}
        ]
        found: dict[str, Any] = {"environment": environment, "settings": settings, "beside": beside}
        return {**found, "required": sorted(required)}

    def _to_build(self, settings: Mapping[str, str]) -> dict[str, str]:
        """Return the variables that the program must have to be loaded in build steps."""
        required = [one for one in self.detected.values("setting") if one.required]
        return {
            one.name: settings.get(one.name, _TO_BUILD) for one in required if one.default is None
        }

    def _kept(self) -> dict[str, str]:
        """Return persistent folders that only a variable names: the variable, and its folder."""
        paths = [str(path) for path in self.detected.values("writable")]
        told = {str(one).partition("=")[0] for one in self.detected.values("environment")}
        named = [path[1:] for path in paths if path.startswith("$") and path[1:] not in told]
        if len(named) == 1:
            return {named[0]: "/data"}
        return {name: f"/data/{name.lower().replace('_', '-')}" for name in named}

    def _writable(self) -> list[str]:
        """Return the absolute paths of folders that it writes to, without those in memory."""
        found = list(self._kept().values())
        for path in self.detected.values("writable"):
            if str(path).startswith("$"):
                continue
            below = posixpath.join("/app", posixpath.relpath(self.path, self.root))
            if str(path) == f"{_NEXT}/cache" and self._next()[1] != _NEXT:
                below = posixpath.join(below, self._next()[1])
            absolute = posixpath.normpath(posixpath.join(below, str(path)))
            if absolute not in ("/", "/app") and not absolute.startswith(_IN_MEMORY):
                found.append(absolute)
        return sorted(set(found))

    def _leave_out(self) -> list[str]:
        """Return the service's folders for tests and people, unless a signal names them."""
        if self.language == "go":
            return []
        needed = {str(path).split("/")[0] for path in self.detected.values("file")}
        command = " ".join(str(word) for word in self.detected.value("entry") or ())
        found = set()
        for path in self.repository.under(self.path):
            top = posixpath.relpath(path, self.path).split("/")
            if len(top) > 1 and _FOR_PEOPLE.fullmatch(top[0]) and top[0] not in needed:
                found.add(top[0])
        left = [name for name in sorted(found) if not re.search(rf"\b{name}\b", command)]
        inside = "" if self.root == self.path else f"{posixpath.relpath(self.path, self.root)}/"
        return [f"{inside}{name}" for name in left]

    def _keep(self) -> list[str]:
        """Return files that the ignore file would leave out by their names, but are needed."""
        every = self.detected.answers.get("file", ())
        given = [join(self.path, str(one.value)) for one in every if not one.signal.file]
        go = embedded.kept(self.repository, self.root) if self.language == "go" else []
        return [posixpath.relpath(path, self.root) for path in [*given, *go]]

    def _frontend(self) -> dict[str, Any]:
        for one in self.detected.values("frontend"):
            folder = posixpath.relpath(join(".", one.folder) or ".", self.root)
            return {
                "folder": "" if folder == "." else folder,
                "package_manager": one.package_manager or "npm",
                "lock": any(
                    self.repository.has(join(one.folder, name))
                    for name in ("package-lock.json", "pnpm-lock.yaml", "yarn.lock")
                ),
                **installs.yarn(self.repository, join(one.folder, "yarn.lock")),
                "build": one.build or "npm run build",
                "output": posixpath.relpath(one.output, self.root) if one.output else "dist",
            }
        return {}


def _scheme(answer: Answer) -> str:
    """Return the scheme of an address, from the setting or from a signal that was passed over."""
    every = (answer.value, *(signal.value for signal in answer.passed_over))
    return next((one.scheme for one in every if one.scheme), "")


def _package(main: str) -> str:
    """Return a Go package in the form of `go build`: ./cmd/server."""
    return "." if main in (".", "") else f"./{main}"
