"""The matrix: which languages stand on which flavors."""

from dataclasses import dataclass
from enum import StrEnum


class Language(StrEnum):
    """What a service is written in."""

    GO = "go"
    PYTHON = "python"
    NODE = "node"


class Flavor(StrEnum):
    """What an image stands on."""

    SLIM = "slim"
    ALPINE = "alpine"
    SCRATCH = "scratch"


class Workload(StrEnum):
    """What a program does: answer requests, work in the background, or run to its end."""

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
        """Read ``python-slim``; raises ValueError when it names no language and flavor."""
        language, _, flavor = text.partition("-")
        return cls(Language(language), Flavor(flavor))


# The cells that dockgen makes: all of them. copier.yml has a limit for each (a test compares them).
ALL = tuple(Cell(language, flavor) for language in Language for flavor in Flavor)
