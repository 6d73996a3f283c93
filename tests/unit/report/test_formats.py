"""Each format of a check's report: valid by its schema, and safe with malicious text."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree as ET

import jsonschema  # type: ignore[import-untyped]
import xmlschema

from dockgen.check import Checked
from dockgen.checks import Finding, Observation, Place, Severity
from dockgen.contract import Contract, Ignored, Limits, Policy
from dockgen.image import Config, Image, Layer
from dockgen.image.sizes import Size
from dockgen.matrix import Workload
from dockgen.report import formats
from dockgen.verdict import cause, result
from dockgen.verdict.result import Format, Result, Since
from tests.conftest import ROOT
from tests.table import table

SCHEMAS = ROOT / "tests/schemas"
DIGEST = "sha256:" + "0" * 64
DOCKERFILE = """\
FROM golang:1.27 AS build
RUN go build

FROM scratch
COPY --from=build /app /app
USER root
ENTRYPOINT ["/app"]
"""
COMPOSE = """\
services:
  db:
    image: postgres
  app:
    build: .
    read_only: false
"""
# A terminal's, XML's, Markdown's, HTML's, GitHub's and SARIF's own, and a password.
EVIL = (
    "\x1b]0;x\x07\n::error::x\n]]> &amp; <img src=x> `a` ``b`` @team #1 [x](https://e.example) {0}"
    " |x| --> %0A \ufffe \ud800 https://me:s3cret@h/"
)
FOUND = (
    Finding(
        "DG101", "the image runs as the user 'root'", "add to the last stage: USER 65532:65532"
    ),
    Finding("DG105", "the image is 12.5 MB", "shrink it", Place(layer=DIGEST)),
    Finding("DG106", f"it has {EVIL}", EVIL, Place(f"/bin/{EVIL}", layer=DIGEST)),
    Finding("DG103", "probed late", "probe", severity=Severity.WARNING),
    Finding("DG204", "it has a capability", "cap_drop"),
    Finding("DG208", "it had to be killed", "handle SIGTERM"),
)


def made(
    folder: Path, findings: Sequence[Finding] = FOUND, *, prefix: str = "", name: str = "my-app"
) -> Result:
    """Return the result for a project in ``folder``, with these findings."""
    (folder / "Dockerfile").write_text(DOCKERFILE)
    (folder / "compose.yaml").write_text(COMPOSE)
    ignored = {"DG208": Ignored(f"on purpose {EVIL}")}
    contract = Contract(Workload.SERVICE, 8080, Limits(10**7, 10, 2), Policy(ignored=ignored))
    image = Image(Config(), (Layer(DIGEST, 12_500_000, 5_000_000, ()),))
    seen = Observation(0.5, 200, None, True, (), 0, 0.25)
    checked = Checked(name, folder, None, contract, image, seen, findings)
    return result.of(checked, cause.sources(folder), prefix)


def test_sarif_is_valid(tmp_path: Path) -> None:
    """Each result has a place in a file, a fingerprint, and a rule that is there."""
    log = json.loads(formats.rendered(made(tmp_path, prefix="services/a b/"), Format.SARIF))
    jsonschema.validate(log, json.loads((SCHEMAS / "sarif-2.1.0.json").read_text()))
    (run,) = log["runs"]
    places = {}
    for one in run["results"]:
        assert run["tool"]["driver"]["rules"][one["ruleIndex"]]["id"] == one["ruleId"]
        physical = one["locations"][0]["physicalLocation"]
        places[one["ruleId"]] = (
            physical["artifactLocation"]["uri"].removeprefix("services/a%20b/"),
            physical["region"]["startLine"],
        )
    assert places["DG101"] == ("Dockerfile", 6)
    assert places["DG103"] == ("Dockerfile", 4)  # what is missing is missing in the last stage
    assert places["DG204"] == ("compose.yaml", 4)  # or in the service
    assert len({one["partialFingerprints"]["dockgen/v1"] for one in run["results"]}) == len(FOUND)
    suppressed = [one["ruleId"] for one in run["results"] if "suppressions" in one]
    assert suppressed == ["DG208"]
    assert [one["level"] for one in run["results"]].count("warning") == 1


def test_a_message_of_sarif_has_no_link(tmp_path: Path) -> None:
    """A viewer would make one of [x](…), and put an argument in place of {0}."""
    log = json.loads(formats.rendered(made(tmp_path), Format.SARIF))
    for one in log["runs"][0]["results"]:
        assert "](" not in one["message"]["text"]
        assert not re.search(r"(?<!\{)\{0\}", one["message"]["text"])


def test_junit_is_valid(tmp_path: Path) -> None:
    """A case for each rule: failed, skipped or passed."""
    words = formats.rendered(made(tmp_path), Format.JUNIT)
    xmlschema.XMLSchema(SCHEMAS / "junit-10.xsd").validate(words)
    suite = ET.fromstring(words)[0]  # noqa: S314 - our own
    outcomes = {case.attrib["name"][:5]: [child.tag for child in case] for case in suite}
    assert [code for code, tags in outcomes.items() if tags == ["failure"]] == [
        *("DG101", "DG105", "DG106", "DG204")
    ]
    assert outcomes["DG208"] == outcomes["DG203"] == ["skipped"]
    assert outcomes["DG103"] == ["system-out"]
    assert outcomes["DG102"] == []
    assert suite.attrib["failures"] == "4"


def test_gitlab_is_valid(tmp_path: Path) -> None:
    """It leaves out ignored findings."""
    issues = json.loads(formats.rendered(made(tmp_path), Format.GITLAB))
    jsonschema.validate(issues, json.loads((SCHEMAS / "gitlab-code-quality.json").read_text()))
    assert [issue["check_name"] for issue in issues] == [
        *("DG101", "DG105", "DG106", "DG103", "DG204")
    ]
    assert len({issue["fingerprint"] for issue in issues}) == len(issues)


def test_github_has_one_command_a_line(tmp_path: Path) -> None:
    """None that someone else's words would add."""
    lines = formats.rendered(made(tmp_path), Format.GITHUB).splitlines()
    kinds = [re.match("::([a-z]+) ", line) for line in lines]
    assert [kind and kind[1] for kind in kinds] == [
        *("error", "error", "error", "warning", "error", "notice")
    ]
    assert lines[0].startswith("::error file=Dockerfile,line=6,title=DG101%3A Runs as")
    assert all(line.count("::") >= 2 and "%0A" not in line.replace("%250A", "") for line in lines)


