"""Render each result as one JSON object, in ASCII."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from dockgen.address import masked
from dockgen.report import console

if TYPE_CHECKING:
    from dockgen.add import Addition
    from dockgen.check import Checked
    from dockgen.checks import AnyRule
    from dockgen.create import Created
    from dockgen.detect.model import Detected, Signal
    from dockgen.image.anatomy import Anatomy, Part
    from dockgen.starter import Made
    from dockgen.starters import Listed
    from dockgen.team import Shown
    from dockgen.testing.proof import Proven
    from dockgen.threeway import Mode, Outcome
    from dockgen.verdict.result import Found, Result


def created(result: "Created") -> None:
    """Print a project that was made, or would be."""
    facts = {
        "directory": str(result.directory),
        "dry_run": result.dry_run,
        "template_version": result.template_version,
        "starter": result.starter or None,
        "team": result.team or None,
        "warnings": list(result.warnings),
        "answers": dict(result.answers),
        "files": [path.as_posix() for path in result.files],
        "limit_mb": result.limit_mb,
        "next": [] if result.dry_run else list(result.next_commands),
    }
    show(facts)


def team(shown: "Shown") -> None:
    """Print what is decided about each question, and by whom."""
    facts = {
        "team": shown.team
        and {
            "location": shown.team.location,
            "name": shown.team.name,
            "contact": shown.team.contact,
            "kept_since": shown.team.kept and shown.team.kept.isoformat(),
        },
        "questions": [
            {
                "name": decision.question,
                "value": decision.value,
                "from": decision.source,
                "locked": decision.locked,
                "reason": decision.reason,
                "choices": list(decision.choices),
                "refused": dict(decision.refused),
            }
            for decision in shown.decisions
        ],
    }
    show(facts)


def detected(result: "Detected") -> None:
    """Print what a repository is: each answer with its signal, and the conflicts."""
    show(_detected(result))


def _detected(result: "Detected") -> dict[str, Any]:
    from dockgen.detect.given import spelled
    from dockgen.detect.model import Many

    def plain(value: Any) -> Any:
        return value._asdict() if hasattr(value, "_asdict") else value

    def signal(one: "Signal") -> dict[str, Any]:
        return {
            "value": plain(one.value),
            "words": one.words,
            "file": one.file or None,
            "line": one.line or None,
            "strength": one.strength,
        }

    return {
        "answers": [
            {
                "name": answer.topic.name,
                "flag": answer.topic.flag,
                "value": plain(answer.value),
                "several": answer.topic.many is Many.ALL,
                "guess": answer.is_guess,
                "signal": signal(answer.signal),
                "passed_over": [signal(one) for one in answer.passed_over],
            }
            for answer in result
        ],
        "conflicts": [
            {
                "name": conflict.topic.name,
                "flag": conflict.topic.flag,
                "choices": [spelled(conflict.topic, one.value) for one in conflict.signals],
                "signals": [signal(one) for one in conflict.signals],
            }
            for conflict in result.conflicts
        ],
        "refusals": [
            {
                "flavor": refusal.flavor or None,
                "reason": refusal.reason,
                "hint": refusal.hint,
                "signal": signal(refusal.signal),
            }
            for refusal in result.refusals
        ],
        "left_out": [{"file": name, "reason": reason} for name, reason in result.skipped],
    }


def addition(made: "Addition") -> None:
    """Print what was added to a repository: what was detected, the trials, and the files."""
    outcome = made.outcome
    facts = {
        "directory": str(made.directory),
        "detected": _detected(made.detected),
        "answers": dict(made.answers),
        "trials": [
            {
                "flavor": tried.flavor,
                "holds": tried.holds,
                "error": tried.error or None,
                "likely": tried.likely and asdict(tried.likely),
                "placeholders": list(tried.placeholders),
                "unstarted": list(tried.unstarted),
                "check": tried.result and _checked(tried.result.checked, tried.result.found),
            }
            for tried in made.trials
        ],
        "result": outcome.result if outcome else "nothing was written",
        "files": [
            {"path": change.path, "status": str(change.status), "note": change.note}
            for change in (outcome.plan.changes if outcome and outcome.plan else ())
        ],
    }
    if outcome and outcome.plan and outcome.plan.at_root:
        facts["at_root"] = {
            path: file.content.decode(errors="replace")
            for path, file in outcome.plan.at_root.items()
        }
    if outcome and outcome.plan and outcome.result.startswith("would"):
        facts["diff"] = outcome.plan.diff
    show(facts)


def checked(result: "Result") -> str:
    """Return what was measured and found; null stands for what could not be seen."""
    change = result.since
    facts = _checked(result.checked, result.found) | {
        "layers": [
            {
                "digest": layer.digest,
                "unpacked_bytes": layer.unpacked_bytes,
                "gzip_bytes": layer.gzip_bytes,
                **(_part(result.anatomy.parts[number]) if result.anatomy else {}),
            }
            for number, layer in enumerate(result.checked.image.layers)
        ],
        **(_anatomy(result.anatomy) if result.anatomy else {}),
        "since": change
        and {
            "unpacked_bytes": change.before.unpacked_bytes,
            "gzip_bytes": change.before.gzip_bytes,
            "layers_added": change.added,
            "layers_removed": change.removed,
            "findings_gone": list(change.gone),
        },
    }
    return dumped(facts) + "\n"


def _part(part: "Part") -> dict[str, Any]:
    return {
        "instruction": part.instruction or None,
        "base": part.is_base,
        "folders": [
            {"path": path, "bytes": node.size_bytes, "hidden_bytes": node.hidden_bytes}
            for path, _, node in part.root.walk()
            if node.is_folder
        ],
        "largest": [{"path": file.path, "bytes": file.size} for file in part.largest],
        "hidden_bytes": part.hidden_bytes,
        "hidden_files": part.hidden_files,
        "hidden": [{"path": file.path, "bytes": file.size} for file in part.hidden],
    }


def _anatomy(anatomy: "Anatomy") -> dict[str, Any]:
    return {
        "hidden": {
            "file_bytes": anatomy.file_bytes,
            "bytes": anatomy.hidden_bytes,
            "own_bytes": anatomy.own_hidden_bytes,
            "dive_efficiency": anatomy.dive and round(anatomy.dive, 6),
        }
    }


def _checked(result: "Checked", found: "Sequence[Found]") -> dict[str, Any]:
    project, seen, limits = result.project, result.seen, result.contract.limits
    return {
        "name": result.name,
        "directory": result.directory and str(result.directory),
        "cell": project and str(project.cell),
        "template_version": project and project.template_version,
        "holds": not result.failures,
        "size": {
            "unpacked_bytes": result.image.unpacked_bytes,
            "gzip_bytes": result.image.gzip_bytes,
            "limit_bytes": limits.size_bytes,
        },
        "kind": result.contract.workload,
        "healthy": {
            "seconds": seen and seen.healthy_seconds,
            "limit_seconds": limits.healthy_seconds or None,
        },
        "run": {
            "seconds": seen and seen.run_seconds,
            "limit_seconds": limits.run_seconds or None,
        },
        "stop": {
            "seconds": seen.stop_seconds if seen and seen.exit_code is None else None,
            "limit_seconds": limits.stop_seconds,
        },
        "rules": [
            {
                "code": rule.code,
                "title": rule.title,
                "holds": result.holds(rule.code),
                "ignored": result.ignored(rule.code),
                "findings": [
                    {
                        "message": one.finding.message,
                        "hint": one.finding.hint,
                        "severity": one.finding.severity,
                        "place": one.finding.place and asdict(one.finding.place),
                        "source": one.line and {"path": one.line.path, "line": one.line.number},
                        "fingerprint": one.fingerprint,
                        "expired": one.expired or None,
                        "new": one.is_new,
                    }
                    for one in found
                    if one.finding.rule == rule.code
                ],
            }
            for rule in result.rules
        ],
        "left_out": dict(result.left_out),
        "needs": list(result.needs),
    }


def rules(listed: "Sequence[AnyRule]") -> None:
    """Print the rules of a check with everything there is to say about them."""
    facts = [
        {
            "code": rule.code,
            "title": rule.title,
            "severity": rule.severity,
            "why": rule.why,
            "fix": rule.fix,
            "sources": list(rule.sources),
            "alike": {tool: list(codes) for tool, codes in rule.alike.items()},
            "kinds": sorted(rule.kinds),
        }
        for rule in listed
    ]
    show({"rules": facts})


def updated(outcomes: "Sequence[Outcome]", mode: "Mode", warnings: Sequence[str] = ()) -> None:
    """Print what an update did, or would do, with one entry per project."""
    facts = {
        "mode": str(mode),
        "warnings": list(warnings),
        "projects": [
            _outcome(outcome, mode)
            | {"lock_command": (outcome.plan and outcome.plan.lock_command) or None}
            for outcome in outcomes
        ],
    }
    show(facts)


def bumped(outcome: "Outcome", mode: "Mode") -> None:
    """Print what a bump did, or would do, to a starter."""
    show({"mode": str(mode), **_outcome(outcome, mode)})


def _outcome(outcome: "Outcome", mode: "Mode") -> dict[str, Any]:
    return {
        "directory": str(outcome.directory),
        "result": outcome.result,
        "from": outcome.before or None,
        "to": outcome.after or None,
        "error": outcome.error and {"message": outcome.error.message, "hint": outcome.error.hint},
        "files": [
            {"path": change.path, "status": str(change.status), "note": change.note}
            for change in (outcome.plan.changes if outcome.plan else ())
        ],
        **({"diff": outcome.plan.diff} if outcome.plan and mode == "dry-run" else {}),
    }


def made(result: "Made", commands: Sequence[str]) -> None:
    """Print a starter that was made."""
    settings = result.settings
    facts = {
        "directory": str(result.directory),
        "name": settings.name,
        "base": settings.base,
        "languages": list(settings.languages),
        "ci": settings.ci,
        "files": [path.as_posix() for path in result.files],
        "committed": result.committed,
        "problem": result.problem or None,
        "next": list(commands),
    }
    show(facts)


def starters(listed: "Sequence[Listed]") -> None:
    """Print the registered starters."""
    facts = [
        {
            "name": entry.starter.name,
            "url": entry.starter.url,
            "releases": list(entry.releases),
            "fetched": entry.starter.fetched and entry.starter.fetched.isoformat(),
        }
        for entry in listed
    ]
    show({"starters": facts})


def proven(result: "Proven") -> None:
    """Print what the contracts of a starter found."""
    proof, before = result.proof, result.before or {}
    facts = {
        "directory": str(result.directory),
        "holds": not proof.broken,
        "held": proof.held,
        "cases": [
            {
                "case": case,
                "holds": all(broken.case != case for broken in proof.broken),
                "size": asdict(proof.sizes[case]) if case in proof.sizes else None,
                "before": asdict(before[case]) if case in before else None,
            }
            for case in result.cases
        ],
        "broken": [
            {
                "case": broken.case or None,
                "contracts": list(broken.contracts),
                "message": broken.message,
            }
            for broken in proof.broken
        ],
        "skipped": dict(proof.skipped),
    }
    show(facts)


def show(facts: Mapping[Any, Any]) -> None:
    """Print facts as one JSON object; credentials are removed from addresses."""
    console.raw(dumped(facts) + "\n")


def dumped(facts: Mapping[Any, Any]) -> str:
    """Return facts as JSON text."""
    words = json.dumps(_plain(facts), indent=2, default=str)
    return words.replace("\x7f", "\\u007f")


def _plain(value: Any, key: str = "") -> Any:
    """Convert a value to JSON types: answers may have keys that aren't text."""
    if isinstance(value, Mapping):
        return {str(name): _plain(inner, str(name)) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner, key) for inner in value]
    # A diff has to apply, so it stays as it is.
    return masked(value) if isinstance(value, str) and key != "diff" else value
