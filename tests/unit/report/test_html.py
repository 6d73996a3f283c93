"""The page of a check: its structure, its escaping, and its readability."""

import base64
import hashlib
import re
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest

from dockgen.image import Config, File, Image, Kind, Layer, Step, folders
from dockgen.image.sizes import Size
from dockgen.report import formats, html, treemap
from dockgen.report.treemap import Box
from dockgen.verdict.result import Format, Since
from tests.unit.report.test_formats import DIGEST, EVIL, FOUND, made

CSS = (Path(html.__file__).parent / "page.css").read_text()
GIVEN = "hunter2"
# Elements without an end.
VOID = {"meta", "br"}
# What ends an attribute, an element, a comment or a style.
WORSE = f"""{EVIL}"' onload="x" style='x' </title></style></svg></code><script>x()</script><!--"""


class Page(HTMLParser):
    """A page as its elements: each with its attributes, and the text outside of styles."""

    def __init__(self, words: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(words)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Check that no attribute is repeated."""
        assert len({name for name, _ in attrs}) == len(attrs)
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "dd":
            self.text += " "

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """As in an SVG."""
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        """Check that the innermost open element ends first."""
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Collect the text that people read."""
        if self.open[-1:] != ["style"]:
            self.text += data

    def all(self, *names: str) -> list[dict[str, str]]:
        """Return the attributes of each element of a name."""
        return [attributes for tag, attributes in self.elements if tag in names]


def file(path: str, size: int = 0, kind: Kind = Kind.FILE) -> File:
    """A file of a layer."""
    return File(path, size, 0o644, 0, 0, kind)


def image(word: str = "word") -> Image:
    """Return an image of three layers, the last of which hides a file of the first."""
    last = DIGEST[:-1] + "2"
    layers = (
        Layer(DIGEST, 6_000_000, None, (file(f"/usr/{word}/a", 3 * 10**6),
                                        file("/usr/b", 2 * 10**6))),
        Layer(DIGEST[:-1] + "1", 4_000_000, None, (file(f"/app/{word}", 4 * 10**6),
                                                   file("/app/x", 1))),
        Layer(last, 1024, None, (file("/usr/b", kind=Kind.WHITEOUT),)),
    )  # fmt: skip
    steps = tuple(Step(f"|1 TOKEN={GIVEN} /bin/sh -c {word}", layer.digest) for layer in layers)
    return Image(Config(labels={word: word}), layers, 1, word, steps)


def page(folder: Path, word: str = "word", *, since: Since | None = None) -> Page:
    """Return the page of a check with findings, ignored ones and rules that weren't asked."""
    found = made(folder, [replace(one, message=word, hint=word) for one in FOUND], name=word)
    checked = replace(
        found.checked,
        image=image(word),
        left_out={"DG202": word},
        needs=[f"runs as {word}"],
    )
    whole = replace(found, checked=checked, since=since, found=[
        replace(one, is_new=True, expired=word if number == 0 else "")
        for number, one in enumerate(found.found)
    ])  # fmt: skip
    return Page(formats.rendered(whole, Format.HTML))


def test_words_of_others_stay_words(tmp_path: Path) -> None:
    """They can't become an element, an attribute or an address."""
    worse, plain = page(tmp_path, WORSE), page(tmp_path)
    assert {tag for tag, _ in worse.elements} == {tag for tag, _ in plain.elements}
    names = {name for _, attributes in plain.elements for name in attributes}
    assert {name for _, attributes in worse.elements for name in attributes} == names
    assert all(link["href"].startswith("#") for link in worse.all("a"))
    assert worse.text.count("<script>x()</script>") >= len(FOUND)
    assert "s3cret" not in worse.text


def test_it_loads_and_runs_nothing(tmp_path: Path) -> None:
    """Its policy allows its own style alone, which its hash names."""
    found = page(tmp_path)
    assert not {"script", "link", "img", "iframe", "object", "form"} & {
        tag for tag, _ in found.elements
    }
    assert "url(" not in CSS
    assert "@import" not in CSS
    policy = next(one["content"] for one in found.all("meta") if "http-equiv" in one)
    digest = base64.b64encode(hashlib.sha256(CSS.encode()).digest()).decode()
    assert policy.startswith(f"default-src 'none'; style-src 'sha256-{digest}';")


def test_its_structure_can_be_heard(tmp_path: Path) -> None:
    """Headings in order, captions of tables, names of drawings, and no link leads nowhere."""
    found = page(tmp_path, since=Since(Size(9_000_000, None, None), 1, 1, ("DG110",)))
    levels = [int(tag[1]) for tag, _ in found.elements if re.fullmatch("h[1-6]", tag)]
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    ids = [attributes["id"] for _, attributes in found.elements if "id" in attributes]
    assert len(set(ids)) == len(ids)
    assert {link["href"][1:] for link in found.all("a")} <= set(ids)
    named_by = {one["aria-labelledby"] for _, one in found.elements if "aria-labelledby" in one}
    assert named_by <= set(ids)
    assert len(found.all("table")) == len(found.all("caption")) == 2
    assert all("scope" in one for one in found.all("th"))
    assert found.all("html") == [{"lang": "en"}]
    drawings = [one for one in found.all("svg") if one["class"].startswith(("map", "scale"))]
    assert len(drawings) > 2
    for drawing in drawings:
        assert "aria-label" in drawing or drawing.get("aria-hidden") == "true"
    assert len(found.all("main")) == 1


def test_what_it_says(tmp_path: Path) -> None:
    """The verdict, the size beside its limit and the one before, the fix, and what is hidden."""
    text = " ".join(page(tmp_path, since=Since(Size(8 * 10**6, None, None), 1, 1, ())).text.split())
    assert "rules fail" in text
    assert "10.00 MB unpacked; the limit is 10.00 MB; 8.00 MB in the former report." in text
    assert "size unpacked 10.00 MB 10 MB 100 %" in text
    assert "Fix word" in text
    assert "Where Dockerfile:6" in text
    assert "Ignored on purpose" in text
    assert "/usr/b: 2.00 MB, hidden by a later layer" in text
    assert "Not checked, because word: DG202." in text
    assert "Instruction RUN word" in text
    assert GIVEN not in text


def test_a_map_opens_by_layer_and_by_folder(tmp_path: Path) -> None:
    """A layer's name for the keyboard, too; a folder's only for the mouse, as the list has it."""
    found = page(tmp_path)
    links = [one for one in found.all("a") if one["href"].startswith("#layer-")]
    folders = [one for one in links if "aria-hidden" in one]
    assert {one["href"] for one in folders} == {"#layer-1", "#layer-2", "#layer-1-1", "#layer-2-1"}
    assert all(one["tabindex"] == "-1" for one in folders)
    assert {one["href"] for one in links if "aria-label" in one} == {"#layer-1", "#layer-2"}
    # The whole image's, those of two layers, and that of /usr: each for two widths.
    assert sum(one["class"].startswith("map ") for one in found.all("svg")) == 2 * 4


class TestColors:
    """What is read has a contrast of 4.5 to 1, by day and by night."""

    PAIRS = (
        *(("--ink", on) for on in ("--paper", "--card")),
        *(("--quiet", on) for on in ("--paper", "--card")),
        *(("--link", on) for on in ("--paper", "--card")),
        *((f"--{kind}", f"--{kind}-card") for kind in ("good", "bad", "warn", "note")),
        *(("--tile-ink", f"--{tile}{odd}") for odd in ("", "-odd")
          for tile in ("base", "own-0", "own-1", "own-2", "own-3", "own-4")),
        ("--tile-ink", "--hidden"),
    )  # fmt: skip

    @pytest.mark.parametrize("dark", [False, True])
    def test_contrast(self, dark: bool) -> None:
        """As WCAG 2.2 computes it; 3 to 1 for what marks the focus."""
        light, night = re.findall(r":root \{(.*?)\}", CSS, re.DOTALL)
        colors = dict(re.findall(r"(--[\w-]+): (#[0-9a-f]{6})", light))
        at_night = dict(re.findall(r"(--[\w-]+): (#[0-9a-f]{6})", night))
        assert at_night.keys() == colors.keys()
        found = at_night if dark else colors
        low = {pair: contrast(*(found[name] for name in pair)) for pair in self.PAIRS}
        assert {pair: ratio for pair, ratio in low.items() if ratio < 4.5} == {}
        assert contrast(found["--focus"], found["--paper"]) >= 3


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours, from 1 to 21."""

    def luminance(color: str) -> float:
        parts = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        red, green, blue = (
            part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
        )
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


class TestTreemap:
    """Rectangles in proportion, that fill the whole and don't overlap."""

    @pytest.mark.parametrize("box", [Box(0, 0, 600, 400), Box(5, 7, 100, 900)])
    def test_it_is_squarified(self, box: Box) -> None:
        """The example of the paper, and none of its rectangles is a strip."""
        sizes = [6.0, 6, 4, 3, 2, 2, 1]
        boxes = treemap.squarified(sizes, box)
        area = box.width * box.height
        for size, one in zip(sizes, boxes, strict=True):
            assert one.width * one.height == pytest.approx(area * size / sum(sizes))
            assert max(one.width, one.height) < 4 * min(one.width, one.height)
        assert not list(overlaps(boxes))

    def test_sizes_that_are_far_apart(self) -> None:
        """One that no room is left for has none."""
        boxes = treemap.squarified([1e18, 1, 1], Box(0, 0, 10, 10))
        assert len(boxes) == 3
        assert boxes[0].width * boxes[0].height == pytest.approx(100)


def overlaps(boxes: list[Box]) -> Iterator[tuple[Box, Box]]:
    """Yield pairs that share more than a line."""
    for number, one in enumerate(boxes):
        for other in boxes[:number]:
            across = min(one.x + one.width, other.x + other.width) - max(one.x, other.x)
            down = min(one.y + one.height, other.y + other.height) - max(one.y, other.y)
            if across > 1e-6 and down > 1e-6:
                yield one, other


class TestFolders:
    """The folders of a layer by size."""

    def test_sizes_and_what_is_hidden(self) -> None:
        """A folder in which there is only another one is one line."""
        first, second, third = folders.of(image("long/way"))
        (usr,) = first.children
        assert (usr.name, usr.size_bytes, usr.hidden_bytes, usr.files) == (
            "usr", 5 * 10**6, 2 * 10**6, 2,
        )  # fmt: skip
        assert [(one.name, one.size_bytes, one.hidden_bytes) for one in usr.children] == [
            ("long/way/a", 3 * 10**6, 0),
            ("b", 2 * 10**6, 2 * 10**6),
        ]
        assert [one.name for one in second.children[0].children] == ["long/way"]
        assert second.children[0].other_bytes == 1
        assert third.children == ()

    def test_it_has_an_end(self) -> None:
        """However many files there are, and however deep they lie."""
        deep = [file("/" + "/".join(["d"] * 200 + [str(number)]), 100) for number in range(2)]
        many = [file(f"/many/{number}", 100) for number in range(500)]
        layer = Layer(DIGEST, 50_200, None, (*deep, *many))
        (root,) = folders.of(Image(Config(), (layer,)))
        assert (root.files, root.size_bytes) == (502, 50_200)
        wide = next(one for one in root.children if one.name == "many")
        assert len(wide.children) <= 24
        assert wide.size_bytes == 50_000
        assert sum(one.size_bytes for one in wide.children) + wide.other_bytes == 50_000
