"""Trivy and Syft on each cell's files and image, in a build step without a network.

They name what an image holds, and what is set wrongly. Which of that is vulnerable they can't tell
here: that needs their databases, which no package registry has.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest

from dockgen import engine
from dockgen.checks import layers
from dockgen.containerfiles import dockerfile
from dockgen.image import Image, Kind, databases, saved
from dockgen.matrix import Cell
from tests.images.conftest import cells
from tests.images.test_bad_projects import SOUND

# Twenty minutes of two processors, for what the builder's cache then keeps.
pytestmark = pytest.mark.release
PATIENCE = 5400

# Modules and compiled packages take five gigabytes: only the programs stay.
DOCKERFILE = """\
FROM golang:1.27 AS syft
RUN CGO_ENABLED=0 go install -ldflags=-s github.com/anchore/syft/cmd/syft@v1.57.1 \\
    && go clean -cache -modcache

# Trivy 0.74 is written for the JSON of Go 1.26, which 1.27 has changed.
FROM golang:1.27 AS trivy
ENV GOEXPERIMENT=jsonv2 \\
    GOTOOLCHAIN=go1.26.3
RUN CGO_ENABLED=0 go install -ldflags=-s github.com/aquasecurity/trivy/cmd/trivy@v0.74.0 \\
    && go clean -cache -modcache

FROM debian:trixie-slim AS look
COPY --from=syft /go/bin/syft /usr/local/bin/
COPY --from=trivy /go/bin/trivy /usr/local/bin/
ENV SYFT_CHECK_FOR_APP_UPDATE=false \\
    TRIVY_DISABLE_TELEMETRY=true \\
    TRIVY_FORMAT=json \\
    TRIVY_QUIET=true \\
    TRIVY_SKIP_CHECK_UPDATE=true \\
    TRIVY_SKIP_VERSION_CHECK=true
COPY . /scanned/
WORKDIR /reports
RUN --network=none trivy config --output files.json /scanned/project \\
    && trivy image --scanners misconfig --image-config-scanners misconfig --output config.json \\
        --input /scanned/image.tar \\
    && trivy image --format cyclonedx --output trivy.json --input /scanned/image.tar \\
    && syft scan --quiet --output json=syft.json docker-archive:/scanned/image.tar

FROM scratch
COPY --from=look /reports/ /
"""


@dataclass(frozen=True)
class Scanned:
    """What the scanners say of a project, by report, and its image as dockgen reads it."""

    reports: Mapping[str, Any]
    image: Image

    def faults(self) -> set[str]:
        """Return the codes of Trivy's findings in the project's files and the image's settings."""
        results = [self.reports[name]["Results"] for name in ("files", "config")]
        assert all(results), "Trivy has looked at nothing"
        return {
            fault["ID"]
            for result in (*results[0], *results[1])
            for fault in result.get("Misconfigurations", ())
        }

    def known(self) -> set[str]:
        """Return the libraries whose package Syft knows, named as by `databases.library`."""
        packages = self.reports["syft"]["artifacts"]
        files = [
            file for one in packages for file in (one.get("metadata") or {}).get("files") or ()
        ]
        return {databases.library(file["path"]) for file in files if isinstance(file, dict)}

    def libraries(self) -> set[str]:
        """Return the system libraries that the project adds to its base."""
        return {
            name
            for _, file in layers.visible(self.image)
            if file.kind is Kind.FILE and (name := databases.library(file.path))
        }


Scan = Callable[[Path], Scanned]


@pytest.fixture
def scan(tmp_path: Path) -> Scan:
    """Build a project's image, and let both scanners look at it and at the project's files."""

    def run(project: Path) -> Scanned:
        context = tmp_path / "context"
        copytree(project, context / "project")
        (context / "Dockerfile").write_text(DOCKERFILE)
        with engine.temporary_image(project) as tag:
            engine.save(tag, context / "image.tar")
        engine.build(context, output=tmp_path / "reports", deadline=PATIENCE)
        found = dockerfile.find(project)
        base = engine.base_layers(found.base if found else None)
        image = saved.read(context / "image.tar", base, gzip_sizes=False, secrets=False)
        reports = {
            path.stem: json.loads(path.read_text()) for path in (tmp_path / "reports").iterdir()
        }
        return Scanned(reports, image)

    return run


@pytest.mark.parametrize("cell", cells())
def test_scanners_know_what_a_cell_s_image_holds(
    cell: Cell, rendered_project: Callable[[Cell], Path], scan: Scan
) -> None:
    """Trivy finds no fault. Syft knows the package of each library, and Trivy has the same ones."""
    scanned = scan(rendered_project(cell))
    assert scanned.faults() == set()
    assert scanned.libraries() <= scanned.known()
    kinds = ("deb", "apk")
    syft = {one["name"] for one in scanned.reports["syft"]["artifacts"] if one["type"] in kinds}
    # If Trivy can't tell the distribution, its packages have no address, and it asks for no fault.
    trivy = {
        one["name"]
        for one in scanned.reports["trivy"].get("components", ())
        if one.get("purl", "").startswith(tuple(f"pkg:{kind}/" for kind in kinds))
    }
    assert trivy == syft


def test_scanners_would_find_something(scan: Scan, tmp_path: Path) -> None:
    """A root user, a second health check, and a library without a package."""
    project = copytree(SOUND, tmp_path / "unsound")
    with (project / "Dockerfile").open("a") as file:
        file.write(
            "USER root\nHEALTHCHECK NONE\nCOPY --from=build /src/go.mod /usr/lib/libz.so.1\n"
        )
    scanned = scan(project)
    assert scanned.faults() == {"DS-0002", "DS-0023"}
    assert scanned.libraries() - scanned.known() == {"/lib/libz.so.1"}
