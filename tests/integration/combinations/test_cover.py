"""What tests/images builds covers all that copier.yml promises."""

import tomllib

from dockgen import languages, matrix
from dockgen.cases import Case
from tests.conftest import Make
from tests.variants import APPS, BUILDS, RELEASE, limit_of

CELLS = tuple(
    Case(str(cell), {"language": str(cell.language), "flavor": str(cell.flavor)})
    for cell in matrix.ALL
)


def promised() -> dict[tuple[str, str], float]:
    """Return each limit in the language.yml files, in MB."""
    return {
        (app, flavor): figures["promised"]
        for app, flavors in languages.limits().items()
        for flavor, figures in flavors.items()
    }


def test_each_limit_is_measured_on_a_built_image() -> None:
    """In every run: what only a release builds doesn't count."""
    assert {limit_of(case) for case in (*CELLS, *APPS, *BUILDS)} == set(promised())


def test_each_project_has_the_limit_that_counts_as_its_own(make: Make) -> None:
    """The limit in the test above is the one in dockgen.toml."""
    limits = promised()
    cases = {case.name: case for case in (*CELLS, *APPS, *BUILDS, *RELEASE)}
    assert {
        name: tomllib.loads((make(**case.answers) / "dockgen.toml").read_text())["limits"][
            "size_mb"
        ]
        for name, case in cases.items()
    } == {name: limits[limit_of(case)] for name, case in cases.items()}


def test_each_app_is_held_to_all_contracts_once_on_each_flavor() -> None:
    """In a run or before a release: by language, framework, kind and flavor."""
    proven = [
        (
            str(case.answers["language"]),
            str(case.answers["flavor"]),
            case.answers.get("framework", case.kind),
        )
        for case in (*CELLS, *APPS, *RELEASE)
    ]
    frameworks = {language: languages.frameworks(language) for language in languages.load()}
    apps = {
        (language, str(flavor), app)
        for language in frameworks
        for flavor in matrix.Flavor
        for app in ("service", "worker", "job", *frameworks[language][1:])
    }
    assert sorted(proven) == sorted(apps - {("node", "scratch", "vite")})
