"""The ports of an image's configuration."""

import pytest

from dockgen.image import ports
from tests.table import table


@table(
    ("exposed", "found"),
    [
        ([], ()),
        (["8080/tcp", "80"], (80, 8080)),
        # Some builders keep a range as it is.
        (["8000-8002/tcp"], (8000, 8001, 8002)),
        (["53/udp", "99999/tcp"], ()),
    ],
)
def test_tcp_ports(exposed: list[str], found: tuple[int, ...]) -> None:
    """Those of TCP that there can be."""
    assert ports.tcp(exposed) == found


def test_what_is_no_port() -> None:
    """One line says so."""
    with pytest.raises(ValueError, match="it exposes http/tcp, which isn't a port"):
        ports.tcp(["http/tcp"])
