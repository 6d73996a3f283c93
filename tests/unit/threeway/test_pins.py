"""Who changed a base image's version: lines that are pins, and lines that aren't."""

from dockgen.threeway import pins

DIGEST = "@sha256:" + "0" * 64


def test_a_moved_pin_is_found() -> None:
    """It is applied to a text that moved it elsewhere."""
    for base, ours in [
        ("FROM python:3.13-slim AS build", "FROM python:3.14-slim AS build"),
        ("FROM python:3.14-slim AS build", f"FROM python:3.14-slim{DIGEST} AS build"),
        ("FROM python:3.14 AS build", "FROM mirror.example.com:5000/hub/python:3.14 AS build"),
        ("FROM --platform=$X go:1.26 AS build", "FROM --platform=$X go:1.27 AS build"),
        ("FROM debian", "FROM debian:trixie"),
        ("  image: docker:27", "  image: docker:28"),
        ("  - uses: actions/checkout@v4", f"  - uses: actions/checkout@{'a' * 40} # v5.0.0"),
    ]:
        moved = pins.moved(f"{base}\nRUN true\n", f"{ours}\nRUN true\n")
        assert len(moved) == 1
        assert pins.follow(f"# new\n{base}\n", moved) == f"# new\n{ours}\n"


def test_what_is_no_move_is_none() -> None:
    """Those are edits like any other."""
    for base, ours in [
        ("FROM python:3.14 AS build", "FROM python:3.14 AS build"),
        ("FROM python:3.14 AS build", "FROM node:24 AS build"),
        ("FROM python:3.14 AS build", "FROM python:3.14 AS compile"),
        ("FROM python:3.14 AS build", "FROM --platform=linux/amd64 python:3.14  AS build"),
        ("RUN echo a:1", "RUN echo a:2"),
        ("COPY --from=a:1 / /", "COPY --from=a:2 / /"),
    ]:
        assert pins.moved(base + "\n", ours + "\n") == {}


def test_two_pins_of_one_image_are_told_apart() -> None:
    """By their order, when their stages have no names."""
    base = "FROM alpine:3.23\nRUN a\nFROM alpine:3.23\n"
    ours = "FROM alpine:3.23\nRUN a\nFROM alpine:3.24\n"
    moved = pins.moved(base, ours)
    assert pins.follow(base, moved) == ours
