"""The check: one project's files, image and container, held to its contract."""

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from dockgen import checks, composefile, context, dockerfile, engine, observe
from dockgen import saved as saved_image
from dockgen.checks import AnyRule, Files, Finding, Observation, Severity
from dockgen.composefile import Change
from dockgen.contract import Contract
from dockgen.engine import BuildError, Container
from dockgen.errors import ProjectError
from dockgen.image import Image
from dockgen.project import Project


class Verdict(StrEnum):
    """What a check says of one rule."""

    HOLDS = "ok"
    FINDING = "finding"
    WARNING = "warning"
    INFO = "info"
    IGNORED = "ignored"
    NOT_ASKED = "not asked"
    BASE_UNKNOWN = "base unknown"


@dataclass(frozen=True)
class Checked:
    """What was checked, what it was held to, what was read and seen, and what was found.

    ``name`` is what to call it. ``project`` is None for what dockgen didn't make, and
    ``directory`` for an image that belongs to no folder. ``seen`` is None if there was no
    container; then no rule about one was asked. ``findings`` are all of them, also those of rules
    that are ignored. ``left_out`` says of rules that weren't asked why not, by code, and ``needs``
    what a container needs that the hardened run doesn't give it, in words.
    """

    name: str
    directory: Path | None
    project: Project | None
    contract: Contract
    image: Image
    seen: Observation | None
    findings: Sequence[Finding]
    left_out: Mapping[str, str] = field(default_factory=dict)
    needs: Sequence[str] = ()

    @property
    def rules(self) -> Sequence[AnyRule]:
        """The rules that are for it, whether they could be asked or not."""
        return checks.applicable(self.contract)

    def holds(self, code: str) -> bool | None:
        """Whether a rule is met; None if there was nothing to ask it of."""
        if any(finding.rule == code for finding in self.findings):
            return False
        if code in self.left_out:
            return None
        if self.image.base_layers is None and code in checks.OF_BASE:
            return None
        if self.seen is None:
            return None if code.startswith("DG2") else True
        unseen = (
            (self.seen.process is None and code in checks.OF_PROCESS)
            or (self.seen.listening is None and code in checks.OF_PORTS)
            or (not self.seen.kept_open and code in checks.OF_CONNECTION)
        )
        return None if unseen else True

    def ignored(self, code: str) -> str | None:
        """Why what a rule finds fails nothing, in the project's words; None if it does fail."""
        return self.contract.policy.ignored.get(code)

    def verdict(self, code: str) -> Verdict:
        """What there is to say of a rule."""
        holds = self.holds(code)
        if holds is None:
            return Verdict.BASE_UNKNOWN if code in checks.OF_BASE else Verdict.NOT_ASKED
        if holds:
            return Verdict.HOLDS
        if self.ignored(code) is not None:
            return Verdict.IGNORED
        found = {finding.severity for finding in self.findings if finding.rule == code}
        if Severity.ERROR in found:
            return Verdict.FINDING
        return Verdict.WARNING if Severity.WARNING in found else Verdict.INFO

    @property
    def failures(self) -> list[Finding]:
        """The findings that fail the check: errors of rules that aren't ignored."""
        return [
            finding
            for finding in self.findings
            if finding.severity is Severity.ERROR and self.ignored(finding.rule) is None
        ]


def check(
    project: Project, image: str | None, doing: Callable[[str], None], *, trusted: bool = False
) -> Checked:
    """Build the project's image, run it, and hold all of it to the project's contract.

    Image and container are made by the project's own compose.yaml, apart from all that runs
    already; where there is none, by the Dockerfile and with the options that dockgen renders. What
    is built and started is removed in the end; the build cache stays.

    Args:
        project: the project.
        image: an image of it that is checked in place of a new one.
        doing: told in a few words what is being done.
        trusted: whether compose.yaml may reach beyond the project's folder.

    Raises:
        BuildError: the image can't be built.
        ToolMissingError: the engine is missing, too old, or went away.
        ProjectError: a file can't be read, compose.yaml reaches too far, or there is no such image.
    """
    contract = project.contract
    found = dockerfile.find(project.directory)
    files = Files(found, context.read(project.directory) if found else None)
    findings = checks.check_files(files, contract)
    engine.require()
    with ExitStack() as stack:
        composed = None
        if composefile.find(project.directory):
            composed = stack.enter_context(engine.prepare(project.directory, trusted=trusted))
        built = image
        if built is None:
            doing("Building the image")
            with _explained(findings):
                if composed:
                    composed.build()
                    built = composed.image
                else:
                    built = stack.enter_context(engine.temporary_image(project.directory))
        doing("Reading the image")
        read = read_image(built, engine.base_layers(found.base if found else None))
        findings += checks.check_image(read, contract)
        doing("Watching a container")
        container = (
            composed.running(Change(image=image, port=contract.port))
            if composed
            else engine.run(built, engine.RunOptions(port=contract.port))
        )
        seen, of_container = _watch(container, contract)
    return Checked(
        name=project.name,
        directory=project.directory,
        project=project,
        contract=contract,
        image=read,
        seen=seen,
        findings=[*findings, *of_container],
    )


@contextmanager
def _explained(findings: Sequence[Finding]) -> Iterator[None]:
    """Say why a build failed if a rule about its files knows that."""
    try:
        yield
    except BuildError as error:
        for found in findings:
            if found.rule in checks.OF_BUILD:
                message = f"the image can't be built: {found.message} ({found.rule})"
                raise BuildError(message, found.hint, error.log) from error
        raise


def read_image(name: str, base: Sequence[str] | None) -> Image:
    """Read an image of the engine's; ``base`` are the digests of its base's layers, if known.

    Raises:
        ProjectError: there is no such image.
    """
    with tempfile.TemporaryDirectory(prefix="dockgen-") as folder:
        saved = Path(folder) / "image.tar"
        engine.save(name, saved)
        return saved_image.read(saved, base)


def _watch(
    container: AbstractContextManager[Container], contract: Contract
) -> tuple[Observation | None, list[Finding]]:
    """What was seen of a container, or None if it can't be started; the findings."""
    with ExitStack() as stack:
        try:
            started = stack.enter_context(container)
        except ProjectError as error:
            return None, [checks.cannot_start(error.message, contract)]
        seen = observe.observe(started, contract)
    return seen, checks.check_running(seen, contract)
