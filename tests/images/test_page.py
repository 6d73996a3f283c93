"""The page of a check in Chromium: at two widths, by day and by night, by keyboard and by mouse."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dockgen.image import Config, File, Image, Kind, Layer, Step
from dockgen.image.sizes import Size
from dockgen.report import formats
from dockgen.verdict.result import Format, Since
from tests import browser
from tests.browser import Browser
from tests.unit.report.test_formats import DIGEST, FOUND, made

# Chromium's packages and half a minute for what rarely changes.
pytestmark = [pytest.mark.release, pytest.mark.xdist_group("page")]

FOLDERS, FILES = 60, 100
LAYERS = 4
UNSTYLED = "</head>"


def file(path: str, size: int, kind: Kind = Kind.FILE) -> File:
    """A file of a layer."""
    return File(path, size, 0o644, 0, 0, kind)


def image() -> Image:
    """Return thousands of files in four layers, the last of which hides some; long, deep paths."""
    layers, steps = [], []
    for number in range(LAYERS):
        files = [
            file(f"/srv/{'very-' * (folder % 9)}long/{folder}/lib/{one}.js", 3000 * (1 + one))
            for folder in range(number, FOLDERS, LAYERS)
            for one in range(FILES)
        ]
        if number == LAYERS - 1:
            files += [file(f"/srv/long/0/lib/{one}.js", 0, Kind.WHITEOUT) for one in range(FILES)]
        digest = f"{DIGEST[:-1]}{number}"
        layers.append(Layer(digest, sum(one.size for one in files), 10**6, tuple(files)))
        steps.append(Step(f"RUN /bin/sh -c {'npm install --omit=dev && ' * 9} true", digest))
    return Image(Config(), tuple(layers), 1, "linux/amd64", tuple(steps))


def page(folder: Path, *, fails: bool) -> str:
    """Return the page of a check that fails, with a former report, or of one that passes."""
    found = made(folder, FOUND if fails else (), name="my-app")
    checked = replace(found.checked, image=image())
    since = Since(Size(8 * 10**6, None, None), 1, 1, ("DG110",)) if fails else None
    return formats.rendered(replace(found, checked=checked, since=since), Format.HTML)


@pytest.fixture(scope="module")
def ask() -> Iterator[Browser]:
    """Ask Chromium about a page."""
    with browser.started() as asked:
        yield asked


def looks(found: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield what a page showed at each width, in light and dark mode."""
    assert found.keys() == {"telephone", "screen"}
    for looked in found.values():
        assert looked.keys() == {"light", "dark"}
        yield from looked.values()


@pytest.mark.parametrize("fails", [True, False], ids=["fails", "passes"])
def test_everyone_can_read_it(ask: Browser, tmp_path: Path, fails: bool) -> None:
    """axe-core finds nothing, no line is too wide, and the browser loads and refuses nothing."""
    for seen in looks(ask(page(tmp_path, fails=fails), "look")):
        assert seen["violations"] == []
        assert {"color-contrast", "heading-order", "region", "link-name"} <= set(seen["passes"])
        assert seen["wider"] == 0
        assert seen["complaints"] == []


def test_a_page_that_not_everyone_can_read_is_found(ask: Browser, tmp_path: Path) -> None:
    """Faint, without a language, wider than the window, and with a script and a picture."""
    good = page(tmp_path, fails=True)
    style = (
        "<style>.quiet { color: #777 !important; background: #888 } h1 { width: 2000px }</style>"
    )
    bad = good.replace('lang="en"', "").replace("Content-Security-Policy", "x")
    bad = bad.replace(UNSTYLED, f"{style}<img src=http://x.test/><script>x()</script>{UNSTYLED}")
    for seen in looks(ask(bad, "look")):
        found = {one.partition(":")[0] for one in seen["violations"]}
        assert {"color-contrast", "html-has-lang", "image-alt"} <= found
        assert seen["wider"] > 0
        assert any("x is not defined" in one for one in seen["complaints"])
        assert "asks for http://x.test/" in seen["complaints"]


def test_it_works_with_the_keyboard_and_the_mouse(ask: Browser, tmp_path: Path) -> None:
    """Each stop of Tab can be seen; a layer opens, and in it one folder in another."""
    for used in ask(page(tmp_path, fails=True), "use").values():
        stops = used["stops"]
        assert stops[0]["name"] == "Skip to the content"
        assert [one for one in stops if not (one["seen"] and one["marked"] and one["name"])] == []
        assert sum(one["name"].startswith("Layer ") for one in stops) == 2 * LAYERS
        # What opens was out of sight before.
        assert len(used["anchors"]) >= 2
        assert all((before, after) == (False, True) for _, before, after in used["anchors"])
        assert used["anchors"][0][0] in {f"layer-{number + 1}" for number in range(LAYERS)}
        assert used["open"]


def test_a_stop_that_cannot_be_seen_is_found(ask: Browser, tmp_path: Path) -> None:
    """Without the mark around it, or out of the window."""
    style = ":focus-visible { outline: none !important } nav { position: fixed; top: -99px }"
    bad = page(tmp_path, fails=False).replace("Content-Security-Policy", "x")
    bad = bad.replace(UNSTYLED, f"<style>{style}</style>{UNSTYLED}")
    for used in ask(bad, "use").values():
        assert not any(one["marked"] for one in used["stops"] if one["tag"] != "a")
        assert not all(one["seen"] for one in used["stops"])
