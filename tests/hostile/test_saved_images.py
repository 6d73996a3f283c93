"""Malicious saved images, and other files: a one-line error, and nothing outside is read."""

import gzip
import io
import json
import os
import re
import subprocess
import sys
import tarfile
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dockgen.errors import ProjectError
from dockgen.image import Kind, layer, saved, store
from tests.table import table
from tests.unit.image.test_saved import configuration, digest, docker_archive, entry, folder, tar


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where a test writes its image."""
    return tmp_path / "image.tar"


def refused(file: Path) -> str:
    """Return the one-line error for an image."""
    with pytest.raises(ProjectError) as caught:
        saved.read(file)
    assert caught.value.message.count("\n") == 0
    assert caught.value.hint
    return caught.value.message


@table(
    ("name", "words"),
    [
        ("../../etc/passwd", "outside of the image"),
        ("a/../../etc/passwd", "outside of the image"),
        ("a/.wh..", "whiteout without a file name"),
        ("a/.wh...", "whiteout without a file name"),
        ("a/.wh.", "whiteout without a file name"),
        ("/".join("a" * 300), "too long"),
        ("a" * 5000, "too long"),
    ],
)
def test_names_that_no_engine_takes(file: Path, name: str, words: str) -> None:
    """They are refused, as an engine refuses them."""
    assert words in refused(docker_archive(file, tar(entry(name))))


def test_names_that_an_engine_cleans(file: Path) -> None:
    """Odd ones mean what they mean to it; what AUFS noted means nothing."""
    names = ("/a", "./b", "c//d", "c/./e", "c/../f", "/../g", ".wh..wh.plnk/x", ".wh..wh.aufs")
    image = saved.read(docker_archive(file, tar(*map(entry, names))))
    assert sorted(image.tree) == ["/.wh..wh.plnk/x", "/a", "/b", "/c/d", "/c/e", "/f", "/g"]


def test_the_last_of_two_entries_counts(file: Path) -> None:
    """As it does for an engine: the setuid file isn't hidden by the first one."""
    twice = tar(entry("su", mode=0o755), entry("su", mode=0o4755))
    assert saved.read(docker_archive(file, twice)).tree["/su"].is_setuid


def test_links_lead_nowhere(file: Path) -> None:
    """Where a layer's link points to is noted, and never looked at."""
    link = entry("passwd", type=tarfile.SYMTYPE, linkname="/etc/passwd")
    found = saved.read(docker_archive(file, tar(link))).tree["/passwd"]
    assert (found.kind, found.target, found.size) == (Kind.SYMBOLIC_LINK, "/etc/passwd", 0)


@table("path", ["/etc/passwd", "../secret", "a/../../secret", "link", "pipe", ""])
def test_no_manifest_names_what_is_outside(tmp_path: Path, path: str) -> None:
    """In a folder, where links and pipes may be, nor does it wait for one."""
    (tmp_path / "secret").write_text("{}")
    layout = tmp_path / "layout"
    (layout / "blobs").mkdir(parents=True)
    (layout / "link").symlink_to(tmp_path / "secret")
    os.mkfifo(layout / "pipe")
    (layout / "manifest.json").write_text(json.dumps([{"Config": path, "Layers": []}]))
    assert store.is_folder(layout)
    message = refused(layout)
    assert any(words in message for words in ("outside", "leads out", "is a pipe")), message


def test_links_in_a_tar_stay_in_it(file: Path) -> None:
    """A second copy of a layer is a link, as `docker save` before 25 wrote it."""
    content = tar(entry("a"))
    manifest = [{"Config": "config.json", "Layers": ["one/layer.tar", "two/layer.tar"]}]
    parts = [
        entry("one/layer.tar", content),
        entry("config.json", configuration([content, content], {})),
        entry("manifest.json", json.dumps(manifest).encode()),
    ]
    links = (("../one/layer.tar", ""), ("../two/layer.tar", "no two/layer.tar"),
             ("/etc/passwd", "no two/layer.tar"), ("../../../one", "no two/layer.tar"))  # fmt: skip
    for target, words in links:
        link = entry("two/layer.tar", type=tarfile.SYMTYPE, linkname=target)
        file.write_bytes(tar(link, *parts))
        if words:
            assert words in refused(file)
        else:
            assert len(saved.read(file).layers) == 2


