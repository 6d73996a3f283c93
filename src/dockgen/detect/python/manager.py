"""What installs a Python project, from which file, and with which Python."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename

from dockgen.detect import commands, written
from dockgen.detect.model import Argv, Evidence
from dockgen.detect.python.project import Project, table
from dockgen.detect.repository import join

# The versions with images that still get fixes, or did until recently; newest first.
SUPPORTED = ("3.14", "3.13", "3.12", "3.11", "3.10", "3.9")

LOCKS = (
    ("uv", "uv.lock"),
    ("poetry", "poetry.lock"),
    ("pdm", "pdm.lock"),
    ("pipenv", "Pipfile.lock"),
)


def look(project: Project, found: Evidence) -> None:
    """Add package manager, lock file, version, and what is installed."""
    _manager(project, found)
    _version(project, found)
    _installed(project, found)
    _added(project, found)


def _manager(project: Project, found: Evidence) -> None:
    repository = project.repository
    locked = False
    for manager, name in LOCKS:
        path = join(project.root, name)
        if repository.has(path):
            found.add("package_manager", manager, name, path)
            found.add("lock", path, name, path)
            locked = True
    requirements = project.requirements
    if requirements:
        name = requirements.rpartition("/")[2]
        by = project.exported_by(requirements)
        if not locked:
            words = f"{name}, written by {by}" if by else name
            found.add("package_manager", "pip", words, requirements, 1 if by else 0)
            found.add("lock", requirements, words, requirements)
        elif (by and by != "pip-compile") or project.repeats_lock(requirements):
            words = f"{name}, which repeats the lock file"
            found.add("package_manager", "pip", words, requirements, weak=True)
        else:
            found.add("package_manager", "pip", name, requirements)
            found.add("lock", requirements, name, requirements)
        return
    if locked:
        return
    path = project.path("pyproject.toml")
    for tool in ("uv", "poetry", "pdm"):
        if project.table("tool", tool) and (tool == "poetry" or not project.has_backend):
            line = repository.line(path, f"[tool.{tool}")
            found.add("package_manager", tool, f"[tool.{tool}], no lock file", path, line)
            return
    if project.pipfile:
        found.add("package_manager", "pipenv", "Pipfile, no lock file", project.path("Pipfile"))
    elif project.pyproject or project.setup_text.strip():
        path = path if project.pyproject else project.path("setup.py")
        found.add("package_manager", "pip", f"{path.rpartition('/')[2]}, no lock file", path)
    else:
        found.add("package_manager", "pip", "no manifest: it needs no packages", weak=True)


def allowed(specifier: str) -> tuple[str, ...]:
    """Return the supported versions within a bound, newest first: ``>=3.11,<3.14``, ``^3.11``.

    An older or newer version is returned as it is; nothing is returned for anything but a bound.
    """
    if not re.search(r"\d", specifier):
        return ()
    alternatives = [_alternative(one.strip()) for one in re.split(r"\|\|?", specifier)]
    chosen = [version for version in SUPPORTED if any(version in one for one in alternatives)]
    if chosen:
        return tuple(chosen)
    exact = re.fullmatch(r"\D*(\d+\.\d+)[\d.*]*", specifier.strip())
    return (exact[1],) if exact else ()


def _alternative(text: str) -> tuple[str, ...]:
    text = text.strip().strip("\"'")
    plain = re.fullmatch(
        r"(?:python-|cpython-|==?\s*)?(\d+)(?:\.(\d+))?(?:\.(?:\d+|\*))*(?:[a-z]+\d*)?(?:-slim.*)?",
        text,
    )
    if plain:
        text = f"=={plain[1]}.{plain[2]}.*" if plain[2] else f"=={plain[1]}.*"
    text = re.sub(r"\^(\d+)(\.[\d.]+)?", lambda m: f">={m[1]}{m[2] or ''},<{int(m[1]) + 1}", text)
    text = re.sub(r"(?<![~=!<>])~(?!=)(\d+\.\d+)(\.\d+)?", r"==\1.*", text)
    # A patch release is ignored: the image has the newest one.
    text = re.sub(r"(?<![\w.])(>=|>|<=|~=)\s*(\d+\.\d+)\.\d+\w*", _of_patch, text)
    try:
        bound = SpecifierSet(
            ",".join(part for part in re.split(r"[,\s]+(?=[<>=!~])", text) if part)
        )
    except InvalidSpecifier:
        return ()
    return tuple(
        version
        for version in SUPPORTED
        if f"{version}.99" in bound or (bound.contains(f"{version}.0") and "<=" in text)
    )


def _of_patch(found: re.Match[str]) -> str:
    operator = {">": ">=", "~=": "=="}.get(found[1], found[1])
    return f"{operator}{found[2]}" + (
        ".*" if operator == "==" else ".99" if operator == "<=" else ""
    )


def _bound(
    found: Evidence, text: Any, words: str, file: str, line: int, *, weak: bool = False
) -> None:
    if isinstance(text, str) and (versions := allowed(text)):
        found.add("version", versions, words, file, line, weak=weak)


def _version(project: Project, found: Evidence) -> None:
    repository = project.repository
    for folder in dict.fromkeys((project.folder, project.root)):
        path = join(folder, ".python-version")
        if repository.has(path):
            pinned = next((line.strip() for line in repository.lines(path) if line.strip()), "")
            _bound(found, pinned, f".python-version {pinned}", path, 1)
            break
    path = project.path("pyproject.toml")
    for text, key in (
        (project.table("project").get("requires-python"), "requires-python"),
        (project.table("tool", "poetry", "dependencies").get("python"), "python"),
    ):
        _bound(found, text, f"{key} {text}", path, repository.line(path, key, "=", str(text)[:8]))
    required = table(project.pipfile, "requires")
    for key in ("python_version", "python_full_version"):
        pipfile = project.path("Pipfile")
        _bound(
            found,
            required.get(key),
            f"{key} {required.get(key)}",
            pipfile,
            repository.line(pipfile, key),
        )
    if wanted := project.setup_value("python_requires"):
        setup = project.path("setup.py")
        setup = setup if repository.has(setup) else project.path("setup.cfg")
        _bound(
            found,
            wanted,
            f"python_requires {wanted}",
            setup,
            repository.line(setup, "python_requires"),
        )
    tools = project.path(".tool-versions")
    for number, line in enumerate(repository.lines(tools) if repository.has(tools) else (), 1):
        if line.startswith("python "):
            _bound(found, line.split()[1], line, tools, number)
    head = repository.lines(project.requirements)[:6] if project.requirements else []
    for number, line in enumerate(head, 1):
        if with_python := re.search(
            r"with [Pp]ython (\d+\.\d+)|--python-version[ =](\d+\.\d+)", line
        ):
            minor = with_python[1] or with_python[2]
            _bound(found, minor, line.strip("# "), project.requirements, number)
    _version_elsewhere(project, found)
    found.default("version", SUPPORTED, "nothing names one: the newest")
    for number, version in enumerate(SUPPORTED[:-1]):
        if missing := list(_without_wheel(project, version)):
            words = f"{missing[0][0]} {missing[0][1]} has no wheel for {version}"
            found.add("version", SUPPORTED[number + 1 :], words, missing[0][2], weak=True)
        else:
            break


def _version_elsewhere(project: Project, found: Evidence) -> None:
    """Add versions used elsewhere: Dockerfiles, CI, Heroku's runtime.txt."""
    from dockgen.containerfiles import dockerfile

    repository = project.repository
    runtime = project.path("runtime.txt")
    if repository.has(runtime):
        text = repository.lines(runtime)[0].strip()
        _bound(found, text, text, runtime, 1, weak=True)
    for path in written.dockerfiles(repository, project.folder):
        for image in dockerfile.parse(repository.text(path) or "").images:
            tag = re.match(r"(?:.*/)?python:(\d+\.\d+)", image.name) or re.search(
                r"uv(?:@|:)?.*python(\d+\.\d+)", image.name
            )
            if tag:
                _bound(found, tag[1], f"FROM {image.name}", path, image.line, weak=True)
    for path in written.workflows(repository):
        for number, line in enumerate(repository.lines(path), 1):
            named = re.search(r"python-version:\s*[\"']?(3\.\d+)[\"']?\s*$", line)
            if named:
                _bound(found, named[1], line.strip("- "), path, number, weak=True)
                return


