"""Copied libraries are listed in the package database of the image, for scanners."""

from pathlib import Path

import pytest

from dockgen import check, engine, template
from tests.images.conftest import in_release

# What it may add to an image.
MOST_BYTES = 100_000

# Of Alpine: what the stand-in for its image has no entries of. The base knows another package.
ENTRY = "C:Q1own\\nP:own\\nV:1.0-r0\\nF:usr\\nF:usr/lib\\nR:{library}\\n"
ELSEWHERE = "C:Q1else\\nP:elsewhere\\nV:1.0-r0\\nF:usr/lib\\nR:libelsewhere.so.1\\n"
KNOWN = "C:Q1known\\nP:known\\nV:1.0-r0\\nF:usr/lib\\nR:libknown.so.1\\n"
DATABASE = "/lib/apk/db/installed"
STEP = {
    "python": ("\n# Collects in /rootfs", "libffi.so.8.1.4"),
    "node": (
        "\nRUN --mount=type=bind,from=base",
        "'$(basename /usr/lib/libstdc++*.so.6*)'",
    ),
}
LOOK = """\

FROM scratch AS look
COPY --from={stage} /rootfs{database} /
"""


def project(folder: Path, language: str, flavor: str) -> Path:
    """Make a project in the language."""
    answers = {"name": "my-app", "language": language, "flavor": flavor}
    return template.render(folder / "my-app", answers, ask=()).directory


@pytest.mark.parametrize(
    ("language", "flavor", "names"),
    [
        ("python", "scratch", {"libc6", "libssl3t64", "zlib1g", "libsqlite3-0", "libffi8"}),
        ("node", "scratch", {"libc6", "libstdc++6"}),
        *in_release(("python", "slim", {"libffi8"})),
    ],
)
def test_debian_s_packages_are_known(
    language: str, flavor: str, names: set[str], tmp_path: Path
) -> None:
    """Those that the base lacks, with little; a scanner learns of the release, too."""
    with engine.temporary_image(project(tmp_path, language, flavor)) as tag:
        image = check.read_image(tag)
    folder = "/var/lib/dpkg/status.d/"
    found = {path for path in image.tree if path.startswith(folder)}
    assert names <= {path.removeprefix(folder) for path in found}
    # Without the sums a scanner takes a library for another package, besides.
    assert {f"{path}.md5sums" for path in found if not path.endswith(".md5sums")} <= found
    assert {"/etc/os-release", "/etc/debian_version"} <= image.tree.keys()
    # A tar has blocks of 512 bytes, and a header for each file.
    assert sum(1024 + image.tree[path].size for path in found) < MOST_BYTES


@pytest.mark.parametrize("language", STEP)
def test_alpine_s_packages_are_known(language: str, tmp_path: Path) -> None:
    """The base's entries stay, and those of copied libraries come behind."""
    directory = project(tmp_path, language, "alpine")
    dockerfile = directory / "Dockerfile"
    place, library = STEP[language]
    text = dockerfile.read_text()
    assert text.count(place) == 1
    text = text.replace(
        "FROM alpine:3.24 AS base\n",
        f"FROM alpine:3.24 AS base\nRUN printf '{KNOWN}\\n' >{DATABASE}\n",
    )
    entries = "\\n".join((KNOWN, ELSEWHERE, ENTRY.format(library=library)))
    written = f"RUN printf '{entries}\\n' >{DATABASE}\n"
    text = text.replace(place, f"\n{written}{place.lstrip()}")
    stage = "build" if language == "python" else "rootfs"
    dockerfile.write_text(text + LOOK.format(stage=stage, database=DATABASE))
    engine.build(directory, target="look", output=tmp_path / "seen")
    seen = (tmp_path / "seen/installed").read_text()
    assert [line for line in seen.splitlines() if line.startswith("P:")] == ["P:known", "P:own"]
    assert seen.count("\n\n") == 2
