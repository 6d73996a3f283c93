"""The rules DG001…: functions over facts that return findings.

Pure: data in, findings out. DG0xx is for a project's files, DG1xx for its image, DG2xx for its
running container, DG3xx for what has changed since a former report.
"""

from dockgen.checks import contents as _contents
from dockgen.checks import files as _files
from dockgen.checks import growth as _growth
from dockgen.checks import image as _image
from dockgen.checks import network as _network
from dockgen.checks import running as _running
from dockgen.checks.files import Files
from dockgen.checks.growth import Growth
from dockgen.checks.model import Finding, Place, Rule, Severity
from dockgen.checks.running import Ended, Observation, Process
from dockgen.contract import Contract
from dockgen.image import Image
from dockgen.matrix import Workload

__all__ = [
    "OF_ANSWERS",
    "OF_BASE",
    "OF_BUILD",
    "OF_CONNECTION",
    "OF_CONTAINER",
    "OF_FILES",
    "OF_IMAGE",
    "OF_PORTS",
    "OF_PROCESS",
    "OF_SECRETS",
    "OF_STOP",
    "RULES",
    "AnyRule",
    "Ended",
    "Files",
    "Finding",
    "Growth",
    "Observation",
    "Place",
    "Process",
    "Rule",
    "Severity",
    "applicable",
    "cannot_start",
    "check_files",
    "check_growth",
    "check_image",
    "check_running",
    "is_answered",
]

AnyRule = Rule[Files] | Rule[Image] | Rule[Observation] | Rule[Growth]

RULES: tuple[AnyRule, ...] = (
    *_files.RULES,
    *_image.RULES,
    *_contents.RULES,
    *_running.RULES,
    *_network.RULES,
    *_growth.RULES,
)


def applicable(contract: Contract) -> list[AnyRule]:
    """Return the rules that apply to this workload and are selected."""
    selected = contract.policy.selected or ("",)
    return [
        rule
        for rule in RULES
        if contract.workload in rule.kinds
        and rule.code.startswith(selected)
        and (rule not in _growth.RULES or contract.limits.growth is not None)
    ]


OF_FILES, OF_IMAGE, OF_CONTAINER = _files.RULES, _image.RULES, _running.RULES

# The rules that look at a process: a short job may be gone before they can.
OF_PROCESS = ("DG203", "DG204", "DG205", "DG206")
# The rules that look at listening ports, or at a connection that was kept open.
OF_PORTS = ("DG210", "DG211")
OF_CONNECTION = ("DG212",)
# Not checked if the container ended before anybody stopped it.
OF_STOP = ("DG208",)
# The rules that send a request to a port.
OF_ANSWERS = ("DG202", "DG212")
# The rules that search files for secrets.
OF_SECRETS = ("DG112",)
# The rules that can explain why a build fails.
OF_BUILD = ("DG003",)
# The rules that distinguish the project's own layers from its base's.
OF_BASE = ("DG106",)


def check_files(files: Files, contract: Contract) -> list[Finding]:
    """Return what the file rules find in a project's files; empty if all pass."""
    return [finding for rule in _files.RULES for finding in rule(files, contract)]


def check_image(image: Image, contract: Contract) -> list[Finding]:
    """Return what the image rules find in an image; empty if all pass."""
    rules = (*_image.RULES, *_contents.RULES)
    return [finding for rule in rules for finding in rule(image, contract)]


def check_growth(growth: Growth, contract: Contract) -> list[Finding]:
    """Return what the rules find in the image's changes since a former report."""
    return [finding for rule in _growth.RULES for finding in rule(growth, contract)]


def cannot_start(
    reason: str, contract: Contract, again: str = "docker compose up --build"
) -> Finding:
    """Return the finding for a container that can't be started and so can't be checked."""
    is_job = contract.workload is Workload.JOB
    return Finding(
        (_running.runs_to_its_end if is_job else _running.turns_healthy).code,
        f"its container can't be started: {reason}",
        f"see it fail: {again}",
    )


def is_answered(seen: Observation, contract: Contract) -> bool:
    """Return whether a service answers, as DG202 requires."""
    return not list(_running.answers(seen, contract))


def check_running(seen: Observation, contract: Contract) -> list[Finding]:
    """Return what the running rules find in the observation of a container."""
    rules = (*_running.RULES, *_network.RULES)
    return [finding for rule in rules for finding in rule(seen, contract)]
