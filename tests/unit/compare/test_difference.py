"""The difference between two images, each read from a minimal tar."""

import tarfile
from pathlib import Path
from typing import Any

import pytest

from dockgen.compare import difference
from dockgen.compare.difference import Change, Difference
from dockgen.image import saved
from tests.table import table
from tests.unit.image.test_saved import docker_archive, entry, folder, tar

BASE = tar(folder("lib"), entry("lib/a", b"a" * 1000), entry("lib/same", b"s" * 500))


@pytest.fixture
def compared(tmp_path: Path) -> Any:
    """Compare an image of the base and another layer with one of the base and a second layer."""

    def compare(
        before: bytes | None, after: bytes | None, configs: tuple[Any, Any] = ({}, {})
    ) -> Difference:
        images = []
        for number, (own, config) in enumerate(zip((before, after), configs, strict=True)):
            layers = [BASE, *([own] if own is not None else [])]
            file = docker_archive(tmp_path / f"{number}.tar", *layers, config=config)
            images.append(saved.read(file, gzip_sizes=False, secrets=False, contents=True))
        return difference.of(("a", "b"), *images)

    return compare


def files(found: Difference) -> list[tuple[str, str, tuple[str, ...]]]:
    """Return the files that differ, in order."""
    return [(one.path, str(one.change), one.what) for one in found.files]


def test_an_image_is_the_same_as_itself(compared: Any) -> None:
    """Nothing is listed, and all layers are shared."""
    found = compared(tar(entry("app", b"x")), tar(entry("app", b"x")))
    assert found.is_none
    assert len(found.shared_layers) == 2


def test_files_are_sorted_by_size(compared: Any) -> None:
    """Added, removed and changed ones, each counted in bytes; what is the same isn't listed."""
    found = compared(
        tar(entry("gone", b"g" * 30), entry("kept", b"k"), entry("app", b"1" * 10)),
        tar(entry("new", b"n" * 70), entry("kept", b"k"), entry("app", b"2" * 50)),
    )
    assert files(found) == [
        ("/new", "added", ()),
        ("/app", "changed", ("content",)),
        ("/gone", "removed", ()),
    ]
    assert found.tally(Change.ADDED) == difference.Tally(1, 0, 70)
    assert found.tally(Change.REMOVED) == difference.Tally(1, 30, 0)
    assert found.tally(Change.CHANGED) == difference.Tally(1, 10, 50)
    assert not found.is_none


def test_a_file_of_the_same_size_may_differ(compared: Any) -> None:
    """Its content counts, from whichever layer it is."""
    assert files(compared(None, tar(entry("lib/a", b"b" * 1000)))) == [
        ("/lib/a", "changed", ("content",))
    ]
    found = compared(None, tar(entry("lib/a", b"a" * 1000)))
    assert files(found) == []
    assert [one.change for one in found.layers] == [Change.ADDED]


@table(
    ("before", "after", "what"),
    [
        ({"mode": 0o644}, {"mode": 0o4755}, ("mode",)),
        ({"uid": 0}, {"uid": 65532}, ("owner",)),
        ({"gid": 0}, {"gid": 65532, "mode": 0o600}, ("mode", "owner")),
        ({"type": tarfile.SYMTYPE, "linkname": "a"}, {"type": tarfile.SYMTYPE, "linkname": "b"},
         ("content",)),
        ({"type": tarfile.SYMTYPE, "linkname": "a"}, {}, ("kind",)),
    ],
)  # fmt: skip
def test_what_else_of_a_file_changes(
    compared: Any, before: dict[str, Any], after: dict[str, Any], what: tuple[str, ...]
) -> None:
    """Each is named."""
    found = compared(tar(entry("x", **before)), tar(entry("x", **after)))
    assert files(found) == [("/x", "changed", what)]


@table("target", ["app", "/app", "./app"])
def test_a_hard_link_is_what_it_links_to(compared: Any, target: str) -> None:
    """A tar may have either of two names as the file."""
    link = entry("app2", type=tarfile.LNKTYPE, linkname=target)
    one = tar(entry("app", b"x" * 9), link)
    assert files(compared(one, tar(entry("app", b"x" * 9), entry("app2", b"x" * 9)))) == []
    other = compared(one, tar(entry("app", b"x" * 9), entry("app2", b"y" * 9)))
    assert files(other) == [("/app2", "changed", ("content",))]


def test_what_a_layer_removes_is_gone(compared: Any) -> None:
    """As a container sees it."""
    found = compared(None, tar(entry("lib/.wh.a")))
    assert files(found) == [("/lib/a", "removed", ())]


def test_layers_are_shared_as_often_as_both_have_them(compared: Any) -> None:
    """A layer may be in an image twice."""
    found = compared(BASE, None)
    assert len(found.shared_layers) == 1
    assert [(one.change, one.layer.unpacked_bytes) for one in found.layers] == [
        (Change.REMOVED, len(BASE))
    ]


def test_packages_differ_by_version(compared: Any) -> None:
    """Added, removed, changed; an image may have two versions of one."""

    def modules(*versions: tuple[str, str]) -> bytes:
        return tar(
            *[
                entry(
                    f"app/{number}/node_modules/{name}/package.json",
                    f'{{"name": "{name}", "version": "{version}"}}'.encode(),
                )
                for number, (name, version) in enumerate(versions)
            ]
        )

    found = compared(
        modules(("a", "1"), ("b", "1"), ("b", "2"), ("old", "1"), ("same", "1")),
        modules(("a", "2"), ("b", "1"), ("new", "1"), ("gap", ""), ("same", "1")),
    )
    assert [(one.name, str(one.change), one.before, one.after) for one in found.packages] == [
        ("a", "changed", ("1",), ("2",)),
        ("b", "changed", ("1", "2"), ("1",)),
        ("new", "added", (), ("1",)),
        ("old", "removed", ("1",), ()),
    ]


def test_a_package_whose_notes_are_replaced_is_not_there_twice(compared: Any) -> None:
    """Packages that a later layer hides don't count as installed."""
    status = "Package: a\nVersion: {}\n"
    lower = tar(entry("var/lib/dpkg/status", status.format(1).encode()))
    upper = tar(entry("var/lib/dpkg/status", status.format(2).encode()))
    (one,) = compared(lower, upper).packages
    assert (one.before, one.after) == (("1",), ("2",))


def test_settings_that_differ_are_named(compared: Any) -> None:
    """Each variable and label alone; what both say the same isn't listed."""
    before = {
        "User": "root",
        "Env": ["PATH=/bin", "A=1"],
        "Cmd": ["sh", "-c", "a b"],
        "Labels": {"x": "1"},
        "Healthcheck": {"Test": ["CMD", "true"], "Interval": 5_000_000_000},
    }
    after = {"User": "65532", "Env": ["PATH=/bin", "A=2"], "ExposedPorts": {"80/tcp": {}}}
    found = compared(None, None, (before, after))
    assert {one.name: (one.before, one.after) for one in found.settings} == {
        "user": ("root", "65532"),
        "command": ("sh -c 'a b'", ""),
        "environment A": ("1", "2"),
        "label x": ("1", ""),
        "ports": ("", "80"),
        "health check test": ("CMD true", ""),
        "health check interval seconds": ("5", ""),
    }


def test_a_secret_is_not_repeated(compared: Any) -> None:
    """The report only says that it differs."""
    configs = ({"Env": ["DB_PASSWORD=hunter2-a"]}, {"Env": ["DB_PASSWORD=changeme"]})
    (one,) = compared(None, None, configs).settings
    assert "hunter2" not in one.before
    assert "secret" in one.before
    assert one.after == "changeme"
