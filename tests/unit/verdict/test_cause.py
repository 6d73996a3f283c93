"""The line that a finding comes from."""

from pathlib import Path

import pytest

from dockgen import checks
from dockgen.checks import Finding, Place
from dockgen.image import Config, Image, Layer, Step
from dockgen.verdict import cause
from tests.table import table

DOCKERFILE = """\
FROM debian AS base
ENV A=1
RUN one

FROM alpine AS other
USER 1

FROM base
# a comment
RUN two \\
    three
COPY . .
CMD ["x"]
USER 65532
"""
BASE, ONE, TWO, COPIED = (f"sha256:{number}" for number in range(4))
IMAGE = Image(
    Config(),
    tuple(Layer(digest, 1, 1, ()) for digest in (BASE, ONE, TWO, COPIED)),
    history=(
        Step("/bin/sh -c #(nop) ADD file", BASE),
        Step("ENV A=1"),
        Step("RUN /bin/sh -c one # buildkit", ONE),
        Step("RUN /bin/sh -c two     three # buildkit", TWO),
        Step("COPY . . # buildkit", COPIED),
        Step('CMD ["x"]'),
        Step("USER 65532"),
    ),
)
RULES = {rule.code: rule for rule in checks.RULES}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project with a Dockerfile."""
    (tmp_path / "Dockerfile").write_text(DOCKERFILE)
    return tmp_path


def line(folder: Path, code: str, place: Place | None = None, image: Image = IMAGE) -> str:
    """Return where a finding of that rule points, as file:line, or ""."""
    finding = Finding(code, "m", "h", place)
    found = cause.find(finding, RULES[code], cause.sources(folder), image)
    return f"{found.path}:{found.number}" if found else ""


@table(
    ("code", "expected"),
    [
        ("DG101", "Dockerfile:14"),  # USER, and not the one of another stage
        ("DG104", "Dockerfile:13"),  # no ENTRYPOINT, but CMD
        ("DG102", "Dockerfile:8"),  # nothing of the kind: the last stage
    ],
)
def test_what_the_image_says(folder: Path, code: str, expected: str) -> None:
    """The instruction that says so, or the FROM of the last stage."""
    assert line(folder, code) == expected


@table(
    ("digest", "expected"),
    [
        (ONE, "Dockerfile:3"),  # of the stage that the last one stands on
        (TWO, "Dockerfile:10"),
        (COPIED, "Dockerfile:12"),
        (BASE, "Dockerfile:8"),  # the base's own: no instruction made it
    ],
)
def test_what_a_layer_brings(folder: Path, digest: str, expected: str) -> None:
    """The instruction that made the layer."""
    assert line(folder, "DG106", Place("/bin/x", layer=digest)) == expected


def test_another_image_s_layers(folder: Path) -> None:
    """A history that isn't this Dockerfile's names no line of it."""
    other = Image(IMAGE.config, IMAGE.layers, history=IMAGE.history[::-1])
    assert line(folder, "DG106", Place("/bin/x", layer=TWO), other) == "Dockerfile:8"


def test_a_file_s_own_line(folder: Path) -> None:
    """A finding with a file and line needs no search."""
    assert line(folder, "DG001", Place("Dockerfile", 5)) == "Dockerfile:5"


def test_a_compose_file(folder: Path) -> None:
    """The key of the service, or the service where the key is missing; the image's own stays."""
    (folder / "compose.yaml").write_text(
        "x: &a\n  cap_drop: [ALL]\nservices:\n  db: {read_only: true}\n  app:\n    <<: *a\n"
        "    read_only: false\n"
    )
    assert line(folder, "DG207") == "compose.yaml:7"
    assert line(folder, "DG204") == "compose.yaml:5"
    assert line(folder, "DG203") == "Dockerfile:14"
    (folder / "Dockerfile").unlink()
    assert line(folder, "DG203") == "compose.yaml:5"


def test_nothing_to_point_at(tmp_path: Path) -> None:
    """An image alone, and files that can't be read."""
    assert line(tmp_path, "DG101") == ""
    (tmp_path / "compose.yaml").write_text("a: [")
    assert line(tmp_path, "DG204") == ""
