"""Declared files: one line for each mistake, and a JSON Schema that agrees."""

import json
import re
from decimal import Decimal
from pathlib import Path

import jsonschema  # type: ignore[import-untyped]
import pytest

from dockgen import declared, reader
from dockgen.errors import ProjectError
from dockgen.settingsfile import SettingsFile
from dockgen.starter.starterfile import StarterFile
from tests.conftest import ROOT
from tests.table import table

GOOD = """\
# mine
[limits]
size_mb = 6.9

[rules]
required_labels = ["a"]

[rules.ignored]
DG103 = "why"
DG104 = { reason = "why", until = 2030-01-31 }

[check]
environment = { A = "b" }
"""
# A line of the file above, one that is a mistake, the message, its line and the hint.
MISTAKES = [
    (
        "size_mb = 6.9", "size_mb = -1",
        "limits.size_mb is -1, not a number above 0 and up to 1000000 (line 3)",
        "write a number, for example: size_mb = 10",
    ),
    (
        'required_labels = ["a"]', "labels = []",
        "rules.labels is unknown (line 6)",
        "known: required_labels, allowed_registries, ignored",
    ),
    (
        'DG103 = "why"', 'DG999 = "why"',
        "rules.ignored.DG999 isn't a rule (line 9)",
        "remove the line, or fix the code: dockgen explain lists all rules",
    ),
    (
        'reason = "why", until', "until",
        "rules.ignored.DG104.reason is missing (line 10)",
        "add it, for example: reason = …",
    ),
    (
        'reason = "why", until', 'by = "me", reason = "why", until',
        "rules.ignored.DG104.by is unknown (line 10)",
        "known: reason, until",
    ),
    (
        "[check]", "[[check]]",
        "check isn't a section (line 12)",
        "write it as: [check]",
    ),
    (
        '{ A = "b" }', "3",
        "check.environment isn't a table (line 13)",
        "write it as: environment = {…}",
    ),
    (
        "[limits]\n", "[other]\n",
        "",
        "",
    ),
]  # fmt: skip


def read(text: str) -> SettingsFile:
    """Validate the content of a dockgen.toml."""
    facts = reader.parse_toml(text, "dockgen.toml", parse_float=Decimal)
    return declared.read(SettingsFile, facts, text, "dockgen.toml")


@table(("old", "new", "message", "hint"), MISTAKES)
def test_a_mistake_is_one_line_and_what_to_do(old: str, new: str, message: str, hint: str) -> None:
    """With the file, the key, what is wrong, and the line."""
    assert old in GOOD
    if not message:
        read(GOOD.replace(old, new))
        return
    with pytest.raises(ProjectError) as caught:
        read(GOOD.replace(old, new))
    assert caught.value.message == f"dockgen.toml: {message}."
    assert caught.value.hint == hint


@table(("old", "new", "message", "hint"), MISTAKES)
def test_the_schema_says_the_same(old: str, new: str, message: str, hint: str) -> None:
    """An editor shows what dockgen would refuse, except the codes of rules."""
    del hint
    schema = json.loads((ROOT / "docs/schemas/dockgen.toml.json").read_text())
    checker = jsonschema.Draft7Validator(schema)
    facts = reader.parse_toml(GOOD.replace(old, new), "dockgen.toml")
    plain = json.loads(json.dumps(facts, default=str))
    assert checker.is_valid(plain) == (not message or "isn't a rule" in message)
    assert checker.is_valid(json.loads(json.dumps(reader.parse_toml(GOOD, "x"), default=str)))


def test_the_examples_keep_to_their_schemas() -> None:
    """They are the files that dockgen writes itself."""
    for name in ("dockgen.toml", "starter.toml"):
        schema = json.loads((ROOT / f"docs/schemas/{name}.json").read_text())
        found = [path for path in (ROOT / "examples").rglob(name) if path.is_file()]
        assert found
        for path in found:
            jsonschema.validate(reader.parse_toml(path.read_text(), name), schema)


def test_a_team_s_schema_says_the_same(tmp_path: Path) -> None:
    """It accepts the file in docs/team.md, and rejects what dockgen refuses."""
    schema = json.loads((ROOT / "docs/schemas/dockgen.team.toml.json").read_text())
    checker = jsonschema.Draft7Validator(schema)
    del tmp_path
    shown = re.findall(r"```toml\n(.*?)```", (ROOT / "docs/team.md").read_text(), re.DOTALL)
    assert shown
    for text in shown:
        checker.validate(reader.parse_toml(text, "shown"))
    for text in (
        "colour = 'red'",
        "[limits]\nsize_mb = {go = 0}",
        "[locked]\na = {b = 1}\nc = 1\n[x]",
    ):
        assert not checker.is_valid(reader.parse_toml(text, "wrong"))


def test_a_table_of_a_list_has_its_own_line() -> None:
    """A multi-line string that looks like a table doesn't count."""
    text = 'x = """\n[[test]]\n"""\n[[test]]\nname = "a"\n[[test]]\nname = "b c"\n'
    with pytest.raises(ProjectError, match=r"test\[2\]\.name is b c, not .* \(line 7\)"):
        declared.read(StarterFile, reader.parse_toml(text, "s"), text, "s")


def test_lines_are_found_in_bounded_time(tmp_path: Path) -> None:
    """The time is bounded for any input."""
    del tmp_path
    for text in ("[" * 100_000, "a." * 50_000, '"' * 100_000, "[[a]]\n" * 20_000):
        declared.lines(text)
