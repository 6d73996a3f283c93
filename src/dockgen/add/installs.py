"""How an existing program's packages are installed: the key ``install`` in the answers.

Pure. `templates/questions/added.jinja` has each key's default.
"""

import posixpath
import re
from collections.abc import Mapping
from typing import Any

from dockgen.detect.model import Detected
from dockgen.detect.repository import Repository, join

# The files beside package.json that affect what is installed, and how.
_NODE_MANIFESTS = (
    *("package.json", "package-lock.json", "npm-shrinkwrap.json", "pnpm-lock.yaml", "yarn.lock"),
    *("pnpm-workspace.yaml", ".npmrc", ".yarnrc.yml", ".yarnrc", ".pnpmfile.cjs"),
)
_NODE_FOLDERS = ("patches", ".yarn/patches", ".yarn/plugins", ".yarn/releases", ".yarn/cache")
_PYPROJECT = "pyproject.toml"
# How a line of requirements.txt refers to a package in this repository.
_OWN = re.compile(r"^(-e\s+|--editable[\s=]+)?(\.{1,2}(/|$|\[)|file:)|^(-e|--editable)\b")
_INCLUDED = re.compile(r"^(?:-r|-c|--requirement|--constraint)[\s=]*(\S+)")
# The last Yarn that writes each format of its lock file, by the number in the file's first lines.
_YARN = {"6": "3.8.7", "8": "4.9.2"}
_YARN_HEAD = 8
# Versions of Node packages that are folders in this repository.
_LOCAL = ("file:", "link:", "portal:", "workspace:")


def python(repository: Repository, detected: Detected, manager: str) -> dict[str, Any]:
    """Return how pip, uv, Poetry or PDM installs a Python program."""
    path, root = _folders(detected)
    found: dict[str, Any] = {
        "extras": [str(extra) for extra in detected.values("extra")],
        "package": bool(detected.value("is_package")),
    }
    added = (detected.value("server"), *detected.values("package"))
    found["packages"] = list(dict.fromkeys(str(package) for package in added if package))
    project = _table(repository.toml(join(path, _PYPROJECT)).get("project"))
    if manager == "pip":
        found |= _requirements(repository, detected, project)
    elif root != path or _has_own_packages(repository, path):
        found["everything"] = True
        if root != path:
            found["member"] = str(project.get("name") or "")
    return {key: value for key, value in found.items() if value}


def node(repository: Repository, detected: Detected, manager: str) -> dict[str, Any]:
    """Return how npm, pnpm or Yarn installs a Node program."""
    path, root = _folders(detected)
    beside = {posixpath.basename(name) for name in repository.beside(root)}
    lock, version = str(detected.value("lock") or ""), detected.value("manager_version")
    found: dict[str, Any] = {
        "files": [name for name in _NODE_MANIFESTS if name in beside],
        "folders": [name for name in _NODE_FOLDERS if join(root, name) in repository.folders],
        "scripts": sorted(map(str, detected.values("script"))),
        "extras": [str(extra) for extra in detected.values("extra")],
        "everything": root != path or _has_local_packages(repository, path) or _generates(detected),
    }
    if manager == "yarn":
        found |= yarn(repository, lock, version)
    elif manager == "pnpm" and version:
        found["manager"] = f"pnpm@{version}"
    said = {key: value for key, value in found.items() if value}
    return said if lock else {**said, "lock": False}


def _generates(detected: Detected) -> bool:
    """Return whether a build writes into the folder of packages, as Prisma's client does."""
    return any("prisma generate" in str(line) for line in detected.values("build"))


def yarn(repository: Repository, lock: str, version: Any = None) -> dict[str, Any]:
    """Return which Yarn accepts a lock file unchanged: by its version if known, else by the file.

    A newer Yarn would convert the file to its own format, and fails if it must not.
    """
    lines = repository.lines(lock)[:_YARN_HEAD] if lock else []
    if str(version or "").startswith("1.") or (
        not version and any("# yarn lockfile v1" in line for line in lines)
    ):
        return {"classic": True, "manager": "yarn@1.22.22"}
    written = next((line.split()[-1] for line in lines if line.startswith("  version: ")), "")
    version = version or _YARN.get(written)
    return {"manager": f"@yarnpkg/cli-dist@{version}"} if version else {}


def _folders(detected: Detected) -> tuple[str, str]:
    path = str(detected.value("path", "."))
    return path, str(detected.value("root", path))


def _requirements(
    repository: Repository, detected: Detected, project: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what pip installs: requirements files, with those that they include."""
    _, root = _folders(detected)
    if detected.value("package_manager") == "pipenv":
        return {"pipenv": True, "files": ["Pipfile", "Pipfile.lock"]}
    lock = detected.value("lock")
    if not lock:  # the project, its dependencies, or nothing
        if detected.value("is_package"):
            return {"package": True}
        return {"requirements": [_PYPROJECT]} if project.get("dependencies") else {}
    top = posixpath.relpath(str(lock), root)
    files, own = [top], False
    for file in files:
        for line in repository.lines(join(root, file)):
            if included := _INCLUDED.match(line.strip()):
                other = posixpath.normpath(posixpath.join(posixpath.dirname(file), included[1]))
                if other not in files and repository.has(join(root, other)):
                    files.append(other)
            own = own or bool(_OWN.match(line.strip()))
    return {"requirements": [top], "files": files, "everything": own}


def _has_own_packages(repository: Repository, path: str) -> bool:
    """Return whether uv's settings refer to other packages in this repository by folder."""
    tool = _table(repository.toml(join(path, _PYPROJECT)).get("tool"))
    uv = _table(tool.get("uv"))
    sources = _table(uv.get("sources")).values()
    own = [one for one in sources if isinstance(one, dict) and {"path", "workspace"} & one.keys()]
    return bool(uv.get("workspace") or own)


def _has_local_packages(repository: Repository, path: str) -> bool:
    """Return whether a dependency is a folder in this repository."""
    manifest = _table(repository.json(join(path, "package.json")))
    wanted = {**_table(manifest.get("dependencies")), **_table(manifest.get("devDependencies"))}
    local = [one for one in wanted.values() if str(one).startswith(_LOCAL)]
    return bool(local or manifest.get("workspaces"))


def _table(value: Any) -> Mapping[str, Any]:
    """Return a mapping, or an empty one for any other value."""
    return value if isinstance(value, dict) else {}
