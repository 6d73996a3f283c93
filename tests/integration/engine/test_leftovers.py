"""What counts as left behind by dockgen's runs, and what never does.

A fake `docker` has things of all kinds; tests/images/test_clean.py removes real ones.
"""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from dockgen.engine import leftovers
from dockgen.engine.leftovers import Kind, Leftover
from dockgen.errors import UsageError
from tests.table import table

NOW = datetime(2026, 1, 2, tzinfo=UTC)
HEX = "0123456789ab"
OWN = [
    f"dockgen-check:{HEX}",
    f"dockgen-check-{HEX}-app:latest",
    f"dockgen-check-{HEX}-db_1.x:latest",
    f"dockgen-test:{HEX}",
    "dockgen-test-0a1b2c3d-go-slim-gw0-app:latest",
]
OTHERS = [
    "dockgen-check:latest",
    f"dockgen-check:{HEX}0",
    f"dockgen-check:{HEX.upper()}",
    f"my/dockgen-check:{HEX}",
    f"registry.example/dockgen-check-{HEX}-app:latest",
    f"dockgen-check-{HEX}-app:1.0",
    "dockgen-test-app:latest",
    "dockgen-testbed/musl:60bd40483eac",
    "dockgen:latest",
    "<none>:<none>",
]


def leftover(name: str, hours: float, *, project: str = "", kind: Kind = Kind.IMAGE) -> Leftover:
    """Return something that was made so long ago."""
    return Leftover(kind, name, name, 1, NOW - timedelta(hours=hours), project)


def test_only_names_that_dockgen_makes_up_are_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of images, containers, networks and volumes; a near miss is the user's."""
    (tmp_path / "images").write_text("\n".join([*OWN, *OTHERS]) + "\n")
    facts = {
        "Id": "sha256:1",
        "RepoTags": [*OWN, *OTHERS],
        "Size": 7,
        "Created": "2026-01-01T00:00:00Z",
    }
    (tmp_path / "image").write_text(json.dumps([facts]))
    (tmp_path / "containers").write_text(
        f"c1\tdockgen-check-{HEX}\t\nc2\tany\tdockgen-check-{HEX}\nc3\tmine\tmine\nc4\tdockgen-check\t\n"
    )
    (tmp_path / "volumes").write_text(f"v1\tv1\tdockgen-check-{HEX}\ndockgen-check-{HEX}\tx\t\n")
    docker = tmp_path / "docker"
    docker.write_text(
        f'#!/bin/sh\ncd {tmp_path}\necho "$*" >> calls\n'
        'case "$*" in\n'
        '"image ls"*) cat images;; "ps "*) cat containers;; "volume ls"*) cat volumes;;\n'
        '"inspect --type=image"*) cat image;; "inspect"*) echo "[]";; esac\n'
    )
    docker.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    assert {one.name for one in leftovers.find()} == set(OWN)
    asked = [line for line in (tmp_path / "calls").read_text().splitlines() if "inspect" in line]
    assert asked[0].endswith("-- c1 c2")
    assert asked[1].endswith("-- v1")


def test_what_is_young_is_left_to_its_run() -> None:
    """Unless it is asked for; what is named is meant at any age."""
    young, old = leftover(OWN[0], 0.9), leftover(OWN[1], 1.1)
    assert leftovers.chosen([young, old], [], NOW, recent=False) == [old]
    assert leftovers.chosen([young, old], [], NOW, recent=True) == [young, old]
    assert leftovers.chosen([young, old], [OWN[0]], NOW, recent=False) == [young]


@table(
    ("name", "project", "called"),
    [
        (f"dockgen-check-{HEX}-app:latest", "", f"dockgen-check-{HEX}"),
        (f"dockgen-check-{HEX}-app:latest", "", f"dockgen-check-{HEX}-app"),
        ("data", f"dockgen-check-{HEX}", f"dockgen-check-{HEX}"),
    ],
)
def test_a_run_s_name_means_all_of_it(name: str, project: str, called: str) -> None:
    """Its images, and what compose made for it."""
    assert leftover(name, 1, project=project).is_called(called)
    for other in ("", "dockgen", "dockgen-check", f"{called}x"):
        assert not leftover(name, 1, project=project or "other").is_called(other)


def test_an_unknown_name_is_an_error() -> None:
    """Nothing else is removed."""
    with pytest.raises(UsageError, match="called mine"):
        leftovers.chosen([leftover(OWN[0], 9)], [OWN[0], "mine"], NOW, recent=True)
