"""The kernel's tables of sockets become ports and addresses."""

from dockgen.targets.sockets import Listener, listeners

HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt\n"
TCP = (
    HEAD
    + "   0: 00000000:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000 65532\n"
    + "   1: 0100007F:2409 00000000:0000 0A 00000000:00000000 00:00000000 00000000 65532\n"
    + "   2: 0B00007F:A2C1 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0\n"
    + "   3: 020011AC:1F90 010011AC:D2F0 01 00000000:00000000 00:00000000 00000000 65532\n"
)
TCP6 = (
    HEAD
    + "   0: 00000000000000000000000000000000:0050 00000000000000000000000000000000:0000 0A\n"
    + "   1: 00000000000000000000000001000000:0051 00000000000000000000000000000000:0000 0A\n"
    + "   2: 0000000000000000FFFF00000100007F:0052 00000000000000000000000000000000:0000 0A\n"
)


def test_listeners() -> None:
    """Those that listen, by port; Docker's own resolver and open connections are none."""
    found = listeners(TCP, TCP6)
    assert [str(one) for one in found] == [
        "[::]:80", "[::1]:81", "127.0.0.1:82", "0.0.0.0:8080", "127.0.0.1:9225",
    ]  # fmt: skip
    assert [one.is_local for one in found] == [False, True, True, False, True]
    assert listeners("", HEAD) == ()
    assert listeners(TCP, TCP) == (Listener(8080, "0.0.0.0"), Listener(9225, "127.0.0.1"))