@pytest.mark.parametrize("name", ["manifest.json", "config.json"])
def test_two_files_of_one_name(file: Path, name: str) -> None:
    """Another reader may take the other one: neither is taken."""
    docker_archive(file, tar(entry("a")))
    with tarfile.open(file, "a") as archive:
        member, content = entry(name, b"{}")
        archive.addfile(member, io.BytesIO(content))
    assert f"it has {name} twice" in refused(file)


def test_a_bomb_is_not_unpacked(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both a layer that grows too much and one that is too large are refused."""
    monkeypatch.setattr(layer, "_GROWN", 10**6)
    zeros = tar(entry("zeros", bytes(5_000_000)))
    docker_archive(file, zeros, packed=[gzip.compress(zeros)])
    assert "unpacks to more than 200 times its size" in refused(file)
    docker_archive(file, zeros)
    assert saved.read(file).unpacked_bytes == len(zeros)
    monkeypatch.setattr(layer, "MOST_BYTES", 4_000_000)
    assert "unpacks to more than 0.004 GB" in refused(file)


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_too_many_files(
    file: Path, monkeypatch: pytest.MonkeyPatch, pack: Callable[[bytes], bytes]
) -> None:
    """Those of all layers count, and so do the bytes of their names."""
    monkeypatch.setattr(layer, "MOST_FILES", 3)
    two = tar(entry("a"), entry("b"))
    docker_archive(file, two, two, packed=[pack(two)] * 2)
    assert "more than 3 files" in refused(file)
    monkeypatch.setattr(layer, "MOST_FILES", 4)
    assert len(saved.read(file).layers) == 2
    monkeypatch.setattr(layer, "MOST_NAMES", 3)
    assert "very long names" in refused(file)


def test_many_whiteouts_take_no_time(file: Path) -> None:
    """Each entry is looked at once: twenty thousand times twenty thousand would take minutes."""
    below = tar(*(entry(f"a/b{number}") for number in range(20_000)))
    above = tar(*(entry(f"a/.wh.b{number}") for number in range(20_000)))
    assert saved.read(docker_archive(file, below, above)).tree == {}


@table(
    "config",
    [
        {"User": ["root"]},
        {"Env": "PATH=/"},
        {"Cmd": [1]},
        {"Labels": ["a"]},
        {"ExposedPorts": ["http"]},
        {"Healthcheck": {"Test": "CMD true"}},
        {"Healthcheck": {"Test": [], "Interval": "1s"}},
    ],
)
def test_a_configuration_of_other_kinds(file: Path, config: dict[str, Any]) -> None:
    """Values of the wrong type are reported as damage, not as a bug."""
    assert "isn't a saved image, or is damaged" in refused(
        docker_archive(file, tar(), config=config)
    )


@table(
    "content",
    [
        b"",
        b"[]",
        b"null",
        b'"text"',
        b'[{"Layers": []}]',
        b'[{"Config": 5, "Layers": []}]',
        b'[{"Config": "config.json", "Layers": 5}]',
        b'{"manifests": []}',
        b'{"config": {"digest": "sha256:../../etc/passwd"}, "layers": []}',
        b'{"config": {"digest": 5}, "layers": []}',
        b"[" * 100_000,
        b"\xff",
    ],
)
def test_a_manifest_of_other_kinds(file: Path, content: bytes) -> None:
    """There is no traceback, and no file of this machine is read."""
    file.write_bytes(tar(entry("manifest.json", content), entry("config.json", b"{}")))
    assert str(file) in refused(file)


def layout(file: Path, index: Any, *blobs: Any) -> Path:
    """Write an OCI layout: its index, and what else there is."""
    contents = [one if isinstance(one, bytes) else json.dumps(one).encode() for one in blobs]
    named = [("blobs/" + digest(one).replace(":", "/"), one) for one in contents]
    listed = [entry(name, content) for name, content in named]
    file.write_bytes(tar(entry("index.json", json.dumps(index).encode()), *listed))
    return file


def described(value: Any, **more: Any) -> dict[str, Any]:
    """Return the descriptor of a blob."""
    content = value if isinstance(value, bytes) else json.dumps(value).encode()
    return {"digest": digest(content), "size": len(content), **more}


def test_a_blob_that_is_not_what_its_name_says(file: Path) -> None:
    """A configuration that was changed after the image was made."""
    config = b"{}"
    manifest = {"config": described(config), "layers": []}
    name = "blobs/" + digest(config).replace(":", "/")
    content = json.dumps(manifest).encode()
    file.write_bytes(
        tar(
            entry("index.json", json.dumps({"manifests": [described(content)]}).encode()),
            entry("blobs/" + digest(content).replace(":", "/"), content),
            entry(name, b'{"config": {}}'),
        )
    )
    assert "doesn't match its digest" in refused(file)


def test_what_is_no_image_is_named(file: Path) -> None:
    """A chart, say, is kept in registries, too."""
    kind = "application/vnd.cncf.helm.config.v1+json"
    manifest = {"config": described({}, mediaType=kind), "layers": []}
    message = refused(layout(file, {"manifests": [described(manifest)]}, manifest, {}))
    assert f"it isn't an image, but {kind}" in message


def test_a_foreign_layer_is_named(file: Path) -> None:
    """Windows' layers are kept elsewhere: what isn't here can't be measured."""
    kind = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"
    config = configuration([b"x"], {})
    manifest = {"config": described(config), "layers": [described(b"x", mediaType=kind)]}
    message = refused(layout(file, {"manifests": [described(manifest)]}, manifest, config))
    assert "layer 1 isn't in it: it is a foreign layer" in message


def test_indexes_lie_in_each_other_only_so_deep(file: Path) -> None:
    """Ten of them are no image's."""
    blobs: list[Any] = [{"manifests": []}]
    for _ in range(10):
        blobs.append({"manifests": [described(blobs[-1])]})
    assert "its indexes refer to each other" in refused(layout(file, blobs[-1], *blobs))


def test_a_tar_of_very_many_files(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An index of it that takes all memory isn't made."""
    monkeypatch.setattr(store, "_MOST_FILES", 1)
    assert "more than 1 files" in refused(docker_archive(file, tar()))


def test_a_description_that_is_too_large(file: Path) -> None:
    """It isn't read into memory."""
    file.write_bytes(tar(entry("manifest.json", bytes(17_000_000))))
    tracemalloc.start()
    assert "manifest.json is larger than 16 MB" in refused(file)
    tracemalloc.stop()


@table("cut", [100, 600, 11_000, 30_000, 90_000])
def test_one_that_ends_early(file: Path, cut: int) -> None:
    """A truncated image is refused, wherever it ends."""
    docker_archive(file, tar(folder("a"), entry("a/b", bytes(range(256)) * 300)), tar(entry("c")))
    file.write_bytes(file.read_bytes()[:cut])
    assert "isn't a saved image, or is damaged" in refused(file)


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    """Devices aren't read either."""
    os.mkfifo(tmp_path / "pipe")
    assert "is a pipe, not a file" in refused(tmp_path / "pipe")
    assert "is a device, not a file" in refused(Path("/dev/zero"))


def test_a_file_is_as_small_as_it_says(file: Path) -> None:
    """A sparse one that names ten bytes, and holds megabytes, isn't read whole for its secrets."""
    records = {"GNU.sparse.realsize": "10"}
    member, content = entry(".env", bytes(50_000_000), pax_headers=records)
    docker_archive(file, tar((member, content)))
    tracemalloc.start()
    assert saved.read(file, gzip_sizes=False).tree["/.env"].size == 10
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 20_000_000


def test_memory_is_bounded(file: Path) -> None:
    """A hundred thousand entries in a process of its own: within a hundred megabytes."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for number in range(100_000):
            archive.addfile(
                tarfile.TarInfo(f"usr/lib/python3/dist-packages/some/module_{number}.py")
            )
    docker_archive(file, buffer.getvalue())
    code = (
        "import sys; from pathlib import Path; from dockgen.image import saved\n"
        "assert len(saved.read(Path(sys.argv[1]), gzip_sizes=False).tree) == 100_000\n"
        "print(Path('/proc/self/status').read_text())"
    )
    done = subprocess.run([sys.executable, "-c", code, file], capture_output=True, check=True)
    (peak,) = re.findall(rb"VmHWM:\s*(\d+) kB", done.stdout)
    assert int(peak) < 100_000
