"""Random answers: refused by name, or the project parses to the same as with plain answers."""

import random
import tomllib
from typing import Any

import pytest
import yaml

from dockgen import checks
from dockgen.errors import UsageError
from tests.conftest import Make
from tests.hostile import shape
from tests.hostile.plain import MORE
from tests.hostile.values import TEXTS
from tests.pairwise import COMMON, LANGUAGES, PEM, is_possible

LETTERS = "abcdefghijklmnopqrstuvwxyz"
DIGITS = "0123456789"
# Characters that end something somewhere, twice as likely as all others together.
SHARP = "\"'`\\$#{}[]()<>|&;:,%@!~*?=- \t"


class Person:
    """Someone who answers at random; about half of what they say is allowed."""

    def __init__(self, seed: int) -> None:
        """Answer the same for the same seed."""
        self.random = random.Random(seed)  # noqa: S311 - the same answers for the same seed
        self.plain = self.project(seed)

    def project(self, seed: int) -> dict[str, Any]:
        """Draw a project with plain answers: the choices, and which other answers are given."""
        # In turn, as otherwise most projects would have the framework that excludes the least.
        language = [*LANGUAGES][seed % len(LANGUAGES)]
        offered = {**COMMON, **LANGUAGES[language]}
        frameworks = offered["framework"]
        framework = frameworks[seed // len(LANGUAGES) % len(frameworks)]
        drawn = ("flavor", "ci", "kind", "package_manager", "cgo", "build_ca")
        while True:
            chosen = {
                name: self.random.choice(offered[name])
                for name in (*drawn, "private_dependencies")
                if name in offered
            } | {"framework": framework}
            if is_possible(chosen):
                break
        more = {**MORE, "ca_certificates": PEM}
        # Each package is a word, and so it counts how many there are.
        more["runtime_packages"] = [
            f"plain-{number}" for number in range(self.random.randint(1, 3))
        ]
        if chosen["flavor"] == "scratch":
            del more["runtime_packages"]
        for name in ("package_index", "runtime_packages", "ca_certificates", "private_host"):
            needed = name == "private_host" and chosen["private_dependencies"] != "none"
            if not needed and self.random.random() < 0.4:
                more.pop(name, None)
        return {"language": language, **chosen, **more}

    def some(self, alphabet: str, least: int, most: int) -> str:
        """Return a strategy for text in an alphabet."""
        return "".join(self.random.choices(alphabet, k=self.random.randint(least, most)))

    def text(self) -> str:
        """Return a strategy for any text, or one that is known to be hostile."""
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

    def mostly(self, good: str) -> str:
        """Return a strategy for good values, sometimes with a hostile text in them."""
        if self.random.random() < 0.9:
            return good
        return self.random.choice([self.text(), good + self.text(), self.text() + good])

    def host(self) -> str:
        """Mostly a host."""
        return self.mostly(".".join(self.some(LETTERS + DIGITS, 1, 6) for _ in range(3)))

    def index(self) -> str:
        """Mostly the address of an index."""
        path = self.some(LETTERS + DIGITS + "._~-", 1, 9)
        end = self.random.choice(["", "/", f"/{path}", f"/{path}/"])
        return self.mostly(f"https://{self.some(LETTERS, 1, 9)}.invalid{end}")

    def package(self) -> str:
        """Mostly the name of a package."""
        return self.mostly(self.some(LETTERS, 4, 9) + self.some(DIGITS + "+.-", 0, 4) + "x")

    def certificate(self) -> str:
        """Mostly one certificate, with one line in it."""
        line = self.some(LETTERS + LETTERS.upper() + DIGITS + "+/=", 4, 64)
        return PEM.replace("MIIB+/==", self.mostly(line))

    def policy(self) -> dict[str, Any]:
        """Draw parts of a policy."""
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
        """Draw an answer to each question of the plain project, and to some others."""
        wanted: dict[str, Any] = {
            "private_host": self.host(),
            "package_index": self.index(),
            "runtime_packages": [self.package() for _ in self.plain.get("runtime_packages", [])],
            "ca_certificates": self.certificate(),
        }
        answers: dict[str, Any] = {
            "name": self.name(),
            "language_version": self.version(self.plain["language"]),
            "port": self.random.randrange(900, 66_000),
            "registry": self.registry(),
            "labels": {self.label(): self.text() for _ in range(self.random.randrange(4))},
            "policy": self.policy(),
            "unmanaged": ["no-such-file/" + self.text()],
        }
        some = {name: value for name, value in answers.items() if self.random.random() < 0.4}
        more = {name: value for name, value in wanted.items() if name in self.plain}
        return {**self.plain, **more, **some}


def check(make: Make, plain_with: Make, person: Person, answers: dict[str, Any]) -> bool:
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
    found, plain = shape.structures(project), shape.structures(plain_with(**person.plain))
    # The policy's own shape is held to below.
    found.pop("dockgen.toml"), plain.pop("dockgen.toml")
    assert found == plain
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


@pytest.mark.parametrize("seed", range(24))
def test_any_answers(make: Make, plain_with: Make, seed: int) -> None:
    """The seed is in the test's name; what was answered is in the message."""
    person = Person(seed)
    made = 0
    for _ in range(30):
        answers = person.answers()
        try:
            made += check(make, plain_with, person, answers)
        except Exception as error:
            error.add_note(f"answers: {answers!r}")
            raise
        if made == 3:
            break
    assert made == 3


def test_some_are_made_and_some_are_refused(make: Make, plain_with: Make) -> None:
    """The generator would prove nothing otherwise."""
    person = Person(0)
    done = {check(make, plain_with, person, person.answers()) for _ in range(12)}
    assert done == {True, False}


def test_every_choice_is_made() -> None:
    """By one of the seeds, and each answer that a project may be without is there and missing."""
    projects = [Person(seed).plain for seed in range(24)]
    for name in ("flavor", "ci", "kind", "private_dependencies", "build_ca"):
        assert {project[name] for project in projects} == set(COMMON[name])
    for language, offered in LANGUAGES.items():
        own = [project for project in projects if project["language"] == language]
        for name in ("framework", "package_manager", "cgo"):
            assert {project.get(name) for project in own} == set(offered.get(name, [None]))
    for name in ("private_host", "package_index", "runtime_packages", "ca_certificates"):
        assert {name in project for project in projects} == {True, False}
