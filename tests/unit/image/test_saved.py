"""A saved image is read as data, in each format that engines write."""

import gzip
import hashlib
import io
import json
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest

from dockgen import image
from dockgen.errors import ProjectError
from dockgen.image import Kind
from dockgen.image import saved as saved_image
from tests.table import table

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

CONFIG = {
    "User": "65532:65532",
    "Entrypoint": ["/app"],
    "Cmd": ["--serve"],
    "Healthcheck": {
        "Test": ["CMD", "/app", "healthcheck"],
        "Interval": 30_000_000_000,
        "Timeout": 3_000_000_000,
        "StartPeriod": 10_000_000_000,
        "StartInterval": 500_000_000,
        "Retries": 3,
    },
}


def entry(path: str, content: bytes = b"", **fields: Any) -> tuple[tarfile.TarInfo, bytes]:
    """An entry of a layer; ``fields`` are those of TarInfo, such as mode and type."""
    member = tarfile.TarInfo(path)
    member.size = len(content)
    for name, value in fields.items():
        setattr(member, name, value)
    return member, content


def folder(path: str) -> tuple[tarfile.TarInfo, bytes]:
    """A directory of a layer."""
    return entry(path, type=tarfile.DIRTYPE, mode=0o755)


def tar(*entries: tuple[tarfile.TarInfo, bytes]) -> bytes:
    """Return a tar of these entries."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for member, content in entries:
            archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def digest(content: bytes) -> str:
    """Return the content's digest, as image formats write it."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def configuration(layers: list[bytes], config: dict[str, Any], **more: Any) -> bytes:
    """Return an image's configuration over these unpacked layers."""
    facts = {"config": config, "rootfs": {"diff_ids": [digest(layer) for layer in layers]}}
    return json.dumps(facts | more).encode()


def docker_archive(
    path: Path,
    *layers: bytes,
    config: dict[str, Any] = CONFIG,
    packed: list[bytes] | None = None,
    **more: Any,
) -> Path:
    """Write the form with a manifest.json; ``packed`` replaces the layers as they are stored.

    ``more`` goes into the image's configuration, such as its history.
    """
    stored = {f"layer{number}.tar": layer for number, layer in enumerate(packed or layers)}
    manifest = [{"Config": "config.json", "RepoTags": ["app:1"], "Layers": list(stored)}]
    path.write_bytes(
        tar(
            *[entry(name, layer) for name, layer in stored.items()],
            entry("config.json", configuration(list(layers), config, **more)),
            entry("manifest.json", json.dumps(manifest).encode()),
        )
    )
    return path


def oci_layout(path: Path, *layers: bytes) -> Path:
    """Write the form with an index.json: gzip layers, and an index that points to another one."""
    blobs: dict[str, bytes] = {}

    def blob(content: bytes) -> dict[str, Any]:
        blobs["blobs/" + digest(content).replace(":", "/")] = content
        return {"digest": digest(content), "size": len(content)}

    manifest = {
        "config": blob(configuration(list(layers), CONFIG)),
        "layers": [blob(gzip.compress(layer)) for layer in layers],
    }
    provenance = blob(b"{}") | {
        "annotations": {"vnd.docker.reference.type": "attestation-manifest"}
    }
    inner = {"manifests": [blob(json.dumps(manifest).encode()), provenance]}
    outer = {"manifests": [blob(json.dumps(inner).encode())]}
    path.write_bytes(
        tar(
            entry("index.json", json.dumps(outer).encode()),
            *[entry(name, content) for name, content in blobs.items()],
        )
    )
    return path


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    """Where a test writes its image."""
    return tmp_path / "image.tar"


def test_knows_how_many_layers_are_the_base_s(saved: Path) -> None:
    """If the image begins with them; else it stands on another base."""
    lower, upper, top = (tar(entry(name)) for name in ("a", "b", "c"))
    docker_archive(saved, lower, upper, top)
    assert saved_image.read(saved, [digest(lower), digest(upper)]).base_layers == 2
    assert saved_image.read(saved, []).base_layers == 0
    assert saved_image.read(saved, [digest(upper)]).base_layers is None
    assert (
        saved_image.read(saved, [digest(layer) for layer in (lower, upper, top, top)]).base_layers
        is None
    )
    assert saved_image.read(saved).base_layers is None


def test_reads_the_configuration(saved: Path) -> None:
    """It has everything that rules use, with times in seconds."""
    config = saved_image.read(docker_archive(saved, tar())).config
    assert config == image.Config(
        user="65532:65532",
        entrypoint=("/app",),
        command=("--serve",),
        health_check=image.HealthCheck(
            test=("CMD", "/app", "healthcheck"),
            interval_seconds=30.0,
            timeout_seconds=3.0,
            start_period_seconds=10.0,
            start_interval_seconds=0.5,
            retries=3,
        ),
    )


