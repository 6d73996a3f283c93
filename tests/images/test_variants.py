"""The sample apps on other flavors."""

import pytest

from dockgen import engine
from dockgen.engine import RunOptions
from dockgen.project import Project
from dockgen.testing.plugin import PATIENCE
from dockgen.testing.test_contracts import *  # noqa: F403 - the contracts of all projects
from dockgen.testing.test_contracts import at_work, for_jobs, wait_for_words
from tests.images.conftest import in_release
from tests.variants import APPS, RELEASE

pytestmark = pytest.mark.parametrize(
    "case", [*APPS, *in_release(*RELEASE)], indirect=True, ids=lambda case: case.name
)


@for_jobs
def test_a_job_that_is_stopped_is_not_done(sound_image: str, project: Project) -> None:
    """It finishes the item in work, begins no other one, and ends with 143."""
    with at_work(sound_image, RunOptions(), project) as container:
        whole = container.logs().splitlines()
    with engine.run(sound_image, RunOptions()) as container:
        wait_for_words(container)
        stopped = container.stop(PATIENCE)
        printed = container.logs().splitlines()
    assert stopped.exit_code == 143
    assert len(printed) < len(whole)
