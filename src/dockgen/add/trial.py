"""A trial: prove container files on a copy of their repository.

The repository stays as it is. The copy has only the files that git tracks or would track, so the
proof is for what a fresh clone builds.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from dockgen import check, engine, signals, template
from dockgen.add import copies, failures
from dockgen.add.failures import Likely
from dockgen.detect.repository import Repository
from dockgen.targets import target as targets
from dockgen.targets.target import Asked
from dockgen.verdict import cause, result
from dockgen.verdict.result import Result


@dataclass(frozen=True)
class Trial:
    """The result of a trial.

    ``flavor`` is the image's flavor. ``result`` is None if nothing could be built; then ``error``
    says why, and ``log`` is the build's output. ``likely`` is the likely cause, if known.
    ``placeholders`` are the settings that had no value, and ``unstarted`` the processes in
    compose.yaml that only run beside the program: they weren't started.
    """

    flavor: str
    result: Result | None = None
    error: str = ""
    log: str = ""
    likely: Likely | None = None
    placeholders: Sequence[str] = ()
    unstarted: Sequence[str] = ()

    @property
    def holds(self) -> bool:
        """Whether it was built, turned healthy and passed every rule."""
        return self.result is not None and not self.result.checked.failures


def run(
    repository: Repository, folder: str, answers: Mapping[str, Any], doing: Callable[[str], None]
) -> Trial:
    """Render the container files into a copy of the repository, and check it.

    Args:
        repository: its files are copied.
        folder: the project's folder in it; "." is its root.
        answers: the answers to the template's questions.
        doing: called with a few words about the current step.

    Raises:
        UsageError: an answer is not allowed.
        ToolMissingError: the engine is missing, too old, or went away.
        ProjectError: the disk is full or can't be written.
    """
    flavor = str(answers["flavor"])
    existing: Mapping[str, Any] = answers["existing"]
    required = list(existing.get("required") or ())
    with signals.temporary_folder("dockgen-") as temporary:
        copied, rendered = temporary / "repository", temporary / str(answers["name"])
        copies.of(repository, copied)
        target = copied / folder
        template.render(rendered, {**answers, "unmanaged": []}, ask=())
        copies.lay(rendered, target, required)
        unstarted = list(existing.get("processes") or ())
        told = Trial(flavor, placeholders=required, unstarted=unstarted)
        try:
            checked = check.check(targets.find(target, Asked(trusted=True)), doing)
        except engine.BuildError as error:
            likely = failures.of_build(error.log)
            return replace(told, error=error.message, log=error.log, likely=likely)
        found = result.of(checked, cause.sources(target))
    words = [checked.seen.log] if checked.seen else []
    words += [finding.message for finding in checked.failures]
    likely = failures.of_run("\n".join(words)) if checked.failures else None
    return replace(told, result=found, likely=likely)
