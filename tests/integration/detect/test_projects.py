"""Small repositories of our own: what is found in each, and what it was passed over for.

Each folder in tests/projects has a file of the same name beside it: ``answers`` as their flags take
them (all parts of those that have many), ``guesses`` (of the topics that it names), what is
``absent``, ``refused`` (the flavors, "" for all), ``passed_over`` by place, ``conflicts`` by topic
with their choices, what is found ``then`` with what is ``given``, and words that no output may hold
(``contains_not``).
"""

from typing import Any

import yaml

from dockgen.detect import given, survey
from dockgen.detect.model import BY_NAME, Detected, Many
from dockgen.detect.repository import Repository
from tests.conftest import ROOT
from tests.table import table

PROJECTS = ROOT / "tests/projects"
NAMES = sorted(path.stem for path in PROJECTS.glob("*.yml"))


def _expected(name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((PROJECTS / f"{name}.yml").read_text())
    return found


def _said(words: dict[str, Any]) -> dict[str, Any]:
    return {name: given.parse(BY_NAME[name], word) for name, word in words.items()}


def _told(detected: Detected, name: str) -> Any:
    topic = BY_NAME[name]
    values = [given.spelled(topic, answer.value) for answer in detected.answers.get(name, ())]
    if topic.many is Many.ALL:
        return values
    return values[0] if values else None


def _look(name: str, words: dict[str, Any] | None = None) -> Detected:
    return survey.look(Repository(PROJECTS / name), _said(words or {}))


@table("name", NAMES)
def test_what_a_repository_is(name: str) -> None:
    """Each answer that its file names, and no conflict but those."""
    expected = _expected(name)
    detected = _look(name)

    answers = expected.get("answers", {})
    told = {topic: _told(detected, topic) for topic in answers}
    for topic, value in told.items():
        if isinstance(value, list):
            told[topic], answers[topic] = sorted(value), sorted(answers[topic])
    assert told == answers
    assert {
        conflict.topic.name: sorted(
            given.spelled(conflict.topic, signal.value) for signal in conflict.signals
        )
        for conflict in detected.conflicts
    } == {topic: sorted(values) for topic, values in expected.get("conflicts", {}).items()}
    assert [topic for topic in expected.get("absent", ()) if detected.answers.get(topic)] == []
    if "guesses" in expected:
        guessed = {
            topic
            for topic in answers
            if all(answer.is_guess for answer in detected.answers.get(topic, ()))
        }
        assert guessed == set(expected["guesses"])
    if "refused" in expected:
        assert sorted({one.flavor for one in detected.refusals}) == expected["refused"]
    for topic, places in expected.get("passed_over", {}).items():
        (answer,) = detected.answers[topic]
        assert set(places) <= {signal.place for signal in answer.passed_over}
    for words in expected.get("contains_not", ()):
        assert words not in repr(detected)


@table("name", [name for name in NAMES if "then" in _expected(name)])
def test_a_flag_decides(name: str) -> None:
    """With what the user says, nothing is undecided any more."""
    expected = _expected(name)
    detected = _look(name, expected["given"])

    assert {topic: _told(detected, topic) for topic in expected["then"]} == expected["then"]
    assert detected.conflicts == ()


def test_what_a_front_end_is_built_with_is_in_its_build() -> None:
    """A variable that only CI writes to a file before the build."""
    (found,) = _look("python-fastapi-pdm-front-end").values("frontend")

    assert found == ("client", "npm", "VITE_APIURL=/api/v1 npm run build", "client/dist")
