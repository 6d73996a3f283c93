"""actionlint on the rendered workflows, in a container."""

import shutil
from pathlib import Path

import pytest

from dockgen import engine, template
from dockgen.engine import BuildError

# A build does it, so that the cache keeps the tool. Its modules come verified by their checksums.
DOCKERFILE = """\
FROM golang:1.27
RUN --mount=type=cache,target=/root/.cache/go-build --mount=type=cache,target=/go/pkg/mod \\
    go install github.com/rhysd/actionlint/cmd/actionlint@v1.7.12
COPY workflows/ /workflows/
RUN actionlint /workflows/*.yml
"""


# What adds lines to the workflows.
PRIVATE = {"private_dependencies": "ssh", "private_host": "git.acme.example", "build_ca": True}


@pytest.fixture
def workflows(tmp_path: Path) -> Path:
    """A folder that is built by looking at the workflows in it: all languages have the same."""
    for name, more in {"plain": {}, "private": PRIVATE}.items():
        answers = {"name": "my-app", "language": "go", "ci": "github", **more}
        project = template.render(tmp_path / name / "my-app", answers, ask=()).directory
        for path in (project / ".github/workflows").iterdir():
            target = tmp_path / "context/workflows" / f"{name}-{path.name}"
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target)
    (tmp_path / "context/Dockerfile").write_text(DOCKERFILE)
    return tmp_path / "context"


def test_passes_actionlint(workflows: Path) -> None:
    """Expressions, outputs, runners and keys are all known."""
    engine.build(workflows)


def test_actionlint_would_find_something(workflows: Path) -> None:
    """An output that no step has is a mistake."""
    release = workflows / "workflows/plain-release.yml"
    release.write_text(release.read_text().replace("steps.push.outputs", "steps.pushed.outputs"))
    with pytest.raises(BuildError) as caught:
        engine.build(workflows)
    assert 'property "pushed" is not defined' in caught.value.log