def test_reads_an_empty_configuration(saved: Path) -> None:
    """Values that an image doesn't set are empty."""
    assert saved_image.read(docker_archive(saved, tar(), config={})).config == image.Config()


def test_reads_the_history(saved: Path) -> None:
    """Each layer belongs to the step that made it; a history of other layers is none."""
    layers = [tar(entry("a")), tar(entry("b"))]
    steps = [{"created_by": "FROM"}, {"created_by": "ENV", "empty_layer": True}, {}]
    read = saved_image.read(docker_archive(saved, *layers, history=steps))
    assert read.history == (
        image.Step("FROM", digest(layers[0])),
        image.Step("ENV"),
        image.Step("", digest(layers[1])),
    )
    assert saved_image.read(docker_archive(saved, *layers, history=steps[:2])).history == ()


def test_a_size_is_that_of_the_unpacked_tar(saved: Path) -> None:
    """Headers and padding count: it is what the layer's tar has, to the byte."""
    layers = [tar(entry("a", b"x" * 100_000)), tar(entry("b", b"y"))]
    read = saved_image.read(docker_archive(saved, *layers))
    assert [layer.unpacked_bytes for layer in read.layers] == [len(layer) for layer in layers]
    assert read.unpacked_bytes == sum(map(len, layers))


def test_a_gzip_size_is_that_of_gzip_6(saved: Path) -> None:
    """The other size is what gzip makes of each tar, without a time in it."""
    layers = [tar(entry("a", b"x" * 100_000)), tar(entry("b", bytes(range(256))))]
    read = saved_image.read(docker_archive(saved, *layers))
    packed = [len(gzip.compress(layer, 6, mtime=0)) for layer in layers]
    assert [layer.gzip_bytes for layer in read.layers] == packed
    assert read.gzip_bytes == sum(packed)


def test_packed_layers_are_measured_unpacked(saved: Path) -> None:
    """How a store keeps a layer changes nothing."""
    layer = tar(entry("a", b"x" * 100_000))
    plain = saved_image.read(docker_archive(saved, layer))
    packed = saved_image.read(docker_archive(saved, layer, packed=[gzip.compress(layer, 1)]))
    assert packed == plain


def test_both_forms_give_the_same_image(tmp_path: Path) -> None:
    """The OCI layout contains what the docker-archive holds; attestations are no images."""
    layers = [tar(folder("bin"), entry("bin/app", b"app", mode=0o755)), tar(entry("b", b"y"))]
    archive = saved_image.read(docker_archive(tmp_path / "docker.tar", *layers))
    assert saved_image.read(oci_layout(tmp_path / "oci.tar", *layers)) == archive


def test_zstd_is_read_too(saved: Path) -> None:
    """As BuildKit writes it if it is asked to; one that is cut off is damaged."""
    layer = tar(entry("a", b"x" * 100_000))
    packed = zstd.compress(layer)
    plain = saved_image.read(docker_archive(saved, layer))
    assert saved_image.read(docker_archive(saved, layer, packed=[packed])) == plain
    for broken in (packed[:-20], packed[:40] + b"?" * 10 + packed[50:]):
        docker_archive(saved, layer, packed=[broken])
        with pytest.raises(ProjectError, match="isn't a saved image, or is damaged"):
            saved_image.read(saved)


def test_reads_files(saved: Path) -> None:
    """Each entry has its path, size, mode, owner and kind, in the layer's order."""
    layer = tar(
        folder("./bin"),
        entry("bin/su", b"12345", mode=0o4755, uid=1, gid=2),
        entry("bin/link", type=tarfile.SYMTYPE, linkname="su", mode=0o777),
        entry("bin/hard", type=tarfile.LNKTYPE, linkname="bin/su", mode=0o4755),
        entry("dev/null", type=tarfile.CHRTYPE, mode=0o666),
        entry("run/pipe", type=tarfile.FIFOTYPE, mode=0o600),
    )
    (read,) = saved_image.read(docker_archive(saved, layer)).layers
    assert read.files == (
        image.File("/bin", 0, 0o755, 0, 0, Kind.DIRECTORY),
        image.File("/bin/su", 5, 0o4755, 1, 2, Kind.FILE),
        image.File("/bin/link", 0, 0o777, 0, 0, Kind.SYMBOLIC_LINK, "su"),
        image.File("/bin/hard", 0, 0o4755, 0, 0, Kind.HARD_LINK, "bin/su"),
        image.File("/dev/null", 0, 0o666, 0, 0, Kind.DEVICE),
        image.File("/run/pipe", 0, 0o600, 0, 0, Kind.FIFO),
    )
    assert [file.path for file in read.files if file.is_setuid] == ["/bin/su", "/bin/hard"]


