"""compose.yaml: its content besides private packages, and that `dockgen check` runs the same."""

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from dockgen.engine import RunOptions
from dockgen.matrix import Language, Workload
from tests.conftest import Make
from tests.table import table


def service(project: Path) -> dict[str, Any]:
    """Return the only service of a project."""
    compose = yaml.safe_load((project / "compose.yaml").read_text())
    assert set(compose) == {"name", "services"}
    assert compose["name"] == "my-app"
    (name,) = compose["services"]
    assert name == "app"
    found: dict[str, Any] = compose["services"]["app"]
    return found


# How docker run calls it.
OPTIONS: dict[str, Callable[[Any], list[str]]] = {
    "mem_limit": lambda value: [f"--memory={value}"],
    "pids_limit": lambda value: [f"--pids-limit={value}"],
    "read_only": lambda value: ["--read-only"] if value is True else [],
    # A check lets /tmp grow to the limit of memory.
    "tmpfs": lambda values: [f"--tmpfs={value.removesuffix(':size=64m')}" for value in values],
    "cap_drop": lambda values: [f"--cap-drop={value}" for value in values],
    "security_opt": lambda values: [
        f"--security-opt={value.removesuffix(':true')}" for value in values
    ],
}


@table("kind", Workload)
def test_a_container_is_checked_as_compose_runs_it(make: Make, kind: Workload) -> None:
    """With the same limits, and with no right that it could do without."""
    found = service(make(kind=kind))
    options = [option for name, words in OPTIONS.items() for option in words(found[name])]
    assert options == RunOptions().arguments()
    assert options == [
        "--memory=256m",
        "--pids-limit=128",
        "--read-only",
        "--tmpfs=/tmp",
        "--cap-drop=ALL",
        "--security-opt=no-new-privileges",
    ]


@table(("language", "kind"), itertools.product(Language, Workload))
def test_says_nothing_else(make: Make, language: Language, kind: Workload) -> None:
    """A service is published to this machine alone; a crash is tried again, a job isn't."""
    found = service(make(language=language, kind=kind))
    rest = {name: value for name, value in found.items() if name not in OPTIONS}
    expected: dict[str, Any] = {
        "build": ".",
        "image": "my-app",
        "restart": "on-failure:5",
        "init": True,
        "stop_grace_period": "10s",
    }
    if kind is Workload.SERVICE:
        expected["ports"] = ["127.0.0.1:${HOST_PORT:-8080}:8080"]
    if kind is Workload.JOB:
        expected["restart"] = "no"
    assert rest == expected
