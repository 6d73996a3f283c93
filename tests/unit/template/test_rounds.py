"""Rounds: a question is asked once it is known to make sense."""

from dockgen.template import rounds
from tests.table import table


def test_a_question_that_depends_on_another_is_asked_after_it() -> None:
    """In a later round, when the answer is known; the others stay together."""
    names = ["name", "language", "cgo", "flavor", "kind", "framework", "port", "runtime_packages"]
    assert rounds.of(names) == [
        ["name", "language"],
        ["cgo", "flavor", "kind"],
        ["framework", "port", "runtime_packages"],
    ]
    assert rounds.of(["language", "flavor"]) == [["language", "flavor"]]
    assert rounds.of([]) == [[]]


@table(
    ("name", "sensible", "senseless"),
    [
        ("cgo", {"language": "go"}, {"language": "node"}),
        ("package_manager", {"language": "node"}, {"language": "go"}),
        ("framework", {"kind": "service"}, {"kind": "job"}),
        ("port", {}, {"kind": "worker"}),
        ("runtime_packages", {"flavor": "slim"}, {"flavor": "scratch"}),
        ("private_host", {"private_dependencies": "ssh"}, {"private_dependencies": "none"}),
    ],
)
def test_a_question_without_a_choice_makes_no_sense(
    name: str, sensible: dict[str, str], senseless: dict[str, str]
) -> None:
    """Questions that a starter doesn't ask don't limit the choices."""
    assert rounds.makes_sense(name, sensible)
    assert not rounds.makes_sense(name, senseless)
