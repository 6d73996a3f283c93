"""actionlint on the rendered workflows, in a container: no machine needs Go for it."""

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


@pytest.fixture(params=[{}, PRIVATE], ids=["plain", "private"])
def workflows(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A folder that is built by looking at the workflows in it: all languages have the same."""
    answers = {"name": "my-app", "language": "go", "ci": "github", **request.param}
    project = template.render(tmp_path / "my-app", answers, ask=()).directory
    shutil.copytree(project / ".github/workflows", tmp_path / "context/workflows")
    (tmp_path / "context/Dockerfile").write_text(DOCKERFILE)
    return tmp_path / "context"


def test_passes_actionlint(workflows: Path) -> None:
    """Expressions, outputs, runners and keys are all known."""
    engine.build(workflows)


def test_actionlint_would_find_something(workflows: Path) -> None:
    """An output that no step has is a mistake."""
    release = workflows / "workflows/release.yml"
    release.write_text(release.read_text().replace("steps.push.outputs", "steps.pushed.outputs"))
    with pytest.raises(BuildError) as caught:
        engine.build(workflows)
    assert 'property "pushed" is not defined' in caught.value.log
