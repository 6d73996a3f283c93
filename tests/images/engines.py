"""Other engines, each in a container of the main one, as if on a machine of its own.

Their images are built, so that the build cache keeps their programs: Debian packages, and BuildKit
from its Go module.
"""

import json
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from dockgen import engine
from tests.conftest import PLAIN

DOCKERFILE = """\
FROM debian:trixie-slim AS docker
RUN apt-get update \\
    && apt-get install -y --no-install-recommends docker.io docker-cli iptables openssh-server \\
    && rm -rf /var/lib/apt/lists/*
VOLUME /var/lib/docker

FROM debian:trixie-slim AS podman
RUN apt-get update \\
    && apt-get install -y --no-install-recommends aardvark-dns buildah catatonit crun netavark \\
       nftables podman \\
    && rm -rf /var/lib/apt/lists/*
VOLUME /var/lib/containers

FROM golang:1.27 AS module
# Its go.mod has an `exclude`, so `go install` refuses it.
RUN --mount=type=cache,target=/root/.cache/go-build --mount=type=cache,target=/go/pkg/mod \\
    go mod download -json github.com/moby/buildkit@v0.32.2 >/module.json \\
    && cd "$(sed -n 's/.*"Dir": "\\(.*\\)",/\\1/p' /module.json)" \\
    && CGO_ENABLED=0 go build -trimpath -ldflags="-s -w" -o /buildkitd ./cmd/buildkitd

FROM debian:trixie-slim AS buildkit
RUN apt-get update \\
    && apt-get install -y --no-install-recommends runc \\
    && rm -rf /var/lib/apt/lists/*
COPY --from=module /buildkitd /usr/bin/
VOLUME /var/lib/buildkit
"""
ANSWER_SECONDS = 60.0


def docker(*words: str, environment: Mapping[str, str] | None = None) -> str:
    """Return the output of a docker command; ``environment`` overrides variables."""
    done = subprocess.run(
        ["docker", *words], capture_output=True, text=True, check=False, timeout=600,
        env={**os.environ, **(environment or {})},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@contextmanager
def running(stage: str, folder: Path, *words: str, options: Sequence[str] = ()) -> Iterator[str]:
    """Run a container of a stage's image; yield its name, and remove both at the end."""
    name = f"other-engine-{secrets.token_hex(4)}"
    (folder / "Dockerfile").write_text(DOCKERFILE)
    try:
        engine.build(folder, name, target=stage)
        docker("run", "--detach", "--privileged", f"--name={name}", *options, name, *words)
        yield name
    finally:
        docker("rm", "--force", "--volumes", name)
        docker("image", "rm", "--force", name)


def address(name: str) -> str:
    """Return a container's IP address."""
    words = ("inspect", "--format={{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}")
    return docker(*words, name)


def wait(host: str, port: int, name: str) -> None:
    """Wait until a container accepts connections."""
    end = time.monotonic() + ANSWER_SECONDS
    with socket.socket() as probe:
        while probe.connect_ex((host, port)):
            assert time.monotonic() < end, docker("logs", name)
            time.sleep(0.2)


def give(host: str, *images: str) -> None:
    """Copy images of this engine to another one, which can't get them elsewhere."""
    with subprocess.Popen(["docker", "save", *images], stdout=subprocess.PIPE) as saving:
        subprocess.run(
            ["docker", f"--host={host}", "load"], stdin=saving.stdout, check=True,
            capture_output=True,
        )  # fmt: skip
    assert saving.returncode == 0


def settings(folder: Path) -> dict[str, str]:
    """Return variables for a docker client with settings of its own, and the usual plugins."""
    folder.mkdir()
    usual = Path(os.environ.get("DOCKER_CONFIG", Path.home() / ".docker"))
    if (usual / "cli-plugins").is_dir():
        (folder / "cli-plugins").symlink_to(usual / "cli-plugins")
    if (usual / "config.json").exists():  # it names the machine's proxy
        shutil.copy(usual / "config.json", folder)
    return {"DOCKER_CONFIG": str(folder)}


def check(
    target: Path,
    environment: Mapping[str, str],
    *words: str,
    command: str = "check",
    left_out: Sequence[str] = (),
) -> dict[str, Any]:
    """Return the report of ``dockgen check``, after checking that all but some rules pass."""
    done = dockgen(environment, command, "--json", *words, str(target))
    assert done.stdout, done.stderr
    facts: dict[str, Any] = json.loads(done.stdout)
    report: dict[str, Any] = facts if command == "check" else facts["trials"][-1]["check"]
    assert report, facts
    broken = [rule for rule in report["rules"] if rule["holds"] is False]
    assert (done.returncode, sorted(report["left_out"])) == (0, sorted(left_out)), broken
    return report


def dockgen(environment: Mapping[str, str], *words: str) -> "subprocess.CompletedProcess[str]":
    """Run a dockgen command."""
    return subprocess.run(
        [sys.executable, "-m", "dockgen", *words],
        env={**PLAIN, **environment}, capture_output=True, text=True, check=False,
    )  # fmt: skip


class Registry(ThreadingHTTPServer):
    """A registry with images from ``docker save``; ``asked`` are the requested names.

    https://github.com/opencontainers/distribution-spec/blob/main/spec.md
    """

    def __init__(self, saved: Path) -> None:
        """Serve the images in a folder, an OCI layout."""
        super().__init__(("127.0.0.1", 0), _Handler)
        self.blobs = saved / "blobs/sha256"
        self.images = {
            image["annotations"]["io.containerd.image.name"].removeprefix("docker.io/"): image
            for image in json.loads((saved / "index.json").read_text())["manifests"]
        }
        self.asked: list[str] = []


@contextmanager
def registry(folder: Path, *images: str) -> Iterator[Registry]:
    """Serve a registry with images of this engine within the block."""
    archive = folder / "images.tar"
    docker("save", f"--output={archive}", *images)
    subprocess.run(["tar", "-xf", archive, "-C", folder], check=True)
    archive.unlink()
    with Registry(folder) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


class _Handler(BaseHTTPRequestHandler):
    server: Registry

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        found = re.fullmatch(r"/v2/(.+)/(manifests|blobs)/(?:sha256:)?(.+)", path)
        if found is None:
            self._send(b"{}", "application/json")
            return
        name, kind, reference = found.groups()
        if image := self.server.images.get(f"{name}:{reference}"):
            self.server.asked.append(name)
            reference = image["digest"].removeprefix("sha256:")
        file = self.server.blobs / reference
        if not file.exists():
            self.send_error(404)
            return
        content = file.read_bytes()
        media_type = "application/octet-stream"
        if kind == "manifests":
            media_type = json.loads(content)["mediaType"]
        self._send(content, media_type, f"sha256:{reference}")

    do_HEAD = do_GET  # noqa: N815 - the server calls it so

    def _send(self, content: bytes, media_type: str, digest: str = "") -> None:
        self.send_response(200)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(content)))
        if digest:
            self.send_header("Docker-Content-Digest", digest)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Say nothing."""