def test_a_path_is_one_property_of_a_command(tmp_path: Path) -> None:
    """A comma or a colon in it would end it."""
    words = formats.rendered(made(tmp_path, FOUND[:1], prefix="a,line=9:b::c/"), Format.GITHUB)
    assert words.startswith("::error file=a%2Cline=9%3Ab%3A%3Ac/Dockerfile,line=6,title=")


def test_markdown_is_code_where_others_wrote(tmp_path: Path) -> None:
    """No mention, link, image or HTML of theirs, also in a name; each code span ends."""
    from markdown_it import MarkdownIt

    words = formats.rendered(made(tmp_path, name=EVIL), Format.MARKDOWN)
    tokens = MarkdownIt("gfm-like", {"linkify": False}).parse(words)
    spans: list[str] = []
    other: list[str] = []
    for token in tokens:
        for inner in token.children or [token]:
            (spans if inner.type == "code_inline" else other).append(inner.content)
    outside = "".join(other)
    for raw in ("@team", "#1", "<img", "https:", "::error", "--&gt;"):
        assert raw not in outside
    assert outside.count("-->") == 1  # the end of our own comment
    assert any("@team" in span for span in spans)
    assert "12.50" in outside


def test_markdown_shows_the_size_before(tmp_path: Path) -> None:
    """As `starter test --markdown` does."""
    from dataclasses import replace

    since = Since(Size(12_000_000, None, None), 1, 0, ("DG102",))
    grown = replace(made(tmp_path), since=since)
    words = formats.rendered(grown, Format.MARKDOWN)
    assert "| my-app | 12.50 | 5.00 | 10 | +0.50 |" in words
    assert words.startswith("<!-- dockgen check my-app -->\n")


@table("form", Format)
def test_nothing_is_obeyed_and_nothing_is_told(form: Format, tmp_path: Path) -> None:
    """In no format is there a control character of theirs, or a password."""
    words = formats.rendered(made(tmp_path, name=EVIL), form)
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\ufffe\ud800]", words)
    assert "s3cret" not in words
    words.encode()


class TestFingerprints:
    """The same as long as the same is wrong at the same place."""

    def test_a_figure_changes_nothing(self) -> None:
        """The end of a log doesn't matter either."""
        before = [("DG105", None, "12.5 MB, 2,000 bytes over; its layer")]
        after = [("DG105", None, "13.75 MB, 15 bytes over; another")]
        assert result.fingerprints(before) == result.fingerprints(after)

    def test_a_line_changes_nothing(self, tmp_path: Path) -> None:
        """Lines above it may be added."""
        before = made(tmp_path).found[0]
        finding = Finding("DG001", "line 3 of the Dockerfile names x", "", Place("Dockerfile", 3))
        moved = Finding("DG001", "line 4 of the Dockerfile names x", "", Place("Dockerfile", 4))
        assert len({made(tmp_path, [f]).found[0].fingerprint for f in (finding, moved)}) == 1
        assert before.fingerprint != made(tmp_path, [finding]).found[0].fingerprint

    def test_two_alike_are_two(self) -> None:
        """A list with the same fingerprint twice would show one."""
        twice = [("DG109", None, "the label a is missing")] * 2
        assert len(set(result.fingerprints(twice))) == 2