def _without_wheel(project: Project, version: str) -> Iterator[tuple[str, str, str]]:
    """Yield locked packages that have wheels, but none for this version on Linux."""
    for manager, lock in LOCKS[:3]:
        path = join(project.root, lock)
        for package in project.packages(lock):
            names = list(wheels(package, manager))
            if (
                names
                and not any(_fits(name, version) for name in names)
                and any(_fits(name, older) for name in names for older in SUPPORTED)
            ):
                yield str(package.get("name")), str(package.get("version")), path


def wheels(package: dict[str, Any], manager: str) -> Iterator[str]:
    """Yield the names of a package's wheels in a lock file."""
    files = package.get("wheels" if manager == "uv" else "files")
    for one in files if isinstance(files, list) else ():
        name = one.get("url", one.get("file", "")) if isinstance(one, dict) else ""
        name = str(name).rpartition("/")[2].partition("#")[0]
        if name.endswith(".whl"):
            yield name


def _fits(wheel: str, version: str) -> bool:
    try:
        tags: Iterable[Any] = parse_wheel_filename(wheel)[3]
    except InvalidWheelFilename:
        return False
    minor = int(version.partition(".")[2])
    for tag in tags:
        if tag.platform != "any" and not ("linux" in tag.platform and "x86_64" in tag.platform):
            continue
        interpreter = re.fullmatch(r"(py|cp)(\d)(\d*)", tag.interpreter)
        if not interpreter or interpreter[2] != "3":
            continue
        number = int(interpreter[3] or 0)
        if tag.abi == "abi3" or (interpreter[1] == "py" and tag.abi == "none"):
            if number <= minor:
                return True
        elif number == minor:
            return True
    return False


