"""The check: a target's files, image and container, held to its contract."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from pathlib import Path

from dockgen import checks, engine, signals
from dockgen.checks import AnyRule, Files, Finding, Observation, Severity
from dockgen.containerfiles import context, dockerfile, leftout
from dockgen.containerfiles.composefile import Change
from dockgen.containerfiles.dockerfile import Dockerfile
from dockgen.contract import Contract, Ignored
from dockgen.engine import BuildError, Composed
from dockgen.errors import ProjectError
from dockgen.image import Config, Image
from dockgen.image import saved as saved_image
from dockgen.project import Project
from dockgen.targets import foreign, observe
from dockgen.targets.foreign import Watched
from dockgen.targets.target import DOCKERFILES, Target


class Verdict(StrEnum):
    """The verdict on one rule."""

    HOLDS = "ok"
    FINDING = "finding"
    WARNING = "warning"
    INFO = "info"
    IGNORED = "ignored"
    NOT_ASKED = "not asked"
    BASE_UNKNOWN = "base unknown"


@dataclass(frozen=True)
class Checked:
    """What was checked, its contract, what was read and seen, and what was found.

    ``name`` is its name in messages. ``project`` is None if dockgen didn't make it, and
    ``directory`` for an image without a folder. ``seen`` is None if there was no container; then no
    rule for containers was asked. ``findings`` has all findings, even those of ignored rules.
    ``left_out`` maps the codes of rules that weren't asked to the reasons, and ``needs`` lists in
    words what a container needs that the hardened run doesn't provide. ``day`` is the day of the
    check: a rule may be ignored until then.
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
    day: date = field(default_factory=date.today)

    @property
    def rules(self) -> Sequence[AnyRule]:
        """The rules that apply, whether they could be asked or not."""
        return checks.applicable(self.contract)

    def holds(self, code: str) -> bool | None:
        """Return whether a rule passes; None if it wasn't asked."""
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
            or (self.seen.never_worked and code in checks.OF_STOP)
        )
        return None if unseen else True

    def ignored(self, code: str) -> str | None:
        """Return the project's reason for ignoring a rule, or None if its findings count."""
        found = self.contract.policy.ignored.get(code)
        return found.reason if found and found.holds_on(self.day) else None

    def expired(self, code: str) -> Ignored | None:
        """Return why a rule was ignored until a day that is past, and that day, or None."""
        found = self.contract.policy.ignored.get(code)
        return found if found and not found.holds_on(self.day) else None

    def verdict(self, code: str) -> Verdict:
        """Return the verdict on a rule."""
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


def check(target: Target, doing: Callable[[str], None]) -> Checked:
    """Check a target's files, its image, and a container of it.

    The image and container are made with the target's own compose.yaml, isolated from everything
    that already runs; without one, with its Dockerfile and the options that dockgen renders. What
    is built and started is removed at the end; the build cache stays. For a saved image, only files
    and image are checked.

    Args:
        target: what to check.
        doing: called with a few words about the current step.

    Raises:
        BuildError: the image can't be built.
        ToolMissingError: the engine is missing, too old, or went away.
        ProjectError: a file can't be read, compose.yaml reaches too far, or the image is missing.
    """
    if target.saved is not None:
        return _check_saved(target, target.saved, doing)
    version = engine.require(builds=target.image is None)
    asked = target.asked
    with ExitStack() as stack:
        composed = None
        if target.composed and target.directory is not None:
            composed = stack.enter_context(
                engine.prepare(
                    target.directory,
                    trusted=asked.trusted,
                    service=target.run.service,
                    sources=target.sources,
                )
            )
        found = _dockerfile(target, composed)
        findings = _check_files(target, found, asks_builder=not version.is_podman)
        built = target.image
        if built is None:
            doing("Building the image")
            with _explained(findings):
                built = _build(target, composed, stack)
        doing("Reading the image")
        read = read_image(
            built,
            engine.base_layers(found.base if found and not version.is_podman else None),
            gzip_sizes=asked.gzip_sizes,
            secrets=asked.secrets,
        )
        watched = _watch(target, composed, built, read, target.contract(read.config), doing)
        # What it does may be known only after it has run.
        findings += checks.check_image(read, watched.contract)
    return Checked(
        name=target.name,
        directory=target.directory,
        project=target.project,
        contract=watched.contract,
        image=read,
        seen=watched.seen,
        findings=[*findings, *watched.findings],
        left_out=_left_out(target, found, watched.contract, watched.seen),
        needs=watched.needs,
    )


@contextmanager
def _explained(findings: Sequence[Finding]) -> Iterator[None]:
    """Explain a failed build with the findings of file rules, if they know why."""
    try:
        yield
    except BuildError as error:
        for found in findings:
            if found.rule in checks.OF_BUILD:
                message = f"the image can't be built: {found.message} ({found.rule})"
                raise BuildError(message, found.hint, error.log) from error
        raise


def _check_saved(target: Target, saved: Path, doing: Callable[[str], None]) -> Checked:
    doing("Reading the image")
    asked = target.asked
    read = saved_image.read(
        saved,
        name=asked.image,
        platform=asked.build.platform,
        gzip_sizes=asked.gzip_sizes,
        secrets=asked.secrets,
    )
    contract = target.contract(read.config)
    contract = contract.settled(contract.workload, contract.port)
    found = _dockerfile(target, None)
    return Checked(
        name=target.name,
        directory=None,
        project=None,
        contract=contract,
        image=read,
        seen=None,
        findings=[*_check_files(target, found), *checks.check_image(read, contract)],
        left_out=_left_out(target, found, contract, None),
    )


