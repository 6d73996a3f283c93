"""An image layer by layer: what made each layer, and what later ones hide."""

import json
from pathlib import Path

import pytest

from dockgen.check import Checked
from dockgen.contract import Contract, Limits, Policy
from dockgen.image import Config, File, Image, Kind, Layer, Step, anatomy
from dockgen.matrix import Workload
from dockgen.report import formats
from dockgen.verdict import result
from dockgen.verdict.cause import Sources
from dockgen.verdict.result import Format
from tests.table import table


def file(path: str, size: int, kind: Kind = Kind.FILE) -> File:
    """An entry of a layer."""
    return File(path, size, 0o644, 0, 0, kind)


def image(*layers: tuple[File, ...], base: int | None = 1) -> Image:
    """An image of such layers, each with a step that made it."""
    made = tuple(
        Layer(f"sha256:{number}", 10**6, None, files) for number, files in enumerate(layers)
    )
    steps = [Step("ENV A=1")]
    steps += [
        Step(f"RUN /bin/sh -c step {layer.digest} # buildkit", layer.digest) for layer in made
    ]
    return Image(Config(), made, base, "linux/amd64", tuple(steps))


BASE = (file("/lib/a", 1000), file("/lib/b", 3000))
OWN = (file("/app/big", 5000), file("/app/small", 10), file("/tmp/x/y", 900))
LAST = (
    file("/app/big", 4000),
    file("/lib/a", 0, Kind.WHITEOUT),
    file("/tmp/x", 0, Kind.WHITEOUT),
)


def test_says_what_each_layer_hides_and_what_made_it() -> None:
    """Removed, overwritten, and gone with its folder; of the base and above it."""
    found = anatomy.of(image(BASE, OWN, LAST))
    assert [part.hidden_bytes for part in found.parts] == [1000, 5900, 0]
    assert [part.hidden_files for part in found.parts] == [1, 2, 0]
    assert [part.is_base for part in found.parts] == [True, False, False]
    assert [one.path for one in found.parts[1].largest] == ["/app/big", "/tmp/x/y", "/app/small"]
    assert found.parts[1].instruction == "RUN step sha256:1"
    assert (found.hidden_bytes, found.own_hidden_bytes) == (6900, 5900)
    assert found.file_bytes == 13_910
    assert anatomy.of(image(BASE, base=None)).own_hidden_bytes is None


@table("target", ["app/big", "/app/big", "./app/big"])
def test_what_a_hard_link_still_shows_is_not_hidden(target: str) -> None:
    """It is hidden once the link is gone, too."""
    link = File("/app/link", 0, 0o644, 0, 0, Kind.HARD_LINK, target)
    first = (file("/app/big", 5000), link)
    removed = file("/app/big", 0, Kind.WHITEOUT)
    assert anatomy.of(image(BASE, first, (removed,))).hidden_bytes == 0
    both = (removed, file("/app/link", 0, Kind.WHITEOUT))
    assert anatomy.of(image(BASE, first, both)).hidden_bytes == 5000


def test_counts_as_dive_does() -> None:
    """The smaller of two copies, no bytes of a removed file, and all of a removed folder, twice."""
    # /lib/a 0 of 1000, /lib/b, /app/big 4000 of 9000, /app/small, /tmp/x/y, and /tmp/x once more.
    assert anatomy.of(image(BASE, OWN, LAST)).dive == pytest.approx(
        (0 + 3000 + 4000 + 10 + 900 + 900) / (1000 + 3000 + 9000 + 10 + 900 + 900)
    )
    assert anatomy.of(image(BASE, OWN)).dive == 1
    assert anatomy.of(image(())).dive == 1


def test_a_hostile_image_costs_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many layers that each remove something of a deep tree."""
    monkeypatch.setattr(anatomy, "_MOST_PATHS", 10)
    found = anatomy.of(image((file("/a" * 11, 1),), (file("/b", 0, Kind.WHITEOUT),)))
    assert found.dive is None


@table(
    ("words", "shown"),
    [
        ("RUN /bin/sh -c apt-get  update # buildkit", "RUN apt-get update"),
        ("RUN |2 TOKEN=a b KEY=c /bin/sh -c make # buildkit", "RUN make"),
        ("|1 TOKEN=s3cret /bin/bash -c make", "RUN"),
        ('/bin/sh -c #(nop)  CMD ["sh"]', 'CMD ["sh"]'),
        ("/bin/sh -c make", "RUN make"),
        ("COPY /app /app # buildkit", "COPY /app /app"),
    ],
)
def test_an_instruction_is_the_dockerfile_s_own(words: str, shown: str) -> None:
    """Without what a builder adds, and without the values of build arguments."""
    assert anatomy.instruction(words) == shown


def test_layers_are_reported_only_if_asked_for() -> None:
    """In text and JSON, with names that a terminal would obey spelt out."""
    evil = image(BASE, (file("/app/\x1b[2J[red]", 20_000), *OWN), LAST)
    contract = Contract(Workload.SERVICE, 8080, Limits(10**7, 10, 2), Policy())
    checked = Checked("my-app", Path("my-app"), None, contract, evil, None, [])
    plain = result.of(checked, Sources(), "")
    asked = result.Result(checked, [], anatomy=anatomy.of(evil))

    text = formats.rendered(asked, Format.TEXT)
    assert "layer 2 of 3" in text
    assert "0.03 MB  app/" in text
    assert "RUN step sha256:1" in text
    assert "/app/\\x1b[2J[red]" in text
    assert "0.01 MB in 2 files hidden by later layers" in text
    assert "layer 2 of 3" not in formats.rendered(plain, Format.TEXT)

    facts = json.loads(formats.rendered(asked, Format.JSON))
    assert facts["layers"][1]["hidden_bytes"] == 5900
    assert facts["layers"][0]["base"] is True
    assert facts["layers"][1]["folders"][:2] == [
        {"path": "/", "bytes": 25_910, "hidden_bytes": 5900},
        {"path": "/app", "bytes": 25_010, "hidden_bytes": 5000},
    ]
    assert facts["hidden"]["own_bytes"] == 5900
    facts = json.loads(formats.rendered(plain, Format.JSON))
    assert set(facts["layers"][0]) == {"digest", "unpacked_bytes", "gzip_bytes"}
    assert "hidden" not in facts
