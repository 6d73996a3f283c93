"""Rules DG101…: what must hold for a built image."""

import posixpath
import re
from collections.abc import Iterator

from dockgen import languages
from dockgen.checks import layers
from dockgen.checks.model import Place, Violation, rule
from dockgen.contract import Contract
from dockgen.image import Image
from dockgen.matrix import Workload

_MB = 10**6

_SHELLS = {"ash", "bash", "busybox", "csh", "dash", "fish", "ksh", "mksh", "sh", "tcsh", "zsh"}
# What reaps processes and passes signals on to the command behind it.
_INITS = {"tini", "tini-static", "dumb-init", "docker-init", "catatonit"}
# What compiles. What installs a language's packages is in its language.yml.
_COMPILERS = {"cc", "gcc", "c++", "g++", "clang", "cpp", "ld", "as", "make", "cargo"}
# What a distribution installs its own packages with.
_DISTRIBUTION_TOOLS = {"apk", "apt", "apt-get", "aptitude", "dpkg", "dnf", "microdnf", "rpm", "yum"}
# What stands around a tool's name: x86_64-linux-gnu-gcc-14, pip3.14.
_PREFIX = re.compile(r"^\w+-(\w+-)?linux-(gnu|musl)\w*-")
_VERSION = re.compile(r"[-.]?\d+(\.\d+)*$")


@rule(
    "DG101",
    fix="write in the last stage: USER 65532:65532",
    sources=["CIS Docker 4.1", "OWASP Docker rule 2", "Kubernetes' restricted profile"],
    alike={
        "hadolint": ["DL3002", "DL3066"],
        "Trivy": ["DS-0002"],
        "Dockle": ["CIS-DI-0001"],
        "Checkov": ["CKV_DOCKER_3", "CKV_DOCKER_8"],
    },
    at=["USER"],
)
def runs_as_non_root(image: Image, _contract: Contract) -> Iterator[Violation]:
    """Runs as a numeric user that is not root.

    A break-out from a container starts with the rights of its user, and without USER that is
    root. A name won't do: Kubernetes' runAsNonRoot can't tell whether it means root, and refuses.
    """
    user = image.config.user
    if not re.fullmatch(r"[1-9]\d*:[1-9]\d*", user):
        yield Violation(
            f"the image's user is {user!r}" if user else "the image names no user, so it is root"
        )


@rule(
    "DG102",
    Workload.SERVICE,
    Workload.WORKER,
    fix='write in the last stage: HEALTHCHECK --start-interval=1s CMD ["…"]',
    sources=["CIS Docker 4.6"],
    alike={
        "hadolint": ["DL3057"],
        "Trivy": ["DS-0026"],
        "Dockle": ["CIS-DI-0006"],
        "Checkov": ["CKV_DOCKER_2"],
    },
    at=["HEALTHCHECK"],
)
def has_health_check(image: Image, _contract: Contract) -> Iterator[Violation]:
    """Has a health check that needs no shell.

    Without one, an engine takes a hung service for a good one, and `docker compose up --wait`
    waits for nothing. The shell form starts a shell for each probe, and needs one in the image. A
    job, which runs to its end, needs none.
    """
    check = image.config.health_check
    if check is None or not check.test:
        yield Violation("the image has no health check")
    elif check.test[0] == "NONE":
        yield Violation("the image's health check is turned off")
    elif check.test[0] != "CMD" or len(check.test) < 2 or _is_shell(check.test[1:]):
        yield Violation(f"the health check is started by a shell: {' '.join(check.test[1:])!r:.80}")


