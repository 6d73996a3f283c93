"""An image squashed into one layer: what counts as lost, as shared, and as a valid name."""

from dataclasses import replace

import pytest

from dockgen.engine.flat import Inspected, shared
from dockgen.errors import UsageError
from dockgen.image import Config, File, Image, Kind, Layer, flat
from tests.table import table

FILES = (
    File("/", 0, 0o755, 0, 0, Kind.DIRECTORY),
    File("/bin", 0, 0o755, 0, 0, Kind.DIRECTORY),
    File("/bin/app", 9, 0o4755, 1, 2, Kind.FILE),
    File("/bin/link", 0, 0o4755, 1, 2, Kind.HARD_LINK, "/bin/app"),
    File("/lib", 0, 0o777, 0, 0, Kind.SYMBOLIC_LINK, "usr/lib"),
    File("/lib/elsewhere", 1, 0o644, 0, 0, Kind.FILE),
)
IMAGE = Image(Config(), (Layer("sha256:1", 1, None, FILES),))


def changed(path: str, **change: object) -> list[str]:
    """Return what counts as lost if one file became another one."""
    after = {file.path: file for file in FILES if file.path not in ("/", "/lib/elsewhere")}
    after[path] = replace(after[path], **change)  # type: ignore[arg-type]
    return flat.differing(IMAGE, after)


def test_the_same_files_are_no_loss() -> None:
    """It doesn't matter which hard link has the content; files behind a link are skipped."""
    assert changed("/bin/app") == []
    assert changed("/bin/app", kind=Kind.HARD_LINK, size=0) == []
    assert changed("/lib", mode=0o755) == []


@table(
    ("path", "change"),
    [
        ("/bin/app", {"mode": 0o755}),
        ("/bin/app", {"uid": 0}),
        ("/bin/app", {"gid": 0}),
        ("/bin/app", {"size": 8}),
        ("/bin/app", {"kind": Kind.DIRECTORY}),
        ("/bin/link", {"path": "/bin/other"}),
        ("/lib", {"target": "usr/lib64"}),
    ],
)
def test_a_file_that_changed_is_lost(path: str, change: dict[str, object]) -> None:
    """In any trait that a program can tell."""
    if "path" in change:
        after = {file.path: file for file in FILES if file.path != path}
        assert flat.differing(IMAGE, after) == [path]
    else:
        assert changed(path, **change) == [path]


def test_layers_are_shared_from_the_lowest_on() -> None:
    """As an engine stores them: each stands on the one below."""
    others = [
        Inspected({"RootFS": {"Layers": layers}})
        for layers in (["a", "b", "x"], ["a"], ["x", "b", "c"], [])
    ]
    assert shared(["a", "b", "c"], others) == (2, 2)
    assert shared(["q"], others) == (0, 0)
    assert shared([], []) == (0, 0)


def test_the_configuration_is_taken_over_whole() -> None:
    """Keys that dockgen doesn't know are kept, too."""
    config = {"Entrypoint": ["/app"], "New": {"a": [1]}}
    made = Inspected(
        {"Config": config, "Os": "linux", "Architecture": "arm64", "Variant": "v8", "Author": ""}
    ).flat("sha256:2")
    assert made["config"] == config
    assert made["rootfs"] == {"type": "layers", "diff_ids": ["sha256:2"]}
    assert [made[key] for key in ("os", "architecture", "variant")] == ["linux", "arm64", "v8"]
    assert len(made["history"]) == 1
    assert "author" not in made


@table(
    "tag",
    ["", "-x", "App", "a b", "a@sha256:0", "a:", "a:b:c", "a\n", "../a", "a//b", "a:" + "b" * 129],
)
def test_what_no_image_can_be_called_is_refused_first(tag: str) -> None:
    """Before the engine is asked for anything."""
    with pytest.raises(UsageError, match="isn't a valid image name"):
        flat.flatten("any", tag, lambda _words: None)


@table("tag", ["a", "a:1", "a/b_c:x.y-z", "registry.example:5000/a/b--c:1", "localhost/a__b"])
def test_names_are_docker_s_own(tag: str) -> None:
    """With a registry, its port, folders and a tag."""
    assert flat.is_name(tag)
