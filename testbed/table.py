"""The base images of the test bed: what each is built on, and how large the official one is."""

from dataclasses import dataclass

from .report import Published

REPO_INFO = "docker-library/repo-info"
OFFICIAL_MARK = "official"


@dataclass(frozen=True)
class Base:
    """One image.

    `parents`: the bases its recipe builds on. `published`: the official image's size, or None for
    an image that only other recipes need, or whose size isn't compared. `made_by`: the folder of
    another one's recipe, which makes this one with these build `arguments`.
    """

    name: str
    parents: tuple[str, ...]
    published: Published | None
    made_by: str = ""
    arguments: tuple[str, ...] = ()

    @property
    def recipe(self) -> str:
        """What it is called in file names."""
        return self.name.rpartition("/")[2].replace(":", "-")

    @property
    def folder(self) -> str:
        """The name of its folder in recipes/."""
        return self.made_by or self.recipe

    @property
    def is_base(self) -> bool:
        """Whether somebody may ask for it by name."""
        return self.published is not None or bool(self.made_by)

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
    # Made only where somebody asks for them, with --base: for repositories that name an older
    # version of their language.
    *(
        Base(
            f"golang:{minor}{suffix}",
            ("debian:trixie-slim",),
            None,
            made_by="golang-1.27",
            arguments=(f"GOLANG_VERSION={version}",),
        )
        for minor, version in (("1.26", "1.26.6"), ("1.25", "1.25.5"))
        for suffix in ("", "-trixie")
    ),
    Base(
        "node:22-alpine3.24",
        ("debian:trixie-slim", "alpine:3.24"),
        None,
        made_by="node-24-alpine3.24",
        arguments=("NODE_VERSION=22.20.0",),
    ),
    Base(
        "node:22-trixie-slim",
        ("debian:trixie-slim", "node:24-alpine3.24"),
        None,
        made_by="node-24-trixie-slim",
        arguments=("NODE_VERSION=22.23.3",),
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
