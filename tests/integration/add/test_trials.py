"""What a trial changes of the answers, before the next one."""

from dockgen.add import existing, failures
from dockgen.detect import survey
from dockgen.detect.repository import Repository
from tests.conftest import ROOT
from tests.table import table

ANSWERS = {"existing": {"command": ["node", "express.js"], "health": "/api"}}


@table(
    "project, dropped",
    [("node-server-beside-library", True), ("node-nested-routers", False), ("node-bot", False)],
)
def test_only_a_guess_at_the_health_route_is_dropped(project: str, *, dropped: bool) -> None:
    """The code names the second project's route, and the third has none."""
    detected = survey.look(Repository(ROOT / "tests/projects" / project), {})
    found = existing.without_route(ANSWERS, detected)
    assert (found == {"existing": {"command": ["node", "express.js"]}}) is dropped
    assert (found is None) is not dropped


def test_a_route_that_is_gone_already_is_not_tried_again() -> None:
    """Or the trials would go on with the same answers."""
    project = ROOT / "tests/projects/node-server-beside-library"
    detected = survey.look(Repository(project), {})
    assert existing.without_route({"existing": {"command": ["node"]}}, detected) is None


def test_only_an_answer_other_than_200_says_that_a_route_is_none() -> None:
    """No answer at all has other causes."""
    answers = "GET /api on port 9000 returns status 404, not 200"
    silent = "GET /api on port 9000 gets no answer"
    assert failures.is_no_route(failures.of_run(answers))
    assert not failures.is_no_route(failures.of_run(silent))
    assert not failures.is_no_route(None)
