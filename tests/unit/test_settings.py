"""dockgen.toml in a folder that dockgen didn't make, and how it configures a check."""

from pathlib import Path

import pytest

from dockgen import settings
from dockgen.contract import Limits, Run
from dockgen.errors import ProjectError
from dockgen.matrix import Workload
from tests.table import table


def read(folder: Path, text: str) -> tuple[Limits, Run]:
    """Read the content of a dockgen.toml."""
    (folder / "dockgen.toml").write_text(text)
    found = settings.of_others(folder)
    return settings.limits_of_others(found), settings.run(found)


def test_without_one_there_is_no_limit_of_size(tmp_path: Path) -> None:
    """The times are as generous as an engine's own."""
    found = settings.of_others(tmp_path)
    assert settings.limits_of_others(found) == Limits(None, 30, 10, 60)
    assert settings.run(found) == Run()


def test_each_setting_is_read(tmp_path: Path) -> None:
    """Sizes to the byte, and the others as they are."""
    limits, run = read(
        tmp_path,
        """
        [limits]
        size_mb = 6.9
        stop_seconds = 1
        [check]
        workload = "worker"
        port = 80
        path = "/healthz?full=1"
        service = "web"
        environment = {DATABASE_URL = "sqlite://", EMPTY = ""}
        memory_mb = 512
        timeout_seconds = 90
        """,
    )
    assert limits == Limits(6_900_000, 30, 1, 60)
    assert run == Run(
        workload=Workload.WORKER,
        port=80,
        path="/healthz?full=1",
        service="web",
        environment={"DATABASE_URL": "sqlite://", "EMPTY": ""},
        memory_mb=512,
        timeout_seconds=90,
    )


@table(
    ("text", "words"),
    [
        ("check = 5", "check isn't a section"),
        ("[check]\nports = 80", "check.ports is unknown"),
        ("[check]\nport = 0", "check.port is 0"),
        ("[check]\nport = true", "check.port is True"),
        ("[check]\nport = 65536", "check.port is 65536"),
        ("[check]\npath = 'healthz'", "check.path is healthz"),
        ("[check]\npath = '/a b'", "check.path is /a b"),
        ('[check]\npath = "/a\\r\\nX: y"', "check.path is /a"),
        ("[check]\nservice = ''", "check.service is , not a text"),
        ("[check]\nenvironment = 'A=b'", "check.environment isn't a table"),
        ("[check]\nenvironment = {A = 1}", "check.environment.A is 1"),
        (
            "[check]\nenvironment = {'A B' = 'c'}",
            "check.environment.A B isn't the name of a variable",
        ),
        ("[check]\nworkload = 'cron'", "check.workload is cron"),
        ("[check]\nmemory_mb = -1", "check.memory_mb is -1"),
        ("[check]\ntimeout_seconds = 'long'", "check.timeout_seconds is long"),
        ("[limits]\nsize_mb = 'small'", "limits.size_mb is small"),
        ("[limits]\nstop_seconds = 0", "limits.stop_seconds is 0"),
    ],
)
def test_what_is_impossible_is_named(tmp_path: Path, text: str, words: str) -> None:
    """By its key, with what to write in its place."""
    with pytest.raises(ProjectError, match=f"dockgen.toml: {words}") as caught:
        read(tmp_path, text)
    assert caught.value.hint
