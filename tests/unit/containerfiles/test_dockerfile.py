"""Which images a Dockerfile pulls, according to BuildKit's rules."""

from pathlib import Path

import pytest

from dockgen.containerfiles import dockerfile
from dockgen.containerfiles.dockerfile import ImageUse
from dockgen.errors import ProjectError
from tests.conftest import ROOT
from tests.table import table


def images(text: str) -> list[str]:
    """Return the names of the images."""
    return [image.name for image in dockerfile.parse(text).images]


def test_images() -> None:
    """Each image that is pulled, and no stage."""
    for text, expected in [
        ("FROM python:3.14", ["python:3.14"]),
        ("from python:3.14 as base\nFROM base\nFROM BASE", ["python:3.14"]),
        ("FROM scratch", []),
        ("FROM --platform=$BUILDPLATFORM golang:1.27 AS build\nFROM scratch", ["golang:1.27"]),
        ("FROM a AS one\nCOPY --from=one / /\nCOPY --chmod=444 --from=b:1 / /", ["a", "b:1"]),
        ("FROM a\nCOPY --from=0 / /", ["a"]),
        ("FROM a AS one\nRUN --mount=type=bind,from=one,target=/x --mount=from=b ls", ["a", "b"]),
        # A stage is known from its own line on.
        ("FROM a\nCOPY --from=later / /\nFROM b AS later", ["a", "later", "b"]),
        # A flag comes before the words.
        ("FROM a\nRUN echo --mount=from=b\nCOPY x --from=c /", ["a"]),
        # Arguments before the first FROM have effect on all of them.
        (
            "ARG V=3.14\nARG I=python:$V\nFROM $I\nFROM ${I}-slim",
            ["python:3.14", "python:3.14-slim"],
        ),
        ("ARG R\nFROM ${R:-docker.io}/a\nFROM ${R:+x/}b\nFROM $R/c", ["docker.io/a", "b", "$R/c"]),
        ("FROM a\nARG V=1\nFROM b:$V", ["a", "b:$V"]),
        ('ARG V="1.0"\nFROM "b:$V"', ["b:1.0"]),
        # Lines that continue, comments and empty lines between them.
        ("FROM \\\n  # which\n\n  a \\\t\n  AS b\nFROM b", ["a"]),
        ("RUN x \\\nFROM a", []),
        ("# FROM a\n  # FROM b\nFROM c", ["c"]),
        ("FROM\ta\r\nFROM b\r\n", ["a", "b"]),
        # Another sign for lines that continue.
        ("# escape=`\nFROM a\nRUN dir c:\\\nFROM `\n  b", ["a", "b"]),
        # The frontend is an image, too; a directive counts at the top alone.
        ("# syntax=docker/dockerfile:1\nFROM a", ["docker/dockerfile:1", "a"]),
        ("# words\n# syntax=docker/dockerfile:1\nFROM a", ["a"]),
        # Heredocs hold no instructions.
        ("FROM a\nRUN <<EOF\nFROM b\nEOF\nFROM c", ["a", "c"]),
        ("FROM a\nRUN cat <<-'E' >x && y\n\tFROM b\n\tE\nFROM c", ["a", "c"]),
        ("FROM a\nCOPY <<one <<two /x/\nFROM b\none\nFROM c\ntwo\nFROM d", ["a", "d"]),
        # And these are none.
        ('FROM a\nRUN cat <<<EOF && echo "<<EOF" $((1<<2))\nFROM c', ["a", "c"]),
        ("FROM a\nLABEL x=<<EOF\nFROM c", ["a", "c"]),
        ("FROM a\nRUN cat <<EOF\nFROM c", ["a", "c"]),
        ("", []),
        ("\ufeffFROM a", ["a"]),
        ("FROM", []),
    ]:
        assert images(text) == expected


def test_a_line_is_where_the_instruction_begins() -> None:
    """Counted from 1."""
    text = "# c\nARG A=1\n\nFROM \\\n  a\nRUN <<E\nx\nE\nCOPY --from=b / /\n"
    assert dockerfile.parse(text).images == (ImageUse("a", 4), ImageUse("b", 9))


