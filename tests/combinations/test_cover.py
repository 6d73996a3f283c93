"""What tests/images builds covers all that copier.yml promises."""

import tomllib
from typing import Any

import pytest
import yaml

from dockgen import matrix
from dockgen.cases import Case
from tests.conftest import ROOT, Make
from tests.variants import APPS, BUILDS, RELEASE, limit_of

CELLS = tuple(
    Case(str(cell), {"language": str(cell.language), "flavor": str(cell.flavor)})
    for cell in matrix.ALL
)


@pytest.fixture(scope="module")
def tables() -> dict[str, Any]:
    """copier.yml."""
    found: dict[str, Any] = yaml.safe_load((ROOT / "copier.yml").read_text())
    return found


def promised(tables: dict[str, Any]) -> dict[tuple[str, str], float]:
    """Each limit in copier.yml, in MB."""
    both = {**tables["limits"]["default"], **tables["other_limits"]["default"]}
    return {
        (app, flavor): figures["promised"]
        for app, flavors in both.items()
        for flavor, figures in flavors.items()
    }


def test_each_limit_is_measured_on_a_built_image(tables: dict[str, Any]) -> None:
    """In every run: what only a release builds doesn't count."""
    assert {limit_of(case, tables) for case in (*CELLS, *APPS, *BUILDS)} == set(promised(tables))


def test_each_project_has_the_limit_that_counts_as_its_own(
    make: Make, tables: dict[str, Any]
) -> None:
    """What the test above goes by is what dockgen.toml says."""
    limits = promised(tables)
    cases = {case.name: case for case in (*CELLS, *APPS, *BUILDS, *RELEASE)}
    assert {
        name: tomllib.loads((make(**case.answers) / "dockgen.toml").read_text())["limits"][
            "size_mb"
        ]
        for name, case in cases.items()
    } == {name: limits[limit_of(case, tables)] for name, case in cases.items()}


def test_each_app_is_held_to_all_contracts_once_on_each_flavor(tables: dict[str, Any]) -> None:
    """In a run or before a release: by language, framework, kind and flavor."""
    proven = [
        (
            str(case.answers["language"]),
            str(case.answers["flavor"]),
            case.answers.get("framework", case.kind),
        )
        for case in (*CELLS, *APPS, *RELEASE)
    ]
    frameworks = tables["frameworks"]["default"]
    apps = {
        (language, str(flavor), app)
        for language in frameworks
        for flavor in matrix.Flavor
        for app in ("service", "worker", "job", *frameworks[language][1:])
    }
    assert sorted(proven) == sorted(apps - {("node", "scratch", "vite")})
