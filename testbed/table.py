"""The base images of the test bed: what each is built on, and how large the official one is."""

from dataclasses import dataclass

from .report import Published

REPO_INFO = "docker-library/repo-info"
OFFICIAL_MARK = "official"


@dataclass(frozen=True)
class Base:
    """One image.

    `parents`: the bases its recipe builds on. `published`: the official image's size, or None for
    an image that only other recipes need, or whose size isn't compared. `made_by`: the recipe
    folder of another base that also makes this one, with these build `arguments`, with files of its
    own folder in place of those of the same name, and with `edits` of the Dockerfile: the old text
    and the new one.
    """

    name: str
    parents: tuple[str, ...]
    published: Published | None
    made_by: str = ""
    arguments: tuple[str, ...] = ()
    edits: tuple[tuple[str, str], ...] = ()

    @property
    def recipe(self) -> str:
        """Its name in file names."""
        return self.name.rpartition("/")[2].replace(":", "-")

    @property
    def folders(self) -> tuple[str, ...]:
        """The names of its folders in recipes/: a file of a later one replaces an earlier one's."""
        return (self.made_by, self.recipe) if self.made_by else (self.recipe,)

    @property
    def is_base(self) -> bool:
        """Whether it can be requested by name."""
        return not self.name.startswith("dockgen-testbed/")

    def mark(self, tag: str) -> str:
        """Return a second name of an image in the private engine, which records its origin.

        The tag is a stand-in's recipe hash, or OFFICIAL_MARK. A label would work, too, but every
        image that is built on it would inherit it.
        """
        return f"dockgen-testbed/{self.recipe}:{tag}"


# Parents come before their children; among those, what others wait for longest comes first.
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
    # The published size is that of 1.31.6, which has the same modules and scripts.
    Base(
        "nginx:1.30-alpine-slim",
        ("dockgen-testbed/musl", "alpine:3.24"),
        Published(12.8, None, REPO_INFO),
    ),
    # Made only on request, with --base: for repositories that name an older version of their
    # language.
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
    *(
        Base(
            f"node:{tag}",
            ("debian:trixie-slim", "alpine:3.24"),
            None,
            made_by="node-24-alpine3.24",
            arguments=(f"NODE_VERSION={version}",),
        )
        for tag, version in (("22-alpine3.24", "22.20.0"), ("20-alpine", "20.18.0"))
    ),
    *(
        Base(
            f"node:{major}-trixie-slim",
            ("debian:trixie-slim", "node:24-alpine3.24"),
            None,
            made_by="node-24-trixie-slim",
            arguments=(f"NODE_VERSION={version}", f"NPM_VERSION={npm}"),
        )
        for major, version, npm in ((22, "22.23.3", "10.9.9"), (20, "20.20.2", "10.9.9"))
    ),
    *(
        Base(
            f"python:{minor}-{system}",
            parents,
            None,
            made_by=f"python-3.14-{system}",
            edits=(("python3.14", f"python{minor}"), (", compression.zstd", "")),
        )
        for minor in ("3.13", "3.11")
        for system, parents in (
            ("slim-trixie", ("debian:trixie-slim",)),
            ("alpine3.24", ("dockgen-testbed/musl", "alpine:3.24")),
        )
    ),
    # Services beside a program in compose.yaml, by the names that `dockgen add` writes.
    Base("postgres:17-alpine", ("debian:trixie-slim",), None),
    Base("redis:8-alpine", ("debian:trixie-slim",), None),
)
BASES = {base.name: base for base in TABLE}

# The bases of the templates.
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
