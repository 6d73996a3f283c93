"""The matrix: languages, flavors, and the cells of both."""

from dataclasses import dataclass
from enum import StrEnum


class Language(StrEnum):
    """The language that a service is written in."""

    GO = "go"
    PYTHON = "python"
    NODE = "node"


class Flavor(StrEnum):
    """The base that an image is built on."""

    SLIM = "slim"
    ALPINE = "alpine"
    SCRATCH = "scratch"


class Workload(StrEnum):
    """What a program does: answer requests, work in the background, or run to completion."""

    SERVICE = "service"
    WORKER = "worker"
    JOB = "job"


@dataclass(frozen=True, order=True)
class Cell:
    """One language on one flavor, written ``python-slim``."""

    language: Language
    flavor: Flavor

    def __str__(self) -> str:
        return f"{self.language}-{self.flavor}"

    @classmethod
    def parse(cls, text: str) -> "Cell":
        """Parse ``python-slim``; raise ValueError unless it names a language and a flavor."""
        language, _, flavor = text.partition("-")
        return cls(Language(language), Flavor(flavor))


# All cells. language.yml has limits for each, which a test compares.
ALL = tuple(Cell(language, flavor) for language in Language for flavor in Flavor)
