"""`dockgen flatten` on a real engine: one layer, the same files and the same configuration."""

import hashlib
import io
import json
import secrets
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import PLAIN

PATIENCE = 180
CAPABILITY = "SCHILY.xattr.security.capability"
# cap_net_bind_service=ep, as the kernel stores it.
BIND = b"\x01\x00\x00\x02\x00\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00".decode()
# What the engine puts into each container, with the time of just now.
OF_THE_ENGINE = {
    ".dockerenv", "dev/console", "etc/hostname", "etc/hosts", "etc/mtab", "etc/resolv.conf"
}  # fmt: skip
DOCKERFILE = r"""
FROM alpine:3.24
ADD files.tar /
RUN head -c 2000000 /dev/zero > /big && ln /bin/busybox /hard && ln -s big /soft \
    && echo x > /own && chown 12:34 /own && chmod 4711 /own && mkdir -m 1777 /sticky
RUN rm /big && ln /hard /harder
ENV A="\$x \"q\" 'a' \\ b" EMPTY=
LABEL org.example.text="one \
two" "with space"="\$HOME"
USER 12:34
WORKDIR /sticky/work
EXPOSE 80/tcp 53/udp
VOLUME ["/data", "/with space"]
STOPSIGNAL SIGINT
SHELL ["/bin/sh", "-ec"]
HEALTHCHECK --interval=7s --timeout=2s --start-period=3s --start-interval=1s --retries=4 \
    CMD ["true"]
ONBUILD RUN touch /built
ENTRYPOINT ["/bin/echo", "a b"]
CMD ["$HOME", "\"c\""]
"""


def docker(*arguments: str) -> bytes:
    """Return docker's output; it must succeed."""
    command = ["docker", *arguments]
    return subprocess.run(command, capture_output=True, timeout=PATIENCE, check=True).stdout


def flatten(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run `dockgen flatten`."""
    command = [sys.executable, "-m", "dockgen", "flatten", *arguments]
    return subprocess.run(
        command, env=PLAIN, input="", capture_output=True, text=True, timeout=PATIENCE, check=False
    )


@pytest.fixture
def image(tmp_path: Path) -> Iterator[str]:
    """An image with all that a configuration can have, and files that are easily lost."""
    with tarfile.open(tmp_path / "files.tar", "w", format=tarfile.PAX_FORMAT) as tar:
        able = tarfile.TarInfo("able")
        able.mode, able.size, able.mtime = 0o755, 1, 1_000_000_000
        able.pax_headers = {CAPABILITY: BIND}
        tar.addfile(able, io.BytesIO(b"x"))
        pipe = tarfile.TarInfo("pipe")
        pipe.type = tarfile.FIFOTYPE
        tar.addfile(pipe)
    (tmp_path / "Dockerfile").write_text(DOCKERFILE)
    name = f"dockgen-test:{secrets.token_hex(6)}"
    docker("build", "--load", f"--tag={name}", str(tmp_path))
    try:
        yield name
    finally:
        for tag in (name, f"{name}-flat"):
            subprocess.run(
                ["docker", "image", "rm", "--force", tag],
                capture_output=True,
                timeout=PATIENCE,
                check=False,
            )


def inspected(image: str) -> Any:
    """Inspect an image."""
    (facts,) = json.loads(docker("image", "inspect", image))
    return facts


def files(image: str) -> dict[str, tuple[object, ...]]:
    """Return everything about each file that a container of an image has."""
    container = docker("create", "--network=none", image).decode().strip()
    try:
        content = docker("export", container)
    finally:
        docker("rm", "--volumes", container)
    found: dict[str, tuple[object, ...]] = {}
    with tarfile.open(fileobj=io.BytesIO(content)) as tar:
        for member in tar:
            if member.name in OF_THE_ENGINE:
                continue
            file = tar.extractfile(member) if member.isfile() or member.islnk() else None
            kind = b"file" if member.islnk() else member.type.replace(tarfile.REGTYPE, b"file")
            found[member.name] = (
                kind,
                member.mode,
                member.uid,
                member.gid,
                0 if member.isdir() else int(member.mtime),
                member.linkname if member.issym() else "",
                member.pax_headers.get(CAPABILITY),
                file and hashlib.sha256(file.read()).hexdigest(),
            )
    return found


def test_one_layer_with_the_same_files_and_configuration(image: str) -> None:
    """Told by the engine itself; what was hidden is gained, and the base is no longer shared."""
    flat = f"{image}-flat"
    done = flatten(image, flat, "--json")
    assert done.returncode == 0, done.stderr
    before, after = inspected(image), inspected(flat)
    assert after["Config"] == before["Config"]
    assert [after[key] for key in ("Os", "Architecture")] == [
        before[key] for key in ("Os", "Architecture")
    ]
    assert len(after["RootFS"]["Layers"]) == 1
    assert after["RepoTags"] == [flat]

    mine, its = files(image), files(flat)
    assert {name: fact for name, fact in mine.items() if its.get(name) != fact} == {}
    assert set(its) == set(mine)
    assert its["able"][6] == BIND  # which the kernel stores beside the file

    made = json.loads(done.stdout)
    assert made["layers"] == len(before["RootFS"]["Layers"])
    assert 2_000_000 <= made["hidden_bytes"] < 2_100_000
    assert made["before_bytes"] - made["after_bytes"] > 1_900_000
    assert made["shared_layers"] >= 1
    assert made["shared_by"] >= 1
    assert made["shared_bytes"] > 5_000_000


def test_a_missing_image_is_named() -> None:
    """Exit 3, and nothing is made."""
    done = flatten("dockgen-test:nobody-made-it", "dockgen-test:flat")
    assert (done.returncode, done.stdout) == (3, "")
    assert "dockgen-test:nobody-made-it" in done.stderr
