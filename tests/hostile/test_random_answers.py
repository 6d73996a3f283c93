"""Whatever is answered: refused by name, or it parses to what it is with a plain answer."""

import random
import tomllib
from typing import Any

import pytest
import yaml

from dockgen import checks
from dockgen.errors import UsageError
from tests.conftest import Make
from tests.hostile import shape
from tests.hostile.values import TEXTS

LETTERS = "abcdefghijklmnopqrstuvwxyz"
DIGITS = "0123456789"
# Characters that end something somewhere, twice as likely as all others together.
SHARP = "\"'`\\$#{}[]()<>|&;:,%@!~*?=- \t"


class Person:
    """Somebody who answers at random; about half of what they say is allowed."""

    def __init__(self, seed: int) -> None:
        """Answer the same for the same seed."""
        self.random = random.Random(seed)  # noqa: S311 - the same answers for the same seed

    def some(self, alphabet: str, least: int, most: int) -> str:
        """Characters of an alphabet."""
        return "".join(self.random.choices(alphabet, k=self.random.randint(least, most)))

    def text(self) -> str:
        """A text of any characters there are, or one that is known to be hostile."""
        if self.random.random() < 0.3:
            return self.random.choice([*TEXTS.values()])
        anything = [chr(self.random.randrange(0x20, 0x110000)) for _ in range(20)]
        return self.some(SHARP * 2 + LETTERS + "".join(anything), 1, 40)

    def name(self) -> str:
        """Mostly a name."""
        return self.random.choice(LETTERS) + self.some(LETTERS + DIGITS + "-", 0, 61) + "x"

    def registry(self) -> str:
        """Mostly a registry."""
        host = ".".join(self.some(LETTERS + DIGITS + "-", 1, 5) for _ in range(2))
        path = self.some(LETTERS + DIGITS + "._-/", 0, 12)
        return f"{host}:{self.random.randrange(10**5)}" + (f"/{path}" if path else "")

    def version(self, language: str) -> str:
        """Mostly a version of the language."""
        major = {"go": 1, "python": 3}.get(language, self.random.randrange(16, 40))
        return f"{major}.{self.random.randrange(10, 60)}"

    def label(self) -> str:
        """Mostly the name of a label."""
        return self.random.choice(LETTERS) + self.some(LETTERS + DIGITS + ".-", 0, 9) + "x"

    def policy(self) -> dict[str, Any]:
        """Some of what a policy may say."""
        codes = [rule.code for rule in checks.RULES]
        policy = {
            "size_mb": self.random.choice([1, 0.1, 1e-9, 99999.5, {"go": 5, "default": 7.25}]),
            "stop_seconds": self.random.uniform(-1, 100),
            "required_labels": [self.label() for _ in range(2)],
            "allowed_registries": [self.registry()],
            "ignored_rules": {code: self.text() for code in self.random.sample(codes, 2)},
        }
        return {key: value for key, value in policy.items() if self.random.random() < 0.4}

    def answers(self) -> dict[str, Any]:
        """An answer to some of the questions."""
        language = self.random.choice(["go", "python", "node"])
        answers: dict[str, Any] = {
            "name": self.name(),
            "language_version": self.version(language),
            "port": self.random.randrange(900, 66_000),
            "registry": self.registry(),
            "labels": {self.label(): self.text() for _ in range(self.random.randrange(4))},
            "policy": self.policy(),
            "unmanaged": ["no-such-file/" + self.text()],
        }
        chosen = {name: value for name, value in answers.items() if self.random.random() < 0.5}
        return {"language": language, "flavor": "slim", "ci": "gitlab", **chosen}


@pytest.fixture(scope="session")
def plain(make: Make) -> dict[str, dict[str, Any]]:
    """What the files parse to with plain answers, for each language."""
    return {
        language: shape.structures(make(language=language, flavor="slim", ci="gitlab"))
        for language in ("go", "python", "node")
    }


def check(make: Make, plain: dict[str, dict[str, Any]], answers: dict[str, Any]) -> bool:
    """Hold one project to everything; return whether it was made."""
    message = ""
    try:
        project = make(**answers)
    except UsageError as error:
        message = error.message
    if message:
        assert message.partition(":")[0] in answers, message
        assert message.isprintable(), message
        return False
    found = shape.structures(project)
    found.pop("dockgen.toml")
    assert found == {n: s for n, s in plain[answers["language"]].items() if n != "dockgen.toml"}
    assert shape.labels(project) == answers.get("labels", {})
    recorded = yaml.safe_load((project / shape.ANSWERS).read_text())
    assert {name: recorded[name] for name in answers} == answers
    settings = tomllib.loads((project / "dockgen.toml").read_text())
    rules = {
        {"ignored_rules": "ignored"}.get(key, key): value
        for key, value in answers.get("policy", {}).items()
        if isinstance(value, dict | list) and key != "size_mb"
    }
    assert settings.get("rules", {}) == rules
    return True


@pytest.mark.parametrize("seed", range(16))
def test_any_answers(make: Make, plain: dict[str, dict[str, Any]], seed: int) -> None:
    """The seed is in the test's name; what was answered is in the message."""
    person = Person(seed)
    for _ in range(6):
        answers = person.answers()
        try:
            check(make, plain, answers)
        except Exception as error:
            error.add_note(f"answers: {answers!r}")
            raise


def test_some_are_made_and_some_are_refused(make: Make, plain: dict[str, dict[str, Any]]) -> None:
    """The generator would prove nothing otherwise."""
    person = Person(0)
    assert {check(make, plain, person.answers()) for _ in range(12)} == {True, False}
