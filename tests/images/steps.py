"""Build, and return the steps from the builder's own report: never rely on the clock."""

import base64
import json
import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dockgen.matrix import Language

# The name of a step, such as "[build 2/5] COPY . .", after the platform, if requested.
STEP = re.compile(r"^\[(?:(linux/\w+)\S* )?(?:\S+ )?\d+/\d+\] (?!FROM )(.*)")

# Makes the report name the platform of each step.
NAME_PLATFORMS = "--build-arg=BUILDKIT_MULTI_PLATFORM=1"

# A build that takes longer never ends, in seconds.
PATIENCE = 900


# A line of the source: the file, and some words in it.
LINE = {
    Language.GO: ("handlers.go", "Hello, world"),
    Language.PYTHON: ("app/main.py", "Hello from FastAPI"),
    Language.NODE: ("src/app.js", "Hello, world"),
}


def edit_source(project: Path, line: tuple[str, str], words: str) -> None:
    """Replace some words in a line of source; `LINE` has one for each default project."""
    name, before = line
    source = (project / name).read_text()
    assert before in source
    (project / name).write_text(source.replace(before, words))


def exchange_caches(project: Path, name: str, folder: str = "") -> None:
    """Rename the Dockerfile's cache mounts: those at a folder, or all of them.

    Steps don't run again because of that: the builder ignores the names of cache mounts
    (checkShouldClearCacheOpts in BuildKit's solver/llbsolver/ops/exec.go).
    """
    dockerfile = project / "Dockerfile"
    where = re.escape(folder) if folder else "\\S+"
    content, count = re.subn(
        rf"--mount=type=cache,(?:id=[^,]+,)?target=({where})(?=\s)",
        rf"--mount=type=cache,id={name}\1,target=\1",
        dockerfile.read_text(),
    )
    assert count
    dockerfile.write_text(content)


@dataclass(frozen=True)
class Steps:
    """The instructions of a build: those that ran, and those that were cached.

    ``platforms`` are the platforms of both kinds of instructions, such as "linux/amd64", if
    `NAME_PLATFORMS` was given.
    """

    run: list[str]
    cached: list[str]
    platforms: Mapping[str, str]


def build(
    context: Path,
    *options: str,
    output: str = "type=cacheonly",
    environment: Mapping[str, str] | None = None,
) -> Steps:
    """Build, and return the instructions.

    Raises:
        AssertionError: the build failed; the message is what it printed.
    """
    done = subprocess.run(
        ["docker", "build", "--progress=rawjson", f"--output={output}", *options, "."],
        cwd=context,
        env=os.environ | dict(environment or {}),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    lines = done.stderr.splitlines()
    events = [json.loads(line) for line in lines if line.startswith("{")]
    if done.returncode != 0:
        printed = [log["data"] for event in events for log in event.get("logs") or []]
        reasons = [line for line in lines if not line.startswith("{")]
        output = b"".join(map(base64.b64decode, printed)).decode(errors="replace")
        raise AssertionError("\n".join([output, *reasons]))
    completed = {}
    for event in events:
        for vertex in event.get("vertexes") or []:
            if "completed" in vertex and (step := STEP.match(vertex["name"])):
                cached = vertex.get("cached", False)
                completed[vertex["digest"]] = (vertex["completed"], step[2], cached, step[1] or "")
    steps = sorted(completed.values())
    return Steps(
        run=[step for _, step, cached, _ in steps if not cached],
        cached=[step for _, step, cached, _ in steps if cached],
        platforms={step: platform for _, step, _, platform in steps},
    )