@rule(
    "DG103",
    Workload.SERVICE,
    Workload.WORKER,
    fix="write: HEALTHCHECK --start-period=20s --start-interval=1s …",
    sources=["Dockerfile reference, HEALTHCHECK --start-interval", "Docker Engine 25 and later"],
    at=["HEALTHCHECK"],
)
def has_start_interval(image: Image, _contract: Contract) -> Iterator[Violation]:
    """Is probed often while it starts.

    The first probe comes after a whole interval, 30 s by default, so that everything that
    waits for a healthy service waits as long. A start interval gives an answer within about a
    second, and costs nothing afterwards.
    """
    check = image.config.health_check
    if check is None or not check.test or check.test[0] == "NONE":
        return  # DG102 says so
    # Without a start period there is no start, and its interval counts for nothing.
    if not check.start_interval_seconds or not check.start_period_seconds:
        yield Violation(
            f"the health check's start interval is {check.start_interval_seconds:g} s, "
            f"its start period {check.start_period_seconds:g} s (0: not set)",
        )


@rule(
    "DG104",
    fix='write the command as a list: ENTRYPOINT ["/usr/local/bin/app"]',
    sources=["Dockerfile reference, shell form ENTRYPOINT"],
    alike={"hadolint": ["DL3025"], "BuildKit": ["JSONArgsRecommended"]},
    at=["ENTRYPOINT", "CMD"],
)
def starts_in_exec_form(image: Image, _contract: Contract) -> Iterator[Violation]:
    """Is started without a shell in between.

    A shell that stands between the engine and the program keeps SIGTERM to itself, so that the
    program is killed after ten seconds, with its requests. One that ends with `exec` hands over to
    the program, and passes.
    """
    command = image.config.entrypoint + image.config.command
    if not command:
        yield Violation("the image doesn't say what to start")
    elif _is_shell(_without_init(command)) and not _hands_over(command):
        yield Violation(f"a shell starts the program: {' '.join(command)!r:.80}")


@rule(
    "DG105",
    fix="find what grew with: docker history <image>, or raise limits.size_mb in dockgen.toml",
    sources=["NIST SP 800-190 4.1", "OWASP Docker rule 9"],
)
def is_within_size(image: Image, contract: Contract) -> Iterator[Violation]:
    """Is within its size limit.

    Each byte is stored, pulled and scanned by everyone who runs the image, and each file is
    something that an intruder finds there. The limit is the project's own, in dockgen.toml; the
    size is the sum of the unpacked layer tars, which no engine and no store change.
    """
    limit = contract.limits.size_bytes
    if limit is not None and image.unpacked_bytes > limit:
        over = image.unpacked_bytes - limit
        largest = max(image.layers, key=lambda layer: layer.unpacked_bytes)
        yield Violation(
            f"the image is {image.unpacked_bytes / _MB:.2f} MB unpacked, {over:,} bytes over its "
            f"limit of {limit / _MB:g} MB; its largest is {layers.name(image, largest)} with "
            f"{largest.unpacked_bytes / _MB:.2f} MB",
            place=Place(layer=largest.digest),
        )


@rule(
    "DG106",
    fix="leave them out, or take the bits away in the step that brings them: chmod a-s",
    sources=["CIS Docker 4.8"],
    alike={"Dockle": ["CIS-DI-0008"]},
)
def has_no_setuid_file(image: Image, _contract: Contract) -> Iterator[Violation]:
    """Has no setuid or setgid file.

    A setuid file hands the rights of its owner to everyone who starts it: a way from the service's
    account to root. Taken away in a later layer it is still in the image, for everyone who gets
    hold of that layer, so each layer counts that the project adds. What the layers of the base
    image hold is not the project's to remove; what a container sees of it, is. Where the base is
    unknown, only what a container sees counts.
    """
    own = () if image.base_layers is None else image.layers[image.base_layers :]
    found = {file.path for layer in own for file in layer.files if file.is_setuid}
    found |= {path for path, file in image.tree.items() if file.is_setuid}
    if found:
        yield Violation(
            f"the image has setuid or setgid files: {layers.few(found)}",
            place=layers.place(image, found),
        )


