"""Python: manifests and lock files, application objects, servers, settings and routes."""

import re

from dockgen.detect.model import Claim, Evidence, Given, Signal, Strength
from dockgen.detect.python import (
    arguments,
    candidates,
    django,
    entry,
    listening,
    manager,
    native,
    needs,
    routes,
    settings,
)
from dockgen.detect.python import code as source
from dockgen.detect.python.code import Code
from dockgen.detect.python.project import Project
from dockgen.detect.repository import Repository, is_aside, join, within

name = "python"

_MANIFESTS = ("pyproject.toml", "requirements.txt", "Pipfile", "setup.py", "uv.lock", "poetry.lock")
_FRAMEWORKS = (
    "django", "fastapi", "flask", "starlette", "litestar", "quart", "sanic", "aiohttp", "tornado",
    "bottle", "falcon", "streamlit", "gradio", "chainlit", "dash", "connexion", "robyn",
)  # fmt: skip


def claims(repository: Repository) -> list[Claim]:
    """Return folders with a manifest: strong if something in them starts, else weak."""
    folders: dict[str, str] = {}
    for manifest in (*_MANIFESTS, "requirements/production.txt", "requirements/base.txt"):
        for path in repository.named(manifest.rpartition("/")[2]):
            folder = path.removesuffix(manifest).rstrip("/") or "."
            if path.endswith(manifest) and not is_aside(path) and folder not in folders:
                folders[folder] = path
    if not folders:
        return _bare(repository)
    found = []
    for folder, path in sorted(folders.items()):
        strong, words, file, line = _starts(repository, folder, path)
        strength = Strength.STRONG if strong else Strength.WEAK
        found.append(Claim(name, folder, Signal(folder, words, file, line, strength)))
    return _without_inner(found)


def _bare(repository: Repository) -> list[Claim]:
    """Return source files in the root without a manifest, as a guess."""
    for path in repository.beside("."):
        if path in ("main.py", "app.py", "server.py", "bot.py", "run.py", "manage.py"):
            return [Claim(name, ".", Signal(".", path, path, 0, Strength.WEAK))]
    return []


def _starts(repository: Repository, folder: str, manifest: str) -> tuple[bool, str, str, int]:
    """Return whether a folder has something that starts, and what says so."""
    project = Project(repository, folder)
    code = source.of(repository, folder)
    if path := django.manage(project):
        return True, "manage.py", path, 0
    for app in code.apps:
        if app.kind != "none":
            return True, app.words, app.path, app.line
    for start in code.starts:
        if start.function in ("__main__", "", "main") or start.path.endswith("__main__.py"):
            return True, f"{start.call}(…)", start.path, start.line
    for package in ("streamlit", "chainlit"):
        if dependency := project.needs(package):
            return True, package, dependency.file, dependency.line
    if candidates.scripts(project):
        path = project.path("pyproject.toml")
        path = path if repository.has(path) else manifest
        return (
            bool(project.locked and project.root == folder),
            "a console script",
            path,
            (repository.line(path, "scripts")),
        )
    for path in code.paths:
        if path.endswith("/__main__.py") or code.has_main(path):
            words = "__main__.py" if path.endswith("__main__.py") else "if __name__ == '__main__'"
            inner = path if folder == "." else path[len(folder) + 1 :]
            if inner.count("/") <= 2 and not re.search(
                r"(?:^|/)(?:scripts?|tools?|setup\.py)", inner
            ):
                return True, words, path, 0
    for path in repository.beside(folder):
        if "." not in path.rpartition("/")[2] and re.match(
            r"#!.*python", repository.lines(path)[0]
        ):
            return True, repository.lines(path)[0], path, 1
    return False, manifest.rpartition("/")[2], manifest, 0


def _without_inner(found: list[Claim]) -> list[Claim]:
    """Drop folders whose start belongs to a folder inside them.

    A manifest in the root covers its own packages. A folder inside with its own manifest is another
    project, and what starts there says nothing about the root.
    """
    folders = [claim.folder for claim in found]
    kept = []
    for claim in found:
        inner = [one for one in folders if one != claim.folder and within(one, claim.folder)]
        if any(within(claim.signal.file, one) for one in inner):
            weak = Signal(
                claim.folder,
                claim.signal.words,
                claim.signal.file,
                claim.signal.line,
                Strength.WEAK,
            )
            claim = Claim(claim.language, claim.folder, weak)
        kept.append(claim)
    return kept


def look(repository: Repository, folder: str, given: Given) -> Evidence:
    """Return all signals of the project in a folder."""
    found = Evidence()
    project = Project(repository, folder)
    code = source.of(repository, folder)
    read = settings.Settings(code)
    if project.root != folder:
        path = join(project.root, "pyproject.toml")
        found.add(
            "root",
            project.root,
            "[tool.uv.workspace]",
            path,
            repository.line(path, "[tool.uv.workspace]"),
        )
    manager.look(project, found)
    native.look(project, code, found)
    entry.look(project, code, given, found)
    _framework(project, code, found)
    command = given.get("entry") or next((one.value for one in found.of("entry")), ())
    kinds = [*found.of("workload"), *found.defaults.get("workload", ())]
    workload = given.get("workload") or next((one.value for one in kinds), None)
    settings.look(read, found)
    if not given.get("entry"):
        arguments.look(project, code, command, found)
    listening.look(project, code, read, command, found)
    if workload in (None, "service"):
        routes.look(code, read, found)
    else:
        for topic in ("port", "bind", "open", "health"):
            found.signals.pop(topic, None)
            found.defaults.pop(topic, None)
    needs.look(project, code, read, found)
    return found


def _framework(project: Project, code: Code, found: Evidence) -> None:
    if path := django.manage(project):
        found.add("framework", "django", "manage.py", path)
        return
    for app in code.apps:
        if app.kind != "none":
            found.add("framework", app.framework, app.words, app.path, app.line)
            return
    for package in _FRAMEWORKS:
        if (one := project.needs(package)) and not one.group:
            found.add("framework", package, package, one.file, one.line, weak=True)
            return
    found.default("framework", "stdlib", "no framework is asked for")
