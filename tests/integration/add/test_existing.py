"""Detected values as answers to the template's questions."""

from typing import Any

from dockgen.add import existing
from dockgen.detect import survey
from dockgen.detect.repository import Repository
from tests.conftest import ROOT


def _answers(name: str, **given: Any) -> dict[str, Any]:
    repository = Repository(ROOT / "tests/projects" / name)
    found = existing.answers(repository, survey.look(repository, given), "app", None)["existing"]
    assert isinstance(found, dict)
    return found


def test_a_guess_is_left_out_where_the_program_is_told_of_another_service() -> None:
    """Redis is the broker: RabbitMQ would have the same variable, and no variable names Mongo."""
    found = _answers("python-two-brokers")

    assert list(found["beside"]) == ["redis"]
    assert found["settings"] == {"CELERY_BROKER_URL": "redis://redis:6379/0"}


def test_an_address_has_the_scheme_that_the_compose_file_gives_it() -> None:
    """An address has the scheme that the compose file gives it."""
    found = _answers("python-django-nested")

    assert found["settings"] == {"DATABASE_URL": "postgres://app:app@postgres:5432/app"}


def test_a_package_that_the_project_does_not_ask_for_is_installed() -> None:
    """A package that the project doesn't ask for is installed."""
    assert _answers("python-package-command")["install"]["packages"] == ["redis==5.0.1"]
    assert _answers("python-two-brokers", package=("sentry-sdk",))["install"]["packages"] == [
        "sentry-sdk"
    ]
