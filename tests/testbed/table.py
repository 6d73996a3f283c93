"""The base images of the test bed: what each is built on, and how large the official one is."""

from dataclasses import dataclass

from .report import Published

REPO_INFO = "docker-library/repo-info"
OFFICIAL_MARK = "official"


@dataclass(frozen=True)
class Base:
    """One image.

    `parents`: the bases its recipe builds on. `published`: the official image's size, or None for
    an image that only other recipes need.
    """

    name: str
    parents: tuple[str, ...]
    published: Published | None

    @property
    def recipe(self) -> str:
        """The name of its folder in recipes/."""
        return self.name.rpartition("/")[2].replace(":", "-")

    def mark(self, tag: str) -> str:
        """A second name of an image in the private engine, which says where it came from.

        The tag is a stand-in's recipe hash, or OFFICIAL_MARK. A label would do as well, but every
        image that is built on it would inherit it.
        """
        return f"dockgen-testbed/{self.recipe}:{tag}"


# Parents come before their children, and what others wait for longest before what they don't.
TABLE = (
    Base("debian:trixie-slim", (), Published(78.6, 29.8, REPO_INFO)),
    Base("dockgen-testbed/musl", ("debian:trixie-slim",), None),
    Base("alpine:3.24", ("dockgen-testbed/musl",), Published(8.42, 3.85, REPO_INFO)),
    Base(
        "python:3.14-alpine3.24",
        ("dockgen-testbed/musl", "alpine:3.24"),
        Published(47.79, 17.8, REPO_INFO),
    ),
    Base("python:3.14-slim-trixie", ("debian:trixie-slim",), Published(119.66, 43.4, REPO_INFO)),
    Base("golang:1.27", ("debian:trixie-slim",), Published(885, None, REPO_INFO)),
    Base("golang:1.27-trixie", ("golang:1.27",), Published(885, None, REPO_INFO)),
    Base("golang:1.27-alpine", ("golang:1.27", "alpine:3.24"), Published(253, 75.2, REPO_INFO)),
    Base(
        "node:24-alpine3.24", ("debian:trixie-slim", "alpine:3.24"), Published(167, 58.2, REPO_INFO)
    ),
    Base(
        "node:24-trixie-slim",
        ("debian:trixie-slim", "node:24-alpine3.24"),
        Published(234, 85.3, REPO_INFO),
    ),
    # Published is the size of 1.31.6, which has the same modules and scripts.
    Base(
        "nginx:1.30-alpine-slim",
        ("dockgen-testbed/musl", "alpine:3.24"),
        Published(12.8, None, REPO_INFO),
    ),
)
BASES = {base.name: base for base in TABLE}

# What the templates build on.
NEEDED = (
    "debian:trixie-slim",
    "python:3.14-slim-trixie",
    "python:3.14-alpine3.24",
    "golang:1.27",
    "golang:1.27-trixie",
    "alpine:3.24",
    "node:24-alpine3.24",
    "node:24-trixie-slim",
    "nginx:1.30-alpine-slim",
)