def test_our_own() -> None:
    """All of Docker Hub, and of a few names."""
    for path in sorted((ROOT / "examples").glob("*/Dockerfile")):
        found = dockerfile.find(path.parent)
        assert found is not None
        names = {image.name.partition(":")[0] for image in found.images}
        assert names <= {"golang", "python", "node", "debian", "alpine"}
        assert names != set()


def test_a_missing_one_is_none(tmp_path: Path) -> None:
    """A project may keep its own elsewhere."""
    assert dockerfile.find(tmp_path) is None


def test_one_that_can_t_be_read_is_named(tmp_path: Path) -> None:
    """A folder, or what is no text."""
    (tmp_path / "Dockerfile").write_bytes(b"FROM \xff")
    with pytest.raises(ProjectError, match="isn't UTF-8 text"):
        dockerfile.find(tmp_path)
    (tmp_path / "Dockerfile").unlink()
    (tmp_path / "Dockerfile").mkdir()
    with pytest.raises(ProjectError, match="is a folder, not a file"):
        dockerfile.find(tmp_path)


@table(
    ("text", "base"),
    [
        ("FROM debian:trixie-slim", "debian:trixie-slim"),
        ("FROM golang:1.27 AS build\nFROM scratch", "scratch"),
        ("FROM a AS one\nFROM one AS two\nFROM b AS three\nFROM TWO", "a"),
        ("ARG V=1\nFROM a:$V AS one\nFROM one", "a:1"),
        ("FROM --platform=linux/arm64 a AS one\nFROM one", "--platform=linux/arm64 a"),
        ("FROM one\nFROM a AS one", "a"),
        ("", None),
    ],
)
def test_the_base_of_the_last_stage(text: str, base: str | None) -> None:
    """Through all stages in between, as a FROM has it."""
    assert dockerfile.parse(text).base == base


def test_stages() -> None:
    """Each with what it stands on, its own instructions, and the stages that it takes from."""
    text = (
        "ARG V=1\nFROM a:$V AS one\nENV A=1\nFROM b AS two\nFROM ONE\n"
        "COPY --from=two / /\nRUN --mount=from=0 <<E\nls\nE\n"
    )
    found = dockerfile.parse(text)
    assert [step.rest for step in found.arguments] == ["V=1"]
    assert [(s.name, s.image, s.line, s.parent, s.uses) for s in found.stages] == [
        ("one", "a:1", 2, None, ()),
        ("two", "b", 4, None, ()),
        ("", "ONE", 5, 0, (0, 1)),
    ]
    assert found.stages[2].instructions[1].heredoc == "ls\nE"
    assert (found.shipped, found.needed) == ([0, 2], [0, 1, 2])


def test_what_a_build_needs() -> None:
    """The last stage, and what it takes from, through all stages between."""
    text = "FROM a AS x\nFROM x AS y\nFROM b AS test\nFROM scratch\nCOPY --from=y / /"
    assert dockerfile.parse(text).needed == [0, 1, 3]
    assert dockerfile.parse("FROM scratch\nCOPY --from=7 / /").needed == [0]
    assert dockerfile.parse("").needed == []


@table(
    ("line", "values"),
    [
        ("ENV A=1 B='two words' C=", [("A", "1"), ("B", "two words"), ("C", "")]),
        ("ENV A two words", [("A", "two words")]),
        ("ARG A B=1", [("A", None), ("B", "1")]),
        ('LABEL a.b="c d"', [("a.b", "c d")]),
        ('ENV A="', [("A", '"')]),
    ],
)
def test_values(line: str, values: list[tuple[str, str | None]]) -> None:
    """In both forms, with quotes and without."""
    ((step,),) = [stage.instructions for stage in dockerfile.parse(f"FROM a\n{line}").stages]
    assert step.values == values


def test_another_stage_may_be_built() -> None:
    """Then its steps make the image, and it is what a build needs."""
    text = "FROM a AS x\nFROM b AS y\nFROM scratch\nCOPY --from=y / /"
    assert dockerfile.parse(text, "x").shipped == [0]
    assert dockerfile.parse(text, "x").needed == [0]
    assert dockerfile.parse(text).shipped == [2]
