"""Rules DG301…: what must hold compared with a former report."""

from collections.abc import Iterator
from dataclasses import dataclass

from dockgen.checks.model import Place, Violation, rule
from dockgen.contract import Contract
from dockgen.image import Layer

_MB = 10**6


@dataclass(frozen=True)
class Growth:
    """An image's size in a former report and now, unpacked, and its new layers."""

    before_bytes: int
    after_bytes: int
    added: tuple[Layer, ...] = ()


@rule(
    "DG301",
    fix="find the large layers: docker history <image>, or allow more: --max-growth 10%",
    sources=["NIST SP 800-190 4.1", "OWASP Docker rule 9"],
)
def has_not_grown(growth: Growth, contract: Contract) -> Iterator[Violation]:
    """Doesn't grow more than allowed.

    A size limit only helps when an image gets too large. Until then, it can grow a little with each
    change. Give an earlier report and the allowed growth: `dockgen check --baseline FILE
    --max-growth 5%`.
    """
    allowed = contract.limits.growth
    if allowed is None:
        return
    grown = growth.after_bytes - growth.before_bytes
    if grown > allowed.bytes_of(growth.before_bytes):
        largest = max(growth.added, key=lambda layer: layer.unpacked_bytes, default=None)
        percent = 100 * grown / growth.before_bytes if growth.before_bytes else 100
        yield Violation(
            f"the image grew by {grown / _MB:.2f} MB ({percent:.1f} %) to "
            f"{growth.after_bytes / _MB:.2f} MB; {allowed} is allowed",
            place=Place(layer=largest.digest) if largest else None,
        )


RULES = (has_not_grown,)