def _check_files(
    target: Target, found: Dockerfile | None, *, asks_builder: bool = False
) -> list[Finding]:
    """Check the files; in a project, a missing Dockerfile is a finding, too."""
    if found is None and target.project is None:
        return []
    around = left_out = None
    if found is not None and target.directory is not None:
        around = context.read(target.directory, target.dockerfile_name)
        if asks_builder:
            left_out = leftout.find(target.directory, around)
    files = Files(found, around, left_out, target.dockerfile_name)
    return checks.check_files(files, target.contract(Config()))


def _dockerfile(target: Target, composed: Composed | None) -> Dockerfile | None:
    path, stage = target.dockerfile, target.asked.build.target
    if composed is not None and target.image is None:
        path, stage = composed.dockerfile, composed.stage
    if path is None:
        return None
    folder = target.directory
    is_own = folder is not None and path.is_relative_to(folder) and not target.asked.build.file
    try:
        found = dockerfile.read(path, inside=folder if is_own else None, target=stage)
    except FileNotFoundError:
        return None
    # What compose.yaml gives a build by a name isn't pulled.
    given = composed.contexts if composed is not None else ()
    return replace(found, images=tuple(one for one in found.images if one.name not in given))


def _left_out(
    target: Target, read: Dockerfile | None, contract: Contract, seen: Observation | None
) -> dict[str, str]:
    """Return the rules that can't be asked of a target, each with the reason."""
    found: dict[str, str] = {}
    if read is None and target.project is None:
        found |= {rule.code: "there is no Dockerfile to read" for rule in checks.OF_FILES}
    if target.saved is not None:
        found |= {rule.code: "a saved image isn't run" for rule in checks.OF_CONTAINER}
    if seen is not None and not seen.is_reached:
        reason = "the engine is on another machine, and its ports can't be reached from here"
        found |= dict.fromkeys(checks.OF_ANSWERS, reason)
    if not target.asked.secrets:
        found |= dict.fromkeys(checks.OF_SECRETS, "--no-secrets was given")
    asked = {rule.code for rule in checks.applicable(contract)}
    return {code: reason for code, reason in found.items() if code in asked}


def _build(target: Target, composed: Composed | None, stack: ExitStack) -> str:
    """Build the image, and return its name; the exit stack removes it."""
    deadline = target.run.timeout_seconds or engine.BUILD_SECONDS
    if composed is not None:
        composed.build(deadline)
        return composed.image
    if target.directory is None or target.dockerfile is None:
        raise ProjectError(
            f"no Dockerfile in {target.directory}", "use one from another place: --file FILE"
        )
    build = target.asked.build
    if build.file is not None or target.dockerfile.name != DOCKERFILES[0]:
        build = replace(build, file=target.dockerfile)
    return stack.enter_context(
        engine.temporary_image(target.directory, options=build, deadline=deadline)
    )


def read_image(
    name: str,
    base: Sequence[str] | None = None,
    *,
    gzip_sizes: bool = True,
    secrets: bool = True,
    contents: bool = False,
) -> Image:
    """Read an image of the engine's; ``base`` are the digests of its base's layers, if known.

    The other arguments are those of `saved.read`.

    Raises:
        ProjectError: the image doesn't exist.
    """
    with signals.temporary_folder("dockgen-") as folder:
        saved = folder / "image.tar"
        engine.save(name, saved)
        return saved_image.read(
            saved, base, gzip_sizes=gzip_sizes, secrets=secrets, contents=contents
        )


def _listens_at(port: int | None, published: Sequence[int]) -> int | None:
    """The port to ask: a setting of the compose file may have moved it, and what it publishes."""
    return port if port is None or port in published else next(iter(published), port)


def _watch(
    target: Target,
    composed: Composed | None,
    built: str,
    read: Image,
    contract: Contract,
    doing: Callable[[str], None],
) -> Watched:
    """Watch a container, run the way that the target says."""
    run = target.run
    change = Change(target.image, contract.port, run.environment, run.memory_mb)
    if target.project is None:
        if composed is None:
            return foreign.watch(built, read.config, contract, doing)
        doing("Watching a container")
        ports = (run.port, *read.config.ports, *composed.ports)
        port = next((port for port in ports if port), None)
        return foreign.watch_composed(
            composed.running(replace(change, port=port)),
            replace(read.config, ports=tuple(port for port in ports if port)),
            contract,
        )
    doing("Watching a container")
    if composed:
        contract = replace(contract, port=run.port or _listens_at(contract.port, composed.ports))
        change = replace(change, port=contract.port)
    options = engine.RunOptions(port=contract.port, environment=run.environment)
    if run.memory_mb is not None:
        options = replace(options, memory_mb=run.memory_mb)
    container = composed.running(change) if composed else engine.run(built, options)
    with ExitStack() as stack:
        try:
            started = stack.enter_context(container)
        except ProjectError as error:
            return Watched(contract, None, (checks.cannot_start(error.message, contract),))
        seen = observe.observe(started, contract)
    return Watched(contract, seen, tuple(checks.check_running(seen, contract)))