@table(
    ("above", "paths"),
    [
        ([entry("etc/b", b"2")], ["/etc", "/etc/a", "/etc/b", "/etc/deep", "/etc/deep/c"]),
        ([entry("etc/.wh.a")], ["/etc", "/etc/b", "/etc/deep", "/etc/deep/c"]),
        ([entry("etc/.wh.deep")], ["/etc", "/etc/a", "/etc/b"]),
        ([entry("etc/.wh..wh..opq")], ["/etc"]),
        ([entry("etc/new"), entry("etc/.wh..wh..opq")], ["/etc", "/etc/new"]),
        ([entry("etc", b"now a file")], ["/etc"]),
        ([folder("etc")], ["/etc", "/etc/a", "/etc/b", "/etc/deep", "/etc/deep/c"]),
    ],
)
def test_layers_are_laid_over_each_other(
    saved: Path, above: list[tuple[tarfile.TarInfo, bytes]], paths: list[str]
) -> None:
    """The tree is what a container sees; what a layer removes stays in the layer below."""
    base = tar(
        folder("etc"), entry("etc/a"), entry("etc/b"), folder("etc/deep"), entry("etc/deep/c")
    )
    read = saved_image.read(docker_archive(saved, base, tar(*above)))
    assert sorted(read.tree) == paths
    assert len(read.layers[0].files) == 5


def test_a_missing_file_is_named(saved: Path) -> None:
    """The operating system's reason is passed on."""
    with pytest.raises(ProjectError, match="can't be read: No such file"):
        saved_image.read(saved)


def test_a_cut_off_image_is_named(saved: Path) -> None:
    """A save that ended early is damaged, never half an image."""
    docker_archive(saved, tar(entry("a", b"x" * 100_000)))
    saved.write_bytes(saved.read_bytes()[:50_000])
    with pytest.raises(ProjectError, match="isn't a saved image, or is damaged"):
        saved_image.read(saved)


def test_a_cut_off_layer_is_named(saved: Path) -> None:
    """So is one with a packed layer that ends early."""
    layer = tar(entry("a", bytes(range(256)) * 100))
    docker_archive(saved, layer, packed=[gzip.compress(layer)[:-20]])
    with pytest.raises(ProjectError, match="isn't a saved image, or is damaged"):
        saved_image.read(saved)


@pytest.mark.parametrize(
    "content", [b"not a tar", tar(entry("hello", b"world"))], ids=["text", "another tar"]
)
def test_another_file_is_named(saved: Path, content: bytes) -> None:
    """The error says that it isn't a saved image."""
    saved.write_bytes(content)
    with pytest.raises(ProjectError, match="isn't a saved image"):
        saved_image.read(saved)


def test_several_images_are_refused(saved: Path) -> None:
    """One image is measured at a time."""
    saved.write_bytes(tar(entry("manifest.json", b"[{}, {}]")))
    with pytest.raises(ProjectError, match="it has 2 images, not one"):
        saved_image.read(saved)


def test_a_changed_layer_is_named(saved: Path) -> None:
    """Layers that are not those of the configuration are not measured as if they were."""
    docker_archive(saved, tar(entry("a")), packed=[tar(entry("b"))])
    with pytest.raises(ProjectError, match="its layers don't match"):
        saved_image.read(saved)


def test_small_files_are_looked_into(saved: Path) -> None:
    """For secrets, which are named and not kept, and for the numbers of users."""
    words = b"//registry.example.com/:_authToken=q7Hx2mKp9vRt4w\n"
    lower = tar(entry("root/.npmrc", words), entry("app/node_modules/x/.npmrc", words))
    upper = tar(entry("etc/passwd", b"root:x:0:0::/:\nnode:x:1000:1000::/home/node:\nodd\n"))
    found = saved_image.read(docker_archive(saved, lower, upper))
    assert found.layers[0].secrets == {"/root/.npmrc": "a password for an npm registry"}
    assert found.layers[1].accounts == {"root": 0, "node": 1000}
    assert saved_image.read(saved, secrets=False).layers[0].secrets == {}


@table(
    ("path", "content"),
    [
        (
            "var/lib/dpkg/info/zlib1g:amd64.list",
            b"/.\n/usr/lib/x-linux-gnu/libz.so.1\n/usr/bin/z\n",
        ),
        ("var/lib/dpkg/status.d/zlib1g.md5sums", b"0af  usr/lib/x-linux-gnu/libz.so.1\n"),
        (
            "lib/apk/db/installed",
            b"P:zlib\nF:usr/lib/x-linux-gnu\nR:libz.so.1\nZ:Q1x=\n\nP:odd\nR:\n",
        ),
        ("usr/lib/apk/db/installed", b"P:zlib\nF:lib/x-linux-gnu\nR:libz.so.1\n"),
    ],
)
def test_package_databases_are_read(saved: Path, path: str, content: bytes) -> None:
    """Only the libraries that they list are kept."""
    found = saved_image.read(docker_archive(saved, tar(entry(path, content))))
    assert found.layers[0].libraries == {f"/{path}": {"/lib/x-linux-gnu/libz.so.1"}}