@rule(
    "DG107",
    fix="copy what the service needs from a build stage into a base that has none of them",
    sources=["CIS Docker 4.3", "NIST SP 800-190 4.1", "OWASP Docker rule 0"],
)
def has_no_tools(image: Image, contract: Contract) -> Iterator[Violation]:
    """Has no package manager and no compiler.

    They make the image larger, bring vulnerabilities of their own, and only serve an
    intruder: what a running service needs was installed when the image was built.

    The package manager of the distribution (apt, dpkg, apk) is part of the slim and alpine bases:
    taking it out in a later layer would save nothing, and hide from scanners what is installed. It
    is accepted there, and not in scratch.
    """
    unwanted = _COMPILERS | languages.tools()
    if not contract.base.package_manager:
        unwanted |= _DISTRIBUTION_TOOLS
    found = {path for path in _programs(image) if _plain(_base(path)) in unwanted}
    found |= {path for path in image.tree if path.endswith(languages.tool_folders())}
    if found:
        yield Violation(
            f"the image has package managers or compilers: {layers.few(found)}",
            place=layers.place(image, found),
        )


@rule(
    "DG108",
    fix="leave it out, or take the alpine flavor",
    sources=["NIST SP 800-190 4.1", "hardening guides of distroless images"],
)
def has_no_shell(image: Image, contract: Contract) -> Iterator[Violation]:
    """Has no shell when it is built from scratch.

    Most attacks go on through a shell once they can start a program. An image from scratch
    promises that there is none; the slim and alpine flavors keep theirs, for those who have to
    look into a container.
    """
    if contract.base.shell:
        return
    found = {path for path in _programs(image) if _base(path) in _SHELLS}
    if found:
        yield Violation(
            f"the image has a shell: {layers.few(found)}",
            place=layers.place(image, found),
        )


@rule(
    "DG109",
    fix='write in the last stage: LABEL org.opencontainers.image.source="…"',
    sources=["OCI image specification, annotations"],
    alike={"hadolint": ["DL3049", "DL3051"]},
    at=["LABEL"],
)
def has_required_labels(image: Image, contract: Contract) -> Iterator[Violation]:
    """Carries the required labels.

    Labels tell those who meet an image in a registry or a cluster what it is, who answers for it
    and where its source is. The list is the project's own, rules.required_labels in dockgen.toml;
    without one, no label is required. A label without a text counts for none.
    """
    for name in contract.policy.required_labels:
        if not image.config.labels.get(name, "").strip():
            state = "is empty" if name in image.config.labels else "is missing"
            yield Violation(
                f"the label {name} {state}", f'write in the last stage: LABEL {name}="…"'
            )


RULES = (
    runs_as_non_root,
    has_health_check,
    has_start_interval,
    starts_in_exec_form,
    is_within_size,
    has_no_setuid_file,
    has_no_tools,
    has_no_shell,
    has_required_labels,
)


def _programs(image: Image) -> Iterator[str]:
    """Yield the paths that a command's name may find: what can be started, in a bin folder."""
    for path, file in image.tree.items():
        if file.is_executable and _base(posixpath.dirname(path)) in ("bin", "sbin"):
            yield path


def _plain(name: str) -> str:
    return _VERSION.sub("", _PREFIX.sub("", name))


def _is_shell(command: tuple[str, ...]) -> bool:
    return len(command) > 1 and _base(command[0]) in _SHELLS and command[1].startswith("-")


def _without_init(command: tuple[str, ...]) -> tuple[str, ...]:
    """A command without a small init in front of it, such as tini, and its options."""
    if not command or _base(command[0]) not in _INITS:
        return command
    rest = command[1:]
    while rest and rest[0].startswith("-"):
        rest = rest[1:]
    return rest


def _hands_over(command: tuple[str, ...]) -> bool:
    """Whether the last thing that a shell does is to become the program."""
    last = re.split(r"&&|\|\||[;\n]", command[-1].strip().rstrip(";"))[-1].strip()
    return last.startswith("exec ") and not re.search(r"[|&]\s*$|\|", last)


def _base(path: str) -> str:
    return posixpath.basename(path)
