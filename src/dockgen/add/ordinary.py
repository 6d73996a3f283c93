"""The ordinary answers for an existing repository: flavor, version, manager and port.

Pure.
"""

import re

from packaging.version import Version

from dockgen import languages
from dockgen.detect.model import Detected
from dockgen.errors import ProjectError, UsageError

# Only root may listen on lower ports, and the container has another user.
_LOWEST_PORT = 1024
# The oldest versions with official images for Debian trixie.
_OLDEST = {"go": "1.24", "node": "20", "python": "3.9"}
# Tools whose files uv can install from instead.
_PYTHON_MANAGERS = {"pip-tools": "pip", "setuptools": "pip", "setup.py": "pip", "pipenv": "pip"}


def supported(language: str, version: str) -> str:
    """Return the version if its base images are still built.

    Raises:
        UsageError: they aren't.
    """
    oldest = _OLDEST.get(language, "0")
    if re.fullmatch(r"[\d.]+", version) and Version(version) < Version(oldest):
        raise UsageError(
            f"{language} {version} is out of support, and has no base image on today's Debian",
            f"try the oldest that has one, or the newest: --version {oldest}",
        )
    return version


def flavor(detected: Detected, language: str, workload: str, wanted: str | None) -> str:
    """Return the requested flavor, or the language's default, if nothing rules it out.

    Raises:
        UsageError: the requested one can't work.
        ProjectError: none can.
    """
    refused = {refusal.flavor: refusal for refusal in detected.refusals}
    if "" in refused:
        raise ProjectError(f"this service can't work: {refused[''].reason}", refused[""].hint)
    if wanted is not None:
        if reason := refused.get(wanted):
            raise UsageError(f"--flavor {wanted} can't work: {reason.reason}", reason.hint)
        return wanted
    out = set(refused)
    if workload == "site" or detected.values("native_run"):
        out.add("scratch")
    if detected.value("cgo"):  # on the others it is linked statically, which doesn't always work
        out |= {"alpine", "scratch"}
    usual = str(languages.load()[language]["flavor"])
    return next(one for one in (usual, "slim", "alpine", "scratch") if one not in out)


def manager(detected: Detected, language: str) -> str:
    """Return the package manager for the files that exist.

    Raises:
        ProjectError: dockgen doesn't support it.
    """
    if language == "go":
        return "go"
    found = str(detected.value("package_manager", "pip" if language == "python" else "npm"))
    found = _PYTHON_MANAGERS.get(found, found)
    known = languages.load()[language]["package_managers"]
    if found not in known:
        raise ProjectError(
            f"dockgen doesn't install with {found} yet",
            f"create a lock file with one of these: {', '.join(known)}",
        )
    return found


def port(detected: Detected, workload: str) -> int:
    """Return the port that the container listens on.

    Raises:
        UsageError: it wasn't found, or needs root.
    """
    found = detected.value("port")
    if workload == "site":
        return int(found) if isinstance(found, int) and found >= _LOWEST_PORT else 8080
    if not isinstance(found, int):
        raise UsageError(
            "couldn't find the port that the service listens on",
            "set it: --port 8080. If it doesn't listen, use --workload worker",
        )
    if found < _LOWEST_PORT:
        raise UsageError(
            f"the service listens on port {found}, which needs root",
            "use another port, and set the variable that changes it: --port 8080 --open NAME=8080",
        )
    return found
