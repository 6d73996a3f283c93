"""The registry of rules: each is listed once, under its own code, with its reason."""

import re

from dockgen import checks
from dockgen.checks import AnyRule, Rule, contents, network
from dockgen.checks import files as file_rules
from dockgen.checks import growth as growth_rules
from dockgen.checks import image as image_rules
from dockgen.checks import running as running_rules
from tests.table import table

CODES = [rule.code for rule in checks.RULES]


@table("rule", checks.RULES)
def test_a_rule_is_documented(rule: AnyRule) -> None:
    """It has a code, a title in one line, a reason in sentences, what to type, others' codes."""
    assert re.fullmatch(r"DG[0123]\d\d", rule.code)
    assert re.fullmatch(r"[A-Z][^\n.]{5,60}", rule.title)
    assert len(rule.why.split()) > 12
    assert re.fullmatch(r"[a-z][^\n]{10,99}[^.]", rule.fix)
    assert all(
        re.fullmatch(r"[A-Za-z]+[A-Za-z0-9_-]*", code) for code in sum(rule.alike.values(), ())
    )


def test_a_rule_knows_what_other_tools_call_it() -> None:
    """For those who look one up by another tool's code."""
    alike = {rule.code: rule.alike for rule in checks.RULES}
    assert "DL3002" in alike["DG101"]["hadolint"]


def test_codes_are_unique() -> None:
    """A code means one rule."""
    assert len(set(CODES)) == len(CODES)


def test_codes_tell_what_they_look_at() -> None:
    """DG0xx is for files, DG1xx for images, DG2xx for containers, DG3xx for what has changed."""
    assert {rule.code[:3] for rule in file_rules.RULES} == {"DG0"}
    for_images, for_containers = (image_rules, contents), (running_rules, network)
    assert {rule.code[:3] for one in for_images for rule in one.RULES} == {"DG1"}
    assert {rule.code[:3] for one in for_containers for rule in one.RULES} == {"DG2"}
    assert {rule.code[:3] for rule in growth_rules.RULES} == {"DG3"}


@table("module", [file_rules, image_rules, contents, running_rules, network, growth_rules])
def test_no_rule_is_forgotten(module: object) -> None:
    """A rule that is written is also in the tuple."""
    written = {id(value) for value in vars(module).values() if isinstance(value, Rule)}
    assert written == {id(rule) for rule in module.RULES}  # type: ignore[attr-defined]
