"""A front end that is built first, and served by the service."""

import re

from dockgen.detect import commands, written
from dockgen.detect.model import Command, Evidence, Frontend
from dockgen.detect.repository import Repository, folder_of, is_aside, join, within

_LOCKS = {
    "package-lock.json": "npm",
    "npm-shrinkwrap.json": "npm",
    "pnpm-lock.yaml": "pnpm",
    "yarn.lock": "yarn",
    "bun.lockb": "bun",
    "bun.lock": "bun",
}
_BUILDS = re.compile(r"(?:npm|pnpm|yarn|bun)")
_TOOLS = (
    "vite",
    "webpack",
    "rollup",
    "parcel",
    "esbuild",
    "react-scripts",
    "@vue/cli-service",
    "@angular/cli",
    "svelte",
    "tailwindcss",
    "gulp",
    "laravel-mix",
    "@sveltejs/kit",
    "next",
    "@rsbuild/core",
    "postcss-cli",
    "sass",
    "grunt",
    "astro",
    "typescript",
)


def look(repository: Repository, folder: str) -> Evidence:
    """Return the front ends of a service in a language other than JavaScript."""
    found = Evidence()
    for path in repository.named("package.json", folder):
        place = folder_of(path)
        inner = path if folder == "." else path[len(folder) + 1 :]
        if is_aside(inner) or inner.count("/") > 3 or "node_modules" in path:
            continue
        manifest = repository.json(path)
        scripts = manifest.get("scripts") if isinstance(manifest, dict) else None
        if not isinstance(scripts, dict) or not isinstance(scripts.get("build"), str):
            continue
        tools = {
            name
            for key in ("dependencies", "devDependencies")
            if isinstance(manifest.get(key), dict)
            for name in manifest[key]
        }
        if not tools & set(_TOOLS):
            continue
        _front(repository, folder, place, path, scripts["build"], found)
    return found


def _front(
    repository: Repository, folder: str, place: str, path: str, build: str, found: Evidence
) -> None:
    line = repository.line(path, '"build"')
    manager = _manager(repository, place, folder)
    said = _said(repository, folder, place)
    output = _output(repository, folder, place, build)
    command = f"{manager} run build"
    variables = ""
    if said is not None:
        before = _written(repository, folder, said)
        variables = "".join(
            f"{name}={value} "
            for name, value in {**before, **said.environment}.items()
            if re.match(r"VITE_|REACT_APP_|NEXT_PUBLIC_|PUBLIC_|VUE_APP_|NODE_OPTIONS", name)
            and "$" not in value
        )
        found.add(
            "frontend",
            Frontend(place, manager, variables + command, output),
            " ".join(said.argv),
            said.file,
            said.line,
        )
    elif output and not _is_committed(repository, place, output):
        found.add(
            "frontend",
            Frontend(place, manager, command, output),
            f"build: {build}"[:80],
            path,
            line,
            weak=True,
        )


def _written(repository: Repository, folder: str, said: Command) -> dict[str, str]:
    """Return variables written to a front end's file before: ``echo NAME=VALUE > .env``."""
    found: dict[str, str] = {}
    for command in commands.of(repository, folder):
        if command.file == said.file and command.argv[0] in ("echo", "printf"):
            for word in command.argv[1:]:
                if parts := re.fullmatch(r"([A-Z][A-Z0-9_]*)=(\S*)", word.strip()):
                    found.setdefault(parts[1], parts[2])
    return found


def _manager(repository: Repository, place: str, folder: str) -> str:
    where = place
    while True:
        for name, manager in _LOCKS.items():
            if repository.has(join(where, name)):
                return manager
        if where in (folder, "."):
            return "npm"
        where = folder_of(where)


def _said(repository: Repository, folder: str, place: str) -> Command | None:
    """Return the command that builds it, from a Dockerfile, a Makefile or CI."""
    last = place.rpartition("/")[2]
    alone = (
        len([path for path in repository.named("package.json", folder) if not is_aside(path)]) == 1
    )
    for command in commands.of(repository, folder):
        words = command.argv
        if not _BUILDS.fullmatch(words[0]) or "build" not in " ".join(words[1:]):
            continue
        if written.is_development(command.file) and command.origin == "dockerfile":
            continue
        named = " ".join(words)
        if command.folder and command.folder != "." and place != ".":
            if command.folder.endswith(last) or within(place, command.folder):
                return command
        elif place == "." or re.search(
            rf"(?:--prefix|--cwd|-C|--dir)[ =]\S*{re.escape(last)}", named
        ):
            if command.folder in ("", "."):
                return command
        elif alone and command.origin in ("dockerfile", "ci"):
            return command
    return None


def _output(repository: Repository, folder: str, place: str, build: str) -> str:
    """Return where the built files belong: from a Dockerfile's copy, or the tool's own setting."""
    for name in ("vite.config.ts", "vite.config.js", "vite.config.mts", "vite.config.mjs"):
        text = repository.text(join(place, name)) or ""
        if told := re.search(r"outDir\s*:\s*(?:path\.\w+\([^)]*)?[\"']([\w./-]+)[\"']", text):
            return join(place, told[1])
    del folder
    if "react-scripts" in build:
        return join(place, "build")
    return join(place, "dist") if re.search(r"vite|tsc|vue|ng |parcel|webpack", build) else ""


def _is_committed(repository: Repository, place: str, output: str) -> bool:
    """Return whether the built files are committed, so that nothing has to be built."""
    del place
    return any(
        within(path, output) and path.endswith((".html", ".js")) for path in repository.files
    )
