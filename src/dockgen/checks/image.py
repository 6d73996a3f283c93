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
# Programs that reap processes and pass signals on to the command behind them.
_INITS = {"tini", "tini-static", "dumb-init", "docker-init", "catatonit"}
# Compilers. The package managers of a language are in its language.yml.
_COMPILERS = {"cc", "gcc", "c++", "g++", "clang", "cpp", "ld", "as", "make", "cargo"}
# The package managers of distributions.
_DISTRIBUTION_TOOLS = {"apk", "apt", "apt-get", "aptitude", "dpkg", "dnf", "microdnf", "rpm", "yum"}
# What surrounds a tool's name: x86_64-linux-gnu-gcc-14, pip3.14.
_PREFIX = re.compile(r"^\w+-(\w+-)?linux-(gnu|musl)\w*-")
_VERSION = re.compile(r"[-.]?\d+(\.\d+)*$")


@rule(
    "DG101",
    fix="add to the last stage: USER 65532:65532",
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
    """Runs as a numeric, non-root user.

    Without USER, the container runs as root, and so does an attacker who breaks out of it. The user
    must be a number: Kubernetes' runAsNonRoot rejects names, because it can't tell if a name is
    root.
    """
    user = image.config.user
    if not user:
        yield Violation("the image has no USER, so it runs as root")
    elif re.fullmatch(r"[1-9]\d*", user):
        yield Violation(
            f"the image has no group for its user {user}, so the group may be root",
            f"name it in the last stage: USER {user}:{user}",
        )
    elif not re.fullmatch(r"[1-9]\d*:[1-9]\d*", user):
        yield Violation(f"the image runs as the user {user!r}")


@rule(
    "DG102",
    Workload.SERVICE,
    Workload.WORKER,
    fix='add to the last stage: HEALTHCHECK --start-interval=1s CMD ["…"]',
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

    Without a health check, the engine can't see that a service hangs, and `docker compose up
    --wait` doesn't wait until it is ready. The shell form of HEALTHCHECK starts a shell for each
    probe, so the image must contain one. Jobs don't need a health check.
    """
    check = image.config.health_check
    if check is None or not check.test:
        yield Violation("the image has no health check")
    elif check.test[0] == "NONE":
        yield Violation("the health check of the image is turned off")
    elif check.test[0] != "CMD" or len(check.test) < 2 or _is_shell(check.test[1:]):
        yield Violation(f"a shell starts the health check: {' '.join(check.test[1:])!r:.80}")


@rule(
    "DG103",
    Workload.SERVICE,
    Workload.WORKER,
    fix="add the options: HEALTHCHECK --start-period=20s --start-interval=1s …",
    sources=["Dockerfile reference, HEALTHCHECK --start-interval", "Docker Engine 25 and later"],
    at=["HEALTHCHECK"],
)
def has_start_interval(image: Image, _contract: Contract) -> Iterator[Violation]:
    """Is probed often during startup.

    The first probe runs after a whole interval, 30 s by default, and everything that depends on the
    service waits that long. With a start interval of 1 s, the container is healthy about a second
    after the service is ready. Later probes aren't affected.
    """
    check = image.config.health_check
    if check is None or not check.test or check.test[0] == "NONE":
        return  # DG102 reports that
    # Without a start period, the start interval isn't used.
    if not check.start_interval_seconds or not check.start_period_seconds:
        yield Violation(
            f"the start interval of the health check is {check.start_interval_seconds:g} s and"
            f" its start period is {check.start_period_seconds:g} s (0: not set)",
        )


@rule(
    "DG104",
    fix='use the exec form: ENTRYPOINT ["/usr/local/bin/app"]',
    sources=["Dockerfile reference, shell form ENTRYPOINT"],
    alike={"hadolint": ["DL3025"], "BuildKit": ["JSONArgsRecommended"]},
    at=["ENTRYPOINT", "CMD"],
)
def starts_in_exec_form(image: Image, _contract: Contract) -> Iterator[Violation]:
    """Starts without a shell.

    A shell between the engine and the program doesn't pass on SIGTERM. After ten seconds, the
    engine kills the program and the requests that it is serving. A script that starts the program
    with `exec` passes.
    """
    command = image.config.entrypoint + image.config.command
    if not command:
        yield Violation("the image has no ENTRYPOINT or CMD")
    elif _is_shell(_without_init(command)) and not _hands_over(command):
        yield Violation(f"a shell starts the program: {' '.join(command)!r:.80}")


@rule(
    "DG105",
    fix="find the large layers: docker history <image>, or raise limits.size_mb in dockgen.toml",
    sources=["NIST SP 800-190 4.1", "OWASP Docker rule 9"],
)
def is_within_size(image: Image, contract: Contract) -> Iterator[Violation]:
    """Stays within its size limit.

    Every byte is stored, pulled and scanned wherever the image runs, and an attacker can use every
    file. Set the limit in dockgen.toml. The size is the sum of the unpacked layer tars, which is
    the same on every engine.
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
    fix="remove them, or clear the bits in the step that adds them: chmod a-s",
    sources=["CIS Docker 4.8"],
    alike={"Dockle": ["CIS-DI-0008"]},
)
def has_no_setuid_file(image: Image, _contract: Contract) -> Iterator[Violation]:
    """Has no setuid or setgid files.

    A setuid file runs with the rights of its owner, so it can turn the service's user into root. If
    a later layer removes the file, it is still in the image. So this rule checks each layer that
    you add, and of the base image only the files that a container sees. If the base is unknown, it
    checks only what a container sees.
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
    fix="build in a build stage, and copy the result into a base without them",
    sources=["CIS Docker 4.3", "NIST SP 800-190 4.1", "OWASP Docker rule 0"],
)
def has_no_tools(image: Image, contract: Contract) -> Iterator[Violation]:
    """Has no package managers or compilers.

    They make the image larger, have vulnerabilities of their own, and help only attackers. Install
    what the service needs when you build the image.

    The slim and alpine bases contain the package manager of the distribution (apt, dpkg, apk). It
    is allowed there, because removing it in a later layer saves no space, and hides from scanners
    what is installed. It isn't allowed in scratch.
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
    fix="remove it, or use the alpine flavor",
    sources=["NIST SP 800-190 4.1", "hardening guides of distroless images"],
)
def has_no_shell(image: Image, contract: Contract) -> Iterator[Violation]:
    """Has no shell if built from scratch.

    Most attacks use a shell as soon as they can start a program. Images from scratch have none. The
    slim and alpine flavors keep theirs, so that you can look into a container.
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
    fix='add to the last stage: LABEL org.opencontainers.image.source="…"',
    sources=["OCI image specification, annotations"],
    alike={"hadolint": ["DL3049", "DL3051"]},
    at=["LABEL"],
)
def has_required_labels(image: Image, contract: Contract) -> Iterator[Violation]:
    """Has the required labels.

    Labels say what an image is, who maintains it and where its source is. Set the list in
    rules.required_labels in dockgen.toml. Without a list, no label is required. An empty label
    counts as missing.
    """
    for name in contract.policy.required_labels:
        if not image.config.labels.get(name, "").strip():
            state = "is empty" if name in image.config.labels else "is missing"
            yield Violation(f"the label {name} {state}", f'add to the last stage: LABEL {name}="…"')


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
    """Yield the paths that a command may resolve to: executables in a bin folder."""
    for path, file in image.tree.items():
        if file.is_executable and _base(posixpath.dirname(path)) in ("bin", "sbin"):
            yield path


def _plain(name: str) -> str:
    return _VERSION.sub("", _PREFIX.sub("", name))


def _is_shell(command: tuple[str, ...]) -> bool:
    return len(command) > 1 and _base(command[0]) in _SHELLS and command[1].startswith("-")


def _without_init(command: tuple[str, ...]) -> tuple[str, ...]:
    """Return a command without a small init, such as tini, and its options."""
    if _base(command[0]) not in _INITS:
        return command
    rest = command[1:]
    while rest and rest[0].startswith("-"):
        rest = rest[1:]
    return rest


def _hands_over(command: tuple[str, ...]) -> bool:
    """Return whether the last thing that a shell does is exec the program."""
    last = re.split(r"&&|\|\||[;\n]", command[-1].strip().rstrip(";"))[-1].strip()
    return last.startswith("exec ") and not re.search(r"[|&]\s*$|\|", last)


def _base(path: str) -> str:
    return posixpath.basename(path)
