"""A Django project: settings, server, static files and migrations."""

import posixpath
import re
from collections.abc import Iterator

from dockgen.detect.model import Evidence, Step
from dockgen.detect.python import servers
from dockgen.detect.python.code import Code
from dockgen.detect.python.project import Project
from dockgen.detect.python.servers import Candidate
from dockgen.detect.repository import folder_of, is_aside, join, within

_SETTINGS = re.compile(r"DJANGO_SETTINGS_MODULE[\"']\s*,\s*(?:[\w.]+\(.*?)?[\"']([\w.]+)[\"']")
_STATIC_ROOT = re.compile(r"^[ \t]*STATIC_ROOT\s*=(.*)$", re.MULTILINE)
# The settings for production, by the last part of the module's name.
_PRODUCTION = ("production", "prod", "deploy", "deployment", "docker", "container")


def manage(project: Project) -> str:
    """Return the project's manage.py; "" if it isn't a Django project."""
    for path in project.repository.named("manage.py", project.folder):
        told = (b"DJANGO_SETTINGS_MODULE", b"execute_from_command_line")
        if not is_aside(path) and any(project.repository.holding([path], *told)):
            return path
    return ""


def starts(project: Project, code: Code, found: Evidence) -> Iterator["Candidate"]:
    """Yield the servers of its WSGI or ASGI application; add the settings for production."""
    path = manage(project)
    if not path:
        return
    repository = project.repository
    base = _import_root(project, path)
    _settings(project, code, path, found)
    inner = (
        ""
        if base == project.folder
        else f"{base[len(project.folder) + 1 if project.folder != '.' else 0 :]}/"
    )
    if inner:
        words = "the settings lie there" if base != folder_of(path) else "manage.py lies there"
        found.add("environment", f"PYTHONPATH={inner.rstrip('/')}", words, path)
    applications = [
        app for app in code.apps if app.framework == "django" and app.kind in ("wsgi", "asgi")
    ]
    named = {app.path for app in applications if app.name == "application"}
    applications = [
        app for app in applications if app.name == "application" or app.path not in named
    ]
    wsgi = [app for app in applications if app.kind == "wsgi"]
    asgi = [app for app in applications if app.kind == "asgi" or app.framework == "socketio"]
    asynchronous = project.needs("channels", "daphne")
    ordered = [*asgi, *wsgi] if asynchronous and asgi else [*wsgi, *asgi]
    for number, app in enumerate(ordered):
        module = (
            app.path[0 if base == "." else len(base) + 1 :].removesuffix(".py").replace("/", ".")
        )
        argv, add = servers.run(app.kind, f"{module}:{app.name}", False, project.declared)
        yield Candidate(6 if number == 0 else 8, argv, app.words, app.path, app.line, add)
    if not ordered and (line := repository.line(path, "DJANGO_SETTINGS_MODULE")):
        module = (_SETTINGS.search(repository.text(path) or "") or [""] * 2)[1].rpartition(
            ".settings"
        )[0]
        if module:
            argv, add = servers.run("wsgi", f"{module}.wsgi", False, project.declared)
            yield Candidate(8, argv, "DJANGO_SETTINGS_MODULE", path, line, add)


def _import_root(project: Project, path: str) -> str:
    """Return the folder that Django's modules are imported from: manage.py's, or one in it."""
    repository = project.repository
    named = _SETTINGS.search(repository.text(path) or "")
    top = named[1].partition(".")[0] if named else ""
    base = folder_of(path)
    if not top or repository.has(join(base, f"{top}.py")) or join(base, top) in repository.folders:
        return base
    inner = [
        folder_of(folder)
        for folder in sorted(repository.folders, key=lambda one: (one.count("/"), one))
        if folder.rpartition("/")[2] == top and within(folder, base) and not is_aside(f"{folder}/")
    ]
    return inner[0] if inner else base


def _settings(project: Project, code: Code, path: str, found: Evidence) -> None:
    repository = project.repository
    base = path.rpartition("/")[0]
    named = _SETTINGS.search(repository.text(path) or "")
    for other in code.paths:
        if other.endswith(("/wsgi.py", "/asgi.py")):
            told = _SETTINGS.search(repository.text(other) or "")
            if told and named and told[1] != named[1]:
                line = repository.line(other, "DJANGO_SETTINGS_MODULE")
                value = f"DJANGO_SETTINGS_MODULE={told[1]}"
                found.add("environment", value, value, other, line)
                break
    else:
        if named:
            package = named[1].rpartition(".")[0] if _last(named[1]) != "settings" else named[1]
            folder = f"{base}/{package.replace('.', '/')}".lstrip("/")
            for name in _PRODUCTION:
                if repository.has(f"{folder}/{name}.py") and _last(named[1]) not in _PRODUCTION:
                    value = f"DJANGO_SETTINGS_MODULE={package}.{name}"
                    found.add(
                        "environment",
                        value,
                        f"{name}.py beside the default",
                        f"{folder}/{name}.py",
                        1,
                    )
                    break
    line = repository.line(path, "DJANGO_SETTINGS_MODULE")
    inner = path if project.folder == "." else path[len(project.folder) + 1 :]
    _static_files(project, code, inner, found)
    if next(repository.holding(code.paths, b"DATABASE"), None) is not None:
        step = Step("migrate", ("python", inner, "migrate", "--noinput"))
        found.add("before", step, "manage.py", path, line)


def _static_files(project: Project, code: Code, manager: str, found: Evidence) -> None:
    """Add the step that collects static files, and the folder that it writes, if known."""
    repository = project.repository
    for path in (one for one in code.paths if "settings" in one):
        match = _STATIC_ROOT.search(repository.text(path) or "")
        if not match:
            continue
        line = repository.line(path, match[0].strip())
        found.add(
            "build", f"python {manager} collectstatic --noinput", "STATIC_ROOT is set", path, line
        )
        parts = [one for one in re.findall(r"[\"']([\w./-]*)[\"']", match[1]) if one]
        folder = posixpath.normpath(posixpath.join(posixpath.dirname(manager), *parts))
        if parts and not folder.startswith(("/", "..")):
            found.add("output", folder, match[0].strip()[:80], path, line, weak=True)
        return


def _last(module: str) -> str:
    return module.rpartition(".")[2]