def _installed(project: Project, found: Evidence) -> None:
    """Add whether the project itself is installed, and the optional groups that it needs."""
    path = project.path("pyproject.toml")
    if project.has_backend:
        line = project.repository.line(path, "[build-system]")
        found.add(
            "is_package",
            True,
            "[build-system]" if line else "setup.py",
            path if line else project.path("setup.py"),
            line,
        )
    elif project.pyproject:
        found.add("is_package", False, "no build backend", path)
    else:
        found.add("is_package", False, "no pyproject.toml", project.requirements, weak=True)
    known = {group for one in project.declared.values() if (group := one.group)}
    for command in commands.of(project.repository, project.folder):
        text = " ".join(command.argv)
        if not re.match(r"\S*(?:pip|uv|poetry|pdm)\d*\s", text):
            continue
        named = set(re.findall(r"--(?:extra|extras|group|with|G)[ =]([\w-]+)", text))
        for words in re.findall(r"(?:^|\s)[\w./-]*\[([\w,-]+)\](?=\s|$|\.whl)", text):
            named |= set(words.split(","))
        for extra in sorted(named & known):
            if not re.search(r"dev|test|lint|doc", extra):
                words = f"{command.argv[0].rpartition('/')[2]} … [{extra}]"
                found.add("extra", extra, words, command.file, command.line)


# What images install to install, to test or to watch with: nothing that the program imports.
_TOOLS = re.compile(
    r"pip|setuptools|wheel|uv|poetry(-.*)?|pdm|pipenv|hatch(ling)?|build|twine|virtualenv|pip-tools|"
    r"supervisor|cython|ninja|meson(-python)?|maturin|debugpy|watch.*|ipython|ipdb|awscli|pre-commit|"
    r"tox|nox|black|ruff|mypy|flake8|isort|pylint|coverage|pytest.*|codecov|sphinx.*|mkdocs.*"
)
# Options of pip that take the next word.
_TAKE = re.compile(
    r"-[rceift]|--(requirement|constraint|editable|(extra-)?index-url|find-links|target|prefix|"
    r"root|python|platform|python-version|trusted-host|timeout|retries|cache-dir|group|extra|src)"
)
_PACKAGE = re.compile(r"[A-Za-z0-9][\w.-]*(\[[\w,.-]+\])?((===?|[~!<>]=|<|>)[\w.*+!,<>=~-]+)?")


def _added(project: Project, found: Evidence) -> None:
    """Add packages that the project's own image installs, and the project doesn't require."""
    own = {canonicalize_name(project.name), *(one for one in project.locked)}
    own |= {name for name, one in project.declared.items() if not one.group}
    main = next(iter(written.dockerfiles(project.repository, project.folder)), "")
    for command in commands.of(project.repository, project.folder):
        if command.origin != "dockerfile" or command.file != main or written.is_development(main):
            continue
        for word in _pip_installs(command.argv):
            name = canonicalize_name(re.split(r"[^\w.-]", word)[0])
            if name not in own and not _TOOLS.fullmatch(name):
                own.add(name)
                words = f"pip install {word}"
                found.add("package", word, words, command.file, command.line, weak=True)


def _pip_installs(argv: Argv) -> Iterator[str]:
    """Yield the packages in a pip command, as written."""
    words = list(argv)
    if words[:1] and re.fullmatch(r"(?:\S*/)?python[\d.]*|uv", words[0]):
        words = words[2 if words[1:2] == ["-m"] else 1 :]
    if not words or not re.fullmatch(r"(?:\S*/)?pip[\d.]*", words[0]) or "install" not in words:
        return
    words = words[words.index("install") + 1 :]
    while words:
        word = words.pop(0)
        if _TAKE.fullmatch(word):
            del words[:1]
        elif _PACKAGE.fullmatch(word) and not word.endswith((".txt", ".whl", ".gz", ".zip")):
            yield word
