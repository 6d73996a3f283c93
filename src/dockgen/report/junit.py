"""Render a check as JUnit XML: each rule is a test case."""

from xml.etree import ElementTree as ET

from dockgen.report.words import advice, plain
from dockgen.verdict.result import Found, Result


def checked(result: Result) -> str:
    """Return one suite with each rule: passed, failed, or skipped if it is ignored or unasked."""
    name = plain(result.checked.name)
    cases, failed, skipped = [], 0, 0
    for rule in result.checked.rules:
        case = ET.Element("testcase", classname=name, name=f"{rule.code}: {rule.title}")
        found = [found for found in result.found if found.rule.code == rule.code]
        failures = [one for one in found if one.fails]
        if failures:
            failed += 1
            message = plain(failures[0].finding.message)
            failure = ET.SubElement(case, "failure", message=message, type=rule.code)
            failure.text = "\n".join(map(_line, failures))
        elif reason := _not_asked(result, rule.code):
            skipped += 1
            ET.SubElement(case, "skipped", message=plain(reason))
        elif found:
            ET.SubElement(case, "system-out").text = "\n".join(map(_line, found))
        cases.append(case)
    counts = {"tests": str(len(cases)), "failures": str(failed), "errors": "0"}
    suites = ET.Element("testsuites", {"name": "dockgen check", **counts})
    suite = ET.SubElement(suites, "testsuite", {"name": name, **counts, "skipped": str(skipped)})
    suite.extend(cases)
    ET.indent(suites)
    return ET.tostring(suites, encoding="unicode", xml_declaration=True) + "\n"


def _not_asked(result: Result, code: str) -> str:
    verdict = result.checked.verdict(code)
    if verdict in ("not asked", "base unknown"):
        return result.checked.left_out.get(code) or str(verdict)
    return f"ignored: {result.checked.ignored(code)}" if verdict == "ignored" else ""


def _line(found: Found) -> str:
    where = f"{plain(found.line.path)}:{found.line.number}: " if found.line else ""
    return f"{where}{advice(found)}"
